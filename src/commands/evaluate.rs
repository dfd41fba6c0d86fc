//! `evaluate`: learns from the part of a dataset that is there to be learned from, and is judged by the other part.

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::learning::{Choice, Outcome, Progress, learn, learn_assessed, report};
use crate::output::Format;
use crate::replaying::Recording;
use clap::Args;
use messages::Timestamp;
use serde_json::Value;
use std::path::PathBuf;

/// What is learned from and judged by.
#[derive(Args, Debug)]
pub(super) struct Learning {
    /// The dataset: a folder with a `dataset.toml`, or the file itself.
    #[arg(value_name = "DATASET")]
    dataset: PathBuf,
    /// Where the recordings are; beside the dataset where not given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Seed of everything that is drawn; also of the split, where that is drawn.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Learns from what is known before, and judges from the horizon after it on, in place of the dataset's `[split]`.
    #[arg(long, value_name = "TIME")]
    train_before: Option<Timestamp>,
    /// Judges what is known before, in place of the dataset's `[split]`.
    #[arg(long, value_name = "TIME")]
    test_until: Option<Timestamp>,
    /// Chooses settings first, by how well they do on the later part of what is learned from; takes several times as long.
    #[arg(long)]
    tune: bool,
}

impl Learning {
    /// Learns, and judges what was learned.
    pub(super) fn perform(&self, session: &Session) -> Result<Outcome, CliError> {
        learn(&self.recording()?, self.choice(), &Progress::new(session))
    }

    /// Learns from what agents say of the recordings, and judges what was learned.
    pub(super) fn perform_assessed(&self, session: &Session) -> Result<Outcome, CliError> {
        learn_assessed(&self.recording()?, self.choice(), &Progress::new(session))
    }

    fn recording(&self) -> Result<Recording, CliError> {
        Recording::load(&self.dataset, self.data.as_deref())
    }

    fn choice(&self) -> Choice {
        let Self { seed, train_before, test_until, tune, .. } = *self;
        Choice { seed, train_before, test_until, tune }
    }
}

/// Flags of `evaluate`.
#[derive(Args, Debug)]
pub struct EvaluateArgs {
    #[command(flatten)]
    learning: Learning,
    /// Writes the evaluation as a page to print and send: reliability, precision and recall, lead time, confusion, reasons.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(args: &EvaluateArgs, session: &Session) -> Result<Exit, CliError> {
    let outcome = args.learning.perform(session)?;
    if let Some(path) = &args.report {
        let page = report::write(&outcome.figures, &outcome.sections);
        std::fs::write(path, page)
            .map_err(|source| CliError::File { path: path.clone(), source })?;
    }
    match args.answer.output {
        Format::Text => {
            for line in outcome.lines {
                session.console.line(line)?;
            }
        }
        format @ (Format::Json | Format::Jsonl) => {
            session.console.object(format, &Value::Object(outcome.figures))?;
        }
    }
    Ok(Exit::Ok)
}
