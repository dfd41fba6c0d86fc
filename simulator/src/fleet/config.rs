//! What fleet is asked for.

use super::fault::FaultKind;
use super::owner::Temperament;
use super::parameters::Weakness;
use messages::Timestamp;
use std::time::Duration;

/// Most vehicles in a fleet.
pub const SIZE_MAX: u32 = 100_000;
/// Longest past, in days.
pub const HISTORY_DAYS_MAX: u32 = 3_650;
/// Shortest and longest time between two samples of a driven vehicle.
pub const SAMPLE_LIMITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(900)];

/// A fleet to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct FleetConfig {
    /// Name of the profile; there must be parameters for it in `profiles/simulation`.
    pub profile: String,
    /// Name of the fleet.
    pub fleet: String,
    /// How many vehicles: `VEH001` and on, where they are not named otherwise.
    pub size: u32,
    /// How often a driven vehicle is sampled.
    pub sample: Duration,
    /// A frame holds what a vehicle sampled within so long.
    pub batch: Duration,
    /// All chance comes from it and from the assets' names.
    pub seed: u64,
    /// When it begins; what is before is history.
    pub start: Timestamp,
    /// A past, if one is wanted.
    pub history: Option<History>,
    /// Vehicles of which something is laid down; the rest of each is drawn.
    pub named: Vec<NamedAsset>,
    /// How fast everything wears, compared with the parameters; what is injected goes as it was told.
    pub wear: f64,
    /// Noise of the sensors, compared with the parameters.
    pub noise: f64,
    /// How often faults begin by themselves in these vehicles, compared with the parameters.
    pub spontaneous: f64,
    /// Whether failures are repaired and pads inspected unasked after the start, as they are before it.
    pub repairs: bool,
    /// Which vehicles fail more often, in place of those that the parameters name.
    pub weaknesses: Option<Vec<Weakness>>,
}

/// A past before the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// How long, in days.
    pub days: u32,
    /// Other vehicles, `POP00001` and on, of which failures, findings and repairs are known, and nothing that they measure.
    pub population: u32,
}

/// A vehicle of which something is laid down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedAsset {
    /// Its id.
    pub asset: String,
    /// One of the models of the parameters.
    pub model: Option<String>,
    /// One of the suppliers of the parameters.
    pub supplier: Option<String>,
    /// One of the batches of the parameters.
    pub batch: Option<String>,
    /// The centre where it is at home.
    pub centre: Option<String>,
    /// Its owner; several vehicles may have one.
    pub owner: Option<String>,
    /// How its owner answers.
    pub temperament: Option<Temperament>,
}

impl FleetConfig {
    /// Healthy vehicles sampled every 5 s, in frames of a minute, with no past, repaired by nobody unasked.
    #[must_use]
    pub fn vehicles(size: u32, seed: u64, start: Timestamp) -> Self {
        Self {
            profile: "vehicle".to_owned(),
            fleet: "demo".to_owned(),
            size,
            sample: Duration::from_secs(5),
            batch: Duration::from_secs(60),
            seed,
            start,
            history: None,
            named: Vec::new(),
            wear: 1.0,
            noise: 1.0,
            spontaneous: 0.0,
            repairs: false,
            weaknesses: None,
        }
    }

    /// Refuses what cannot be simulated.
    pub(super) fn check(&self) -> Result<(), FleetError> {
        let refuse =
            |key, value: String, remedy: String| Err(FleetError::Value { key, value, remedy });
        if !(1..=SIZE_MAX).contains(&self.size) || self.named.len() > self.size as usize {
            let remedy = format!("write 1 to {SIZE_MAX}, at least as many as are named");
            return refuse("size", self.size.to_string(), remedy);
        }
        let [shortest, longest] = SAMPLE_LIMITS;
        if !(shortest..=longest).contains(&self.sample) {
            let remedy = format!("write {shortest:?} to {longest:?}");
            return refuse("sample", format!("{:?}", self.sample), remedy);
        }
        for (key, number) in
            [("wear", self.wear), ("noise", self.noise), ("spontaneous", self.spontaneous)]
        {
            if !(0.0..=1_000.0).contains(&number) || (key == "wear" && number == 0.0) {
                let remedy = "write a factor above 0 and up to 1000".to_owned();
                return refuse(key, number.to_string(), remedy);
            }
        }
        if let Some(History { days, population }) = self.history
            && (days == 0 || days > HISTORY_DAYS_MAX || population > SIZE_MAX)
        {
            let remedy =
                format!("write 1 to {HISTORY_DAYS_MAX} days and up to {SIZE_MAX} vehicles");
            return refuse("history", format!("{days} days, {population} vehicles"), remedy);
        }
        Ok(())
    }
}

/// Why a fleet cannot do what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// The profile is not one that comes with the program, or nothing is known about how such assets behave.
    #[error(
        "profile `{profile}` cannot be simulated; there are parameters for `vehicle` only, in `profiles/simulation`"
    )]
    NoSimulation {
        /// The profile.
        profile: String,
    },
    /// A setting that cannot be.
    #[error("`{key}` is `{value}`; {remedy}")]
    Value {
        /// Which.
        key: &'static str,
        /// What was given.
        value: String,
        /// What to do.
        remedy: String,
    },
    /// The profile lacks the channel in which a fault would show.
    #[error(
        "fault `{fault}` shows in `{channel}`, which profile `{profile}` does not have; add the channel or choose another fault"
    )]
    NoChannel {
        /// The fault.
        fault: FaultKind,
        /// The channel.
        channel: String,
        /// The profile.
        profile: String,
    },
    /// A sensor's fault needs to know which sensor.
    #[error("fault `{fault}` needs `channel`: one of {}", channels.join(", "))]
    ChannelNeeded {
        /// The fault.
        fault: FaultKind,
        /// Channels that can have it.
        channels: Vec<String>,
    },
    /// A vehicle's fault shows where it shows.
    #[error("fault `{fault}` is not of one sensor; leave `channel` out")]
    ChannelUnused {
        /// The fault.
        fault: FaultKind,
    },
    /// No such vehicle.
    #[error("asset `{asset}` is not in fleet `{fleet}`; it has `{first}` to `{last}`")]
    UnknownAsset {
        /// What was asked for.
        asset: String,
        /// The fleet.
        fleet: String,
        /// Its first vehicle.
        first: String,
        /// Its last one.
        last: String,
    },
    /// No such component.
    #[error("component `{component}` is not in profile `{profile}`; it has {}", components.join(", "))]
    UnknownComponent {
        /// What was asked for.
        component: String,
        /// The profile.
        profile: String,
        /// What there is.
        components: Vec<String>,
    },
    /// The vehicle has as many faults as it may have.
    #[error("asset `{asset}` has {faults} faults already; clear one first")]
    TooManyFaults {
        /// The vehicle.
        asset: String,
        /// How many.
        faults: usize,
    },
    /// No such owner.
    #[error("owner `{owner}` has no vehicle in fleet `{fleet}`")]
    UnknownOwner {
        /// What was asked for.
        owner: String,
        /// The fleet.
        fleet: String,
    },
    /// Time goes one way.
    #[error("the fleet is at {now} already; ask for a moment after that, not for {asked}")]
    Past {
        /// Where it is.
        now: Timestamp,
        /// What was asked for.
        asked: Timestamp,
    },
}
