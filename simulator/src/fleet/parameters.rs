//! How simulated vehicles behave, read from `profiles/simulation/<profile>.toml`; the simulator alone knows it.

use super::FleetError;
use super::fault::FaultKind;
use messages::profile::{Profile, Span};
use messages::telemetry::TroubleCode;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The lowest and the highest among vehicles.
pub(super) type Range = [f64; 2];

/// A whole parameter file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    pub(super) profile: String,
    pub(super) heartbeat: Span,
    pub(super) history_sample: Span,
    pub(super) car: Vec<Car>,
    pub(super) traffic: Vec<Traffic>,
    pub(super) usage: Vec<Usage>,
    pub(super) centre: Vec<Centre>,
    pub(super) zone: Zone,
    pub(super) body: Body,
    pub(super) steps: BTreeMap<String, f64>,
    pub(super) upkeep: Upkeep,
    pub(super) growth: Growth,
    pub(super) fault: BTreeMap<FaultKind, FaultParameters>,
    pub(super) sensor_drift: BTreeMap<String, f64>,
    pub(super) makers: Makers,
}

/// What was measured on one real car.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Car {
    /// The recording.
    pub name: String,
    /// Coolant temperature, warm and settled, in degrees.
    pub coolant: Wandering,
    /// Voltage while running, where it was recorded.
    pub battery: Option<Wandering>,
    /// Time constant with which the engine warms towards `engine_hot`, in seconds.
    pub warm_up_seconds: f64,
    /// Engine speed of a standing warm car, in rpm.
    pub idle: Idle,
    /// Samples lost within trips.
    pub gap: Gap,
    /// Share of values that are missing in samples that came.
    pub missing_share: f64,
    /// How long trips are.
    pub trip_minutes: TripMinutes,
}

/// A level, and how it wanders.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wandering {
    /// Mean over all trips.
    pub level: f64,
    /// Deviation of the means of trips.
    pub trip: f64,
    /// Deviation of the means of minutes around the mean of their trip.
    pub minute: f64,
    /// Deviation of seconds around the mean of their minute.
    pub fast: f64,
    /// Correlation of the means of successive minutes.
    pub correlation: f64,
}

/// Engine speed at idle.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idle {
    /// Mean, in rpm.
    pub level: f64,
    /// Deviation of seconds, in rpm.
    pub fast: f64,
}

/// How samples are lost.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Gaps per hour of driving.
    pub per_hour: f64,
    /// Their mean length.
    pub seconds: f64,
}

/// How long trips are: log-normal.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TripMinutes {
    /// Geometric mean, in minutes.
    pub median: f64,
    /// Deviation of the natural logarithm.
    pub log_deviation: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Traffic {
    #[expect(dead_code, reason = "names the entry for the reader of the file")]
    pub(super) id: String,
    pub(super) standing_share: f64,
    pub(super) standing_seconds: f64,
    pub(super) moving_seconds: f64,
    pub(super) kmh: Normal,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Normal {
    pub(super) level: f64,
    pub(super) deviation: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Usage {
    #[expect(dead_code, reason = "names the entry for the reader of the file")]
    pub(super) id: String,
    pub(super) weight: f64,
    pub(super) workday: Vec<[f64; 2]>,
    pub(super) extra_workday: f64,
    pub(super) weekend: Vec<[f64; 2]>,
    pub(super) extra_weekend: f64,
    pub(super) minutes: f64,
    pub(super) traffic: Vec<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Centre {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) technicians: u16,
    pub(super) bays: u16,
    pub(super) emergency_slots_per_day: u16,
    pub(super) hours: [u16; 2],
    pub(super) skills: Vec<String>,
    pub(super) position: [f64; 2],
    pub(super) climate: Climate,
}

/// The weather of a place, in degrees and days of the year.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Climate {
    pub(super) mean: f64,
    pub(super) season: f64,
    pub(super) hottest_day: f64,
    pub(super) day: f64,
    pub(super) weather: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) utc_offset_minutes: i64,
    pub(super) language: String,
    pub(super) weekdays: Vec<u8>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    pub(super) cooling_seconds: f64,
    pub(super) engine_hot: f64,
    pub(super) coolant_by_ambient: f64,
    pub(super) excess_seconds: f64,
    pub(super) oil_idle: Range,
    pub(super) oil_per_1000rpm: Range,
    pub(super) oil_cold: f64,
    pub(super) oil_relief: f64,
    pub(super) oil_wander: Wandering,
    pub(super) battery_running: Range,
    pub(super) battery_by_ambient: f64,
    pub(super) battery_rest: Range,
    pub(super) battery_surface: Surface,
    pub(super) pad_start: Range,
    pub(super) pad_new: f64,
    pub(super) pad_per_1000km: Range,
    pub(super) pad_noise: f64,
    pub(super) tyre_cold: Range,
    pub(super) tyre_warmth: TyreWarmth,
    pub(super) tyre_noise: f64,
    pub(super) vibration_idle: Range,
    pub(super) vibration_per_1000rpm: Range,
    pub(super) vibration_wander: Wandering,
    pub(super) vibration_parked: f64,
    pub(super) fuel_litres_per_hour_idle: Range,
    pub(super) fuel_per_100km: Range,
    pub(super) fuel_shown_max: f64,
    pub(super) fuel_noise: f64,
    pub(super) speed_seconds: f64,
    pub(super) speed_noise: f64,
    pub(super) ambient_noise: f64,
    pub(super) odometer_start: Range,
    pub(super) gears: Vec<[f64; 2]>,
}

/// Voltage above rest after driving, and how fast it goes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Surface {
    pub(super) volts: f64,
    pub(super) seconds: f64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TyreWarmth {
    pub(super) celsius: f64,
    pub(super) at_kmh: f64,
    pub(super) seconds: f64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Upkeep {
    pub(super) inspection_km: f64,
    pub(super) pads_last_until: f64,
    pub(super) repair_hours: Range,
    pub(super) found_from: f64,
    pub(super) pads_found_from: f64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Growth {
    pub(super) driving_share: f64,
    pub(super) per_ten_degrees: f64,
    pub(super) code_hours: f64,
}

/// One fault of a vehicle.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultParameters {
    pub(super) component: String,
    pub(super) channels: Vec<String>,
    pub(super) size: Range,
    pub(super) vibration: f64,
    pub(super) shape: f64,
    pub(super) per_year: f64,
    pub(super) ramp_days: Range,
    pub(super) cause: String,
    pub(super) part: String,
    pub(super) codes: Vec<CodeParameters>,
    #[serde(default)]
    pub(super) engine_speed_jitter: f64,
    #[serde(default)]
    pub(super) fuel_share: f64,
    #[serde(default)]
    pub(super) battery_rest: f64,
}

/// A trouble code, and the severity at which it is set.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields, expecting = "expected `obd2` or `spn` and `fmi`, and `at`")]
pub(super) enum CodeParameters {
    Obd2 { obd2: String, at: f64 },
    J1939 { spn: u32, fmi: u8, at: f64 },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Makers {
    pub(super) models: Vec<(String, f64)>,
    pub(super) suppliers: Vec<(String, f64)>,
    pub(super) batches: Vec<String>,
    pub(super) weakness: Vec<Weakness>,
}

/// Vehicles of which one component fails more often.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weakness {
    /// Those of this supplier; absent: of any.
    pub supplier: Option<String>,
    /// Those of this batch; absent: of any.
    pub batch: Option<String>,
    /// The component.
    pub component: String,
    /// How often its faults begin, compared with others'.
    pub rate: f64,
    /// How long they take to develop, compared with others'.
    pub ramp: f64,
    /// What a workshop finds as their cause, in place of the usual one.
    pub cause: Option<String>,
}

impl Parameters {
    /// The parameters that come with the program for a profile.
    pub(super) fn embedded(profile: &str) -> Result<Self, FleetError> {
        let text = match profile {
            "vehicle" => include_str!("../../../profiles/simulation/vehicle.toml"),
            _ => return Err(FleetError::NoSimulation { profile: profile.to_owned() }),
        };
        let parsed: Self = toml::from_str(text).expect("the shipped parameters are well formed");
        assert_eq!(parsed.profile, profile, "the shipped parameters are those of their profile");
        Ok(parsed)
    }

    /// The parameters of a fault of the vehicle, where the profile has the channel that shows it.
    pub(super) fn fault(
        &self,
        kind: FaultKind,
        profile: &Profile,
    ) -> Result<&FaultParameters, FleetError> {
        let fault = self.fault.get(&kind).expect("every fault of a vehicle has its parameters");
        let channel = &fault.channels[0];
        if profile.channels.iter().any(|known| known.id == *channel) {
            return Ok(fault);
        }
        let (channel, profile) = (channel.clone(), profile.name.clone());
        Err(FleetError::NoChannel { fault: kind, channel, profile })
    }

    /// How one vehicle's signals wander: somewhere between the two real cars.
    pub(super) fn between_cars(&self, share: f64, of: impl Fn(&Car) -> f64) -> f64 {
        let (first, last) = (&self.car[0], &self.car[self.car.len() - 1]);
        of(first) + (of(last) - of(first)) * share
    }

    /// How voltage wanders: as on the cars where it was recorded.
    pub(super) fn battery_wander(&self) -> Wandering {
        let recorded = self.car.iter().find_map(|car| car.battery);
        recorded.expect("one recording has the voltage")
    }
}

impl CodeParameters {
    pub(super) const fn at(&self) -> f64 {
        match self {
            Self::Obd2 { at, .. } | Self::J1939 { at, .. } => *at,
        }
    }

    pub(super) fn code(&self) -> TroubleCode {
        match self {
            Self::Obd2 { obd2, .. } => TroubleCode::Obd2 { code: obd2.clone() },
            Self::J1939 { spn, fmi, .. } => TroubleCode::J1939 { spn: *spn, fmi: *fmi, oc: 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vehicle() -> Profile {
        Profile::parse(messages::profile::embedded("vehicle").unwrap()).unwrap()
    }

    #[test]
    fn every_fault_of_the_vehicle_has_parameters_that_name_what_the_profile_has() {
        let (parameters, profile) = (Parameters::embedded("vehicle").unwrap(), vehicle());
        for kind in FaultKind::ALL.into_iter().filter(|kind| kind.sensor_fault().is_none()) {
            if kind == FaultKind::GearboxOverheat {
                assert!(matches!(
                    parameters.fault(kind, &profile),
                    Err(FleetError::NoChannel { .. })
                ));
                continue;
            }
            let fault = parameters.fault(kind, &profile).unwrap();
            assert!(profile.component(&fault.component).is_some(), "{kind}");
            for channel in &fault.channels {
                assert!(profile.channels.iter().any(|known| known.id == *channel), "{kind}");
            }
        }
        for channel in parameters.sensor_drift.keys().chain(parameters.steps.keys()) {
            assert!(profile.channels.iter().any(|known| known.id == *channel), "{channel}");
        }
    }

    #[test]
    fn a_profile_without_parameters_is_refused_by_name() {
        let error = Parameters::embedded("machine").unwrap_err();
        assert!(error.to_string().contains("`machine`"), "{error}");
    }

    #[test]
    fn every_component_of_the_profile_can_be_repaired_somewhere() {
        let parameters = Parameters::embedded("vehicle").unwrap();
        for component in &vehicle().components {
            assert!(parameters.centre.iter().any(|centre| centre.skills.contains(&component.id)));
        }
    }
}
