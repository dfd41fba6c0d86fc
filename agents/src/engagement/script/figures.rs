//! Figures as people say them, always computed in one place, so that whoever checks a text knows every one of them.

use crate::engagement::moment::{calendar, zone};
use jiff::Zoned;
use jiff::tz::TimeZone;
use messages::contact::OfferedSlot;
use messages::{Finite, Timestamp};

/// A probability in tenths, as it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tenths {
    /// Less than one in ten.
    Few,
    /// About so many in ten.
    About(u8),
    /// More than nine in ten.
    Nearly,
}

/// A probability, 0 to 1, in tenths. One that would round to nothing or to certainty is neither.
pub(super) fn tenths(probability: Finite) -> Tenths {
    let tenths = (probability.get() * 10.0).round();
    if tenths < 1.0 {
        Tenths::Few
    } else if tenths > 9.0 {
        Tenths::Nearly
    } else {
        Tenths::About(whole(tenths).try_into().unwrap_or(9))
    }
}

/// A span as it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    Hours(u64),
    Days(u64),
}

/// Fewest hours that are said in days.
const DAYS_FROM_HOURS: f64 = 48.0;

/// A span of hours, in days where there are many; never less than an hour.
pub(super) fn span(hours: Finite) -> Span {
    let hours = hours.get().max(1.0);
    if hours >= DAYS_FROM_HOURS {
        Span::Days(whole((hours / 24.0).round()))
    } else {
        Span::Hours(whole(hours.round()))
    }
}

/// An amount of money, in whole units.
pub(super) fn amount(money: Finite) -> u64 {
    whole(money.get().round())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float is clamped to the range by the cast; figures are rounded and not negative"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

/// `value` with commas between its thousands.
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// When a slot begins: on the clocks of its centre and, where those show another time, of the owner.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) centre: Zoned,
    pub(super) owner: Option<Zoned>,
}

/// When `slot` begins; `None` for a moment that no calendar shows.
pub(super) fn start(slot: &OfferedSlot, owner: &TimeZone) -> Option<Start> {
    // A zone that is not known is the owner's: that is the one in which a time would be understood.
    let centre = zone(&slot.zone).unwrap_or_else(|_| owner.clone());
    let (centre, owner) = (local(&centre, slot.from)?, local(owner, slot.from)?);
    let differs = centre.datetime() != owner.datetime();
    Some(Start { centre, owner: differs.then_some(owner) })
}

fn local(zone: &TimeZone, moment: Timestamp) -> Option<Zoned> {
    calendar::local(zone, moment)
}
