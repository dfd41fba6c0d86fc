//! When and how an owner may be contacted: never without consent, not at night, not too often.

use super::config::Config;
use super::memory::{Dialogue, State};
use super::moment::{self, QuietHours, calendar};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use messages::Timestamp;
use messages::consent::Channel;
use messages::contact::{ContactOwner, Purpose, SuppressedReason};
use messages::prediction::Severity;

/// Whether a contact may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// On these channels, in this order.
    Now(Vec<Channel>),
    /// Not before this moment, because of this.
    NotBefore(Timestamp, SuppressedReason),
    /// Not at all.
    Never(SuppressedReason, String),
}

/// Whether the newest contact of `dialogue` may be made at `now`.
pub(super) fn leave(config: &Config, state: &State, dialogue: &Dialogue, now: Timestamp) -> Leave {
    let contact = &dialogue.contact;
    let Some(zone) = zone(state) else {
        let detail = format!("owner `{}` is not registered", contact.owner);
        return Leave::Never(SuppressedReason::UnknownOwner, detail);
    };
    let mut channels = channels(config, state, contact);
    if channels.is_empty() {
        let detail = format!("owner `{}` allows none of the channels", contact.owner);
        return Leave::Never(SuppressedReason::NoConsent, detail);
    }
    if counts(contact) && !dialogue.begun && dialogue.contacts >= config.contacts_max {
        let detail = format!("the case has had its {} contacts", config.contacts_max);
        return Leave::Never(SuppressedReason::CapReached, detail);
    }
    channels.retain(|channel| !dialogue.tried.contains(channel));
    let emergency = contact.severity == Severity::Emergency;
    if !emergency
        && !is_promised(dialogue, now)
        && let Some(end) = quiet_end(config.quiet(), &zone, now)
    {
        return Leave::NotBefore(end, SuppressedReason::QuietHours);
    }
    if !contact.asked_for && calls_today(state, &zone, now) >= usize::from(config.calls_a_day_max) {
        let only_calls = channels == [Channel::Voice];
        channels.retain(|channel| *channel != Channel::Voice);
        if only_calls && emergency {
            let detail = "only calls are allowed, and the owner was called today".to_owned();
            return Leave::Never(SuppressedReason::CapReached, detail);
        }
        if only_calls && let Some(morning) = next_morning(config.quiet(), &zone, now) {
            return Leave::NotBefore(morning, SuppressedReason::CapReached);
        }
    }
    Leave::Now(channels)
}

/// Whether a contact uses up one of those that a case may have: what the owner asked for, and what tells of the
/// owner's own booking, does not.
pub(super) fn counts(contact: &ContactOwner) -> bool {
    !contact.asked_for && !contact.purpose.tells_of_a_booking()
}

/// The zone of a registered owner.
pub(super) fn zone(state: &State) -> Option<TimeZone> {
    moment::zone(&state.owner.as_ref()?.zone).ok()
}

/// The allowed channels in the order in which they are tried for `contact`.
fn channels(config: &Config, state: &State, contact: &ContactOwner) -> Vec<Channel> {
    let allowed = config.channels.iter().filter(|channel| state.allowed.contains(channel));
    let mut channels: Vec<Channel> = allowed.copied().collect();
    let read_at_leisure =
        matches!(contact.purpose, Purpose::BookingConfirmed | Purpose::PostServiceFeedback);
    let in_person = contact.severity >= config.call_from && !read_at_leisure;
    if !in_person && !contact.asked_for {
        // The sort is stable: only calls move to the end.
        channels.sort_by_key(|channel| *channel == Channel::Voice);
    }
    channels
}

/// Whether the owner asked to be contacted just now.
fn is_promised(dialogue: &Dialogue, now: Timestamp) -> bool {
    let promised = dialogue.promised.is_some_and(|(from, to)| from <= now && now < to);
    dialogue.contact.asked_for && promised
}

fn calls_today(state: &State, zone: &TimeZone, now: Timestamp) -> usize {
    let today = date(zone, now);
    state.called_at.values().filter(|at| today.is_some() && date(zone, **at) == today).count()
}

fn date(zone: &TimeZone, moment: Timestamp) -> Option<Date> {
    Some(calendar::local(zone, moment)?.date())
}

/// When the quiet hours end that `now` lies in; `None` when it lies in none.
#[must_use]
pub fn quiet_end(quiet: QuietHours, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let local = calendar::local(zone, now)?;
    let minute = i16::from(local.hour()) * 60 + i16::from(local.minute());
    if !quiet.holds(minute) {
        return None;
    }
    let day = if minute < quiet.to_minute { local.date() } else { local.date().tomorrow().ok()? };
    at_minute(zone, day, quiet.to_minute)
}

/// When the next day's quiet hours end.
fn next_morning(quiet: QuietHours, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let day = date(zone, now)?.tomorrow().ok()?;
    at_minute(zone, day, quiet.to_minute)
}

fn at_minute(zone: &TimeZone, day: Date, minute: i16) -> Option<Timestamp> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    let moment = day.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok()?;
    Timestamp::from_millis(moment.timestamp().as_millisecond())
}

/// The part of a span that an owner named in which a call is welcome: after quiet hours that it begins in, unless all
/// of it is quiet, which then is what the owner wants.
pub(super) fn welcome(
    quiet: QuietHours,
    zone: &TimeZone,
    (from, to): (Timestamp, Timestamp),
) -> (Timestamp, Timestamp) {
    match quiet_end(quiet, zone, from) {
        Some(end) if end < to => (end, to),
        _ => (from, to),
    }
}
