//! A model in the shadow judges the same windows, and changes nothing of what is said aloud.

use super::learned::{model, promoted, unjudged, worn};
use super::{ASSET, HOT, RAISE, assessed, minute};
use messages::Message;
use messages::health::HealthAssessed;
use messages::model::ModelPromoted;
use messages::prediction::{
    ClearedReason, FailurePredicted, PredictionCleared, PredictionWithheld,
};
use messages::registry::MaintenanceRecorded;
use messages::shadow::{ShadowCleared, ShadowPredicted};
use runtime::models::checksum;
use runtime::testkit::World;

fn shadowed() -> World {
    let mut world = unjudged();
    world.publish(ModelPromoted { shadow: true, ..promoted("vehicle", &model()) });
    world
}

/// A window with worn pads and an engine that grows hot.
fn hot_and_worn(end: i64) -> HealthAssessed {
    HealthAssessed { trends: assessed(end, HOT).trends, ..worn(end, 90.0) }
}

fn said<M: Message>(world: &World) -> Vec<M> {
    world.published::<M>()
}

#[test]
fn what_a_shadow_says_is_recorded_beside_what_is_said_without_it() {
    let (mut alone, mut world) = (unjudged(), shadowed());
    for end in 1..=2 * RAISE {
        alone.publish(hot_and_worn(end));
        world.publish(hot_and_worn(end));
    }
    let aloud = said::<FailurePredicted>(&alone);
    assert_eq!(aloud.len(), 1);
    assert_eq!(said::<FailurePredicted>(&world), aloud);
    assert_eq!(said::<PredictionWithheld>(&world), said::<PredictionWithheld>(&alone));
    assert_eq!(said::<ShadowPredicted>(&alone), []);
    let shadow = said::<ShadowPredicted>(&world);
    let [ShadowPredicted(shadow)] = shadow.as_slice() else { panic!("{shadow:?}") };
    assert_eq!(shadow.model, format!("learned/{}", &checksum(&model())[..12]));
    assert_eq!(shadow.window_end, aloud[0].window_end, "the same windows, the same patience");
    let components: Vec<_> = shadow.hypotheses.iter().map(|it| it.component.as_str()).collect();
    assert!(components.contains(&"brake"), "{components:?}");
    assert!(aloud[0].hypotheses.iter().all(|it| it.component != "brake"));
}

#[test]
fn maintenance_takes_back_what_a_shadow_said_of_the_component() {
    let mut world = shadowed();
    (1..=RAISE).for_each(|end| world.publish(worn(end, 90.0)));
    assert_eq!(said::<ShadowPredicted>(&world).len(), 1);
    let (asset, component) = (ASSET.into(), "brake".into());
    world.publish(MaintenanceRecorded { asset, component, performed_at: minute(RAISE) });
    let cleared = said::<ShadowCleared>(&world);
    let [ShadowCleared(cleared)] = cleared.as_slice() else { panic!("{cleared:?}") };
    assert_eq!((&*cleared.component, cleared.reason), ("brake", ClearedReason::Maintained));
    assert_eq!(said::<PredictionCleared>(&world), [], "nothing was said aloud");
}

#[test]
fn a_shadow_that_comes_into_use_or_ends_is_silent_in_the_shadow() {
    let end = |model: Option<&[u8]>| {
        let mut ended = promoted("vehicle", model.unwrap_or_default());
        if model.is_none() {
            (ended.model, ended.rolled_back, ended.shadow) = (None, true, true);
        }
        ended
    };
    for (change, aloud) in [(end(None), 0), (end(Some(&model())), 1)] {
        let mut world = shadowed();
        world.publish(change);
        (1..=RAISE).for_each(|end| world.publish(worn(end, 90.0)));
        assert_eq!(said::<ShadowPredicted>(&world), []);
        assert_eq!(said::<FailurePredicted>(&world).len(), aloud);
    }
}

#[test]
fn a_shadow_goes_on_after_a_restart() {
    let mut world = shadowed();
    world.publish(worn(1, 90.0));
    world.kill::<super::Diagnosis>();
    (2..=RAISE).for_each(|end| world.publish(worn(end, 90.0)));
    assert_eq!(said::<ShadowPredicted>(&world).len(), 1);
}
