//! What newcomers read is true: pages of agents are those of the code, and commands in guides do what they say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod blocks;
mod pages;
mod settings;
