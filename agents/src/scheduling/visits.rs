//! How bookings end at the workshop: with a finding, or because nobody came.

use super::desk::Desk;
use super::memory::Stage;
use messages::BookingId;
use messages::booking::{BookingCompleted, BookingMissed, BookingStarted, NoShowRecorded};
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
        let (network, case, asset) = (self.network(), live.case, live.asset);
        // It came before its time.
        if live.stage != Stage::InService {
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

    /// The live booking on which the asset came: the one named, else that of the case.
    fn visited(&self, finding: &FindingRecorded) -> Option<BookingId> {
        if let Some(booking) = finding.booking {
            return self.state.bookings.get(&booking).map(|_| booking);
        }
        self.state.booking_of(finding.case?).map(|(booking, _)| booking)
    }
}
