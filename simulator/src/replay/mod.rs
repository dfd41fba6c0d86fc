//! Plays a dataset in the order of time: who the assets are, what they send and when, what was done to them.

mod batch;
mod merge;

use crate::dataset::{
    ASSETS_MAX, Dataset, DatasetError, FileSurvey, ROWS_SORTED_MAX, Reading, RecordedCode, RowTally,
};
use crate::overlay::{AssetCopy, copies};
use crate::running::{Running, RunningClock};
use crate::truth::Truth;
use batch::Batches;
use merge::Merge;
use messages::profile::Profile;
use messages::registry::{AssetRegistered, MaintenanceRecorded};
use messages::telemetry::Telemetry;
use messages::{Provenance, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How a dataset is replayed.
#[derive(Clone, Copy, Debug)]
pub struct ReplayOptions {
    /// A frame holds what an asset sampled within so long.
    pub batch: Duration,
    /// Longest file, in rows, that is put in order in memory when it is not in the order of time.
    pub rows_sorted_max: u64,
}

impl Default for ReplayOptions {
    /// Frames of a minute.
    fn default() -> Self {
        Self { batch: Duration::from_secs(60), rows_sorted_max: ROWS_SORTED_MAX }
    }
}

/// Something that happened, at its place in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// An asset sent samples.
    Telemetry(Frame),
    /// Work was done on an asset.
    Maintenance(MaintenanceRecorded),
}

/// A frame as an asset would have sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// When: the moment of its last sample.
    pub sent_at: Timestamp,
    /// Replayed as it was recorded, or simulated because a fault was laid over it.
    pub provenance: Provenance,
    /// What was sent, under channel ids and in the profile's units.
    pub telemetry: Telemetry,
}

impl Entry {
    /// Its moment; entries come in the order of it.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Telemetry(frame) => frame.sent_at,
            Self::Maintenance(maintenance) => maintenance.performed_at,
        }
    }
}

/// A replay under way: an iterator over its entries. Memory is bounded by the assets and one batch of each,
/// plus the largest file that is not in the order of time.
pub struct Replay {
    assets: Vec<AssetRegistered>,
    merge: Merge,
    running: Option<Running>,
    recorded: BTreeMap<String, Recorded>,
    batches: Batches,
    /// Still to come, by time.
    codes: VecDeque<RecordedCode>,
    maintenance: VecDeque<MaintenanceRecorded>,
    ready: VecDeque<Frame>,
    is_finished: bool,
}

/// An asset of the recording.
struct Recorded {
    clock: RunningClock,
    copies: Vec<AssetCopy>,
}

impl Replay {
    /// Looks through the telemetry once for its assets, and gets ready to play it.
    ///
    /// # Errors
    /// [`DatasetError`] when a file, column, channel, component or limit is missing, or when `dataset.toml` has a
    /// table that a replay cannot use yet.
    pub fn open(
        dataset: &Dataset,
        profile: &Profile,
        options: &ReplayOptions,
    ) -> Result<Self, DatasetError> {
        dataset.check_replayable()?;
        dataset.check_channels(profile)?;
        let surveys = dataset
            .telemetry_files()?
            .iter()
            .map(|path| dataset.telemetry.survey(path))
            .collect::<Result<Vec<_>, _>>()?;
        let (assets, recorded) = cast(dataset, profile, &surveys)?;
        let running = dataset.config.running.as_ref();
        Ok(Self {
            codes: dataset.codes()?.into(),
            maintenance: maintenance(dataset, &recorded)?,
            assets,
            merge: Merge::new(dataset, surveys, options.rows_sorted_max),
            running: running
                .and_then(|config| Running::new(config, &dataset.telemetry.config.channels)),
            recorded,
            batches: Batches::new(dataset, options.batch),
            ready: VecDeque::new(),
            is_finished: false,
        })
    }

    /// The assets that send telemetry, copies included, by id.
    #[must_use]
    pub fn assets(&self) -> &[AssetRegistered] {
        &self.assets
    }

    /// What became of the rows so far.
    #[must_use]
    pub fn rows(&self) -> &RowTally {
        &self.merge.tally
    }

    /// What is known so far to be true about the copies, by id of the recorded asset; complete at the end.
    #[must_use]
    pub fn truth(&self) -> Vec<Truth> {
        self.recorded.values().flat_map(|asset| &asset.copies).map(AssetCopy::truth).collect()
    }

    /// Reads one more row.
    fn advance(&mut self) -> Result<(), DatasetError> {
        match self.merge.next()? {
            Some(reading) => {
                self.take_codes(Some(reading.at));
                self.take(reading);
            }
            None => {
                self.take_codes(None);
                self.ready.extend(self.batches.close());
                self.is_finished = true;
            }
        }
        Ok(())
    }

    /// Takes the codes that were sent at `until` or before, or all that are left.
    fn take_codes(&mut self, until: Option<Timestamp>) {
        let is_due = |sent: &RecordedCode| until.is_none_or(|until| sent.at <= until);
        while self.codes.front().is_some_and(is_due) {
            let Some(sent) = self.codes.pop_front() else { return };
            let Some(Recorded { copies, .. }) = self.recorded.get(&sent.asset) else { continue };
            self.ready.extend(self.batches.close_before(sent.at));
            for copy in copies {
                self.batches.add_code(&copy.asset, Provenance::Simulated, &sent);
            }
            self.batches.add_code(&sent.asset, Provenance::Replayed, &sent);
        }
    }

    fn take(&mut self, Reading { at, asset, values, .. }: Reading) {
        self.ready.extend(self.batches.close_before(at));
        let recorded = self.recorded.get_mut(&asset).expect("every asset was surveyed");
        if let Some(running) = &self.running {
            let step = running.step(&mut recorded.clock, at, &values);
            for copy in &mut recorded.copies {
                let mut values = values.clone();
                if copy.apply(&mut values, &step) {
                    self.batches.add(&copy.asset, Provenance::Simulated, at, &values);
                }
            }
        }
        self.batches.add(&asset, Provenance::Replayed, at, &values);
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, DatasetError> {
        while self.ready.is_empty() && !self.is_finished {
            self.advance()?;
        }
        let maintenance_at = self.maintenance.front().map(|next| next.performed_at);
        let sent_at = self.ready.front().map(|next| next.sent_at);
        let is_maintenance_next = match (maintenance_at, sent_at) {
            (Some(maintenance_at), Some(sent_at)) => maintenance_at <= sent_at,
            (maintenance_at, _) => maintenance_at.is_some(),
        };
        Ok(if is_maintenance_next {
            self.maintenance.pop_front().map(Entry::Maintenance)
        } else {
            self.ready.pop_front().map(Entry::Telemetry)
        })
    }
}

impl Iterator for Replay {
    type Item = Result<Entry, DatasetError>;

    /// The next entry. Nothing comes after an error.
    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_entry();
        if next.is_err() {
            self.is_finished = true;
            self.ready.clear();
            self.maintenance.clear();
        }
        next.transpose()
    }
}

/// Registrations of all assets, by id, and the recorded ones with their copies.
type Cast = (Vec<AssetRegistered>, BTreeMap<String, Recorded>);

fn cast(
    dataset: &Dataset,
    profile: &Profile,
    surveys: &[FileSurvey],
) -> Result<Cast, DatasetError> {
    let mut assets = Vec::new();
    let mut recorded = BTreeMap::new();
    for registered in dataset.registrations(&first_moments(surveys))? {
        let copies = copies(dataset, profile, &registered.asset)?;
        for copy in &copies {
            assets.push(AssetRegistered { asset: copy.asset.clone(), ..registered.clone() });
        }
        let clock = RunningClock::default();
        recorded.insert(registered.asset.clone(), Recorded { clock, copies });
        assets.push(registered);
    }
    if assets.len() > ASSETS_MAX {
        return Err(DatasetError::TooManyAssets { path: dataset.path.clone() });
    }
    assets.sort_by(|one, other| one.asset.cmp(&other.asset));
    check_names(dataset, &assets)?;
    Ok((assets, recorded))
}

fn first_moments(surveys: &[FileSurvey]) -> BTreeMap<String, Timestamp> {
    let mut first_at_by_asset = BTreeMap::new();
    for (asset, at) in surveys.iter().flat_map(|survey| &survey.first_at_by_asset) {
        let first_at = first_at_by_asset.entry(asset.clone()).or_insert(*at);
        *first_at = (*at).min(*first_at);
    }
    first_at_by_asset
}

/// Refuses assets that have one name, overlays for no asset, and copies with names too long to be sent.
fn check_names(dataset: &Dataset, assets: &[AssetRegistered]) -> Result<(), DatasetError> {
    for overlay in &dataset.config.overlays {
        let refuse = |key: &str, value: &str, remedy: &str| {
            let key = format!("overlays.{}.{key}", overlay.name);
            Err(DatasetError::value(&dataset.path, key, value, remedy))
        };
        if let Some(only) = &overlay.asset
            && !assets.iter().any(|known| known.asset == *only)
        {
            return refuse("asset", only, "name an asset that the telemetry has");
        }
        if let Some(long) =
            assets.iter().find(|known| messages::subject::escape(&known.asset).is_err())
        {
            return refuse("name", &long.asset, "write a shorter name");
        }
        if let Some(twice) = assets.windows(2).find(|pair| pair[0].asset == pair[1].asset) {
            return refuse(
                "name",
                &twice[0].asset,
                "another asset is called so; write another name",
            );
        }
    }
    Ok(())
}

/// The work that was done on replayed assets, by time; on a copy the same as on the asset that it copies.
fn maintenance(
    dataset: &Dataset,
    recorded: &BTreeMap<String, Recorded>,
) -> Result<VecDeque<MaintenanceRecorded>, DatasetError> {
    let mut all = VecDeque::new();
    for performed in dataset.maintenance()? {
        let Some(Recorded { copies, .. }) = recorded.get(&performed.asset) else { continue };
        for copy in copies {
            all.push_back(MaintenanceRecorded { asset: copy.asset.clone(), ..performed.clone() });
        }
        all.push_back(performed);
    }
    Ok(all)
}
