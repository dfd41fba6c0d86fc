//! What a right script says is what is read.

use crate::script::{HEAD, Shelf, known, read, with_steps};
use scenarios::language::{Action, Clock, Often, Source, Subject, Workshop, load};
use std::time::Duration;

#[test]
fn the_head_is_read_with_its_defaults() {
    let scenario = read(&with_steps("  - note: a\n")).unwrap();
    let fleet = scenario.fleet.unwrap();
    assert_eq!((scenario.name.as_str(), scenario.seed), ("test", 7));
    assert_eq!((fleet.size, fleet.sample, fleet.history), (3, Duration::from_secs(5), None));
    assert!(matches!(scenario.clock, Clock::Virtual(_)));
    assert_eq!(scenario.steps[0].within, Duration::from_secs(300));
}

#[test]
fn names_saved_before_are_used_after_also_out_of_branches_and_files() {
    let mut shelf = Shelf::default();
    let text = "apiVersion: aurorasync/steps.v1\nsummary: s\nneeds: [case]\nsteps:\n  - expect: { event: booking.confirmed, case: \"${case}\" }\n    save: { booking: booking }\n";
    shelf.0.insert("book.yaml".to_owned(), text.to_owned());
    let script = with_steps(
        "  - parallel:
      - expect: { event: case.opened, asset: VEH003 }
        save: { case: case }
      - - wait: 5s
        - note: meanwhile
  - include: book.yaml
  - workshop: { complete: \"${booking}\", found: nothing }
    within: 3d
",
    );
    let scenario = load(Source::new("t", script), &shelf, &known()).unwrap();
    let verbs: Vec<&str> = scenario.steps.iter().map(|step| step.action.verb()).collect();
    assert_eq!(verbs, ["parallel", "expect", "workshop"]);
    let last = &scenario.steps[2];
    assert_eq!(last.within, Duration::from_secs(3 * 86_400));
    let Action::Workshop(Workshop::Complete { found, .. }) = &last.action else { panic!() };
    assert_eq!(found["found"].as_literal(), Some("nothing"));
    assert_eq!(last.title, "workshop: { complete: \"${booking}\", found: nothing }");
}

#[test]
fn how_often_an_event_is_expected_is_read() {
    for (words, often) in [
        ("", Often::AtLeast(1)),
        (", count: 2", Often::Exactly(2)),
        (", min: 3", Often::AtLeast(3)),
        (", max: 3", Often::Between(0, 3)),
        (", min: 1, max: 3", Often::Between(1, 3)),
        (", never: true", Often::Between(0, 0)),
    ] {
        let steps = format!("  - expect: {{ event: asset.silent{words} }}\n");
        let scenario = read(&with_steps(&steps)).unwrap();
        let Action::Expect(expectation) = &scenario.steps[0].action else { panic!("{words}") };
        let Subject::Event { often: found, .. } = expectation.subject else { panic!("{words}") };
        assert_eq!(found, often, "{words}");
    }
}

#[test]
fn a_population_and_a_past_are_read() {
    let text = HEAD.replace("history: none", "history: { days: 180, population: 2000 }");
    let scenario = read(&format!("{text}steps:\n  - note: a\n")).unwrap();
    let history = scenario.fleet.unwrap().history.unwrap();
    assert_eq!((history.days, history.population), (180, 2000));
}
