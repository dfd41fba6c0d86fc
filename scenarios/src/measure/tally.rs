//! Adds the log up, record by record: what `given`, `invariants` and `expect metric` ask.

use super::bookings::Bookings;
use super::record::Record;
use crate::expression::Scope;
use crate::language::template::Bindings;
use messages::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long after a case's deadline something must have happened.
pub const DEADLINE_GRACE: Duration = Duration::from_secs(300);

/// A failure and a finding of the same component within so long are one failure.
pub const SAME_FAILURE_MAX: Duration = Duration::from_secs(14 * 86_400);

/// Sums over the log so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    now: Timestamp,
    cases: BTreeMap<String, Case>,
    duplicated: u64,
    escalated: u64,
    bookings: Bookings,
    contacts: Vec<Contact>,
    contacted: BTreeSet<(String, String)>,
    repeated: u64,
    counted: BTreeMap<Counted, u64>,
    uncertain: u64,
    failures: Vec<Failure>,
    assets: BTreeMap<String, Asset>,
    findings: BTreeSet<String>,
    contained: BTreeSet<String>,
    refused: u64,
}

/// Messages are counted by name, key and who said them.
type Counted = (String, String, String);

#[derive(Clone, Debug)]
struct Case {
    asset: String,
    component: String,
    severity: String,
    state: String,
    deadline: Option<Timestamp>,
}

#[derive(Clone, Debug)]
struct Contact {
    fields: BTreeMap<&'static str, String>,
}

#[derive(Clone, Debug)]
struct Failure {
    asset: String,
    component: String,
    batch: Option<String>,
    at: Timestamp,
}

#[derive(Clone, Debug)]
struct Asset {
    batch: Option<String>,
    supplier: Option<String>,
    model: Option<String>,
    profile: String,
}

/// States in which nobody waits for a deadline: ended, or with a person.
const AT_REST: [&str; 4] = ["closed", "cancelled", "escalated", "uncertain"];

impl Tally {
    /// Takes in one more record.
    pub fn take(&mut self, record: &Record) {
        self.now = self.now.max(record.at());
        let envelope = &record.envelope;
        let counted = (envelope.name.clone(), envelope.key.clone(), envelope.source.clone());
        *self.counted.entry(counted).or_default() += 1;
        match record.name() {
            "case.opened" => self.opened(record),
            "case.advanced" => {
                let state = record.text("to").unwrap_or_default().to_owned();
                let deadline = record.text("deadline").and_then(|text| text.parse().ok());
                self.advanced(record, &state, deadline);
            }
            "case.escalated" => {
                self.escalated += 1;
                self.advanced(record, "escalated", None);
            }
            "case.closed" => self.advanced(record, "closed", None),
            "customer.contacted" => self.contacted(record),
            "effect.concluded" => {
                let ended = record.fields().get("conclusion");
                self.uncertain += u64::from(ended.is_some_and(|it| it.get("uncertain").is_some()));
            }
            "failure.recorded" => self.failed(record, "failed_at"),
            "finding.recorded" => self.failed(record, "found_at"),
            "asset.registered" => self.registered(record),
            "asset.retired" => {
                self.assets.remove(&record.envelope.key);
            }
            "behaviour.flagged" => {
                self.findings.extend(record.text("finding").map(str::to_owned));
            }
            "principal.contained" => {
                self.contained.insert(envelope.key.clone());
            }
            "access.denied" => {
                let count = record.fields().get("count").and_then(Value::as_u64);
                self.refused += count.unwrap_or_default();
            }
            name if name.starts_with("booking.") => self.bookings.take(record),
            _ => {}
        }
    }

    /// Lets time pass: a deadline is missed by silence.
    pub fn pass(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    fn opened(&mut self, record: &Record) {
        let (Some(id), Some(asset), Some(component)) =
            (record.text("case"), record.asset(), record.text("component"))
        else {
            return;
        };
        let same =
            |case: &&Case| case.asset == asset && case.component == component && !case.has_ended();
        self.duplicated += u64::from(self.cases.values().find(same).is_some());
        let case = Case {
            asset: asset.to_owned(),
            component: component.to_owned(),
            severity: record.text("severity").unwrap_or_default().to_owned(),
            state: "opened".to_owned(),
            deadline: record.text("due_at").and_then(|text| text.parse().ok()),
        };
        self.cases.insert(id.to_owned(), case);
    }

    fn advanced(&mut self, record: &Record, state: &str, deadline: Option<Timestamp>) {
        let id = record.text("case").unwrap_or_default();
        if let Some(case) = self.cases.get_mut(id) {
            state.clone_into(&mut case.state);
            case.deadline = deadline;
        }
    }

    fn contacted(&mut self, record: &Record) {
        let field = |name: &'static str| Some((name, record.text(name)?.to_owned()));
        let fields = ["case", "asset", "owner", "channel", "purpose"].into_iter().filter_map(field);
        self.contacts.push(Contact { fields: fields.collect() });
        let step = record.text("step").unwrap_or_default().to_owned();
        let case = record.case().unwrap_or_default();
        self.repeated += u64::from(!self.contacted.insert((case, step)));
    }

    fn failed(&mut self, record: &Record, at: &str) {
        let (Some(asset), Some(component)) = (record.asset(), record.text("component")) else {
            return;
        };
        let at = record.text(at).and_then(|text| text.parse().ok()).unwrap_or(record.at());
        let batch = record.text("batch").map(str::to_owned);
        let same = |known: &&mut Failure| {
            let apart = at.since(known.at).max(known.at.since(at));
            known.asset == asset && known.component == component && apart <= SAME_FAILURE_MAX
        };
        match self.failures.iter_mut().rev().find(same) {
            Some(known) => known.batch = known.batch.take().or(batch),
            None => {
                let (asset, component) = (asset.to_owned(), component.to_owned());
                self.failures.push(Failure { asset, component, batch, at });
            }
        }
    }

    fn registered(&mut self, record: &Record) {
        let text = |name: &str| record.text(name).map(str::to_owned);
        let asset = Asset {
            batch: text("batch"),
            supplier: text("supplier"),
            model: text("model"),
            profile: text("profile").unwrap_or_default(),
        };
        self.assets.insert(record.envelope.key.clone(), asset);
    }

    fn count(&self, name: &str) -> u64 {
        let of_name = self.counted.range((name.to_owned(), String::new(), String::new())..);
        of_name.take_while(|((found, ..), _)| found == name).map(|(_, count)| count).sum()
    }

    /// Open cases whose deadline passed and nothing happened.
    #[must_use]
    pub fn lost(&self) -> Vec<&str> {
        let overdue = |case: &Case| {
            let deadline = case.deadline.map(|deadline| deadline.saturating_add(DEADLINE_GRACE));
            !AT_REST.contains(&&*case.state) && deadline.is_none_or(|deadline| self.now > deadline)
        };
        let lost = self.cases.iter().filter(|(_, case)| overdue(case));
        lost.map(|(id, _)| id.as_str()).collect()
    }

    fn group(&self, name: &str) -> Option<Value> {
        let ended = self.cases.values().filter(|case| case.has_ended()).count();
        Some(match name {
            "cases" => json!({
                "opened": self.cases.len(),
                "open": self.cases.len() - ended,
                "closed": ended,
                "lost": self.lost().len(),
                "duplicated": self.duplicated,
                "escalated": self.escalated,
            }),
            "bookings" => json!({
                "confirmed": self.count("booking.confirmed"),
                "live": self.bookings.live(),
                "completed": self.count("booking.completed"),
                "overlaps": self.bookings.overlaps(),
            }),
            "contacts" => json!({ "made": self.contacts.len(), "repeated": self.repeated }),
            "effects" => json!({
                "attempted": self.count("effect.attempted"),
                "uncertain": self.uncertain,
            }),
            "predictions" => json!({ "made": self.count("failure.predicted") }),
            "letters" => json!({ "dead": self.count("message.dead") }),
            "telemetry" => json!({ "quarantined": self.count("telemetry.quarantined") }),
            "principals" => {
                json!({ "flagged": self.findings.len(), "contained": self.contained.len() })
            }
            "access" => json!({ "refused": self.refused }),
            _ => return None,
        })
    }

    fn called(&self, name: &str, asked: &BTreeMap<String, Value>) -> Option<usize> {
        let is = |field: &str, value: Option<&str>| {
            asked.get(field).is_none_or(|wanted| wanted.as_str() == value)
        };
        let count = match name {
            "failures" => {
                let fits = |failure: &&Failure| {
                    let asset = self.assets.get(&failure.asset);
                    let own =
                        |of: fn(&Asset) -> &Option<String>| asset.and_then(|it| of(it).as_deref());
                    is("asset", Some(&failure.asset))
                        && is("component", Some(&failure.component))
                        && is("batch", failure.batch.as_deref().or_else(|| own(|it| &it.batch)))
                        && is("supplier", own(|it| &it.supplier))
                        && is("model", own(|it| &it.model))
                };
                self.failures.iter().filter(fits).count()
            }
            "cases" => {
                let fits = |case: &&Case| {
                    is("asset", Some(&case.asset))
                        && is("component", Some(&case.component))
                        && is("severity", Some(&case.severity))
                        && is("state", Some(&case.state))
                };
                self.cases.values().filter(fits).count()
            }
            "contacts" => {
                let fits = |contact: &&Contact| {
                    asked.keys().all(|field| {
                        is(field, contact.fields.get(field.as_str()).map(String::as_str))
                    })
                };
                self.contacts.iter().filter(fits).count()
            }
            "events" => {
                let fits = |((name, key, by), _): &(&Counted, &u64)| {
                    is("name", Some(name)) && is("key", Some(key)) && is("by", Some(by))
                };
                let fitting = self.counted.iter().filter(fits).map(|(_, count)| count);
                usize::try_from(fitting.sum::<u64>()).ok()?
            }
            "assets" => {
                let fits = |asset: &&Asset| {
                    is("batch", asset.batch.as_deref())
                        && is("supplier", asset.supplier.as_deref())
                        && is("model", asset.model.as_deref())
                        && is("profile", Some(&asset.profile))
                };
                self.assets.values().filter(fits).count()
            }
            _ => return None,
        };
        Some(count)
    }
}

impl Case {
    fn has_ended(&self) -> bool {
        self.state == "closed" || self.state == "cancelled"
    }
}

/// The sums, as conditions see them.
pub struct Sums<'t> {
    /// The sums.
    pub tally: &'t Tally,
    /// What was saved.
    pub bindings: &'t Bindings,
}

impl Scope for Sums<'_> {
    fn field(&self, name: &str) -> Option<Value> {
        self.tally.group(name)
    }

    fn names(&self) -> Vec<String> {
        let mut groups: Vec<String> = super::MEASURES
            .iter()
            .filter_map(|(name, ..)| Some(name.split_once('.')?.0.to_owned()))
            .collect();
        groups.dedup();
        groups
    }

    fn bindings(&self) -> &Bindings {
        self.bindings
    }

    fn measure(&self, name: &str, asked: &BTreeMap<String, Value>) -> Result<Value, String> {
        let count = self.tally.called(name, asked);
        count.map(Value::from).ok_or_else(|| format!("nothing is measured as `{name}`"))
    }
}
