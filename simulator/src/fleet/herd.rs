//! Vehicles that are looked at in the order of time: each has one moment in the calendar.

use super::chance::{Chance, key};
use super::config::{FleetConfig, FleetError, NamedAsset};
use super::signals::Values;
use super::traits::Traits;
use super::vehicle::Vehicle;
use super::world::World;
use messages::Timestamp;
use messages::telemetry::{FRAME_SAMPLES_MAX, Sample};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

/// When vehicles are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    /// While driven, and sparsely while parked.
    Live { sample: i64, history_sample: i64, heartbeat: i64, batch: i64 },
    /// Never: what befalls them is known until the start, not what they measure. At midnight pads may be due.
    Never,
}

/// Vehicles with one kind of names.
#[derive(Clone, Debug)]
pub(super) struct Herd {
    prefix: &'static str,
    digits: usize,
    sampling: Sampling,
    /// What is laid down of vehicles, by place.
    pub(super) named: BTreeMap<u32, NamedAsset>,
    place_by_name: BTreeMap<String, u32>,
    pub(super) vehicles: Vec<Vehicle>,
    calendar: BinaryHeap<Reverse<(i64, u32)>>,
    /// Samples that wait for their frame to be full.
    open: BTreeMap<u32, Vec<Sample>>,
}

impl Herd {
    pub(super) fn fleet(world: &World, config: &FleetConfig, now: i64) -> Result<Self, FleetError> {
        let sampling = Sampling::Live {
            sample: millis(config.sample),
            history_sample: millis(world.parameters.history_sample.duration()),
            heartbeat: millis(world.parameters.heartbeat.duration()),
            batch: millis(config.batch.max(Duration::from_millis(1))),
        };
        let mut herd = Self::empty("VEH", 3, sampling);
        herd.named = herd.seated(config);
        let names = herd.named.iter().map(|(place, named)| (named.asset.clone(), *place));
        herd.place_by_name = names.collect();
        if herd.place_by_name.len() < config.named.len() {
            return Err(FleetError::Value {
                key: "named",
                value: "an asset named twice".to_owned(),
                remedy: "name each once".to_owned(),
            });
        }
        herd.fill(world, config, config.size, now)?;
        Ok(herd)
    }

    pub(super) fn population(
        world: &World,
        config: &FleetConfig,
        size: u32,
        now: i64,
    ) -> Result<Self, FleetError> {
        let mut herd = Self::empty("POP", 5, Sampling::Never);
        herd.fill(world, config, size, now)?;
        Ok(herd)
    }

    const fn empty(prefix: &'static str, digits: usize, sampling: Sampling) -> Self {
        Self {
            prefix,
            digits,
            sampling,
            named: BTreeMap::new(),
            place_by_name: BTreeMap::new(),
            vehicles: Vec::new(),
            calendar: BinaryHeap::new(),
            open: BTreeMap::new(),
        }
    }

    /// The named vehicles by place: a name that a place has anyway takes that place, others the first that are left. No
    /// two vehicles have one name.
    fn seated(&self, config: &FleetConfig) -> BTreeMap<u32, NamedAsset> {
        let own_place = |named: &NamedAsset| {
            let number = named.asset.strip_prefix(self.prefix)?.parse::<u32>().ok()?;
            let place = number.checked_sub(1).filter(|place| *place < config.size)?;
            (self.name(place) == named.asset).then_some(place)
        };
        let mut seated = BTreeMap::new();
        let mut others = Vec::new();
        for named in &config.named {
            match own_place(named) {
                Some(place) if !seated.contains_key(&place) => {
                    seated.insert(place, named.clone());
                }
                _ => others.push(named.clone()),
            }
        }
        let free: Vec<u32> = (0..config.size)
            .filter(|place| !seated.contains_key(place))
            .take(others.len())
            .collect();
        seated.extend(free.into_iter().zip(others));
        seated
    }

    /// Name of a place whose vehicle is not named otherwise.
    fn name(&self, place: u32) -> String {
        format!("{}{:0digits$}", self.prefix, place + 1, digits = self.digits)
    }

    fn fill(
        &mut self,
        world: &World,
        config: &FleetConfig,
        size: u32,
        now: i64,
    ) -> Result<(), FleetError> {
        for place in 0..size {
            let key = key(config.seed, &self.asset(place));
            let mut traits = Traits::draw(&world.parameters, key, world.noise);
            if let Some(named) = self.named.get(&place) {
                super::registry::lay_down(world, named, &mut traits)?;
            }
            let is_measured = self.sampling != Sampling::Never;
            self.vehicles.push(Vehicle::new(world, key, traits, now, is_measured));
            let sample_due = match self.sampling {
                Sampling::Live { heartbeat, .. } => {
                    now + (Chance::of(key, "phase", 0).unit() * heartbeat as f64) as i64
                }
                Sampling::Never => self.midnight(world, place),
            };
            self.vehicles[place as usize].sample_due = sample_due;
            self.schedule(world, place);
        }
        Ok(())
    }

    /// Name of the vehicle at a place.
    pub(super) fn asset(&self, place: u32) -> String {
        self.named.get(&place).map_or_else(|| self.name(place), |named| named.asset.clone())
    }

    /// Place of the vehicle with this name.
    pub(super) fn place(&self, asset: &str) -> Option<u32> {
        if let Some(place) = self.place_by_name.get(asset) {
            return Some(*place);
        }
        let place = asset.strip_prefix(self.prefix)?.parse::<u32>().ok()?.checked_sub(1)?;
        let is_there = (place as usize) < self.vehicles.len() && self.asset(place) == asset;
        is_there.then_some(place)
    }

    /// When the next vehicle is to be looked at, and which.
    pub(super) fn next(&mut self) -> Option<(i64, u32)> {
        while let Some(Reverse((due, place))) = self.calendar.peek().copied() {
            // Who was given another moment since has another entry too.
            if self.vehicles[place as usize].due == due {
                return Some((due, place));
            }
            self.calendar.pop();
        }
        None
    }

    /// Enters a vehicle into the calendar.
    pub(super) fn schedule(&mut self, world: &World, place: u32) {
        let vehicle = &mut self.vehicles[place as usize];
        let due = vehicle.sample_due.min(vehicle.next_happening());
        let is_over = self.sampling == Sampling::Never && due >= world.start;
        vehicle.due = if is_over { i64::MAX } else { due };
        if vehicle.due < i64::MAX {
            self.calendar.push(Reverse((vehicle.due, place)));
        }
    }

    /// Takes a sample into the frame of its vehicle; says which samples are to be sent now.
    pub(super) fn take(
        &mut self,
        world: &World,
        place: u32,
        values: Option<Values>,
    ) -> Option<Vec<Sample>> {
        let vehicle = &mut self.vehicles[place as usize];
        vehicle.sent += 1;
        let (seq, at) = (vehicle.sent, vehicle.now);
        if let Some(values) = values {
            let sample = Sample {
                sampled_at: timestamp(at),
                seq: Some(seq),
                values: values.to_vec(),
                codes: vehicle.codes(world),
            };
            self.open.entry(place).or_default().push(sample);
        }
        let next = self.next_sample(world, place);
        self.vehicles[place as usize].sample_due = next;
        let is_closed = match self.sampling {
            Sampling::Live { batch, .. } => next.div_euclid(batch) != at.div_euclid(batch),
            Sampling::Never => true,
        };
        let is_full = self.open.get(&place).is_some_and(|open| open.len() >= FRAME_SAMPLES_MAX);
        if is_closed || is_full { self.open.remove(&place) } else { None }
    }

    fn next_sample(&self, world: &World, place: u32) -> i64 {
        let vehicle = &self.vehicles[place as usize];
        let now = vehicle.now;
        match self.sampling {
            Sampling::Live { sample, history_sample, heartbeat, .. } => {
                let is_past = now < world.start;
                let interval = if is_past { history_sample } else { sample };
                let next = match vehicle.present_trip() {
                    Some(trip) => (now + interval).min(trip.ends),
                    None => (now + heartbeat).min(vehicle.next_start()),
                };
                // The first sample at the live rate is taken at the start.
                if is_past { next.min(world.start) } else { next }
            }
            Sampling::Never => self.midnight(world, place),
        }
    }

    /// The end of the local day; nobody drives then.
    fn midnight(&self, world: &World, place: u32) -> i64 {
        let today = self.vehicles[place as usize].local_day(world);
        (today + 1) * super::climate::DAY_MS - world.utc_offset_ms
    }

    /// Forgets what was measured and not yet sent.
    pub(super) fn forget_open(&mut self) {
        self.open.clear();
    }
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis.clamp(Timestamp::MIN.as_millis(), Timestamp::MAX.as_millis()))
        .expect("a clamped moment is in range")
}
