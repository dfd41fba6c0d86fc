//! `scenario`: plays, checks and lists scripts, and prints the schema of their language.

mod lines;
mod run;
mod watcher;

pub(crate) use run::{Pace, Playing};

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Column, Format};
use clap::{Args, Subcommand};
use messages::profile;
use run::RunArgs;
use scenarios::language::{Folder, Known, Scenario, ScriptError, Source, load, schema};
use scenarios::scripts::{SCRIPTS, Shipped, find};
use serde_json::{Value, json};
use simulator::fleet::FaultKind;
use std::path::{Path, PathBuf};

/// What is done.
#[derive(Debug, Subcommand)]
pub enum ScenarioCommand {
    /// Plays scripts and says whether what they expect came true.
    Run(RunArgs),
    /// Checks scripts without playing them.
    Validate(ValidateArgs),
    /// Lists the scripts that come with the program.
    Ls(LsArgs),
    /// Prints the JSON Schema of scripts, for editors.
    Schema(SchemaArgs),
}

/// Flags of `scenario validate`.
#[derive(Args, Debug)]
pub struct ValidateArgs {
    /// Files, or names of scripts that come with the program.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `scenario ls`.
#[derive(Args, Debug)]
pub struct LsArgs {
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `scenario schema`.
#[derive(Args, Debug)]
pub struct SchemaArgs {
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(command: ScenarioCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        ScenarioCommand::Run(args) => run::perform(&args, session),
        ScenarioCommand::Validate(args) => validate(&args, session),
        ScenarioCommand::Ls(args) => list(args.answer.output, session),
        ScenarioCommand::Schema(args) => {
            let format = match args.answer.output {
                Format::Text => Format::Json,
                format => format,
            };
            session.console.object(format, &schema())?;
            Ok(Exit::Ok)
        }
    }
}

fn validate(args: &ValidateArgs, session: &Session) -> Result<Exit, CliError> {
    let mut wrong = 0;
    let mut judged = Vec::new();
    for file in &args.files {
        let (name, known) = (file.display().to_string(), known(session));
        match read(file, &known)? {
            Ok(scenario) => {
                let steps = scenario.steps.len();
                judged.push(json!({ "file": name, "valid": true, "steps": steps, "problems": [] }));
            }
            Err(error) => {
                wrong += 1;
                if args.answer.output == Format::Text {
                    session.console.note(&format!("{error}\n"));
                }
                let problems: Vec<Value> = error
                    .problems
                    .iter()
                    .map(|problem| {
                        json!({
                            "file": problem.source.name,
                            "line": problem.place.line,
                            "column": problem.place.column,
                            "message": problem.message,
                            "remedy": problem.remedy,
                        })
                    })
                    .collect();
                judged.push(
                    json!({ "file": name, "valid": false, "steps": null, "problems": problems }),
                );
            }
        }
    }
    let columns = [Column("FILE", "/file"), Column("VALID", "/valid"), Column("STEPS", "/steps")];
    session.console.list(args.answer.output, &columns, &judged)?;
    if wrong == 0 {
        let next = format!("aurorasync scenario run {}", args.files[0].display());
        session.console.next(args.answer.output, &next);
    }
    Ok(if wrong == 0 { Exit::Ok } else { Exit::No })
}

fn list(format: Format, session: &Session) -> Result<Exit, CliError> {
    let known = known(session);
    let mut rows = Vec::new();
    for (name, text) in SCRIPTS {
        let scenario = load(Source::new(*name, *text), &Shipped, &known).map_err(refused)?;
        rows.push(
            json!({ "name": name, "steps": scenario.steps.len(), "summary": scenario.summary }),
        );
    }
    let columns =
        [Column("NAME", "/name"), Column("STEPS", "/steps"), Column("SUMMARY", "/summary")];
    session.console.list(format, &columns, &rows)?;
    session.console.next(format, "aurorasync scenario run brake-to-capa");
    Ok(Exit::Ok)
}

/// Names that scripts may use in this build.
fn known(session: &Session) -> Known {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    Known {
        agents: session.catalog.iter().map(|(kind, _)| kind.to_owned()).collect(),
        faults: FaultKind::ALL.iter().map(|kind| kind.name().to_owned()).collect(),
        profiles: owned(profile::NAMES.to_vec()),
        events: session
            .catalog
            .contracts()
            .flat_map(|contract| contract.publishes.keys().cloned())
            .collect(),
    }
}

/// The script in `file`, or the one of that name that comes with the program.
///
/// # Errors
/// [`CliError`] when there is no such file; what is wrong in it is in the inner result.
fn read(file: &Path, known: &Known) -> Result<Result<Scenario, ScriptError>, CliError> {
    let name = file.display().to_string();
    if !file.exists()
        && let Some(text) = find(&name)
    {
        return Ok(load(Source::new(name, text), &Shipped, known));
    }
    if !file.exists() && !name.contains(['/', '.']) {
        let names: Vec<&str> = SCRIPTS.iter().map(|(name, _)| *name).collect();
        let help = match crate::nearest::nearest(&name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "list the scripts with `aurorasync scenario ls`, or name a file".to_owned(),
        };
        return Err(CliError::Input { text: format!("no script is named `{name}`"), help });
    }
    let text = std::fs::read_to_string(file)
        .map_err(|source| CliError::File { path: file.to_owned(), source })?;
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    Ok(load(Source::new(name, text), &Folder(folder), known))
}

/// The script in `file`, or the one of that name that comes with the program.
///
/// # Errors
/// [`CliError`] when there is none, or something is wrong with it.
pub(crate) fn script(file: &Path, session: &Session) -> Result<Scenario, CliError> {
    read(file, &known(session))?.map_err(refused)
}

/// The script that `text` is, called `name`.
///
/// # Errors
/// [`CliError`] when something is wrong with it.
pub(crate) fn of_text(name: &str, text: &str, session: &Session) -> Result<Scenario, CliError> {
    load(Source::new(name, text), &Shipped, &known(session)).map_err(refused)
}

/// A script that cannot be used, as the command's failure.
fn refused(error: ScriptError) -> CliError {
    CliError::Input {
        text: error.to_string(),
        help: "mend the script; `aurorasync scenario schema` has all words".to_owned(),
    }
}
