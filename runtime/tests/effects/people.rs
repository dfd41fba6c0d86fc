//! Uncertain effects, and the person who finds out what became of them.

use crate::provider::{Provider, Way};
use crate::ringer::{Heard, Wanted, heard, is_uncertain, wanted, world};
use messages::case::{CaseDecided, Decision};
use messages::effect::{Conclusion, EffectConcluded, Policy};
use messages::{CaseId, MessageId};
use runtime::testkit::World;
use std::time::Duration;

fn case(number: u8) -> CaseId {
    CaseId::of(MessageId::default(), &number.to_string())
}

fn decided(number: u8, intent: MessageId, happened: bool) -> CaseDecided {
    CaseDecided {
        case: case(number),
        asset: "VEH001".to_owned(),
        owner: None,
        by: "an operator".to_owned(),
        decision: Decision::Resolve { intent, happened },
    }
}

/// A world with one uncertain effect of case 1.
fn uncertain() -> (World, Provider, MessageId) {
    let provider = Provider::of(Policy::AtMostOnce).going(&[Way::DoneUnsaid]);
    let mut world = world(provider.clone());
    world.publish(Wanted { case: Some(case(1)), ..wanted("case:1") });
    let concluded = world.published::<EffectConcluded>().remove(0);
    assert!(is_uncertain(&concluded.conclusion));
    assert_eq!(concluded.case, Some(case(1)));
    (world, provider, concluded.intent)
}

fn found_out() -> Conclusion {
    Conclusion::Accepted { reference: Some("found out by an operator".to_owned()), reply: None }
}

#[test]
fn a_person_resolves_an_uncertain_effect_once() {
    let (mut world, provider, intent) = uncertain();
    world.publish(decided(1, intent, true));
    world.publish(decided(1, intent, false));
    world.kill_effects();
    world.publish(decided(1, intent, true));
    world.advance(Duration::from_secs(3600));
    let heard = heard(&world);
    assert!(is_uncertain(&heard[0]));
    assert_eq!(heard[1..], [found_out()]);
    assert_eq!(provider.book().calls.len(), 1);
    let counts = world.conductor().ledger().unwrap().counts().clone();
    assert_eq!((counts.uncertain, counts.resolved, counts.decided_in_vain), (1, 1, 2));
    assert_eq!(world.conductor().ledger().unwrap().uncertain(), 0);
}

#[test]
fn what_did_not_happen_is_told_with_the_name_of_who_found_out() {
    let (mut world, _, intent) = uncertain();
    world.kill_effects();
    world.publish(decided(1, intent, false));
    let reason = "it did not happen, as an operator found out".to_owned();
    assert_eq!(heard(&world)[1..], [Conclusion::Refused { reason }]);
}

#[test]
fn a_decision_about_another_case_or_a_certain_effect_changes_nothing() {
    let (mut world, _, intent) = uncertain();
    world.publish(decided(2, intent, true));
    world.publish(decided(1, MessageId::default(), true));
    world.publish(wanted("another"));
    let another = world.published::<Heard>().pop().unwrap().intent;
    world.publish(decided(1, another, false));
    assert_eq!(heard(&world).len(), 2);
    assert_eq!(world.conductor().ledger().unwrap().counts().decided_in_vain, 3);
    assert_eq!(world.conductor().ledger().unwrap().uncertain(), 1);
}

#[test]
fn a_repetition_of_an_uncertain_effect_is_uncertain_and_resolved_with_it() {
    let (mut world, provider, intent) = uncertain();
    world.publish(Wanted { case: Some(case(1)), ..wanted("case:1") });
    assert!(heard(&world).iter().all(is_uncertain));
    world.publish(decided(1, intent, true));
    assert_eq!(heard(&world)[2..], [found_out(), found_out()]);
    world.publish(Wanted { case: Some(case(1)), ..wanted("case:1") });
    assert_eq!(heard(&world)[4..], [found_out()]);
    assert_eq!(provider.book().calls.len(), 1);
}
