//! Keeps the house in the order that ARCHITECTURE.md draws: who may know whom, and how a file reads.
//!
//! Each rule is a test; its failure says why the rule is there and what to do.

#[path = "tidy/papers.rs"]
mod papers;
#[path = "tidy/source.rs"]
mod source;

use source::{Source, files, has_word, names_crate, read};
use std::collections::{BTreeMap, BTreeSet};

/// Longest source file, in lines.
const FILE_LINES_MAX: usize = 600;

/// Which of our crates each crate may know. What is absent here is absent on purpose.
const KNOWS: &[(&str, &[&str])] = &[
    ("messages", &[]),
    ("models", &["messages"]),
    ("runtime", &["messages"]),
    ("agents", &["messages", "models", "runtime"]),
    ("simulator", &["messages"]),
    ("scenarios", &["messages", "runtime", "simulator"]),
    ("dashboard-api", &["messages", "runtime"]),
    ("nats", &["messages", "runtime"]),
];

/// Libraries, the places that may name them, and why nobody else may.
const CONFINED: &[(&str, &[&str], &str)] = &[
    (
        "ractor",
        &["runtime/src/host.rs", "runtime/src/supervisor.rs"],
        "actors are how hosts run, not how agents are written; elsewhere use runtime's own types",
    ),
    (
        "sled",
        &["runtime/src/store/", "runtime/src/bus/embedded"],
        "the database stays a choice: use the Store or Bus trait",
    ),
    (
        "async_nats",
        &["nats/", "examples/store-and-forward/"],
        "the server stays a choice: use the Bus trait, or what crate `nats` offers",
    ),
    (
        "warp",
        &["dashboard-api/"],
        "HTTP is one way in among several: the runtime must not know of it",
    ),
    (
        "tokio",
        &["runtime/", "scenarios/", "dashboard-api/", "nats/", "src/", "tests/", "examples/"],
        "messages, models, agents and the simulator compute; they neither wait nor spawn",
    ),
];

/// What an agent must not name, and what it does instead.
const CLOSED_TO_AGENTS: &[(&str, &str)] = &[
    ("tokio", "handlers are synchronous; say it with ctx"),
    ("ractor", "an agent does not know that it is an actor"),
    ("async_nats", "an agent does not know the bus; say it with ctx.publish"),
    ("sled", "an agent's memory is its State; the runtime saves it"),
    ("warp", "an agent hears messages only"),
    ("simulator", "an agent that can see the simulator proves nothing"),
    ("SystemTime", "ask ctx.now(): a replay runs under another time"),
    ("Instant", "ask ctx.now(): a replay runs under another time"),
    ("rand", "ask ctx.rng(): it gives the same numbers whenever the message is handled"),
    ("thread_rng", "ask ctx.rng()"),
    ("std::thread", "handlers run one after another"),
    ("std::fs", "models come with `Models`, settings with `Config`"),
    ("std::net", "an effect on the world is data; the runtime performs it"),
    ("std::env", "settings come with `Config`"),
    ("std::process", "an effect on the world is data; the runtime performs it"),
    ("Mutex", "`&self` does not change; what changes is State"),
    ("RwLock", "`&self` does not change; what changes is State"),
    ("Cell", "`&self` does not change; what changes is State"),
    ("RefCell", "`&self` does not change; what changes is State"),
];

/// Numbers of schemas that two records have, and why they may.
const SCHEMAS_TWICE: &[(u32, &str)] = &[(
    121,
    "the memories of engagement and of feedback: both lie in stores, and each under its own agent",
)];

/// Module and type names that say nothing, and so collect everything.
const EMPTY_NOUNS: &[&str] =
    &["manager", "helper", "helpers", "util", "utils", "common", "types", "misc"];

/// Fails with the rule's reason when there are violations.
fn settle(reason: &str, violations: Vec<String>) {
    assert!(violations.is_empty(), "{reason}\n  {}\n", violations.join("\n  "));
}

fn sources() -> Vec<Source> {
    files(".rs")
}

/// Every line of code for which `wrong` says why.
fn lines_that(wrong: impl Fn(&Source, &str) -> Option<String>) -> Vec<String> {
    let mut violations = Vec::new();
    for source in sources() {
        for (number, line) in source.lines() {
            if let Some(why) = wrong(&source, line) {
                violations.push(format!("{}:{number}: {why}", source.path));
            }
        }
    }
    violations
}

fn manifests() -> BTreeMap<String, toml::Table> {
    let parsed = files("Cargo.toml").into_iter().map(|file| {
        let table = file.text.parse().unwrap_or_else(|error| panic!("`{}`: {error}", file.path));
        (file.path.trim_end_matches("/Cargo.toml").to_owned(), table)
    });
    parsed.collect()
}

/// Names in all dependency tables of `manifest`.
fn dependencies(manifest: &toml::Table) -> BTreeMap<String, toml::Value> {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .into_iter()
        .filter_map(|table| manifest.get(table)?.as_table())
        .flat_map(|table| table.clone())
        .collect()
}

#[test]
fn crates_know_only_those_below_them() {
    let ours: BTreeSet<&str> = KNOWS.iter().map(|(name, _)| *name).collect();
    let mut violations = Vec::new();
    for (name, manifest) in manifests() {
        let Some((_, known)) = KNOWS.iter().find(|(known, _)| *known == name) else {
            if ours.contains(name.as_str()) || name == "Cargo.toml" || name.starts_with("examples")
            {
                continue;
            }
            violations.push(format!("crate `{name}` has no row in KNOWS: say whom it may know"));
            continue;
        };
        for dependency in dependencies(&manifest).keys() {
            if ours.contains(dependency.as_str()) && !known.contains(&dependency.as_str()) {
                violations.push(format!("`{name}` must not know `{dependency}`, tests included"));
            }
        }
    }
    settle(
        "A crate that knows only what lies below it can be understood, tested and replaced by itself; \
         move what both need down, or send a message.",
        violations,
    );
}

#[test]
fn each_library_is_named_only_where_it_may_be() {
    let violations = lines_that(|source, line| {
        let (name, _, reason) = CONFINED.iter().find(|(name, places, _)| {
            !places.iter().any(|place| source.path.starts_with(place)) && names_crate(line, name)
        })?;
        Some(format!("names `{name}`: {reason}"))
    });
    settle("A library named in one place can be understood there and replaced there.", violations);
}

#[test]
fn agents_reach_the_world_only_through_ctx() {
    let violations = lines_that(|source, line| {
        if !source.path.starts_with("agents/src/") {
            return None;
        }
        let (name, instead) = CLOSED_TO_AGENTS.iter().find(|(name, _)| has_word(line, name))?;
        Some(format!("names `{name}`: {instead}"))
    });
    settle(
        "An agent is replayed, re-run after a failure and run under a virtual clock; whatever else it \
         could see would make the second run another one.",
        violations,
    );
}

#[test]
fn agents_know_each_other_only_by_their_messages() {
    let agents: BTreeSet<String> = sources()
        .iter()
        .filter(|source| {
            source.path.starts_with("agents/src/") && source.code.contains("impl Agent for")
        })
        .map(module_of)
        .collect();
    let violations = lines_that(|source, line| {
        if !source.path.starts_with("agents/src/") {
            return None;
        }
        let own = module_of(source);
        let other = agents.iter().find(|other| {
            **other != own && agents.contains(&own) && line.contains(&format!("crate::{other}::"))
        })?;
        Some(format!("`{own}` names `{other}`"))
    });
    settle(
        "Agents run on different machines and are replaced one by one; what they share is a message type.",
        violations,
    );
}

/// First folder or file below `src`: the agent that a source belongs to.
fn module_of(source: &Source) -> String {
    let below = source.path.split("/src/").nth(1).unwrap_or_default();
    below.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
}

#[test]
fn every_file_says_first_why_it_exists() {
    let wrong = |source: &Source| {
        let first = source.text.lines().next().unwrap_or_default();
        !first.starts_with("//! ") || first.contains("Placeholder")
    };
    let violations = sources().into_iter().filter(wrong).map(|source| source.path).collect();
    settle("A file opens with `//!` and one sentence on why it exists.", violations);
}

#[test]
fn files_stay_short_enough_to_read() {
    let mut violations = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            violations.push(format!("{}: {lines} lines", source.path));
        }
    }
    settle(
        "A file of more than 600 lines has more than one noun in it: make it a folder.",
        violations,
    );
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let violations = sources()
        .into_iter()
        .flat_map(|source| {
            let mut found = Vec::new();
            for (at, _) in source.code.match_indices("#[").chain(source.code.match_indices("#![")) {
                let attribute = source.code[at..].split(']').next().unwrap_or_default();
                let body = attribute.trim_start_matches(['#', '!', '[']).trim_start();
                let allowed = body.starts_with("allow");
                let silent = body.starts_with("expect") && !body.contains("reason =");
                if allowed || silent {
                    let number = source.code[..at].lines().count().max(1);
                    found.push(format!("{}:{number}: {attribute}]", source.path));
                }
            }
            found
        })
        .collect();
    settle(
        "`#[expect(lint, reason = \"…\")]` says why, and complains when it is no longer needed; \
         `#[allow]` stays for ever.",
        violations,
    );
}

#[test]
fn tests_neither_sleep_nor_are_they_ignored() {
    let mut violations =
        lines_that(|_, line| line.contains("#[ignore").then(|| "ignored".to_owned()));
    for source in sources() {
        let tests = if source.is_test() {
            0
        } else {
            source.code.find("\nmod tests {").unwrap_or(source.code.len())
        };
        let sleeps =
            ["sleep(", "sleep_until("].iter().any(|word| source.code[tests..].contains(word));
        violations.extend(sleeps.then(|| format!("{}: a test sleeps", source.path)));
    }
    settle(
        "A pause is too short on a busy machine and too long on an idle one: wait for the event, or \
         move the virtual clock. An ignored test guards nothing: mend it or delete it.",
        violations,
    );
}

#[test]
fn nothing_is_left_half_done() {
    let mut violations = lines_that(|_, line| {
        ["todo!", "unimplemented!", "dbg!"]
            .into_iter()
            .find(|word| line.contains(word))
            .map(|word| format!("`{word}`"))
    });
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    for source in sources() {
        let marked = source.text.lines().any(|line| marks.iter().any(|mark| has_word(line, mark)));
        violations.extend(marked.then(|| format!("{}: a mark of unfinished work", source.path)));
    }
    settle("Work that waits is an issue, not a comment or a panic.", violations);
}

#[test]
fn names_say_what_a_thing_is() {
    let mut violations: Vec<String> = sources()
        .iter()
        .filter(|source| EMPTY_NOUNS.contains(&source.noun()))
        .map(|source| format!("{}: name it after what it holds", source.path))
        .collect();
    violations.extend(lines_that(|_, line| {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.find(|word| ["struct", "enum", "trait", "type", "mod"].contains(word))?;
        let name = words.find(|word| !word.is_empty())?;
        let empty = ["Manager", "Helper", "Util", "Utils", "Helpers"];
        let wrong = empty.iter().any(|end| name.ends_with(end)) || EMPTY_NOUNS.contains(&name);
        wrong.then(|| format!("`{name}`"))
    }));
    settle(
        "A name that would fit anything collects everything; say what the thing is or does.",
        violations,
    );
}

#[test]
fn manifests_take_versions_and_lints_from_the_workspace() {
    let mut violations = Vec::new();
    for (name, manifest) in manifests() {
        let inherits = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool);
        if inherits != Some(true) {
            violations.push(format!("{name}: add `[lints]` with `workspace = true`"));
        }
        for (dependency, value) in dependencies(&manifest) {
            if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                violations.push(format!("{name}: write `{dependency}.workspace = true`"));
            }
        }
    }
    settle("One version of each library and one set of lints for the whole house.", violations);
}

/// Numbers that `code` gives to records: as a constant, or in the row of a macro, as in `CapaOpened 260 "capa.opened"`.
fn schemas(code: &str) -> Vec<u32> {
    const CONSTANT: &str = "const SCHEMA: u16 = ";
    let number = |text: &str| text.replace('_', "").parse().ok();
    let constants = code.split(CONSTANT).skip(1).filter_map(|rest| number(rest.split(';').next()?));
    let is_macro = code.contains(&format!("{CONSTANT}$"));
    let rows = code.lines().filter(|_| is_macro).filter_map(|line| {
        let mut words = line.trim().trim_end_matches(',').split_whitespace();
        let name = words.next()?;
        let value = number(words.next()?)?;
        (name.starts_with(char::is_uppercase) && words.next().is_none()).then_some(value)
    });
    constants.chain(rows).collect()
}

#[test]
fn no_two_records_have_one_schema_number() {
    let mut places_by_number: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for source in sources().into_iter().filter(|source| !source.is_test()) {
        let end = source.code.find("\nmod tests {").unwrap_or(source.code.len());
        for number in schemas(&source.code[..end]) {
            places_by_number.entry(number).or_default().push(source.path.clone());
        }
    }
    assert!(places_by_number.contains_key(&121), "no schema is found any more: mend this test");
    let twice = |number: &u32| SCHEMAS_TWICE.iter().any(|(known, _)| known == number);
    let violations = places_by_number.into_iter().filter(|(number, places)| match twice(number) {
        true => places.len() != 2,
        false => places.len() != 1,
    });
    let violations = violations.map(|(number, places)| format!("{number}: {}", places.join(", ")));
    settle(
        "The number at the beginning of a record says what it is: two records with one number are \
         taken for each other where a key or a subject goes wrong. Take one that is free.",
        violations.collect(),
    );
}

#[test]
fn a_failing_test_is_not_tried_again() {
    let config: toml::Table = read(".config/nextest.toml").parse().expect("nextest.toml is TOML");
    let profiles =
        config.get("profile").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let retried = profiles.iter().filter(|(_, profile)| {
        profile.get("retries").is_some_and(|retries| retries.as_integer() != Some(0))
    });
    let violations = retried.map(|(name, _)| format!("profile `{name}` retries")).collect();
    settle("A test that passes at the second try hides a bug at the first.", violations);
}
