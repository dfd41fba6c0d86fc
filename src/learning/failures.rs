//! How well failures are foreseen, component by component.

use super::explained::{Background, Cleared, Explained};
use super::report::{Section, failures as sections};
use super::rows::{Features, Rows, drawn_assets};
use super::{Choice, Found, Outcome, Progress, REASONS_ROWS_MAX, REASONS_SHOWN};
use super::{ageing, entries, heaviest, shown, spread, tuned};
use crate::error::CliError;
use crate::replaying::Recording;
use messages::Timestamp;
use models::model::{Learned, Model, Origin, hash};
use models::supervised::boost::Loss;
use models::supervised::judge::{self, Confusion, Reliability};
use models::training::tuning::Tried;
use models::training::{Classifier, Examples, GROWTHS, Settings};
use serde::Serialize;
use serde_json::json;
use simulator::dataset::{Recordings, Split, SplitTimes};
use std::collections::BTreeMap;

/// Days of a mean month.
const MONTH_DAYS: f64 = 365.2425 / 12.0;

/// How well the failures of one component are foreseen.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    rows: usize,
    positive: usize,
    threshold: f64,
    #[serde(flatten)]
    pub(super) confusion: Confusion,
    pub(super) f1: Option<f64>,
    pub(super) precision: Option<f64>,
    pub(super) recall: Option<f64>,
    false_alarm_rate: Option<f64>,
    missed_alarm_rate: Option<f64>,
    false_alarms_per_asset_month: Option<f64>,
    brier: Option<f64>,
    /// Brier score of always saying the share of failures among these rows.
    brier_of_base_rate: f64,
    ece: Option<f64>,
    /// Failures that came while rows were judged.
    pub(super) failures: usize,
    /// Hours between the first alarm within the horizon and the failure, of those that were foreseen, ascending.
    pub(super) lead_hours: Vec<f64>,
    lead_time_hours: Option<f64>,
    pub(super) reliability: Vec<Reliability>,
    /// Recall and precision from the highest threshold to the lowest.
    #[serde(skip)]
    pub(super) precision_recall: Vec<(f64, f64)>,
    /// What features added to the scores of alarms, or of some where they are many, on average, the largest first.
    pub(super) contributions: Vec<(String, f64)>,
    /// How many features must change for alarms to be cleared.
    pub(super) cleared: Cleared,
    /// The surest alarms of as many assets: why, what would clear them, and what came of rows like theirs.
    pub(super) explained: Vec<Explained>,
}

/// Learns to foresee the failures of each component, and judges that.
pub(super) fn learn(
    recording: &Recording,
    choice: Choice,
    progress: &Progress,
) -> Result<Found, CliError> {
    let recordings = recording.dataset.recordings().map_err(CliError::failed)?;
    let Parts { features, learned, judged, times } = parted(recording, &recordings, choice)?;
    let base = Settings::default().seeded(choice.seed.unwrap_or(0));
    let (settings, tried) = match choice.tune {
        true => tune(&features, &learned, times.is_some(), base, progress)?,
        false => (base, Vec::new()),
    };
    let components = features.components();
    let (by_component, refused) = classifiers(components, &learned, settings, progress)?;
    let ids: Vec<&str> = recordings.assets.keys().map(String::as_str).collect();
    // The last ones are how long it has been watched, and the attributes.
    let lasting = features.schema.plan.attributes.len() + 1;
    let background = Background::new(&learned, features.width() - lasting, &ids);
    let origin = Origin {
        dataset: recording.dataset.name().to_owned(),
        data: data_hash(&learned),
        rows: learned.table.len() as u64,
        seed: choice.seed.unwrap_or(0),
        settings,
    };
    let mut outcome = judged_by(components, (&by_component, &refused), &judged, &background);
    let by_age = by_age(&recordings, components, times);
    outcome.lines.extend(by_age.iter().map(|(component, judged)| ageing::line(component, judged)));
    outcome.sections.extend(sections::by_age(&by_age));
    if choice.tune {
        outcome.figures.insert("tried".to_owned(), tuned::shown(&tried));
    }
    outcome.figures.extend(entries(json!({
        "by_age": by_age,
        "rows_learned": learned.table.len(), "rows_judged": judged.table.len(),
        "features": features.width(), "data_sha256": origin.data,
    })));
    let learned = Learned::Failures { within: features.horizon(), by_component };
    outcome.model =
        Some(Model { schema: features.schema, origin, figures: BTreeMap::new(), learned });
    Ok((outcome, recordings.rows))
}

/// How components age, where times part what is learned from and what is judged.
fn by_age<'c>(
    recordings: &Recordings,
    components: &'c [String],
    times: Option<SplitTimes>,
) -> BTreeMap<&'c str, ageing::Judged> {
    let judge = |component: &'c String| {
        let judged = ageing::judge(recordings, component, times?)?;
        Some((component.as_str(), judged))
    };
    components.iter().filter_map(judge).collect()
}

/// SHA-256 of rows and what came of them.
pub(super) fn data_hash(rows: &Rows) -> String {
    let truth: Vec<Vec<f64>> = rows.failed.iter().map(|failed| numbers(failed)).collect();
    let truth: Vec<&[f64]> = truth.iter().map(Vec::as_slice).collect();
    hash(&rows.table, &truth)
}

/// The best settings for all components together, and what was tried.
fn tune(
    features: &Features,
    learned: &Rows,
    is_by_time: bool,
    base: Settings,
    progress: &Progress,
) -> Result<(Settings, Vec<Tried>), CliError> {
    let splits = match learned.failed.first() {
        Some(outcomes) if !is_by_time => {
            Examples { table: &learned.table, outcomes, groups: &learned.assets }.inner()
        }
        _ => tuned::by_time(learned, features.horizon()),
    };
    let outcomes: Vec<Vec<f32>> = learned
        .failed
        .iter()
        .map(|failed| failed.iter().map(|one| f32::from(u8::from(*one))).collect())
        .collect();
    tuned::choose(learned, &outcomes, &splits, (base, Loss::Logistic), progress)
}

/// How well the failures of each component are foreseen in rows that nothing was learned from.
pub(super) fn judged_by(
    components: &[String],
    (by_component, refused): (&BTreeMap<String, Classifier>, &BTreeMap<String, String>),
    judged: &Rows,
    background: &Background<'_>,
) -> Outcome {
    let one = |(index, component): (usize, &String)| {
        let classifier = by_component.get(component)?;
        Some((component.clone(), judge_one(classifier, judged, index, background)))
    };
    outcome(&components.iter().enumerate().filter_map(one).collect(), refused)
}

/// One classifier for each component whose failures can be learned, and why not for the others.
pub(super) type Classifiers = (BTreeMap<String, Classifier>, BTreeMap<String, String>);

pub(super) fn classifiers(
    components: &[String],
    learned: &Rows,
    settings: Settings,
    progress: &Progress,
) -> Result<Classifiers, CliError> {
    let (mut by_component, mut refused) = (BTreeMap::new(), BTreeMap::new());
    progress.begin(components.len() * GROWTHS, "learning");
    for (component, outcomes) in components.iter().zip(&learned.failed) {
        let examples = Examples { table: &learned.table, outcomes, groups: &learned.assets };
        match Classifier::learn(&examples, settings, &mut || progress.step(component)) {
            Ok(classifier) => drop(by_component.insert(component.clone(), classifier)),
            Err(error) => drop(refused.insert(component.clone(), error.to_string())),
        }
    }
    if by_component.is_empty() {
        let reasons: Vec<String> =
            refused.iter().map(|(component, why)| format!("`{component}`: {why}")).collect();
        let reasons = reasons.join("; ");
        return Err(CliError::failed(format!("no component's failures can be learned: {reasons}")));
    }
    Ok((by_component, refused))
}

fn numbers(ones: &[bool]) -> Vec<f64> {
    ones.iter().map(|one| f64::from(u8::from(*one))).collect()
}

fn outcome(judged: &BTreeMap<String, Judged>, refused: &BTreeMap<String, String>) -> Outcome {
    let mean = |figure: fn(&Judged) -> Option<f64>| {
        let known: Vec<f64> = judged.values().filter_map(figure).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    let macro_f1 = mean(|judged| judged.f1);
    let mut pooled = Confusion::default();
    judged.values().for_each(|judged| pooled.absorb(judged.confusion));
    let mut leads: Vec<f64> =
        judged.values().flat_map(|judged| judged.lead_hours.iter().copied()).collect();
    leads.sort_by(f64::total_cmp);
    let mut lines: Vec<String> =
        judged.iter().map(|(component, judged)| line(component, judged)).collect();
    lines.extend(refused.iter().map(|(component, why)| format!("{component}  not learned: {why}")));
    lines.push(format!("macro F1 {}", shown(macro_f1)));
    let false_alarms: Option<f64> =
        judged.values().map(|judged| judged.false_alarms_per_asset_month).sum();
    let figures = entries(json!({
        "macro_f1": macro_f1, "f1": pooled.f1(),
        "false_alarm_rate": pooled.false_alarm_rate(),
        "missed_alarm_rate": pooled.missed_alarm_rate(),
        "false_alarms_per_asset_month": false_alarms,
        "brier": mean(|judged| judged.brier), "ece": mean(|judged| judged.ece),
        "brier_of_base_rate": mean(|judged| Some(judged.brier_of_base_rate)),
        "lead_time_hours": middle(&leads),
        "components": judged, "not_learned": refused,
    }));
    let sections: Vec<Section> = sections::all(judged);
    Outcome { lines, figures, sections, model: None }
}

/// The rows that are learned from and those that are judged.
struct Parts {
    features: Features,
    learned: Rows,
    judged: Rows,
    /// What parts them, where that is time.
    times: Option<SplitTimes>,
}

fn parted(
    recording: &Recording,
    recordings: &Recordings,
    choice: Choice,
) -> Result<Parts, CliError> {
    match recording.dataset.split().map_err(CliError::failed)? {
        None => Err(CliError::failed("there is no `[split]`: say what to learn from")),
        Some(Split::Times(times)) => by_time(recording, recordings, times, choice),
        Some(_) if choice.train_before.is_some() || choice.test_until.is_some() => {
            Err(CliError::failed(
                "`[split]` is not by times: leave `--train-before` and `--test-until` out",
            ))
        }
        Some(Split::Files) => Err(CliError::failed(
            "`[split]` by files is for remaining life; split by times or assets",
        )),
        Some(Split::Assets { test_fraction, seed: written }) => {
            let features = Features::of(recording, recordings, None);
            let drawn = drawn_assets(recordings, test_fraction, choice.seed.unwrap_or(written));
            let learned = features.rows(recordings, |asset, _| !drawn.contains(&asset))?;
            let judged = features.rows(recordings, |asset, _| drawn.contains(&asset))?;
            Ok(Parts { features, learned, judged, times: None })
        }
    }
}

fn by_time(
    recording: &Recording,
    recordings: &Recordings,
    times: SplitTimes,
    choice: Choice,
) -> Result<Parts, CliError> {
    let train_before = choice.train_before.unwrap_or(times.train_before);
    let features = Features::of(recording, recordings, Some(train_before));
    // What comes of a row must be known before the end of its part.
    let ends = |at: Timestamp| at.saturating_add(features.horizon());
    let test_from = match choice.train_before {
        Some(train_before) => ends(train_before),
        None => times.test_from,
    };
    let test_until = choice.test_until.or(times.test_until);
    let learned = features.rows(recordings, |_, at| ends(at) < train_before)?;
    let judged = features.rows(recordings, |_, at| {
        at >= test_from && test_until.is_none_or(|until| ends(at) < until)
    })?;
    let times = Some(SplitTimes { train_before, test_from, test_until });
    Ok(Parts { features, learned, judged, times })
}

fn judge_one(
    classifier: &Classifier,
    judged: &Rows,
    component: usize,
    background: &Background<'_>,
) -> Judged {
    let ones = &judged.failed[component];
    let said: Vec<f64> =
        (0..judged.table.len()).map(|row| classifier.probability(&judged.row(row))).collect();
    let confusion = Confusion::at(&said, ones, classifier.threshold);
    let positive = ones.iter().filter(|one| **one).count();
    let base = positive as f64 / ones.len().max(1) as f64;
    let alarms: Vec<usize> =
        (0..said.len()).filter(|row| said[*row] >= classifier.threshold).collect();
    let (failures, lead_hours) = leads(judged, component, &alarms);
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
        failures,
        lead_time_hours: middle(&lead_hours),
        lead_hours,
        reliability: judge::reliability(&said, ones),
        precision_recall: judge::precision_recall(&said, ones),
        contributions: reasons(classifier, judged, &alarms),
        cleared: background.cleared(classifier, judged, &alarms),
        explained: background.surest(classifier, judged, component, (&alarms, &said)),
    }
}

/// How many failures came, and how many hours before each of them the first alarm within the horizon was.
fn leads(judged: &Rows, component: usize, alarms: &[usize]) -> (usize, Vec<f64>) {
    let fails_in = &judged.fails_in[component];
    let failure = |row: usize| {
        fails_in[row].map(|soon| (judged.assets[row], judged.at[row].saturating_add(soon)))
    };
    let mut leads: BTreeMap<(u32, Timestamp), f64> = BTreeMap::new();
    for row in alarms {
        if let (Some(failure), Some(soon)) = (failure(*row), fails_in[*row]) {
            let lead = leads.entry(failure).or_insert(0.0);
            *lead = lead.max(soon.as_secs_f64() / 3_600.0);
        }
    }
    let mut failures: Vec<_> = (0..fails_in.len()).filter_map(failure).collect();
    failures.sort_unstable();
    failures.dedup();
    let mut hours: Vec<f64> = leads.into_values().collect();
    hours.sort_by(f64::total_cmp);
    (failures.len(), hours)
}

/// What features added to the scores of some of these rows on average.
fn reasons(classifier: &Classifier, judged: &Rows, alarms: &[usize]) -> Vec<(String, f64)> {
    let mut sums = vec![0.0; judged.table.names().len()];
    let some = spread(alarms, REASONS_ROWS_MAX);
    let count = some.len() as f64;
    for row in some {
        let (_, parts) = classifier.contributions(&judged.row(*row));
        sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part / count);
    }
    let mut named = heaviest(judged.table.names(), sums, REASONS_SHOWN);
    named.retain(|(_, part)| part.abs() > 0.0);
    named
}

/// The middle one of ascending values.
fn middle(values: &[f64]) -> Option<f64> {
    values.get(values.len() / 2).copied()
}

/// Time that the rows cover, summed over their assets; none where each asset has one row.
fn asset_months(judged: &Rows) -> Option<f64> {
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
