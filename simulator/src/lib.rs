//! Plays recordings again, with or without faults laid over them, simulates fleets, and judges what was concluded.
//!
//! [`dataset`] reads a dataset folder: `dataset.toml`, telemetry, assets, truth. [`replay`] yields its telemetry in
//! the order of time, as frames with the moment at which each would have been sent. [`overlay`] lays catalogue faults
//! over copies of the recorded assets. [`truth`] says what was to be found, [`report`] what was found.
//!
//! [`fleet`] simulates vehicles that wear and fail, their owners and workshops.
//!
//! No clock, no randomness: draws come from stated seeds. Sees `messages` only.

pub mod dataset;
pub mod fleet;
mod mix;
pub mod overlay;
pub mod replay;
pub mod report;
mod running;
pub mod truth;

pub use dataset::{Dataset, DatasetError};
pub use fleet::{Fleet, FleetConfig, FleetError};
pub use replay::{Entry, Frame, Replay, ReplayOptions};
pub use report::{ObservedEvent, Report};
pub use truth::{Expected, Truth};
