//! One branch of a story: which step it is at, and what that step waits for.

use super::looking::Look;
use crate::language::Step;
use messages::Timestamp;
use std::time::Duration;

/// A row of steps under way.
#[derive(Debug)]
pub(super) struct Branch<'s> {
    steps: &'s [Step],
    at: usize,
    /// Records from here on count for what is expected next.
    pub(super) mark: usize,
    pub(super) state: Doing<'s>,
    /// When the step began.
    pub(super) began_at: Timestamp,
}

/// What a step does.
#[derive(Debug)]
pub(super) enum Doing<'s> {
    /// It has not begun.
    Nothing,
    /// It waits before it begins.
    Pausing(Timestamp),
    /// It waits, and that is all.
    Waiting(Timestamp),
    /// An owner thinks.
    Thinking(Timestamp),
    /// It waits for the end of a booked visit.
    Visiting(Timestamp),
    /// It kills again.
    Killing { left: u32, next_at: Timestamp },
    /// It looks for something.
    Looking { look: Box<Look>, until: Timestamp },
    /// Branches of its own.
    Several(Vec<Branch<'s>>),
    /// The same steps again.
    Again { left: u32, next_at: Timestamp, inner: Box<Branch<'s>> },
}

impl<'s> Branch<'s> {
    pub(super) fn new(steps: &'s [Step], mark: usize) -> Self {
        Self { steps, at: 0, mark, state: Doing::Nothing, began_at: Timestamp::EPOCH }
    }

    /// The step that it is at.
    pub(super) fn step(&self) -> Option<&'s Step> {
        self.steps.get(self.at)
    }

    /// Goes on to the next step; records from `mark` on count for it.
    pub(super) fn next(&mut self, mark: usize) {
        self.at += 1;
        self.mark = mark;
        self.state = Doing::Nothing;
    }

    /// Whether all its steps are done.
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.steps.len()
    }

    /// When it must be looked at again, whatever happens.
    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        match &self.state {
            Doing::Nothing => None,
            Doing::Pausing(at)
            | Doing::Waiting(at)
            | Doing::Thinking(at)
            | Doing::Visiting(at)
            | Doing::Killing { next_at: at, .. }
            | Doing::Looking { until: at, .. } => Some(*at),
            Doing::Several(branches) => branches.iter().filter_map(Branch::wakes_at).min(),
            Doing::Again { next_at, inner, .. } => {
                if inner.is_done() {
                    Some(*next_at)
                } else {
                    inner.wakes_at()
                }
            }
        }
    }
}

/// How long something that waits may take, for what is written about it.
pub(super) fn budget(step: &Step) -> Option<Duration> {
    use crate::language::{Action, Workshop};
    match &step.action {
        Action::Expect(_) => Some(step.within),
        Action::Workshop(Workshop::Complete { .. } | Workshop::NoShow(_)) => Some(step.within),
        _ => None,
    }
}
