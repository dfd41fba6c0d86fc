//! A process under test: started, asked, killed.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest time that anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at another process.
pub(crate) const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// A running process with a folder of its own.
pub(crate) struct Process {
    child: Child,
    url: String,
    folder: PathBuf,
}

/// Writes the configuration of the process `name` below `folder`, windows as short as may be.
fn configure(folder: &Path, name: &str) -> PathBuf {
    let own = folder.join(name);
    let profile =
        messages::profile::embedded("vehicle").expect("the profile is part of the program");
    assert!(profile.contains("window = \"1m\""), "the window is set in a line of its own");
    std::fs::create_dir_all(own.join("profiles")).unwrap();
    std::fs::write(own.join("profiles/vehicle.toml"), profile).unwrap();
    let config = format!(
        "[store]\npath = {data:?}\ncheckpoint_interval = \"500ms\"\n\
         [facade]\nlisten = \"127.0.0.1:0\"\n[profiles]\npath = {profiles:?}\n\
         [export]\nenabled = false\n[limits]\nasset_messages_per_second = 0\n[data-analysis]\nclose_grace = \"50ms\"\n",
        data = own.join("data"),
        profiles = own.join("profiles"),
    );
    std::fs::write(own.join("aurora.toml"), config).unwrap();
    own
}

impl Process {
    /// Starts it with `agents` alone at work, on the log of the server at `bus`.
    pub(crate) fn start(folder: &Path, name: &str, agents: &str, bus: &str) -> Self {
        let own = configure(folder, name);
        let mut options = std::fs::File::options();
        let log = options.create(true).append(true).open(own.join("log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_aurorasync"))
            .args(["run", "--agents", agents, "--bus", bus, "-c"])
            .arg(own.join("aurora.toml"))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(url) = lines
            .find_map(|line| line.ok()?.strip_prefix("serving").map(|url| url.trim().to_owned()))
        else {
            let log = std::fs::read_to_string(own.join("log")).unwrap_or_default();
            panic!("`{name}` did not start:\n{log}");
        };
        Self { child, url, folder: own }
    }

    /// Waits until all that shall work here does.
    pub(crate) fn ready(self) -> Self {
        self.until("ready", || ureq::get(format!("{}/readyz", self.url)).call().ok().map(drop));
        self
    }

    /// Waits until `look` finds something.
    pub(crate) fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            if begun.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                panic!("not {what}: {:?}\n{log}", self.get("/v1/agents"));
            }
            std::thread::park_timeout(LOOK_PAUSE);
        }
    }

    /// What `path` answers; `None` when it does not.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let mut answer = ureq::get(format!("{}{path}", self.url)).call().ok()?;
        answer.body_mut().read_json().ok()
    }

    /// Posts `body` under `key`; whether it is said.
    pub(crate) fn post(&self, path: &str, key: &str, body: &Value) -> bool {
        let request = ureq::post(format!("{}{path}", self.url)).header("Idempotency-Key", key);
        request.send_json(body).is_ok()
    }

    /// Runs the command line in front of it.
    pub(crate) fn ask(&self, arguments: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_aurorasync"))
            .args(arguments)
            .env("AURORASYNC_URL", &self.url)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// Waits until it knows `assets`.
    pub(crate) fn knows(&self, assets: &[String]) {
        for asset in assets {
            self.until(&format!("told of {asset}"), || self.get(&format!("/v1/assets/{asset}")));
        }
    }

    /// How the agent `kind` fares, as this process has it.
    pub(crate) fn state_of(&self, kind: &str) -> Option<String> {
        let agents = self.get("/v1/agents")?;
        let items = agents["items"].as_array()?;
        let found = items.iter().find(|item| item["kind"] == kind)?;
        Some(found["state"].as_str()?.to_owned())
    }

    /// Waits until each of `kinds`, and the ledger of effects, is at work here.
    pub(crate) fn until_at_work(&self, kinds: &str) {
        for kind in kinds.split(',').chain(["effects"]) {
            self.until(&format!("running {kind}"), || {
                (self.state_of(kind)? == "ready").then_some(())
            });
        }
    }

    /// Waits until none of `kinds` is at work here.
    pub(crate) fn until_standing_by(&self, kinds: &str) {
        for kind in kinds.split(',').chain(["effects"]) {
            self.until(&format!("standing by for {kind}"), || {
                (self.state_of(kind)? == "standby").then_some(())
            });
        }
    }

    /// The name of its folder.
    pub(crate) fn name(&self) -> &str {
        self.folder.file_name().unwrap().to_str().unwrap()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// An orderly stop.
    pub(crate) fn stop(mut self) {
        let terminated = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(terminated.success());
        let status = self.child.wait().unwrap();
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        assert!(status.success(), "an orderly stop: {status}\n{log}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
