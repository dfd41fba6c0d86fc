//! Makes rows to learn from out of recordings: what was known at each sample, and what failed within the horizon.

use crate::error::CliError;
use crate::replaying::Recording;
use messages::Timestamp;
use messages::profile::{Derived, Profile};
use models::features;
use models::history::{History, Plan};
use models::model::{Samples, Schema};
use models::regime::{Regimes, Setting};
use models::supervised::Table;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use simulator::dataset::{RecordedAsset, Recordings, Sample};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Windows over each channel; those in which a channel is seldom sampled twice are left out.
const WINDOWS: [Duration; 5] = [hours(3), hours(12), hours(24), hours(72), hours(168)];
/// Most values of an attribute that is no number.
const CATEGORIES_MAX: usize = 32;
/// Settings within this share of a channel's range are equal.
const SETTING_SHARE: f64 = 0.02;

const fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3_600)
}

/// Rows, and what came true of them.
pub(super) struct Rows {
    pub(super) table: Table,
    /// By component, by row: whether it failed within the horizon.
    pub(super) failed: Vec<Vec<bool>>,
    /// By component, by row: how soon, where it did.
    pub(super) fails_in: Vec<Vec<Option<Duration>>>,
    /// By row: which asset.
    pub(super) assets: Vec<u32>,
    /// By row: when.
    pub(super) at: Vec<Timestamp>,
}

impl Rows {
    /// One row, NaN where nothing is known.
    pub(super) fn row(&self, index: usize) -> Vec<f32> {
        self.table.row(index).collect()
    }
}

/// Where the row of each asset's last sample is.
pub(super) fn last_rows(rows: &Rows) -> Vec<usize> {
    let count = rows.assets.len();
    let is_last = |row: &usize| row + 1 == count || rows.assets[row + 1] != rows.assets[*row];
    (0..count).filter(is_last).collect()
}

/// By row, how much time is left until its asset's last.
pub(super) fn time_left(rows: &Rows) -> Vec<Duration> {
    let ends: BTreeMap<u32, Timestamp> =
        last_rows(rows).into_iter().map(|row| (rows.assets[row], rows.at[row])).collect();
    rows.assets.iter().zip(&rows.at).map(|(asset, at)| ends[asset].since(*at)).collect()
}

/// What rows are made of.
pub(super) struct Features {
    pub(super) schema: Schema,
    components: Vec<String>,
    horizon: Duration,
    /// Whether each row says itself whether it is a failure.
    failures_are_rows: bool,
}

impl Features {
    /// What can be known of these recordings before `until`.
    pub(super) fn of(
        recording: &Recording,
        recordings: &Recordings,
        until: Option<Timestamp>,
    ) -> Self {
        let known = |at: Timestamp| until.is_none_or(|until| at < until);
        let codes: BTreeSet<&str> = recordings
            .assets
            .values()
            .flat_map(|asset| asset.codes.iter())
            .filter(|(at, _)| known(*at))
            .map(|(_, code)| code.as_str())
            .collect();
        let profile = &recording.profile;
        let measured = |channel: &&str| recordings.channels.iter().any(|known| known == channel);
        let derived: Vec<Derived> = profile
            .derived
            .iter()
            .filter(|derived| derived.formula.channels().iter().all(measured))
            .cloned()
            .collect();
        let channels = recordings.channels.iter().chain(derived.iter().map(|derived| &derived.id));
        let components: Vec<String> =
            profile.components.iter().map(|component| component.id.clone()).collect();
        let plan = Plan {
            channels: channels.cloned().collect(),
            windows: windows(recordings, known),
            codes: codes.into_iter().map(str::to_owned).collect(),
            components: components.clone(),
            attributes: attributes(recordings),
        };
        let horizon = recording.dataset.horizon().unwrap_or(profile.horizon).duration();
        let failures_are_rows = recording.dataset.failures_are_rows();
        let name = recording.dataset.profile().name();
        let features = features::Features::of(profile).schema();
        let sampled = interval_among(recordings, known).map(|every| Samples { every, features });
        let schema = Schema { profile: name, plan, derived, regimes: None, sampled };
        let mut features = Self { schema, components, horizon, failures_are_rows };
        features.schema.regimes = features.regimes(profile, recordings, known);
        features
    }

    /// The settings at which assets were run, as far as that is known.
    fn regimes(
        &self,
        profile: &Profile,
        recordings: &Recordings,
        known: impl Fn(Timestamp) -> bool,
    ) -> Option<Regimes> {
        let setting = |id: &String| {
            let channel = recordings.channels.iter().position(|known| known == id)?;
            let [low, high] = profile.channels.iter().find(|known| known.id == *id)?.range;
            Some(Setting { channel, within: SETTING_SHARE * (high.get() - low.get()) })
        };
        let settings: Vec<Setting> = profile.settings.iter().filter_map(setting).collect();
        if settings.is_empty() {
            return None;
        }
        let samples = recordings.assets.values().flat_map(|asset| &asset.samples);
        let measured = samples
            .filter(|sample| known(sample.at))
            .map(|sample| self.schema.with_derived(&sample.values));
        Regimes::find(measured, &settings)
    }

    /// What can fail.
    pub(super) fn components(&self) -> &[String] {
        &self.components
    }

    /// How far rows look ahead.
    pub(super) fn horizon(&self) -> Duration {
        self.horizon
    }

    /// Number of the features.
    pub(super) fn width(&self) -> usize {
        self.schema.plan.names().len()
    }

    /// The rows that `keeps` keeps, by number of the asset and moment.
    pub(super) fn rows(
        &self,
        recordings: &Recordings,
        keeps: impl Fn(u32, Timestamp) -> bool,
    ) -> Result<Rows, CliError> {
        let table = Table::new(self.schema.plan.names()).map_err(CliError::failed)?;
        let failed = vec![Vec::new(); self.components.len()];
        let fails_in = vec![Vec::new(); self.components.len()];
        let mut rows = Rows { table, failed, fails_in, assets: Vec::new(), at: Vec::new() };
        for (number, asset) in recordings.assets.values().enumerate() {
            let number = u32::try_from(number).map_err(CliError::failed)?;
            self.add(&mut rows, (number, asset), &keeps)?;
        }
        Ok(rows)
    }

    fn add(
        &self,
        rows: &mut Rows,
        (number, asset): (u32, &RecordedAsset),
        keeps: &impl Fn(u32, Timestamp) -> bool,
    ) -> Result<(), CliError> {
        let plan = &self.schema.plan;
        let attributes = plan.attributes.iter().map(|name| attribute(asset, name)).collect();
        let mut history = History::new(plan, attributes);
        let mut codes = asset.codes.iter().peekable();
        let mut maintenance = asset.maintenance.iter().peekable();
        for sample in &asset.samples {
            while let Some((at, code)) = codes.next_if(|(at, _)| *at <= sample.at) {
                history.code(*at, code);
            }
            while let Some((at, component)) = maintenance.next_if(|(at, _)| *at <= sample.at) {
                history.maintenance(*at, component);
            }
            history.sample(sample.at, &self.schema.values(&sample.values));
            if keeps(number, sample.at) {
                rows.table.push(&history.row(sample.at)).map_err(CliError::failed)?;
                rows.assets.push(number);
                rows.at.push(sample.at);
                for (index, component) in self.components.iter().enumerate() {
                    let fails_in = self.fails_in(asset, sample, component);
                    rows.failed[index].push(fails_in.is_some());
                    rows.fails_in[index].push(fails_in);
                }
            }
        }
        Ok(())
    }

    /// How soon the component fails, if that is within the horizon.
    fn fails_in(
        &self,
        asset: &RecordedAsset,
        sample: &Sample,
        component: &str,
    ) -> Option<Duration> {
        if self.failures_are_rows {
            return sample.truth.is_some_and(|truth| truth >= 0.5).then_some(Duration::ZERO);
        }
        let until = sample.at.saturating_add(self.horizon);
        let comes = |at: Timestamp| at > sample.at && at <= until;
        let failures = asset.failures.iter();
        let first =
            failures.filter(|(at, name)| name == component && comes(*at)).map(|it| it.0).min();
        first.map(|at| at.since(sample.at))
    }
}

/// Windows in which an asset is usually sampled more than once, as far as that is known.
fn windows(recordings: &Recordings, known: impl Fn(Timestamp) -> bool) -> Vec<Duration> {
    match interval_among(recordings, known) {
        None => Vec::new(),
        Some(interval) => WINDOWS.into_iter().filter(|window| *window > interval).collect(),
    }
}

/// Numbers of the assets that are judged: a share of each outcome where rows are assets, of all where they are not.
pub(super) fn drawn_assets(
    recordings: &Recordings,
    test_fraction: f64,
    seed: u64,
) -> BTreeSet<u32> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut strata: BTreeMap<bool, Vec<u32>> = BTreeMap::new();
    for (number, asset) in (0_u32..).zip(recordings.assets.values()) {
        let fails = asset.samples.iter().any(|sample| sample.truth.is_some_and(|it| it >= 0.5));
        strata.entry(fails).or_default().push(number);
    }
    let mut drawn = BTreeSet::new();
    for stratum in strata.values_mut() {
        stratum.shuffle(&mut rng);
        let count = (stratum.len() as f64 * test_fraction).round() as usize;
        drawn.extend(stratum.iter().take(count));
    }
    drawn
}

/// The usual time between two samples of an asset: the median over all; none where no asset was sampled twice.
pub(super) fn sampling_interval(recordings: &Recordings) -> Option<Duration> {
    interval_among(recordings, |_| true)
}

fn interval_among(recordings: &Recordings, known: impl Fn(Timestamp) -> bool) -> Option<Duration> {
    let pairs = recordings.assets.values().flat_map(|asset| asset.samples.windows(2));
    let mut intervals: Vec<Duration> =
        pairs.filter(|pair| known(pair[1].at)).map(|pair| pair[1].at.since(pair[0].at)).collect();
    intervals.sort_unstable();
    intervals.get(intervals.len() / 2).copied()
}

/// Names of the numbers that attributes become: themselves, or `name=value` for each value that is no number.
fn attributes(recordings: &Recordings) -> Vec<String> {
    let mut names = BTreeSet::new();
    for asset in recordings.assets.values() {
        for (name, text) in &asset.attributes {
            if text.parse::<f32>().is_ok() {
                names.insert(name.clone());
            } else if !text.is_empty() && names.len() < CATEGORIES_MAX {
                names.insert(format!("{name}={text}"));
            }
        }
    }
    names.into_iter().collect()
}

fn attribute(asset: &RecordedAsset, name: &str) -> Option<f32> {
    match name.split_once('=') {
        Some((name, value)) => {
            asset.attributes.get(name).map(|text| f32::from(u8::from(text == value)))
        }
        None => asset.attributes.get(name)?.parse().ok(),
    }
}
