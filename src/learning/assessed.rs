//! Learns from what data-analysis says of recordings, so that diagnosis can ask what was learned at work.
//!
//! The recordings are played through the agent itself: rows are made by the code that makes them later. Assets are parted:
//! a share of them, drawn with the seed, is judged and not learned from.

use super::explained::Background;
use super::failures::{self, Classifiers};
use super::rows::Rows;
use super::{Found, Progress, entries};
use crate::error::CliError;
use crate::replaying::{Happened, Recording, perform};
use agents::DataAnalysis;
use messages::health::HealthAssessed;
use messages::{Message, Timestamp};
use models::assessed::Layout;
use models::history::Plan;
use models::model::{Learned, Model, Origin, Schema};
use models::supervised::Table;
use models::training::Settings;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use runtime::Catalog;
use runtime::store::sled::{SledStore, Sync};
use serde_json::json;
use simulator::{Expected, Replay, Truth};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Share of the assets that is judged.
const JUDGED_SHARE: f64 = 0.25;
/// Of each asset one row is taken in so much time: neighbouring windows say nearly the same.
const STRIDE: Duration = Duration::from_secs(2 * 3_600);
/// Assessments between two movements of the progress line.
const PROGRESS_ASSESSMENTS: u64 = 5_000;

/// What was said of one asset at one time.
type Row = Vec<Option<f32>>;

/// What was said of all assets.
#[derive(Default)]
struct Said {
    /// By asset, in the order of time: when and what.
    rows: BTreeMap<String, Vec<(Timestamp, Row)>>,
    until: Option<Timestamp>,
}

/// Learns which components fail, by assessments, and judges that.
pub(super) fn learn(
    recording: &Recording,
    seed: u64,
    progress: &Progress,
) -> Result<Found, CliError> {
    let layout = Layout::of(&recording.profile);
    let (said, replay) = listen(recording, &layout, progress)?;
    let mut truth = recording.dataset.failures().map_err(CliError::failed)?;
    truth.extend(replay.truth());
    let drawn = drawn(&said, seed);
    let rows =
        |judged: bool| rows(recording, &layout, &said, &truth, |id| drawn.contains(id) == judged);
    let (learned, judged) = (rows(false)?, rows(true)?);
    let components: Vec<String> =
        recording.profile.components.iter().map(|component| component.id.clone()).collect();
    let settings = Settings::default().seeded(seed);
    let (by_component, refused): Classifiers =
        failures::classifiers(&components, &learned, settings, progress)?;
    let ids: Vec<&str> = said.rows.keys().map(String::as_str).collect();
    let background = Background::new(&learned, layout.columns().len(), &ids);
    let mut outcome =
        failures::judged_by(&components, (&by_component, &refused), &judged, &background);
    let origin = Origin {
        dataset: recording.dataset.name().to_owned(),
        data: failures::data_hash(&learned),
        rows: learned.table.len() as u64,
        seed,
        settings,
    };
    outcome.figures.extend(entries(json!({
        "rows_learned": learned.table.len(), "rows_judged": judged.table.len(),
        "assets_judged": drawn.len(), "features": layout.columns().len(),
        "data_sha256": origin.data,
    })));
    let profile = recording.profile.name.clone();
    let schema = Schema {
        profile,
        plan: Plan::default(),
        derived: Vec::new(),
        regimes: None,
        sampled: None,
    };
    let within = recording.profile.horizon.duration();
    let learned = Learned::Assessed { within, rows: layout.rows(), by_component };
    outcome.model = Some(Model { schema, origin, figures: BTreeMap::new(), learned });
    Ok((outcome, replay.rows().clone()))
}

/// Plays the recordings through data-analysis.
fn listen(
    recording: &Recording,
    layout: &Layout,
    progress: &Progress,
) -> Result<(Said, Replay), CliError> {
    let scratch = tempfile::tempdir().map_err(CliError::failed)?;
    let store = Arc::new(SledStore::open_with(scratch.path(), Sync::Relaxed)?);
    let catalog = Catalog::default().with::<DataAnalysis>();
    let mut said = Said::default();
    let mut assessments = 0_u64;
    let replay = perform(recording, catalog, store, &mut |happened| {
        let Happened::Said(envelope) = happened else { return Ok(()) };
        if envelope.name == HealthAssessed::NAME {
            said.take(layout, &envelope.open()?);
            assessments += 1;
            if assessments.is_multiple_of(PROGRESS_ASSESSMENTS) {
                progress.note(&format!("{assessments} assessments, at {}", envelope.time));
            }
        }
        Ok(())
    })?;
    Ok((said, replay))
}

impl Said {
    /// Takes what is said first of a window, unless a row was taken shortly before.
    fn take(&mut self, layout: &Layout, assessed: &HealthAssessed) {
        let at = assessed.window_end;
        self.until = self.until.max(Some(at));
        let rows = self.rows.entry(assessed.asset.clone()).or_default();
        let soon = rows.last().is_some_and(|(last, _)| at < last.saturating_add(STRIDE));
        if soon || assessed.revision > 0 {
            return;
        }
        rows.extend(layout.row(assessed).map(|row| (at, row)));
    }
}

/// The assets that are judged.
fn drawn(said: &Said, seed: u64) -> BTreeSet<String> {
    let mut ids: Vec<&String> = said.rows.keys().collect();
    ids.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    let count = (ids.len() as f64 * JUDGED_SHARE).round() as usize;
    ids.into_iter().take(count).cloned().collect()
}

/// The rows of the assets that are `kept`, as far as it is known what came of them within the horizon.
fn rows(
    recording: &Recording,
    layout: &Layout,
    said: &Said,
    truth: &[Truth],
    kept: impl Fn(&str) -> bool,
) -> Result<Rows, CliError> {
    let horizon = recording.profile.horizon.duration();
    let components = &recording.profile.components;
    let mut rows = Rows {
        table: Table::new(layout.rows().names).map_err(CliError::failed)?,
        failed: vec![Vec::new(); components.len()],
        fails_in: vec![Vec::new(); components.len()],
        assets: Vec::new(),
        at: Vec::new(),
    };
    for (number, (id, seen)) in (0_u32..).zip(&said.rows) {
        if !kept(id) {
            continue;
        }
        for (at, row) in seen {
            if said.until.is_none_or(|until| at.saturating_add(horizon) > until) {
                continue;
            }
            rows.table.push(row).map_err(CliError::failed)?;
            rows.assets.push(number);
            rows.at.push(*at);
            for (index, component) in components.iter().enumerate() {
                let fails_in = fails_in(truth, (id, &component.id), *at, horizon);
                rows.failed[index].push(fails_in.is_some());
                rows.fails_in[index].push(fails_in);
            }
        }
    }
    Ok(rows)
}

/// How soon behind `at` the component of the asset fails, if that is within the horizon.
fn fails_in(
    truth: &[Truth],
    (asset, component): (&str, &str),
    at: Timestamp,
    horizon: Duration,
) -> Option<Duration> {
    let failures = truth.iter().filter(|known| known.asset == asset);
    let failed_at = failures.filter_map(|known| match &known.expected {
        Expected::Failure { component: failed, failed_at } if failed == component => *failed_at,
        _ => None,
    });
    let comes = |failed_at: &Timestamp| *failed_at > at && *failed_at <= at.saturating_add(horizon);
    failed_at.filter(comes).min().map(|failed_at| failed_at.since(at))
}
