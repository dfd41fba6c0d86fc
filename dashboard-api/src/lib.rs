//! The HTTP door: telemetry in, the registry, and what the agents do and how they fare.
//!
//! [`routes::ROUTES`] is the list of everything that can be asked; each handler lives in the file of what it is
//! about. `server` takes connections, `door` brings one request to its handler. Lists are computed
//! from the log (`views`, `feed`), so nothing is shown that is not on it.

mod agents;
mod assets;
mod backup;
mod bookings;
mod capas;
mod cases;
mod centres;
mod dead;
mod door;
mod events;
mod facade;
mod feed;
mod findings;
mod guard;
mod health;
mod ingest;
mod insights;
mod metrics;
mod options;
mod owners;
mod problem;
mod process;
mod quarantine;
mod rate;
mod replies;
mod reply;
mod request;
pub mod routes;
mod server;
mod shown;
mod views;
mod why;
mod words;
mod writing;

pub use backup::{Backup, BackupError, Exported};
pub use facade::Facade;
pub use options::{FacadeOptions, Feature, Random, Timeouts};
pub use rate::RateLimit;
pub use server::{BindError, Bound};
