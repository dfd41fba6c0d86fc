//! Tells operators what happens: who decided what, when and why, in a line each; what is internal is left out.

mod capas;
mod sentences;
mod steps;

pub use steps::{step_words, waited_words};

use crate::measure::Record;
use messages::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One line of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Who: an agent, an owner, a workshop.
    pub who: String,
    /// What, and why.
    pub text: String,
}

/// Knows by which names people call things.
#[derive(Clone, Debug, Default)]
pub struct Narrator {
    zone: Option<String>,
    case_names: BTreeMap<String, String>,
    /// The severity that was told of each asset's component.
    told: BTreeMap<(String, String), String>,
    /// What a person was last asked about each case.
    asked: BTreeMap<String, String>,
    /// Sentences that the owner of each case has heard.
    heard: BTreeSet<(String, String)>,
    /// The offers that were last told of each case.
    offered: BTreeMap<String, String>,
}

impl Narrator {
    /// The line of `record`, if it is worth one.
    pub fn hear(&mut self, record: &Record) -> Option<Line> {
        self.learn(record);
        let text = short_ids(&self.sentence(record)?);
        Some(Line { at: record.at(), who: who(record), text })
    }

    /// Takes note of names, also of what is not told.
    pub fn learn(&mut self, record: &Record) {
        match record.name() {
            "centre.registered" if self.zone.is_none() => {
                self.zone = record.text("zone").map(str::to_owned);
            }
            "case.opened" => {
                let text = |name: &str| record.text(name).unwrap_or_default();
                let name = format!("{} {}", text("asset"), text("component"));
                self.case_names.insert(text("case").to_owned(), name);
            }
            _ => {}
        }
    }

    /// Day and time for people, in the zone of the workshops.
    #[must_use]
    pub fn clock(&self, at: Timestamp) -> String {
        let zone = self.zone.as_deref().unwrap_or("UTC");
        let moment = jiff::Timestamp::from_millisecond(at.as_millis());
        let zoned = moment.ok().and_then(|moment| moment.in_tz(zone).ok());
        zoned.map_or_else(|| at.to_string(), |zoned| zoned.strftime("%a %d %b %H:%M").to_string())
    }

    /// The zone that [`Narrator::clock`] speaks in.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.zone.as_deref().unwrap_or("UTC")
    }

    /// A moment in a text, for people.
    fn moment(&self, value: &Value) -> Option<String> {
        Some(self.clock(value.as_str()?.parse().ok()?))
    }

    /// What people call the case of `record`.
    fn case(&self, record: &Record) -> String {
        let known = record.case().and_then(|id| self.case_names.get(&id).cloned());
        known.unwrap_or_else(|| record.asset().unwrap_or("a case").to_owned())
    }

    /// "Pune, bay 2, Tue 03 Mar 10:00 to 12:00".
    fn slot(&self, slot: &Value) -> Option<String> {
        let (from, to) = (self.moment(slot.get("from")?)?, self.moment(slot.get("to")?)?);
        let end = to.rsplit(' ').next().unwrap_or_default().to_owned();
        let name = slot.get("centre_name")?.as_str()?;
        Some(format!("{name}, bay {}, {from} to {end}", slot.get("bay")?))
    }
}

/// Letters of an id that people see; the command line takes them for the whole.
const ID_LETTERS: usize = 8;

/// `text` with each id cut to its first letters.
fn short_ids(text: &str) -> String {
    let is_of_id = |it: char| it.is_ascii_hexdigit() || it == '-';
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(from) = rest.find(is_of_id) {
        short.push_str(&rest[..from]);
        rest = &rest[from..];
        let until = rest.find(|it| !is_of_id(it)).unwrap_or(rest.len());
        let (word, left) = rest.split_at(until);
        let is_id = word.len() == 36 && uuid::Uuid::try_parse(word).is_ok();
        short.push_str(if is_id { &word[..ID_LETTERS] } else { word });
        rest = left;
    }
    short + rest
}

/// Who speaks, as people know them.
fn who(record: &Record) -> String {
    let named = |field: &str| record.text(field).map(str::to_owned);
    let known = match record.name() {
        "customer.replied" => named("owner"),
        "finding.recorded" | "failure.recorded" => named("by"),
        "case.decided" => named("by"),
        _ => None,
    };
    known.unwrap_or_else(|| record.envelope.source.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::{Encoding, Envelope, Message, MessageId, Provenance, Stream};

    fn escalated(index: usize, reason: &str) -> Record {
        let case = "6f9619ff-8b86-5d01-b42d-00cf4fc964ff";
        let remedy = format!("`aurorasync case approve {case}`");
        let data =
            serde_json::json!({ "case": case, "asset": "V1", "reason": reason, "remedy": remedy });
        let name = messages::case::CaseEscalated::NAME;
        let envelope = Envelope {
            id: MessageId::named("test", &index.to_string()),
            name: name.to_owned(),
            class: messages::case::CaseEscalated::CLASS,
            encoding: Encoding::Json,
            source: "master".to_owned(),
            key: "V1".to_owned(),
            time: Timestamp::EPOCH,
            provenance: Provenance::Simulated,
            case_id: None,
            causation_id: None,
            origin: None,
            addressed_to: None,
            traceparent: None,
            data: data.to_string().into_bytes().into(),
        };
        Record::new(index, Stream::Log, envelope.into())
    }

    #[test]
    fn a_person_is_asked_in_full_once_and_reminded_in_short() {
        let mut narrator = Narrator::default();
        let mut hear = |index, reason| narrator.hear(&escalated(index, reason)).unwrap().text;
        let first = hear(0, "no slot is left.");
        assert!(first.contains("no slot is left. What to do: `aurorasync case approve 6f9619ff`"));
        assert_eq!(hear(1, "no slot is left."), "V1: still waits for a person");
        assert!(hear(2, "the owner is angry.").contains("the owner is angry."));
    }

    #[test]
    fn ids_are_cut_to_what_the_command_line_takes_and_other_words_are_left() {
        let text =
            "`aurorasync case resolve 6f9619ff-8b86-5d01-b42d-00cf4fc964ff`: a bad-cafe face";
        assert_eq!(short_ids(text), "`aurorasync case resolve 6f9619ff`: a bad-cafe face");
    }
}
