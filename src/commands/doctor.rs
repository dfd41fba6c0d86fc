//! `doctor`: looks for what keeps this machine from running agents, and says what to do.

use super::config::From;
use crate::cli::{Answer, Remote, Session};
use crate::client::Client;
use crate::config::{self, Loaded, Settings, Sources};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Format, Tone};
use crate::upkeep::store_folder;
use clap::Args;
use messages::{Stream, Timestamp};
use runtime::clock::Clock;
use runtime::guard::audit::{Seal, SealError};
use runtime::store::sled::SledStore;
use runtime::store::{Store, StoreError};
use serde::Serialize;
use serde_json::Value;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// Free space below which nothing should be started, in bytes.
const FREE_BYTES_MIN: u64 = 512 * 1024 * 1024;
/// Free space below which it should be watched, in bytes.
const FREE_BYTES_LOW: u64 = 5 * 1024 * 1024 * 1024;
/// No clock of today is before this.
const CLOCK_MIN: &str = "2026-01-01T00:00:00Z";

/// What helps whoever may not look.
const RIGHT: &str =
    "give yourself the right to read and write there, or examine it as the user that runs it";
/// The check of the process itself.
const PROCESS: &str = "process";

/// Flags of `doctor`.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    #[command(flatten)]
    from: From,
    /// The data folder; the configured one where not given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Failed,
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
struct Row {
    check: &'static str,
    verdict: Verdict,
    detail: String,
    fix: Option<String>,
}

impl Row {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, detail: detail.into(), fix: None }
    }

    fn warning(check: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        let fix = Some(fix.into());
        Self { check, verdict: Verdict::Warning, detail: detail.into(), fix }
    }

    fn failed(check: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed, ..Self::warning(check, detail, fix) }
    }
}

pub(crate) fn perform(args: &DoctorArgs, session: &Session) -> Result<Exit, CliError> {
    let rows = examine(args, session)?;
    if args.answer.output == Format::Text {
        for row in &rows {
            session.console.line(line(row, session))?;
        }
    } else {
        let items: Vec<Value> = rows.iter().map(|row| serde_json::json!(row)).collect();
        session.console.list(args.answer.output, &[], &items)?;
    }
    let failed = rows.iter().filter(|row| row.verdict == Verdict::Failed);
    match failed.map(|row| row.check).collect::<Vec<_>>()[..] {
        [] => {}
        [PROCESS] => return Ok(Exit::Unreachable),
        _ => return Ok(Exit::No),
    }
    session.console.next(args.answer.output, "aurorasync run");
    Ok(Exit::Ok)
}

fn line(row: &Row, session: &Session) -> String {
    let (mark, tone) = match row.verdict {
        Verdict::Ok => ("✓", Tone::Good),
        Verdict::Warning => ("!", Tone::Doubtful),
        Verdict::Failed => ("✗", Tone::Bad),
    };
    let mark = session.console.tinted(mark, tone);
    let fix = row.fix.as_ref().map(|fix| format!("\n{:16}→ {fix}", "")).unwrap_or_default();
    format!("{mark} {:12}  {}{fix}", row.check, row.detail)
}

fn examine(args: &DoctorArgs, session: &Session) -> Result<Vec<Row>, CliError> {
    let mut rows = vec![Row::ok("version", env!("CARGO_PKG_VERSION"))];
    let data = args.data.as_ref().map(|data| data.display().to_string());
    let sources = Sources::of_process(args.from.config.clone()).flag("store.path", "--data", data);
    let settings = match config::load(&session.catalog, &sources) {
        Ok(loaded) => {
            let file = sources.file.as_ref().map(|file| file.display().to_string());
            rows.push(Row::ok("config", file.unwrap_or_else(|| "defaults".to_owned())));
            rows.push(profiles(&loaded));
            loaded.settings
        }
        Err(error) => {
            let fix = error.help().unwrap_or_else(|| "mend it".to_owned());
            rows.push(Row::failed("config", error.to_string(), fix));
            Settings::default()
        }
    };
    rows.push(writable(&settings.store.path));
    rows.push(free_space(&settings.store.path));
    rows.push(audit(&settings.store.path));
    let configured = || format!("http://{}", settings.facade.listen);
    let url = Some(args.remote.url.clone().unwrap_or_else(configured));
    let client = Client::new(&Remote { url, ..args.remote.clone() })?;
    match client.fetch("/readyz", &[]) {
        Ok((status, _)) => {
            rows.push(clock(None));
            rows.push(process(&client, status.is_success()));
            rows.extend(agents(&client));
        }
        Err(error) => {
            let (row, newest_at) = store(&settings.store.path);
            rows.push(clock(newest_at));
            rows.push(row);
            // Whoever names a process means that one; else it is whether one could be started here.
            rows.push(match args.remote.url {
                Some(_) => {
                    Row::failed(PROCESS, error.to_string(), error.help().unwrap_or_default())
                }
                None => port(&settings),
            });
        }
    }
    Ok(rows)
}

/// Files that cannot be read have failed the configuration already.
fn profiles(loaded: &Loaded) -> Row {
    let names: Vec<String> = loaded.profiles().into_keys().collect();
    if names.is_empty() {
        let fix = "add a profile file to the folder `profiles.path`";
        return Row::warning("profiles", "no agent knows any", fix);
    }
    Row::ok("profiles", names.join(", "))
}

/// The folder, or what of it exists already.
fn nearest_existing(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/")).to_owned()
}

fn writable(data: &Path) -> Row {
    let folder = nearest_existing(data);
    let probe = folder.join(format!(".aurorasync-doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"written by `aurorasync doctor`")
        .and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => Row::ok("data folder", format!("`{}` can be written", data.display())),
        Err(error) => Row::failed(
            "data folder",
            format!("`{}`: {error}", folder.display()),
            "give yourself the right to write there, or name another with --data",
        ),
    }
}

fn free_space(data: &Path) -> Row {
    let folder = nearest_existing(data);
    let fix = "make room, or name a folder on another disk with --data";
    match rustix::fs::statvfs(&folder) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let text = format!("{:.1} GiB free", free as f64 / f64::from(1 << 30));
            match free {
                ..FREE_BYTES_MIN => Row::failed("disk", text, fix),
                FREE_BYTES_MIN..FREE_BYTES_LOW => Row::warning("disk", text, fix),
                _ => Row::ok("disk", text),
            }
        }
        Err(error) => Row::warning("disk", format!("`{}`: {error}", folder.display()), fix),
    }
}

/// The key that signs where AUDIT ends, and how far it has signed.
fn audit(data: &Path) -> Row {
    let read = Seal::open(data).and_then(|seal| Ok((seal, Seal::head(data)?)));
    match read {
        Ok((Some(seal), head)) => {
            let links = head.map_or(0, |head| head.sequence);
            Row::ok("audit", format!("{links} links, public key {}", seal.public_key()))
        }
        Ok((None, _)) => Row::ok("audit", "no key yet; `aurorasync run` makes one"),
        Err(error) => {
            let fix = match &error {
                SealError::Io { source, .. } if is_denied(source) => RIGHT,
                _ => "see what is wrong with `aurorasync audit verify`",
            };
            Row::failed("audit", error.to_string(), fix)
        }
    }
}

/// The clock, against the newest record where one could be read.
fn clock(newest_at: Option<Timestamp>) -> Row {
    let now = Clock::Real.now();
    let earliest = CLOCK_MIN.parse().expect("a valid moment");
    let fix = "set the clock: `timedatectl set-ntp true`";
    if now < earliest {
        return Row::failed("clock", format!("{now} is in the past"), fix);
    }
    match newest_at.filter(|newest_at| *newest_at > now) {
        Some(newest_at) => {
            let text = format!("{now}, but the newest record is of {newest_at}");
            Row::warning("clock", text, fix)
        }
        None => Row::ok("clock", now.to_string()),
    }
}

/// The store of no process, and the time of its newest record.
fn store(data: &Path) -> (Row, Option<Timestamp>) {
    let folder = store_folder(data);
    match std::fs::metadata(&folder) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = format!("none in `{}` yet; `aurorasync run` makes one", data.display());
            return (Row::ok("store", text), None);
        }
        Err(source) => {
            let error = StoreError::Io { path: folder, source };
            return (Row::failed("store", error.to_string(), remedy(&error)), None);
        }
    }
    match SledStore::open(&folder) {
        Ok(store) => {
            let partitions = store.partitions();
            let newest_at = partitions.iter().map(|partition| store.newest_at(*partition)).max();
            let of = |stream: Stream| partitions.iter().filter(move |it| it.stream == stream);
            let records = |stream| of(stream).map(|it| store.head(*it)).sum::<u64>();
            let (log, dead) = (records(Stream::Log), records(Stream::Dead));
            let text = format!("opens; {log} records on the log, {dead} dead letters");
            (Row::ok("store", text), newest_at)
        }
        Err(error) => (Row::failed("store", error.to_string(), remedy(&error)), None),
    }
}

fn is_denied(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

/// What helps against `error`.
fn remedy(error: &StoreError) -> &'static str {
    match error {
        StoreError::Io { source, .. } if is_denied(source) => RIGHT,
        StoreError::Locked { .. } => "name the process that has it with --url, or stop it",
        _ => "look at every record with `aurorasync verify`, or restore an export",
    }
}

fn port(settings: &Settings) -> Row {
    let listen = settings.facade.listen;
    match TcpListener::bind(listen) {
        Ok(_) => Row::ok("port", format!("{listen} is free")),
        Err(error) => {
            let fix = format!(
                "see who has it with `ss -ltnp 'sport = :{}'`, or take another with --facade",
                listen.port()
            );
            Row::failed("port", format!("{listen}: {error}"), fix)
        }
    }
}

fn process(client: &Client, ready: bool) -> Row {
    let url = client.url();
    if ready {
        return Row::ok(PROCESS, format!("{url} is ready"));
    }
    let fix = "see which agent is not: `aurorasync agent ls`";
    Row::warning(PROCESS, format!("{url} answers but is not ready"), fix)
}

/// A row per agent that the process lists.
fn agents(client: &Client) -> Vec<Row> {
    let hosts = match client.items("/v1/agents") {
        Ok(hosts) => hosts,
        Err(error) => {
            let fix = "stop it and start `aurorasync run` again";
            return vec![Row::failed("agents", error.to_string(), fix)];
        }
    };
    hosts.iter().map(agent).collect()
}

fn agent(host: &Value) -> Row {
    let text = |name: &str| host[name].as_str().unwrap_or("-").to_owned();
    let detail = format!("{} {}: {}", text("kind"), text("reads"), text("state"));
    let kind = text("kind");
    match host["state"].as_str() {
        Some("ready" | "standby" | "elsewhere" | "nowhere") => Row::ok("agent", detail),
        Some("dead") => {
            let fix = format!(
                "see why with `aurorasync agent describe {kind}`, then start the process again"
            );
            Row::failed("agent", format!("{detail}, {}", text("last_failure")), fix)
        }
        Some("contained") => {
            let fix = format!(
                "see why with `aurorasync principal show {kind}`, then `aurorasync principal release {kind} --reason WHY`"
            );
            Row::warning("agent", detail, fix)
        }
        _ => {
            let fix = format!("look again in a moment: `aurorasync agent describe {kind}`");
            Row::warning("agent", detail, fix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_may_not_be_read_is_not_called_damaged() {
        let path = PathBuf::from("data/store");
        let of = |kind: io::ErrorKind| StoreError::Io { path: path.clone(), source: kind.into() };
        assert!(remedy(&of(io::ErrorKind::PermissionDenied)).contains("right to read"));
        assert!(remedy(&of(io::ErrorKind::InvalidData)).contains("aurorasync verify"));
        assert!(remedy(&StoreError::Locked { path: path.clone() }).contains("--url"));
    }
}
