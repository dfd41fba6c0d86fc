//! The facade over real HTTP, in front of a real deployment on a store in memory.

#![expect(clippy::unwrap_used, reason = "in a test a failed step is the finding")]

mod agents;
mod bookings;
mod capas;
mod cases;
mod client;
mod edges;
mod ingest;
mod operators;
mod owners;
mod people;
mod registry;
mod repeating;
mod serving;
mod site;
mod stores;
mod story;
