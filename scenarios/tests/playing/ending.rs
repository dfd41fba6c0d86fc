//! How stories end: passed, failed at a named step, interrupted; and what is done in any case.

use crate::theatre::{Gallery, failure, failure_of, played, script, watched};
use scenarios::report::events;
use scenarios::runner::Ending;

#[test]
fn what_is_always_done_is_done_after_a_failure_too() {
    let sections = "always:\n  - note: tidied\n";
    let text =
        script(sections, "  - expect: { event: asset.silent }\n    within: 1h\n  - note: never\n");
    let mut gallery = Gallery::default();
    let story = watched(&text, 7, &mut gallery);
    assert_eq!(failure_of(&story)[1], "test.yaml:10");
    assert_eq!(gallery.notes, ["tidied"]);
}

#[test]
fn an_interrupted_story_does_what_is_always_done_and_says_that_it_was_stopped() {
    let text = script("always:\n  - note: tidied\n", "  - wait: 1d\n  - note: never\n");
    let mut gallery = Gallery { stops_at: Some(3), ..Gallery::default() };
    let story = watched(&text, 7, &mut gallery);
    assert_eq!(story.ending, Ending::Interrupted);
    assert_eq!(gallery.notes, ["tidied"]);
}

#[test]
fn an_invariant_that_breaks_fails_the_story_where_it_broke() {
    let sections = "invariants:\n  - { id: no-failures, that: \"failures() == 0\" }\n";
    let steps = format!("  - wait: 1h\n{}  - wait: 1d\n", failure("V1", "brake"));
    let story = played(&script(sections, &steps));
    let [step, place, message, nearest] = failure_of(&story);
    assert_eq!((step.as_str(), place.as_str()), ("invariant no-failures", "test.yaml:8"));
    assert_eq!(message, "it does not hold after `failure.recorded` at 2026-03-02T07:00:00Z");
    assert_eq!(nearest, "`failures() == 0`: failures() is 1");
}

#[test]
fn a_story_whose_ground_is_missing_does_not_begin() {
    let sections = "given:\n  - { that: \"failures(component='brake') >= 15\", because: \"there is a bad batch\" }\n";
    let mut gallery = Gallery::default();
    let story = watched(&script(sections, "  - note: a\n"), 7, &mut gallery);
    let [step, _, _, nearest] = failure_of(&story);
    assert_eq!(step, "given: there is a bad batch");
    assert!(nearest.ends_with("is 0"), "{nearest}");
    assert!(gallery.acts.is_empty());
}

#[test]
fn an_action_that_cannot_be_done_fails_its_step() {
    for (step, said) in [
        ("  - kill: { agent: nobody, how: panic }\n", "no agent is named `nobody`"),
        ("  - pause: { agent: nobody }\n", "no agent is named `nobody`"),
        ("  - reply: { case: c, say: yes }\n", "nobody has contacted the owner about case `c`"),
        ("  - workshop: { complete: b }\n", "no booking is named `b`"),
        ("  - workshop: { drop_bay: pune }\n", "no centre is named `pune`"),
    ] {
        let story = played(&script("", step));
        let [title, _, message, _] = failure_of(&story);
        assert!(step.contains(title.split(':').next().unwrap()), "{title}");
        assert!(message.contains(said), "{step}: {message}");
    }
}

#[test]
fn the_same_seed_writes_the_same_bytes_and_another_seed_others() {
    let steps = "  - parallel:\n      - kill: { agent: clerk, how: panic, times: 3, every: 20m }\n      - expect: { event: prediction.cleared, count: 1 }\n        within: 2h\n";
    let text = script("", &(failure("V1", "brake") + steps));
    let run = |seed| {
        let story = watched(&text, seed, &mut Gallery::default());
        assert_eq!(story.ending, Ending::Passed);
        events(story.chronicle.records())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
