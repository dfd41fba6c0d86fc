//! `capa`: what fails again and again in one group of assets, what is done about it, and who signs that.

mod signing;

use crate::cli::{Answer, Remote, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Column, Format};
use crate::shown;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Fewest letters of an id that can stand for it.
const LETTERS_MIN: usize = 4;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum CapaCommand {
    /// Lists corrective actions: those of safety components first.
    Ls(LsArgs),
    /// Shows one as an 8D report.
    Show(OneArgs),
    /// Signs a gate, D3 to D8.
    Sign(Box<signing::SignArgs>),
    /// Writes the 8D report to a file: a page to print, Markdown or JSON.
    Export(ExportArgs),
}

/// Flags of `capa ls`.
#[derive(Args, Debug)]
pub struct LsArgs {
    /// Only those that stand so: open, contained, rca, action, verifying, reopened, closed.
    #[arg(long)]
    state: Option<String>,
    /// Only those of this component.
    #[arg(long)]
    component: Option<String>,
    /// Lists closed ones too.
    #[arg(long)]
    closed: bool,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `capa show`.
#[derive(Args, Debug)]
pub struct OneArgs {
    /// The CAPA: its id, the first letters of it, or its component.
    capa: String,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Flags of `capa export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The CAPA: its id, the first letters of it, or its component.
    capa: String,
    /// What is written.
    #[arg(long, value_enum, default_value = "html")]
    format: Form,
    /// The file; left out: `capa-ID.FORMAT` here.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    answer: Answer,
}

/// Forms of an 8D report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A page to print, with figures.
    Html,
    /// Markdown.
    Md,
    /// JSON.
    Json,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Md => "md",
            Self::Json => "json",
        }
    }
}

const COLUMNS: [Column; 8] = [
    Column("CAPA", "/short"),
    Column("COMPONENT", "/component"),
    Column("GROUP", "/of"),
    Column("STATE", "/state"),
    Column("FAILURES", "/failures"),
    Column("SAFETY", "/safe"),
    Column("OPENED", "/opened"),
    Column("LAST", "/reason"),
];

pub(crate) fn perform(command: CapaCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        CapaCommand::Ls(args) => list(&args, session),
        CapaCommand::Show(args) => show(&args, session),
        CapaCommand::Sign(args) => signing::sign(*args, session),
        CapaCommand::Export(args) => export(&args, session),
    }
}

fn list(args: &LsArgs, session: &Session) -> Result<Exit, CliError> {
    let mut query: Vec<(&str, &str)> = Vec::new();
    for (name, value) in [("state", &args.state), ("component", &args.component)] {
        query.extend(value.as_deref().map(|value| (name, value)));
    }
    query.extend(args.closed.then_some(("closed", "true")));
    let mut capas = Client::new(&args.remote)?.list("/v1/capas", &query)?;
    capas.sort_by_key(|capa| (capa["safety"] != true, shown::text(capa, "/opened_at")));
    let format = args.answer.output;
    let rows: Vec<Value> = match format {
        Format::Text => capas.iter().map(row).collect(),
        _ => capas.clone(),
    };
    session.console.list(format, &COLUMNS, &rows)?;
    if let Some(capa) = capas.first() {
        let next = format!("aurorasync capa show {}", shown::id(capa, "/capa"));
        session.console.next(format, &next);
    }
    Ok(Exit::Ok)
}

/// A CAPA on one line.
fn row(capa: &Value) -> Value {
    let mut row = capa.clone();
    row["short"] = shown::id(capa, "/capa").into();
    row["of"] = group(&capa["group"]).into();
    row["safe"] = if capa["safety"] == true { "yes" } else { "no" }.into();
    row["opened"] = format!("{} UTC", shown::moment(capa, "/opened_at")).into();
    row
}

fn group(group: &Value) -> String {
    let named = ["model", "supplier", "batch"];
    let named = named.iter().filter_map(|name| group[*name].as_str());
    named.collect::<Vec<_>>().join(" ")
}

/// The id that `text` stands for: itself, the only one that begins so, or the only one of a component that is not
/// closed.
fn find(client: &Client, text: &str) -> Result<String, CliError> {
    let all = client.list("/v1/capas", &[("closed", "true")])?;
    let id = |capa: &Value| capa["capa"].as_str().unwrap_or_default().to_owned();
    let begins =
        |capa: &&Value| text.len() >= LETTERS_MIN && id(capa).starts_with(&text.to_lowercase());
    let of_component = |capa: &&Value| capa["component"] == text && capa["state"] != "closed";
    let mut found: Vec<&Value> = all.iter().filter(begins).collect();
    if found.is_empty() {
        found = all.iter().filter(of_component).collect();
    }
    match found[..] {
        [one] => Ok(id(one)),
        [] => Err(CliError::Input {
            text: format!("no CAPA begins with `{text}`, and none of a component `{text}` is open"),
            help: "list them with `aurorasync capa ls --closed`".to_owned(),
        }),
        _ => {
            let each = found.iter().map(|it| format!("\n  {}  {}", id(it), group(&it["group"])));
            Err(CliError::Input {
                text: format!(
                    "`{text}` stands for {} CAPAs:{}",
                    found.len(),
                    each.collect::<String>()
                ),
                help: "give more letters of the id".to_owned(),
            })
        }
    }
}

fn show(args: &OneArgs, session: &Session) -> Result<Exit, CliError> {
    let client = Client::new(&args.remote)?;
    let id = find(&client, &args.capa)?;
    let format = args.answer.output;
    let report = client.get(&format!("/v1/capas/{id}"), &[])?;
    if format == Format::Text {
        session.console.line(unescaped(document(&client, &id, Form::Md)?.trim_end()))?;
    } else {
        session.console.object(format, &report)?;
    }
    let short: String = id.chars().take(shown::ID_LETTERS).collect();
    session.console.next(format, &next(&short, &report));
    Ok(Exit::Ok)
}

/// Markdown as a terminal shows it: what was written so that it makes no structure is read as it was.
fn unescaped(markdown: &str) -> String {
    let mut letters = markdown.chars();
    let mut text = String::with_capacity(markdown.len());
    while let Some(letter) = letters.next() {
        text.push(if letter == '\\' { letters.next().unwrap_or(letter) } else { letter });
    }
    text
}

/// The next likely command about a CAPA.
fn next(short: &str, report: &Value) -> String {
    let gates = ["D3", "D4", "D5", "D6", "D7", "D8"];
    match gates.into_iter().find(|gate| report["signed"][*gate].is_null()) {
        Some(gate) => format!("aurorasync capa sign {short} --gate {gate} --by NAME"),
        None => format!("aurorasync capa export {short}"),
    }
}

fn document(client: &Client, id: &str, form: Form) -> Result<String, CliError> {
    // A CAPA that is gone is told as everywhere; here only the form of the answer differs.
    let path = format!("/v1/capas/{id}/export");
    let (status, text) = client.fetch(&path, &[("format", form.name())])?;
    if status.is_success() {
        return Ok(text);
    }
    client.get(&path, &[("format", "json")])?;
    Err(CliError::failed(format!("`{path}` answered {status}")))
}

fn export(args: &ExportArgs, session: &Session) -> Result<Exit, CliError> {
    let client = Client::new(&args.remote)?;
    let id = find(&client, &args.capa)?;
    let short: String = id.chars().take(shown::ID_LETTERS).collect();
    let form = args.format;
    let path = args.to.clone();
    let path = path.unwrap_or_else(|| PathBuf::from(format!("capa-{short}.{}", form.name())));
    let text = document(&client, &id, form)?;
    std::fs::write(&path, &text)
        .map_err(|error| CliError::failed(format!("`{}`: {error}", path.display())))?;
    let shown = path.display().to_string();
    let value = json!({ "capa": id, "format": form.name(), "path": shown, "bytes": text.len() });
    session.console.done(args.answer.output, format!("{shown} is written"), &value)?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_escaped_for_markdown_is_read_as_it_was_written() {
        assert_eq!(unescaped(r"- pad\_compound \<7\>, a \\ b"), r"- pad_compound <7>, a \ b");
    }
}
