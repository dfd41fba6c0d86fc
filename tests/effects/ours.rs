//! Our process: started, killed, and waited for until it has nothing more to do.

use crate::provider::Takes;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest time that a start, a crash or an end is waited for.
const PATIENCE: Duration = Duration::from_secs(240);
/// Between two looks at another process: looking without pause takes its time, and the machine's ports.
pub(crate) const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// The process, or the place of it.
pub(crate) struct Ours {
    folder: PathBuf,
    running: Option<(Child, String)>,
}

impl Ours {
    /// Writes the configuration.
    pub(crate) fn configured(folder: &Path, provider: &str, takes: Takes) -> Self {
        let config = format!(
            "[store]\npath = {data:?}\n[facade]\nlisten = \"127.0.0.1:0\"\n[export]\nenabled = false\n\
             [effects.webhook]\nurl = {provider:?}\ntimeout = \"5s\"\nhonours = {takes:?}\n",
            data = folder.join("data"),
            takes = takes.name(),
        );
        std::fs::write(folder.join("aurora.toml"), config).unwrap();
        Self { folder: folder.to_owned(), running: None }
    }

    /// Starts it, to end at a named point if one is given.
    pub(crate) fn start(&mut self, crash_at: Option<(&str, u64)>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aurorasync"));
        command.args(["run", "-c"]).arg(self.folder.join("aurora.toml"));
        if let Some((point, nth)) = crash_at {
            command.args(["--crash-at", &format!("{point}:{nth}")]);
        }
        let mut options = std::fs::File::options();
        let log = options.create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // One that crashes at once may not come to say where it serves.
        let url = lines
            .find_map(|line| line.ok()?.strip_prefix("serving").map(|url| url.trim().to_owned()));
        self.running = Some((child, url.unwrap_or_default()));
    }

    pub(crate) fn wait_for_crash(&mut self) {
        let (mut child, _) = self.running.take().unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "the crash point was not passed\n{}", self.log());
            std::thread::park_timeout(LOOK_PAUSE);
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let (mut child, _) = self.running.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Waits until nothing is to be done about any effect.
    pub(crate) fn wait_until_settled(&mut self) {
        let begun = Instant::now();
        while let Err(standing) = self.is_settled() {
            let log = self.log();
            assert!(begun.elapsed() < PATIENCE, "effects are still pending: {standing}\n{log}");
            std::thread::park_timeout(LOOK_PAUSE);
        }
    }

    /// How the ledger of effects stands, if it is not done.
    fn is_settled(&self) -> Result<(), String> {
        let (_, url) = self.running.as_ref().unwrap();
        let answer = ureq::get(format!("{url}/v1/agents")).call();
        let mut answer = answer.map_err(|error| error.to_string())?;
        let listed: Value = answer.body_mut().read_json().unwrap();
        let items = listed["items"].as_array().unwrap();
        let Some(effects) = items.iter().find(|item| item["kind"] == "effects") else {
            panic!("the ledger of effects is not listed: {listed}")
        };
        let settled = effects["state"] == "ready"
            && effects["lag"] == 0
            && effects["counters"]["levels"]["pending"] == 0;
        if settled { Ok(()) } else { Err(effects.to_string()) }
    }

    /// An orderly stop.
    pub(crate) fn stop(&mut self) {
        let (mut child, _) = self.running.take().unwrap();
        let terminated = Command::new("kill").arg(child.id().to_string()).status().unwrap();
        assert!(terminated.success());
        assert!(child.wait().unwrap().success(), "an orderly stop\n{}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            // The test has failed already; this only cleans up.
            drop(child.kill());
            drop(child.wait());
        }
    }
}
