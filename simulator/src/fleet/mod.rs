//! A fleet that is simulated: vehicles that are driven, wear and fail, their owners, their workshops, and the truth.
//!
//! [`Fleet`] is driven in virtual time: [`Fleet::next_due`] says when something comes, [`Fleet::step`] what came
//! until a moment. Every vehicle draws its own numbers from the seed and its name, so a vehicle does not change when
//! the fleet grows. What is true is in [`Fleet::truth`]; agents and models cannot see this crate.

mod chance;
mod climate;
mod config;
mod event;
mod fault;
mod fit;
mod folder;
mod herd;
mod intervention;
mod motion;
mod owner;
mod parameters;
mod record;
mod registry;
mod signals;
mod simulation;
mod traits;
mod trips;
mod vehicle;
mod wear;
mod workshop;
mod world;

pub use config::{
    FleetConfig, FleetError, HISTORY_DAYS_MAX, History, NamedAsset, SAMPLE_LIMITS, SIZE_MAX,
};
pub use event::Event;
pub use fault::{FaultKind, UnknownFault};
pub use fit::Fit;
pub use folder::{FOLDER_DAYS_MAX, FolderError, Written, write};
pub use owner::{Heard, Owner, Reply, Temperament};
pub use parameters::{Car, Gap, Idle, TripMinutes, Wandering, Weakness};
pub use record::{FaultHandle, FaultRecord};
pub use simulation::Fleet;
