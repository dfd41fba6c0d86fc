//! Whole dataset folders, written to temporary places and replayed.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod descriptions;
mod fixture;
mod overlays;
mod recordings;
