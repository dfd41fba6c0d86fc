//! `evaluate`: learns from the part of a dataset that is there to be learned from, and is judged by the other part.

mod failures;
mod life;

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use crate::replaying::Recording;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Flags of `evaluate`.
#[derive(Args, Debug)]
pub struct EvaluateArgs {
    /// The dataset: a folder with a `dataset.toml`, or the file itself.
    #[arg(value_name = "DATASET")]
    dataset: PathBuf,
    /// Where the recordings are; beside the dataset where not given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Seed of everything that is drawn; also of the split, where that is drawn.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    answer: Answer,
}

/// What came out, for people and as JSON.
struct Outcome {
    lines: Vec<String>,
    figures: Value,
}

pub(crate) fn perform(args: &EvaluateArgs, session: &Session) -> Result<Exit, CliError> {
    let recording = Recording::load(&args.dataset, args.data.as_deref())?;
    let outcome = match recording.dataset.life_truth().map_err(CliError::failed)? {
        Some(truth) => life::evaluate(&recording, &truth, args.seed)?,
        None => failures::evaluate(&recording, args.seed, session)?,
    };
    match args.answer.output {
        Format::Text => {
            for line in outcome.lines {
                session.console.line(line)?;
            }
        }
        format @ (Format::Json | Format::Jsonl) => {
            let mut value = json!({ "dataset": recording.dataset.name(), "seed": args.seed });
            if let (Value::Object(all), Value::Object(figures)) = (&mut value, outcome.figures) {
                all.extend(figures);
            }
            session.console.object(format, &value)?;
        }
    }
    Ok(Exit::Ok)
}

/// A figure for people.
fn shown(figure: Option<f64>) -> String {
    figure.map_or("unknown".to_owned(), |figure| format!("{figure:.3}"))
}
