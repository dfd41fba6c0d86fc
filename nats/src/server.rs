//! A nats-server of one's own, for tests and demonstrations: a real one, on free ports of this machine, with its own
//! folder, ended with its owner.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// The server that is installed for tests, and the oldest that does all that is asked of one: 2.12 has atomic batches.
pub const VERSION: &str = "2.14.6";
const VERSION_MIN: (u32, u32) = (2, 12);
/// Where `scripts/nats-server` puts it, from the workspace's folder.
const INSTALLED: &str = "target/tools/nats-server/bin/nats-server";
/// Names the program to run instead of searching.
const VARIABLE: &str = "NATS_SERVER";
/// Longest wait for a server to be ready.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for an orderly end.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// Ports that are tried before giving up.
const PORTS_TRIED_MAX: u16 = 200;

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether MQTT is listened to.
    pub mqtt: bool,
    /// Whether every write is synced before it is acknowledged.
    pub sync_always: bool,
    /// More lines of its configuration, such as accounts and users.
    pub more: String,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// None that can be used.
    #[error(
        "there is no nats-server {}.{} or newer ({looked}); `scripts/nats-server` installs {VERSION} into this project's folder",
        VERSION_MIN.0, VERSION_MIN.1
    )]
    Missing {
        /// Where it was looked for and what was there.
        looked: String,
    },
    /// The operating system refused something.
    #[error("nats-server in `{folder}`: {source}")]
    Io {
        /// Its folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended instead of being ready, or took too long.
    #[error("nats-server in `{folder}` is not ready: {said}")]
    NotReady {
        /// Its folder.
        folder: PathBuf,
        /// The end of what it said.
        said: String,
    },
    /// All ports that were tried are in use.
    #[error("no free port was found for nats-server")]
    NoPort,
}

/// A running server; ended when dropped.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    mqtt_port: Option<u16>,
    child: Option<Child>,
}

impl Server {
    /// Starts a server that keeps everything in `folder`, and waits until it is ready.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn start(folder: &Path, options: &Options) -> Result<Self, ServerError> {
        let program = find()?;
        let failed = |source| ServerError::Io { folder: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let port = free_port()?;
        let mqtt_port = options.mqtt.then(free_port).transpose()?;
        fs::write(folder.join("nats.conf"), configuration(folder, port, mqtt_port, options))
            .map_err(failed)?;
        let mut server = Self { program, folder: folder.to_owned(), port, mqtt_port, child: None };
        server.start_again()?;
        Ok(server)
    }

    /// Starts it where it was, with what it kept; does nothing while it runs.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn start_again(&mut self) -> Result<(), ServerError> {
        if self.child.is_some() {
            return Ok(());
        }
        let failed = |source| ServerError::Io { folder: self.folder.clone(), source };
        let log = self.folder.join("log");
        let log = fs::File::options().create(true).append(true).open(log).map_err(failed)?;
        let mut child = Command::new(&self.program)
            .arg("-c")
            .arg(self.folder.join("nats.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let said = child.stderr.take().expect("it was asked for");
        let ready = follow(said, log).map_err(failed)?;
        match ready.recv_timeout(READY_TIMEOUT) {
            Ok(()) => {
                self.child = Some(child);
                Ok(())
            }
            Err(_) => {
                end(&mut child).map_err(failed)?;
                Err(ServerError::NotReady { folder: self.folder.clone(), said: self.last_said() })
            }
        }
    }

    /// Gives the running server other `options`; users and rights change at once, ports stay.
    ///
    /// # Errors
    /// [`ServerError::Io`].
    pub fn reload(&self, options: &Options) -> Result<(), ServerError> {
        let failed = |source| ServerError::Io { folder: self.folder.clone(), source };
        let text = configuration(&self.folder, self.port, self.mqtt_port, options);
        fs::write(self.folder.join("nats.conf"), text).map_err(failed)?;
        let Some(child) = &self.child else { return Ok(()) };
        let pid = rustix::process::Pid::from_child(child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP)
            .map_err(|errno| failed(errno.into()))
    }

    /// Where NATS clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Port of NATS.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Port of MQTT, if it was asked for.
    #[must_use]
    pub fn mqtt_port(&self) -> Option<u16> {
        self.mqtt_port
    }

    /// Its folder: `nats.conf`, `log` and what JetStream keeps.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `kill -9`; nothing is lost but what only the server's memory held.
    ///
    /// # Errors
    /// [`ServerError::Io`].
    pub fn kill(&mut self) -> Result<(), ServerError> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        end(&mut child).map_err(|source| ServerError::Io { folder: self.folder.clone(), source })
    }

    /// An orderly end; `kill -9` when that takes too long.
    ///
    /// # Errors
    /// [`ServerError::Io`].
    pub fn stop(&mut self) -> Result<(), ServerError> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let failed = |source| ServerError::Io { folder: self.folder.clone(), source };
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)
            .map_err(|errno| failed(errno.into()))?;
        let begun = stopwatch();
        while child.try_wait().map_err(failed)?.is_none() {
            if begun.elapsed() > STOP_TIMEOUT {
                return end(&mut child).map_err(failed);
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The end of its log.
    fn last_said(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            tracing::warn!(%error, "a nats-server may still run");
        }
    }
}

fn end(child: &mut Child) -> std::io::Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch at the edge: it decides nothing else")]
fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

/// Keeps what the server says, and tells once when it is ready.
#[expect(clippy::disallowed_methods, reason = "the thread ends with the server whose log it keeps")]
fn follow(
    said: std::process::ChildStderr,
    mut log: fs::File,
) -> std::io::Result<mpsc::Receiver<()>> {
    let (sender, ready) = mpsc::channel();
    std::thread::Builder::new().name("nats-server log".to_owned()).spawn(move || {
        for line in BufReader::new(said).lines() {
            let Ok(line) = line else { return };
            let is_kept = writeln!(log, "{line}").is_ok();
            if line.contains("Server is ready") && sender.send(()).is_err() {
                tracing::debug!("nats-server is ready, but nobody waits for it any more");
            }
            if !is_kept {
                return;
            }
        }
    })?;
    Ok(ready)
}

fn configuration(folder: &Path, port: u16, mqtt_port: Option<u16>, options: &Options) -> String {
    let name = format!("aurorasync-{port}");
    let store = folder.join("jetstream");
    let sync = if options.sync_always { "    sync_interval: always\n" } else { "" };
    let mqtt = mqtt_port.map_or_else(String::new, |port| {
        format!("mqtt {{\n    host: 127.0.0.1\n    port: {port}\n}}\n")
    });
    format!(
        "server_name: {name:?}\nhost: 127.0.0.1\nport: {port}\n\
         jetstream {{\n    store_dir: {store:?}\n{sync}}}\n{mqtt}{}\n",
        options.more
    )
}

/// A port that nobody has. Below those that the system gives away by itself, so that a server that was killed finds
/// its own free again.
fn free_port() -> Result<u16, ServerError> {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    for _ in 0..PORTS_TRIED_MAX {
        let tried = u32::from(TRIED.fetch_add(1, Ordering::Relaxed));
        let step = std::process::id().wrapping_mul(97).wrapping_add(tried) % 20_000;
        let port = u16::try_from(10_000 + step).expect("at most 30,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(ServerError::NoPort)
}

/// The program: the one named by `NATS_SERVER`, on the path, or installed into the project's folder.
///
/// # Errors
/// [`ServerError::Missing`].
pub fn find() -> Result<PathBuf, ServerError> {
    let mut candidates: Vec<PathBuf> =
        std::env::var_os(VARIABLE).into_iter().map(PathBuf::from).collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    candidates.extend(std::env::split_paths(&path).map(|folder| folder.join("nats-server")));
    candidates.push(PathBuf::from(INSTALLED));
    // A copy of the project below its own folder uses what the project has.
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    candidates.extend(above.map(|folder| folder.join(INSTALLED)));
    let mut looked = Vec::new();
    for program in candidates.into_iter().filter(|program| program.is_file()) {
        match version(&program) {
            Some(version) if version >= VERSION_MIN => return Ok(program),
            Some((major, minor)) => {
                looked.push(format!("`{}` is {major}.{minor}", program.display()))
            }
            None => looked.push(format!("`{}` does not say its version", program.display())),
        }
    }
    if looked.is_empty() {
        looked.push(format!("neither `{VARIABLE}`, the path nor `{INSTALLED}` has one"));
    }
    Err(ServerError::Missing { looked: looked.join(", ") })
}

/// Major and minor version of `program`, which says `nats-server: v2.14.6`.
fn version(program: &Path) -> Option<(u32, u32)> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split('v').next_back()?.trim().split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}
