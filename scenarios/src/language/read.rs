//! From a checked tree to a [`Scenario`]: files, includes and what the tables cannot say.

mod expecting;
mod steps;

use super::scenario::{Asset, Clock, Fleet, Given, History, Invariant, Scenario};
use super::scope::Names;
use super::shape::{Check, Record, Shape};
use super::source::{Problems, ScriptError, Source};
use super::vocabulary::Known;
use super::yaml::{self, Node, Value};
use super::{WITHIN_DEFAULT, words};
use crate::expression::Expression;
use crate::measure;
use messages::consent::Channel;
use messages::profile::Span;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use steps::Steps;

/// Where `include` finds files.
pub trait Files {
    /// The text of the file `name`.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&self, name: &str) -> Result<String, String>;
}

/// Files of a folder.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn read(&self, name: &str) -> Result<String, String> {
        let path = self.0.join(Path::new(name));
        std::fs::read_to_string(&path).map_err(|error| format!("`{}`: {error}", path.display()))
    }
}

/// Reads the script in `source`; `files` has what it includes, `known` the names of this build.
///
/// # Errors
/// [`ScriptError`] with everything that is wrong.
pub fn load(
    source: Arc<Source>,
    files: &dyn Files,
    known: &Known,
) -> Result<Scenario, ScriptError> {
    let mut problems = Problems::of(source.clone());
    let Some(node) = yaml::read(&mut problems) else { return Err(problems.into_error()) };
    if node.get("apiVersion").and_then(Node::text) == Some(words::STEPS_VERSION) {
        let place = node.get("apiVersion").map_or(node.place, |node| node.place);
        problems.advise(
            place,
            "this file holds steps for other scripts",
            "run a script that includes it",
        );
        return Err(problems.into_error());
    }
    check(&node, &words::SCENARIO, known, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into_error());
    }
    let scenario = Reader { files, known, problems: &mut problems }.scenario(&node, source);
    problems.settle(Some(scenario))
}

/// Compares `node` with `record`; what is wrong is added to `problems`.
fn check(node: &Node, record: &'static Record, known: &Known, problems: &mut Problems) {
    let mut check = Check { problems, known };
    check.check(record.name, node, &Shape::Record(record));
}

struct Reader<'r> {
    files: &'r dyn Files,
    known: &'r Known,
    problems: &'r mut Problems,
}

impl Reader<'_> {
    fn scenario(&mut self, node: &Node, source: Arc<Source>) -> Scenario {
        let clock = self.clock(node);
        let fleet = node.get("fleet").and_then(fleet);
        let within = node.get("defaults").and_then(|it| it.get("within"));
        let (mut steps, mut names) = (
            Steps {
                files: self.files,
                known: self.known,
                problems: self.problems,
                within: within.map_or(WITHIN_DEFAULT, span),
                has_fleet: fleet.is_some(),
                is_virtual: matches!(clock, Clock::Virtual(_)),
                included: vec![source.name.clone()],
            },
            Names::default(),
        );
        let told = steps.steps(node.get("steps"), &mut names);
        let always = steps.steps(node.get("always"), &mut names);
        Scenario {
            name: text(node, "name"),
            summary: text(node, "summary"),
            seed: node.get("seed").map_or(0, |node| whole(node).unsigned_abs()),
            clock,
            fleet,
            given: node
                .get("given")
                .map(|node| node.items().iter().map(given).collect())
                .unwrap_or_default(),
            invariants: self.invariants(node),
            steps: told,
            always,
            source,
        }
    }

    fn clock(&mut self, node: &Node) -> Clock {
        let Some(clock) = node.get("clock") else { return Clock::Real };
        let start = clock.get("start");
        if text(clock, "mode") == "real" {
            if let Some(start) = start {
                self.problems.add(start.place, "a real clock begins now: leave `start` out");
            }
            return Clock::Real;
        }
        match start.and_then(|start| start.text()?.parse().ok()) {
            Some(start) => Clock::Virtual(start),
            None => {
                let remedy = "start: \"2026-03-02T06:00:00Z\"";
                self.problems.advise(clock.place, "a virtual clock needs its `start`", remedy);
                Clock::Real
            }
        }
    }

    fn invariants(&mut self, node: &Node) -> Vec<Invariant> {
        let mut invariants: Vec<Invariant> = Vec::new();
        for item in node.get("invariants").map(Node::items).unwrap_or_default() {
            let (id, that) = (text(item, "id"), &item.get("that"));
            if invariants.iter().any(|other| other.id == id) {
                let place = item.get("id").map_or(item.place, |node| node.place);
                self.problems.add(place, format!("two invariants are called `{id}`"));
            }
            let that = that.and_then(measured);
            invariants.extend(that.map(|that| Invariant { place: item.place, id, that }));
        }
        invariants
    }
}

fn given(node: &Node) -> Given {
    let that = node.get("that").and_then(measured).expect("a checked condition is read");
    Given { place: node.place, that, because: text(node, "because") }
}

/// The condition in `node`, over measures.
fn measured(node: &Node) -> Option<Expression> {
    Expression::condition(node.text()?, &measure::VOCABULARY).ok()
}

fn fleet(node: &Node) -> Option<Fleet> {
    if !matches!(node.value, Value::Map(_)) {
        return None;
    }
    let history = node.get("history").filter(|node| matches!(node.value, Value::Map(_)));
    Some(Fleet {
        profile: text(node, "profile"),
        size: node.get("size").map_or(0, count),
        sample: node.get("sample").map(span).expect("a checked fleet has `sample`"),
        history: history.map(|node| History {
            days: node.get("days").map_or(0, count),
            population: node.get("population").map_or(0, count),
        }),
        owners_answer: node.get("owners").and_then(Node::text) == Some("answering"),
        assets: node.get("assets").map(Node::items).unwrap_or_default().iter().map(asset).collect(),
    })
}

fn asset(node: &Node) -> Asset {
    let field = |name: &str| node.get(name).and_then(Node::text).map(str::to_owned);
    Asset {
        asset: text(node, "asset"),
        model: field("model"),
        supplier: field("supplier"),
        batch: field("batch"),
        centre: field("centre"),
        owner: field("owner"),
        temperament: field("temperament"),
        consent: node.get("consent").map(|node| node.items().iter().filter_map(channel).collect()),
    }
}

fn channel(node: &Node) -> Option<Channel> {
    serde_json::from_value(node.text()?.into()).ok()
}

/// The text of field `name` of a checked record.
fn text(node: &Node, name: &str) -> String {
    node.get(name).and_then(Node::text).unwrap_or_default().to_owned()
}

/// The length of time in a checked node.
fn span(node: &Node) -> Duration {
    let span: Option<Span> = node.text().and_then(|text| text.parse().ok());
    span.expect("a checked length of time is read").duration()
}

fn whole(node: &Node) -> i64 {
    match node.value {
        Value::Whole(number) => number,
        _ => 0,
    }
}

/// The number in a checked node with a range within `u32`.
fn count(node: &Node) -> u32 {
    u32::try_from(whole(node)).expect("a checked number is in its range")
}
