//! Effects: performed once each, whatever is killed and whatever the provider answers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod contained;
mod crashes;
mod deployment;
mod order;
mod people;
mod provider;
mod retries;
mod ringer;
mod rules;
mod wiring;
