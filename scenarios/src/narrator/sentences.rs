//! One sentence for each kind of message that people care about.

use super::Narrator;
use crate::measure::Record;
use serde_json::Value;

impl Narrator {
    /// What `record` says, for people.
    pub(super) fn sentence(&mut self, record: &Record) -> Option<String> {
        let text = |name: &str| record.text(name).unwrap_or_default();
        Some(match record.name() {
            "failure.predicted" => return self.predicted(record),
            "prediction.cleared" => format!(
                "the {} of {} is no longer expected to fail: {}",
                text("component"),
                text("asset"),
                spoken(text("reason"))
            ),
            "sensor.faulted" => {
                let sensor = format!("the sensor {} of {}", spoken(text("channel")), text("asset"));
                match record.fields().get("cleared_at").filter(|at| !at.is_null()) {
                    Some(_) => format!("{sensor} can be trusted again"),
                    None => format!("{sensor} cannot be trusted: {}", spoken(text("kind"))),
                }
            }
            "asset.silent" => format!("{} has fallen silent", text("asset")),
            "case.escalated" => self.escalated(record),
            name if name.starts_with("case.") => return self.about_case(record),
            name if name.starts_with("booking.") || name == "slots.offered" => {
                return self.about_booking(record);
            }
            "customer.contacted" => {
                let (owner, purpose) = (text("owner"), spoken(text("purpose")));
                let said = self.news(&record.case().unwrap_or_default(), text("text"));
                format!("reaches {owner} by {} ({purpose}): “{said}”", text("channel"))
            }
            "customer.replied" => format!("“{}”", one_line(text("text"))),
            "customer.responded" => self.responded(record),
            "contact.suppressed" => {
                format!("does not contact {}: {}", text("owner"), text("detail"))
            }
            "contact.failed" => format!("cannot reach {}: {}", text("owner"), text("reason")),
            "command.unanswered" => format!(
                "{}: {} does not answer {}",
                self.case(record),
                text("asked_of"),
                text("command")
            ),
            "agent.degraded" => degraded(record),
            "agent.recovered" => format!("{} answers again", text("agent")),
            "effect.concluded" => return uncertain(record),
            "finding.recorded" => found(record),
            "failure.recorded" => {
                format!("the {} of {} failed in use", text("component"), text("asset"))
            }
            "prediction.verified" => verified(record),
            "pattern.found" | "recall.suggested" => return self.about_capa(record),
            name if name.starts_with("capa.") => return self.about_capa(record),
            "detector.demoted" => {
                format!("takes {} as advice only: {}", text("detector"), text("reason"))
            }
            "detector.promoted" => {
                format!("lets {} open cases again: {}", text("detector"), text("reason"))
            }
            "behaviour.flagged" => flagged(record),
            "principal.contained" => self.contained(record),
            "principal.released" => {
                format!("{} is free again: {}", text("principal"), text("reason"))
            }
            "message.dead" => format!("sets a message aside: {}", text("reason")),
            _ => return None,
        })
    }

    fn contained(&self, record: &Record) -> String {
        let text = |name: &str| record.text(name).unwrap_or_default();
        let until = record.fields().get("until").and_then(|until| self.moment(until));
        let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
        let level = spoken(text("level"));
        format!("contains {}: {level}{until}", text("principal"))
    }

    /// Only what is new: a component, or another severity of one.
    fn predicted(&mut self, record: &Record) -> Option<String> {
        let asset = record.asset()?.to_owned();
        let mut told = Vec::new();
        for hypothesis in record.fields().get("hypotheses")?.as_array()? {
            let component = hypothesis.get("component")?.as_str()?.to_owned();
            let severity = hypothesis.get("advice")?.get("severity")?.as_str()?.to_owned();
            let known = (asset.clone(), component.clone());
            if self.told.insert(known, severity.clone()).as_ref() == Some(&severity) {
                continue;
            }
            let percent = hypothesis.get("probability")?.as_f64()? * 100.0;
            let horizon = days(record.fields().get("horizon_hours")?.as_f64()?);
            let left = hypothesis
                .get("remaining_useful_life")
                .and_then(|it| it.get("median_hours")?.as_f64());
            let left =
                left.map(|hours| format!(", about {} left", days(hours))).unwrap_or_default();
            let why = reasons(hypothesis);
            told.push(format!(
                "the {component} of {asset} will fail within {horizon} with {percent:.0} %{left} ({severity}){why}"
            ));
        }
        (!told.is_empty()).then(|| told.join("; "))
    }

    fn about_case(&self, record: &Record) -> Option<String> {
        let (text, case) = (|name: &str| record.text(name).unwrap_or_default(), self.case(record));
        let value = |name: &str| record.fields().get(name);
        Some(match record.name() {
            "case.opened" => {
                let due = value("due_at").and_then(|due| self.moment(due)).unwrap_or_default();
                format!("opens a case: {case}, {}, to be seen to by {due}", text("severity"))
            }
            // Told by what opens, closes and escalates a case itself.
            "case.advanced" if ["opened", "closed", "escalated"].contains(&text("to")) => {
                return None;
            }
            // Told by the workshops' own words.
            "case.advanced"
                if text("to") == "in_service" && text("from") != "in_service"
                    || text("to") == "booked" && text("from") == "scheduling" =>
            {
                return None;
            }
            "case.advanced" => {
                let until = value("deadline").and_then(|until| self.moment(until));
                let until = until.map(|until| format!(", until {until}")).unwrap_or_default();
                format!("{case}: {}{until}. {}", spoken(text("to")), text("reason"))
            }
            "case.closed" => {
                format!("{case}: closed, {}. {}", spoken(text("outcome")), text("reason"))
            }
            "case.decided" => format!("{case}: a person has decided"),
            _ => return None,
        })
    }

    /// What the owner of `case` has not been told before; the rest is left out and marked so.
    fn news(&mut self, case: &str, text: &str) -> String {
        let text = one_line(text);
        let mut told: Vec<&str> = Vec::new();
        for sentence in sentences(&text) {
            if self.heard.insert((case.to_owned(), sentence.to_owned())) {
                told.push(sentence);
            } else if told.last() != Some(&LEFT_OUT) {
                told.push(LEFT_OUT);
            }
        }
        told.join(" ")
    }

    /// In full once; later as a reminder.
    fn escalated(&mut self, record: &Record) -> String {
        let (text, case) = (|name: &str| record.text(name).unwrap_or_default(), self.case(record));
        let asked = format!("asks a person. {} What to do: {}", text("reason"), text("remedy"));
        let before = self.asked.insert(record.case().unwrap_or_default(), asked.clone());
        let reminder = record.fields().get("reminder").and_then(Value::as_u64);
        let is_known = before.is_some_and(|before| before == asked || reminder > Some(0));
        if is_known {
            format!("{case}: still waits for a person")
        } else {
            format!("{case}: {asked}")
        }
    }

    fn about_booking(&mut self, record: &Record) -> Option<String> {
        if record.name() == "slots.offered" {
            return self.offered(record);
        }
        let (text, case) = (|name: &str| record.text(name).unwrap_or_default(), self.case(record));
        let slot = |name: &str| record.fields().get(name).and_then(|slot| self.slot(slot));
        Some(match record.name() {
            "booking.confirmed" => format!("{case}: booked, {}", slot("slot")?),
            "booking.moved" => {
                format!(
                    "{case}: moved from {} to {}, because {}",
                    slot("before")?,
                    slot("slot")?,
                    text("reason")
                )
            }
            "booking.cancelled" => {
                format!("{case}: cancelled, {}, because {}", slot("slot")?, text("reason"))
            }
            "booking.refused" => format!("{case}: refused, {}", text("detail")),
            "booking.missed" => format!("{case}: nobody came"),
            "booking.expired" => format!("{case}: the held slot is free again"),
            "booking.started" => format!("{case}: at the workshop"),
            _ => return None,
        })
    }

    fn offered(&mut self, record: &Record) -> Option<String> {
        let case = self.case(record);
        let offers = record.fields().get("offers")?.as_array()?;
        if offers.is_empty() {
            let relax = record.fields().get("relax")?.as_array()?;
            let relax: Vec<String> = relax.iter().filter_map(|it| self.relaxation(it)).collect();
            return Some(format!("{case}: no slot; there would be one {}", relax.join(", or ")));
        }
        let slots: Vec<String> =
            offers.iter().filter_map(|it| self.slot(it.get("slot")?)).collect();
        let offered = slots.join("; ");
        let before = self.offered.insert(record.case().unwrap_or_default(), offered.clone());
        let is_known = before.as_ref() == Some(&offered);
        Some(format!("{case}: offers {}", if is_known { "the same slots again" } else { &offered }))
    }

    fn relaxation(&self, relaxation: &Value) -> Option<String> {
        let constraint = relaxation.get("constraint")?.as_str()?;
        let first = relaxation.get("first_at").and_then(|first| self.moment(first));
        Some(match first {
            Some(first) => format!("{constraint} (from {first})"),
            None => constraint.to_owned(),
        })
    }

    fn responded(&self, record: &Record) -> String {
        let text = |name: &str| record.text(name).unwrap_or_default();
        let when = record.fields().get("when").and_then(|when| self.moment(when.get("from")?));
        let when = when.map(|when| format!(", for {when}")).unwrap_or_default();
        let words: Vec<String> = record
            .fields()
            .get("evidence")
            .and_then(Value::as_array)
            .map(|words| {
                let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
                let is_part = |it: &&&str| words.iter().any(|of| of != *it && of.contains(**it));
                let whole = words.iter().filter(|it| !is_part(it));
                whole.map(|it| format!("“{it}”")).collect()
            })
            .unwrap_or_default();
        let because =
            if words.is_empty() { String::new() } else { format!(" (from {})", words.join(", ")) };
        format!("understands {}: {}{when}{because}", text("owner"), spoken(text("intent")))
    }
}

/// The two weightiest reasons of a hypothesis.
fn reasons(hypothesis: &Value) -> String {
    let all = hypothesis.get("contributions").and_then(Value::as_array);
    let named = all
        .into_iter()
        .flatten()
        .filter(|it| it.get("amount").and_then(Value::as_f64).is_some_and(|amount| amount > 0.0));
    let told: Vec<String> = named
        .take(2)
        .filter_map(|it| {
            Some(format!("{} {}", spoken(it.get("name")?.as_str()?), it.get("value")?.as_str()?))
        })
        .collect();
    if told.is_empty() { String::new() } else { format!(", because of {}", told.join(" and ")) }
}

fn found(record: &Record) -> String {
    let text = |name: &str| record.text(name);
    let examined = format!(
        "examined the {} of {}",
        text("examined").unwrap_or_default(),
        record.asset().unwrap_or_default()
    );
    let Some(component) = text("component") else {
        let cause = text("cause").map(|cause| format!(" ({cause})")).unwrap_or_default();
        return format!("{examined}: no fault found{cause}");
    };
    let details = [("cause", text("cause")), ("part", text("part")), ("batch", text("batch"))];
    let details: Vec<String> = details
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", spoken(value?))))
        .collect();
    format!("{examined}: found {component}, {}", details.join(", "))
}

fn verified(record: &Record) -> String {
    let text = |name: &str| record.text(name).unwrap_or_default();
    let about = format!("{} {}", text("asset"), text("component"));
    let lead = record.fields().get("lead_hours").and_then(Value::as_f64);
    let lead = lead.map(|hours| format!(", {} ahead", days(hours))).unwrap_or_default();
    match text("outcome") {
        "true_positive" => format!("{about}: the prediction was right{lead}"),
        "false_positive" => format!("{about}: the prediction was wrong"),
        "false_negative" => format!("{about}: the failure was not foreseen"),
        _ => format!("{about}: whether the prediction was right cannot be told"),
    }
}

fn degraded(record: &Record) -> String {
    let waiting = record.fields().get("cases").and_then(Value::as_array).map_or(0, Vec::len);
    let agent = record.text("agent").unwrap_or_default();
    format!("{agent} is degraded: it leaves commands unanswered; cases that wait for it: {waiting}")
}

fn uncertain(record: &Record) -> Option<String> {
    let uncertain = record.fields().get("conclusion")?.get("uncertain")?;
    let reason = uncertain.get("reason").and_then(Value::as_str).unwrap_or_default();
    Some(format!("nobody knows whether a contact happened: {reason}"))
}

/// Hours for people.
fn days(hours: f64) -> String {
    if hours >= 48.0 { format!("{:.0} days", hours / 24.0) } else { format!("{hours:.0} hours") }
}

/// A name without its underscores.
fn spoken(name: &str) -> String {
    name.replace('_', " ")
}

/// Stands for sentences that were told before.
const LEFT_OUT: &str = "…";

/// The sentences of `text`; a point within a number or a time ends none.
fn sentences(text: &str) -> Vec<&str> {
    let ends = text.match_indices(['.', '?', '!']).map(|(at, end)| at + end.len());
    let mut found = Vec::new();
    let mut from = 0;
    for end in ends.filter(|end| text[*end..].is_empty() || text[*end..].starts_with(' ')) {
        found.push(text[from..end].trim());
        from = end;
    }
    found.push(text[from..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn flagged(record: &Record) -> String {
    let risk = record.fields().get("risk").and_then(Value::as_f64).unwrap_or_default();
    format!("{} (risk {risk:.0})", record.text("summary").unwrap_or_default().replace('`', ""))
}
