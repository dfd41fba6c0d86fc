//! Everything that agents say to each other, and how it looks on the wire and in the store.
//!
//! No I/O, no async. [`message`] says what a message is, [`record`] and [`cloudevents`] how it becomes
//! bytes and headers, [`envelope`] what travels around it, [`subject`] where it travels; [`catalogue`] lists all messages
//! and [`schema`] describes them.
//! The messages themselves: [`telemetry`], [`health`], [`prediction`], [`case`], [`contact`], [`booking`], [`finding`],
//! [`model`], [`shadow`], [`effect`], [`registry`] with [`consent`] and [`centre`], [`dead`], [`redelivery`], [`guard`], [`behaviour`].
//! [`profile`] describes a kind of asset; agents know channels through it alone.

#![warn(missing_docs)]

pub mod agent;
pub mod behaviour;
pub mod booking;
pub mod capa;
pub mod case;
pub mod catalogue;
pub mod centre;
pub mod cloudevents;
pub mod consent;
pub mod contact;
pub mod dead;
pub mod effect;
pub mod envelope;
pub mod finding;
pub mod finite;
pub mod guard;
pub mod health;
pub mod id;
pub mod json;
pub mod message;
pub mod model;
pub mod pattern;
pub mod place;
pub mod prediction;
pub mod profile;
pub mod record;
pub mod redelivery;
pub mod registry;
pub mod schema;
pub mod sealed;
pub mod shadow;
pub mod subject;
pub mod telemetry;
pub mod time;
pub mod trace;
pub mod unit;

pub use envelope::{Envelope, Origin, Provenance, Sequence};
pub use finite::Finite;
pub use id::{BookingId, CapaId, CaseId, MessageId, OfferId};
pub use message::{Class, Encoding, Message, Stage, Stream};
pub use place::Place;
pub use record::{DecodeError, EncodeError, Record};
pub use time::Timestamp;
