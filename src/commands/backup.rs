//! `backup`: the whole store as one file, and back.

use super::config::From;
use super::verify::{data_folder, existing};
use crate::cli::{Answer, Remote, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use crate::upkeep::store_folder;
use clap::{Args, Subcommand};
use runtime::backup::{self, BackupError, Summary};
use runtime::store::sled::SledStore;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What is done.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Writes an export: of the running process, or with --data of a store that no process uses.
    Create(CreateArgs),
    /// Reads an export through and checks every byte of it.
    Verify(VerifyArgs),
    /// Makes a store from an export; what is there already is not touched.
    Restore(RestoreArgs),
}

/// Flags of `backup create`.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The file to write; one that is there is not touched.
    file: PathBuf,
    /// Data folder of a store that no process uses.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `backup verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The export.
    file: PathBuf,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `backup restore`.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// The export.
    file: PathBuf,
    /// The data folder to restore into; the configured one where not given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(command: BackupCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        BackupCommand::Create(args) => create(&args, session),
        BackupCommand::Verify(args) => verify(&args, session),
        BackupCommand::Restore(args) => restore(&args, session),
    }
}

fn create(args: &CreateArgs, session: &Session) -> Result<Exit, CliError> {
    let file = std::path::absolute(&args.file)
        .map_err(|source| CliError::File { path: args.file.clone(), source })?;
    let made = match &args.data {
        Some(data) => {
            refuse_existing(&file)?;
            let store = SledStore::open(&existing(data)?)?;
            made(&file, backup::create(&store, &file).map_err(|error| failed(&file, error))?)
        }
        None => ask(&file, &args.remote)?,
    };
    let text = format!("`{}`: {}", file.display(), words(&made));
    session.console.done(args.answer.output, text, &made)?;
    let next = format!("aurorasync backup verify {}", args.file.display());
    session.console.next(args.answer.output, &next);
    Ok(Exit::Ok)
}

fn refuse_existing(file: &Path) -> Result<(), CliError> {
    if !file.exists() {
        return Ok(());
    }
    let text = format!("`{}` is there already and was not touched", file.display());
    Err(CliError::Input { text, help: "name another file".to_owned() })
}

fn ask(file: &Path, remote: &Remote) -> Result<Value, CliError> {
    Ok(Client::new(remote)?.post("/v1/backup", &json!({ "path": file }))?)
}

fn verify(args: &VerifyArgs, session: &Session) -> Result<Exit, CliError> {
    let summary = backup::verify(&args.file).map_err(|error| failed(&args.file, error))?;
    let value = made(&args.file, summary);
    let text = format!("`{}` is intact: {}", args.file.display(), words(&value));
    session.console.done(args.answer.output, text, &value)?;
    let next = format!("aurorasync backup restore {} --data DIR", args.file.display());
    session.console.next(args.answer.output, &next);
    Ok(Exit::Ok)
}

fn restore(args: &RestoreArgs, session: &Session) -> Result<Exit, CliError> {
    let data = data_folder(args.data.as_deref(), &args.from, session)?;
    let folder = store_folder(&data);
    let summary =
        backup::restore(&args.file, &folder).map_err(|error| failed(&args.file, error))?;
    let value = made(&args.file, summary);
    let text = format!("`{}` is restored: {}", folder.display(), words(&value));
    session.console.done(args.answer.output, text, &value)?;
    session.console.next(args.answer.output, &format!("aurorasync run --data {}", data.display()));
    Ok(Exit::Ok)
}

fn made(file: &Path, summary: Summary) -> Value {
    let bytes = std::fs::metadata(file).map(|data| data.len()).ok();
    json!({ "file": file, "bytes": bytes, "records": summary.records, "states": summary.states })
}

fn words(made: &Value) -> String {
    format!("{} records, {} states, {} bytes", made["records"], made["states"], made["bytes"])
}

fn failed(path: &Path, error: BackupError) -> CliError {
    let help = match error {
        BackupError::Store(error) => return error.into(),
        BackupError::Damaged { .. } => {
            "see whether an older export is intact: `aurorasync backup verify FILE`"
        }
        BackupError::NotEmpty { .. } => {
            "move what is there away, or name another folder with --data"
        }
        BackupError::Io { .. } => "see that the file and its folder can be read and written",
    };
    CliError::Export { path: path.to_owned(), reason: error.to_string(), help }
}
