//! The process under test: started, waited for, killed.

use runtime::flight;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longest time that a start, a stop or a crash is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at another process: looking without pause takes its time, and the machine's ports.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// Longest time that a class of work is waited for.
const AIM_MAX: Duration = Duration::from_secs(3);

/// Writes the configuration: checkpoints so short that a life of half a second sees them, windows as short as may be.
pub(crate) fn configure(folder: &Path) {
    let profile =
        messages::profile::embedded("vehicle").expect("the profile is part of the program");
    assert!(
        profile.contains("window = \"1m\""),
        "the profile's window is set in a line of its own"
    );
    std::fs::create_dir_all(folder.join("profiles")).unwrap();
    let profile = profile.replace("window = \"1m\"", "window = \"10s\"");
    std::fs::write(folder.join("profiles/vehicle.toml"), profile).unwrap();
    let config = format!(
        "[store]\npath = {data:?}\ncheckpoint_interval = \"200ms\"\n\
         [facade]\nlisten = \"127.0.0.1:0\"\n[profiles]\npath = {profiles:?}\n\
         [limits]\nasset_messages_per_second = 0\n[export]\nenabled = false\n\
         [data-analysis]\nclose_grace = \"50ms\"\n",
        data = folder.join("data"),
        profiles = folder.join("profiles"),
    );
    std::fs::write(folder.join("aurora.toml"), config).unwrap();
}

/// Has the process read telemetry from the server at `url`, too.
pub(crate) fn read_from(folder: &Path, url: &str) {
    let path = folder.join("aurora.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, format!("{config}[bus]\nurl = {url:?}\n")).unwrap();
}

/// A running process.
pub(crate) struct Server {
    child: Child,
    url: String,
    ready_after: Duration,
}

impl Server {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(folder: &Path, crash_at: Option<(&str, u64)>) -> Self {
        let begun = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_aurorasync"));
        command.args(["run", "-c"]).arg(folder.join("aurora.toml"));
        command.arg("--flight-recorder").arg(folder.join("flight"));
        if let Some((point, nth)) = crash_at {
            command.args(["--crash-at", &format!("{point}:{nth}")]);
        }
        let mut options = std::fs::File::options();
        let log = options.create(true).append(true).open(folder.join("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(url) = lines
            .find_map(|line| line.ok()?.strip_prefix("serving").map(|url| url.trim().to_owned()))
        else {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            panic!("the process did not start:\n{log}");
        };
        let server = Self { child, url, ready_after: Duration::ZERO };
        while ureq::get(format!("{}/readyz", server.url)).call().is_err() {
            assert!(begun.elapsed() < PATIENCE, "not ready: {}", server.standing(folder));
            std::thread::park_timeout(LOOK_PAUSE);
        }
        Self { ready_after: begun.elapsed(), ..server }
    }

    /// What it says of itself, and its log.
    fn standing(&self, folder: &Path) -> String {
        let asked = ureq::get(format!("{}/v1/agents", self.url)).call();
        let agents = asked.map(|mut answer| answer.body_mut().read_to_string());
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        format!("{agents:?}\n{log}")
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Time from the start until it was ready.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Waits, unless the process ends by itself, which it must not.
    pub(crate) fn let_live(&mut self, life: Duration) {
        let (_never, alarm) = mpsc::channel::<()>();
        // Nobody sends: this is a wait of exactly so long.
        assert!(alarm.recv_timeout(life).is_err());
        assert!(self.child.try_wait().unwrap().is_none(), "the process ended by itself");
    }

    /// Waits until work of `class` is being committed, or until that has not been so for long.
    pub(crate) fn wait_for_flight(&mut self, folder: &Path, class: &str) {
        let index = flight::FLIGHTS.iter().position(|known| *known == class).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < AIM_MAX
            && flight::read(&folder.join("flight")).unwrap_or_default()[index] == 0
        {
            std::hint::spin_loop();
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until the process has ended at its crash point.
    pub(crate) fn wait_for_crash(&mut self) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "the crash point was not passed");
            std::thread::park_timeout(LOOK_PAUSE);
        }
    }

    /// An orderly stop.
    pub(crate) fn stop(mut self) {
        let terminated = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(terminated.success());
        assert!(self.child.wait().unwrap().success(), "an orderly stop");
    }
}
