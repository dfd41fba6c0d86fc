//! `replay`: plays recordings through the agents and says what they found.

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use crate::replaying::{Recording, play};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use runtime::store::sled::{SledStore, Sync};
use std::path::PathBuf;
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
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(args: &ReplayArgs, session: &Session) -> Result<Exit, CliError> {
    let recording = Recording::load(&args.dataset, args.data.as_deref())?;
    let scratch = tempfile::tempdir().map_err(CliError::failed)?;
    let folder = args.keep.clone().unwrap_or_else(|| scratch.path().to_owned());
    let store = Arc::new(SledStore::open_with(&folder, Sync::Relaxed)?);
    let bar = progress(session);
    let mut entries = 0_u64;
    let findings = play(&recording, session.catalog.clone(), store, |at| {
        entries += 1;
        if entries.is_multiple_of(PROGRESS_ENTRIES) {
            bar.set_message(at.to_string());
            bar.set_position(entries);
        }
    })?;
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

/// A line on standard error that moves; none when that is not a terminal.
fn progress(session: &Session) -> ProgressBar {
    if session.console.quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} frames, {elapsed}, at {msg}");
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
