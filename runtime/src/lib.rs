//! Runs agents: one ordered input each, one commit per turn, nothing lost and nothing said twice.
//!
//! Writing an agent: [`agent`], [`wiring`], [`ctx`]. Running it: [`engine`] takes messages in order and
//! makes turns of them; [`committer`] makes turns durable in a [`store`] as far as the [`guard`] lets it; [`effects`] does
//! what they intend. In tests and replays
//! [`conductor`] drives the engines under a virtual [`clock`].

#![warn(missing_docs)]

pub mod agent;
pub mod backup;
pub mod board;
pub mod bus;
pub mod catalog;
pub mod clock;
pub mod committer;
pub mod conductor;
pub mod configuration;
pub mod control;
pub mod crash;
pub mod ctx;
pub mod deployment;
pub mod effects;
pub mod engine;
pub mod flight;
pub mod guard;
pub mod host;
pub mod intake;
pub mod marker;
pub mod models;
pub mod rate;
pub mod recompute;
pub mod retention;
pub mod router;
pub mod shared;
pub mod store;
pub mod stretches;
pub mod supervisor;
pub mod testkit;
pub mod timers;
pub mod upgrade;
pub mod wiring;

pub use agent::{Agent, AgentError, AgentResult, ConfigError, Handle, Timer};
pub use catalog::Catalog;
pub use ctx::Ctx;
pub use models::Models;
pub use wiring::Wiring;
