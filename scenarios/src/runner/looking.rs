//! One expectation under way: what was seen of it, and what came closest.

use super::chronicle::Chronicle;
use super::event::Seen;
use crate::expression::{Expression, Scope};
use crate::language::template::{Bindings, Template};
use crate::language::{Expectation, Often, Subject};
use crate::measure::{Record, Sums, Thing, moved};
use messages::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is looked for, its names filled in.
#[derive(Clone, Debug)]
pub(super) enum Sought {
    Event {
        name: String,
        about: BTreeMap<&'static str, String>,
        often: Often,
    },
    State {
        thing: Thing,
        id: String,
        state: String,
    },
    Metric(Expression),
    /// Agents are asked, not looked for.
    Agents,
}

/// A search under way.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) sought: Sought,
    condition: Option<Expression>,
    /// The first record that counts.
    from: usize,
    /// The first record that was not looked at.
    next: usize,
    /// Records that fit.
    found: Vec<usize>,
    nearest: Option<Miss>,
    /// Why it cannot be told, when a condition asks for what is not there.
    undecided: Option<String>,
}

/// What came close.
#[derive(Clone, Debug)]
struct Miss {
    score: (usize, usize),
    text: String,
}

/// How far a search has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Not there yet.
    Open,
    /// Found: the record that settled it, if one did.
    Found(Option<usize>),
    /// It cannot succeed any more.
    Hopeless(String),
}

impl Sought {
    /// Fills the names of `subject`.
    pub(super) fn fill(subject: &Subject, bindings: &Bindings) -> Result<Self, String> {
        let state = |thing, id: &Template, state: &String| {
            Ok(Sought::State { thing, id: id.fill(bindings)?, state: state.clone() })
        };
        match subject {
            Subject::Event { name, about, often } => {
                let filled = about.iter().map(|(field, text)| Ok((*field, text.fill(bindings)?)));
                let about = filled.collect::<Result<_, String>>()?;
                Ok(Sought::Event { name: name.clone(), about, often: *often })
            }
            Subject::Case(id, wanted) => state(Thing::Case, id, wanted),
            Subject::Booking(id, wanted) => state(Thing::Booking, id, wanted),
            Subject::Asset(id, wanted) => state(Thing::Asset, id, wanted),
            Subject::Metric(measure) => Ok(Sought::Metric(measure.clone())),
            Subject::Agents(..) => Ok(Sought::Agents),
        }
    }
}

impl Look {
    /// A search that begins with the record `from`.
    pub(super) fn new(
        expectation: &Expectation,
        from: usize,
        bindings: &Bindings,
    ) -> Result<Self, String> {
        Ok(Self {
            sought: Sought::fill(&expectation.subject, bindings)?,
            condition: expectation.condition.clone(),
            from,
            next: from,
            found: Vec::new(),
            nearest: None,
            undecided: None,
        })
    }

    /// Looks at what is new; `over` says that its time has come to an end.
    pub(super) fn advance(
        &mut self,
        chronicle: &Chronicle,
        bindings: &Bindings,
        over: bool,
    ) -> Progress {
        match &self.sought {
            Sought::Metric(_) => return self.measure(chronicle, bindings),
            Sought::Agents => return Progress::Open,
            Sought::State { thing, id, state } if self.next == self.from => {
                let standing = chronicle.standings.of(*thing, id);
                let there = standing.filter(|(now, _)| now == state).map(|(_, index)| index);
                if let Some(index) = there
                    && self.fits(&chronicle.records()[index], bindings)
                {
                    return Progress::Found(Some(index));
                }
            }
            _ => {}
        }
        while let Some(record) = chronicle.records().get(self.next) {
            self.next += 1;
            if self.fits(record, bindings) {
                self.found.push(record.index);
                if let Some(progress) = self.settled(false) {
                    return progress;
                }
            }
        }
        self.settled(over).unwrap_or(Progress::Open)
    }

    /// Whether the number found settles it.
    fn settled(&self, over: bool) -> Option<Progress> {
        let often = match &self.sought {
            Sought::Event { often, .. } => *often,
            _ => Often::AtLeast(1),
        };
        let found = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
        let last = self.found.last().copied();
        if let Some(most) = often.most().filter(|most| found > *most) {
            let text = format!("{found} of them, at most {most} were expected");
            return Some(Progress::Hopeless(text));
        }
        let waits = matches!(often, Often::Between(..));
        if waits
            && over
            && let Some(undecided) = &self.undecided
        {
            return Some(Progress::Hopeless(format!("it cannot be told: {undecided}")));
        }
        (found >= often.least() && (!waits || over)).then_some(Progress::Found(last))
    }

    fn measure(&mut self, chronicle: &Chronicle, bindings: &Bindings) -> Progress {
        let Sought::Metric(measure) = &self.sought else { return Progress::Open };
        let sums = Sums { tally: &chronicle.tally, bindings };
        let value = match measure.value(&sums) {
            Ok(value) => value,
            Err(error) => return Progress::Hopeless(error.to_string()),
        };
        let measured = Measured { value, bindings };
        let verdict = self.condition.as_ref().map(|condition| condition.judge(&measured));
        match verdict.and_then(|verdict| verdict.failure()) {
            None => Progress::Found(None),
            Some(text) => {
                self.nearest = Some(Miss { score: (0, 0), text });
                Progress::Open
            }
        }
    }

    /// Whether `record` is one of those that are looked for; remembers how it misses.
    pub(super) fn fits(&mut self, record: &Record, bindings: &Bindings) -> bool {
        let (right, misses) = match &self.sought {
            Sought::Event { name, about, .. } => {
                if record.name() != name {
                    return false;
                }
                chosen(record, about)
            }
            Sought::State { thing, id, state } => match moved(record) {
                Some((kind, about, to)) if kind == *thing && about == id => {
                    let misses = (to != state).then(|| format!("its state is `{to}`"));
                    (usize::from(misses.is_none()), misses)
                }
                _ => return false,
            },
            _ => return false,
        };
        if let Some(text) = misses {
            self.miss(record, (right, 0), &text);
            return false;
        }
        let Some(condition) = self.condition.clone() else { return true };
        let mut held = false;
        for seen in Seen::all(record, bindings) {
            let verdict = condition.judge(&seen);
            held |= verdict.holds();
            if let Some(text) = verdict.failure() {
                if verdict.is_undecided() {
                    self.undecided = Some(text.clone());
                }
                self.miss(record, (right, verdict.held()), &text);
            }
        }
        held
    }

    fn miss(&mut self, record: &Record, score: (usize, usize), why: &str) {
        if self.nearest.as_ref().is_none_or(|known| known.score <= score) {
            let of = about(record);
            let text = format!("`{}` {of}at {}: {why}", record.name(), record.at());
            self.nearest = Some(Miss { score, text });
        }
    }

    /// What came closest, in words.
    pub(super) fn nearest(&self, chronicle: &Chronicle) -> Option<String> {
        if let Some(record) = self.found.last().map(|index| &chronicle.records()[*index]) {
            return Some(format!(
                "the last was `{}` {}at {}",
                record.name(),
                about(record),
                record.at()
            ));
        }
        if let Some(miss) = &self.nearest {
            return Some(miss.text.clone());
        }
        let Sought::Event { name, .. } = &self.sought else { return None };
        let earlier = chronicle.records()[..self.from].iter().rev().find(|it| it.name() == name);
        Some(match earlier {
            Some(record) => format!(
                "no `{name}` came in that time; the last one was {}at {}, before this step",
                about(record),
                record.at()
            ),
            None => format!("no `{name}` has ever been said in this story"),
        })
    }

    /// Values saved from the record that settled it.
    pub(super) fn save(
        &self,
        expectation: &Expectation,
        record: &Record,
        bindings: &Bindings,
    ) -> Result<Bindings, String> {
        let ways = Seen::all(record, bindings);
        let fitting = ways.iter().find(|seen| {
            self.condition.as_ref().is_none_or(|condition| condition.judge(*seen).holds())
        });
        let Some(seen) = fitting.or(ways.first()) else { return Ok(Bindings::new()) };
        let taken = expectation.save.iter().map(|(name, what)| {
            let value = what.value(seen).map_err(|error| format!("save `{name}`: {error}"))?;
            Ok((name.clone(), value))
        });
        taken.collect()
    }

    /// Whether it goes on being watched after it was found, and how many are too many.
    pub(super) fn watch(&self) -> Option<u32> {
        match &self.sought {
            Sought::Event { often: Often::Exactly(most), .. } => Some(*most),
            _ => None,
        }
    }

    /// How many were found.
    pub(super) fn found(&self) -> usize {
        self.found.len()
    }
}

/// Compares `record` with the fields that choose it: how many are right, and the first that is not.
fn chosen(record: &Record, about: &BTreeMap<&'static str, String>) -> (usize, Option<String>) {
    let mut right = 0;
    for (field, wanted) in about {
        let value = match *field {
            "by" => Some(record.envelope.source.clone()),
            "case" => record.case(),
            field => record.text(field).map(str::to_owned),
        };
        match value {
            Some(value) if value == *wanted => right += 1,
            Some(value) => {
                return (right, Some(format!("its {field} is `{value}`, not `{wanted}`")));
            }
            None => return (right, Some(format!("it names no {field}"))),
        }
    }
    (right, None)
}

/// "of VEH003 " or nothing.
fn about(record: &Record) -> String {
    let asset = record.asset().filter(|asset| !asset.is_empty());
    asset.map(|asset| format!("of {asset} ")).unwrap_or_default()
}

/// A measure, as the condition over it sees it.
struct Measured<'m> {
    value: Value,
    bindings: &'m Bindings,
}

impl Scope for Measured<'_> {
    fn field(&self, name: &str) -> Option<Value> {
        (name == "value").then(|| json!(self.value))
    }

    fn names(&self) -> Vec<String> {
        vec!["value".to_owned()]
    }

    fn bindings(&self) -> &Bindings {
        self.bindings
    }

    fn measure(&self, name: &str, _: &BTreeMap<String, Value>) -> Result<Value, String> {
        Err(format!("`{name}` belongs into `metric`"))
    }
}

/// An expectation that was met and must not be exceeded in its time.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub(super) look: Look,
    pub(super) most: u32,
    pub(super) until: Timestamp,
    pub(super) step: usize,
}
