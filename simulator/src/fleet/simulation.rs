//! The fleet as it lives: who is looked at next, what came of it, and which faults begin by themselves.

use super::chance::Chance;
use super::climate;
use super::config::{FleetConfig, FleetError};
use super::event::Event;
use super::fault::FaultKind;
use super::herd::{Herd, timestamp};
use super::owner::Owners;
use super::parameters::Parameters;
use super::record::FaultRecord;
use super::signals::CHANNELS;
use super::vehicle::{FAULTS_MAX, Happening};
use super::wear::{CODES_MAX, Wear};
use super::world::World;
use crate::replay::Frame;
use messages::finding::FailureRecorded;
use messages::profile::Profile;
use messages::telemetry::{Sample, Signal, Telemetry};
use messages::{Provenance, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

const DAY_MS: f64 = climate::DAY_MS as f64;

/// A simulated fleet.
#[derive(Clone, Debug)]
pub struct Fleet {
    pub(super) config: FleetConfig,
    pub(super) world: World,
    pub(super) owners: Owners,
    pub(super) herds: [Herd; 2],
    pub(super) records: Vec<FaultRecord>,
    pub(super) begins: i64,
    pub(super) now: i64,
    /// Whether anybody hears what vehicles send.
    is_heard: bool,
    signals: Vec<Signal>,
}

/// A vehicle: which herd, and its place there.
pub(super) type VehicleIndex = (usize, u32);

/// A fault about to begin.
pub(super) struct Beginning {
    pub(super) kind: FaultKind,
    /// Place of the channel of a sensor's fault.
    pub(super) channel: Option<u8>,
    pub(super) starts: i64,
    pub(super) ends: i64,
    pub(super) to: f64,
    pub(super) cause: String,
}

impl Fleet {
    /// A fleet at its begin: the start, or the begin of its history.
    ///
    /// # Errors
    /// [`FleetError`] when it cannot be simulated as it is asked for.
    pub fn new(config: FleetConfig) -> Result<Self, FleetError> {
        config.check()?;
        let mut parameters = Parameters::embedded(&config.profile)?;
        if let Some(weaknesses) = &config.weaknesses {
            parameters.makers.weakness.clone_from(weaknesses);
        }
        let no_profile = || FleetError::NoSimulation { profile: config.profile.clone() };
        let text = messages::profile::embedded(&config.profile).ok_or_else(no_profile)?;
        let profile = Profile::parse(text).expect("the shipped profiles are well formed");
        let start = config.start.as_millis();
        let days = config.history.map_or(0, |history| i64::from(history.days));
        let begins = start - days * climate::DAY_MS;
        let mut world = World::new(parameters, profile, config.seed, config.noise, begins);
        world.start = start;
        world.wear = config.wear;
        world.spontaneous = config.spontaneous;
        world.repairs = config.repairs;
        let population = config.history.map_or(0, |history| history.population);
        let fleet = Herd::fleet(&world, &config, begins)?;
        // How often the population fails is not for the fleet to say.
        world.spontaneous = 1.0;
        let population = Herd::population(&world, &config, population, begins)?;
        world.spontaneous = config.spontaneous;
        let signal = |id: &str| Signal { name: id.to_owned(), unit: None };
        Ok(Self {
            herds: [fleet, population],
            owners: Owners::embedded(),
            records: Vec::new(),
            begins,
            now: begins,
            is_heard: true,
            signals: CHANNELS.into_iter().map(signal).collect(),
            config,
            world,
        })
    }

    /// When it begins: the start, or so many days before.
    #[must_use]
    pub fn begins_at(&self) -> Timestamp {
        timestamp(self.begins)
    }

    /// How far it has come.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        timestamp(self.now)
    }

    /// When something may come next; a step until then is never wrong, and may have nothing to say.
    pub fn next_due(&mut self) -> Timestamp {
        self.next().map_or(Timestamp::MAX, |(due, _)| timestamp(due))
    }

    fn next(&mut self) -> Option<(i64, VehicleIndex)> {
        let next = self.herds.iter_mut().enumerate();
        next.filter_map(|(herd, vehicles)| vehicles.next().map(|(due, place)| (due, (herd, place))))
            .min()
    }

    /// Lets time pass until `until`, which included, and says what came of it, in the order of time.
    pub fn step(&mut self, until: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((due, place)) = self.next().filter(|(due, _)| *due <= until.as_millis()) {
            self.now = self.now.max(due);
            self.wake(place, due, &mut events);
        }
        self.now = self.now.max(until.as_millis());
        events
    }

    /// Says whether anybody hears what vehicles send; while nobody does, nothing is measured.
    pub fn listen(&mut self, is_heard: bool) {
        if !is_heard {
            self.herds.iter_mut().for_each(Herd::forget_open);
        }
        self.is_heard = is_heard;
    }

    /// Everything until the start: the past of the fleet and of the population, a day of it at a time in memory.
    pub fn history(&mut self) -> impl Iterator<Item = Event> {
        let until = self.config.start.saturating_sub(Duration::from_millis(1));
        let mut events = Vec::new().into_iter();
        std::iter::from_fn(move || {
            loop {
                if let Some(event) = events.next() {
                    return Some(event);
                }
                if self.now() >= until {
                    return None;
                }
                let day = self.now().saturating_add(Duration::from_secs(86_400));
                events = self.step(day.min(until)).into_iter();
            }
        })
    }

    fn wake(&mut self, place: VehicleIndex, due: i64, events: &mut Vec<Event>) {
        let mut happenings = Vec::new();
        let vehicle = &mut self.herds[place.0].vehicles[place.1 as usize];
        vehicle.advance(&self.world, due, &mut happenings);
        for happening in happenings.drain(..) {
            self.happen(place, &happening, events);
        }
        let vehicle = &mut self.herds[place.0].vehicles[place.1 as usize];
        if vehicle.sample_due <= due {
            let values = if self.is_heard && vehicle.is_measured() {
                vehicle.measure(&self.world)
            } else {
                vehicle.measure_nothing();
                None
            };
            vehicle.inspect(&self.world, &mut happenings);
            if let Some(samples) = self.herds[place.0].take(&self.world, place.1, values) {
                events.push(self.frame(place, due, samples));
            }
            for happening in happenings {
                self.happen(place, &happening, events);
            }
        }
        self.herds[place.0].schedule(&self.world, place.1);
    }

    fn frame(&self, (herd, place): VehicleIndex, sent_at: i64, samples: Vec<Sample>) -> Event {
        let telemetry = Telemetry {
            fleet: self.config.fleet.clone(),
            asset: self.herds[herd].asset(place),
            boot: None,
            signals: self.signals.clone(),
            samples,
        };
        let (sent_at, provenance) = (timestamp(sent_at), Provenance::Simulated);
        Event::Telemetry(Frame { sent_at, provenance, telemetry })
    }

    fn happen(&mut self, place: VehicleIndex, happening: &Happening, events: &mut Vec<Event>) {
        let now = self.herds[place.0].vehicles[place.1 as usize].now;
        let asset = self.herds[place.0].asset(place.1);
        match happening {
            Happening::Begins(kind) => self.begin_by_itself(place, *kind, now),
            Happening::Failed { record } => {
                let record = &mut self.records[*record as usize];
                record.failed_at = Some(timestamp(now));
                let component = record.component.clone().unwrap_or_default();
                let (failed_at, by) = (timestamp(now), format!("owner of {asset}"));
                events.push(Event::Failed(FailureRecorded { asset, component, failed_at, by }));
            }
            Happening::Repaired => {
                for component in self.failed_components(place) {
                    events.push(Event::Found(self.found(place, &component)));
                    events.push(Event::Serviced(self.renew(place, &component)));
                }
            }
            Happening::PadsReplaced => events.push(Event::Serviced(self.renew(place, "brake"))),
        }
    }

    fn begin_by_itself(&mut self, place: VehicleIndex, kind: FaultKind, now: i64) {
        let vehicle = &self.herds[place.0].vehicles[place.1 as usize];
        let fault = &self.world.parameters.fault[&kind];
        let component = Some(fault.component.as_str());
        let has_one = vehicle.wears.iter().any(|wear| self.world.component(wear.kind) == component);
        if has_one || vehicle.wears.len() >= FAULTS_MAX {
            return;
        }
        let mut days = Chance::of(vehicle.key, "ramp", now).between(fault.ramp_days);
        let mut cause = fault.cause.clone();
        for weakness in self.world.weaknesses(&vehicle.traits, &fault.component) {
            days *= weakness.ramp;
            cause = weakness.cause.clone().unwrap_or(cause);
        }
        let ends = now + (days / self.world.wear * DAY_MS) as i64;
        self.begin(place, Beginning { kind, channel: None, starts: now, ends, to: 1.0, cause });
    }

    pub(super) fn begin(&mut self, place: VehicleIndex, beginning: Beginning) -> u32 {
        let Beginning { kind, channel, starts, ends, to, cause } = beginning;
        let asset = self.herds[place.0].asset(place.1);
        let vehicle = &mut self.herds[place.0].vehicles[place.1 as usize];
        let fault = self.world.parameters.fault.get(&kind);
        let record = u32::try_from(self.records.len()).expect("faults are counted in 32 bits");
        let shows = channel.map_or_else(
            || fault.map_or_else(String::new, |fault| fault.channels[0].clone()),
            |place| CHANNELS[usize::from(place)].to_owned(),
        );
        let size = match fault {
            Some(fault) => Chance::of(vehicle.key, kind.name(), starts).between(fault.size),
            None => self.world.parameters.sensor_drift.get(&shows).copied().unwrap_or(0.0),
        };
        vehicle.wears.push(Wear {
            kind,
            record,
            channel: channel.unwrap_or(u8::MAX),
            starts,
            ends,
            to,
            size,
            use_whole: vehicle.planned_use(&self.world, starts, ends),
            used: 0.0,
            held: None,
            code_seconds: [0.0; CODES_MAX],
            has_failed: false,
        });
        let batch = usize::from(vehicle.traits.batch);
        self.records.push(FaultRecord {
            asset,
            fault: kind,
            component: fault.map(|fault| fault.component.clone()),
            channel: shows,
            cause,
            batch: self.world.parameters.makers.batches[batch].clone(),
            started_at: timestamp(starts),
            developed_at: timestamp(ends),
            to,
            failed_at: None,
            cleared_at: None,
        });
        self.herds[place.0].schedule(&self.world, place.1);
        record
    }

    fn failed_components(&self, place: VehicleIndex) -> BTreeSet<String> {
        let vehicle = &self.herds[place.0].vehicles[place.1 as usize];
        let failed = vehicle.wears.iter().filter(|wear| wear.has_failed);
        failed.filter_map(|wear| self.world.component(wear.kind)).map(str::to_owned).collect()
    }

    /// What is true: every fault that there is or was, in the order of their beginning.
    #[must_use]
    pub fn truth(&self) -> &[FaultRecord] {
        &self.records
    }
}
