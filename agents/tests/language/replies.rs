//! What owners write, and what it must be taken for: a table of replies, measured and held to "no wrong action".

use agents::engagement::moment::{QuietHours, When, zone};
use agents::engagement::understanding::{Context, Offer, Reader, Understood};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use messages::Timestamp;
use messages::contact::Intent;
use std::collections::BTreeMap;

const TABLE: &str = include_str!("english.txt");
/// Least share of replies that are understood as expected; the lexicon was tuned on the table.
const SHARE_MIN: f64 = 0.97;

/// What `A`, `O` and `M` at the beginning of a line offer, local time.
const OFFERS: &[(&str, &[&str])] = &[
    ("A", &[]),
    ("O", &["2026-03-03T09:30", "2026-03-05T14:00", "2026-03-06T17:30"]),
    ("M", &["2026-03-03T10:00", "2026-03-03T11:30", "2026-03-05T17:00"]),
];
/// When every reply came, local time.
const NOW: &str = "2026-03-02T15:00";

/// A line of a table.
struct Row<'a> {
    situation: &'a str,
    intent: &'a str,
    slot: &'a str,
    time: &'a str,
    reply: &'a str,
}

fn kolkata() -> TimeZone {
    zone("Asia/Kolkata").expect("a zone of the database")
}

fn moment(local: &str) -> Timestamp {
    let local: DateTime = local.parse().expect("a local time");
    let zoned = local.to_zoned(kolkata()).expect("a time of this zone");
    Timestamp::from_millis(zoned.timestamp().as_millisecond()).expect("in range")
}

fn rows(table: &str) -> Vec<Row<'_>> {
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.splitn(5, "; ").collect();
            let [situation, intent, slot, time, reply] = fields[..] else {
                panic!("`{line}` has not five fields");
            };
            Row { situation, intent, slot, time, reply }
        })
        .collect()
}

fn understood(reader: &Reader, row: &Row<'_>) -> Understood {
    let (_, starts) = OFFERS.iter().find(|(name, _)| *name == row.situation).expect("a situation");
    let offers: Vec<Offer> = starts
        .iter()
        .map(|start| {
            let from = moment(start);
            Offer { from, to: from.saturating_add(std::time::Duration::from_secs(3600)) }
        })
        .collect();
    let zone = kolkata();
    let context =
        Context { offers: &offers, zone: &zone, now: moment(NOW), quiet: QuietHours::default() };
    reader.understand(row.reply, &context)
}

/// Whether the time is the expected one; an empty field is not compared, an open end neither.
fn time_fits(expected: &str, found: Option<&When>) -> bool {
    match (expected, found) {
        ("", Some(_)) | ("-", None) => true,
        ("" | "-", _) | (_, None) => false,
        (expected, Some(found)) => {
            let (from, to) = expected.split_once('/').expect("a window is `from/to`");
            moment(from) == found.from && (to.is_empty() || moment(to) == found.to)
        }
    }
}

/// Taking one of these for one of those does harm, not only delay.
fn is_wrong_action(expected: &str, found: Intent) -> bool {
    let acts = |intent: &str| ["accept", "choose_slot"].contains(&intent);
    let rests = ["defer", "decline", "unclear", "opt_out", "wrong_person", "reschedule", "human"];
    let asks = ["ask_cost", "ask_safety", "ask_reason"];
    let found = found.name();
    (acts(found) && (rests.contains(&expected) || asks.contains(&expected)))
        || (found == "decline" && expected != "decline")
        || (found == "defer" && ["decline", "opt_out", "accept", "choose_slot"].contains(&expected))
        || (found == "opt_out" && expected != "opt_out")
        || (expected == "opt_out" && found != "opt_out")
}

/// What came out for a table.
struct Outcome {
    rows: usize,
    right: usize,
    wrong_actions: Vec<String>,
    wrong_slots: Vec<String>,
}

#[expect(
    clippy::print_stdout,
    reason = "whoever runs it with --nocapture sees what was not understood"
)]
fn measured(table: &str) -> Outcome {
    let reader = Reader::of("en");
    let mut confusion: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut outcome =
        Outcome { rows: 0, right: 0, wrong_actions: Vec::new(), wrong_slots: Vec::new() };
    for row in rows(table) {
        let found = understood(&reader, &row);
        let same = found.intent.name() == row.intent;
        let slot = found.slot.map_or("-".to_owned(), |slot| (slot + 1).to_string());
        let slot_fits = slot == row.slot;
        let time_counts = ["accept", "choose_slot", "defer", "reschedule"].contains(&row.intent);
        let fits = same && slot_fits && (!time_counts || time_fits(row.time, found.time.as_ref()));
        outcome.rows += 1;
        outcome.right += usize::from(fits);
        if !same {
            *confusion.entry((row.intent, found.intent.name())).or_default() += 1;
        }
        let told =
            format!("{} `{}`: expected {}, got {found:?}", row.situation, row.reply, row.intent);
        if !fits {
            println!("{told} (slot {}, time {})", row.slot, row.time);
        }
        if is_wrong_action(row.intent, found.intent) {
            outcome.wrong_actions.push(told);
        } else if found.intent == Intent::ChooseSlot && !slot_fits {
            outcome.wrong_slots.push(told);
        }
    }
    for ((expected, found), count) in &confusion {
        println!("{expected} taken for {found}: {count}");
    }
    println!("{} of {} as expected", outcome.right, outcome.rows);
    outcome
}

#[expect(clippy::cast_precision_loss, reason = "tables have hundreds of rows")]
fn share(outcome: &Outcome) -> f64 {
    outcome.right as f64 / outcome.rows as f64
}

#[test]
fn replies_are_understood_and_none_leads_to_a_wrong_action() {
    let outcome = measured(TABLE);
    assert!(outcome.rows >= 250, "{} rows", outcome.rows);
    assert_eq!(outcome.wrong_actions, [""; 0], "wrong actions");
    assert_eq!(outcome.wrong_slots, [""; 0], "wrong slots");
    assert!(share(&outcome) >= SHARE_MIN, "{} of {}", outcome.right, outcome.rows);
}

/// What simulated owners say, written by whoever made them.
const SIMULATED: &str = include_str!("../../../profiles/simulation/owners.toml");

#[test]
fn simulated_owners_are_understood() {
    let table: toml::Table = SIMULATED.parse().expect("the file is TOML");
    let phrases = table["phrases"].as_table().expect("phrases by intent");
    let mut lines = Vec::new();
    for (intent, phrases) in phrases {
        for phrase in phrases.as_array().expect("phrases") {
            let phrase = phrase.as_str().expect("a phrase");
            let (situation, slot) = if intent == "choose_slot" { ("O", "2") } else { ("A", "-") };
            lines.push(format!(
                "{situation}; {intent}; {slot}; ; {}",
                phrase.replace("{slot}", "second")
            ));
        }
    }
    let (reader, text) = (Reader::of("en"), lines.join("\n"));
    let mut wrong = Vec::new();
    for row in rows(&text) {
        let found = understood(&reader, &row);
        let fits = match row.intent {
            // What they say after a visit has a mood, and leads to nothing.
            "content" => found.sentiment > 0.0,
            "discontent" => found.sentiment < 0.0,
            intent => {
                found.intent.name() == intent
                    && found.slot == row.slot.parse().ok().map(|slot: usize| slot - 1)
            }
        };
        if !fits {
            wrong.push(format!("`{}`: {found:?}, not {}", row.reply, row.intent));
        }
    }
    assert_eq!(wrong, [""; 0], "of {}", lines.len());
}
