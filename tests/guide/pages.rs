//! `docs/agents/<kind>.md`: what each agent hears, says and is configured with, from its wiring and its own words.
//!
//! After a change: `AURORASYNC_PAGES=write cargo test -p aurorasync --test guide pages`.

use crate::settings::Structs;
use messages::{Class, catalogue};
use runtime::catalog::Entry;
use runtime::wiring::{Contract, Durability};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest default that is shown as it is, in characters.
const DEFAULT_CHARS_MAX: usize = 80;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The page of every agent, and the list of them, by file.
fn pages() -> BTreeMap<String, String> {
    let structs = Structs::below(&root(), &["agents/src", "models/src", "messages/src"]);
    let catalog = agents::catalog();
    let mut pages = BTreeMap::new();
    let mut list = String::from(
        "# Agents\n\nOne page each, written from the code; a test compares them.\n\n| agent | what it does |\n|---|---|\n",
    );
    for (kind, entry) in catalog.iter() {
        let folder = root().join("agents/src").join(kind.replace('-', "_"));
        let head = head(&folder);
        let first = head.split("\n\n").next().unwrap_or_default();
        writeln!(list, "| [{kind}]({kind}.md) | {first} |").unwrap();
        let page = page(kind, entry, &head, &structs, &folder);
        pages.insert(format!("{kind}.md"), page);
    }
    pages.insert("README.md".to_owned(), list);
    pages
}

/// What an agent says of itself: paragraphs, links taken for what they name.
fn head(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("mod.rs")).unwrap();
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let mut paragraphs = vec![String::new()];
    for line in lines.map(str::trim) {
        if line.is_empty() {
            paragraphs.push(String::new());
        } else {
            let paragraph = paragraphs.last_mut().unwrap();
            paragraph.extend((!paragraph.is_empty()).then_some(' '));
            *paragraph += line;
        }
    }
    paragraphs.join("\n\n").replace("[`", "`").replace("`]", "`")
}

fn page(kind: &str, entry: &Entry, head: &str, structs: &Structs, folder: &Path) -> String {
    let contract = &entry.contract;
    let mut page = format!("# {kind}\n\n{head}\n\n{}\n", reads(contract));
    let said = |wanted: fn(Class) -> bool| {
        contract.publishes.iter().filter(move |(_, class)| wanted(**class)).map(|(name, _)| name)
    };
    messages(&mut page, "Hears", contract.hears.keys());
    messages(&mut page, "Says", said(|it| !matches!(it, Class::Command | Class::Effect)));
    messages(&mut page, "Commands", said(|it| it == Class::Command));
    if !contract.performs.is_empty() {
        page += "\n## Performs\n\n| effect | when nobody knows whether it happened |\n|---|---|\n";
        for (name, policy) in &contract.performs {
            let policy = serde_json::to_value(policy).unwrap();
            let policy = policy.as_str().unwrap().replace('_', " ");
            writeln!(page, "| `{name}` | {policy} |").unwrap();
        }
    }
    if !contract.timers.is_empty() {
        let timers: Vec<String> = contract.timers.iter().map(|name| format!("`{name}`")).collect();
        writeln!(page, "\n## Timers\n\n{}", timers.join(", ")).unwrap();
    }
    let defaults = entry.defaults.as_object().unwrap();
    writeln!(page, "\n## Settings\n\nThe table `[{kind}]` of `aurora.toml`.\n").unwrap();
    page += "| setting | default | what |\n|---|---|---|\n";
    settings(&mut page, "", defaults, structs.config(folder), structs);
    page
}

fn reads(contract: &Contract) -> String {
    let saved = match contract.durability {
        Durability::Turn => "with every turn".to_owned(),
        Durability::Checkpoint { interval } => format!("every {} s", interval.as_secs()),
    };
    format!("It reads the stream `{}` and saves its memory {saved}.", contract.stream.name())
}

/// A table of messages, each with what its class is and where it stands in ISO 13374.
fn messages<'n>(page: &mut String, title: &str, names: impl Iterator<Item = &'n String>) {
    let names: Vec<&String> = names.collect();
    if names.is_empty() {
        return;
    }
    write!(page, "\n## {title}\n\n| message | class | encoding | version |\n|---|---|---|---|\n")
        .unwrap();
    for name in names {
        let written = |value: Value| value.as_str().unwrap_or_default().to_owned();
        let row = catalogue::find(name).map(|entry| {
            let class = written(serde_json::to_value(entry.class).unwrap());
            let encoding = written(serde_json::to_value(entry.encoding).unwrap());
            format!("| `{name}` | {class} | {encoding} | {} |", entry.version)
        });
        writeln!(page, "{}", row.unwrap_or_else(|| format!("| `{name}` | | | |"))).unwrap();
    }
}

/// A row for each setting; those of a struct with their own words below it.
fn settings(
    page: &mut String,
    prefix: &str,
    defaults: &Map<String, Value>,
    fields: &BTreeMap<String, (String, String)>,
    structs: &Structs,
) {
    for (name, default) in defaults {
        let (kind, words) =
            fields.get(name).unwrap_or_else(|| panic!("nothing says what `{name}` is"));
        let shown = format!("{prefix}{name}");
        let below = default.as_object().filter(|below| !below.is_empty());
        let known = below.and_then(|below| {
            Some((below, structs.within(kind, &below.keys().collect::<Vec<_>>())?))
        });
        match known {
            Some((below, known)) => {
                writeln!(page, "| `{shown}` | – | {words} |").unwrap();
                settings(page, &format!("{shown}."), below, known, structs);
            }
            None => writeln!(page, "| `{shown}` | {} | {words} |", value(default)).unwrap(),
        }
    }
}

fn value(default: &Value) -> String {
    let text = match default {
        Value::Object(below) if below.is_empty() => return "empty".to_owned(),
        Value::Object(below) => {
            let rows: Vec<String> =
                below.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            rows.join(", ")
        }
        value => value.to_string(),
    };
    if text.chars().count() > DEFAULT_CHARS_MAX {
        return "long; `aurorasync config show` shows it".to_owned();
    }
    format!("`{}`", text.replace('|', "\\|"))
}

#[test]
fn the_pages_of_agents_are_those_of_the_code() {
    let folder = root().join("docs/agents");
    let pages = pages();
    if std::env::var("AURORASYNC_PAGES").as_deref() == Ok("write") {
        fs::create_dir_all(&folder).unwrap();
        for (file, text) in &pages {
            fs::write(folder.join(file), text).unwrap();
        }
    }
    let there = fs::read_dir(&folder).unwrap();
    let there: Vec<String> =
        there.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    for file in &there {
        assert!(pages.contains_key(file), "docs/agents/{file} is the page of no agent");
    }
    for (file, text) in &pages {
        let written = fs::read_to_string(folder.join(file)).unwrap_or_default();
        assert!(
            written == *text,
            "docs/agents/{file} is not what the code says; the head of this test names the command that writes it"
        );
    }
}

#[test]
fn every_page_says_what_is_heard_said_and_set() {
    let pages = pages();
    assert!(pages.len() > 6, "{} pages", pages.len());
    for (file, text) in pages.iter().filter(|(file, _)| *file != "README.md") {
        for part in ["## Hears", "## Says", "## Settings"] {
            assert!(text.contains(part), "{file} lacks {part}");
        }
        assert!(
            !text.contains("| |\n"),
            "{file}: a setting has no words or a message no type:\n{text}"
        );
    }
}
