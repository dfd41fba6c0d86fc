//! What is said to owners: whole, in their own time, and with no number that is not among the facts.

use agents::engagement::moment::zone;
use agents::engagement::script::check::facts_check;
use agents::engagement::script::{Matter, Occasion, write};
use messages::contact::{Costs, Facts, OfferedSlot, Purpose};
use messages::prediction::Driving;
use messages::{Finite, OfferId, Timestamp};
use proptest::prelude::*;

const PURPOSES: [Purpose; 10] = [
    Purpose::PredictedFailure,
    Purpose::UrgentAlert,
    Purpose::Reminder,
    Purpose::Callback,
    Purpose::BookingRecovery,
    Purpose::BookingConfirmed,
    Purpose::BookingMoved,
    Purpose::BookingCancelled,
    Purpose::PostServiceFeedback,
    Purpose::UrgentWarning,
];

fn occasions() -> Vec<Occasion> {
    let mut occasions: Vec<Occasion> = PURPOSES.into_iter().map(Occasion::Contact).collect();
    occasions.extend([
        Occasion::Cost,
        Occasion::Safety,
        Occasion::Reason,
        Occasion::Clarification,
        Occasion::OptedOut,
    ]);
    occasions
}

fn finite(value: f64) -> Finite {
    Finite::new(value).expect("a finite value")
}

fn slot(number: u8, from: &str) -> OfferedSlot {
    let from: Timestamp = from.parse().expect("a moment");
    OfferedSlot {
        offer: OfferId::of(messages::MessageId::named("test", "offers"), &number.to_string()),
        centre: "pune".into(),
        centre_name: "Pune".into(),
        zone: "Asia/Kolkata".into(),
        from,
        to: from.saturating_add(std::time::Duration::from_secs(5400)),
    }
}

fn slots() -> Vec<OfferedSlot> {
    vec![
        slot(1, "2026-03-03T04:00:00Z"),
        slot(2, "2026-03-05T08:30:00Z"),
        slot(3, "2026-03-06T12:00:00Z"),
    ]
}

fn facts() -> Facts {
    Facts {
        component: "Brakes".into(),
        issue: "brake pad wear".into(),
        probability: finite(0.82),
        horizon_hours: finite(168.0),
        time_left_hours: Some(finite(50.0)),
        reasons: vec![
            "brake pad wear is at 78 of 90 percent".into(),
            "trouble code C1234".into(),
            "a third one".into(),
        ],
        driving: Driving::WithCare { km_max: 50 },
        costs: Some(Costs {
            currency: "INR".into(),
            repair_min: finite(3000.0),
            repair_max: finite(8000.0),
            saving: finite(15_000.0),
        }),
        booked: Some(slot(2, "2026-03-05T08:30:00Z")),
    }
}

fn said(occasion: Occasion, facts: &Facts, slots: &[OfferedSlot], owner: &str) -> String {
    let zone = zone(owner).expect("a zone");
    let matter = Matter { asset: "VEH003", facts, slots, zone: &zone, visits: &[] };
    let text = write(occasion, &matter, "en-IN").text();
    facts_check(&text, &matter).unwrap_or_else(|error| panic!("{occasion:?}: {error}: {text}"));
    text
}

fn contact(purpose: Purpose) -> String {
    said(Occasion::Contact(purpose), &facts(), &slots(), "Asia/Kolkata")
}

#[test]
fn a_foreseen_failure_is_told_in_plain_words() {
    let text = contact(Purpose::PredictedFailure);
    for part in [
        "this is the maintenance service for VEH003",
        "Brakes, brake pad wear",
        "about 8 in 10",
        "within seven days",
        "It may last about two days more.",
        "brake pad wear is at 78 of 90 percent; trouble code C1234.",
        "3,000 to 8,000 rupees",
        "saves about 15,000 rupees",
        "no more than 50 km",
        "1) Tuesday 3 March at 09:30, Pune",
        "2) Thursday 5 March at 14:00, Pune",
        "3) Friday 6 March at 17:30, Pune",
        "STOP",
    ] {
        assert!(text.contains(part), "`{part}` is missing: {text}");
    }
    assert!(!text.contains("a third one"), "two reasons are enough: {text}");
}

#[test]
fn an_urgent_alert_says_first_what_must_not_be_done() {
    let facts = Facts { driving: Driving::Stop, probability: finite(0.97), ..facts() };
    let text = said(Occasion::Contact(Purpose::UrgentAlert), &facts, &slots(), "Asia/Kolkata");
    let stop = text.find("do not drive").expect("the warning");
    assert!(stop < text.find("more than 9 in 10").expect("the chance"), "{text}");
}

#[test]
fn an_urgent_warning_promises_a_call_and_asks_for_nothing() {
    let facts = Facts { driving: Driving::Stop, probability: finite(0.97), ..facts() };
    let text = said(Occasion::Contact(Purpose::UrgentWarning), &facts, &[], "Asia/Kolkata");
    let stop = text.find("do not drive").expect("the warning");
    assert!(stop < text.find("more than 9 in 10").expect("the chance"), "{text}");
    assert!(text.contains("A colleague will call you about a slot"), "{text}");
    assert!(!text.contains("May we book"), "nothing can be booked: {text}");
}

#[test]
fn a_slot_is_told_on_the_centres_clocks_and_on_the_owners_where_they_differ() {
    let text =
        said(Occasion::Contact(Purpose::BookingConfirmed), &facts(), &[], "America/New_York");
    assert!(text.contains("Thursday 5 March at 14:00 (03:30 where you are), Pune"), "{text}");
}

#[test]
fn chances_are_never_rounded_to_nothing_or_to_certainty() {
    for (probability, words) in [
        (0.0, "less than 1 in 10"),
        (0.04, "less than 1 in 10"),
        (0.05, "about 1 in 10"),
        (0.94, "about 9 in 10"),
        (0.951, "more than 9 in 10"),
        (1.0, "more than 9 in 10"),
    ] {
        let facts = Facts { probability: finite(probability), ..facts() };
        let text = said(Occasion::Contact(Purpose::PredictedFailure), &facts, &[], "Asia/Kolkata");
        assert!(text.contains(words), "{probability}: {text}");
    }
}

#[test]
fn every_occasion_says_something_that_the_facts_hold() {
    for occasion in occasions() {
        for slots in [slots(), Vec::new()] {
            let text = said(occasion, &facts(), &slots, "Europe/London");
            assert!(text.len() > 20 && !text.contains("  "), "{occasion:?}: `{text}`");
        }
    }
}

#[test]
fn a_language_that_is_not_spoken_gets_english() {
    let zone = zone("Asia/Kolkata").unwrap();
    let facts = facts();
    let matter = Matter { asset: "VEH003", facts: &facts, slots: &[], zone: &zone, visits: &[] };
    let occasion = Occasion::Contact(Purpose::Reminder);
    let english = write(occasion, &matter, "en");
    for language in ["en-IN", "EN_us", "hi", "xx", ""] {
        assert_eq!(write(occasion, &matter, language), english, "{language}");
    }
}

#[test]
fn numbers_that_nobody_knows_are_found() {
    let zone = zone("Asia/Kolkata").unwrap();
    let (facts, slots) = (facts(), slots());
    let matter = Matter { asset: "VEH003", facts: &facts, slots: &slots, zone: &zone, visits: &[] };
    for text in [
        "It costs 9,000 rupees.",
        "It costs about ₹3,500.",
        "It costs nine thousand rupees.",
        "It costs 3k to 9k rupees.",
        "The chance is 9 in 10.",
        "The chance is 85%.",
        "The chance is ninety-one percent.",
        "Within six days.",
        "Within 48 km.",
        "You may drive 3,000 km.",
        "It will cost you 50 rupees.",
        "Come on Thursday at 15:00.",
        "Come at 3 pm.",
        "Come on the 7th.",
        "Choose option 4.",
        "Your VEH004 is at risk.",
        "Trouble code C9999.",
        "It has ٣ days.",
        "Call us on 1800123456.",
        "one in ten, at once: twenty-seven cases",
        "Save 1.5 lakh rupees.",
    ] {
        assert!(facts_check(text, &matter).is_err(), "`{text}` passes");
    }
}

#[test]
fn numbers_of_the_facts_are_known_however_they_are_written() {
    let zone = zone("Asia/Kolkata").unwrap();
    let (facts, slots) = (facts(), slots());
    let matter = Matter { asset: "VEH003", facts: &facts, slots: &slots, zone: &zone, visits: &[] };
    for text in [
        "Your veh003 may need its brakes seen to; a colleague can help.",
        "It costs ₹3,000 to ₹8,000, and you save 15k rupees.",
        "It costs eight thousand rupees at most.",
        "Eight in ten such brakes fail, that is 82%, within 7 days or 168 hours or one week.",
        "Drive at most fifty kilometres.",
        "Thursday 5 March 2026, 2 pm in Pune, or 14:00; option 2.",
        "The wear is at 78 of 90 percent, trouble code C1234.",
        "No number at all.",
    ] {
        assert_eq!(facts_check(text, &matter), Ok(()), "{text}");
    }
}

fn some_facts() -> impl Strategy<Value = Facts> {
    let money = || 0.0_f64..1e7;
    let driving = prop_oneof![
        Just(Driving::Stop),
        (1_u32..100_000).prop_map(|km_max| Driving::Limited { km_max }),
        (1_u32..100_000).prop_map(|km_max| Driving::WithCare { km_max }),
        Just(Driving::Free),
    ];
    let reasons =
        prop::collection::vec("[a-z]{3,9} is at [0-9]{1,4} of [0-9]{1,4} [a-z]{2,4}", 0..4);
    let currency = prop::sample::select(vec!["INR", "EUR", "USD", "GBP", "CHF", "JPY"]);
    let currency = proptest::option::of(currency);
    let times = (0.1_f64..2_000.0, proptest::option::of(0.1_f64..2_000.0), 0.0_f64..=1.0);
    (times, driving, reasons, currency, (money(), money(), money())).prop_map(
        |((horizon, left, probability), driving, reasons, currency, (min, max, saving))| Facts {
            probability: finite(probability),
            horizon_hours: finite(horizon),
            time_left_hours: left.map(finite),
            reasons,
            driving,
            costs: currency.map(|currency| Costs {
                currency: currency.to_owned(),
                repair_min: finite(min.min(max)),
                repair_max: finite(min.max(max)),
                saving: finite(saving),
            }),
            ..facts()
        },
    )
}

proptest! {
    #[test]
    fn no_script_says_a_number_that_is_not_among_its_facts(
        facts in some_facts(),
        offered in 0_usize..=3,
        owner in prop::sample::select(vec!["Asia/Kolkata", "America/New_York", "Asia/Kathmandu"]),
    ) {
        for occasion in occasions() {
            said(occasion, &facts, &slots()[..offered], owner);
        }
    }

    #[test]
    fn any_text_is_checked_to_an_end(text in any::<String>()) {
        let zone = zone("Asia/Kolkata").unwrap();
        let (facts, slots) = (facts(), slots());
        let matter = Matter { asset: "VEH003", facts: &facts, slots: &slots, zone: &zone, visits: &[] };
        let _checked = facts_check(&text, &matter);
    }
}
