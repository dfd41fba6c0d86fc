//! A fleet that is simulated: vehicles that are driven, wear and fail, their owners, their workshops, and the truth.
//!
//! [`Fleet`] is driven in virtual time: [`Fleet::next_due`] says when something comes, [`Fleet::step`] what came
//! until a moment. Every vehicle draws its own numbers from the seed and its name, so a vehicle does not change when
//! the fleet grows. What is true is in [`Fleet::truth`]; agents and models cannot see this crate.

mod chance;
mod climate;
mod config;
mod event;
mod fault;
mod herd;
mod motion;
mod owner;
mod parameters;
mod record;
mod registry;
mod signals;
mod traits;
mod trips;
mod vehicle;
mod wear;
mod workshop;
mod world;

pub use config::{
    FleetConfig, FleetError, HISTORY_DAYS_MAX, History, NamedAsset, SAMPLE_LIMITS, SIZE_MAX,
};
pub use event::Event;
pub use fault::{FaultKind, UnknownFault};
pub use owner::{Heard, Owner, Reply, Temperament};
pub use parameters::{Car, Gap, Idle, TripMinutes, Wandering};
pub use record::{FaultHandle, FaultRecord};

use crate::replay::Frame;
use chance::{Chance, key};
use herd::{Herd, millis, timestamp};
use messages::centre::CentreRegistered;
use messages::finding::{FailureRecorded, FindingRecorded};
use messages::profile::Profile;
use messages::registry::{AssetRegistered, MaintenanceRecorded};
use messages::telemetry::{Sample, Signal, Telemetry};
use messages::{Provenance, Timestamp};
use owner::Owners;
use parameters::Parameters;
use signals::CHANNELS;
use std::collections::BTreeSet;
use std::time::Duration;
use vehicle::{FAULTS_MAX, Happening};
use wear::{CODES_MAX, Wear};
use world::World;

const DAY_MS: f64 = climate::DAY_MS as f64;

/// A simulated fleet.
#[derive(Clone, Debug)]
pub struct Fleet {
    config: FleetConfig,
    world: World,
    owners: Owners,
    herds: [Herd; 2],
    records: Vec<FaultRecord>,
    begins: i64,
    now: i64,
    signals: Vec<Signal>,
}

/// A vehicle: which herd, and its place there.
type Place = (usize, u32);

/// A fault about to begin.
struct Beginning {
    kind: FaultKind,
    /// Place of the channel of a sensor's fault.
    channel: Option<u8>,
    starts: i64,
    ends: i64,
    to: f64,
    cause: String,
}

impl Fleet {
    /// A fleet at its begin: the start, or the begin of its history.
    ///
    /// # Errors
    /// [`FleetError`] when it cannot be simulated as it is asked for.
    pub fn new(config: FleetConfig) -> Result<Self, FleetError> {
        config.check()?;
        let parameters = Parameters::embedded(&config.profile)?;
        let no_profile = || FleetError::NoSimulation { profile: config.profile.clone() };
        let text = messages::profile::embedded(&config.profile).ok_or_else(no_profile)?;
        let profile = Profile::parse(text).expect("the shipped profiles are well formed");
        let start = config.start.as_millis();
        let mut world = World::new(parameters, profile, config.seed, config.noise);
        world.start = start;
        world.wear = config.wear;
        world.spontaneous = config.spontaneous;
        world.repairs = config.repairs;
        let days = config.history.map_or(0, |history| i64::from(history.days));
        let population = config.history.map_or(0, |history| history.population);
        let begins = start - days * climate::DAY_MS;
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

    fn next(&mut self) -> Option<(i64, Place)> {
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

    fn wake(&mut self, place: Place, due: i64, events: &mut Vec<Event>) {
        let mut happenings = Vec::new();
        let vehicle = &mut self.herds[place.0].vehicles[place.1 as usize];
        vehicle.advance(&self.world, due, &mut happenings);
        for happening in happenings.drain(..) {
            self.happen(place, &happening, events);
        }
        let vehicle = &mut self.herds[place.0].vehicles[place.1 as usize];
        if vehicle.sample_due <= due {
            let values = vehicle.measure(&self.world);
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

    fn frame(&self, (herd, place): Place, sent_at: i64, samples: Vec<Sample>) -> Event {
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

    fn happen(&mut self, place: Place, happening: &Happening, events: &mut Vec<Event>) {
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

    fn begin_by_itself(&mut self, place: Place, kind: FaultKind, now: i64) {
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

    fn begin(&mut self, place: Place, beginning: Beginning) -> u32 {
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

    /// Lets a fault begin now and develop within `ramp` to severity `to`, at which 1 is functional failure.
    ///
    /// A sensor's fault names its `channel`; a stuck or silent sensor is so at once, a drifting one goes its way
    /// within `ramp`.
    ///
    /// # Errors
    /// [`FleetError`] when the vehicle, the channel or the severity cannot be, or the profile lacks the channel that
    /// would show the fault.
    pub fn inject(
        &mut self,
        kind: FaultKind,
        channel: Option<&str>,
        asset: &str,
        ramp: Duration,
        to: f64,
    ) -> Result<FaultHandle, FleetError> {
        let place = self.place(asset)?;
        let channel = self.sensor(kind, channel)?;
        if !(to > 0.0 && to <= 1.0) {
            let (value, remedy) = (to.to_string(), "write more than 0, and up to 1 for failure");
            return Err(FleetError::Value { key: "to", value, remedy: remedy.to_owned() });
        }
        self.catch_up(place);
        let vehicle = &self.herds[place.0].vehicles[place.1 as usize];
        if vehicle.wears.len() >= FAULTS_MAX {
            let faults = vehicle.wears.len();
            return Err(FleetError::TooManyFaults { asset: asset.to_owned(), faults });
        }
        let cause = match self.world.parameters.fault.get(&kind) {
            Some(fault) => self
                .world
                .weaknesses(&vehicle.traits, &fault.component)
                .find_map(|weakness| weakness.cause.clone())
                .unwrap_or_else(|| fault.cause.clone()),
            None => "sensor".to_owned(),
        };
        let starts = self.now;
        let ends = starts.saturating_add(millis(ramp).max(1));
        Ok(FaultHandle(self.begin(place, Beginning { kind, channel, starts, ends, to, cause })))
    }

    /// The sensor that a fault is of, if it is of one.
    fn sensor(&self, kind: FaultKind, channel: Option<&str>) -> Result<Option<u8>, FleetError> {
        let drifts = &self.world.parameters.sensor_drift;
        let can_have = |id: &str| kind != FaultKind::SensorDrift || drifts.contains_key(id);
        let place =
            |channel: &str| CHANNELS.iter().position(|known| *known == channel && can_have(known));
        match (kind.sensor_fault(), channel) {
            (None, None) => self.world.parameters.fault(kind, &self.world.profile).map(|_| None),
            (None, Some(_)) => Err(FleetError::ChannelUnused { fault: kind }),
            (Some(_), channel) => match channel.and_then(place) {
                Some(place) => Ok(u8::try_from(place).ok()),
                None => Err(FleetError::ChannelNeeded {
                    fault: kind,
                    channels: CHANNELS
                        .into_iter()
                        .filter(|id| can_have(id))
                        .map(str::to_owned)
                        .collect(),
                }),
            },
        }
    }

    /// Takes a fault back, as if it had been repaired. Clearing it twice does nothing.
    pub fn clear(&mut self, handle: FaultHandle) {
        let Some(record) = self.records.get_mut(handle.0 as usize) else { return };
        if record.cleared_at.is_some() {
            return;
        }
        record.cleared_at = Some(timestamp(self.now));
        let asset = record.asset.clone();
        let Ok(place) = self.place(&asset) else { return };
        self.catch_up(place);
        let vehicle = &mut self.herds[place.0].vehicles[place.1 as usize];
        vehicle.wears.retain(|wear| wear.record != handle.0);
        vehicle.settle();
        self.herds[place.0].schedule(&self.world, place.1);
    }

    /// A workshop makes a component new, and replaces sensors that lied about it.
    ///
    /// # Errors
    /// [`FleetError`] when there is no such vehicle or component.
    pub fn service(
        &mut self,
        asset: &str,
        component: &str,
    ) -> Result<MaintenanceRecorded, FleetError> {
        let place = self.place(asset)?;
        self.check_component(component)?;
        self.catch_up(place);
        Ok(self.renew(place, component))
    }

    fn renew(&mut self, place: Place, component: &str) -> MaintenanceRecorded {
        let vehicle = &mut self.herds[place.0].vehicles[place.1 as usize];
        let sensors = workshop::sensors(&self.world, vehicle, component).map(|wear| wear.record);
        let mut renewed: BTreeSet<u32> = sensors.collect();
        let own = vehicle.wears.iter();
        let own = own.filter(|wear| self.world.component(wear.kind) == Some(component));
        renewed.extend(own.map(|wear| wear.record));
        vehicle.wears.retain(|wear| !renewed.contains(&wear.record));
        vehicle.renew(&self.world, component);
        let performed_at = timestamp(vehicle.now);
        for record in renewed {
            self.records[record as usize].cleared_at = Some(performed_at);
        }
        self.herds[place.0].schedule(&self.world, place.1);
        let asset = self.herds[place.0].asset(place.1);
        MaintenanceRecorded { asset, component: component.to_owned(), performed_at }
    }

    /// What a workshop finds now that looks at a component; it changes nothing, [`Fleet::service`] repairs.
    ///
    /// # Errors
    /// [`FleetError`] when there is no such vehicle or component.
    pub fn finding(&mut self, asset: &str, examined: &str) -> Result<FindingRecorded, FleetError> {
        let place = self.place(asset)?;
        self.check_component(examined)?;
        self.catch_up(place);
        Ok(self.found(place, examined))
    }

    fn found(&self, place: Place, examined: &str) -> FindingRecorded {
        let vehicle = &self.herds[place.0].vehicles[place.1 as usize];
        let asset = self.herds[place.0].asset(place.1);
        workshop::finding(&self.world, &self.records, vehicle, &asset, examined)
    }

    fn failed_components(&self, place: Place) -> BTreeSet<String> {
        let vehicle = &self.herds[place.0].vehicles[place.1 as usize];
        let failed = vehicle.wears.iter().filter(|wear| wear.has_failed);
        failed.filter_map(|wear| self.world.component(wear.kind)).map(str::to_owned).collect()
    }

    /// Lets a vehicle flow on to now, so that what is done to it is done now.
    fn catch_up(&mut self, place: Place) {
        let mut happenings = Vec::new();
        let vehicle = &mut self.herds[place.0].vehicles[place.1 as usize];
        vehicle.advance(&self.world, self.now, &mut happenings);
        debug_assert!(happenings.is_empty(), "what happens is in the calendar");
    }

    fn place(&self, asset: &str) -> Result<Place, FleetError> {
        let mut herds = self.herds.iter().enumerate();
        let found = herds.find_map(|(herd, known)| known.place(asset).map(|place| (herd, place)));
        found.ok_or_else(|| FleetError::UnknownAsset {
            asset: asset.to_owned(),
            fleet: self.config.fleet.clone(),
            first: self.herds[0].asset(0),
            last: self.herds[0].asset(self.config.size - 1),
        })
    }

    fn check_component(&self, component: &str) -> Result<(), FleetError> {
        let profile = &self.world.profile;
        if profile.component(component).is_some() {
            return Ok(());
        }
        Err(FleetError::UnknownComponent {
            component: component.to_owned(),
            profile: profile.name.clone(),
            components: profile.components.iter().map(|known| known.id.clone()).collect(),
        })
    }

    /// What is true: every fault that there is or was, in the order of their beginning.
    #[must_use]
    pub fn truth(&self) -> &[FaultRecord] {
        &self.records
    }

    /// The fault that was injected.
    #[must_use]
    pub fn injected(&self, handle: FaultHandle) -> &FaultRecord {
        &self.records[handle.0 as usize]
    }

    /// Registrations of all vehicles, the population's too.
    #[must_use]
    pub fn registrations(&self) -> Vec<AssetRegistered> {
        let herds = self.herds.iter().enumerate();
        let places = herds.flat_map(|(herd, known)| {
            (0..known.vehicles.len() as u32).map(move |place| (herd, place))
        });
        places.map(|place| self.registration(place)).collect()
    }

    fn registration(&self, place: Place) -> AssetRegistered {
        let herd = &self.herds[place.0];
        let vehicle = &herd.vehicles[place.1 as usize];
        registry::registration(
            &self.world,
            &self.config.fleet,
            herd.asset(place.1),
            self.owner_id(place),
            vehicle.key,
            &vehicle.traits,
            self.begins,
        )
    }

    /// Owners of the fleet's vehicles, by id; the population's are not spoken to.
    #[must_use]
    pub fn owners(&self) -> Vec<Owner> {
        let ids: BTreeSet<String> =
            (0..self.config.size).filter_map(|place| self.owner_id((0, place))).collect();
        ids.iter().map(|id| self.known_owner(id)).collect()
    }

    fn owner_id(&self, (herd, place): Place) -> Option<String> {
        let named = self.herds[herd].named.get(place as usize);
        let own = || format!("OWN{:03}", place + 1);
        (herd == 0).then(|| named.and_then(|named| named.owner.clone()).unwrap_or_else(own))
    }

    fn known_owner(&self, id: &str) -> Owner {
        let mut named = self.config.named.iter().enumerate();
        let place = |place: usize| u32::try_from(place).expect("a fleet is counted in 32 bits");
        let temperament = named.find_map(|(at, named)| {
            named.temperament.filter(|_| self.owner_id((0, place(at))).as_deref() == Some(id))
        });
        self.owners.owner(id, key(self.config.seed, id), &self.world.parameters.zone, temperament)
    }

    /// What an owner answers to what they hear, and after how long; nothing when they do not.
    ///
    /// # Errors
    /// [`FleetError::UnknownOwner`] when the owner has no vehicle here.
    pub fn reply(&self, owner: &str, heard: Heard) -> Result<Option<Reply>, FleetError> {
        let mut places = 0..self.config.size;
        if !places.any(|place| self.owner_id((0, place)).as_deref() == Some(owner)) {
            let (owner, fleet) = (owner.to_owned(), self.config.fleet.clone());
            return Err(FleetError::UnknownOwner { owner, fleet });
        }
        let known = self.known_owner(owner);
        Ok(self.owners.reply(known.temperament, key(self.config.seed, owner), heard))
    }

    /// The workshops, as one network of this name.
    #[must_use]
    pub fn centres(&self, network: &str) -> Vec<CentreRegistered> {
        workshop::centres(&self.world, network)
    }
}
