//! The agent alone in a small world, and under everything that every agent must bear.

use messages::finding::FailureRecorded;
use repeat_failures::{Config, RepeatFailures, RepeatFailuresNoticed};
use runtime::Catalog;
use runtime::testkit::{World, conformance};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A failure of `asset` now.
fn failed(world: &mut World, asset: &str) -> FailureRecorded {
    FailureRecorded {
        asset: asset.to_owned(),
        component: "brake".to_owned(),
        failed_at: world.conductor().now(),
        by: "its owner".to_owned(),
    }
}

/// Lets `asset` fail, and a day pass.
fn fail(world: &mut World, asset: &str) {
    let message = failed(world, asset);
    world.publish(message);
    world.advance(DAY);
}

#[test]
fn the_third_failure_of_one_asset_is_worth_a_word() {
    let mut world = World::seeded(7).agent::<RepeatFailures>(Config::default());
    let since = world.conductor().now();
    for asset in ["VEH001", "VEH002", "VEH001"] {
        fail(&mut world, asset);
    }
    assert_eq!(world.published::<RepeatFailuresNoticed>(), []);
    fail(&mut world, "VEH001");
    let noticed = RepeatFailuresNoticed { asset: "VEH001".to_owned(), times: 3, since };
    assert_eq!(world.published::<RepeatFailuresNoticed>(), [noticed]);
}

#[test]
fn failures_long_ago_do_not_count() {
    let mut world = World::seeded(7).agent::<RepeatFailures>(Config::default());
    for asset in ["VEH001", "VEH001"] {
        fail(&mut world, asset);
    }
    world.advance(100 * DAY);
    fail(&mut world, "VEH001");
    assert_eq!(world.published::<RepeatFailuresNoticed>(), []);
}

#[test]
fn it_keeps_what_every_agent_promises() {
    let catalog = Catalog::default().with::<RepeatFailures>();
    let conformed = conformance::check(&catalog, |world| {
        for number in 0..60 {
            let message = failed(world, &format!("VEH{:03}", number % 7));
            world.append(&message);
            if number % 5 == 0 {
                world.advance(DAY);
            }
        }
        world.advance(DAY);
    });
    assert!(conformed.handled["repeat-failures"] > 0);
}
