//! Measures how a car's signals wander and how its samples are lost: on recordings, and on simulated cars alike.

use super::parameters::{Car, Gap, Idle, TripMinutes, Wandering};
use crate::replay::Frame;
use std::collections::BTreeMap;

/// A silence longer than this ends a trip, in seconds.
const TRIP_GAP_SECONDS: f64 = 600.0;
/// An engine turns from here on, in rpm: starters do 200 to 300.
const RUNNING_RPM: f64 = 400.0;
/// Coolant that is warm, and how long it then settles, in seconds.
const WARM_CELSIUS: f64 = 80.0;
const SETTLE_SECONDS: f64 = 600.0;
/// A standing that is long enough to look at, and what is left out at its ends, in samples.
const STANDING_SAMPLES: usize = 20;
const STANDING_EDGE: usize = 5;
/// Fewest settled seconds of a trip for its mean to count.
const SETTLED_SECONDS_MIN: f64 = 600.0;
/// What an engine without thermostat warms towards: the `engine_hot` of the parameters.
const ENGINE_HOT: f64 = 130.0;

/// What is looked at in one sample.
#[derive(Clone, Copy, Debug)]
struct Moment {
    seconds: f64,
    rpm: Option<f64>,
    coolant: Option<f64>,
    volts: Option<f64>,
    kmh: Option<f64>,
}

/// One car's samples, gathered until it is measured.
#[derive(Clone, Debug, Default)]
pub struct Fit {
    trips: Vec<Vec<Moment>>,
    values: u64,
    missing: u64,
}

impl Fit {
    /// Takes what a car sent, in the order of time.
    pub fn take(&mut self, frame: &Frame) {
        let telemetry = &frame.telemetry;
        let place_by_name: BTreeMap<&str, usize> =
            telemetry.signals.iter().map(|signal| signal.name.as_str()).zip(0..).collect();
        for sample in &telemetry.samples {
            let value = |name: &str| sample.values[*place_by_name.get(name)?].map(f64::from);
            let moment = Moment {
                seconds: sample.sampled_at.as_millis() as f64 / 1_000.0,
                rpm: value("engine_speed"),
                coolant: value("coolant_temperature"),
                volts: value("battery_voltage"),
                kmh: value("speed"),
            };
            let last = self.trips.last().and_then(|trip| trip.last());
            if last.is_none_or(|last| moment.seconds - last.seconds > TRIP_GAP_SECONDS) {
                self.trips.push(Vec::new());
            }
            if let Some(trip) = self.trips.last_mut() {
                trip.push(moment);
            }
            // A parked car has no consumption to send.
            if !parked(&moment) {
                self.values += sample.values.len() as u64;
                self.missing += sample.values.iter().filter(|value| value.is_none()).count() as u64;
            }
        }
    }

    /// What was measured; nothing where too little was recorded to say.
    #[must_use]
    pub fn car(&self, name: &str) -> Option<Car> {
        let coolant = |moment: &Moment| moment.coolant;
        Some(Car {
            name: name.to_owned(),
            coolant: self.wandering(coolant)?,
            battery: self.wandering(|moment| moment.volts),
            warm_up_seconds: self.warm_up_seconds()?,
            idle: self.idle()?,
            gap: self.gap(),
            missing_share: self.missing as f64 / self.values.max(1) as f64,
            trip_minutes: self.trip_minutes()?,
        })
    }

    /// How a signal wanders while the engine runs warm and settled.
    fn wandering(&self, of: impl Fn(&Moment) -> Option<f64>) -> Option<Wandering> {
        let settled = self.trips.iter().map(|trip| minutes(trip, &of));
        let settled: Vec<Vec<Vec<f64>>> =
            settled.filter(|minutes| minutes.len() as f64 * 60.0 >= SETTLED_SECONDS_MIN).collect();
        let (mut means, mut fast, mut slow, mut lagged) = (vec![], vec![], vec![], vec![]);
        for minutes in &settled {
            let of_minutes: Vec<f64> = minutes.iter().map(|minute| mean(minute)).collect();
            let of_trip = mean(&of_minutes);
            means.push(of_trip);
            fast.extend(minutes.iter().map(|minute| variance(minute)));
            slow.extend(of_minutes.iter().map(|value| (value - of_trip).powi(2)));
            let pairs = of_minutes.windows(2);
            lagged.extend(pairs.map(|pair| (pair[0] - of_trip) * (pair[1] - of_trip)));
        }
        (means.len() >= 3).then(|| Wandering {
            level: mean(&means),
            trip: variance(&means).sqrt(),
            minute: mean(&slow).sqrt(),
            fast: mean(&fast).sqrt(),
            correlation: lagged.iter().sum::<f64>() / slow.iter().sum::<f64>(),
        })
    }

    /// Median time constant with which the coolant went from below 50 degrees to warm.
    fn warm_up_seconds(&self) -> Option<f64> {
        let constant = |trip: &Vec<Moment>| {
            let running: Vec<&Moment> = trip.iter().filter(|moment| runs(moment)).collect();
            let (first, from) =
                running.iter().find_map(|moment| Some((moment, moment.coolant?)))?;
            let warm =
                |moment: &&&Moment| moment.coolant.is_some_and(|value| value >= WARM_CELSIUS);
            let last = running.iter().find(warm)?;
            let length = last.seconds - first.seconds;
            (from < 50.0).then(|| length / ((ENGINE_HOT - from) / (ENGINE_HOT - WARM_CELSIUS)).ln())
        };
        median(self.trips.iter().filter_map(constant).collect())
    }

    /// Engine speed while standing, warm.
    fn idle(&self) -> Option<Idle> {
        let mut standing: Vec<Vec<f64>> = Vec::new();
        for trip in &self.trips {
            let mut present = Vec::new();
            for moment in trip {
                let stands = moment.kmh == Some(0.0) && moment.coolant.is_some_and(|c| c >= 80.0);
                match moment.rpm.filter(|rpm| stands && *rpm > RUNNING_RPM) {
                    Some(rpm) => present.push(rpm),
                    None => standing.push(std::mem::take(&mut present)),
                }
            }
        }
        standing.retain(|present| present.len() >= STANDING_SAMPLES);
        let inner =
            |present: &Vec<f64>| present[STANDING_EDGE..present.len() - STANDING_EDGE].to_vec();
        let standing: Vec<Vec<f64>> = standing.iter().map(inner).collect();
        let level = mean(&standing.iter().map(|present| mean(present)).collect::<Vec<_>>());
        let fast = standing.iter().map(|present| variance(present).sqrt()).collect();
        Some(Idle { level, fast: median(fast)? })
    }

    /// Silences within trips that are longer than twice the usual time between samples.
    fn gap(&self) -> Gap {
        let lengths: Vec<f64> = self
            .trips
            .iter()
            .flat_map(|trip| {
                trip.windows(2).filter(|pair| pair.iter().all(|moment| !parked(moment)))
            })
            .map(|pair| pair[1].seconds - pair[0].seconds)
            .collect();
        let usual = median(lengths.clone()).unwrap_or(1.0);
        let gaps: Vec<f64> =
            lengths.iter().copied().filter(|length| *length > usual * 1.5).collect();
        let hours = lengths.iter().sum::<f64>() / 3_600.0;
        Gap {
            per_hour: gaps.len() as f64 / hours,
            seconds: if gaps.is_empty() { 0.0 } else { mean(&gaps) },
        }
    }

    fn trip_minutes(&self) -> Option<TripMinutes> {
        let logarithm = |trip: &Vec<Moment>| {
            let minutes = (trip.last()?.seconds - trip.first()?.seconds) / 60.0;
            (minutes > 0.0).then(|| minutes.ln())
        };
        let all: Vec<f64> = self.trips.iter().filter_map(logarithm).collect();
        let fits = !all.is_empty();
        fits.then(|| TripMinutes { median: mean(&all).exp(), log_deviation: variance(&all).sqrt() })
    }
}

fn parked(moment: &Moment) -> bool {
    moment.rpm.is_some_and(|rpm| rpm <= RUNNING_RPM)
}

fn runs(moment: &Moment) -> bool {
    moment.rpm.is_some_and(|rpm| rpm > RUNNING_RPM)
}

/// Whole minutes of a signal, from when the engine has been warm for so long.
fn minutes(trip: &[Moment], of: impl Fn(&Moment) -> Option<f64>) -> Vec<Vec<f64>> {
    let is_warm =
        |moment: &&Moment| runs(moment) && moment.coolant.is_some_and(|c| c >= WARM_CELSIUS);
    let Some(warm_at) = trip.iter().find(is_warm).map(|moment| moment.seconds) else {
        return Vec::new();
    };
    let mut minutes: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for moment in trip.iter().filter(is_warm) {
        let settled = moment.seconds - warm_at - SETTLE_SECONDS;
        if let Some(value) = of(moment).filter(|_| settled >= 0.0) {
            minutes.entry((settled / 60.0) as u64).or_default().push(value);
        }
    }
    let longest = minutes.values().map(Vec::len).max().unwrap_or(0);
    minutes.into_values().filter(|minute| minute.len() * 2 > longest).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
