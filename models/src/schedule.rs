//! Says when and where a repair fits, what speaks against each choice in words, and what stands in the way.
//!
//! Hard rules are kept always: a bay and a technician with the skill are free, the part is there, the
//! centre is open in its own zone, nothing lies in the past, a case has one live booking, no asset is at two
//! visits at once, and routine work leaves the day's emergency places free. Everything else is a [`Penalty`]: points with a sentence.
//!
//! - [`offers`]: one job; every slot of the horizon is looked at as far as the budget reaches, so the first
//!   offer is the best there is. Without any, [`Infeasible`] names what to relax, each answer found by
//!   looking again with only that relaxed.
//! - [`place`]: many jobs at once. [`replan`]: bookings that a change has broken, moving as few as may be.
//!   Greedy insertion, then seeded ruin and recreate (G. Schrimpf et al., "Record Breaking Optimization
//!   Results Using the Ruin and Recreate Principle", J. Comput. Phys. 159, 2000).
//!
//! Work is bounded by counting looks at slots ([`EVALUATIONS_MAX`]), never by time: the same question has
//! the same answer on every machine.

mod calendar;
mod ground;
mod invalid;
mod numbers;
mod offers;
mod penalty;
mod problem;
mod relax;
mod replan;
mod search;
mod settings;
mod words;

pub use calendar::Constraint;
pub use invalid::Invalid;
pub use offers::{Offer, OfferError, Offers, conflicts, offers};
pub use penalty::{Penalty, PenaltyKind};
pub use problem::{
    Booking, Centre, Days, Demand, Hours, Job, Position, Problem, Slot, Stock, Technician, Visit,
    Window,
};
pub use relax::{Infeasible, Relaxation};
pub use replan::{Change, Move, Replan, Unplaced, replan};
pub use search::{Placed, Plan, place};
pub use settings::Settings;

/// Most looks at a slot in one question.
pub const EVALUATIONS_MAX: u32 = 20_000;

/// Most offers in one answer.
pub const OFFERS_MAX: usize = 3;

/// Most bays of a centre.
pub const BAYS_MAX: usize = numbers::NUMBERS_MAX;

/// Most technicians of a centre.
pub const TECHNICIANS_MAX: usize = numbers::NUMBERS_MAX;

/// Most live bookings of a network.
pub const BOOKINGS_MAX: usize = 4_096;

/// Most jobs placed by one search.
pub const JOBS_MAX: usize = 128;

/// Longest horizon, in days.
pub const HORIZON_DAYS_MAX: u16 = 90;

#[cfg(test)]
mod tests;
