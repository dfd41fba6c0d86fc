//! Everything ended at a chosen instant, as `kill -9` ends a process, and begun again over the store.

use super::effects::Moment;
use super::{ConductError, Conductor};
use crate::committer::{Receipt, Request, Writer};
use std::fmt;
use std::str::FromStr;

/// What a commit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// What the world says.
    Ingest,
    /// A turn of a host.
    Turn,
    /// A timer that is due.
    Timer,
    /// A slice of a checkpoint.
    Checkpoint,
}

/// An instant at which everything may end.
///
/// Within a commit there is none: a store makes it durable whole or not at all, which its own tests show by ending
/// processes inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrashPoint {
    /// Nothing of the commit is durable. What the world says, it says again, since nobody answered.
    Before(Work),
    /// The commit is durable; whoever waits for it is not answered.
    After(Work),
    /// One of the instants of an effect.
    Effect(Moment),
}

impl CrashPoint {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Before(Work::Ingest),
        Self::After(Work::Ingest),
        Self::Before(Work::Turn),
        Self::After(Work::Turn),
        Self::Before(Work::Timer),
        Self::After(Work::Timer),
        Self::Before(Work::Checkpoint),
        Self::After(Work::Checkpoint),
        Self::Effect(Moment::BeforeAttempted),
        Self::Effect(Moment::AfterAttempted),
        Self::Effect(Moment::AfterCall),
        Self::Effect(Moment::AfterConcluded),
    ];

    /// Their names, in the same order.
    pub const NAMES: [&'static str; 12] = [
        "ingest.before_commit",
        "ingest.after_commit",
        "turn.before_commit",
        "turn.after_commit",
        "timer.before_commit",
        "timer.after_commit",
        "checkpoint.before_commit",
        "checkpoint.after_commit",
        "effect.before_attempted",
        "effect.after_attempted",
        "effect.after_call",
        "effect.after_concluded",
    ];
}

impl fmt::Display for CrashPoint {
    /// One of [`Self::NAMES`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut named = Self::ALL.iter().zip(Self::NAMES);
        let (_, name) = named.find(|(point, _)| *point == self).expect("every instant is listed");
        f.write_str(name)
    }
}

/// No instant has this name.
#[derive(Debug, thiserror::Error)]
#[error("no instant is named `{0}`")]
pub struct UnknownCrashPoint(pub String);

impl FromStr for CrashPoint {
    type Err = UnknownCrashPoint;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut named = Self::ALL.into_iter().zip(Self::NAMES);
        let found = named.find_map(|(point, known)| (known == name).then_some(point));
        found.ok_or_else(|| UnknownCrashPoint(name.to_owned()))
    }
}

impl Conductor {
    /// Ends everything the next time that it comes to `point`, and begins again from what is durable.
    pub fn crash_at(&mut self, point: CrashPoint) {
        self.crash_at = Some(point);
    }

    /// Ends everything if this is the instant; whether it did.
    pub(super) fn crashes(&mut self, point: CrashPoint) -> Result<bool, ConductError> {
        let crashes = self.crash_at.take_if(|at| *at == point).is_some();
        if crashes {
            self.misfortunes.crashes += 1;
            self.restart()?;
        }
        Ok(crashes)
    }

    /// Makes `request` durable; `None` when everything ended before or after.
    pub(super) fn commit_unless_crashed(
        &mut self,
        work: Work,
        request: Request,
    ) -> Result<Option<Receipt>, ConductError> {
        if self.crashes(CrashPoint::Before(work))? {
            return Ok(None);
        }
        let receipt = self.commit(request)?;
        Ok((!self.crashes(CrashPoint::After(work))?).then_some(receipt))
    }

    /// Forgets all that is not in the store, and opens it anew.
    fn restart(&mut self) -> Result<(), ConductError> {
        let clock = crate::clock::Clock::Virtual(self.clock.clone());
        self.writer = Writer::new(self.store.clone(), clock, self.router.clone());
        self.writer.commit(Vec::new())?;
        self.hosts.iter_mut().for_each(|seat| seat.refused = false);
        (0..self.hosts.len()).try_for_each(|index| self.revive(index))?;
        self.kill_effects();
        Ok(())
    }
}
