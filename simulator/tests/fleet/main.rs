//! A simulated fleet from outside: what it sends, what is true of it, what its owners and workshops say.

#![expect(clippy::unwrap_used, reason = "a fleet that cannot be made fails its test")]

mod drive;
mod faults;
mod folder;
mod past;
mod people;
mod seeds;
