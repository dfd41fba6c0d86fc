//! Visits of an owner's other assets, and others of the same one: all are seen to on one day, if that can be.

use super::memory::{Live, Stage, State, Work};
use messages::{CaseId, Timestamp};
use models::schedule::{Slot, Visit};

impl State {
    /// Visits with which `work` on the asset of `case` could go together: those that are booked, the asset's own for
    /// other cases among them; without any, what the owner's other assets were offered first.
    pub(super) fn company(
        &self,
        (case, asset): (CaseId, &str),
        work: &Work,
        now: Timestamp,
    ) -> Vec<Visit> {
        let is_theirs = |other: &Work| work.owner.is_some() && other.owner == work.owner;
        let visit = |asset: &str, slot: &Slot| Visit {
            asset: asset.to_owned(),
            centre: slot.centre.clone(),
            from: slot.from,
            until: slot.until,
        };
        let stands = |live: &&Live| {
            let goes_with = live.asset == asset || is_theirs(&live.work);
            goes_with && live.case != case && live.stage != Stage::InService
        };
        let booked = self.bookings.values().filter(stands);
        let mut visits: Vec<Visit> = booked.map(|live| visit(&live.asset, &live.slot)).collect();
        if visits.is_empty() {
            let others = self.offers.iter().filter(|(other, offered)| {
                **other != case && offered.asset != asset && is_theirs(&offered.work)
            });
            visits = others
                .filter_map(|(_, offered)| Some(visit(&offered.asset, &offered.slots.first()?.1)))
                .collect();
        }
        visits.retain(|visit| visit.from > now);
        visits.sort_by(|one, other| (one.from, &one.asset).cmp(&(other.from, &other.asset)));
        visits
    }
}
