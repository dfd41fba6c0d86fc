//! The same seed and script give the same log, byte by byte, kills included; another seed decides otherwise.

use crate::script::{text, without_past};
use crate::theatre::{failure, told};
use scenarios::report::events;
use scenarios::runner::Played;

/// Messages in which agents decide something.
const DECISIONS: [&str; 4] =
    ["case.opened", "customer.contacted", "booking.confirmed", "prediction.verified"];

fn decisions(played: &Played) -> Vec<String> {
    let records = played.chronicle.records().iter();
    let decided = records.filter(|record| DECISIONS.contains(&record.name()));
    decided
        .map(|record| {
            format!("{} {} {:?}", record.at(), record.name(), record.fields().get("slot"))
        })
        .collect()
}

fn is_repeatable(name: &str, text: &str) {
    let [one, same, other] = [42, 42, 43].map(|seed| told(name, text, seed, &[]));
    assert_eq!(failure(&one), None);
    let (first, second) = (events(one.chronicle.records()), events(same.chronicle.records()));
    let apart = first.lines().zip(second.lines()).find(|(one, other)| one != other);
    assert!(first == second, "the logs differ, first at {apart:?}");
    assert!(!decisions(&one).is_empty());
    assert_ne!(decisions(&one), decisions(&other), "another seed decides otherwise");
}

#[test]
fn a_story_with_kills_in_it_leaves_the_same_log_byte_by_byte() {
    let text = without_past(text("brake-to-capa"));
    assert!(text.contains("- kill:"), "{text}");
    is_repeatable("brake-to-capa", &text);
}

#[test]
fn a_story_leaves_the_same_log_byte_by_byte() {
    is_repeatable("urgent-alert", text("urgent-alert"));
}
