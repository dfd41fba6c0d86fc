//! What tests of agents, stores and buses share.

pub mod world;

pub use world::World;
