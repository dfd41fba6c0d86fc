//! Where quarantined telemetry lies; the frames themselves stay on the log.

use super::open;
use messages::health::{QuarantineReason, TelemetryQuarantined};
use messages::redelivery::TelemetryReleased;
use messages::{Message, MessageId, Sequence, Timestamp};
use runtime::store::Delivery;
use std::collections::BTreeMap;

/// Quarantined frames that are listed; older ones stay on the log and are counted.
pub(crate) const QUARANTINED_MAX: usize = 100_000;

/// All quarantined frames.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Quarantine {
    pub(crate) frames: BTreeMap<Sequence, Quarantined>,
    sequence_by_id: BTreeMap<MessageId, Sequence>,
    /// Frames that are no longer listed because there are too many.
    pub(crate) omitted: u64,
}

/// A quarantined frame.
#[derive(Debug, PartialEq)]
pub(crate) struct Quarantined {
    pub(crate) id: MessageId,
    pub(crate) asset: String,
    /// Not known of one that cannot be read.
    pub(crate) reason: Option<QuarantineReason>,
    pub(crate) at: Timestamp,
    pub(crate) released_at: Option<Timestamp>,
}

impl Quarantine {
    /// Takes in a record of the LOG; says whether it is about this.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        match delivery.envelope.name.as_str() {
            TelemetryQuarantined::NAME => self.add(delivery),
            TelemetryReleased::NAME => {
                if let Some(released) = open::<TelemetryReleased>(delivery) {
                    self.release(released.quarantined, delivery.envelope.time);
                }
            }
            _ => return false,
        }
        true
    }

    fn add(&mut self, delivery: &Delivery) {
        let envelope = &delivery.envelope;
        let frame = Quarantined {
            id: envelope.id,
            asset: envelope.key.clone(),
            reason: open::<TelemetryQuarantined>(delivery).map(|quarantined| quarantined.reason),
            at: envelope.time,
            released_at: None,
        };
        self.sequence_by_id.insert(envelope.id, delivery.sequence);
        self.frames.insert(delivery.sequence, frame);
        if self.frames.len() > QUARANTINED_MAX
            && let Some((_, oldest)) = self.frames.pop_first()
        {
            self.sequence_by_id.remove(&oldest.id);
            self.omitted += 1;
        }
    }

    fn release(&mut self, id: MessageId, at: Timestamp) {
        if let Some(sequence) = self.sequence_by_id.get(&id)
            && let Some(frame) = self.frames.get_mut(sequence)
        {
            frame.released_at = Some(at);
        }
    }

    /// Where the frame `id` lies.
    pub(crate) fn find(&self, id: MessageId) -> Option<(Sequence, &Quarantined)> {
        let sequence = *self.sequence_by_id.get(&id)?;
        self.frames.get(&sequence).map(|frame| (sequence, frame))
    }
}
