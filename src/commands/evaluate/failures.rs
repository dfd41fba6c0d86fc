//! How well failures are foreseen, component by component.

use super::{Outcome, shown};
use crate::cli::Session;
use crate::error::CliError;
use crate::learning::{Examples, Schema, drawn_assets};
use crate::replaying::Recording;
use messages::Timestamp;
use models::supervised::judge::{self, Confusion};
use models::training::{Classifier, Settings};
use serde::Serialize;
use serde_json::json;
use simulator::dataset::{Recordings, Split, SplitTimes};
use std::collections::BTreeMap;

/// Days of a mean month.
const MONTH_DAYS: f64 = 365.2425 / 12.0;

/// How well the failures of one component are foreseen.
#[derive(Debug, Serialize)]
struct Judged {
    rows: usize,
    positive: usize,
    threshold: f64,
    #[serde(flatten)]
    confusion: Confusion,
    f1: Option<f64>,
    precision: Option<f64>,
    recall: Option<f64>,
    false_alarm_rate: Option<f64>,
    missed_alarm_rate: Option<f64>,
    false_alarms_per_asset_month: Option<f64>,
    brier: Option<f64>,
    /// Brier score of always saying the share of failures among these rows.
    brier_of_base_rate: f64,
    ece: Option<f64>,
}

/// Learns to foresee the failures of each component, and judges that.
pub(super) fn evaluate(
    recording: &Recording,
    seed: Option<u64>,
    session: &Session,
) -> Result<Outcome, CliError> {
    let recordings = recording.dataset.recordings().map_err(CliError::failed)?;
    let (schema, learned, judged) = parted(recording, &recordings, seed)?;
    let mut by_component = BTreeMap::new();
    for (index, component) in schema.components().iter().enumerate() {
        let settings = Settings::default().seeded(seed.unwrap_or(0));
        let classifier =
            Classifier::learn(&learned.table, &learned.failed[index], &learned.assets, settings)
                .map_err(|error| CliError::failed(format!("component `{component}`: {error}")))?;
        by_component.insert(component.clone(), judge_one(&classifier, &judged, index));
        session.console.note(&format!("{component} learned"));
    }
    let scores: Vec<f64> = by_component.values().filter_map(|judged| judged.f1).collect();
    let macro_f1 = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64);
    let mut lines: Vec<String> =
        by_component.iter().map(|(component, judged)| line(component, judged)).collect();
    lines.push(format!("macro F1 {}", shown(macro_f1)));
    let figures = json!({
        "rows_learned": learned.table.len(), "rows_judged": judged.table.len(),
        "features": schema.plan.names().len(), "macro_f1": macro_f1, "components": by_component,
    });
    Ok(Outcome { lines, figures })
}

/// The rows that are learned from and those that are judged.
fn parted(
    recording: &Recording,
    recordings: &Recordings,
    seed: Option<u64>,
) -> Result<(Schema, Examples, Examples), CliError> {
    match recording.dataset.split().map_err(CliError::failed)? {
        None => Err(CliError::failed("there is no `[split]`: say what to learn from")),
        Some(Split::Times(SplitTimes { train_before, test_from, test_until })) => {
            let schema = Schema::of(recording, recordings, Some(train_before));
            // What comes of a row must be known before the end of its part.
            let ends = |at: Timestamp| at.saturating_add(schema.horizon());
            let learned = schema.examples(recordings, |_, at| ends(at) < train_before)?;
            let judged = schema.examples(recordings, |_, at| {
                at >= test_from && test_until.is_none_or(|until| ends(at) < until)
            })?;
            Ok((schema, learned, judged))
        }
        Some(Split::Files) => Err(CliError::failed(
            "`[split]` by files is for remaining life; split by times or assets",
        )),
        Some(Split::Assets { test_fraction, seed: written }) => {
            let schema = Schema::of(recording, recordings, None);
            let drawn = drawn_assets(recordings, test_fraction, seed.unwrap_or(written));
            let learned = schema.examples(recordings, |asset, _| !drawn.contains(&asset))?;
            let judged = schema.examples(recordings, |asset, _| drawn.contains(&asset))?;
            Ok((schema, learned, judged))
        }
    }
}

fn judge_one(classifier: &Classifier, judged: &Examples, component: usize) -> Judged {
    let ones = &judged.failed[component];
    let mut row = Vec::new();
    let said: Vec<f64> = (0..judged.table.len())
        .map(|index| {
            row.clear();
            row.extend(judged.table.row(index));
            classifier.probability(&row)
        })
        .collect();
    let confusion = Confusion::at(&said, ones, classifier.threshold);
    let positive = ones.iter().filter(|one| **one).count();
    let base = positive as f64 / ones.len().max(1) as f64;
    Judged {
        rows: ones.len(),
        positive,
        threshold: classifier.threshold,
        confusion,
        f1: confusion.f1(),
        precision: confusion.precision(),
        recall: confusion.recall(),
        false_alarm_rate: confusion.false_alarm_rate(),
        missed_alarm_rate: confusion.missed_alarm_rate(),
        false_alarms_per_asset_month: asset_months(judged)
            .map(|months| confusion.false_positive as f64 / months),
        brier: judge::brier(&said, ones),
        brier_of_base_rate: base * (1.0 - base),
        ece: judge::expected_calibration_error(&said, ones),
    }
}

/// Time that the rows cover, summed over their assets; none where each asset has one row.
fn asset_months(judged: &Examples) -> Option<f64> {
    let mut spans = BTreeMap::new();
    for (asset, at) in judged.assets.iter().zip(&judged.at) {
        let span = spans.entry(*asset).or_insert((*at, *at));
        *span = (span.0.min(*at), span.1.max(*at));
    }
    let days = spans.values().map(|(from, until)| until.since(*from).as_secs_f64() / 86_400.0);
    let months = days.sum::<f64>() / MONTH_DAYS;
    (months > 0.0).then_some(months)
}

fn line(component: &str, judged: &Judged) -> String {
    format!(
        "{component}  F1 {}  precision {}  recall {}  {} of {} rows positive, {} false alarms per asset and month, Brier {} (base rate {:.4}), calibration error {}",
        shown(judged.f1),
        shown(judged.precision),
        shown(judged.recall),
        judged.positive,
        judged.rows,
        shown(judged.false_alarms_per_asset_month),
        shown(judged.brier),
        judged.brier_of_base_rate,
        shown(judged.ece),
    )
}
