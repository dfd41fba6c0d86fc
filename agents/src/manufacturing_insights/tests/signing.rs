//! The gates of a CAPA: their order, what they refuse, and how later assets decide about the action.

use super::{DAY, bad_batch, fail, register, world};
use messages::capa::{
    CapaClosed, CapaOpened, CapaRefused, CapaReopened, CapaSigned, CapaState, CapaUpdated,
    Criterion, Gate, Statement,
};
use messages::{Finite, Timestamp};
use runtime::testkit::World;

fn finite(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

fn containment() -> Statement {
    Statement::Containment { measures: "stock is blocked".into(), effective_percent: finite(80.0) }
}

fn root_cause(cause: &str) -> Statement {
    Statement::RootCause {
        cause: cause.into(),
        escape_point: "incoming inspection measures no hardness".into(),
        whys: vec!["pads wear fast".into(), "binder is soft".into(), "oven was cold".into()],
        evidence: vec!["hardness of 12 returned pads".into()],
    }
}

/// Half the rate, over 2,000 days of life, with 90 % certainty.
fn action() -> Statement {
    let criterion = Criterion { ratio_max: finite(0.5), life_days: 2_000, level: finite(0.9) };
    Statement::Action { action: "alarm at the oven".into(), criterion }
}

fn implemented(effective_from: Option<Timestamp>) -> Statement {
    Statement::Implemented { done: "alarm is mounted".into(), effective_from }
}

fn prevention() -> Statement {
    Statement::Prevention { measures: "alarm at all ovens".into() }
}

fn closure() -> Statement {
    Statement::Closure { summary: "cured warm enough since".into() }
}

fn sign(world: &mut World, statement: Statement) {
    let opened = world.published::<CapaOpened>();
    let CapaOpened { capa, population, .. } = opened[0].clone();
    world.publish(CapaSigned { capa, population, by: "quality desk".into(), statement });
}

fn refused(world: &World) -> Vec<String> {
    world.published::<CapaRefused>().into_iter().map(|it| it.reason).collect()
}

fn signed(world: &World) -> Vec<(Gate, CapaState)> {
    let updated = world.published::<CapaUpdated>();
    updated.into_iter().filter_map(|it| Some((it.gate?, it.state))).collect()
}

/// A CAPA whose action was implemented.
fn verifying() -> World {
    let mut world = world();
    bad_batch(&mut world);
    for statement in [containment(), root_cause("oven has no alarm"), action(), implemented(None)] {
        sign(&mut world, statement);
        world.advance(DAY);
    }
    assert_eq!(refused(&world), Vec::<String>::new());
    world
}

fn later_assets(world: &mut World) {
    for number in 0..30 {
        register(world, &format!("NEW{number:02}"), "S-2", "B-3");
    }
    world.settle();
}

#[test]
fn gates_are_signed_in_their_order_and_each_once() {
    let mut world = world();
    bad_batch(&mut world);
    sign(&mut world, root_cause("oven has no alarm"));
    sign(&mut world, containment());
    sign(&mut world, containment());
    let reasons = refused(&world);
    assert!(reasons[0].contains("D4 waits for D3"), "{reasons:?}");
    assert!(reasons[1].contains("D3 was signed"), "{reasons:?}");
    assert_eq!(signed(&world), [(Gate::D3, CapaState::Contained)]);
}

#[test]
fn blame_is_refused_by_the_agent_too() {
    let mut world = world();
    bad_batch(&mut world);
    sign(&mut world, containment());
    sign(&mut world, root_cause("operator error at the oven"));
    assert!(refused(&world)[0].contains("blames"), "{:?}", refused(&world));
    assert_eq!(signed(&world).len(), 1);
}

#[test]
fn a_criterion_is_fixed_before_the_action_and_not_changed_after() {
    let mut world = world();
    bad_batch(&mut world);
    let before = world.conductor().now();
    world.advance(DAY);
    for statement in [containment(), root_cause("oven has no alarm"), action()] {
        sign(&mut world, statement);
    }
    sign(&mut world, implemented(Some(before)));
    sign(&mut world, implemented(None));
    sign(&mut world, action());
    let reasons = refused(&world);
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("after the action took effect"), "{reasons:?}");
    assert!(reasons[1].contains("a criterion is fixed before the action"), "{reasons:?}");
}

#[test]
fn a_criterion_that_nothing_could_meet_is_refused() {
    let mut world = world();
    bad_batch(&mut world);
    sign(&mut world, containment());
    sign(&mut world, root_cause("oven has no alarm"));
    let criterion = Criterion { ratio_max: finite(0.1), life_days: 10, level: finite(0.99) };
    sign(&mut world, Statement::Action { action: "alarm".into(), criterion });
    assert!(refused(&world)[0].contains("cannot be met"), "{:?}", refused(&world));
}

#[test]
fn later_assets_that_do_not_fail_meet_the_criterion_and_then_it_can_be_closed() {
    let mut world = verifying();
    sign(&mut world, prevention());
    sign(&mut world, closure());
    assert!(refused(&world)[0].contains("not decided"), "{:?}", refused(&world));
    later_assets(&mut world);
    world.advance(60 * DAY);
    assert_eq!(world.published::<CapaClosed>(), []);
    world.advance(14 * DAY);
    sign(&mut world, closure());
    let closed = world.published::<CapaClosed>();
    assert_eq!(closed.len(), 1, "{:?}", refused(&world));
    let found = &closed[0].effectiveness;
    assert_eq!((found.assets, found.failures, found.met), (30, 0, Some(true)));
    assert!(found.life_days.get() >= 2_000.0 && found.life_days.get() < 2_250.0, "{found:?}");
}

#[test]
fn later_assets_that_fail_reopen_it_and_the_signatures_hold_no_more() {
    let mut world = verifying();
    later_assets(&mut world);
    for number in 0..30 {
        world.advance(DAY);
        fail(&mut world, &format!("NEW{number:02}"), "brake");
    }
    let reopened = world.published::<CapaReopened>();
    assert_eq!(reopened.len(), 1, "{reopened:?}");
    let found = &reopened[0].effectiveness;
    assert_eq!((found.met, found.failures), (Some(false), found.failures_max + 1));
    sign(&mut world, prevention());
    assert!(refused(&world)[0].contains("waits for D4"), "{:?}", refused(&world));
    sign(&mut world, root_cause("the alarm is too late"));
    assert_eq!(signed(&world).last(), Some(&(Gate::D4, CapaState::Rca)));
}

#[test]
fn earlier_assets_and_other_suppliers_say_nothing_about_the_action() {
    let mut world = verifying();
    for number in 0..20 {
        register(&mut world, &format!("ELSE{number:02}"), "S-1", "B-3");
    }
    world.settle();
    for number in 0..20 {
        world.advance(DAY);
        fail(&mut world, &format!("ELSE{number:02}"), "brake");
        fail(&mut world, &format!("BAD{number:02}"), "brake");
    }
    world.advance(80 * DAY);
    assert_eq!(world.published::<CapaReopened>(), []);
    let judged = world.published::<CapaUpdated>();
    assert!(judged.iter().all(|it| it.effectiveness.as_ref().is_none_or(|it| it.met.is_none())));
}

#[test]
fn a_capa_that_nobody_knows_is_refused() {
    let mut world = world();
    bad_batch(&mut world);
    let capa = messages::CapaId::of(messages::MessageId::named("test", "other"), "brake");
    let by = "quality desk".to_owned();
    let population = "vehicle".to_owned();
    world.publish(CapaSigned { capa, population, by, statement: containment() });
    assert!(refused(&world)[0].contains("is not known"), "{:?}", refused(&world));
}
