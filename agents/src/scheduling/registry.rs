//! Centres and parts as they are registered, and the bookings that a change breaks.

use super::desk::{DONE, Desk, rejected};
use super::memory::Centre;
use messages::BookingId;
use messages::centre::{CentreRegistered, OpeningHours, PartStocked};
use models::schedule::{self, Change, Hours, Move, Position, Stock, Technician};
use runtime::{AgentError, AgentResult};

/// Most times in a row that a calendar is mended; each takes up to [`schedule::JOBS_MAX`] broken bookings.
const MENDINGS_MAX: usize = schedule::BOOKINGS_MAX / schedule::JOBS_MAX + 1;

impl Desk<'_, '_> {
    /// Knows a centre, or knows it better; what can no longer stay is moved.
    pub(super) fn register(&mut self, registered: &CentreRegistered) -> AgentResult {
        let known = self.state.centres.get(&registered.centre);
        let stock = known.map(|centre| centre.plan.stock.clone()).unwrap_or_default();
        let centre = centre(registered, stock)?;
        if known == Some(&centre) {
            return DONE;
        }
        centre.plan.check().map_err(|invalid| rejected(&invalid))?;
        let before = self.state.centres.insert(registered.centre.clone(), centre);
        if self.is_full() {
            self.state.centres.remove(&registered.centre);
            self.state.centres.extend(before.map(|before| (registered.centre.clone(), before)));
            let text =
                format!("network `{}` has no room for this centre; divide it", self.network());
            return Err(AgentError::Reject(text));
        }
        let now = self.now();
        self.state.begin_to_count(&registered.centre, now);
        self.makes_room(format!("the workshop {} has changed", registered.name));
        self.mend()
    }

    /// Knows how many of a part there are, or will be.
    pub(super) fn stock(&mut self, stocked: &PartStocked) -> AgentResult {
        let Some(centre) = self.state.centres.get_mut(&stocked.centre) else {
            let text = format!(
                "centre `{}` is not registered in network `{}`; register it first",
                stocked.centre, stocked.network
            );
            return Err(AgentError::Reject(text));
        };
        let stock = &mut centre.plan.stock;
        stock.retain(|known| known.part != stocked.part);
        let PartStocked { part, quantity: pieces, available_at: there_at, .. } = stocked.clone();
        stock.push(Stock { part, pieces, there_at });
        stock.sort_by(|one, other| one.part.cmp(&other.part));
        let cause = format!("the workshop {} has other parts in stock", centre.name);
        self.makes_room(cause);
        self.mend()
    }

    /// Moves what a change has broken; what fits nowhere is cancelled.
    fn mend(&mut self) -> AgentResult {
        for _ in 0..MENDINGS_MAX {
            let mut problem = self.state.problem(self.now(), None);
            let soonest = self.now().saturating_add(self.config.move_notice.duration());
            for booking in &mut problem.bookings {
                booking.job.earliest_at = booking.job.earliest_at.max(soonest);
                // The owner of whom nothing else is known comes from around where they have agreed to come.
                let centre = self.state.centres.get(&booking.slot.centre);
                let there = centre.and_then(|centre| centre.plan.position);
                booking.job.position = booking.job.position.or(there);
            }
            let (seed, _) = self.ctx.envelope().id.0.as_u64_pair();
            let replan = schedule::replan(&problem, &self.config.search, seed)
                .map_err(|invalid| rejected(&invalid))?;
            for one in replan.moves {
                let reason = reason(&one);
                self.reseat(id(&one.booking), one.new.slot, reason);
            }
            for one in replan.unplaced {
                let reason = format!("{}, and nothing else is free", one.because);
                self.give_up(id(&one.booking), reason);
            }
            if replan.left.is_empty() {
                break;
            }
        }
        DONE
    }
}

fn reason(one: &Move) -> String {
    match one.change {
        Change::Moved => one.because.clone(),
        Change::Reassigned => format!("{}; place and time stay", one.because),
    }
}

fn id(text: &str) -> BookingId {
    text.parse().expect("the solver names bookings as it was given them")
}

fn centre(registered: &CentreRegistered, stock: Vec<Stock>) -> Result<Centre, AgentError> {
    let position = registered.latitude.zip(registered.longitude);
    let plan = schedule::Centre {
        id: registered.centre.clone(),
        zone: registered.zone.clone(),
        hours: hours(&registered.hours)?,
        holidays: registered.holidays.iter().map(|day| date(day)).collect::<Result<_, _>>()?,
        bays: registered.bays,
        technicians: registered.technicians.iter().map(technician).collect(),
        emergency_places: registered.emergency_slots_per_day,
        position: position.map(|(latitude, longitude)| Position {
            latitude: latitude.get(),
            longitude: longitude.get(),
        }),
        rating: registered.rating.map(messages::Finite::get),
        stock,
    };
    Ok(Centre { name: registered.name.clone(), plan })
}

fn technician(registered: &messages::centre::Technician) -> Technician {
    let skills = registered.skills.iter().cloned().collect();
    Technician { id: registered.id.clone(), skills }
}

fn hours(registered: &[OpeningHours]) -> Result<[Vec<Hours>; 7], AgentError> {
    let mut hours: [Vec<Hours>; 7] = std::array::from_fn(|_| Vec::new());
    for &OpeningHours { weekday, opens_minute, closes_minute } in registered {
        let day = hours.get_mut(usize::from(weekday).wrapping_sub(1)).ok_or_else(|| {
            AgentError::Reject(format!("weekday `{weekday}` is none; give 1 for Monday to 7"))
        })?;
        day.push(Hours { open_minute: opens_minute, close_minute: closes_minute });
    }
    Ok(hours)
}

fn date(text: &str) -> Result<jiff::civil::Date, AgentError> {
    let wrong = |_| AgentError::Reject(format!("holiday `{text}` is no date like `2026-03-25`"));
    text.parse().map_err(wrong)
}
