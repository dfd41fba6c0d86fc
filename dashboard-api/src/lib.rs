//! The HTTP door: telemetry in, the registry, and what the agents do and how they fare.
//!
//! [`routes::ROUTES`] is the list of everything that can be asked; each handler lives in the file of what it is
//! about. `server` takes connections, `door` brings one request to its handler. Lists are computed
//! from the log (`views`, `feed`), so nothing is shown that is not on it.

mod accept;
mod agents;
mod assets;
mod audit;
mod backup;
mod bookings;
mod calendar;
mod capas;
mod cases;
mod centres;
mod changes;
mod condition;
mod dead;
mod documents;
mod door;
mod events;
mod facade;
mod feed;
mod feedback;
mod findings;
mod guard;
mod health;
mod heard;
mod history;
mod ingest;
mod insights;
mod kept;
mod metrics;
mod models;
mod options;
mod owners;
mod page;
mod predictions;
mod principals;
pub mod printed;
mod problem;
mod process;
mod quarantine;
mod rebuild;
mod replies;
mod reply;
mod request;
pub mod routes;
mod server;
mod shape;
mod shapes;
mod shown;
mod slow;
mod topology;
mod views;
mod why;
mod words;
mod writing;

pub use backup::{Backup, BackupError, Exported};
pub use documents::{asyncapi_document, check_answer, openapi_document};
pub use facade::Facade;
pub use models::{Judged, ModelReader};
pub use options::{FacadeOptions, Feature, Random, Timeouts};
pub use runtime::rate::RateLimit;
pub use server::{BindError, Bound};
