//! One vehicle: what state it is in, and how that flows on between two moments at which somebody looks.

use super::chance::Chance;
use super::climate;
use super::fault::FaultKind;
use super::motion::{Motion, mean_kmh};
use super::traits::Traits;
use super::trips::{Driver, Trip};
use super::wear::{Wear, weight};
use super::world::{SPONTANEOUS, World};

/// Steps longer than this, in seconds, go by the mean speed of the traffic.
const FOLLOWED_SECONDS_MAX: f64 = 120.0;
/// Most faults that a vehicle has at once.
pub(super) const FAULTS_MAX: usize = 8;
const HOUR_MS: f64 = 3_600_000.0;
const YEAR_MS: f64 = 365.2425 * 86_400_000.0;

/// A vehicle.
#[derive(Clone, Debug)]
pub(super) struct Vehicle {
    pub(super) key: u64,
    pub(super) traits: Traits,
    pub(super) now: i64,
    /// Whether anybody can ask what it measures; of others only use and wear flow.
    is_measured: bool,
    /// Noise of the signals; nothing else is drawn from it, so that a fault changes no other number.
    pub(super) noise: Chance,
    day: i64,
    trips: Vec<Trip>,
    /// Place of the present trip, or of the next one.
    trip: u8,
    pub(super) motion: Motion,
    pub(super) body: State,
    pub(super) wears: Vec<Wear>,
    /// When each fault begins by itself.
    onsets: [i64; SPONTANEOUS.len()],
    services: u32,
    inspect_at_metres: f64,
    pub(super) sent: u64,
    pub(super) measured_at: i64,
    pub(super) lost_until: i64,
    /// Failed, and not yet repaired.
    pub(super) is_stranded: bool,
    repair_at: i64,
    /// When it is sampled next.
    pub(super) sample_due: i64,
    /// The moment for which it is in the calendar.
    pub(super) due: i64,
}

/// What flows.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    /// Engine temperature with a sound pump.
    pub(super) engine_celsius: f64,
    /// Heat that the pump does not carry away.
    pub(super) excess_celsius: f64,
    pub(super) tyre_warmth: f64,
    pub(super) metres: f64,
    pub(super) pad_worn: f64,
    /// Since when it has been parked.
    pub(super) parked_at: i64,
    /// How coolant, voltage, oil pressure and vibration wander.
    pub(super) wander: [f64; 4],
    pub(super) coolant_trip: f64,
    pub(super) battery_trip: f64,
}

/// Something that became true of a vehicle.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Happening {
    /// A fault begins by itself.
    Begins(FaultKind),
    /// A fault has reached severity 1.
    Failed { record: u32 },
    /// What had failed is repaired, all of it.
    Repaired,
    /// An inspection replaced the brake pads.
    PadsReplaced,
}

impl Vehicle {
    pub(super) fn new(
        world: &World,
        key: u64,
        traits: Traits,
        now: i64,
        is_measured: bool,
    ) -> Self {
        let mut chance = Chance::of(key, "state", 0);
        let body = &world.parameters.body;
        let metres = chance.between(body.odometer_start) * 1_000.0;
        let outside = world.ambient(&traits, now);
        let mut vehicle = Self {
            key,
            traits,
            now,
            is_measured,
            noise: Chance::of(key, "noise", 0),
            day: i64::MIN,
            trips: Vec::new(),
            trip: 0,
            motion: Motion::default(),
            body: State {
                engine_celsius: outside,
                excess_celsius: 0.0,
                tyre_warmth: 0.0,
                metres,
                pad_worn: chance.between(body.pad_start),
                parked_at: now - 8 * 3_600_000,
                wander: [0.0; 4],
                coolant_trip: 0.0,
                battery_trip: 0.0,
            },
            wears: Vec::new(),
            onsets: [i64::MAX; SPONTANEOUS.len()],
            services: 0,
            inspect_at_metres: metres + chance.unit() * world.parameters.upkeep.inspection_km * 1e3,
            sent: 0,
            measured_at: now,
            lost_until: i64::MIN,
            is_stranded: false,
            repair_at: i64::MAX,
            sample_due: i64::MAX,
            due: i64::MAX,
        };
        vehicle.plan_day(world);
        for kind in SPONTANEOUS {
            vehicle.draw_onset(world, kind);
        }
        vehicle
    }

    fn driver<'a>(&self, world: &'a World) -> Driver<'a> {
        Driver {
            key: self.key,
            usage: &world.parameters.usage[usize::from(self.traits.usage)],
            minutes: self.traits.trip_minutes,
            utc_offset_ms: world.utc_offset_ms,
        }
    }

    /// Whether anybody can ask what it measures.
    pub(super) const fn is_measured(&self) -> bool {
        self.is_measured
    }

    /// The trip that it is on.
    pub(super) fn present_trip(&self) -> Option<Trip> {
        let trip = self.trips.get(usize::from(self.trip))?;
        (trip.starts <= self.now && self.now < trip.ends && !self.is_stranded).then_some(*trip)
    }

    /// The local day that it is.
    pub(super) fn local_day(&self, world: &World) -> i64 {
        self.driver(world).day(self.now)
    }

    /// When the next trip of today starts.
    pub(super) fn next_start(&self) -> i64 {
        let starts = self.trips.iter().map(|trip| trip.starts);
        starts.filter(|starts| *starts > self.now).min().unwrap_or(i64::MAX)
    }

    /// When something becomes true of it, if nobody intervenes.
    pub(super) fn next_happening(&self) -> i64 {
        let failing = self.wears.iter().filter(|wear| wear.to >= 1.0 && !wear.has_failed);
        let fails_at = failing.map(|wear| wear.ends).min().unwrap_or(i64::MAX);
        let begins_at = self.onsets.iter().copied().min().unwrap_or(i64::MAX);
        fails_at.min(begins_at).min(self.repair_at)
    }

    /// Lets time pass until `until`. The calendar sees to it that nothing happens between now and then.
    pub(super) fn advance(&mut self, world: &World, until: i64, happenings: &mut Vec<Happening>) {
        while self.now < until {
            let to = self.next_edge(world).min(until);
            self.flow(world, to);
            self.now = to;
            self.cross(world);
        }
        self.happen(world, happenings);
    }

    /// When a trip starts or ends, or another day begins.
    fn next_edge(&self, world: &World) -> i64 {
        let midnight = (self.day + 1) * climate::DAY_MS - world.utc_offset_ms;
        let edges =
            self.trips.get(usize::from(self.trip)).map(|trip| match self.now < trip.starts {
                true => trip.starts,
                false => trip.ends,
            });
        edges.unwrap_or(midnight).min(midnight)
    }

    /// Begins a trip, ends one, or plans the day.
    fn cross(&mut self, world: &World) {
        if let Some(trip) = self.trips.get(usize::from(self.trip)).copied() {
            if self.now == trip.starts && !self.is_stranded {
                self.begin_trip(world, trip.starts);
            } else if self.now == trip.ends {
                if !self.is_stranded {
                    self.body.parked_at = self.now;
                }
                self.motion = Motion::default();
                self.trip += 1;
            }
        }
        if self.driver(world).day(self.now) != self.day {
            self.plan_day(world);
        }
    }

    fn plan_day(&mut self, world: &World) {
        self.day = self.driver(world).day(self.now);
        self.trips = self.driver(world).trips(self.day);
        self.trip = 0;
        // A fleet may begin in the middle of a day.
        while self.trips.get(usize::from(self.trip)).is_some_and(|trip| trip.ends <= self.now) {
            self.trip += 1;
        }
    }

    fn begin_trip(&mut self, world: &World, starts: i64) {
        if !self.is_measured {
            return;
        }
        let mut chance = Chance::of(self.key, "trip", starts);
        self.body.coolant_trip = self.traits.coolant_noise.trip * chance.normal();
        self.body.battery_trip = world.battery_noise.trip * chance.normal();
        self.motion = Motion::default();
    }

    /// Lets everything flow to `to`, while it is driven or parked throughout.
    fn flow(&mut self, world: &World, to: i64) {
        let seconds = (to - self.now) as f64 / 1_000.0;
        match self.present_trip() {
            Some(trip) => self.drive(world, trip, to, seconds),
            None => self.rest(world, to, seconds),
        }
    }

    fn drive(&mut self, world: &World, trip: Trip, to: i64, seconds: f64) {
        let traffic = &world.parameters.traffic[usize::from(trip.traffic)];
        let followed = self.is_measured && seconds <= FOLLOWED_SECONDS_MAX;
        let kmh = if followed { self.motion.kmh } else { mean_kmh(traffic) };
        let metres = kmh / 3.6 * seconds;
        self.body.metres += metres;
        self.body.pad_worn += metres * self.traits.pad_per_metre * world.wear;
        if self.is_measured {
            self.warm_up(world, kmh, seconds);
        }
        if !self.wears.is_empty() {
            self.wear_on(world, trip, to);
        }
    }

    fn warm_up(&mut self, world: &World, kmh: f64, seconds: f64) {
        let (body, traits) = (&world.parameters.body, self.traits);
        relax(&mut self.body.engine_celsius, body.engine_hot, seconds, traits.warm_up_seconds);
        let outside = world.ambient(&traits, self.now);
        let regulated = self.regulated(world, outside);
        self.body.engine_celsius = self.body.engine_celsius.min(regulated);
        let warmth = body.tyre_warmth;
        let warm = warmth.celsius * kmh / warmth.at_kmh;
        relax(&mut self.body.tyre_warmth, warm, seconds, warmth.seconds);
        let excess = match self.body.engine_celsius >= regulated - 1.0 {
            true => self.effect(world, FaultKind::CoolantPumpWear),
            false => 0.0,
        };
        relax(&mut self.body.excess_celsius, excess, seconds, body.excess_seconds);
    }

    fn wear_on(&mut self, world: &World, trip: Trip, to: i64) {
        let growth = &world.parameters.growth;
        let weight = weight(growth, world.ambient(&self.traits, trip.starts));
        for wear in &mut self.wears {
            let from = self.now.max(wear.starts);
            let driven = (to - from).max(0) as f64 / 1_000.0;
            wear.drive(world.parameters.fault.get(&wear.kind), growth, to, driven, weight);
        }
    }

    fn rest(&mut self, world: &World, to: i64, seconds: f64) {
        if !self.is_measured {
            return;
        }
        let body = &world.parameters.body;
        let outside = world.ambient(&self.traits, to);
        relax(&mut self.body.engine_celsius, outside, seconds, body.cooling_seconds);
        relax(&mut self.body.tyre_warmth, 0.0, seconds, body.tyre_warmth.seconds);
        relax(&mut self.body.excess_celsius, 0.0, seconds, body.excess_seconds);
    }

    /// The temperature that the thermostat holds.
    pub(super) fn regulated(&self, world: &World, outside: f64) -> f64 {
        self.traits.coolant + world.parameters.body.coolant_by_ambient * (outside - 25.0)
    }

    /// What the faults of this kind do together, in the unit of their size.
    pub(super) fn effect(&self, world: &World, kind: FaultKind) -> f64 {
        let growth = &world.parameters.growth;
        let own = self.wears.iter().filter(|wear| wear.kind == kind);
        own.map(|wear| wear.size * wear.effect(&world.parameters.fault[&kind], growth, self.now))
            .sum()
    }

    fn happen(&mut self, world: &World, happenings: &mut Vec<Happening>) {
        if self.repair_at <= self.now {
            self.repair_at = i64::MAX;
            happenings.push(Happening::Repaired);
        }
        for (kind, onset) in SPONTANEOUS.into_iter().zip(&mut self.onsets) {
            if *onset <= self.now {
                // The next one is drawn when this one has been repaired.
                *onset = i64::MAX;
                happenings.push(Happening::Begins(kind));
            }
        }
        let mut has_failed = false;
        for wear in self.wears.iter_mut().filter(|wear| wear.to >= 1.0 && !wear.has_failed) {
            if wear.ends <= self.now {
                wear.has_failed = true;
                if wear.kind.sensor_fault().is_none() {
                    has_failed = true;
                    happenings.push(Happening::Failed { record: wear.record });
                }
            }
        }
        if has_failed {
            self.strand(world);
        }
    }

    /// Stops where it is until it is repaired.
    fn strand(&mut self, world: &World) {
        if self.present_trip().is_some() {
            self.body.parked_at = self.now;
        }
        self.is_stranded = true;
        self.motion = Motion::default();
        if world.is_upkept(self.now) {
            let mut chance = Chance::of(self.key, "repair", self.now);
            let hours = chance.between(world.parameters.upkeep.repair_hours);
            self.repair_at = self.now + (hours * HOUR_MS) as i64;
        }
    }

    /// Looks at the pads of a parked vehicle when so many kilometres have passed.
    pub(super) fn inspect(&mut self, world: &World, happenings: &mut Vec<Happening>) {
        let upkeep = &world.parameters.upkeep;
        let is_due = self.body.metres >= self.inspect_at_metres && self.wears.is_empty();
        if !is_due || self.present_trip().is_some() || !world.is_upkept(self.now) {
            return;
        }
        let metres = upkeep.inspection_km * 1_000.0;
        self.inspect_at_metres = self.body.metres + metres;
        let foreseen = self.body.pad_worn + metres * self.traits.pad_per_metre * world.wear;
        if foreseen > upkeep.pads_last_until {
            happenings.push(Happening::PadsReplaced);
        }
    }

    /// Makes a component new: the next faults are drawn; the old ones are gone already.
    pub(super) fn renew(&mut self, world: &World, component: &str) {
        let is_of = |kind: &FaultKind| world.component(*kind) == Some(component);
        self.services += 1;
        if component == "brake" {
            self.body.pad_worn = world.parameters.body.pad_new;
        }
        for kind in SPONTANEOUS.into_iter().filter(is_of) {
            self.draw_onset(world, kind);
        }
        self.settle();
    }

    /// A vehicle without a failed component can be driven again.
    pub(super) fn settle(&mut self) {
        self.is_stranded =
            self.wears.iter().any(|wear| wear.has_failed && wear.kind.sensor_fault().is_none());
        if !self.is_stranded {
            self.repair_at = i64::MAX;
        }
    }

    fn draw_onset(&mut self, world: &World, kind: FaultKind) {
        let per_year = world.parameters.fault[&kind].per_year * world.rate(&self.traits, kind);
        let mut chance = Chance::of(self.key, kind.name(), i64::from(self.services));
        let years = chance.exponential(1.0) / per_year;
        let place = SPONTANEOUS.iter().position(|known| *known == kind);
        let place = place.expect("only such faults begin by themselves");
        self.onsets[place] = match years.is_finite() && years < 100.0 {
            true => self.now + (years * YEAR_MS) as i64,
            false => i64::MAX,
        };
    }

    /// Driving between two moments, in seconds weighed by the weather, as it is planned.
    pub(super) fn planned_use(&self, world: &World, from: i64, to: i64) -> f64 {
        let driver = self.driver(world);
        let mut planned = 0.0;
        for day in driver.day(from)..=driver.day(to) {
            for trip in driver.trips(day) {
                let seconds = (trip.ends.min(to) - trip.starts.max(from)).max(0) as f64 / 1_000.0;
                let outside = world.ambient(&self.traits, trip.starts);
                planned += seconds * weight(&world.parameters.growth, outside);
            }
        }
        planned
    }
}

/// Moves a value towards another, as a first-order lag does.
fn relax(value: &mut f64, towards: f64, seconds: f64, constant: f64) {
    *value = towards + (*value - towards) * (-seconds / constant).exp();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::trips::TRIPS_MAX;

    #[test]
    fn a_healthy_vehicle_takes_less_than_a_kibibyte() {
        let bytes = size_of::<Vehicle>() + TRIPS_MAX * size_of::<Trip>();
        assert!(bytes <= 1_024, "{bytes} bytes");
    }
}
