//! What one partition of TELEMETRY adds up to, as far as it is not only in the store, and what of it is to be saved.

use super::heard::{Heard, Unsaved};
use super::keeper::{Found, Wanted};
use super::place::Place;
use super::rolls::{Hour, Resolution, Roll, WholeHour, hour_of, hour_start, minute_start};
use super::saved::{HistoryError, Slot, load, name, place_name, saved_hours, too_old, written};
use messages::profile::{Channel, Profile};
use messages::registry::AssetRegistered;
use messages::telemetry::{Sample, Telemetry};
use messages::unit::{Unit, convert};
use messages::{Envelope, Finite, Message, Provenance, Timestamp};
use runtime::store::{Change, Partition, ReadLimit, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Longest time that sums stay in memory alone; what is lost with the process is read again.
const SAVE_INTERVAL: Duration = Duration::from_secs(300);
/// Hours of assets, and assets, that may wait to be saved; more are saved at once.
const UNSAVED_HOURS_MAX: usize = 512;
/// How long minutes are kept.
const MINUTES_KEPT_HOURS: u32 = 14 * 24;
/// How long hours are kept.
const HOURS_KEPT_HOURS: u32 = 731 * 24;

/// What one partition adds up to, as far as it is not only on disk.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// `None` before the place was looked up.
    place: Option<Place>,
    hours: BTreeMap<Slot, Hour>,
    unsaved: BTreeSet<Slot>,
    /// Those of them that nothing was saved of before.
    begun: BTreeSet<Slot>,
    heard: Unsaved,
    saved_at: Option<Timestamp>,
    newest_at: Option<Timestamp>,
    weakest: Option<Provenance>,
}

impl Sums {
    /// Reads on; says whether the end was reached, or something must be saved first.
    pub(super) fn catch_up(
        &mut self,
        store: &dyn Store,
        partition: Partition,
        profiles: &BTreeMap<String, Profile>,
    ) -> Result<bool, HistoryError> {
        let mut place = match self.place.take() {
            Some(place) => place,
            None => load(store, &place_name(partition))?.unwrap_or_default(),
        };
        let result = self.read_on(store, partition, profiles, &mut place);
        self.place = Some(place);
        result
    }

    fn read_on(
        &mut self,
        store: &dyn Store,
        partition: Partition,
        profiles: &BTreeMap<String, Profile>,
        place: &mut Place,
    ) -> Result<bool, HistoryError> {
        loop {
            let kept_from = store.first(partition).saturating_sub(1);
            if place.cursor < kept_from {
                place.missed += kept_from - place.cursor;
                place.cursor = kept_from;
            }
            let batch = store.read(partition, place.cursor, ReadLimit::default())?;
            if batch.is_empty() {
                return Ok(true);
            }
            for delivery in &batch {
                self.hear(store, profiles, place, &delivery.envelope)?;
                place.cursor = delivery.sequence;
                if self.unsaved.len().max(self.heard.assets()) > UNSAVED_HOURS_MAX {
                    return Ok(false);
                }
            }
        }
    }

    fn hear(
        &mut self,
        store: &dyn Store,
        profiles: &BTreeMap<String, Profile>,
        place: &mut Place,
        envelope: &Envelope,
    ) -> Result<(), HistoryError> {
        match envelope.name.as_str() {
            AssetRegistered::NAME => {
                if let Ok(registered) = envelope.open::<AssetRegistered>() {
                    place.register(registered);
                }
                Ok(())
            }
            Telemetry::NAME => {
                let Ok(telemetry) = envelope.open::<Telemetry>() else { return Ok(()) };
                let Some(profile) = place.profile_of(&telemetry) else { return Ok(()) };
                // Nothing of a record is noted before all that it changes is at hand: else it would be noted twice.
                self.heard.take_up(store, envelope, &telemetry.asset)?;
                if let Some(profile) = profiles.get(profile) {
                    self.add(store, profile, &telemetry)?;
                }
                self.heard.add(envelope, &telemetry);
                self.newest_at = Some(envelope.time);
                let weakest =
                    self.weakest.map_or(envelope.provenance, |it| it.weakest(envelope.provenance));
                self.weakest = Some(weakest);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn add(
        &mut self,
        store: &dyn Store,
        profile: &Profile,
        telemetry: &Telemetry,
    ) -> Result<(), HistoryError> {
        let columns: Vec<Option<(usize, Unit)>> = telemetry
            .signals
            .iter()
            .map(|signal| {
                let channel = profile.channel_named(&signal.name)?;
                let unit = match &signal.unit {
                    Some(unit) => Unit::parse(unit).ok()?,
                    None => profile.channels[channel].unit,
                };
                Some((channel, unit))
            })
            .collect();
        let slot = |sample: &Sample| (telemetry.asset.clone(), hour_of(sample.sampled_at));
        let slots: Vec<Slot> = telemetry.samples.iter().map(slot).collect();
        // A record whose hours cannot all be had is heard again: until then nothing of it is counted.
        slots.iter().try_for_each(|slot| self.take_up(store, slot))?;
        for (sample, slot) in telemetry.samples.iter().zip(slots) {
            let hour = self.hours.get_mut(&slot).expect("it was taken up");
            let values = columns.iter().zip(&sample.values);
            for ((channel, unit), value) in
                values.filter_map(|(it, value)| Some(((*it)?, (*value)?)))
            {
                let channel = &profile.channels[channel];
                if let Some(value) = measured(value, unit, channel) {
                    hour.add(&channel.id, sample.sampled_at, value);
                }
            }
            self.unsaved.insert(slot);
        }
        Ok(())
    }

    /// Has the hour in memory, with what is saved of it.
    fn take_up(&mut self, store: &dyn Store, slot: &Slot) -> Result<(), HistoryError> {
        if self.hours.contains_key(slot) {
            return Ok(());
        }
        let known: Option<Hour> = load(store, &name("minutes", slot))?;
        if known.is_none() {
            self.begun.insert(slot.clone());
        }
        self.hours.insert(slot.clone(), known.unwrap_or_default());
        Ok(())
    }

    /// Everything unsaved together with the place, and without what is too old to be kept: one commit, so that
    /// nothing is counted twice.
    pub(super) fn changes(
        &self,
        store: &dyn Store,
        partition: Partition,
    ) -> Result<Vec<Change>, HistoryError> {
        let Some(place) = &self.place else { return Ok(Vec::new()) };
        let mut changes: Vec<Change> = Vec::new();
        for slot in &self.unsaved {
            let Some(hour) = self.hours.get(slot) else { continue };
            changes.push(written(name("minutes", slot), hour)?);
            changes.push(written(name("hours", slot), &hour.whole())?);
        }
        for ((kind, asset), oldest) in oldest_kept(&self.begun) {
            changes.extend(too_old(store, kind, asset, oldest)?);
        }
        changes.extend(self.heard.changes()?);
        changes.push(written(place_name(partition), place)?);
        Ok(changes)
    }

    /// Whether they have been in memory alone for long; the time begins when this is asked first.
    pub(super) fn are_due(&mut self, now: Timestamp) -> bool {
        *self.saved_at.get_or_insert(now) <= now.saturating_sub(SAVE_INTERVAL)
    }

    /// The changes are in the store.
    pub(super) fn saved(&mut self, now: Timestamp) {
        self.unsaved.clear();
        self.begun.clear();
        self.hours.clear();
        self.heard.clear();
        self.saved_at = Some(now);
    }

    /// What came in of `asset`, if anything did.
    pub(super) fn heard(
        &self,
        store: &dyn Store,
        asset: &str,
    ) -> Result<Option<Heard>, HistoryError> {
        self.heard.of(store, asset)
    }

    /// What was asked for.
    pub(super) fn find(&self, store: &dyn Store, wanted: &Wanted) -> Result<Found, HistoryError> {
        let mut found = Found {
            as_of: self.newest_at,
            provenance: self.weakest,
            missed: self.place.as_ref().map_or(0, |place| place.missed),
            ..Found::default()
        };
        let within = wanted.from..wanted.to;
        let mut put = |channel: &String, at: Timestamp, roll: Roll| {
            let is_wanted = wanted.channel.as_ref().is_none_or(|it| it == channel);
            if is_wanted && within.contains(&at) {
                found.channels.entry(channel.clone()).or_default().push((at, roll));
            }
        };
        for hour in self.hours_within(store, wanted)? {
            let slot = (wanted.asset.clone(), hour);
            match wanted.resolution {
                Resolution::Minute => {
                    for (channel, minutes) in &self.hour(store, &slot)?.channels {
                        for (minute, roll) in minutes {
                            put(channel, minute_start(hour, *minute), *roll);
                        }
                    }
                }
                Resolution::Hour => {
                    for (channel, roll) in &self.whole_hour(store, &slot)?.channels {
                        put(channel, hour_start(hour), *roll);
                    }
                }
            }
        }
        Ok(found)
    }

    /// Hours of the asset that there may be something of, those in memory and those on disk.
    fn hours_within(
        &self,
        store: &dyn Store,
        wanted: &Wanted,
    ) -> Result<BTreeSet<u32>, HistoryError> {
        let (first, last) = (hour_of(wanted.from), hour_of(wanted.to));
        let slot = |hour| (wanted.asset.clone(), hour);
        let known = self.hours.range(slot(first)..=slot(last)).map(|((_, hour), _)| *hour);
        let mut hours: BTreeSet<u32> = known.collect();
        match wanted.resolution {
            // So few that each is looked for.
            Resolution::Minute => hours.extend(first..=last),
            Resolution::Hour => {
                let saved = saved_hours(store, "hours", &wanted.asset)?;
                hours.extend(saved.into_iter().filter(|hour| (first..=last).contains(hour)));
            }
        }
        Ok(hours)
    }

    fn hour(&self, store: &dyn Store, slot: &Slot) -> Result<Hour, HistoryError> {
        match self.hours.get(slot) {
            Some(hour) => Ok(hour.clone()),
            None => Ok(load(store, &name("minutes", slot))?.unwrap_or_default()),
        }
    }

    fn whole_hour(&self, store: &dyn Store, slot: &Slot) -> Result<WholeHour, HistoryError> {
        match self.hours.get(slot) {
            Some(hour) => Ok(hour.whole()),
            None => Ok(load(store, &name("hours", slot))?.unwrap_or_default()),
        }
    }
}

/// The oldest hour that is kept of each kind and asset, now that `begun` have begun; whole hours are asked after
/// once a day. One look for each: it reads all that is saved of the asset.
fn oldest_kept(begun: &BTreeSet<Slot>) -> BTreeMap<(&'static str, &str), u32> {
    let mut oldest = BTreeMap::new();
    // Of an asset the newest comes last.
    for (asset, hour) in begun {
        oldest.insert(("minutes", asset.as_str()), hour.saturating_sub(MINUTES_KEPT_HOURS));
        if hour.is_multiple_of(24) {
            oldest.insert(("hours", asset.as_str()), hour.saturating_sub(HOURS_KEPT_HOURS));
        }
    }
    oldest
}

/// The value in the channel's unit, if it can be true at all; data-analysis sets the others aside.
fn measured(value: Finite, unit: Unit, channel: &Channel) -> Option<Finite> {
    let value = convert(value, unit, channel.unit).ok()?;
    let [low, high] = channel.range.map(Finite::get);
    (low..=high).contains(&value.get()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::super::saved::SPACE;
    use super::*;
    use messages::profile::embedded;
    use messages::telemetry::Signal;
    use messages::{MessageId, Stream};
    use runtime::store::Batch;
    use runtime::store::memory::MemoryStore;
    use std::sync::Arc;

    const PARTITION: Partition = Partition { stream: Stream::Telemetry, index: 0 };

    fn profiles() -> BTreeMap<String, Profile> {
        let profile = Profile::parse(embedded("vehicle").unwrap()).unwrap();
        BTreeMap::from([("vehicle".to_owned(), profile)])
    }

    fn envelope(message: &impl Message, number: u64) -> Arc<Envelope> {
        let id = MessageId::named("history", &number.to_string());
        Arc::new(Envelope::new(id, "test", message).unwrap())
    }

    fn append(store: &MemoryStore, envelope: Arc<Envelope>) {
        store.commit(Batch { appends: vec![(PARTITION, envelope)], ..Batch::default() }).unwrap();
    }

    /// A vehicle that is registered.
    fn registered() -> MemoryStore {
        let store = MemoryStore::default();
        let registered: AssetRegistered =
            serde_json::from_str(r#"{"asset":"VEH001","fleet":"demo","profile":"vehicle"}"#)
                .unwrap();
        append(&store, envelope(&registered, 0));
        store
    }

    /// Speeds, each with the second in which it was measured.
    fn speeds(measured: &[(i64, f64)]) -> Telemetry {
        let sample = |&(second, speed): &(i64, f64)| Sample {
            sampled_at: Timestamp::from_millis(second * 1_000).unwrap(),
            seq: None,
            values: vec![Finite::new(speed).ok()],
            codes: Vec::new(),
        };
        Telemetry {
            fleet: "demo".to_owned(),
            asset: "VEH001".to_owned(),
            boot: None,
            signals: vec![Signal { name: "speed".to_owned(), unit: Some("m/s".to_owned()) }],
            samples: measured.iter().map(sample).collect(),
        }
    }

    /// A vehicle that is registered, then speeds of two hours, one a minute, some of them twice as late.
    fn filled() -> MemoryStore {
        let store = registered();
        for number in 1..=120_u64 {
            let late = if number.is_multiple_of(7) { 600 } else { 0 };
            let second = i64::try_from(number * 60).unwrap() - late;
            let telemetry = speeds(&[(second.max(0), number as f64 / 10.0)]);
            append(&store, envelope(&telemetry, number));
        }
        store
    }

    fn save(sums: &Sums, store: &MemoryStore) {
        let blobs = sums.changes(store, PARTITION).unwrap();
        store.commit(Batch { blobs, ..Batch::default() }).unwrap();
    }

    fn saved(store: &MemoryStore) -> Vec<(String, Option<Vec<u8>>)> {
        let names = store.blobs(SPACE).unwrap();
        names.into_iter().map(|name| (name.clone(), store.blob(&name).unwrap())).collect()
    }

    #[test]
    fn sums_made_in_steps_with_restarts_are_those_made_at_once() {
        let whole = filled();
        let mut sums = Sums::default();
        assert!(sums.catch_up(&whole, PARTITION, &profiles()).unwrap());
        save(&sums, &whole);
        let steps = MemoryStore::default();
        let records = whole.read(PARTITION, 0, ReadLimit::default()).unwrap();
        for (number, delivery) in records.iter().enumerate() {
            append(&steps, delivery.envelope.clone());
            // Each is a process of its own; every third dies before it has saved.
            let mut sums = Sums::default();
            sums.catch_up(&steps, PARTITION, &profiles()).unwrap();
            if number % 3 != 1 || number + 1 == records.len() {
                save(&sums, &steps);
            }
        }
        assert_eq!(saved(&steps), saved(&whole));
        let kinds = "a place, three hours by the minute and whole, and what was heard";
        assert_eq!(saved(&whole).len(), 1 + 2 * 3 + 1, "{kinds}");
    }

    #[test]
    fn a_record_that_had_to_wait_for_one_of_its_hours_is_counted_once() {
        let store = registered();
        let put = |value: Option<Vec<u8>>| {
            let second = name("minutes", &("VEH001".to_owned(), 1));
            store.commit(Batch { blobs: vec![(second, value)], ..Batch::default() }).unwrap();
        };
        put(Some(b"spoilt".to_vec()));
        append(&store, envelope(&speeds(&[(3_599, 1.0), (3_600, 2.0)]), 1));
        let mut sums = Sums::default();
        for _ in 0..3 {
            assert!(sums.catch_up(&store, PARTITION, &profiles()).is_err());
        }
        put(None);
        assert!(sums.catch_up(&store, PARTITION, &profiles()).unwrap());
        let hour = sums.hour(&store, &("VEH001".to_owned(), 0)).unwrap();
        assert_eq!(hour.channels["speed"][&59].count, 1);
    }

    #[test]
    fn one_look_for_each_asset_finds_what_is_too_old_however_many_hours_began() {
        let slot = |asset: &str, hour| (asset.to_owned(), hour);
        let day = 24 * 1_000;
        let begun = BTreeSet::from([slot("a", day), slot("a", day + 1), slot("b", day + 5)]);
        let looks = oldest_kept(&begun);
        assert_eq!(looks.len(), 3, "{looks:?}");
        assert_eq!(looks[&("minutes", "a")], day + 1 - MINUTES_KEPT_HOURS);
        assert_eq!(looks[&("hours", "a")], day - HOURS_KEPT_HOURS);
        assert_eq!(looks[&("minutes", "b")], day + 5 - MINUTES_KEPT_HOURS);
        let store = MemoryStore::default();
        let hours = [day - MINUTES_KEPT_HOURS, day - MINUTES_KEPT_HOURS + 1];
        let blobs = hours.map(|hour| written(name("minutes", &slot("a", hour)), &Hour::default()));
        let blobs = blobs.map(Result::unwrap).to_vec();
        store.commit(Batch { blobs, ..Batch::default() }).unwrap();
        let sums = Sums { place: Some(Place::default()), begun, ..Sums::default() };
        let changes = sums.changes(&store, PARTITION).unwrap();
        let gone = changes.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name);
        assert_eq!(gone.collect::<Vec<_>>(), [name("minutes", &slot("a", hours[0]))]);
    }

    #[test]
    fn values_are_told_in_the_profiles_unit_and_impossible_ones_not_at_all() {
        let profiles = profiles();
        let profile = &profiles["vehicle"];
        let channel = &profile.channels[profile.channel_named("speed").unwrap()];
        let speed =
            |value| measured(Finite::new(value).unwrap(), Unit::parse("m/s").unwrap(), channel);
        assert!((speed(10.0).unwrap().get() - 36.0).abs() < 1e-9);
        assert_eq!(speed(10_000.0), None);
    }
}
