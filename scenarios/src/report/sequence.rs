//! A run as a diagram (Mermaid): who said what to whom, in order.

use crate::narrator::Narrator;
use crate::runner::Played;
use std::fmt::Write;

/// Most messages in a diagram; beyond, nobody can read it.
const MESSAGES_MAX: usize = 300;

/// The messages that belong to a case, as a sequence diagram.
pub(super) fn sequence(played: &Played) -> String {
    let mut text = String::from("sequenceDiagram\n");
    let mut narrator = Narrator::default();
    let (mut drawn, mut left_out) = (0, 0);
    for record in played.chronicle.records() {
        let Some(line) = narrator.hear(record) else { continue };
        if record.case().is_none() && record.name() != "failure.predicted" {
            continue;
        }
        if drawn == MESSAGES_MAX {
            left_out += 1;
            continue;
        }
        drawn += 1;
        let (from, note) = (lane(&line.who), short(&line.text));
        let to = lane(listener(record.name()));
        writeln!(text, "    {from}->>{to}: {} {note}", narrator.clock(line.at))
            .expect("a string takes every line");
    }
    if left_out > 0 {
        writeln!(text, "    Note over master: {left_out} more are in events.ndjson")
            .expect("a string takes every line");
    }
    text
}

/// Whom a message is meant for.
fn listener(name: &str) -> &'static str {
    match name {
        "customer.contacted" => "owner",
        "customer.replied" => "engagement",
        "finding.recorded" => "feedback",
        _ => "master",
    }
}

/// A lane of the diagram: one for all owners, one for all workshops.
fn lane(who: &str) -> String {
    if who.starts_with("OWN") {
        return "owner".to_owned();
    }
    if who.starts_with("workshop") {
        return "workshop".to_owned();
    }
    who.replace(' ', "_")
}

fn short(text: &str) -> String {
    let plain: String =
        text.chars().map(|c| if matches!(c, ';' | '#' | '\n') { ',' } else { c }).collect();
    if plain.chars().count() > 120 {
        let cut: String = plain.chars().take(119).collect();
        return cut + "…";
    }
    plain
}
