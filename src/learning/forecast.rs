//! How well a series is foreseen, at each distance ahead, from every moment that is judged.

use super::report::forecast as sections;
use super::rows::{Features, Rows, sampling_interval};
use super::{Choice, Found, Outcome, Progress, REASONS_ROWS_MAX, REASONS_SHOWN};
use super::{entries, heaviest, shown, spread};
use crate::error::CliError;
use crate::replaying::Recording;
use messages::Timestamp;
use models::forecast::{Examples, Forecaster, GROWTHS, Method, Plain, Scale, Series, Settings};
use models::model::hash;
use models::supervised::{Table, judge};
use serde::Serialize;
use serde_json::json;
use simulator::dataset::{Foreseen as Task, Recordings, Split, SplitTimes};
use std::time::Duration;

/// Moments that are drawn, the newest of one asset.
const DRAWN_MAX: usize = 240;

/// How well a series is foreseen at one distance.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    pub(super) hours: f64,
    rows_learned: usize,
    pub(super) rows_judged: usize,
    pub(super) method: Method,
    pub(super) why: Option<String>,
    scale: Scale,
    pub(super) mae: Option<f64>,
    /// Of saying what was last.
    pub(super) mae_last: Option<f64>,
    /// Of saying what was at the same time of the season before.
    pub(super) mae_same_season: Option<f64>,
    /// By which share it errs less than the better of the two.
    below_plain: Option<f64>,
    pub(super) coverage: Option<f64>,
    pub(super) width: Option<f64>,
    /// How far features move what is foreseen on average, on its scale, the most first.
    pub(super) contributions: Vec<(String, f64)>,
    #[serde(skip)]
    pub(super) drawn: Vec<Said>,
}

/// What was foreseen of one moment and what came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    asset: u32,
    pub(super) at: Timestamp,
    pub(super) value: f64,
    pub(super) bounds: Option<(f64, f64)>,
    pub(super) truth: f64,
    plain: (f64, f64),
}

/// What was known at some origins, and what came.
struct Part {
    table: Table,
    assets: Vec<u32>,
    at: Vec<Timestamp>,
    plain: Vec<Plain>,
    truth: Vec<f64>,
}

/// Learns to foresee a series, and judges that.
pub(super) fn learn(
    recording: &Recording,
    task: &Task,
    choice: Choice,
    progress: &Progress,
) -> Result<Found, CliError> {
    let times = times(recording, choice)?;
    let recordings = recording.dataset.recordings().map_err(CliError::failed)?;
    let features = Features::of(recording, &recordings, Some(times.train_before));
    let rows = features.rows(&recordings, |_, _| true)?;
    let series = series(recording, &recordings, task)?;
    let mut settings = Settings::default();
    settings.boost.seed = choice.seed.unwrap_or(0);
    progress.begin(task.ahead.len() * GROWTHS, "learning");
    let mut judged = Vec::new();
    for ahead in &task.ahead {
        let learned = Part::of(&rows, &series, *ahead, |at, comes_at| {
            at < times.train_before && comes_at < times.train_before
        })?;
        let tried = Part::of(&rows, &series, *ahead, |at, comes_at| {
            at >= times.test_from && times.test_until.is_none_or(|until| comes_at < until)
        })?;
        let Part { table, at, plain, truth, .. } = &learned;
        let examples = Examples { table, at, plain, truth, ahead: *ahead };
        let mut step = || progress.step(&format!("{} h ahead", ahead.as_secs() / 3_600));
        let forecaster = Forecaster::learn(&examples, settings, &mut step)
            .map_err(|error| CliError::failed(format!("nothing can be foreseen: {error}")))?;
        judged.push(judge_one(&forecaster, &learned, &tried, *ahead));
    }
    let mut outcome = outcome(&judged, task);
    outcome.figures.extend(entries(json!({
        "features": features.width() + Series::names().len(),
        "data_sha256": hash(&rows.table, &[]),
    })));
    Ok((outcome, recordings.rows))
}

/// When is learned and when is judged.
fn times(recording: &Recording, choice: Choice) -> Result<SplitTimes, CliError> {
    let Some(Split::Times(times)) = recording.dataset.split().map_err(CliError::failed)? else {
        let what = "a series is foreseen from its past: give `[split]` with `train_before`, and `test_from` and `test_until` where they are others";
        return Err(CliError::failed(what));
    };
    Ok(SplitTimes {
        train_before: choice.train_before.unwrap_or(times.train_before),
        test_from: choice.train_before.unwrap_or(times.test_from),
        test_until: choice.test_until.or(times.test_until),
    })
}

/// The series of each asset, in the order of the assets.
fn series(
    recording: &Recording,
    recordings: &Recordings,
    task: &Task,
) -> Result<Vec<Series>, CliError> {
    let channel = recordings.channels.iter().position(|known| *known == task.channel);
    let channel = channel.expect("the channel was looked up when the description was read");
    let step = sampling_interval(recordings).ok_or_else(|| {
        CliError::failed("no asset was sampled twice: there is no series to foresee")
    })?;
    let offset = recording.profile.utc_offset_minutes;
    let assets = recordings.assets.values().map(|asset| {
        let samples = asset.samples.iter().map(|sample| (sample.at, sample.values[channel]));
        Series::new(samples, (step, task.season), offset)
    });
    Ok(assets.collect())
}

impl Part {
    /// The origins that `keeps` keeps, by themselves and the moment that is foreseen, as far as it is known what came.
    fn of(
        rows: &Rows,
        series: &[Series],
        ahead: Duration,
        keeps: impl Fn(Timestamp, Timestamp) -> bool,
    ) -> Result<Self, CliError> {
        let names: Vec<String> =
            rows.table.names().iter().cloned().chain(Series::names()).collect();
        let table = Table::new(names).map_err(CliError::failed)?;
        let (assets, at, plain, truth) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut part = Self { table, assets, at, plain, truth };
        for (index, (asset, at)) in rows.assets.iter().zip(&rows.at).enumerate() {
            let (series, comes_at) = (&series[*asset as usize], at.saturating_add(ahead));
            let Some(truth) = series.at(comes_at).filter(|_| keeps(*at, comes_at)) else {
                continue;
            };
            let known = rows.table.row(index).map(|value| (!value.is_nan()).then_some(value));
            let row: Vec<Option<f32>> = known.chain(series.features(*at, ahead)).collect();
            part.table.push(&row).map_err(CliError::failed)?;
            part.assets.push(*asset);
            part.at.push(*at);
            part.plain.push(series.plain(*at, ahead));
            part.truth.push(truth);
        }
        Ok(part)
    }

    fn row(&self, index: usize) -> Vec<f32> {
        self.table.row(index).collect()
    }
}

/// Judged is where both plain answers are known, so that all three are judged by the same.
fn judge_one(forecaster: &Forecaster, learned: &Part, tried: &Part, ahead: Duration) -> Judged {
    let said: Vec<Said> = (0..tried.truth.len())
        .filter_map(|index| {
            let plain = tried.plain[index];
            let foreseen = forecaster.foresee(&tried.row(index), plain)?;
            Some(Said {
                asset: tried.assets[index],
                at: tried.at[index].saturating_add(ahead),
                value: foreseen.value,
                bounds: foreseen.bounds,
                truth: tried.truth[index],
                plain: plain.last.zip(plain.same_season)?,
            })
        })
        .collect();
    let truth: Vec<f64> = said.iter().map(|said| said.truth).collect();
    let mae = |answer: fn(&Said) -> f64| {
        judge::mae(&said.iter().map(answer).collect::<Vec<f64>>(), &truth)
    };
    let (mae, mae_last, mae_same_season) =
        (mae(|said| said.value), mae(|said| said.plain.0), mae(|said| said.plain.1));
    let plain = mae_last.zip(mae_same_season).map(|(last, season)| last.min(season));
    let bounded: Vec<(&Said, (f64, f64))> =
        said.iter().filter_map(|said| Some((said, said.bounds?))).collect();
    let share = |sum: f64| (!bounded.is_empty()).then(|| sum / bounded.len() as f64);
    let held = bounded.iter().filter(|(said, (low, high))| (*low..=*high).contains(&said.truth));
    Judged {
        hours: ahead.as_secs_f64() / 3_600.0,
        rows_learned: learned.truth.len(),
        rows_judged: said.len(),
        method: forecaster.method,
        why: forecaster.why.clone(),
        scale: forecaster.scale,
        mae,
        mae_last,
        mae_same_season,
        below_plain: mae
            .zip(plain)
            .filter(|(_, plain)| *plain > 0.0)
            .map(|(mae, plain)| 1.0 - mae / plain),
        coverage: share(held.count() as f64),
        width: share(bounded.iter().map(|(_, (low, high))| high - low).sum()),
        contributions: reasons(forecaster, tried),
        drawn: newest(&said),
    }
}

/// The newest moments of the last asset.
fn newest(said: &[Said]) -> Vec<Said> {
    let others = said.iter().rposition(|one| Some(one.asset) != said.last().map(|it| it.asset));
    let from = others.map_or(0, |place| place + 1).max(said.len().saturating_sub(DRAWN_MAX));
    said[from..].to_vec()
}

/// How far features move what is foreseen, on average over some of the judged moments.
fn reasons(forecaster: &Forecaster, tried: &Part) -> Vec<(String, f64)> {
    let rows: Vec<usize> = (0..tried.truth.len()).collect();
    let mut sums = vec![0.0; tried.table.names().len()];
    let some = spread(&rows, REASONS_ROWS_MAX);
    let count = some.len() as f64;
    for row in some {
        if let Some((_, parts)) = forecaster.contributions(&tried.row(*row)) {
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part.abs() / count);
        }
    }
    let mut named = heaviest(tried.table.names(), sums, REASONS_SHOWN);
    named.retain(|(_, part)| *part > 0.0);
    named
}

fn outcome(judged: &[Judged], task: &Task) -> Outcome {
    let lines = judged.iter().map(line).collect();
    let figures = entries(json!({
        "channel": task.channel, "season_hours": task.season.as_secs_f64() / 3_600.0, "ahead": judged,
    }));
    Outcome { lines, figures, sections: sections::all(judged), model: None }
}

fn line(judged: &Judged) -> String {
    let by = match (&judged.why, judged.method) {
        (None, _) => "boosted trees".to_owned(),
        (Some(why), Method::Last) => format!("as it was last: {why}"),
        (Some(why), _) => format!("as the season before: {why}"),
    };
    format!(
        "{} h ahead  MAE {}  as it was last {}  as the season before {}  over {} moments; 90 % bounds hold {}, mean width {}; by {by}",
        judged.hours,
        shown(judged.mae),
        shown(judged.mae_last),
        shown(judged.mae_same_season),
        judged.rows_judged,
        shown(judged.coverage),
        shown(judged.width),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_that_are_drawn_are_the_newest_of_one_asset() {
        let said = |asset: u32, count: usize| {
            (0..count).map(move |hour| Said {
                asset,
                at: Timestamp::from_millis(3_600_000 * hour as i64).unwrap(),
                value: 0.0,
                bounds: None,
                truth: 0.0,
                plain: (0.0, 0.0),
            })
        };
        let drawn = |last: usize| newest(&said(0, 300).chain(said(1, last)).collect::<Vec<_>>());
        assert!(newest(&[]).is_empty());
        assert_eq!(drawn(300).len(), DRAWN_MAX);
        let few = drawn(5);
        assert!(few.len() == 5 && few.is_sorted_by_key(|one| one.at), "{few:?}");
    }
}
