//! Finds which of the offers a reply names: by number, by place in the list, or by its time.

use super::Offer;
use super::phrases::Item;
use super::words::Kind;
use crate::engagement::moment::Assumed;
use crate::engagement::moment::calendar::{self, Window};
use crate::engagement::moment::expression::{number_word, ordinal_word};
use jiff::tz::TimeZone;

/// A mention of one of the offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    /// The item that names it.
    pub(super) item: usize,
    pub(super) what: Picked,
}

/// Which offer is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picked {
    /// This one, from 0 on.
    Offer(usize),
    /// One that was not made, or it may be this or that one.
    Unknown,
}

/// Words before the number of an option.
const BEFORE_NUMBER: &[&str] = &["option", "slot", "number", "choice"];
/// Words beside a number that say no more than the number.
const BESIDE_NUMBER: &[&str] =
    &["please", "the", "one", "i", "take", "will", "yes", "ok", "thanks"];

/// Mentions of `offers` by number or place among the items that are `free` of another meaning.
pub(super) fn picks(items: &[Item], free: &[bool], offers: &[Offer], zone: &TimeZone) -> Vec<Pick> {
    if offers.is_empty() {
        return Vec::new();
    }
    let sole = items.iter().filter(|item| !item.is_mark()).count() == 1;
    let bare =
        items.iter().filter(|item| !item.is_mark() && !item.is_any(BESIDE_NUMBER)).count() <= 1;
    let mut picks = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if !free[at] || item.time.is_some() || item.is_mark() {
            continue;
        }
        let led = at > 0 && items[at - 1].is_any(BEFORE_NUMBER);
        let one = item.is_any(&["one"]) && sole;
        if let Some(what) = picked(item, led || one, bare, offers, zone) {
            picks.push(Pick { item: at, what });
        }
    }
    picks
}

fn picked(item: &Item, led: bool, bare: bool, offers: &[Offer], zone: &TimeZone) -> Option<Picked> {
    let numbered = |value: u32| match usize::try_from(value) {
        Ok(value) if (1..=offers.len()).contains(&value) => Picked::Offer(value - 1),
        _ => Picked::Unknown,
    };
    match (&item.kind, item.text.as_str()) {
        (Kind::Number { value, ordinal: true }, _) => Some(numbered(*value)),
        (Kind::Number { value, .. }, _) if led => Some(numbered(*value)),
        (Kind::Number { value, .. }, _) if bare => Some(number_or_hour(*value, offers, zone)),
        (Kind::Number { .. }, _) => Some(Picked::Unknown),
        (Kind::Word, "earliest" | "soonest") => by_time(offers, |a, b| a < b),
        (Kind::Word, "latest") => by_time(offers, |a, b| a > b),
        (Kind::Word, "last") => Some(Picked::Offer(offers.len() - 1)),
        (Kind::Word, word) => match (ordinal_word(word), number_word(word)) {
            (Some(value), _) => Some(numbered(value)),
            // "One" is a number only where nothing else can be meant.
            (None, Some(value)) if led || (bare && value > 1) => Some(numbered(value)),
            _ => None,
        },
        _ => None,
    }
}

/// A bare number: that of an offer, or the hour of one, but not both.
fn number_or_hour(value: u32, offers: &[Offer], zone: &TimeZone) -> Picked {
    let hour_is = |offer: &Offer| {
        let local = calendar::local(zone, offer.from).filter(|local| local.minute() == 0);
        let hour = local.map(|local| local.hour());
        let told = i8::try_from(value).ok();
        hour.zip(told).is_some_and(|(hour, told)| hour == told || (told <= 12 && hour == told + 12))
    };
    let at_hour: Vec<usize> = (0..offers.len()).filter(|index| hour_is(&offers[*index])).collect();
    let numbered = usize::try_from(value).ok().filter(|value| (1..=offers.len()).contains(value));
    match (numbered, at_hour.as_slice()) {
        (Some(number), []) => Picked::Offer(number - 1),
        (Some(number), [index]) if *index == number - 1 => Picked::Offer(*index),
        (None, [index]) => Picked::Offer(*index),
        _ => Picked::Unknown,
    }
}

fn by_time(offers: &[Offer], before: impl Fn(i64, i64) -> bool) -> Option<Picked> {
    let start = |offer: &Offer| offer.from.as_millis();
    let best = offers
        .iter()
        .enumerate()
        .reduce(|best, next| if before(start(next.1), start(best.1)) { next } else { best })?;
    Some(Picked::Offer(best.0))
}

/// The offers that begin within what was said, and the window that it was then.
pub(super) fn within(windows: &[Window], offers: &[Offer]) -> (Vec<usize>, Option<Window>) {
    let begins_in = |window: &Window| -> Vec<usize> {
        let inside = |offer: &Offer| window.from <= offer.from && offer.from < window.to;
        (0..offers.len()).filter(|index| inside(&offers[*index])).collect()
    };
    let mut all: Vec<usize> = Vec::new();
    let mut meant = None;
    for window in windows {
        let mut found = begins_in(window);
        if found.len() > 1 && window.is_point() {
            // "At 10" where there is 10:00 and 10:30.
            let exact = found.iter().copied().find(|index| offers[*index].from == window.from);
            found = exact.map_or(found, |index| vec![index]);
        }
        if found.is_empty() {
            continue;
        }
        meant = meant.or(Some(*window));
        all.extend(found);
        if window.assumed == Some(Assumed::Day) {
            break;
        }
    }
    all.sort_unstable();
    all.dedup();
    (all, meant)
}
