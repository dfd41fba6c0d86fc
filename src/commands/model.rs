//! `model`: what is kept in files of models, and which of them the agents of a running process judge by.

mod promotion;

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Column;
use clap::{Args, Subcommand};
use models::model::{Learned, Model};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What is done.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Lists the models of a folder: files that end with `.model`.
    Ls(LsArgs),
    /// Checks a model and shows what it says, what it was learned from and how well it did.
    Show(ShowArgs),
    /// Brings a model into use in a running process.
    Promote(promotion::PromoteArgs),
    /// Brings back the model that was in use before, or none where there was none.
    Rollback(promotion::RollbackArgs),
    /// Lists which models came into use in a running process, and which are.
    Promoted(promotion::PromotedArgs),
}

/// Flags of `model ls`.
#[derive(Args, Debug)]
pub struct LsArgs {
    /// The folder.
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `model show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The model.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(command: &ModelCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        ModelCommand::Ls(args) => ls(args, session),
        ModelCommand::Show(args) => show(args, session),
        ModelCommand::Promote(args) => promotion::promote(args, session),
        ModelCommand::Rollback(args) => promotion::roll_back(args, session),
        ModelCommand::Promoted(args) => promotion::promoted(args, session),
    }
}

fn ls(args: &LsArgs, session: &Session) -> Result<Exit, CliError> {
    let failed = |source| CliError::File { path: args.folder.clone(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&args.folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "model") {
            files.push(path);
        }
    }
    files.sort();
    let row = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match open(path) {
            Ok(model) => json!({
                "file": name, "says": says(&model), "dataset": model.origin.dataset,
                "seed": model.origin.seed, "rows": model.origin.rows, "problem": Value::Null,
            }),
            Err(error) => json!({ "file": name, "problem": error.to_string() }),
        }
    };
    let items: Vec<Value> = files.iter().map(row).collect();
    let columns = [
        Column("FILE", "/file"),
        Column("SAYS", "/says"),
        Column("DATASET", "/dataset"),
        Column("SEED", "/seed"),
        Column("ROWS", "/rows"),
        Column("PROBLEM", "/problem"),
    ];
    session.console.list(args.answer.output, &columns, &items)?;
    Ok(Exit::Ok)
}

fn show(args: &ShowArgs, session: &Session) -> Result<Exit, CliError> {
    let model = open(&args.file)?;
    let value = json!({
        "says": says(&model),
        "profile": model.schema.profile,
        "features": model.names(),
        "derived": model.schema.derived,
        "dataset": model.origin.dataset,
        "data_sha256": model.origin.data,
        "rows": model.origin.rows,
        "seed": model.origin.seed,
        "settings": model.origin.settings,
        "figures": model.figures,
        "learned": learned(&model.learned),
    });
    session.console.object(args.answer.output, &value)?;
    Ok(Exit::Ok)
}

fn open(path: &Path) -> Result<Model, CliError> {
    let bytes =
        std::fs::read(path).map_err(|source| CliError::File { path: path.to_owned(), source })?;
    Model::decode(&bytes)
        .map_err(|error| CliError::failed(format!("model `{}`: {error}", path.display())))
}

fn says(model: &Model) -> &'static str {
    match &model.learned {
        Learned::Failures { .. } => "which components fail",
        Learned::Life { .. } => "how much life is left",
        Learned::Assessed { .. } => "which components fail, to agents",
    }
}

fn learned(learned: &Learned) -> Value {
    match learned {
        Learned::Failures { within, by_component }
        | Learned::Assessed { within, by_component, .. } => {
            let thresholds: serde_json::Map<String, Value> = by_component
                .iter()
                .map(|(component, classifier)| (component.clone(), json!(classifier.threshold)))
                .collect();
            json!({ "within_hours": within.as_secs_f64() / 3_600.0, "thresholds": thresholds })
        }
        Learned::Life { unit, model } => json!({
            "unit_hours": unit.as_secs_f64() / 3_600.0, "cap": model.cap,
            "coverage_unseen": model.coverage_unseen,
        }),
    }
}
