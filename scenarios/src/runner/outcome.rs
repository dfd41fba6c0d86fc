//! How steps and stories end.

use messages::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// How one step ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The step as it is written.
    pub step: String,
    /// The same in words for people.
    pub words: String,
    /// The file that it stands in.
    pub file: String,
    /// Its line.
    pub line: usize,
    /// When it began, on the story's clock.
    pub began_at: Timestamp,
    /// When it ended, on the story's clock.
    pub ended_at: Timestamp,
    /// How long it might have taken, for what waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_seconds: Option<f64>,
    /// How it ended.
    pub verdict: Verdict,
}

/// Whether a step did what it should.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It did.
    Met,
    /// It did not.
    Failed {
        /// What is wrong.
        message: String,
        /// What came closest, and which condition it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        nearest: Option<String>,
    },
}

impl Outcome {
    /// The time that it took, on the story's clock.
    #[must_use]
    pub fn used(&self) -> Duration {
        self.ended_at.since(self.began_at)
    }

    /// Whether it did what it should.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.verdict == Verdict::Met
    }
}

/// How a story ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// As it should.
    Passed,
    /// Somebody stopped it.
    Interrupted,
    /// A step, a condition or the world failed.
    Failed {
        /// The step as it is written, or what else failed.
        step: String,
        /// The file and line.
        place: String,
        /// What is wrong.
        message: String,
        /// What came closest, and which condition it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        nearest: Option<String>,
    },
}
