//! One message of each kind that leads a case along, so that whoever hears it has something to do.

use messages::agent::{CommandAnswered, CommandUnanswered};
use messages::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingRefused, BookingStarted, CancelBooking, MoveBooking,
    RefusedReason, Slot, SlotOffer, SlotsOffered,
};
use messages::case::{CaseDecided, CaseOpened, Decision};
use messages::consent::Channel;
use messages::contact::{
    ContactFailed, ContactSuppressed, CustomerContacted, CustomerResponded, Intent, Purpose,
    SuppressedReason,
};
use messages::finding::{FailureRecorded, FindingRecorded};
use messages::prediction::{
    Advice, ClearedReason, Driving, FailurePredicted, Hypothesis, PredictionCleared, Severity,
};
use messages::registry::AssetRegistered;
use messages::shadow::{ShadowCleared, ShadowPredicted};
use messages::{BookingId, CaseId, Finite, Message, MessageId, OfferId, Timestamp};
use runtime::testkit::World;
use std::time::Duration;

const NETWORK: &str = "main";
const OWNER: &str = "OWN-1";

fn finite(value: f64) -> Finite {
    Finite::new(value).expect("a finite value")
}

/// A booking of `asset` is to be given back.
pub(crate) fn cancel(asset: &str) -> CancelBooking {
    let because = MessageId::named("by hand", asset);
    CancelBooking {
        network: NETWORK.into(),
        case: CaseId::of(because, asset),
        asset: asset.into(),
        booking: BookingId::of(because, asset),
        reason: "sold".into(),
        expires_at: Timestamp::MAX,
    }
}

/// A booking of `asset` is to be moved.
pub(crate) fn moved(asset: &str) -> MoveBooking {
    let CancelBooking { network, case, asset, booking, reason, expires_at } = cancel(asset);
    let offer = OfferId::of(MessageId::named("by hand", &asset), &asset);
    MoveBooking { network, case, asset, booking, offer, reason, expires_at }
}

fn predicted(asset: &str, component: &str, window_end: Timestamp) -> FailurePredicted {
    let advice = Advice {
        severity: Severity::High,
        act_within_hours: Some(finite(48.0)),
        driving: Driving::WithCare { km_max: 50 },
    };
    FailurePredicted {
        fleet: "demo".into(),
        asset: asset.into(),
        profile: "vehicle".into(),
        window_end,
        horizon_hours: finite(168.0),
        severity: Severity::High,
        hypotheses: vec![Hypothesis {
            component: component.into(),
            failure_mode: "brake_pad_wear".into(),
            probability: finite(0.8),
            score: finite(0.8),
            contributions: Vec::new(),
            remaining_useful_life: None,
            advice,
        }],
        cannot_say: Vec::new(),
        model: "trend-to-limit/1".into(),
    }
}

fn slot(from: Timestamp) -> Slot {
    Slot {
        centre: "pune".into(),
        centre_name: "Pune".into(),
        zone: "Asia/Kolkata".into(),
        bay: 1,
        technician: "T1".into(),
        from,
        to: from.saturating_add(Duration::from_secs(7200)),
    }
}

/// The case of `asset` that was opened last; any, where nobody opens cases.
fn case_of(world: &World, asset: &str) -> CaseId {
    let opened = world.published::<CaseOpened>();
    let opened = opened.iter().rfind(|opened| opened.asset == asset);
    opened.map_or(CaseId::of(MessageId::named("case", asset), asset), |opened| opened.case)
}

/// Says everything about three cases: one booked and completed, one that falls through, one that is taken back.
pub(crate) fn script(world: &mut World) {
    for asset in ["HAND1", "HAND2", "HAND3"] {
        world.append(&AssetRegistered {
            asset: asset.into(),
            fleet: "demo".into(),
            profile: "vehicle".into(),
            model: None,
            in_service_since: None,
            supplier: None,
            batch: None,
            owner: Some(OWNER.into()),
            group: None,
            home: None,
        });
        let now = world.conductor().now();
        world.publish(predicted(asset, "brake", now));
        say(world, ShadowPredicted(predicted(asset, "battery", now)));
    }
    unheard(world);
    booked(world, "HAND1");
    fallen_through(world, "HAND2");
    let now = world.conductor().now();
    let cleared = |component: &str| PredictionCleared {
        fleet: "demo".into(),
        asset: "HAND3".into(),
        component: component.into(),
        window_end: now,
        reason: ClearedReason::Recovered,
    };
    world.publish(cleared("brake"));
    say(world, ShadowCleared(cleared("battery")));
    say(
        world,
        FailureRecorded {
            asset: "HAND3".into(),
            component: "battery".into(),
            failed_at: now,
            by: "Asha".into(),
        },
    );
    world.advance(Duration::from_secs(24 * 3600));
}

/// An agent left a command unanswered, and is heard of again.
fn unheard(world: &mut World) {
    let (case, since) = (case_of(world, "HAND1"), world.conductor().now());
    let (asset, command, asked_of) = ("HAND1", "slots.offer", "scheduling");
    let (asset, command, asked_of) = (asset.to_owned(), command.to_owned(), asked_of.to_owned());
    let answered = CommandAnswered { case, asset, command, asked_of, since };
    let CommandAnswered { case, asset, command, asked_of, since } = answered.clone();
    say(world, CommandUnanswered { case, asset, command, asked_of, since, attempts: 1 });
    say(world, answered);
}

/// Says it now and once more later.
fn say<M: Message>(world: &mut World, message: M) {
    world.publish(message.clone());
    world.publish(message);
    world.advance(Duration::from_secs(1));
}

fn offered(world: &mut World, asset: &str) -> (CaseId, Slot) {
    let case = case_of(world, asset);
    let slot = slot(world.conductor().now().saturating_add(Duration::from_secs(90_000)));
    say(
        world,
        SlotsOffered {
            network: NETWORK.into(),
            case,
            asset: asset.into(),
            offers: vec![SlotOffer {
                offer: offer(asset),
                slot: slot.clone(),
                penalties: Vec::new(),
            }],
            relax: Vec::new(),
            valid_until: slot.from,
            cause: None,
        },
    );
    (case, slot)
}

fn offer(asset: &str) -> OfferId {
    OfferId::of(MessageId::named("offer", asset), "1")
}

fn booking(asset: &str) -> BookingId {
    BookingId::of(MessageId::named("booking", asset), "1")
}

fn contacted(case: CaseId, asset: &str) -> CustomerContacted {
    CustomerContacted {
        case,
        asset: asset.into(),
        owner: OWNER.into(),
        step: "predicted-failure-1".into(),
        channel: Channel::App,
        purpose: Purpose::PredictedFailure,
        text: "…".into(),
        intent: MessageId::named("intent", asset),
    }
}

fn chosen(case: CaseId, asset: &str) -> CustomerResponded {
    CustomerResponded {
        case,
        asset: asset.into(),
        owner: OWNER.into(),
        intent: Intent::ChooseSlot,
        offer: Some(offer(asset)),
        when: None,
        sentiment: finite(0.2),
        text: "the first".into(),
        evidence: Vec::new(),
    }
}

/// From the offer to the booking.
fn book(world: &mut World, asset: &str) -> (CaseId, Slot) {
    let (case, slot) = offered(world, asset);
    say(world, contacted(case, asset));
    say(world, chosen(case, asset));
    let held_until = world.conductor().now().saturating_add(Duration::from_secs(600));
    let (network, booking) = (NETWORK.to_owned(), booking(asset));
    say(
        world,
        BookingHeld {
            network: network.clone(),
            case,
            asset: asset.into(),
            booking,
            slot: slot.clone(),
            held_until,
        },
    );
    say(
        world,
        BookingConfirmed { network, case, asset: asset.into(), booking, slot: slot.clone() },
    );
    (case, slot)
}

fn booked(world: &mut World, asset: &str) {
    let (case, slot) = book(world, asset);
    let (network, booking) = (NETWORK.to_owned(), booking(asset));
    let after = self::slot(slot.to);
    say(
        world,
        BookingMoved {
            network: network.clone(),
            case,
            asset: asset.into(),
            booking,
            before: slot,
            slot: after,
            reason: "a bay dropped out".into(),
        },
    );
    world.advance(Duration::from_secs(97_200));
    say(world, BookingStarted { network: network.clone(), case, asset: asset.into(), booking });
    let found_at = world.conductor().now();
    say(
        world,
        FindingRecorded {
            asset: asset.into(),
            network: Some(network.clone()),
            booking: Some(booking),
            case: Some(case),
            examined: "brake".into(),
            component: Some("brake".into()),
            cause: None,
            part: None,
            batch: None,
            repaired: true,
            found_at,
            by: "Pune".into(),
        },
    );
    say(world, BookingCompleted { network, case, asset: asset.into(), booking });
}

fn fallen_through(world: &mut World, asset: &str) {
    let (case, slot) = book(world, asset);
    let (network, booking, owner) = (NETWORK.to_owned(), booking(asset), OWNER.to_owned());
    let step = "booking-confirmed-2".to_owned();
    let asset = asset.to_owned();
    say(
        world,
        ContactSuppressed {
            case,
            asset: asset.clone(),
            owner: owner.clone(),
            step: step.clone(),
            reason: SuppressedReason::CapReached,
            detail: "as many contacts as a case may have".into(),
            until: None,
        },
    );
    say(
        world,
        ContactFailed {
            case,
            asset: asset.clone(),
            owner: owner.clone(),
            step,
            reason: "the line broke".into(),
            uncertain: Some(MessageId::named("attempt", &asset)),
        },
    );
    say(
        world,
        CaseDecided {
            case,
            asset: asset.clone(),
            owner: Some(owner),
            by: "Asha".into(),
            decision: Decision::Resolve {
                intent: MessageId::named("attempt", &asset),
                happened: true,
            },
        },
    );
    let expired = BookingExpired { network, case, asset, booking };
    let BookingExpired { network, asset, .. } = expired.clone();
    say(world, expired);
    say(world, BookingMissed { network: network.clone(), case, asset: asset.clone(), booking });
    say(
        world,
        BookingRefused {
            network: network.clone(),
            case,
            asset: asset.clone(),
            command: "slots.offer".into(),
            reason: RefusedReason::Full,
            detail: "no more can be remembered".into(),
        },
    );
    let reason = "the centre is closed".to_owned();
    say(world, BookingCancelled { network, case, asset, booking, slot, reason });
}
