//! Rules kept where an effect is performed: asked before each attempt, taught by the log.

use crate::provider::{Provider, Way};
use crate::ringer::{Ring, Wanted, after, done, envelope, heard, start, wanted, world};
use messages::consent::{Channel, ConsentChanged};
use messages::effect::{Conclusion, Policy};
use messages::{Envelope, Message, Provenance, Timestamp};
use runtime::effects::{Admission, Effects, Rules};
use runtime::testkit::World;
use std::collections::BTreeSet;
use std::time::Duration;

/// Nobody is rung at who has not allowed it, and nobody before half past six.
#[derive(Default)]
struct Manners {
    allowed: BTreeSet<String>,
}

impl Rules<Ring> for Manners {
    fn hear(&mut self, record: &Envelope) {
        if record.name != ConsentChanged::NAME {
            return;
        }
        let changed: ConsentChanged = record.open().unwrap();
        if changed.granted.is_empty() {
            self.allowed.remove(&changed.owner);
        } else {
            self.allowed.insert(changed.owner);
        }
    }

    fn admit(&self, effect: &Ring, _intent: &Envelope, now: Timestamp) -> Admission {
        if !self.allowed.contains(&effect.key) {
            return Admission::Never { reason: format!("`{}` has not allowed it", effect.key) };
        }
        match after(1800) {
            quiet_until if now < quiet_until => Admission::NotBefore(quiet_until),
            _ => Admission::Now,
        }
    }
}

fn consent(allowed: bool) -> ConsentChanged {
    let voice = vec![Channel::Voice];
    let (granted, revoked) = if allowed { (voice, Vec::new()) } else { (Vec::new(), voice) };
    let reason = "asked at the door".to_owned();
    ConsentChanged { owner: "door".to_owned(), granted, revoked, reason }
}

fn refused() -> Conclusion {
    Conclusion::Refused { reason: "`door` has not allowed it".to_owned() }
}

#[test]
fn what_a_rule_forbids_is_refused_and_what_must_wait_waits() {
    let provider = Provider::of(Policy::AtMostOnce).ruled(Manners::default);
    let mut world = world(provider.clone());
    world.publish(wanted("case:1"));
    assert_eq!(heard(&world), [refused()]);
    world.publish(consent(true));
    world.publish(wanted("case:2"));
    world.advance(Duration::from_secs(1799));
    assert_eq!(provider.book().calls.len(), 0);
    world.advance(Duration::from_secs(1));
    assert_eq!(provider.book().calls, ["case:2"]);
    assert_eq!(heard(&world), [refused(), done()]);
}

#[test]
fn a_rule_is_asked_anew_when_the_time_has_come() {
    let provider = Provider::of(Policy::AtMostOnce).ruled(Manners::default);
    let mut world = world(provider.clone());
    world.publish(consent(true));
    world.publish(wanted("case:1"));
    world.publish(consent(false));
    world.advance(Duration::from_secs(1800));
    assert_eq!(heard(&world), [refused()]);
    assert_eq!(provider.book().calls.len(), 0);
}

#[test]
fn rules_know_after_a_crash_what_they_had_heard() {
    let provider = Provider::of(Policy::AtMostOnce).ruled(Manners::default);
    let mut world = world(provider.clone());
    world.publish(consent(true));
    world.kill_effects();
    world.publish(wanted("case:1"));
    world.kill_effects();
    world.advance(Duration::from_secs(1800));
    assert_eq!(heard(&world), [done()]);
}

#[test]
fn what_a_rule_holds_back_too_long_expires_without_a_call() {
    let provider = Provider::of(Policy::AtMostOnce).ruled(Manners::default);
    let mut world = world(provider.clone());
    world.publish(consent(true));
    world.publish(Wanted { expires_at: after(60), ..wanted("case:1") });
    world.advance(Duration::from_secs(59));
    assert_eq!(heard(&world), []);
    world.advance(Duration::from_secs(1));
    assert_eq!(heard(&world), [Conclusion::Expired]);
    assert_eq!(provider.book().calls.len(), 0);
}

#[test]
fn what_was_attempted_before_it_was_forbidden_is_uncertain() {
    let provider =
        Provider::of(Policy::IdempotentRetry).ruled(Manners::default).going(&[Way::DoneUnsaid]);
    let mut world = world(provider.clone());
    world.publish(consent(true));
    world.publish(wanted("case:1"));
    world.advance(Duration::from_secs(1800));
    world.publish(consent(false));
    world.advance(Duration::from_secs(1));
    assert!(matches!(&heard(&world)[..], [Conclusion::Uncertain { .. }]), "{:?}", heard(&world));
    assert_eq!(provider.book().calls.len(), 1);
}

/// How a ring of `provenance` ends with `provider`.
fn rung(provider: Provider, allowed: bool, provenance: Provenance) -> (Conclusion, usize) {
    let effects =
        Effects::default().with::<Ring>(provider.clone()).allow_simulated_contact(allowed);
    let mut world = World::seeded(1)
        .starting(start())
        .agent::<crate::ringer::Ringer>(crate::ringer::NoConfig {})
        .effects(effects);
    world.append_envelope(envelope(1, &wanted("case:1"), provenance));
    world.settle();
    let calls = provider.book().calls.len();
    (heard(&world).remove(0), calls)
}

#[test]
fn what_was_not_measured_reaches_nobody_outside_unless_that_is_allowed() {
    let provider = || Provider::of(Policy::AtMostOnce);
    for provenance in [Provenance::Simulated, Provenance::Replayed] {
        let (conclusion, calls) = rung(provider(), false, provenance);
        assert!(matches!(conclusion, Conclusion::Refused { .. }), "{conclusion:?}");
        assert_eq!(calls, 0);
        assert_eq!(rung(provider(), true, provenance), (done(), 1));
        assert_eq!(rung(provider().inside(), false, provenance), (done(), 1));
    }
    assert_eq!(rung(provider(), false, Provenance::Measured), (done(), 1));
}
