//! The facade over real HTTP, in front of a real deployment on a store in memory.

#![expect(clippy::unwrap_used, reason = "in a test a failed step is the finding")]

mod agents;
mod bookings;
mod capas;
mod cases;
mod client;
mod conditional;
mod documents;
mod edges;
mod following;
mod guarding;
mod heard;
mod history;
mod ingest;
mod models;
mod operators;
mod owners;
mod page;
mod past;
mod people;
mod registry;
mod repeating;
mod serving;
mod site;
mod stores;
mod story;
