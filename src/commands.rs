//! One file per verb.

pub mod agent;
pub mod asset;
pub mod backup;
pub mod bench;
pub mod booking;
pub mod case;
pub mod centre;
pub mod check;
pub mod completions;
pub mod config;
pub mod dead;
pub mod demo;
pub mod doctor;
pub mod evaluate;
pub mod events;
pub mod owner;
pub mod quarantine;
pub mod replay;
pub mod reply;
pub mod run;
pub mod scenario;
pub mod simulate;
pub mod verify;
pub mod version;
