//! Talks to owners: what a reply means, when an owner means, and what is said to one.
//!
//! [`understanding`] reads replies, [`moment`] the times in them, [`script`] words what is to be said.

pub mod moment;
pub mod script;
pub mod understanding;
