//! Every block of commands in the guides is run as it stands, from top to bottom, in a folder of its own.
//!
//! A block that begins with `aurorasync run` starts a process that serves until the guide ends, on a free port. The
//! developer's guide builds a crate: `scripts/newcomer` runs its blocks.

use nats::server::{Options, Server};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Where the guides say that a process serves.
const WRITTEN_URL: &str = "http://127.0.0.1:7380";
/// Where the guides say that a server of NATS is.
const WRITTEN_BUS: &str = "nats://127.0.0.1:4222";
/// Times that a process is asked whether its agents are at work.
const QUESTIONS_MAX: usize = 2_000;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The blocks of commands of a guide, each with the line where it begins.
fn blocks(guide: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in (1..).zip(guide.lines()) {
        match (open, line) {
            (false, "```sh") => {
                blocks.push((number + 1, String::new()));
                open = true;
            }
            (true, "```") => open = false,
            (true, line) => {
                let (_, block) = blocks.last_mut().unwrap();
                *block += line;
                block.push('\n');
            }
            _ => {}
        }
    }
    blocks
}

/// A folder with the program on the path and the files that a checkout has.
struct Desk {
    folder: TempDir,
    url: String,
    serving: Option<Child>,
    /// Where a guide names one.
    bus: Option<Server>,
}

impl Desk {
    fn new(guide: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bus = guide.contains(WRITTEN_BUS).then(|| {
            let options = Options { mqtt: true, ..Options::default() };
            Server::start(&folder.path().join("nats"), &options).unwrap()
        });
        fs::create_dir(folder.path().join("bin")).unwrap();
        let program = folder.path().join("bin/aurorasync");
        symlink(env!("CARGO_BIN_EXE_aurorasync"), program).unwrap();
        symlink(root().join("profiles"), folder.path().join("profiles")).unwrap();
        Self { folder, url: WRITTEN_URL.to_owned(), serving: None, bus }
    }

    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("bash");
        let path = std::env::var("PATH").unwrap_or_default();
        let bus = self.bus.as_ref().map(Server::url);
        let script = script.replace(WRITTEN_BUS, bus.as_deref().unwrap_or(WRITTEN_BUS));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AURORASYNC") {
                shell.env_remove(name);
            }
        }
        shell
            .args(["-euo", "pipefail", "-c", &script.replace(WRITTEN_URL, &self.url)])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.folder.path().join("bin").display()))
            .env("AURORASYNC_URL", &self.url)
            .stdin(Stdio::null());
        shell
    }

    /// Starts what serves, and waits until its agents are at work.
    fn serve(&mut self, block: &str) {
        self.end();
        let command = format!("exec {} --facade 127.0.0.1:0", block.trim());
        let mut child =
            self.shell(&command).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        self.serving = Some(child);
        let url = first.trim().strip_prefix("serving  ");
        self.url = url.unwrap_or_else(|| panic!("`{command}` says {first}")).to_owned();
        let is_ready =
            || self.shell("aurorasync check readiness").output().unwrap().status.success();
        assert!((0..QUESTIONS_MAX).any(|_| is_ready()), "`{command}` is never ready");
    }

    fn run(&mut self, place: &str, block: &str) {
        if block.starts_with("aurorasync run") {
            return self.serve(block);
        }
        let ran = self.shell(block).output().unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{place} fails:\n{block}\n{out}\n{err}");
    }
}

impl Desk {
    /// Ends what serves.
    fn end(&mut self) {
        if let Some(mut child) = self.serving.take() {
            // It may have ended already; then there is nothing to end.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.end();
    }
}

fn holds(guide: &str) {
    let path = Path::new("docs/guide").join(guide);
    let text = fs::read_to_string(root().join(&path)).unwrap();
    let blocks = blocks(&text);
    assert!(blocks.len() >= 3, "{} blocks in {guide}", blocks.len());
    let mut desk = Desk::new(&text);
    for (line, block) in blocks {
        desk.run(&format!("{}:{line}", path.display()), &block);
    }
}

#[test]
fn the_operators_guide_does_what_it_says() {
    holds("operator.md");
}

#[test]
fn the_dashboard_guide_does_what_it_says() {
    holds("dashboard.md");
}

#[test]
fn the_telematics_guide_does_what_it_says() {
    holds("telematics.md");
}

#[test]
fn every_guide_is_run_by_somebody() {
    let mut guides: Vec<String> = fs::read_dir(root().join("docs/guide"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    guides.sort();
    assert_eq!(guides, ["dashboard.md", "developer.md", "operator.md", "telematics.md"]);
    let newcomer = fs::read_to_string(root().join("scripts/newcomer")).unwrap();
    assert!(newcomer.contains("docs/guide/developer.md"));
    let tests = fs::read_to_string(root().join("scripts/test")).unwrap();
    assert!(tests.contains("scripts/newcomer"), "`make test` runs the developer's guide");
}
