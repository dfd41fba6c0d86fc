//! How far learning has come, on standard error.

use crate::cli::Session;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A line that moves; none when standard error is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(session: &Session) -> Self {
        if session.console.quiet {
            return Self { bar: ProgressBar::hidden() };
        }
        let style =
            ProgressStyle::with_template("{spinner} [{bar:24}] {pos}/{len}, {elapsed}, {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: ProgressBar::new(0).with_style(style) }
    }

    /// There are `steps` of them, the first of which is `doing`.
    pub(super) fn begin(&self, steps: usize, doing: &str) {
        self.bar.set_length(steps as u64);
        self.bar.enable_steady_tick(Duration::from_millis(200));
        self.bar.set_message(doing.to_owned());
    }

    /// How far something has come of which nobody knows the length.
    pub(super) fn note(&self, doing: &str) {
        self.bar.set_message(doing.to_owned());
        self.bar.tick();
    }

    /// One step is done.
    pub(super) fn step(&self, doing: &str) {
        self.bar.set_message(doing.to_owned());
        self.bar.inc(1);
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
