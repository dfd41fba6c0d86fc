//! What is computed from telemetry: features, unusual behaviour, faulty sensors, time to a limit.
//!
//! Pure: no clock, no I/O, no bus; randomness is seeded by the caller. From a profile and samples to a verdict:
//! [`features`] keeps up what is known of an asset and gives its numbers per window; [`anomaly`] says how unusual they
//! are, [`forest`] does so against a cohort; [`sensor`] says which of them not to believe; [`trend`] says
//! how likely a channel is beyond its limit within a horizon; [`reliability`] says of many assets what fails how often,
//! when, and whether a batch is worse. [`training`] learns from recordings which components fail soon and how much life is
//! left, by [`history`] or [`assessed`], [`regime`] and [`supervised`], [`model`] keeps that as a file, [`foresight`] asks it
//! at work, and [`explain`] says of one row why; [`subspace`] says how far several channels together are from how they
//! were, [`forecast`] what a series will be. [`schedule`] finds slots at workshops, [`demand`] foresees how many will be
//! asked for. [`stats`] has the arithmetic that they share.

#![warn(missing_docs)]

pub mod anomaly;
pub mod assessed;
pub mod behaviour;
pub mod demand;
pub mod explain;
pub mod features;
pub mod forecast;
pub mod foresight;
pub mod forest;
pub mod history;
pub mod model;
pub mod regime;
pub mod reliability;
pub mod schedule;
pub mod sensor;
pub mod stats;
pub mod subspace;
pub mod supervised;
pub mod training;
pub mod trend;

#[cfg(test)]
mod noise;
