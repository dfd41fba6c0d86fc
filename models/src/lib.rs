//! Placeholder map; replaced as the crate is built.

pub mod anomaly;
pub mod features;
pub mod forest;
pub mod sensor;
pub mod stats;
pub mod trend;

#[cfg(test)]
mod noise;
