//! Whole dataset folders, written to temporary places and replayed.

mod descriptions;
mod fixture;
mod overlays;
mod recordings;
