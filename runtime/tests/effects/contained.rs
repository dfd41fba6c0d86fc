//! What a contained agent intends is not done until it is released.

use crate::provider::{Provider, Way};
use crate::ringer::{done, heard, start, wanted, world};
use messages::effect::Policy;
use messages::guard::{Backlog, Level, PrincipalContained, PrincipalReleased};
use std::time::Duration;

#[test]
fn what_a_contained_agent_intends_waits_until_it_is_released_also_over_a_restart() {
    let provider = Provider::of(Policy::IdempotentRetry).going(&[Way::Unreached]);
    let mut world = world(provider.clone());
    world.publish(wanted("case:1"));
    world.append(&PrincipalContained {
        principal: "ringer".to_owned(),
        level: Level::Refused,
        until: None,
        finding: None,
        reason: "a test".to_owned(),
        evidence_from: start(),
        by: "operator".to_owned(),
    });
    world.advance(Duration::from_secs(3_600));
    world.kill_effects();
    world.advance(Duration::from_secs(3_600));
    assert_eq!(provider.book().work(), 0);
    world.append(&PrincipalReleased {
        principal: "ringer".to_owned(),
        by: "operator".to_owned(),
        reason: "a false alarm".to_owned(),
        backlog: Backlog::Heard,
    });
    world.advance(Duration::from_secs(1));
    assert_eq!(provider.book().work(), 1);
    assert_eq!(heard(&world), [done()]);
}
