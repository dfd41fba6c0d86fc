//! What is done to a fleet from outside: faults injected and taken back, workshops that look and repair.

use super::config::FleetError;
use super::fault::FaultKind;
use super::herd::{millis, timestamp};
use super::record::{FaultHandle, FaultRecord};
use super::signals::CHANNELS;
use super::simulation::{Beginning, Fleet, VehicleIndex};
use super::vehicle::FAULTS_MAX;
use super::workshop;
use messages::finding::FindingRecorded;
use messages::registry::MaintenanceRecorded;
use std::collections::BTreeSet;
use std::time::Duration;

impl Fleet {
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

    pub(super) fn renew(&mut self, place: VehicleIndex, component: &str) -> MaintenanceRecorded {
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

    pub(super) fn found(&self, place: VehicleIndex, examined: &str) -> FindingRecorded {
        let vehicle = &self.herds[place.0].vehicles[place.1 as usize];
        let asset = self.herds[place.0].asset(place.1);
        workshop::finding(&self.world, &self.records, vehicle, &asset, examined)
    }

    /// The fault that was injected.
    #[must_use]
    pub fn injected(&self, handle: FaultHandle) -> &FaultRecord {
        &self.records[handle.0 as usize]
    }

    /// Lets a vehicle flow on to now, so that what is done to it is done now.
    fn catch_up(&mut self, place: VehicleIndex) {
        let mut happenings = Vec::new();
        let vehicle = &mut self.herds[place.0].vehicles[place.1 as usize];
        vehicle.advance(&self.world, self.now, &mut happenings);
        debug_assert!(happenings.is_empty(), "what happens is in the calendar");
    }

    fn place(&self, asset: &str) -> Result<VehicleIndex, FleetError> {
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
}
