//! Runs agents: one ordered input each, one commit per turn, nothing lost and nothing said twice.

#![warn(missing_docs)]

pub mod crash;
pub mod store;
