//! `replay`: plays recordings through the agents and says what they found.

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use crate::promoting::JudgedBy;
use crate::replaying::{Recording, play};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use runtime::store::sled::{SledStore, Sync};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Entries between two movements of the progress line.
const PROGRESS_ENTRIES: u64 = 200;

/// Flags of `replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The dataset: a folder with a `dataset.toml`, or the file itself.
    #[arg(value_name = "DATASET")]
    dataset: PathBuf,
    /// Where the recordings are; beside the dataset where not given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Keeps the store in this new folder, to look into it afterwards.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Writes every record of the log, a line each, into this file.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    #[command(flatten)]
    judged_by: JudgedBy,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(args: &ReplayArgs, session: &Session) -> Result<Exit, CliError> {
    let recording = Recording::load(&args.dataset, args.data.as_deref())?;
    let recording = recording.judged_by(&args.judged_by)?;
    let mut events = events(args.events.as_deref())?;
    let scratch = tempfile::tempdir().map_err(CliError::failed)?;
    let folder = args.keep.clone().unwrap_or_else(|| scratch.path().to_owned());
    let store = Arc::new(SledStore::open_with(&folder, Sync::Relaxed)?);
    let bar = progress(session);
    let mut entries = 0_u64;
    let findings = play(&recording, session.catalog.clone(), store, &mut *events, |at| {
        entries += 1;
        if entries.is_multiple_of(PROGRESS_ENTRIES) {
            bar.set_message(at.to_string());
            bar.set_position(entries);
        }
    })?;
    events.flush().map_err(CliError::failed)?;
    bar.finish_and_clear();
    let format = args.answer.output;
    let value = serde_json::to_value(&findings).map_err(CliError::failed)?;
    match format {
        Format::Text => session.console.line(findings.to_string())?,
        Format::Json | Format::Jsonl => session.console.object(format, &value)?,
    }
    if let Some(keep) = &args.keep {
        session.console.next(format, &format!("aurorasync verify --data {}", keep.display()));
    }
    Ok(Exit::Ok)
}

/// Where the records of the log are written.
fn events(file: Option<&Path>) -> Result<Box<dyn Write>, CliError> {
    let Some(path) = file else { return Ok(Box::new(std::io::sink())) };
    let created = std::fs::File::create(path);
    let file = created.map_err(|source| CliError::File { path: path.to_owned(), source })?;
    Ok(Box::new(BufWriter::new(file)))
}

/// A line on standard error that moves; none when that is not a terminal.
fn progress(session: &Session) -> ProgressBar {
    if session.console.quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} frames, {elapsed}, at {msg}");
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
