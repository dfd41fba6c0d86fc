//! Every agent of the catalog keeps what every agent promises.

#[path = "conformance/bookings.rs"]
mod bookings;
#[path = "conformance/conversation.rs"]
mod conversation;
#[path = "conformance/loop_by_hand.rs"]
mod loop_by_hand;
#[path = "conformance/misconduct.rs"]
mod misconduct;

use messages::model::ModelPromoted;
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded};
use messages::telemetry::{Sample, Signal, Telemetry, TroubleCode};
use messages::{Finite, Timestamp};
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
        home: None,
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

/// Trends judge, as they did before.
fn by_no_model() -> ModelPromoted {
    ModelPromoted {
        profile: "vehicle".into(),
        agent: "diagnosis".into(),
        model: None,
        before: None,
        rolled_back: true,
        forced: None,
        by: "reliability desk".into(),
        reason: "it was wrong too often".into(),
        shadow: false,
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
        conversation::converse(world, minute, now);
        match minute {
            10 => world.append(&registered(asset(ASSETS))),
            37 => world.append(&MaintenanceRecorded {
                asset: asset(1),
                component: "engine".into(),
                performed_at: now,
            }),
            20 => world.append(&by_no_model()),
            50 => world.append(&AssetRetired { asset: asset(2), reason: "sold".into() }),
            _ => {}
        }
        bookings::script(world, minute);
        world.advance(Duration::from_secs(60));
    }
    loop_by_hand::script(world);
    misconduct::script(world);
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

#[test]
fn failures_that_nobody_foresaw_are_charged_to_the_model_that_predicts() {
    assert_eq!(agents::feedback::Config::default().model, agents::diagnosis::MODEL);
}

#[test]
fn the_agents_that_the_master_blames_are_those_that_do_what_it_commands() {
    let catalog = agents::catalog();
    for (command, kind) in agents::master::Config::default().asked_of {
        let mut contracts = catalog.contracts();
        let asked = contracts.find(|contract| contract.kind == kind).expect("there is such a kind");
        assert!(asked.hears.contains_key(&command), "`{kind}` does not hear `{command}`");
    }
}

/// Hears the commands whose agents are not at work here, and obeys none.
struct Bystander;

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Nothing;

impl messages::Record for Nothing {
    const SCHEMA: u16 = 60_001;
}

impl runtime::Agent for Bystander {
    const KIND: &'static str = "bystander";
    type Config = Option<bool>;
    type State = Nothing;

    fn new(_: Option<bool>, _: &runtime::Models) -> Result<Self, runtime::ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut runtime::Wiring<Self>) {
        use messages::booking::{CancelBooking, ConfirmBooking, HoldSlot, MoveBooking, OfferSlots};
        wiring.on::<messages::contact::ContactOwner>().key(|contact| &contact.owner);
        wiring.on::<messages::contact::WithdrawContact>().key(|withdrawn| &withdrawn.owner);
        wiring.on::<OfferSlots>().key(|offer| &offer.network);
        wiring.on::<HoldSlot>().key(|hold| &hold.network);
        wiring.on::<ConfirmBooking>().key(|confirm| &confirm.network);
        wiring.on::<MoveBooking>().key(|moves| &moves.network);
        wiring.on::<CancelBooking>().key(|cancel| &cancel.network);
    }
}

impl<M: messages::Message> runtime::Handle<M> for Bystander {
    fn handle(
        &self,
        _: &mut Nothing,
        _: &M,
        _: &mut runtime::Ctx<'_, Self>,
    ) -> runtime::AgentResult {
        Ok(())
    }
}

#[test]
fn master_and_feedback_keep_it_where_the_others_are_played_by_hand() {
    let catalog = runtime::Catalog::default()
        .with::<agents::Master>()
        .with::<agents::Feedback>()
        .with::<Bystander>();
    conformance::check(&catalog, |world| {
        loop_by_hand::script(world);
        misconduct::script(world);
        world.append(&AssetRetired { asset: "HAND2".into(), reason: "sold".into() });
        world.append(&loop_by_hand::cancel("HAND2"));
        world.append(&loop_by_hand::moved("HAND2"));
        world.append(&MaintenanceRecorded {
            asset: "HAND3".into(),
            component: "brake".into(),
            performed_at: Timestamp::EPOCH,
        });
        world.settle();
    });
}
