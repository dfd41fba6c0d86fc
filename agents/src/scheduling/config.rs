//! Settings of scheduling: how long things are kept, how many, and what wishes weigh.

use messages::profile::Span;
use models::schedule;
use serde::{Deserialize, Serialize};

const MINUTE_MILLIS: u64 = 60_000;
const HOUR_MILLIS: u64 = 60 * MINUTE_MILLIS;
const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;
/// Past days of visits that may be remembered.
const DEMAND_DAYS: std::ops::RangeInclusive<u16> = 7..=366;

/// Settings of scheduling. Lengths of time are written like `90s`, `10m`, `24h` or `7d`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A slot that is held is free again after this, unless it was confirmed.
    pub held_for: Span,
    /// A booking that must move is not moved to a time sooner than this: its owner has to be told.
    pub move_notice: Span,
    /// Offers are remembered for this long.
    pub offers_valid: Span,
    /// A visit of which the workshop says nothing is forgotten so long after its end.
    pub visit_forgotten_after: Span,
    /// Most live bookings of a network; a hold beyond is refused.
    pub bookings_max: u16,
    /// Most cases of a network whose offers are remembered; those that end first make room.
    pub offers_max: u16,
    /// Most cases of a network that wait for a slot; of more the least grave is forgotten.
    pub waiting_max: u16,
    /// Most waiting cases that are looked after when there is room, the gravest first.
    pub waiting_tried_max: u16,
    /// A case waits for a slot no longer than this.
    pub waiting_for: Span,
    /// Past days whose visits say how many are to come.
    pub demand_days_max: u16,
    /// What wishes weigh, and how far the search goes.
    pub search: schedule::Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            held_for: span(10 * MINUTE_MILLIS),
            move_notice: span(2 * HOUR_MILLIS),
            offers_valid: span(2 * DAY_MILLIS),
            visit_forgotten_after: span(30 * DAY_MILLIS),
            bookings_max: 400,
            offers_max: 1_000,
            waiting_max: 200,
            waiting_tried_max: 10,
            waiting_for: span(14 * DAY_MILLIS),
            demand_days_max: 56,
            search: schedule::Settings::default(),
        }
    }
}

impl Config {
    pub(super) fn check(&self) -> Result<(), String> {
        self.search.check().map_err(|invalid| invalid.to_string())?;
        let most = schedule::BOOKINGS_MAX;
        match (self.bookings_max, self.offers_max) {
            (0, _) => Err("`bookings_max` is `0`; give at least 1".to_owned()),
            (_, 0) => Err("`offers_max` is `0`; give at least 1".to_owned()),
            (bookings, _) if usize::from(bookings) > most => {
                Err(format!("`bookings_max` is `{bookings}`; give at most {most}"))
            }
            _ if !DEMAND_DAYS.contains(&self.demand_days_max) => Err(format!(
                "`demand_days_max` is `{}`; give {} to {}",
                self.demand_days_max,
                DEMAND_DAYS.start(),
                DEMAND_DAYS.end()
            )),
            _ => Ok(()),
        }
    }
}

fn span(millis: u64) -> Span {
    Span::from_millis(millis).expect("a default is between a millisecond and ten years")
}
