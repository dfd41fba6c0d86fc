//! Faults laid over recordings: what the copies send, and what becomes true about them.

use crate::fixture::{Folder, VEHICLE, at, trips, values};
use messages::Provenance;
use messages::health::SensorFaultKind;
use simulator::{Entry, Expected, Frame, Truth};

const COOLANT: &str = r#"
[[overlays]]
name = "coolant"
fault = "coolant_pump_wear"
component = "engine"
channel = "coolant_temperature"
copies = 3
seed = 7
start_running_hours = [1, 3]
over_running_hours = [4, 6]
by = [30, 40]
settle = "10m"
warm_above = 75
resolution = 1
"#;

/// Eight trips, two hours each, with overlays.
fn folder(overlays: &str) -> Folder {
    Folder::new(&format!("{VEHICLE}{overlays}")).with("trips.csv", trips("VEH001", 8))
}

/// All frames of one asset, and what is true at the end.
fn replayed(folder: &Folder, asset: &str) -> (Vec<Frame>, Truth) {
    let mut replay = folder.open().unwrap();
    let mut frames = Vec::new();
    for entry in replay.by_ref() {
        if let Entry::Telemetry(frame) = entry.unwrap()
            && frame.telemetry.asset == asset
        {
            frames.push(frame);
        }
    }
    let truth = replay.truth().into_iter().find(|truth| truth.asset == asset).unwrap();
    (frames, truth)
}

#[test]
fn one_seed_gives_one_replay_and_another_seed_another() {
    let one = folder(COOLANT).entries().unwrap();
    assert!(one == folder(COOLANT).entries().unwrap(), "the same seed, the same replay");
    let other = folder(&COOLANT.replace("seed = 7", "seed = 8")).entries().unwrap();
    assert!(one != other, "another seed, another replay");
    let starts = |replayed: &Folder| {
        let mut replay = replayed.open().unwrap();
        assert!(replay.by_ref().all(|entry| entry.is_ok()));
        replay.truth().iter().map(|truth| truth.started_at.unwrap()).collect::<Vec<_>>()
    };
    let mut starts = starts(&folder(COOLANT));
    starts.dedup();
    assert_eq!(starts.len(), 3, "each copy has a start of its own");
}

#[test]
fn the_recorded_asset_is_replayed_beside_its_copies_as_it_was() {
    let plain = Folder::new(VEHICLE).with("trips.csv", trips("VEH001", 8));
    let overlaid = folder(COOLANT);
    assert_eq!(
        values(&plain.frames("VEH001"), "coolant_temperature"),
        overlaid.values("VEH001", "coolant_temperature")
    );
    let assets: Vec<String> =
        overlaid.open().unwrap().assets().iter().map(|asset| asset.asset.clone()).collect();
    assert_eq!(assets, ["VEH001", "VEH001-coolant-1", "VEH001-coolant-2", "VEH001-coolant-3"]);
    let copy = overlaid.frames("VEH001-coolant-1");
    assert!(copy.iter().all(|frame| frame.provenance == Provenance::Simulated));
}

#[test]
fn a_worn_coolant_pump_heats_the_warm_running_engine_until_it_fails_and_falls_silent() {
    let folder = folder(COOLANT);
    let recorded = folder.values("VEH001", "coolant_temperature");
    let (frames, truth) = replayed(&folder, "VEH001-coolant-2");
    let sent = values(&frames, "coolant_temperature");
    let started_at = truth.started_at.unwrap();
    let Expected::Failure { component, failed_at: Some(failed_at) } = &truth.expected else {
        panic!("expected a failure, found {truth:?}");
    };
    assert_eq!(component, "engine");
    for ((at, sent), (_, recorded)) in sent.iter().zip(&recorded) {
        let (sent, recorded) = (sent.unwrap(), recorded.unwrap());
        assert!(*at >= started_at || sent == recorded, "nothing is changed before the start");
        assert!(sent >= recorded && sent.fract() == 0.0, "{sent} for {recorded} at {at}");
        if recorded < 75.0 {
            assert!(
                sent - recorded <= 1.0,
                "a cold engine is not overheated: {sent} for {recorded}"
            );
        }
    }
    let beyond = sent.iter().find(|(_, value)| value.unwrap() >= 110.0).unwrap().0;
    assert!(beyond <= *failed_at, "the profile's critical limit is 110");
    let last_at = sent.last().unwrap().0;
    assert_eq!(last_at.since(*failed_at).as_secs(), 60, "a minute beyond it, then nothing");
    let channels_alike = values(&frames, "battery_voltage");
    assert_eq!(channels_alike, folder.values("VEH001", "battery_voltage")[..sent.len()]);
}

#[test]
fn a_failure_that_the_recording_does_not_reach_is_none() {
    let slow = COOLANT.replace("over_running_hours = [4, 6]", "over_running_hours = 400");
    let (frames, truth) = replayed(&folder(&slow), "VEH001-coolant-1");
    assert_eq!(values(&frames, "engine_speed").len(), 8 * 720);
    assert!(truth.started_at.is_some());
    assert!(matches!(truth.expected, Expected::Failure { failed_at: None, .. }));
}

#[test]
fn a_limit_that_the_recording_itself_crosses_is_no_failure_of_the_overlay() {
    let already = COOLANT.replace("settle =", "fails_at = 85\nsettle =");
    let (_, truth) = replayed(&folder(&already), "VEH001-coolant-1");
    assert!(matches!(truth.expected, Expected::Failure { failed_at: None, .. }), "{truth:?}");
}

#[test]
fn a_decaying_alternator_lets_the_voltage_sink_until_it_fails() {
    let battery = r#"
        [[overlays]]
        name = "battery"
        fault = "alternator_decay"
        component = "battery"
        channel = "battery_voltage"
        start = "2026-03-03T00:00:00Z"
        over_running_hours = 8
        to = 10.6
    "#;
    let folder = folder(battery);
    let (frames, truth) = replayed(&folder, "VEH001-battery-1");
    assert_eq!(
        truth.started_at,
        Some(at("2026-03-03T06:00:00Z")),
        "with the first sample from then on"
    );
    let Expected::Failure { failed_at: Some(failed_at), .. } = truth.expected else {
        panic!("expected a failure, found {truth:?}");
    };
    // 14.2 V are 11.5 V after 2.7 of 3.6 V, hence after 6 of 8 running hours: just into the fourth trip of two hours.
    assert_eq!(failed_at, at("2026-03-06T06:00:30Z"));
    let sent = values(&frames, "battery_voltage");
    let daily: Vec<f64> = sent.iter().step_by(720).filter_map(|(_, value)| *value).collect();
    assert!(daily.is_sorted_by(|one, next| one >= next), "{daily:?}");
}

#[test]
fn a_stuck_sensor_repeats_one_value_and_copies_take_turns_on_the_channels() {
    let stuck = r#"
        [[overlays]]
        name = "stuck"
        fault = "sensor_stuck"
        channel = ["battery_voltage", "engine_speed"]
        copies = 2
        seed = 3
        start_running_hours = [2, 4]
    "#;
    let folder = folder(stuck);
    for (copy, channel) in
        [("VEH001-stuck-1", "battery_voltage"), ("VEH001-stuck-2", "engine_speed")]
    {
        let (frames, truth) = replayed(&folder, copy);
        let kind = SensorFaultKind::Stuck;
        let expected = Expected::SensorFault { channel: channel.to_owned(), kind };
        assert_eq!(truth.expected, expected);
        let started_at = truth.started_at.unwrap();
        let sent = values(&frames, channel);
        let after: Vec<f64> = sent
            .iter()
            .filter(|(at, _)| *at >= started_at)
            .filter_map(|(_, value)| *value)
            .collect();
        assert!(after.len() > 1_000 && after.windows(2).all(|pair| pair[0] == pair[1]));
        let recorded = folder.values("VEH001", channel);
        let before = sent.iter().take_while(|(at, _)| *at < started_at).count();
        assert_eq!(sent[..=before], recorded[..=before], "frozen at the value of that moment");
    }
}

#[test]
fn a_sensor_that_drops_out_sends_nothing_more_and_one_that_drifts_wanders_off() {
    let overlays = r#"
        [[overlays]]
        name = "out"
        fault = "sensor_dropout"
        channel = "coolant_temperature"
        start_running_hours = 2
        [[overlays]]
        name = "drift"
        fault = "sensor_drift"
        channel = "coolant_temperature"
        start_running_hours = 2
        over_running_hours = 4
        by = -40
    "#;
    let folder = folder(overlays);
    let (frames, truth) = replayed(&folder, "VEH001-out-1");
    for (at, value) in values(&frames, "coolant_temperature") {
        assert_eq!(value.is_none(), at >= truth.started_at.unwrap(), "{at}");
    }
    assert!(values(&frames, "engine_speed").iter().all(|(_, value)| value.is_some()));
    let (frames, truth) = replayed(&folder, "VEH001-drift-1");
    assert!(matches!(truth.expected, Expected::SensorFault { kind: SensorFaultKind::Drift, .. }));
    let (_, last) = values(&frames, "coolant_temperature").pop().unwrap();
    assert_eq!(
        last,
        Some(folder.values("VEH001", "coolant_temperature").pop().unwrap().1.unwrap() - 40.0)
    );
}
