//! What makes one vehicle differ from another for as long as it lives, drawn from its key.

use super::chance::Chance;
use super::parameters::{Parameters, TripMinutes, Wander, Wandering};

/// Seconds in the minutes whose means the measured correlations are about.
const MINUTE_SECONDS: f64 = 60.0;

/// How a signal wanders around its level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    /// Deviation from trip to trip.
    pub(super) trip: f64,
    /// Deviation within a trip.
    pub(super) slow: f64,
    /// Time constant of that, in seconds.
    pub(super) seconds: f64,
    /// Deviation from sample to sample.
    pub(super) fast: f64,
}

/// The vehicle as it was made, and who drives it where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// Places among the parameters.
    pub(super) centre: u8,
    pub(super) usage: u8,
    pub(super) model: u8,
    pub(super) supplier: u8,
    pub(super) batch: u8,
    pub(super) trip_minutes: TripMinutes,
    pub(super) warm_up_seconds: f64,
    pub(super) gaps_per_hour: f64,
    pub(super) gap_seconds: f64,
    pub(super) missing_share: f64,
    pub(super) idle_rpm: f64,
    pub(super) idle_noise: f64,
    pub(super) coolant: f64,
    pub(super) coolant_noise: Noise,
    pub(super) battery_running: f64,
    pub(super) battery_rest: f64,
    pub(super) oil_idle: f64,
    pub(super) oil_per_rpm: f64,
    pub(super) pad_per_metre: f64,
    pub(super) tyre_cold: f64,
    pub(super) vibration_idle: f64,
    pub(super) vibration_per_rpm: f64,
    pub(super) fuel_idle: f64,
    pub(super) fuel_per_100km: f64,
}

impl Traits {
    pub(super) fn draw(parameters: &Parameters, key: u64, noise: f64) -> Self {
        let mut chance = Chance::of(key, "traits", 0);
        let body = &parameters.body;
        let share = chance.unit();
        let car = |of: fn(&super::parameters::Car) -> f64| parameters.between_cars(share, of);
        let place = |chance: &mut Chance, weights: &[f64]| {
            u8::try_from(chance.pick(weights.iter().copied())).expect("there are few kinds")
        };
        let usages: Vec<f64> = parameters.usage.iter().map(|usage| usage.weight).collect();
        let models: Vec<f64> = parameters.makers.models.iter().map(|model| model.1).collect();
        let suppliers: Vec<f64> = parameters.makers.suppliers.iter().map(|made| made.1).collect();
        Self {
            centre: place(&mut chance, &vec![1.0; parameters.centre.len()]),
            usage: place(&mut chance, &usages),
            model: place(&mut chance, &models),
            supplier: place(&mut chance, &suppliers),
            batch: place(&mut chance, &vec![1.0; parameters.makers.batches.len()]),
            trip_minutes: TripMinutes {
                median: car(|car| car.trip_minutes.median),
                log_deviation: car(|car| car.trip_minutes.log_deviation),
            },
            warm_up_seconds: car(|car| car.warm_up_seconds),
            gaps_per_hour: car(|car| car.gap.per_hour),
            gap_seconds: car(|car| car.gap.seconds),
            missing_share: car(|car| car.missing_share),
            idle_rpm: car(|car| car.idle.level),
            idle_noise: car(|car| car.idle.fast) * noise,
            coolant: car(|car| car.coolant.level),
            coolant_noise: Noise {
                trip: car(|car| car.coolant.trip) * noise,
                slow: car(|car| car.coolant.minute) * noise,
                seconds: seconds(car(|car| car.coolant.correlation)),
                fast: car(|car| car.coolant.fast) * noise,
            },
            battery_running: chance.between(body.battery_running),
            battery_rest: chance.between(body.battery_rest),
            oil_idle: chance.between(body.oil_idle),
            oil_per_rpm: chance.between(body.oil_per_1000rpm) / 1_000.0,
            pad_per_metre: chance.between(body.pad_per_1000km) / 1e6,
            tyre_cold: chance.between(body.tyre_cold),
            vibration_idle: chance.between(body.vibration_idle),
            vibration_per_rpm: chance.between(body.vibration_per_1000rpm) / 1_000.0,
            fuel_idle: chance.between(body.fuel_litres_per_hour_idle),
            fuel_per_100km: chance.between(body.fuel_per_100km),
        }
    }
}

impl Noise {
    pub(super) fn of_wander(wander: Wander, noise: f64) -> Self {
        let Wander { minute, fast, correlation } = wander;
        let seconds = seconds(correlation);
        Self { trip: 0.0, slow: minute * noise, seconds, fast: fast * noise }
    }

    pub(super) fn of_wandering(wandering: Wandering, noise: f64) -> Self {
        let Wandering { trip, minute, fast, correlation, .. } = wandering;
        let seconds = seconds(correlation);
        Self { trip: trip * noise, slow: minute * noise, seconds, fast: fast * noise }
    }
}

/// The time constant of what has this correlation from minute to minute.
fn seconds(correlation: f64) -> f64 {
    -MINUTE_SECONDS / correlation.ln()
}
