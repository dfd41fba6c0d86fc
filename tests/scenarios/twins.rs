//! Negative twins: a story without its fault, or without an agent, fails at the step that needs it.

use crate::script::{faults, text, without_fault, without_past};
use crate::theatre::{failure, told};
use scenarios::scripts::SCRIPTS;

/// Script, fault that is left out, and how the step begins that must fail.
const WITHOUT_FAULT: &[(&str, &str, &str)] = &[
    ("brake-to-capa", "brakes", "expect: { event: failure.predicted, asset: VEH003"),
    ("declined-then-recovered", "leak", "expect: { event: case.opened, asset: VEH002"),
    ("deferred-callback", "alternator", "expect: { event: case.opened, asset: VEH001"),
    (
        "fleet-visit",
        "first",
        "expect: { event: case.opened, where: \"component == 'battery' && asset",
    ),
    (
        "fleet-visit",
        "second",
        "expect: { event: case.opened, where: \"component == 'battery' && asset",
    ),
    ("no-slot", "brakes", "expect: { event: case.opened, asset: VEH004"),
    ("quiet-fleet", "alternator", "expect: { event: case.opened, asset: VEH008"),
    ("recurring-defect", "pads_01", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_02", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_03", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_04", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_05", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_06", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_07", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_08", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_09", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_10", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_11", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_12", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_13", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_14", "expect: { event: capa.opened"),
    ("recurring-defect", "pads_15", "expect: { event: capa.opened"),
    ("sensor-lies", "lie", "expect: { event: sensor.faulted, asset: VEH004"),
    ("sensor-lies", "truth", "expect: { event: case.opened, asset: VEH007"),
    ("urgent-alert", "brakes", "expect: { event: case.opened, asset: VEH005"),
    ("workshop-drops-a-bay", "one", "expect: { event: case.opened, asset: VEH001"),
    ("workshop-drops-a-bay", "other", "expect: { event: case.opened, asset: VEH002"),
];

#[test]
fn the_table_of_twins_names_every_fault_of_every_script() {
    let listed: Vec<(String, String)> = WITHOUT_FAULT
        .iter()
        .map(|(name, fault, _)| (name.to_string(), fault.to_string()))
        .collect();
    let injected = SCRIPTS
        .iter()
        .flat_map(|(name, text)| faults(text).into_iter().map(|fault| ((*name).to_owned(), fault)));
    assert_eq!(listed, injected.collect::<Vec<_>>());
}

/// What is wrong with a twin: it must fail at the step that begins so.
fn wrong(name: &str, text: &str, without: &[&str], begins: &str) -> Option<String> {
    match failure(&told(name, text, 42, without)) {
        Some(failure) if failure.starts_with(begins) => None,
        Some(failure) => Some(format!("should fail at `{begins}`, fails at {failure}")),
        None => Some(format!("should fail at `{begins}`, passes")),
    }
}

fn settle(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn fails_without_its_faults(script: &str) {
    let rows = WITHOUT_FAULT.iter().filter(|(name, ..)| *name == script);
    let wrong = rows.filter_map(|(name, fault, begins)| {
        let twin = without_fault(&without_past(text(name)), fault);
        Some(format!("{name} without `{fault}` {}", wrong(name, &twin, &[], begins)?))
    });
    settle(&wrong.collect::<Vec<_>>());
}

#[test]
fn brake_to_capa_fails_without_its_fault() {
    fails_without_its_faults("brake-to-capa");
}

#[test]
fn the_stories_of_owners_fail_without_their_faults() {
    fails_without_its_faults("declined-then-recovered");
    fails_without_its_faults("deferred-callback");
    fails_without_its_faults("urgent-alert");
}

#[test]
fn the_stories_of_workshops_fail_without_their_faults() {
    fails_without_its_faults("fleet-visit");
    fails_without_its_faults("no-slot");
    fails_without_its_faults("workshop-drops-a-bay");
}

#[test]
fn no_capa_opens_for_one_failure_less() {
    fails_without_its_faults("recurring-defect");
}

#[test]
fn the_story_of_a_defect_fails_without_its_agent() {
    fails_without_its_agents("recurring-defect");
}

#[test]
fn brake_to_capa_opens_no_capa_without_manufacturing_insights() {
    let name = "brake-to-capa";
    let begins = "expect: { event: capa.opened";
    settle(
        &wrong(name, text(name), &["manufacturing-insights"], begins)
            .into_iter()
            .collect::<Vec<_>>(),
    );
}

#[test]
fn without_a_past_no_capa_opens() {
    let played = told("brake-to-capa", &without_past(text("brake-to-capa")), 42, &[]);
    assert_eq!(failure(&played), None);
    let opened = played.chronicle.records().iter().filter(|it| it.name() == "capa.opened");
    assert_eq!(opened.count(), 0);
}

#[test]
fn the_quiet_fleet_is_not_quiet_enough_without_its_fault() {
    fails_without_its_faults("quiet-fleet");
}

#[test]
fn lies_and_truth_of_sensors_are_both_needed() {
    fails_without_its_faults("sensor-lies");
}

/// Script, agent that does not run, and how the step begins that must fail. A story that does not need an agent passes
/// without it and is not listed.
const WITHOUT_AGENT: &[(&str, &str, &str)] = &[
    ("brake-to-capa", "data-analysis", "expect: { event: failure.predicted, asset: VEH003"),
    ("brake-to-capa", "diagnosis", "expect: { event: failure.predicted, asset: VEH003"),
    ("brake-to-capa", "master", "expect: { event: case.opened, asset: VEH003"),
    ("brake-to-capa", "engagement", "expect: { event: customer.contacted"),
    ("brake-to-capa", "scheduling", "expect: { case: \"${case}\", state: deferred"),
    ("brake-to-capa", "feedback", "expect: { event: prediction.verified"),
    ("brake-to-capa", "ueba", "expect: { event: principal.contained"),
    ("declined-then-recovered", "data-analysis", "expect: { event: case.opened"),
    ("declined-then-recovered", "diagnosis", "expect: { event: case.opened"),
    ("declined-then-recovered", "master", "expect: { event: case.opened"),
    ("declined-then-recovered", "engagement", "expect: { event: customer.contacted"),
    ("declined-then-recovered", "scheduling", "expect: { case: \"${case}\", state: declined"),
    ("deferred-callback", "data-analysis", "expect: { event: case.opened"),
    ("deferred-callback", "diagnosis", "expect: { event: case.opened"),
    ("deferred-callback", "master", "expect: { event: case.opened"),
    ("deferred-callback", "engagement", "expect: { event: customer.contacted"),
    ("deferred-callback", "scheduling", "expect: { event: customer.contacted"),
    ("exfiltration", "data-analysis", "expect: { event: behaviour.flagged"),
    ("exfiltration", "ueba", "expect: { event: behaviour.flagged"),
    ("flood", "data-analysis", "expect: { event: baseline.learned"),
    ("flood", "ueba", "expect: { event: baseline.learned"),
    ("fleet-visit", "data-analysis", "expect: { event: case.opened"),
    ("fleet-visit", "diagnosis", "expect: { event: case.opened"),
    ("fleet-visit", "master", "expect: { event: case.opened"),
    ("fleet-visit", "engagement", "expect: { event: customer.contacted"),
    ("fleet-visit", "scheduling", "expect: { event: customer.contacted"),
    ("no-slot", "data-analysis", "expect: { event: case.opened"),
    ("no-slot", "diagnosis", "expect: { event: case.opened"),
    ("no-slot", "master", "expect: { event: case.opened"),
    ("no-slot", "scheduling", "expect: { event: slots.offered"),
    ("quiet-fleet", "data-analysis", "expect: { event: case.opened, asset: VEH008"),
    ("quiet-fleet", "diagnosis", "expect: { event: case.opened, asset: VEH008"),
    ("quiet-fleet", "master", "expect: { event: case.opened, asset: VEH008"),
    ("rogue-agent", "ueba", "expect: { event: behaviour.flagged"),
    ("recurring-defect", "manufacturing-insights", "expect: { event: pattern.found"),
    ("sensor-lies", "data-analysis", "expect: { event: sensor.faulted, asset: VEH004"),
    ("sensor-lies", "diagnosis", "expect: { event: case.opened, asset: VEH007"),
    ("sensor-lies", "master", "expect: { event: case.opened, asset: VEH007"),
    ("slow-poisoning", "data-analysis", "expect: { event: behaviour.flagged"),
    ("slow-poisoning", "ueba", "expect: { event: behaviour.flagged"),
    ("urgent-alert", "data-analysis", "expect: { event: case.opened"),
    ("urgent-alert", "diagnosis", "expect: { event: case.opened"),
    ("urgent-alert", "master", "expect: { event: case.opened"),
    ("urgent-alert", "engagement", "expect: { event: customer.contacted"),
    ("urgent-alert", "scheduling", "expect: { event: customer.contacted"),
    ("workshop-drops-a-bay", "data-analysis", "expect: { event: case.opened"),
    ("workshop-drops-a-bay", "diagnosis", "expect: { event: case.opened"),
    ("workshop-drops-a-bay", "master", "expect: { event: case.opened"),
    ("workshop-drops-a-bay", "engagement", "expect: { event: customer.contacted"),
    ("workshop-drops-a-bay", "scheduling", "expect: { event: booking.confirmed"),
];

fn fails_without_its_agents(script: &str) {
    let rows = WITHOUT_AGENT.iter().filter(|(name, ..)| *name == script);
    let wrong = rows.filter_map(|(name, agent, begins)| {
        let twin = without_past(text(name));
        Some(format!("{name} without {agent} {}", wrong(name, &twin, &[agent], begins)?))
    });
    settle(&wrong.collect::<Vec<_>>());
}

#[test]
fn brake_to_capa_fails_without_its_agents() {
    fails_without_its_agents("brake-to-capa");
}

#[test]
fn the_stories_of_owners_fail_without_their_agents() {
    fails_without_its_agents("declined-then-recovered");
    fails_without_its_agents("deferred-callback");
    fails_without_its_agents("urgent-alert");
}

#[test]
fn the_stories_of_workshops_fail_without_their_agents() {
    fails_without_its_agents("fleet-visit");
    fails_without_its_agents("no-slot");
    fails_without_its_agents("workshop-drops-a-bay");
}

#[test]
fn the_stories_of_sensors_fail_without_their_agents() {
    fails_without_its_agents("quiet-fleet");
    fails_without_its_agents("sensor-lies");
}

#[test]
fn the_stories_of_attacks_fail_without_their_agents() {
    fails_without_its_agents("exfiltration");
    fails_without_its_agents("flood");
    fails_without_its_agents("rogue-agent");
    fails_without_its_agents("slow-poisoning");
}
