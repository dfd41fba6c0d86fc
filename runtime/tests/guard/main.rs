//! The guard at work: contracts on the bus, containment obeyed, AUDIT as a chain, activity measured.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod activity;
mod agents;
mod audit;
mod containment;
mod deployed;
mod rights;
