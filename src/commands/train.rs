//! `train`: learns from a dataset and keeps what was learned as a file.

use super::evaluate::Learning;
use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use clap::Args;
use models::model::Model;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Flags of `train`.
#[derive(Args, Debug)]
pub struct TrainArgs {
    #[command(flatten)]
    learning: Learning,
    /// Learns from what data-analysis says of the recordings, so that the model can be promoted; a quarter of the assets,
    /// drawn with the seed, is judged and not learned from.
    #[arg(long)]
    assessed: bool,
    /// The file to write; `<dataset>.model` in the present folder where not given. One that is there is replaced at once.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(args: &TrainArgs, session: &Session) -> Result<Exit, CliError> {
    let outcome = match args.assessed {
        true => args.learning.perform_assessed(session)?,
        false => args.learning.perform(session)?,
    };
    let Some(model) = outcome.model else {
        return Err(CliError::failed(
            "there is nothing to keep: assets of this dataset are judged by their own past; use `aurorasync evaluate`",
        ));
    };
    let path = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}.model", model.origin.dataset)));
    let bytes = write(&model, &path)?;
    if args.answer.output == Format::Text {
        for line in outcome.lines {
            session.console.line(line)?;
        }
    }
    let text = format!("{}: {bytes} bytes, seed {}", path.display(), model.origin.seed);
    let value = json!({ "file": path, "bytes": bytes, "figures": outcome.figures });
    session.console.done(args.answer.output, text, &value)?;
    let path = path.display();
    let next = match args.assessed {
        true => format!("aurorasync model promote {path} --by NAME --reason TEXT"),
        false => format!("aurorasync model show {path}"),
    };
    session.console.next(args.answer.output, &next);
    Ok(Exit::Ok)
}

/// Writes beside the file and then takes its place: whoever interrupts this leaves what was there.
fn write(model: &Model, path: &Path) -> Result<usize, CliError> {
    let failed = |source| CliError::File { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    let bytes = model.encode();
    std::io::Write::write_all(&mut file, &bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(bytes.len())
}
