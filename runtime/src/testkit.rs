//! What tests of agents, stores and buses share.

pub mod bus_contract;
pub mod conformance;
pub mod store_contract;
pub mod world;

pub use world::World;
