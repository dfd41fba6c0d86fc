//! What makes one vehicle differ from another for as long as it lives, drawn from its key.

use super::chance::Chance;
use super::parameters::{Parameters, TripMinutes, Wandering};

/// Length of the minutes that were measured.
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
            coolant_noise: Noise::of(
                Wandering {
                    level: 0.0,
                    trip: car(|car| car.coolant.trip),
                    minute: car(|car| car.coolant.minute),
                    fast: car(|car| car.coolant.fast),
                    correlation: car(|car| car.coolant.correlation),
                },
                parameters.steps["coolant_temperature"],
                noise,
            ),
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
    /// The process whose minutes behave as was measured with a sensor of this step: a first-order one and fresh noise
    /// on top. Both are taken apart here, because the measured deviation of seconds holds some of the former.
    pub(super) fn of(wandering: Wandering, step: f64, noise: f64) -> Self {
        let Wandering { trip, minute, fast, correlation, .. } = wandering;
        let x = minutes_per_constant(correlation);
        let kept = kept_by_means(x);
        let slow = minute / kept.sqrt();
        let fresh = fast * fast - slow * slow * (1.0 - kept) - step * step / 12.0;
        Self {
            trip: trip * noise,
            slow: slow * noise,
            seconds: MINUTE_SECONDS / x,
            fast: fresh.max(0.0).sqrt() * noise,
        }
    }
}

/// Share of a first-order process's variance that the means of its minutes keep, `x` minutes being its time constant.
fn kept_by_means(x: f64) -> f64 {
    2.0 * (x - 1.0 + (-x).exp()) / (x * x)
}

/// Minutes per time constant of the process of which the means of successive minutes correlate so much.
fn minutes_per_constant(correlation: f64) -> f64 {
    let correlates = |x: f64| (1.0 - (-x).exp()).powi(2) / (2.0 * (x - 1.0 + (-x).exp()));
    let (mut slow, mut quick) = (1e-3, 20.0);
    // Thirty halvings are closer than anything measured.
    for _ in 0..30 {
        let middle = 0.5 * (slow + quick);
        if correlates(middle) > correlation {
            slow = middle;
        } else {
            quick = middle;
        }
    }
    0.5 * (slow + quick)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_has_the_minutes_that_were_measured() {
        let wandering =
            Wandering { level: 0.0, trip: 0.0, minute: 2.0, fast: 3.0, correlation: 0.7 };
        let noise = Noise::of(wandering, 0.5, 1.0);
        let mut chance = Chance::of(7, "noise", 0);
        let (mut value, mut means, mut within) = (0.0, Vec::new(), Vec::new());
        let kept = (-1.0 / noise.seconds).exp();
        for _ in 0..6_000 {
            let minute: Vec<f64> = (0..60)
                .map(|_| {
                    value =
                        value * kept + noise.slow * (1.0 - kept * kept).sqrt() * chance.normal();
                    ((value + noise.fast * chance.normal()) / 0.5).round() * 0.5
                })
                .collect();
            let mean = minute.iter().sum::<f64>() / 60.0;
            within.push(minute.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 60.0);
            means.push(mean);
        }
        let count = means.len() as f64;
        let variance = means.iter().map(|mean| mean * mean).sum::<f64>() / count;
        let lagged = means.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / count;
        let fast = (within.iter().sum::<f64>() / count).sqrt();
        assert!((variance.sqrt() - 2.0).abs() < 0.15, "minute {}", variance.sqrt());
        assert!((lagged / variance - 0.7).abs() < 0.05, "correlation {}", lagged / variance);
        assert!((fast - 3.0).abs() < 0.1, "fast {fast}");
    }
}
