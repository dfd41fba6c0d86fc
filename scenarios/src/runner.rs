//! Plays a story: time passes, steps are done, what is expected is waited for, and everything is written down.
//!
//! The stage is the world (agents, log, simulated fleet, clock), the [`Chronicle`] what is known of the log so far;
//! [`play`] tells the story itself, branch by branch. Whoever watches is an [`Audience`].

mod acts;
mod chronicle;
mod doing;
mod event;
mod looking;
mod outcome;
mod play;
mod stage;
mod workshop;

pub use chronicle::Chronicle;
pub use outcome::{Ending, Outcome, Verdict};
pub use play::{Played, play};
pub use stage::{Cast, StageError};

use crate::language::Step;
use crate::measure::Record;
use messages::Timestamp;
use std::time::Duration;

/// Whoever watches a story.
pub trait Audience {
    /// So much of the past is lived through, of the whole.
    fn past(&mut self, passed: Duration, whole: Duration);
    /// A step begins.
    fn act(&mut self, at: Timestamp, step: &Step);
    /// The log has one more record; `told`: it is part of the story, not of its past.
    fn record(&mut self, record: &Record, told: bool);
    /// A step ended.
    fn ended(&mut self, outcome: &Outcome);
    /// The reader is told something.
    fn note(&mut self, at: Timestamp, text: &str);
    /// Whether the story is to end now.
    fn is_interrupted(&mut self) -> bool;
    /// What a person at the terminal answers in place of `script`; `None`: the script's own words.
    fn owner(&mut self, script: &str) -> Option<String>;
}

/// Nobody watches.
pub struct Nobody;

impl Audience for Nobody {
    fn past(&mut self, _: Duration, _: Duration) {}
    fn act(&mut self, _: Timestamp, _: &Step) {}
    fn record(&mut self, _: &Record, _: bool) {}
    fn ended(&mut self, _: &Outcome) {}
    fn note(&mut self, _: Timestamp, _: &str) {}

    fn is_interrupted(&mut self) -> bool {
        false
    }

    fn owner(&mut self, _: &str) -> Option<String> {
        None
    }
}
