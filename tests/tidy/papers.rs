//! Rules for what is not Rust: decisions, documents and mutants must hold together with the code.

use crate::settle;
use crate::source::{files, read, root};
use std::collections::BTreeSet;
use std::process::Command;

/// Longest decision, in words: a page.
const DECISION_WORDS_MAX: usize = 800;

/// What every decision says.
const DECISION_PARTS: &[&str] =
    &["## Context", "## Decision", "## Consequences", "## Alternatives"];

/// How names of limits end.
const BOUNDS: &[&str] = &["_MAX", "_MIN", "_INTERVAL", "_TIMEOUT", "_WINDOW"];

/// Where the named limits of the runtime are written down.
const SEMANTICS: &str = "docs/runtime-semantics.md";

#[test]
fn decisions_are_numbered_without_gaps_and_say_all_that_a_decision_says() {
    let decisions: Vec<_> =
        files(".md").into_iter().filter(|file| file.path.starts_with("docs/adr/")).collect();
    let mut violations = Vec::new();
    for (number, decision) in (1..).zip(&decisions) {
        let name = decision.path.trim_start_matches("docs/adr/");
        if !name.starts_with(&format!("{number:04}-")) {
            violations.push(format!("{name}: number {number:04} comes here"));
        }
        if !decision.text.starts_with(&format!("# {}: ", &name[..4])) {
            violations.push(format!("{name}: begins with `# {}: what was decided`", &name[..4]));
        }
        if !decision.text.contains("\nStatus: ") {
            violations.push(format!("{name}: has no `Status: …`"));
        }
        for part in DECISION_PARTS.iter().filter(|part| !decision.text.contains(**part)) {
            violations.push(format!("{name}: has no `{part}`"));
        }
        let words = decision.text.split_whitespace().count();
        if words > DECISION_WORDS_MAX {
            violations.push(format!("{name}: {words} words, at most {DECISION_WORDS_MAX}"));
        }
    }
    assert!(!decisions.is_empty(), "docs/adr/ is empty");
    settle("A decision is found by its number and read in one sitting.", violations);
}

#[test]
fn documents_point_at_what_exists() {
    let sources = files(".rs");
    let mut violations = Vec::new();
    for document in files(".md") {
        let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in links(&document.text) {
            if !root().join(folder).join(&link).exists() {
                violations.push(format!("{}: links to `{link}`", document.path));
            }
        }
        for path in paths(&document.text) {
            if !root().join(&path).exists() {
                violations.push(format!("{}: names `{path}`", document.path));
            }
        }
        for test in sentences(&document.text) {
            let function = format!("fn {test}");
            if !sources.iter().any(|source| source.code.contains(&function)) {
                violations.push(format!("{}: names the test `{test}`", document.path));
            }
        }
    }
    settle(
        "A document describes what exists; mend it with the code that it describes.",
        violations,
    );
}

/// Targets of relative links.
fn links(text: &str) -> Vec<String> {
    let targets = text.match_indices("](").map(|(at, _)| &text[at + 2..]);
    targets
        .filter_map(|rest| rest.split([')', '#', ' ']).next())
        .filter(|target| {
            !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")
        })
        .map(str::to_owned)
        .collect()
}

/// What stands in backticks and looks like the name of a test: a sentence in snake case.
fn sentences(text: &str) -> BTreeSet<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let sentence = |quoted: &&str| {
        quoted.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && quoted.matches('_').count() >= 4
    };
    quoted.filter(sentence).collect()
}

/// What stands in backticks and looks like one of our source files or folders.
fn paths(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|quoted| {
            !quoted.contains([' ', '<', '*', '{', '…', '$', '\n']) && quoted.contains('/')
        })
        .filter(|quoted| {
            let first = quoted.split('/').next().unwrap_or_default();
            OUR_FOLDERS.contains(&first) && !quoted.starts_with("target/")
        })
        .map(|quoted| quoted.trim_end_matches('/').to_owned())
        .collect()
}

/// Folders at the root whose contents documents may name.
const OUR_FOLDERS: &[&str] = &[
    "messages",
    "models",
    "runtime",
    "agents",
    "simulator",
    "scenarios",
    "dashboard-api",
    "nats",
    "examples",
    "tests",
    "profiles",
    "deploy",
    "src",
    "docs",
    "scripts",
    ".ci",
    ".config",
];

#[test]
fn the_commands_that_the_readme_names_exist() {
    let makefile = read("Makefile");
    let goals: BTreeSet<&str> = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', '#', '.', ' ']))
        .filter_map(|line| line.split_once(':').map(|(goal, _)| goal))
        .flat_map(str::split_whitespace)
        .collect();
    let mut violations = Vec::new();
    for document in files(".md") {
        let quoted = document.text.split('`').skip(1).step_by(2);
        for goal in quoted.filter_map(|quoted| quoted.strip_prefix("make ")) {
            let goal = goal.split_whitespace().next().unwrap_or_default();
            if !goals.contains(goal) {
                violations.push(format!("{}: `make {goal}`", document.path));
            }
        }
    }
    assert!(goals.contains("demo") && goals.contains("test"), "the two commands of the README");
    settle("A command in a document is run by its next reader.", violations);
}

#[test]
fn every_mutant_breaks_a_promise_that_a_test_keeps() {
    let sources = files(".rs");
    let mutants: Vec<_> = files(".patch")
        .into_iter()
        .filter(|file| file.path.starts_with("tests/mutants/"))
        .collect();
    let mut violations = Vec::new();
    for mutant in &mutants {
        let header = |name: &str| {
            let line = mutant.text.lines().take_while(|line| !line.starts_with("--- "));
            line.filter_map(|line| line.strip_prefix(name)).map(str::trim).next()
        };
        for name in ["Promise:", "Mutant:", "Test:"] {
            if header(name).is_none_or(str::is_empty) {
                violations.push(format!("{}: has no `{name} …` above the patch", mutant.path));
            }
        }
        let test = header("Test:").and_then(|test| test.split_once(' '));
        let known = test.is_some_and(|(package, test)| {
            let function = format!("fn {}(", test.rsplit("::").next().unwrap_or(test));
            let folders = match package {
                "aurorasync" => [String::new(), String::new()],
                package => [format!("{package}/"), format!("examples/{package}/")],
            };
            let is_in = |path: &str| folders.iter().any(|folder| path.starts_with(folder));
            sources.iter().any(|file| is_in(&file.path) && file.code.contains(&function))
        });
        if !known {
            violations.push(format!("{}: `Test: package test` names no test", mutant.path));
        }
        let applies = Command::new("git")
            .args(["apply", "--check", &mutant.path])
            .current_dir(root())
            .output()
            .expect("git runs");
        if !applies.status.success() {
            let why = String::from_utf8_lossy(&applies.stderr).trim().replace('\n', "; ");
            violations.push(format!("{}: does not apply any more: {why}", mutant.path));
        }
    }
    assert!(!mutants.is_empty(), "tests/mutants/ is empty");
    settle(
        "A promise whose test cannot fail is no promise. Mend the patch when its code moves \
         (`scripts/mutants --help`).",
        violations,
    );
}

#[test]
fn the_limits_in_the_semantics_are_those_in_the_code() {
    let rows: BTreeSet<[String; 3]> = read(SEMANTICS).lines().filter_map(row).collect();
    let mut known = BTreeSet::new();
    let mut violations = Vec::new();
    for source in files(".rs").iter().filter(|source| source.path.contains("/src/")) {
        for (name, value) in source.code.lines().filter_map(constant) {
            let limit = [name.to_owned(), value.to_owned(), source.path.clone()];
            let required = source.path.starts_with("runtime/src/")
                && BOUNDS.iter().any(|end| name.ends_with(end));
            if required && !rows.contains(&limit) {
                violations.push(format!(
                    "missing: | `{name}` | `{value}` | what it bounds | `{}` |",
                    source.path
                ));
            }
            known.insert(limit);
        }
    }
    for [name, value, file] in rows.difference(&known) {
        violations.push(format!("not in the code: {name} = {value} in {file}"));
    }
    assert!(!rows.is_empty(), "no row `| NAME | value | meaning | file |` in {SEMANTICS}");
    settle(
        &format!("Every limit of the runtime stands in {SEMANTICS} with its value."),
        violations,
    );
}

/// Name, value and file of a limit in a row of the table.
fn row(line: &str) -> Option<[String; 3]> {
    let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
    let [_, name, value, _, file, _] = cells[..] else { return None };
    let constant = name.contains('_') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    constant.then(|| [name.to_owned(), value.to_owned(), file.to_owned()])
}

/// Name and value of a constant declared on `line`.
fn constant(line: &str) -> Option<(&str, &str)> {
    let (visibility, declared) = line.trim_start().split_once("const ")?;
    if !visibility.is_empty() && !visibility.starts_with("pub") {
        return None;
    }
    let (name, rest) = declared.split_once(':')?;
    Some((name, rest.split_once('=')?.1.trim().strip_suffix(';')?))
}
