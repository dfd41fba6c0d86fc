//! Every agent of the catalog keeps what every agent promises.

use messages::consent::{Channel, ConsentChanged};
use messages::contact::{ContactOwner, Costs, CustomerReplied, Facts, Purpose};
use messages::prediction::{Driving, Severity};
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded, OwnerRegistered};
use messages::sealed::{KEY_BYTES, Key, Keyring, NONCE_BYTES, Sealed};
use messages::telemetry::{Sample, Signal, Telemetry, TroubleCode};
use messages::{CaseId, Finite, MessageId, Timestamp};
use runtime::testkit::World;
use runtime::testkit::conformance;
use std::time::Duration;

const ASSETS: u32 = 5;
/// Minutes of data; enough for a trend within a run.
const MINUTES: u32 = 60;
/// Seconds between samples.
const STEP: u32 = 15;

fn asset(number: u32) -> String {
    format!("VEH{number:03}")
}

fn registered(asset: String) -> AssetRegistered {
    AssetRegistered {
        asset,
        fleet: "demo".into(),
        profile: "vehicle".into(),
        model: None,
        in_service_since: None,
        supplier: None,
        batch: None,
        owner: None,
        group: None,
    }
}

/// A warm engine whose coolant rises the faster the higher the asset's number.
fn frame(number: u32, second: u32, moment: Timestamp) -> Telemetry {
    let rise = f64::from(number) * f64::from(second) / 3600.0;
    let swing = f64::from((second * 7) % 31) / 10.0;
    let values = [
        ("engine_speed", 2000.0 + swing * 20.0),
        ("coolant_temperature", 88.0 + rise * 5.0 + swing),
        ("oil_pressure", 350.0 + swing),
        ("battery_voltage", 14.0 + swing / 20.0),
        ("vibration_rms", 2.0 + swing / 10.0),
        ("tyre_pressure", 220.0 + swing),
        ("no_such_signal", swing),
    ];
    // Every ninth sample comes late, and some of them too late.
    let late =
        Duration::from_secs(if second.is_multiple_of(9) { u64::from(second % 800) } else { 0 });
    let codes = vec![TroubleCode::Obd2 { code: "P0217".into() }];
    Telemetry {
        fleet: "demo".into(),
        asset: asset(number),
        boot: number.is_multiple_of(2).then_some(1),
        signals: values.map(|(name, _)| Signal { name: name.into(), unit: None }).to_vec(),
        samples: vec![Sample {
            sampled_at: moment.saturating_sub(late),
            seq: Some(u64::from(second / STEP)),
            values: values
                .map(|(_, value)| Some(Finite::new(value).expect("a finite value")))
                .to_vec(),
            codes: if number == 4 && second > 1800 { codes } else { Vec::new() },
        }],
    }
}

fn owner(number: u32) -> String {
    format!("owner-{number}")
}

/// The owners of the assets, of whom the last allows nothing.
fn meet_owners(world: &mut World) {
    for number in 1..=ASSETS {
        let (owner, mut keyring) = (owner(number), Keyring::default());
        keyring.insert(owner.clone(), Key::new([1; KEY_BYTES])).expect("a first key");
        let name = Sealed::seal(&owner, &owner, [0; NONCE_BYTES], &keyring).expect("a key");
        world.append(&OwnerRegistered {
            owner: owner.clone(),
            name,
            phone: None,
            email: None,
            zone: "Asia/Kolkata".into(),
            language: "en-IN".into(),
        });
        let granted = if number == ASSETS { Vec::new() } else { Channel::ALL.to_vec() };
        let reason = "asked when registered".into();
        world.append(&ConsentChanged { owner, granted, revoked: Vec::new(), reason });
    }
}

fn case(number: u32) -> CaseId {
    CaseId::of(MessageId::default(), &number.to_string())
}

fn contact(number: u32, step: u32, now: Timestamp) -> ContactOwner {
    let finite = |value: f64| Finite::new(value).expect("a finite value");
    ContactOwner {
        case: case(number),
        asset: asset(number),
        owner: owner(number),
        step: format!("contact-{step}"),
        purpose: Purpose::PredictedFailure,
        severity: Severity::High,
        facts: Facts {
            component: "Engine".into(),
            issue: "coolant pump wear".into(),
            probability: finite(0.8),
            horizon_hours: finite(168.0),
            time_left_hours: None,
            reasons: vec!["it runs hot".into()],
            driving: Driving::Free,
            costs: Costs {
                currency: "INR".into(),
                repair_min: finite(10_000.0),
                repair_max: finite(50_000.0),
                saving: finite(100_000.0),
            },
            booked: None,
        },
        slots: Vec::new(),
        asked_for: false,
        expires_at: now.saturating_add(Duration::from_secs(24 * 3600)),
    }
}

/// What owners hear and say at `minute`.
fn converse(world: &mut World, minute: u32, now: Timestamp) {
    let replies = ["Yes, book it", "I don't know, now is bad", "How much?", "Stop calling me"];
    match minute {
        5 => meet_owners(world),
        12 | 40 => (1..=ASSETS).for_each(|number| world.append(&contact(number, minute, now))),
        20 => {
            for (number, text) in (1..).zip(replies) {
                world.append(&CustomerReplied {
                    owner: owner(number),
                    case: Some(case(number)),
                    channel: Channel::Sms,
                    text: text.into(),
                });
            }
        }
        _ => {}
    }
}

/// An hour in the life of a small fleet, and two days of silence after it.
fn script(world: &mut World) {
    // The last asset sends before it is known.
    (1..ASSETS).for_each(|number| world.append(&registered(asset(number))));
    for minute in 0..MINUTES {
        let now = world.conductor().now();
        // A lot of several samples per asset, so that there is an order to disturb.
        for second in (0..60).step_by(STEP as usize) {
            let sampled_at = now.saturating_add(Duration::from_secs(second.into()));
            for number in 1..=ASSETS {
                let frame = frame(number, minute * 60 + second, sampled_at);
                world.append(&frame);
                if minute % 7 == 0 {
                    world.append(&frame);
                }
            }
        }
        converse(world, minute, now);
        match minute {
            10 => world.append(&registered(asset(ASSETS))),
            37 => world.append(&MaintenanceRecorded {
                asset: asset(1),
                component: "engine".into(),
                performed_at: now,
            }),
            50 => world.append(&AssetRetired { asset: asset(2), reason: "sold".into() }),
            _ => {}
        }
        world.advance(Duration::from_secs(60));
    }
    world.advance(Duration::from_secs(2 * 24 * 3600));
}

#[test]
fn every_agent_keeps_what_every_agent_promises() {
    let catalog = agents::catalog();
    let conformed = conformance::check(&catalog, script);
    for (kind, _) in catalog.iter() {
        let handled = conformed.handled.get(kind).copied().unwrap_or_default();
        assert!(handled > 0, "the script gives `{kind}` nothing to do");
    }
    let happened = conformed.misfortunes;
    assert!(happened.duplicates > 0 && happened.reordered > 0, "{happened:?}");
    assert!(happened.kills_before_commit > 0 && happened.kills_after_commit > 0, "{happened:?}");
}
