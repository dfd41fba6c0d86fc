//! What all vehicles share: parameters, profile, weather, and how much more or less of everything was asked for.

use super::chance::key;
use super::climate::{DAY_MS, Weather};
use super::fault::FaultKind;
use super::parameters::{Parameters, Weakness};
use super::signals::CHANNELS;
use super::traits::{Noise, Traits};
use messages::profile::Profile;

/// Faults that vehicles develop by themselves.
pub(super) const SPONTANEOUS: [FaultKind; 6] = [
    FaultKind::BrakePadWear,
    FaultKind::CoolantPumpWear,
    FaultKind::OilPumpWear,
    FaultKind::Misfire,
    FaultKind::AlternatorDecay,
    FaultKind::TyreSlowLeak,
];

/// The surroundings of a fleet.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) parameters: Parameters,
    pub(super) profile: Profile,
    pub(super) utc_offset_ms: i64,
    /// When what is asked for begins; before it everything is past.
    pub(super) start: i64,
    pub(super) wear: f64,
    /// How often faults begin by themselves, compared with the parameters.
    pub(super) spontaneous: f64,
    /// Whether failures are repaired unasked after the start too.
    pub(super) repairs: bool,
    pub(super) battery_noise: Noise,
    pub(super) oil_noise: Noise,
    pub(super) vibration_noise: Noise,
    pub(super) noise: f64,
    weather: Vec<Weather>,
    sensors: [Sensor; CHANNELS.len()],
}

/// What a channel's sensor can tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sensor {
    pub(super) range: [f64; 2],
    pub(super) step: f64,
}

impl World {
    pub(super) fn new(
        parameters: Parameters,
        profile: Profile,
        seed: u64,
        noise: f64,
        begins: i64,
    ) -> Self {
        let of = |wandering, channel| Noise::of(wandering, parameters.steps[channel], noise);
        let utc_offset_ms = parameters.zone.utc_offset_minutes * 60_000;
        // The day before may be asked for at midnight.
        let first_day = (begins + utc_offset_ms).div_euclid(DAY_MS) - 1;
        let centres = parameters.centre.iter();
        let weather = centres
            .map(|centre| Weather::new(centre.climate, key(seed, &centre.id), first_day))
            .collect();
        Self {
            utc_offset_ms,
            start: i64::MIN,
            wear: 1.0,
            spontaneous: 1.0,
            repairs: true,
            battery_noise: of(parameters.battery_wander(), "battery_voltage"),
            oil_noise: of(parameters.body.oil_wander, "oil_pressure"),
            vibration_noise: of(parameters.body.vibration_wander, "vibration_rms"),
            noise,
            weather,
            sensors: sensors(&profile, &parameters),
            parameters,
            profile,
        }
    }

    /// The sensor of a channel that is sent.
    pub(super) const fn channel(&self, place: usize) -> Sensor {
        self.sensors[place]
    }

    /// Temperature outside where a vehicle lives.
    pub(super) fn ambient(&self, traits: &Traits, at: i64) -> f64 {
        self.weather[usize::from(traits.centre)].ambient(at + self.utc_offset_ms)
    }

    /// Whether what fails at this moment is repaired unasked.
    pub(super) fn is_upkept(&self, at: i64) -> bool {
        self.repairs || at < self.start
    }

    /// The component that a fault of a vehicle is of.
    pub(super) fn component(&self, kind: FaultKind) -> Option<&str> {
        self.parameters.fault.get(&kind).map(|fault| fault.component.as_str())
    }

    /// What makes this vehicle's component fail more often than others'.
    pub(super) fn weaknesses<'a>(
        &'a self,
        traits: &Traits,
        component: &'a str,
    ) -> impl Iterator<Item = &'a Weakness> {
        let makers = &self.parameters.makers;
        let supplier = &makers.suppliers[usize::from(traits.supplier)].0;
        let batch = &makers.batches[usize::from(traits.batch)];
        makers.weakness.iter().filter(move |weakness| {
            weakness.component == component
                && weakness.supplier.as_ref().is_none_or(|weak| weak == supplier)
                && weakness.batch.as_ref().is_none_or(|weak| weak == batch)
        })
    }

    /// How often a fault begins in this vehicle, compared with the parameters.
    pub(super) fn rate(&self, traits: &Traits, kind: FaultKind) -> f64 {
        let component = self.component(kind).unwrap_or_default();
        let weak: f64 = self.weaknesses(traits, component).map(|weakness| weakness.rate).product();
        self.spontaneous * weak
    }
}

fn sensors(profile: &Profile, parameters: &Parameters) -> [Sensor; CHANNELS.len()] {
    CHANNELS.map(|id| {
        let channel = profile.channels.iter().find(|channel| channel.id == id);
        let channel = channel.expect("the profile has every channel that vehicles send");
        Sensor { range: channel.range.map(f64::from), step: parameters.steps[id] }
    })
}
