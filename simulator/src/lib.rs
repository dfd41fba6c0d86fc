//! Plays recordings again, with or without faults laid over them, and judges what was concluded from them.
//!
//! [`dataset`] reads a dataset folder: `dataset.toml`, telemetry, assets, truth. [`replay`] yields its telemetry in
//! the order of time, as frames with the moment at which each would have been sent. [`overlay`] lays catalogue faults
//! over copies of the recorded assets. [`truth`] says what was to be found, [`report`] what was found.
//!
//! No clock, no randomness: draws come from seeds in `dataset.toml`. Sees `messages` only.

pub mod dataset;
pub mod overlay;
pub mod replay;
pub mod report;
mod running;
pub mod truth;

pub use dataset::{Dataset, DatasetError};
pub use replay::{Entry, Frame, Replay, ReplayOptions};
pub use report::{ObservedEvent, Report};
pub use truth::{Expected, Truth};
