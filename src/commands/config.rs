//! `config`: writes, shows and checks what a process is told, and tells agents while they run.

mod bus;

use crate::cli::{Answer, Session};
use crate::config::{self, Sources};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Column, Format};
use clap::{Args, Subcommand};
use runtime::Catalog;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What is done.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Writes a commented file with every value at its default.
    Init {
        /// Where; an existing file is not touched.
        #[arg(default_value = config::FILE)]
        file: PathBuf,
        #[command(flatten)]
        answer: Answer,
    },
    /// Shows every value in force and where it was set.
    Show {
        #[command(flatten)]
        from: From,
        #[command(flatten)]
        answer: Answer,
    },
    /// Checks the file, the environment and every agent's table.
    Validate {
        #[command(flatten)]
        from: From,
        #[command(flatten)]
        answer: Answer,
    },
    /// Tells an agent something else while it runs, in every process on a server of NATS, until it is dropped.
    Put(bus::PutArgs),
    /// Takes back what an agent was told over the server.
    Drop(bus::DropArgs),
}

/// Which configuration is meant.
#[derive(Args, Clone, Debug, Default)]
pub struct From {
    /// The file; `aurora.toml` where there is one.
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

const COLUMNS: [Column; 3] =
    [Column("KEY", "/key"), Column("VALUE", "/value"), Column("ORIGIN", "/origin")];

pub(crate) fn perform(command: ConfigCommand, session: &Session) -> Result<Exit, CliError> {
    let console = &session.console;
    match command {
        ConfigCommand::Init { file, answer } => {
            write_new(&file, &template(&session.catalog))?;
            let text = format!("`{}` is written", file.display());
            console.done(answer.output, text, &json!({ "file": file }))?;
            console.next(answer.output, "aurorasync config validate");
        }
        ConfigCommand::Put(args) => return bus::put(&args, session),
        ConfigCommand::Drop(args) => return bus::take_back(&args, session),
        ConfigCommand::Show { from, answer } => {
            let loaded = config::load(&session.catalog, &Sources::of_process(from.config))?;
            let mut values: Vec<Value> = loaded.values.iter().map(|value| json!(value)).collect();
            if answer.output == Format::Text {
                values.iter_mut().for_each(shorten);
            }
            console.list(answer.output, &COLUMNS, &values)?;
            console.next(answer.output, "aurorasync run");
        }
        ConfigCommand::Validate { from, answer } => {
            let sources = Sources::of_process(from.config);
            let loaded = config::load(&session.catalog, &sources)?;
            let file = sources
                .file
                .as_deref()
                .map_or("defaults".to_owned(), |file| format!("`{}`", file.display()));
            let set = loaded.values.iter().filter(|value| value.origin != config::Origin::Default);
            let value = json!({ "valid": true, "values": loaded.values.len(), "set": set.count() });
            console.done(answer.output, format!("{file}: valid"), &value)?;
            console.next(answer.output, "aurorasync run");
        }
    }
    Ok(Exit::Ok)
}

/// Longest value that is shown in a row; `-o json` has all.
const VALUE_BYTES_SHOWN_MAX: usize = 60;

/// A whole file or a long list as a value has no place in a row.
fn shorten(value: &mut Value) {
    let value = &mut value["value"];
    if value.to_string().len() <= VALUE_BYTES_SHOWN_MAX {
        return;
    }
    let size = match value {
        Value::String(text) => format!("({} bytes)", text.len()),
        Value::Array(items) => format!("({} entries)", items.len()),
        _ => return,
    };
    *value = json!(size);
}

fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    let mut file = std::fs::File::create_new(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => CliError::Input {
            text: format!("`{}` is there already and was not touched", path.display()),
            help: "name another file, or see what is in force with `aurorasync config show`"
                .to_owned(),
        },
        _ => CliError::File { path: path.to_owned(), source },
    })?;
    file.write_all(text.as_bytes())
        .map_err(|source| CliError::File { path: path.to_owned(), source })
}

/// The commented file: our tables as written by hand, the agents' as they declare them.
fn template(catalog: &Catalog) -> String {
    let mut text = config::TEMPLATE.to_owned();
    for (kind, entry) in catalog.iter() {
        text.push('\n');
        table(&mut text, kind, &entry.defaults);
    }
    text
}

fn table(text: &mut String, name: &str, value: &Value) {
    let Some(fields) = value.as_object() else { return };
    writeln!(text, "[{name}]").expect("a string takes every line");
    for (key, value) in fields.iter().filter(|(_, value)| !value.is_object()) {
        let line = match value.as_str() {
            Some(text) if text.contains('\n') => format!("# {key} comes with the program"),
            _ => toml_value(value)
                .map_or_else(|| format!("# {key} is not set"), |value| format!("#{key} = {value}")),
        };
        writeln!(text, "{line}").expect("a string takes every line");
    }
    for (key, value) in fields.iter().filter(|(_, value)| value.is_object()) {
        text.push('\n');
        table(text, &format!("{name}.{key}"), value);
    }
}

/// A value as TOML writes it; TOML has no null.
fn toml_value(value: &Value) -> Option<String> {
    toml::Value::try_from(value).ok().map(|value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Loaded, Origin};

    fn load(text: &str) -> Loaded {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("aurora.toml");
        std::fs::write(&file, text).unwrap();
        let sources = Sources { file: Some(file), ..Sources::default() };
        config::load(&Catalog::default(), &sources).unwrap()
    }

    #[test]
    fn the_file_that_is_written_changes_nothing_and_shows_every_default() {
        let text = template(&Catalog::default());
        let untouched = load(&text);
        assert!(untouched.values.iter().all(|value| value.origin == Origin::Default));
        let uncommented: Vec<&str> = text
            .lines()
            .map(|line| {
                line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line)
            })
            .collect();
        let loaded = load(&uncommented.join("\n"));
        assert_eq!(loaded.settings, untouched.settings);
        assert!(loaded.values.iter().all(|value| value.origin != Origin::Default), "{loaded:#?}");
    }

    #[test]
    fn an_agents_table_is_written_with_its_nested_tables_and_without_nulls() {
        let mut text = String::new();
        table(&mut text, "x", &json!({"a": "1m", "b": null, "c": {"d": [1, 2]}}));
        assert_eq!(text, "[x]\n#a = \"1m\"\n# b is not set\n\n[x.c]\n#d = [1, 2]\n");
    }
}
