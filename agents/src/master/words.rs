//! What the master says in words: facts for owners, reasons for operators.

use super::handling::Handling;
use messages::booking::{Relaxation, Slot};
use messages::consent::Channel;
use messages::contact::{Costs, Facts, OfferedSlot};
use messages::prediction::{Contribution, Severity};
use messages::profile::Profile;
use messages::{Finite, OfferId, Timestamp};
use std::time::Duration;

/// Most reasons that an owner is told.
const REASONS_MAX: usize = 3;

impl Handling<'_, '_> {
    /// What may be said to the owner; the error names what is missing for it.
    pub(super) fn facts(&self) -> Result<Facts, String> {
        let foreseen = &self.case.foreseen;
        let hypothesis = &foreseen.hypothesis;
        let Some((profile, component)) = self.component() else {
            return Err(format!(
                "no profile describes `{}` of `{}`",
                self.case.component, foreseen.profile
            ));
        };
        let mode = component.modes.iter().find(|mode| mode.id == hypothesis.failure_mode);
        // A profile without figures leaves the sentence about them unsaid.
        let costs = component.costs.zip(profile.currency.as_ref());
        let booking = self.case.booking.as_ref().filter(|booking| booking.confirmed);
        Ok(Facts {
            component: component.title.clone(),
            issue: mode.map_or(&hypothesis.failure_mode, |mode| &mode.title).clone(),
            probability: hypothesis.probability,
            horizon_hours: foreseen.horizon_hours,
            time_left_hours: hypothesis.remaining_useful_life.map(|left| left.median_hours),
            reasons: reasons(profile, &hypothesis.contributions),
            driving: hypothesis.advice.driving,
            costs: costs.map(|(costs, currency)| Costs {
                currency: currency.clone(),
                repair_min: costs.repair_min,
                repair_max: costs.repair_max,
                saving: costs.saving,
            }),
            booked: booking.map(|booking| as_offered(booking_offer(booking), &booking.slot)),
        })
    }

    /// What is foreseen, as a clause: `the brakes may fail (worn brake pads, 82 % within 7 days)`.
    pub(super) fn foreseen_words(&self) -> String {
        let foreseen = &self.case.foreseen;
        let mode = self.component().and_then(|(_, component)| {
            component.modes.iter().find(|mode| mode.id == foreseen.hypothesis.failure_mode)
        });
        let mode = mode.map_or(&foreseen.hypothesis.failure_mode, |mode| &mode.title);
        format!(
            "the {} may fail ({mode}, {} within {})",
            self.component_words(),
            percent(foreseen.hypothesis.probability),
            hours(foreseen.horizon_hours.get())
        )
    }
}

/// A booked slot has no offer any more; it is named after its booking, so that it is the same each time.
fn booking_offer(booking: &super::memory::Booking) -> OfferId {
    OfferId(booking.id.0)
}

/// A slot as an owner hears of it.
pub(super) fn as_offered(offer: OfferId, slot: &Slot) -> OfferedSlot {
    OfferedSlot {
        offer,
        centre: slot.centre.clone(),
        centre_name: slot.centre_name.clone(),
        zone: slot.zone.clone(),
        from: slot.from,
        to: slot.to,
    }
}

/// What speaks for a failure, the weightiest first, with channels by their titles.
fn reasons(profile: &Profile, contributions: &[Contribution]) -> Vec<String> {
    let titled = |contribution: &Contribution| {
        let name: Vec<String> = contribution
            .name
            .split(' ')
            .map(|word| {
                let channel = profile.channels.iter().find(|channel| channel.id == word);
                channel.map_or(word.to_owned(), |channel| channel.title.to_lowercase())
            })
            .collect();
        format!("{}: {}", name.join(" "), contribution.value)
    };
    let mut weighty: Vec<&Contribution> =
        contributions.iter().filter(|known| known.amount.get() > 0.0).collect();
    weighty.sort_by(|a, b| b.amount.get().total_cmp(&a.amount.get()));
    weighty.into_iter().take(REASONS_MAX).map(titled).collect()
}

/// `82 %`.
pub(super) fn percent(probability: Finite) -> String {
    format!("{:.0} %", probability.get() * 100.0)
}

/// `90 minutes`, `6 hours`, `7 days`.
pub(super) fn span(duration: Duration) -> String {
    hours(duration.as_secs_f64() / 3600.0)
}

fn hours(hours: f64) -> String {
    let (count, unit) = match hours {
        h if h < 2.0 => (h * 60.0, "minute"),
        h if h < 48.0 => (h, "hour"),
        h => (h / 24.0, "day"),
    };
    let count = count.round();
    let plural = if (count - 1.0).abs() < f64::EPSILON { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// `Thursday 5 March at 17:00, Pune`, in the centre's zone; in UTC, and saying so, when that is unknown.
pub(super) fn slot(slot: &Slot) -> String {
    format!("{}, {}", moment(slot.from, Some(&slot.zone)), slot.centre_name)
}

fn moment(at: Timestamp, zone: Option<&str>) -> String {
    let Ok(moment) = jiff::Timestamp::from_millisecond(at.as_millis()) else {
        return at.to_string();
    };
    match zone.and_then(|zone| moment.in_tz(zone).ok()) {
        Some(zoned) => zoned.strftime("%A %-d %B at %H:%M").to_string(),
        None => moment.strftime("%A %-d %B at %H:%M UTC").to_string(),
    }
}

/// `without the holiday, from Monday 2 March at 09:00 UTC on; or …`.
pub(super) fn relaxations(relax: &[Relaxation]) -> String {
    let words = relax.iter().map(|relaxation| match relaxation.first_at {
        Some(first_at) => {
            format!("{}, from {} on", relaxation.constraint, moment(first_at, None))
        }
        None => relaxation.constraint.clone(),
    });
    words.collect::<Vec<_>>().join("; or ")
}

/// `text` as a sentence begins.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// How the owner was reached.
pub(super) fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Voice => "by telephone",
        Channel::Sms => "by text message",
        Channel::Email => "by e-mail",
        Channel::App => "in the app",
    }
}

/// A severity within a sentence.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
        Severity::Emergency => "an emergency",
    }
}
