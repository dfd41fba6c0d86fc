//! Expectations: in time or not, looking back, counted, and what came closest.

use crate::theatre::{failure, failure_of, played, script};
use scenarios::runner::Ending;
use std::time::Duration;

const CLEARED: &str = "event: prediction.cleared, asset: V1";

fn told(steps: &str) -> scenarios::runner::Played {
    played(&script("", &(failure("V1", "brake") + steps)))
}

#[test]
fn an_expectation_ends_at_the_moment_of_its_event_and_saves_from_it() {
    let story = told(&format!(
        "  - expect: {{ {CLEARED} }}\n    within: 2h\n    save: {{ part: component, who: by }}\n  - note: \"${{part}} by ${{who}}\"\n"
    ));
    assert_eq!(story.ending, Ending::Passed);
    assert_eq!(story.outcomes[1].used(), Duration::from_secs(3_600));
    assert_eq!(story.outcomes[1].budget_seconds, Some(7_200.0));
}

#[test]
fn an_event_that_comes_too_late_fails_the_step_at_the_end_of_its_time() {
    let story = told(&format!("  - expect: {{ {CLEARED} }}\n    within: 30m\n"));
    let [step, place, message, nearest] = failure_of(&story);
    assert!(step.starts_with("expect: { event: prediction.cleared"), "{step}");
    assert_eq!(place, "test.yaml:9");
    assert_eq!(message, "it did not come in its time");
    assert_eq!(nearest, "no `prediction.cleared` has ever been said in this story");
    assert_eq!(story.clock[1].since(story.clock[0]), Duration::from_secs(1_800));
}

#[test]
fn the_nearest_miss_names_the_event_and_the_condition_that_failed() {
    let story = told(&format!(
        "  - expect: {{ {CLEARED}, where: \"reason == 'maintained' && component == 'tyre'\" }}\n    within: 2h\n"
    ));
    let [.., nearest] = failure_of(&story);
    assert_eq!(
        nearest,
        "`prediction.cleared` of V1 at 2026-03-02T07:00:00Z: `component == 'tyre'`: component is 'brake'"
    );
    let story = told("  - expect: { event: prediction.cleared, asset: V2 }\n    within: 2h\n");
    assert!(failure_of(&story)[3].ends_with("its asset is `V1`, not `V2`"));
    let story = told(&format!(
        "  - expect: {{ {CLEARED}, where: \"componnt == 'brake'\" }}\n    within: 2h\n"
    ));
    assert!(failure_of(&story)[3].contains("no field `componnt`; did you mean `component`?"));
}

#[test]
fn what_happened_during_the_step_before_is_not_missed_and_what_was_before_it_is_not_found() {
    let story = told(&format!("  - wait: 3h\n  - expect: {{ {CLEARED} }}\n    within: 1h\n"));
    assert!(matches!(story.ending, Ending::Failed { .. }), "it came before the end of the wait");
    let nearest = &failure_of(&story)[3];
    assert!(
        nearest.contains("the last one was of V1 at 2026-03-02T07:00:00Z, before this step"),
        "{nearest}"
    );
    let story = told("  - expect: { event: failure.recorded, asset: V1 }\n    within: 1s\n");
    assert_eq!(story.ending, Ending::Passed, "what a step itself says counts for the next");
}

#[test]
fn never_waits_its_whole_time_and_fails_at_the_first() {
    let story = told(&format!("  - expect: {{ {CLEARED}, never: true }}\n    within: 50m\n"));
    assert_eq!(story.ending, Ending::Passed);
    assert_eq!(story.outcomes[1].used(), Duration::from_secs(3_000));
    let story = told(&format!("  - expect: {{ {CLEARED}, never: true }}\n    within: 5h\n"));
    assert_eq!(story.clock[1].since(story.clock[0]), Duration::from_secs(3_600));
    assert!(failure_of(&story)[2].starts_with("1 of them, at most 0"));
}

#[test]
fn never_over_a_field_that_is_not_there_cannot_be_told_and_fails() {
    let story = told(&format!(
        "  - expect: {{ {CLEARED}, where: \"severty == 'HIGH'\", never: true }}\n    within: 2h\n"
    ));
    assert!(failure_of(&story)[2].contains("cannot be told"), "{:?}", failure_of(&story));
}

#[test]
fn exactly_so_often_goes_on_being_watched_while_the_story_goes_on() {
    let once = format!("  - expect: {{ {CLEARED}, count: 1 }}\n    within: 5h\n");
    let again = failure("V1", "tyre");
    let story = told(&format!("{once}{again}  - wait: 2h\n"));
    let [step, _, message, _] = failure_of(&story);
    assert!(step.contains("count: 1"), "{step}");
    assert!(message.starts_with("one more came at 2026-03-02T08:00:00Z"), "{message}");
    let story = told(&format!("{once}  - wait: 5h\n{again}  - wait: 2h\n"));
    assert_eq!(story.ending, Ending::Passed, "its time was over");
}

#[test]
fn measures_are_waited_for_with_their_value_as_the_nearest_miss() {
    let steps = "  - expect: { metric: \"failures(component='brake')\", where: \"value >= 1\" }\n";
    assert_eq!(told(steps).ending, Ending::Passed);
    let story = told(
        "  - expect: { metric: \"events(name='prediction.cleared')\", where: \"value >= 2\" }\n    within: 2h\n",
    );
    assert_eq!(failure_of(&story)[3], "`value >= 2`: value is 1");
}

#[test]
fn a_paused_agent_says_nothing_until_it_goes_on() {
    let pause = "  - pause: { agent: clerk }\n  - expect: { agents: clerk, state: paused }\n";
    let steps = format!(
        "{}  - expect: {{ {CLEARED}, never: true }}\n    within: 5h\n  - resume: {{ agent: clerk }}\n  - expect: {{ agents: \"*\", state: ready }}\n  - expect: {{ {CLEARED} }}\n    within: 2h\n",
        failure("V1", "brake")
    );
    let story = played(&script("", &(pause.to_owned() + &steps)));
    assert_eq!(story.ending, Ending::Passed);
}

#[test]
fn an_asset_is_expected_in_the_state_that_it_is_in() {
    let story = told(
        "  - expect: { asset: V1, state: clear }\n    within: 2h\n  - expect: { asset: V1, state: clear }\n    within: 1s\n",
    );
    assert_eq!(story.ending, Ending::Passed);
    let story = told("  - expect: { asset: V1, state: silent }\n    within: 2h\n");
    assert!(failure_of(&story)[3].ends_with("its state is `clear`"), "{:?}", failure_of(&story));
}
