//! Runs the program, and ends what it started.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// Times that a question is asked until the answer is the one waited for.
const QUESTIONS_MAX: usize = 5_000;

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aurorasync"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AURORASYNC") {
            command.env_remove(name);
        }
    }
    command.env_remove("NO_COLOR");
    command
}

/// Runs the program in `folder` to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    run_with(folder, arguments, &[])
}

/// The same with variables.
pub(crate) fn run_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = command(folder, arguments);
    command.envs(variables.iter().copied());
    let output = command.output().expect("the program runs");
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// A process that serves.
pub(crate) struct Served {
    child: Child,
    /// Kept open: who serves may say more.
    _out: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Served {
    /// Starts `run` with a free port and waits until it says where it serves.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut all = vec!["run", "--facade", "127.0.0.1:0", "--log-format", "json"];
        all.extend(arguments);
        Self::of(command(folder, &all))
    }

    /// The same where no file may have more than so many blocks of 512 bytes.
    pub(crate) fn start_limited(folder: &Path, blocks: u64) -> Self {
        let program = env!("CARGO_BIN_EXE_aurorasync");
        // Without its signal, a write beyond the limit fails like one to a full disk.
        let script =
            format!("trap '' XFSZ; ulimit -f {blocks}; exec {program} run --facade 127.0.0.1:0");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(folder).stdin(Stdio::null());
        Self::of(shell)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut first = String::new();
        let out = child.stdout.take().expect("it was piped");
        let mut out = BufReader::new(out);
        out.read_line(&mut first).expect("text");
        let Some(url) = first.trim().strip_prefix("serving  ") else {
            let mut err = String::new();
            child.stderr.take().expect("it was piped").read_to_string(&mut err).expect("text");
            panic!("it did not serve: {first}{err}");
        };
        Self { url: url.to_owned(), _out: out, child }
    }

    /// Asks it with the command line.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Ran {
        let folder = std::env::temp_dir();
        run_with(&folder, arguments, &[("AURORASYNC_URL", &self.url)])
    }

    /// Asks until the answer is what is wanted.
    pub(crate) fn ask_until(&self, arguments: &[&str], wanted: impl Fn(&Ran) -> bool) -> Ran {
        let mut ran = self.ask(arguments);
        for _ in 0..QUESTIONS_MAX {
            if wanted(&ran) {
                return ran;
            }
            ran = self.ask(arguments);
        }
        panic!("{arguments:?} still says {ran:?}");
    }

    /// Waits until every agent is at work.
    pub(crate) fn ready(self) -> Self {
        self.ask_until(&["check", "readiness"], |ran| ran.code == 0);
        self
    }

    /// Waits for the end; gives the status and what was logged.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let mut log = String::new();
        self.child.stderr.take().expect("it was piped").read_to_string(&mut log).expect("text");
        (self.child.wait().expect("it was started"), log)
    }

    /// Sends a signal; waits for the end; gives the status and what was logged.
    pub(crate) fn end(self, signal: &str) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        let sent =
            Command::new("kill").args(["-s", signal, &id]).status().expect("there is `kill`");
        assert!(sent.success());
        self.wait()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
