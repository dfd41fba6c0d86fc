//! Manufacturing insights with a few hundred assets: what opens a CAPA, what does not, and what people may sign.

#[path = "tests/counting.rs"]
mod counting;
#[path = "tests/signing.rs"]
mod signing;

use super::{Config, ManufacturingInsights};
use messages::capa::{CapaOpened, CapaUpdated, RecallSuggested};
use messages::finding::{FailureRecorded, FindingRecorded};
use messages::pattern::{Group, PatternFound, PopulationReviewed};
use messages::registry::AssetRegistered;
use runtime::testkit::World;
use std::time::Duration;

pub(super) const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn world() -> World {
    World::seeded(7).agent::<ManufacturingInsights>(Config::default())
}

pub(super) fn register(world: &mut World, asset: &str, supplier: &str, batch: &str) {
    world.append(&AssetRegistered {
        asset: asset.to_owned(),
        fleet: "demo".to_owned(),
        profile: "vehicle".to_owned(),
        model: Some("AR-1".to_owned()),
        in_service_since: None,
        supplier: Some(supplier.to_owned()),
        batch: Some(batch.to_owned()),
        owner: None,
        group: None,
        home: None,
    });
}

pub(super) fn fail(world: &mut World, asset: &str, component: &str) {
    let failed_at = world.conductor().now();
    let (asset, component) = (asset.to_owned(), component.to_owned());
    let by = format!("owner of {asset}");
    world.publish(FailureRecorded { asset, component, failed_at, by });
}

pub(super) fn find(world: &mut World, asset: &str, component: &str, cause: &str, by: &str) {
    let found_at = world.conductor().now();
    world.publish(FindingRecorded {
        asset: asset.to_owned(),
        network: None,
        booking: None,
        case: None,
        examined: component.to_owned(),
        component: Some(component.to_owned()),
        cause: Some(cause.to_owned()),
        part: Some("pads".to_owned()),
        batch: None,
        repaired: true,
        found_at,
        by: by.to_owned(),
    });
}

/// 200 assets: `BAD00` to `BAD19` are of supplier S-2 and batch B-2, the others of four other combinations.
pub(super) fn fleet(world: &mut World) {
    for number in 0..20 {
        register(world, &format!("BAD{number:02}"), "S-2", "B-2");
    }
    for number in 0..180 {
        let (supplier, batch) =
            [("S-1", "B-1"), ("S-1", "B-2"), ("S-2", "B-1"), ("S-3", "B-1")][number % 4];
        register(world, &format!("OK{number:03}"), supplier, batch);
    }
    world.settle();
}

/// 18 of the 20 bad ones fail within 72 days, six of the others too; workshops say why.
pub(super) fn bad_batch(world: &mut World) {
    fleet(world);
    for number in 0..18 {
        world.advance(4 * DAY);
        let asset = format!("BAD{number:02}");
        fail(world, &asset, "brake");
        let workshop = ["workshop pune", "workshop delhi", "workshop mumbai"][number % 3];
        let cause = if number % 3 == 2 { "wear" } else { "pad_compound" };
        find(world, &asset, "brake", cause, workshop);
        if number % 3 == 0 {
            fail(world, &format!("OK{:03}", 7 * number), "brake");
        }
    }
    world.advance(8 * DAY);
}

fn bad() -> Group {
    Group { model: None, supplier: Some("S-2".to_owned()), batch: Some("B-2".to_owned()) }
}

#[test]
fn a_bad_batch_opens_one_capa_with_its_denominators() {
    let mut world = world();
    bad_batch(&mut world);
    let opened = world.published::<CapaOpened>();
    assert_eq!(opened.len(), 1, "{opened:?}");
    let capa = &opened[0];
    assert_eq!((capa.component.as_str(), &capa.group), ("brake", &bad()));
    assert!(capa.failures >= 15 && capa.p_value.get() < 0.01, "{capa:?}");
    // Every group of every component was compared, and that every week of a year.
    let corrected = capa.p_value.get() / capa.rate.p_raw.unwrap().get();
    assert!(corrected > 1_000.0, "{corrected}");
    assert_eq!((capa.rate.assets, capa.rest.assets), (20, 180));
    assert_eq!(capa.rate.query.records, capa.failures);
    assert_eq!(
        capa.rate.query.condition,
        "component == 'brake' && supplier == 'S-2' && batch == 'B-2'"
    );
    assert!(capa.rate.query.first.is_some() && capa.rate.query.last.is_some());
    let days = capa.rate.query.until.since(capa.rate.query.from).as_secs_f64() / 86_400.0;
    assert!((capa.rate.life_days.get() - 20.0 * days).abs() < 20.0, "{capa:?}");
    assert_eq!(capa.contain_by.since(capa.rate.query.until), DAY);
    assert!(capa.safety && world.published::<RecallSuggested>().len() == 1);
    assert!(world.dead().is_empty());
}

#[test]
fn a_cause_is_what_so_many_of_so_many_workshops_report() {
    let mut world = world();
    bad_batch(&mut world);
    let causes = &world.published::<CapaOpened>()[0].causes;
    assert_eq!((causes[0].cause.as_str(), causes[0].workshops), ("pad_compound", 2));
    assert_eq!((causes[1].cause.as_str(), causes[1].workshops), ("wear", 1));
    assert!(causes.iter().all(|cause| cause.of_workshops == 3), "{causes:?}");
    assert_eq!(causes[0].part.as_deref(), Some("pads"));
}

#[test]
fn one_bad_batch_makes_neither_its_supplier_nor_its_year_bad() {
    let mut world = world();
    bad_batch(&mut world);
    world.advance(60 * DAY);
    let patterns = world.published::<PatternFound>();
    assert!(patterns.iter().all(|pattern| pattern.rate.group == bad()), "{patterns:?}");
}

#[test]
fn many_failures_of_a_batch_that_most_assets_have_are_no_pattern() {
    let mut world = world();
    for number in 0..160 {
        let batch = if number < 140 { "B-1" } else { "B-2" };
        register(&mut world, &format!("V{number:03}"), "S-1", batch);
    }
    world.settle();
    // A quarter of each: 35 failures of B-1 against 5 of B-2 are what the numbers of assets make of it.
    for number in (0..160).step_by(4) {
        world.advance(2 * DAY);
        fail(&mut world, &format!("V{number:03}"), "brake");
    }
    world.advance(30 * DAY);
    assert_eq!(world.published::<PatternFound>(), []);
    assert_eq!(world.published::<CapaOpened>(), []);
    let reviewed = world.published::<PopulationReviewed>();
    let brake = &reviewed.last().unwrap().components[0];
    assert_eq!((brake.component.as_str(), brake.all.failures), ("brake", 40));
}

#[test]
fn a_few_failures_are_a_pattern_and_no_capa() {
    let mut world = world();
    fleet(&mut world);
    for number in 0..9 {
        world.advance(DAY);
        fail(&mut world, &format!("BAD{number:02}"), "brake");
    }
    world.advance(30 * DAY);
    assert_eq!(world.published::<PatternFound>().len(), 1);
    assert_eq!(world.published::<CapaOpened>(), []);
}

#[test]
fn one_more_failure_of_the_group_is_told() {
    let mut world = world();
    bad_batch(&mut world);
    fail(&mut world, "BAD19", "brake");
    fail(&mut world, "BAD18", "tyre");
    fail(&mut world, "OK001", "brake");
    let updated = world.published::<CapaUpdated>();
    let failed: Vec<&str> = updated.iter().filter_map(|it| it.asset.as_deref()).collect();
    assert_eq!(failed.last(), Some(&"BAD19"), "{updated:?}");
    let rate = updated.iter().rfind(|it| it.asset.is_some()).unwrap().rate.as_ref().unwrap();
    assert_eq!(rate.failures, 19);
}

#[test]
fn what_is_not_contained_in_a_day_is_overdue_once() {
    let mut world = world();
    bad_batch(&mut world);
    world.advance(20 * DAY);
    let overdue = world.published::<CapaUpdated>();
    let overdue = overdue.iter().filter(|it| it.reason.contains("overdue"));
    assert_eq!(overdue.count(), 1);
}

#[test]
fn a_component_that_wears_has_a_life_and_one_that_seldom_fails_an_unknown_one() {
    let mut world = world();
    bad_batch(&mut world);
    fail(&mut world, "OK002", "tyre");
    world.advance(40 * DAY);
    let reviewed = world.published::<PopulationReviewed>();
    let last = reviewed.last().unwrap();
    let of = |name: &str| last.components.iter().find(|it| it.component == name).unwrap();
    let life = of("brake").life.unwrap();
    assert_eq!(life.failures, of("brake").all.failures);
    assert!(life.shape.low.unwrap() < life.shape.value);
    assert!(of("tyre").life.is_none() && of("tyre").life_unknown.is_some());
    assert_eq!(last.by_count[0].name, "brake");
    assert_eq!(last.by_count.last().unwrap().covered.get(), 1.0);
}
