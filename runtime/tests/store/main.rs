//! What the stores and the backup promise: the contract, the model, damage, readers, older formats.

mod backup;
mod compatibility;
mod contract;
mod damage;
mod fixture;
mod model;
mod readers;
