//! Makes rows to learn from out of recordings: what was known at each sample, and what failed within the horizon.

use crate::error::CliError;
use messages::Timestamp;
use models::history::{History, Plan};
use models::supervised::Table;
use simulator::dataset::{RecordedAsset, Recordings};
use std::collections::BTreeSet;
use std::time::Duration;

/// Windows over each channel; those in which a channel is seldom sampled twice are left out.
const WINDOWS: [Duration; 5] = [hours(3), hours(12), hours(24), hours(72), hours(168)];
/// Most values of an attribute that is no number.
const CATEGORIES_MAX: usize = 32;

const fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3_600)
}

/// Rows, and what came true of them.
pub(crate) struct Examples {
    pub(crate) table: Table,
    /// By component, by row: whether it failed within the horizon.
    pub(crate) failed: Vec<Vec<bool>>,
    /// By row: which asset.
    pub(crate) assets: Vec<u32>,
    /// By row: when.
    pub(crate) at: Vec<Timestamp>,
}

/// What rows are made of.
pub(crate) struct Schema {
    pub(crate) plan: Plan,
    components: Vec<String>,
    horizon: Duration,
}

/// A part of the time.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Option<Timestamp>,
    pub(crate) before: Option<Timestamp>,
    /// Whether what happens behind `before` is unknown: rows whose horizon reaches there are left out.
    pub(crate) blind: bool,
}

impl Schema {
    /// What can be known of these recordings before `until`.
    pub(crate) fn of(
        recordings: &Recordings,
        components: Vec<String>,
        horizon: Duration,
        until: Option<Timestamp>,
    ) -> Self {
        let known = |at: Timestamp| until.is_none_or(|until| at < until);
        let assets = recordings.assets.values();
        let codes: BTreeSet<&str> = assets
            .clone()
            .flat_map(|asset| asset.codes.iter())
            .filter(|(at, _)| known(*at))
            .map(|(_, code)| code.as_str())
            .collect();
        let interval = sampling_interval(recordings);
        let windows = WINDOWS.into_iter().filter(|window| *window > interval).collect();
        let plan = Plan {
            channels: recordings.channels.clone(),
            windows,
            codes: codes.into_iter().map(str::to_owned).collect(),
            components: components.clone(),
            attributes: attributes(recordings),
        };
        Self { plan, components, horizon }
    }

    /// The rows of `span`.
    pub(crate) fn examples(
        &self,
        recordings: &Recordings,
        span: Span,
    ) -> Result<Examples, CliError> {
        let table = Table::new(self.plan.names()).map_err(CliError::failed)?;
        let failed = vec![Vec::new(); self.components.len()];
        let mut examples = Examples { table, failed, assets: Vec::new(), at: Vec::new() };
        for (number, asset) in recordings.assets.values().enumerate() {
            let number = u32::try_from(number).map_err(CliError::failed)?;
            self.add(&mut examples, number, asset, span)?;
        }
        Ok(examples)
    }

    fn add(
        &self,
        examples: &mut Examples,
        number: u32,
        asset: &RecordedAsset,
        span: Span,
    ) -> Result<(), CliError> {
        let attributes = self.plan.attributes.iter().map(|name| attribute(asset, name)).collect();
        let mut history = History::new(&self.plan, attributes);
        let mut codes = asset.codes.iter().peekable();
        let mut maintenance = asset.maintenance.iter().peekable();
        for sample in &asset.samples {
            while let Some((at, code)) = codes.next_if(|(at, _)| *at <= sample.at) {
                history.code(*at, code);
            }
            while let Some((at, component)) = maintenance.next_if(|(at, _)| *at <= sample.at) {
                history.maintenance(*at, component);
            }
            history.sample(sample.at, &sample.values);
            if !self.is_within(sample.at, span) {
                continue;
            }
            examples.table.push(&history.row(sample.at)).map_err(CliError::failed)?;
            examples.assets.push(number);
            examples.at.push(sample.at);
            let until = sample.at.saturating_add(self.horizon);
            for (component, failed) in self.components.iter().zip(&mut examples.failed) {
                failed.push(
                    asset
                        .failures
                        .iter()
                        .any(|(at, name)| name == component && *at > sample.at && *at <= until),
                );
            }
        }
        Ok(())
    }

    fn is_within(&self, at: Timestamp, span: Span) -> bool {
        let until = if span.blind { at.saturating_add(self.horizon) } else { at };
        span.from.is_none_or(|from| at >= from) && span.before.is_none_or(|before| until < before)
    }
}

/// The usual time between two samples of an asset: the median over all.
fn sampling_interval(recordings: &Recordings) -> Duration {
    let mut intervals: Vec<Duration> = recordings
        .assets
        .values()
        .flat_map(|asset| asset.samples.windows(2).map(|pair| pair[1].at.since(pair[0].at)))
        .collect();
    intervals.sort_unstable();
    intervals.get(intervals.len() / 2).copied().unwrap_or(Duration::ZERO)
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
