//! The profiles that come with the program.

/// Their names.
pub const NAMES: &[&str] =
    &["air_station", "household", "machine", "milling", "pump_rig", "turbofan", "vehicle"];

/// Text of the profile called `name`, if it comes with the program.
#[must_use]
pub fn embedded(name: &str) -> Option<&'static str> {
    match name {
        "air_station" => Some(include_str!("../../../profiles/air_station.toml")),
        "household" => Some(include_str!("../../../profiles/household.toml")),
        "machine" => Some(include_str!("../../../profiles/machine.toml")),
        "milling" => Some(include_str!("../../../profiles/milling.toml")),
        "pump_rig" => Some(include_str!("../../../profiles/pump_rig.toml")),
        "turbofan" => Some(include_str!("../../../profiles/turbofan.toml")),
        "vehicle" => Some(include_str!("../../../profiles/vehicle.toml")),
        _ => None,
    }
}
