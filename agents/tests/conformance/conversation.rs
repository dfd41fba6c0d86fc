//! What owners hear and say, so that whoever talks to them has something to do.

use super::{ASSETS, asset};
use messages::consent::{Channel, ConsentChanged};
use messages::contact::{ContactOwner, Costs, CustomerReplied, Facts, Purpose};
use messages::prediction::{Driving, Severity};
use messages::registry::OwnerRegistered;
use messages::sealed::{KEY_BYTES, Key, Keyring, NONCE_BYTES, Sealed};
use messages::{CaseId, Finite, MessageId, Timestamp};
use runtime::testkit::World;
use std::time::Duration;

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
            costs: Some(Costs {
                currency: "INR".into(),
                repair_min: finite(10_000.0),
                repair_max: finite(50_000.0),
                saving: finite(100_000.0),
            }),
            booked: None,
        },
        slots: Vec::new(),
        asked_for: false,
        expires_at: now.saturating_add(Duration::from_secs(24 * 3600)),
    }
}

/// What owners hear and say at `minute`.
pub(crate) fn converse(world: &mut World, minute: u32, now: Timestamp) {
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
