//! Named instants at which a test may end the process, to see that nothing is lost there.
//!
//! `arm` is called by the command line alone; unarmed, a point costs one relaxed load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The points, in the order in which a commit passes them.
pub const POINTS: [&str; 6] = [
    "ingest.before_commit",
    "commit.before_apply",
    "commit.before_flush",
    "commit.before_head",
    "commit.before_acknowledge",
    "checkpoint.before_commit",
];

/// The points that an effect passes, in order.
pub const EFFECT_POINTS: [&str; 4] = [
    "effect.before_attempted",
    "effect.after_attempted",
    "effect.after_call",
    "effect.after_concluded",
];

static ARMED: AtomicBool = AtomicBool::new(false);
static POINT: OnceLock<(String, AtomicU64)> = OnceLock::new();

/// A point that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("no crash point is named `{name}`; there are {}, {}", POINTS.join(", "), EFFECT_POINTS.join(", "))]
pub struct UnknownPoint {
    /// The name as given.
    pub name: String,
}

/// Whether there is a point `name`.
#[must_use]
pub fn exists(name: &str) -> bool {
    POINTS.contains(&name) || EFFECT_POINTS.contains(&name)
}

/// Ends the process the `nth` time (from 1) that `name` is passed.
///
/// # Errors
/// [`UnknownPoint`] when there is no such point.
pub fn arm(name: &str, nth: u64) -> Result<(), UnknownPoint> {
    if !exists(name) {
        return Err(UnknownPoint { name: name.to_owned() });
    }
    if POINT.set((name.to_owned(), AtomicU64::new(nth))).is_ok() {
        ARMED.store(true, Ordering::Release);
    }
    Ok(())
}

/// Passes the point `name`.
pub fn point(name: &str) {
    if ARMED.load(Ordering::Relaxed) {
        pass(name);
    }
}

#[cold]
fn pass(name: &str) {
    let Some((armed, left)) = POINT.get() else { return };
    if armed == name && left.fetch_sub(1, Ordering::AcqRel) == 1 {
        std::process::abort();
    }
}
