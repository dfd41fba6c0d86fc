//! The program as its users meet it: exit codes, errors with their remedies, and a whole life of a process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod capas;
mod cases;
mod containment;
mod credentials;
mod devices;
mod models;
mod offline;
mod operations;
mod process;
mod publisher;
mod reconfigured;
mod serving;
mod simulated;
mod told;
