//! What devices publish, brought into the log of this process exactly once (`docs/adr/0018`).
//!
//! [`reader`] reads TELEMETRY in order and notices every hole, [`message`] judges one message, [`surplus`] packs what comes
//! too fast, [`ingest`] makes what came of it durable together with the position read to, and [`notices`] tells devices
//! what was set aside.

pub mod ingest;
pub mod message;
pub mod notices;
mod position;
pub mod reader;
pub mod surplus;

pub use ingest::{Ingest, Options};
pub use position::Position;
