//! The one place that knows the time: the machine's, or one that a test or replay moves by hand.

use messages::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    Real,
    /// A clock that stands still until it is moved.
    Virtual(VirtualClock),
}

impl Clock {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::Real => machine_time(),
            Clock::Virtual(clock) => clock.now(),
        }
    }
}

/// A clock that stands still until it is moved, and never goes back.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    millis: Arc<AtomicI64>,
}

impl VirtualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        Self { millis: Arc::new(AtomicI64::new(start.as_millis())) }
    }

    /// The time it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::Acquire)).unwrap_or(Timestamp::MAX)
    }

    /// Moves it to `moment`, unless it is already later.
    pub fn advance_to(&self, moment: Timestamp) {
        self.millis.fetch_max(moment.as_millis(), Ordering::AcqRel);
    }

    /// Moves it on by `duration`.
    pub fn advance(&self, duration: Duration) {
        self.advance_to(self.now().saturating_add(duration));
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the machine's clock is read")]
fn machine_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).ok().and_then(Timestamp::from_millis).unwrap_or(Timestamp::MAX)
}
