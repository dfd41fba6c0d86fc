//! Settings of the master: what opens a case, how long each state may last, how often something is tried.

use crate::profiles;
use messages::Message;
use messages::booking::{ConfirmBooking, HoldSlot, MoveBooking, OfferSlots};
use messages::contact::ContactOwner;
use messages::prediction::Severity;
use messages::profile::Span;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const MINUTE_MILLIS: u64 = 60_000;
const HOUR_MILLIS: u64 = 60 * MINUTE_MILLIS;
const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;

/// Settings of the master. Lengths of time are written like `90s`, `10m`, `24h` or `7d`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Text of each profile by its name.
    pub profiles: BTreeMap<String, String>,
    /// The network of centres that is asked for slots.
    pub network: String,
    /// Predictions less grave than this open no case.
    pub severity_min: Severity,
    /// Detectors (`<model> <component>`) whose predictions open no case: advice only.
    pub advice_only: BTreeSet<String>,
    /// No slot is asked for that begins sooner than this, unless its owner names an earlier time: the owner must be
    /// reached, and arrange for it. Half of it may pass until the owner hears of the slot.
    pub notice: BySeverity,
    /// How long a job takes, in minutes, where the component has no entry of its own.
    pub job_minutes: u32,
    /// How long a job takes, in minutes, by component.
    pub job_minutes_by_component: BTreeMap<String, u32>,
    /// The kind of agent that is asked, by the name of the command: it is named when it does not answer.
    pub asked_of: BTreeMap<String, String>,
    /// The workshops answer a question for slots within this. When they do not, they are asked again and waited for
    /// twice as long, up to `unanswered_longest`.
    pub offers_within: Span,
    /// Longest time that an answer is waited for before it is asked for again.
    pub unanswered_longest: Span,
    /// An agent that leaves so many different commands unanswered is degraded until it answers.
    pub degraded_after: u16,
    /// An unanswered command counts for so long after it was last asked; more than `unanswered_longest`.
    pub degraded_within: Span,
    /// The workshops hold or move a slot within this.
    pub booking_within: Span,
    /// There is a point in contacting the owner about it until it is due, and for this long at least.
    pub contact_within: BySeverity,
    /// That the owner was reached, or not, is known so long after there is no point in it any more.
    pub contact_grace: Span,
    /// The owner answers within this.
    pub answer_within: BySeverity,
    /// An owner who asked for another time without naming one is contacted again after this.
    pub callback_after: BySeverity,
    /// An owner who asked for another time is not contacted sooner than this.
    pub callback_soonest: Span,
    /// An owner who names a later time than this from now on is a matter for a person.
    pub callback_latest: Span,
    /// An owner who declined gets the easier offer after this.
    pub recovery_after: BySeverity,
    /// An owner who could not be reached is tried again after this.
    pub contact_again_after: BySeverity,
    /// So long after the booked time the workshop has said whether the asset came.
    pub visit_grace: Span,
    /// So long after the booked time the workshop has said what it found.
    pub finding_within: Span,
    /// Whether the prediction was right is known so long after the finding.
    pub verdict_within: Span,
    /// A person who was asked is reminded after this, then after twice the time, up to `person_longest`.
    pub person_within: BySeverity,
    /// Longest time between two times that a person is reminded.
    pub person_longest: Span,
    /// A person who does not act is reminded so often, and again when it grows graver.
    pub person_reminders_max: u8,
    /// An owner who does not answer is reminded so often.
    pub reminders_max: u8,
    /// An owner may put it off so often before a person is asked.
    pub deferrals_max: u8,
    /// An owner who declines gets so many easier offers.
    pub recoveries_max: u8,
    /// An owner may be misunderstood so often before a person is asked.
    pub unclear_max: u8,
    /// So many questions of an owner extend the time for the answer.
    pub questions_max: u8,
    /// Slots are looked for so often in a row before a person is asked.
    pub searches_max: u8,
    /// An owner who cannot be reached is tried so often before a person is asked.
    pub unreached_max: u8,
    /// So many bookings of a case may fall through before a person is asked.
    pub rebookings_max: u8,
    /// An answer with a sentiment of this or less, −1 to 1, that agrees to nothing is a matter for a person.
    pub angry_at: f64,
    /// Whether the owner is asked afterwards how it was.
    pub ask_how_it_was: bool,
    /// So long after a case ended, only something graver opens another about the same component at once.
    pub cool_down: Span,
    /// The same after the owner declined or a workshop looked at the component.
    pub cool_down_settled: Span,
}

/// A length of time for each severity; `LOW` is as `MEDIUM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BySeverity {
    /// For `MEDIUM` and below.
    pub medium: Span,
    /// For `HIGH`.
    pub high: Span,
    /// For `CRITICAL`.
    pub critical: Span,
    /// For `EMERGENCY`.
    pub emergency: Span,
}

impl BySeverity {
    /// The length of time for `severity`.
    #[must_use]
    pub fn of(&self, severity: Severity) -> Duration {
        let span = match severity {
            Severity::Low | Severity::Medium => self.medium,
            Severity::High => self.high,
            Severity::Critical => self.critical,
            Severity::Emergency => self.emergency,
        };
        span.duration()
    }

    /// In minutes, from `MEDIUM` to `EMERGENCY`.
    fn minutes(minutes: [u64; 4]) -> Self {
        let [medium, high, critical, emergency] =
            minutes.map(|minutes| span(minutes * MINUTE_MILLIS));
        Self { medium, high, critical, emergency }
    }

    /// In hours, from `MEDIUM` to `EMERGENCY`.
    fn hours(hours: [u64; 4]) -> Self {
        Self::minutes(hours.map(|hours| hours * 60))
    }
}

/// Whoever is asked where nothing else is set.
fn asked_of() -> BTreeMap<String, String> {
    let asked = [
        (OfferSlots::NAME, "scheduling"),
        (HoldSlot::NAME, "scheduling"),
        (ConfirmBooking::NAME, "scheduling"),
        (MoveBooking::NAME, "scheduling"),
        (ContactOwner::NAME, "engagement"),
    ];
    asked.map(|(command, agent)| (command.to_owned(), agent.to_owned())).into()
}

fn span(millis: u64) -> Span {
    Span::from_millis(millis).expect("a default is between a millisecond and ten years")
}

impl Default for Config {
    fn default() -> Self {
        Self {
            profiles: profiles::defaults(),
            network: "main".to_owned(),
            severity_min: Severity::Medium,
            advice_only: BTreeSet::new(),
            notice: BySeverity::minutes([24 * 60, 4 * 60, 60, 1]),
            job_minutes: 120,
            job_minutes_by_component: BTreeMap::new(),
            asked_of: asked_of(),
            offers_within: span(10 * MINUTE_MILLIS),
            unanswered_longest: span(HOUR_MILLIS),
            degraded_after: 2,
            degraded_within: span(6 * HOUR_MILLIS),
            booking_within: span(5 * MINUTE_MILLIS),
            contact_within: BySeverity::hours([72, 24, 6, 2]),
            contact_grace: span(10 * MINUTE_MILLIS),
            answer_within: BySeverity::minutes([48 * 60, 12 * 60, 2 * 60, 30]),
            callback_after: BySeverity::hours([48, 24, 4, 1]),
            callback_soonest: span(15 * MINUTE_MILLIS),
            callback_latest: span(14 * DAY_MILLIS),
            recovery_after: BySeverity::hours([48, 12, 4, 1]),
            contact_again_after: BySeverity::minutes([24 * 60, 4 * 60, 30, 10]),
            visit_grace: span(2 * HOUR_MILLIS),
            finding_within: span(2 * DAY_MILLIS),
            verdict_within: span(HOUR_MILLIS),
            person_within: BySeverity::minutes([24 * 60, 8 * 60, 2 * 60, 30]),
            person_longest: span(7 * DAY_MILLIS),
            person_reminders_max: 8,
            reminders_max: 1,
            deferrals_max: 3,
            recoveries_max: 1,
            unclear_max: 3,
            questions_max: 8,
            searches_max: 3,
            unreached_max: 2,
            rebookings_max: 2,
            angry_at: -0.6,
            ask_how_it_was: false,
            cool_down: span(2 * HOUR_MILLIS),
            cool_down_settled: span(7 * DAY_MILLIS),
        }
    }
}
