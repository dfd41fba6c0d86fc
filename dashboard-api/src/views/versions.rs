//! When each view changed last: so that "nothing new" costs a look at a number.

use messages::{Sequence, Timestamp};
use runtime::store::Delivery;

/// What can change by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Assets,
    Owners,
    Centres,
    Cases,
    Bookings,
    Predictions,
    Feedback,
    Insights,
    Models,
    Quarantine,
    Dead,
    Traffic,
}

/// Topics.
const TOPICS: usize = 12;

/// Position and time of the record that changed each topic last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Versions {
    cursor: Sequence,
    changed: [Option<(Sequence, Timestamp)>; TOPICS],
}

impl Versions {
    /// `topic` changed by `delivery`.
    pub(crate) fn change(&mut self, topic: Topic, delivery: &Delivery) {
        self.changed[topic as usize] = Some((delivery.sequence, delivery.envelope.time));
    }

    /// Everything up to `delivery` is part of the views.
    pub(crate) fn moved_to(&mut self, delivery: &Delivery) {
        self.cursor = delivery.sequence;
    }

    /// How far the log has been read.
    pub(crate) fn cursor(&self) -> Sequence {
        self.cursor
    }

    /// Position of the record that changed any of `topics` last; 0 when none did.
    pub(crate) fn newest(&self, topics: &[Topic]) -> Sequence {
        self.last(topics).map_or(0, |(sequence, _)| sequence)
    }

    /// Time of that record.
    pub(crate) fn as_of(&self, topics: &[Topic]) -> Option<Timestamp> {
        self.last(topics).map(|(_, at)| at)
    }

    fn last(&self, topics: &[Topic]) -> Option<(Sequence, Timestamp)> {
        topics.iter().filter_map(|topic| self.changed[*topic as usize]).max()
    }
}
