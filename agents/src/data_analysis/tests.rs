//! What data-analysis does with what devices send: nothing is lost, nothing counts twice, windows come out alike.

use super::{Config, DataAnalysis};
use messages::health::{
    AssetSilent, HealthAssessed, QuarantineReason, SensorFaultKind, SensorFaulted,
    TelemetryQuarantined,
};
use messages::registry::{AssetRegistered, AssetRetired};
use messages::telemetry::{Sample, Signal, Telemetry, json};
use messages::{Finite, Stream, Timestamp};
use runtime::testkit::World;
use std::collections::BTreeMap;
use std::time::Duration;

const ASSET: &str = "VEH001";
/// Seconds between the samples that these tests send.
const STEP: usize = 10;
/// Samples in one window of a minute.
const WINDOW_SAMPLES: u32 = 6;
/// Places of features in the vehicle's list.
const ENGINE_SPEED: usize = 0;
const COOLANT: usize = 1;
const TYRE_PRESSURE: usize = 5;

/// An hour before the world begins, so that no sample is ahead of the clock.
fn moment(second: i64) -> Timestamp {
    let start: Timestamp = "2026-03-02T05:00:00Z".parse().unwrap();
    Timestamp::from_millis(start.as_millis() + second * 1000).unwrap()
}

fn world() -> World {
    World::seeded(7).agent::<DataAnalysis>(Config::default())
}

fn watched() -> World {
    let mut world = world();
    world.publish(registered("demo"));
    world
}

fn registered(fleet: &str) -> AssetRegistered {
    AssetRegistered {
        asset: ASSET.into(),
        fleet: fleet.into(),
        profile: "vehicle".into(),
        model: None,
        in_service_since: None,
        supplier: None,
        batch: None,
        owner: None,
        group: None,
        home: None,
    }
}

/// A frame written as a device writes it.
fn sent(body: &str) -> Telemetry {
    let parsed = json::parse("demo", ASSET, body.as_bytes()).unwrap();
    assert!(parsed.refused.is_empty(), "{:?}", parsed.refused);
    parsed.frame
}

fn finite(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

/// A running, warm engine at `second`; its temperature moves a little from sample to sample.
fn sample(second: i64, seq: Option<u64>) -> Sample {
    #[expect(clippy::cast_precision_loss, reason = "a few minutes of seconds")]
    let swing = ((second * 7) % 30) as f64 / 10.0;
    let values = [2000.0 + swing * 10.0, 88.0 + swing, 220.0 + swing];
    Sample {
        sampled_at: moment(second),
        seq,
        values: values.map(|value| Some(finite(value))).to_vec(),
        codes: Vec::new(),
    }
}

fn frame(boot: Option<u64>, samples: Vec<Sample>) -> Telemetry {
    let signal = |name: &str| Signal { name: name.into(), unit: None };
    Telemetry {
        fleet: "demo".into(),
        asset: ASSET.into(),
        boot,
        signals: ["engine_speed", "coolant_temperature", "tyre_pressure"].map(signal).to_vec(),
        samples,
    }
}

/// One sample, named by its content.
fn one(second: i64) -> Telemetry {
    frame(None, vec![sample(second, None)])
}

fn seconds(end: i64) -> Vec<i64> {
    (0..=end).step_by(STEP).collect()
}

fn quarantined(world: &World) -> Vec<(QuarantineReason, Telemetry)> {
    let kept = world.published::<TelemetryQuarantined>();
    kept.into_iter().map(|kept| (kept.reason, kept.telemetry)).collect()
}

/// Accepted, duplicates, quarantined.
fn readings(world: &mut World) -> [u64; 3] {
    let state = world.state::<DataAnalysis>(ASSET).expect("a state");
    ["accepted", "duplicates", "quarantined"]
        .map(|name| state["readings"][name].as_u64().expect("a count"))
}

/// The last word on each window.
fn final_windows(world: &World) -> BTreeMap<Timestamp, HealthAssessed> {
    let mut windows = BTreeMap::new();
    for assessed in world.published::<HealthAssessed>() {
        let known: Option<HealthAssessed> = windows.insert(assessed.window_end, assessed.clone());
        assert!(known.is_none_or(|known| known.revision < assessed.revision), "{assessed:?}");
    }
    windows
}

#[test]
fn telemetry_of_an_unknown_asset_is_kept_whole_with_the_command_that_mends_it() {
    let mut world = world();
    let frame = frame(Some(1), vec![sample(0, Some(1)), sample(10, Some(2))]);
    world.publish(frame.clone());
    let kept = world.published::<TelemetryQuarantined>();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].reason, QuarantineReason::UnknownAsset);
    assert_eq!(kept[0].telemetry, frame);
    assert_eq!(kept[0].remedy, "aurorasync asset add VEH001 --fleet demo --profile vehicle");
    assert_eq!(readings(&mut world), [0, 0, 2]);
    assert!(world.published::<HealthAssessed>().is_empty());
}

#[test]
fn what_was_kept_is_taken_in_once_the_asset_is_known() {
    let mut world = world();
    world.publish(one(0));
    world.publish(registered("demo"));
    let (_, kept) = quarantined(&world).remove(0);
    world.publish(kept);
    world.publish(one(60));
    assert_eq!(final_windows(&world)[&moment(60)].samples, 1);
    assert_eq!(readings(&mut world), [2, 0, 1]);
}

#[test]
fn each_minute_of_data_is_assessed_once() {
    let mut world = watched();
    for second in seconds(300) {
        world.publish(one(second));
    }
    let said = world.published::<HealthAssessed>();
    let ends: Vec<Timestamp> = said.iter().map(|assessed| assessed.window_end).collect();
    assert_eq!(ends, [60, 120, 180, 240, 300].map(moment));
    for assessed in said {
        assert_eq!((assessed.samples, assessed.revision), (WINDOW_SAMPLES, 0));
        assert_eq!(assessed.operating_state.as_deref(), Some("warm"));
    }
}

#[test]
fn a_frame_of_many_minutes_gives_the_same_windows_as_its_samples_one_by_one() {
    let mut alone = watched();
    seconds(300).into_iter().for_each(|second| alone.publish(one(second)));
    let mut together = watched();
    together.publish(frame(None, seconds(300).into_iter().map(|s| sample(s, None)).collect()));
    assert_eq!(alone.published::<HealthAssessed>(), together.published::<HealthAssessed>());
}

#[test]
fn a_reading_counts_once_however_often_and_in_whatever_frame_it_comes() {
    let counted = |second: i64| sample(second, Some(second.unsigned_abs() / 10));
    for boot in [Some(3), None] {
        let mut once = watched();
        let mut twice = watched();
        for second in seconds(180) {
            once.publish(frame(boot, vec![counted(second)]));
            twice.publish(frame(boot, vec![counted(second)]));
            twice.publish(frame(boot, vec![counted((second - 50).max(0)), counted(second)]));
        }
        let sent = seconds(180).len() as u64;
        assert_eq!(readings(&mut once), [sent, 0, 0], "boot {boot:?}");
        assert_eq!(readings(&mut twice), [sent, sent * 2, 0], "boot {boot:?}");
        assert_eq!(
            once.published::<HealthAssessed>(),
            twice.published::<HealthAssessed>(),
            "boot {boot:?}"
        );
    }
}

#[test]
fn a_count_without_a_boot_names_nothing_and_time_and_content_do() {
    let mut world = watched();
    world.publish(frame(None, vec![sample(0, Some(1))]));
    world.publish(frame(None, vec![sample(10, Some(1))]));
    assert_eq!(readings(&mut world), [2, 0, 0]);
}

#[test]
fn samples_out_of_order_within_ten_minutes_give_the_windows_of_those_in_order() {
    let all = seconds(3000);
    let mut in_order = watched();
    all.iter().for_each(|second| in_order.publish(one(*second)));
    let mut backwards = watched();
    // The sixty samples of ten minutes come the last first: up to 590 seconds late.
    for second in all.chunks(60).flat_map(|chunk| chunk.iter().rev()) {
        backwards.publish(one(*second));
    }
    assert!(quarantined(&backwards).is_empty());
    let (expected, found) = (final_windows(&in_order), final_windows(&backwards));
    let settled = moment(2400);
    let mut revised = 0;
    for (end, expected) in expected.range(..=settled) {
        let found = found.get(end).unwrap_or_else(|| panic!("window {end} was never said"));
        assert_eq!(found.samples, expected.samples, "{end}");
        assert_eq!(found.features, expected.features, "{end}");
        assert_eq!(found.feature_ages, expected.feature_ages, "{end}");
        assert_eq!(found.operating_state, expected.operating_state, "{end}");
        revised += u32::from(found.revision == 1);
    }
    assert_eq!(revised, 36, "all but the newest window of each ten minutes changed");
    assert!(in_order.published::<HealthAssessed>().iter().all(|said| said.revision == 0));
}

#[test]
fn a_sample_later_than_ten_minutes_is_kept_and_changes_no_window() {
    let mut world = watched();
    world.publish(one(0));
    world.publish(one(700));
    let before = world.published::<HealthAssessed>();
    world.publish(one(100));
    assert!(quarantined(&world).is_empty(), "exactly ten minutes is not too late");
    world.publish(one(90));
    assert_eq!(quarantined(&world), [(QuarantineReason::TooLate, one(90))]);
    assert_eq!(world.published::<HealthAssessed>(), before);
    assert_eq!(readings(&mut world), [3, 0, 1]);
}

#[test]
fn a_reading_of_more_than_ten_minutes_ago_is_not_counted_anew() {
    let mut world = watched();
    world.publish(one(65));
    world.publish(one(700));
    // Its window is open until a sample of second 720, but its fingerprint is forgotten.
    world.publish(one(65));
    assert_eq!(readings(&mut world), [2, 0, 1]);
    world.publish(one(1400));
    assert_eq!(final_windows(&world)[&moment(120)].samples, 1);
}

#[test]
fn a_device_that_counts_to_the_end_of_all_numbers_harms_nobody() {
    let mut world = watched();
    for seq in [1, u64::MAX, 2] {
        let second = i64::try_from(seq.min(9)).unwrap();
        world.publish(frame(Some(1), vec![sample(second, Some(seq))]));
    }
    assert!(world.dead().is_empty(), "{:?}", world.dead());
    assert_eq!(readings(&mut world), [3, 0, 0]);
}

#[test]
fn an_ordered_backlog_after_an_outage_is_not_late() {
    let mut world = watched();
    world.advance(Duration::from_secs(3 * 24 * 3600));
    seconds(120).into_iter().for_each(|second| world.publish(one(second)));
    assert!(quarantined(&world).is_empty());
    assert_eq!(world.published::<HealthAssessed>().len(), 2);
}

#[test]
fn a_sample_further_ahead_than_five_minutes_is_kept_and_closes_nothing() {
    let mut world = watched();
    world.publish(one(3590));
    world.publish(one(3901));
    assert_eq!(quarantined(&world), [(QuarantineReason::InTheFuture, one(3901))]);
    assert!(world.published::<HealthAssessed>().is_empty());
    world.publish(one(3900));
    assert_eq!(world.published::<HealthAssessed>().len(), 1, "exactly five minutes is allowed");
    assert_eq!(readings(&mut world), [2, 0, 1]);
}

#[test]
fn an_unknown_signal_is_kept_with_the_nearest_name_and_the_others_are_used() {
    let mut world = watched();
    world.publish(sent(
        r#"{"t":"2026-03-02T05:00:00Z","s":{"engine_speed":2000,"coolant_temperatur":90}}"#,
    ));
    world.publish(one(60));
    let kept = world.published::<TelemetryQuarantined>().remove(0);
    assert_eq!(kept.reason, QuarantineReason::UnknownSignal);
    assert_eq!(kept.nearest.as_deref(), Some("coolant_temperature"));
    assert!(kept.remedy.contains("send it as `coolant_temperature`"), "{}", kept.remedy);
    assert_eq!(
        kept.telemetry,
        sent(r#"{"t":"2026-03-02T05:00:00Z","s":{"coolant_temperatur":90}}"#)
    );
    let said = &final_windows(&world)[&moment(60)];
    assert_eq!(said.features[ENGINE_SPEED], Some(finite(2000.0)));
    assert_eq!(said.features[COOLANT], None);
    assert_eq!(readings(&mut world), [2, 0, 0]);
}

#[test]
fn a_value_in_another_unit_of_its_quantity_is_converted() {
    let mut world = watched();
    world.publish(sent(
        r#"{"t":"2026-03-02T05:00:00Z","s":{"tyre_pressure":32},"u":{"tyre_pressure":"psi"}}"#,
    ));
    world.publish(one(60));
    assert!(quarantined(&world).is_empty());
    let kilopascal = final_windows(&world)[&moment(60)].features[TYRE_PRESSURE].unwrap().get();
    // 1 psi = 6.894757 kPa; features are kept to a fraction of the sensor's resolution of 4 kPa.
    assert!((kilopascal - 32.0 * 6.894_757).abs() < 0.5, "{kilopascal}");
}

#[test]
fn a_value_in_a_unit_of_another_quantity_or_of_none_is_kept_with_the_right_unit() {
    for (unit, reason) in
        [("Celsius", QuarantineReason::WrongUnit), ("furlong", QuarantineReason::UnknownUnit)]
    {
        let mut world = watched();
        let body = format!(
            r#"{{"t":"2026-03-02T05:00:00Z","s":{{"tyre_pressure":32}},"u":{{"tyre_pressure":"{unit}"}}}}"#
        );
        world.publish(sent(&body));
        world.publish(one(60));
        let kept = world.published::<TelemetryQuarantined>().remove(0);
        assert_eq!((kept.reason, kept.nearest.as_deref()), (reason, Some("kPa")));
        assert_eq!(kept.telemetry, sent(&body));
        assert_eq!(final_windows(&world)[&moment(60)].features[TYRE_PRESSURE], None, "{unit}");
    }
}

#[test]
fn a_value_that_no_sensor_can_give_is_kept_and_the_others_are_used() {
    let mut world = watched();
    world.publish(sent(
        r#"{"t":"2026-03-02T05:00:00Z","s":{"coolant_temperature":500,"engine_speed":2000}}"#,
    ));
    world.publish(one(60));
    let expected = sent(r#"{"t":"2026-03-02T05:00:00Z","s":{"coolant_temperature":500}}"#);
    assert_eq!(quarantined(&world), [(QuarantineReason::OutOfRange, expected)]);
    let said = &final_windows(&world)[&moment(60)];
    assert_eq!(said.features[ENGINE_SPEED], Some(finite(2000.0)));
    assert_eq!(said.features[COOLANT], None);
}

#[test]
fn what_is_set_aside_of_a_counted_reading_is_heard_when_it_is_released() {
    let mut world = watched();
    world.publish(sent(
        r#"{"boot":7,"t":"2026-03-02T05:00:00Z","seq":1,"s":{"coolant_temperature":500,"engine_speed":2000}}"#,
    ));
    let (_, kept) = quarantined(&world).remove(0);
    world.publish(kept);
    assert_eq!(quarantined(&world).len(), 2, "it is still out of range, and not a duplicate");
    assert_eq!(readings(&mut world)[1], 0);
}

#[test]
fn two_values_for_one_channel_are_not_chosen_between_in_silence() {
    let mut world = watched();
    world.publish(sent(r#"{"t":"2026-03-02T05:00:00Z","s":{"rpm":2000,"engine_speed":900}}"#));
    let kept = world.published::<TelemetryQuarantined>().remove(0);
    assert_eq!(kept.reason, QuarantineReason::Ambiguous);
    assert_eq!(kept.nearest.as_deref(), Some("engine_speed"));
}

#[test]
fn accepted_duplicate_and_quarantined_samples_add_up_to_what_was_sent() {
    let mut world = world();
    let mut sent = 0;
    let mut publish = |world: &mut World, frame: Telemetry| {
        sent += frame.samples.len() as u64;
        world.publish(frame);
    };
    publish(&mut world, one(0));
    world.publish(registered("demo"));
    publish(&mut world, frame(None, vec![sample(0, None), sample(0, None), sample(5000, None)]));
    publish(&mut world, one(900));
    publish(&mut world, frame(None, vec![sample(100, None), sample(900, None), sample(910, None)]));
    publish(&mut world, Telemetry { fleet: "other".into(), ..one(920) });
    assert_eq!(sent, 9);
    assert_eq!(readings(&mut world), [3, 2, 4]);
    let kept: usize = quarantined(&world).iter().map(|(_, kept)| kept.samples.len()).sum();
    assert_eq!(kept, 4, "what is counted as quarantined is there to be released");
}

#[test]
fn telemetry_sent_for_another_fleet_is_kept_with_the_right_address() {
    let mut world = world();
    world.publish(registered("north"));
    world.publish(one(0));
    let kept = world.published::<TelemetryQuarantined>().remove(0);
    assert_eq!(kept.reason, QuarantineReason::WrongFleet);
    assert_eq!(kept.nearest.as_deref(), Some("north"));
    assert_eq!(kept.remedy, "send to /v1/fleets/north/assets/VEH001/telemetry");
    assert_eq!(kept.telemetry, one(0));
}

#[test]
fn a_retired_asset_is_neither_assessed_nor_missed_and_may_come_back() {
    let mut world = watched();
    world.publish(one(0));
    world.publish(AssetRetired { asset: ASSET.into(), reason: "sold".into() });
    world.publish(one(10));
    assert_eq!(quarantined(&world), [(QuarantineReason::RetiredAsset, one(10))]);
    world.advance(Duration::from_secs(3 * 24 * 3600));
    assert!(world.published::<HealthAssessed>().is_empty());
    assert!(world.published::<AssetSilent>().is_empty());
    world.publish(registered("demo"));
    world.publish(one(60));
    world.publish(one(120));
    assert_eq!(final_windows(&world)[&moment(120)].samples, 1);
}

#[test]
fn silence_is_said_once_and_anew_only_after_the_asset_was_heard_again() {
    let day = Duration::from_secs(24 * 3600);
    let mut world = watched();
    world.publish(one(3600));
    world.advance(day / 2);
    let heard_at = world.conductor().now();
    world.publish(one(3700));
    world.advance(day - Duration::from_secs(1));
    assert!(world.published::<AssetSilent>().is_empty(), "the second sample counts");
    world.advance(day * 3);
    let said = world.published::<AssetSilent>();
    assert_eq!(said.len(), 1);
    assert_eq!((said[0].last_sampled_at, said[0].last_heard_at), (moment(3700), heard_at));
    world.publish(one(3800));
    world.advance(day * 3);
    assert_eq!(world.published::<AssetSilent>().len(), 2);
}

#[test]
fn an_asset_that_never_sent_anything_is_not_silent() {
    let mut world = watched();
    world.advance(Duration::from_secs(7 * 24 * 3600));
    assert!(world.published::<AssetSilent>().is_empty());
}

#[test]
fn a_window_is_closed_by_time_when_nothing_more_comes() {
    let mut world = watched();
    world.publish(one(3600));
    world.advance(Duration::from_secs(89));
    assert!(world.published::<HealthAssessed>().is_empty(), "a minute and the grace");
    world.advance(Duration::from_secs(1));
    assert_eq!(final_windows(&world)[&moment(3660)].samples, 1);
    world.advance(Duration::from_secs(3600));
    assert_eq!(world.published::<HealthAssessed>().len(), 1);
}

#[test]
fn a_window_closed_by_time_is_said_anew_when_late_samples_changed_it() {
    let mut world = watched();
    world.publish(one(3600));
    world.advance(Duration::from_secs(120));
    world.publish(one(3610));
    world.advance(Duration::from_secs(900));
    world.publish(one(4260));
    let said = &final_windows(&world)[&moment(3660)];
    assert_eq!((said.revision, said.samples), (1, 2));
}

#[test]
fn a_late_window_is_said_anew_by_time_when_no_later_sample_shows_it_settled() {
    let mut world = watched();
    world.publish(one(3600));
    world.advance(Duration::from_secs(120));
    let words = |world: &World| -> Vec<(u16, u32)> {
        let said = world.published::<HealthAssessed>();
        said.iter().map(|said| (said.revision, said.samples)).collect()
    };
    // Ten minutes of lateness, a minute of window and the grace behind the late sample.
    world.publish(one(3610));
    world.advance(Duration::from_secs(689));
    assert_eq!(words(&world), [(0, 1)]);
    world.advance(Duration::from_secs(1));
    assert_eq!(words(&world), [(0, 1), (1, 2)]);
    world.publish(one(3620));
    world.advance(Duration::from_secs(7200));
    assert_eq!(words(&world), [(0, 1), (1, 2), (2, 3)], "late, but within the lateness: not lost");
    world.publish(one(4260));
    world.advance(Duration::from_secs(7200));
    assert_eq!(final_windows(&world).len(), 2);
    assert_eq!(words(&world).len(), 4, "each once");
}

#[test]
fn a_sensor_is_judged_also_while_the_operating_state_is_unknown() {
    let mut world = watched();
    for second in seconds(1190) {
        let mut sample = sample(second, None);
        // The channel that tells the state.
        sample.values[0] = None;
        if second < 600 {
            sample.values[2] = Some(finite(5000.0));
        }
        world.publish(frame(None, vec![sample]));
    }
    assert!(world.published::<HealthAssessed>().iter().all(|it| it.operating_state.is_none()));
    let faults = world.published::<SensorFaulted>();
    let faults: Vec<_> = faults.iter().map(|it| (it.kind, it.cleared_at.is_some())).collect();
    let fault = |cleared| (SensorFaultKind::OutOfRange, cleared);
    assert_eq!(faults, [fault(false), fault(true)]);
}

#[test]
fn a_sensor_beyond_its_range_is_said_once_and_named_in_each_window_until_it_is_sound() {
    let mut world = watched();
    for second in seconds(1190) {
        let mut sample = sample(second, None);
        if second < 600 {
            sample.values[2] = Some(finite(5000.0));
        }
        world.publish(frame(None, vec![sample]));
    }
    let faults: Vec<_> = world
        .published::<SensorFaulted>()
        .into_iter()
        .map(|fault| (fault.channel, fault.kind, fault.cleared_at.is_some()))
        .collect();
    let fault = |cleared| ("tyre_pressure".into(), SensorFaultKind::OutOfRange, cleared);
    assert_eq!(faults, [fault(false), fault(true)]);
    let named = |assessed: &HealthAssessed| assessed.sensor_faults.len();
    let named: Vec<usize> = world.published::<HealthAssessed>().iter().map(named).collect();
    assert!(named.is_sorted_by(|a, b| a <= b || (*a, *b) == (1, 0)), "{named:?}");
    assert_eq!((named[0], named[5], named[18]), (0, 1, 0));
}

#[test]
fn a_host_killed_between_checkpoints_says_nothing_twice_and_forgets_nothing() {
    let run = |kill: bool| {
        let mut world = watched();
        for second in seconds(1200) {
            world.publish(one(second));
            if second % 90 == 0 {
                world.publish(one((second - 30).max(0)));
                world.advance(Duration::from_secs(7));
            }
            if kill && second % 70 == 0 {
                world.kill::<DataAnalysis>();
            }
        }
        world
    };
    let (mut calm, mut killed) = (run(false), run(true));
    assert_eq!(calm.trace(), killed.trace());
    assert_eq!(calm.states(), killed.states());
    assert!(calm.envelopes(Stream::Health).len() > 15);
}
