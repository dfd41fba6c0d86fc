//! The rate of a throttled principal: a bucket of tokens that fills with time.

use messages::Timestamp;
use std::time::Duration;

/// Messages that a throttled principal may say at once.
pub const THROTTLED_BURST: u32 = 10;
/// Time in which a throttled principal may say one more.
pub const THROTTLED_INTERVAL: Duration = Duration::from_millis(100);

/// When the bucket would be full, from which everything else follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    full_at: Timestamp,
}

impl Bucket {
    /// A full bucket at `now`.
    pub(super) fn full(now: Timestamp) -> Self {
        Self { full_at: now }
    }

    /// Takes `count` tokens if there is any at `now`, into debt where they are more: what was to be durable together
    /// stays together. Else says when there is one.
    pub(super) fn take(&mut self, count: usize, now: Timestamp) -> Result<(), Timestamp> {
        let ready_at = self.ready_at(now);
        if ready_at > now {
            return Err(ready_at);
        }
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let from = self.full_at.max(now);
        self.full_at = from.saturating_add(THROTTLED_INTERVAL.saturating_mul(count));
        Ok(())
    }

    /// From when on there is a token.
    pub(super) fn ready_at(&self, now: Timestamp) -> Timestamp {
        let lacking = THROTTLED_INTERVAL.saturating_mul(THROTTLED_BURST - 1);
        self.full_at.saturating_sub(lacking).max(now)
    }
}
