//! JetStream as AuroraSync uses it: the connection, the streams, what devices publish, and a server of one's own for
//! tests and demonstrations.
//!
//! `docs/adr/0006` says what the server fixes in the wire; nobody outside this crate names the client library.

pub mod bus;
pub mod config;
pub mod connection;
pub mod devices;
pub mod hosts;
pub mod lease;
pub mod permissions;
pub mod server;
pub mod services;
pub mod streams;

pub use connection::{ConnectError, Connection, Credentials, Link, Options, Tls};
pub use streams::{Difference, Layout, StreamsError};
