//! How bookings end: at the workshop with a finding, because nobody came, or with the case that they are of.

use super::desk::Desk;
use super::memory::Stage;
use messages::BookingId;
use messages::booking::{BookingCompleted, BookingMissed, BookingStarted, NoShowRecorded};
use messages::case::CaseClosed;
use messages::finding::FindingRecorded;

impl Desk<'_, '_> {
    /// The asset did not come; before its time that cannot be known.
    pub(super) fn missed(&mut self, recorded: &NoShowRecorded) {
        let booking = recorded.booking;
        let live = self.state.booking(booking, recorded.case);
        if live.is_none_or(|live| live.stage != Stage::InService) {
            return self.pass_over();
        }
        self.state.bookings.remove(&booking);
        let (network, case, asset) = (self.network(), recorded.case, recorded.asset.clone());
        self.ctx.publish(&BookingMissed { network, case, asset, booking });
        self.makes_room("another asset did not come");
    }

    /// The workshop has looked at the asset: its booking has ended, and a part may be used up.
    pub(super) fn found(&mut self, finding: &FindingRecorded) {
        let Some(booking) = self.visited(finding) else { return self.pass_over() };
        let Some(live) = self.state.bookings.remove(&booking) else { return self.pass_over() };
        let (network, case, asset) = (self.network(), live.case, live.asset.clone());
        // It came before its time.
        if live.stage != Stage::InService {
            let now = self.now();
            self.state.count_visit(&live, now);
            let (network, asset) = (network.clone(), asset.clone());
            self.ctx.publish(&BookingStarted { network, case, asset, booking });
        }
        self.ctx.publish(&BookingCompleted { network, case, asset, booking });
        self.makes_room("another visit has ended");
        if !finding.repaired {
            return;
        }
        let centre = self.state.centres.get_mut(&live.slot.centre);
        let stock = centre.map(|centre| centre.plan.stock.iter_mut()).into_iter().flatten();
        for stock in stock.filter(|stock| stock.part == live.work.component) {
            stock.pieces = stock.pieces.saturating_sub(1);
        }
    }

    /// The case has ended: nothing is offered to it, and no place is kept for it. A visit that has begun ends by itself.
    pub(super) fn closed(&mut self, closed: &CaseClosed) {
        let case = closed.case;
        self.state.waiting.remove(&case);
        let offered = self.state.offers.remove(&case);
        if let Some((booking, live)) = self.state.booking_of(case)
            && live.stage != Stage::InService
        {
            self.give_up(booking, "the case has ended".to_owned());
        } else if offered.is_some_and(|offered| offered.unasked) {
            self.makes_room("another case that was offered a slot has ended");
        }
    }

    /// The live booking on which the asset came: the one named, else that of the case.
    fn visited(&self, finding: &FindingRecorded) -> Option<BookingId> {
        if let Some(booking) = finding.booking {
            return self.state.bookings.get(&booking).map(|_| booking);
        }
        self.state.booking_of(finding.case?).map(|(booking, _)| booking)
    }
}
