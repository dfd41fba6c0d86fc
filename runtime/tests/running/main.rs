//! Agents as they run: turns, checkpoints, time, whole deployments, and the log computed anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod agents;
mod checkpoints;
mod configurations;
mod deployment;
mod memories;
mod moments;
mod promotions;
mod recompute;
mod retention;
mod shared;
mod turns;
mod upgrades;
