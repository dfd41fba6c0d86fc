//! What devices publish, brought into the log of this process exactly once (`docs/adr/0018`).
//!
//! [`reader`] reads TELEMETRY in order and notices every hole, [`message`] judges one message, [`ingest`] makes what came
//! of it durable together with the position read to.

pub mod ingest;
pub mod message;
mod position;
pub mod reader;

pub use ingest::{Ingest, Options};
pub use position::Position;
