//! Why alarms were raised: what features added, the smallest change that would clear them, and past rows like theirs.

use super::rows::Rows;
use super::{heaviest, spread};
use messages::Timestamp;
use models::explain::{CHANGES_MAX, Change, Known};
use models::training::Classifier;
use serde::Serialize;
use std::collections::BTreeSet;

/// Alarms that are told about one by one, each of another asset.
const SHOWN_MAX: usize = 3;
/// Alarms, evenly spread, that are tried to be cleared.
const TRIED_MAX: usize = 40;
/// Features that are told of one alarm.
const REASONS_SHOWN: usize = 5;
/// Features, those that spoke most for the alarm, that may be changed to clear it.
const CHANGED_FROM: usize = 16;
/// Past rows that are told of one alarm.
const ALIKE_SHOWN: usize = 3;

/// What is known of the rows that were learned from.
pub(super) struct Background<'r> {
    learned: &'r Rows,
    known: Known<'r>,
    /// The first so many features are those that anything but time and birth can change.
    changing: usize,
    ids: &'r [&'r str],
}

/// How many features must change for alarms to be cleared.
#[derive(Debug, Default, Serialize)]
pub(super) struct Cleared {
    pub(super) tried: usize,
    /// By one feature, two, and so on.
    pub(super) by_changes: [usize; CHANGES_MAX],
    /// What was changed most often, with the share of the cleared alarms.
    pub(super) features: Vec<(String, f64)>,
}

/// One alarm and why it was raised.
#[derive(Debug, Serialize)]
pub(super) struct Explained {
    pub(super) asset: String,
    pub(super) at: Timestamp,
    pub(super) probability: f64,
    /// Hours until it failed; none where it did not within the horizon.
    pub(super) failed_in_hours: Option<f64>,
    /// What features added to the score before calibration, the most first.
    pub(super) contributions: Vec<(String, f64)>,
    /// The smallest change found that would clear it; none where there is none.
    pub(super) cleared_by: Option<Vec<Changed>>,
    pub(super) alike: Vec<Past>,
}

/// One feature changed.
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    pub(super) feature: String,
    pub(super) from: f32,
    pub(super) to: f32,
}

/// A row that was learned from, and what came of it.
#[derive(Debug, Serialize)]
pub(super) struct Past {
    pub(super) asset: String,
    pub(super) at: Timestamp,
    /// 0 for the same, at most 1.
    pub(super) distance: f64,
    pub(super) failed_in_hours: Option<f64>,
}

impl<'r> Background<'r> {
    pub(super) fn new(learned: &'r Rows, changing: usize, ids: &'r [&'r str]) -> Self {
        Self { learned, known: Known::of(&learned.table), changing, ids }
    }

    /// What it takes to clear some of these alarms.
    pub(super) fn cleared(
        &self,
        classifier: &Classifier,
        judged: &Rows,
        alarms: &[usize],
    ) -> Cleared {
        let mut cleared = Cleared::default();
        let names = self.learned.table.names();
        let mut counts = vec![0_usize; names.len()];
        for row in spread(alarms, TRIED_MAX) {
            cleared.tried += 1;
            let row = judged.row(*row);
            let (_, parts) = classifier.contributions(&row);
            let Some(changes) = self.clearing(classifier, &row, &parts) else { continue };
            if let Some(place) = changes.len().checked_sub(1) {
                cleared.by_changes[place] += 1;
            }
            changes.iter().for_each(|change| counts[change.feature] += 1);
        }
        let all: usize = cleared.by_changes.iter().sum();
        let shares = counts.into_iter().map(|count| count as f64 / all.max(1) as f64);
        cleared.features = heaviest(names, shares, REASONS_SHOWN);
        cleared.features.retain(|(_, share)| *share > 0.0);
        cleared
    }

    /// The surest of these alarms, each of another asset; `said` is what was said of every row.
    pub(super) fn surest(
        &self,
        classifier: &Classifier,
        judged: &Rows,
        component: usize,
        (alarms, said): (&[usize], &[f64]),
    ) -> Vec<Explained> {
        let mut surest = alarms.to_vec();
        surest.sort_by(|a, b| said[*b].total_cmp(&said[*a]).then(a.cmp(b)));
        let mut assets = BTreeSet::new();
        surest.retain(|row| assets.len() < SHOWN_MAX && assets.insert(judged.assets[*row]));
        let one = |row: usize| self.one(classifier, judged, component, (row, said[row]));
        surest.into_iter().map(one).collect()
    }

    fn one(
        &self,
        classifier: &Classifier,
        judged: &Rows,
        component: usize,
        (index, probability): (usize, f64),
    ) -> Explained {
        let row = judged.row(index);
        let (_, parts) = classifier.contributions(&row);
        let names = self.learned.table.names();
        let changed = |change: &Change| Changed {
            feature: names[change.feature].clone(),
            from: change.from,
            to: change.to,
        };
        let cleared_by = self.clearing(classifier, &row, &parts);
        let alike = self.known.alike(&row, &parts, &self.learned.assets, ALIKE_SHOWN);
        let past = alike.iter().map(|alike| Past {
            asset: self.id(self.learned.assets[alike.row]),
            at: self.learned.at[alike.row],
            distance: alike.distance,
            failed_in_hours: failed_in_hours(self.learned, component, alike.row),
        });
        Explained {
            asset: self.id(judged.assets[index]),
            at: judged.at[index],
            probability,
            failed_in_hours: failed_in_hours(judged, component, index),
            contributions: heaviest(names, parts.iter().copied(), REASONS_SHOWN),
            cleared_by: cleared_by.map(|changes| changes.iter().map(changed).collect()),
            alike: past.collect(),
        }
    }

    /// The smallest change of what spoke for the alarm that clears it.
    fn clearing(&self, classifier: &Classifier, row: &[f32], parts: &[f64]) -> Option<Vec<Change>> {
        let mut features: Vec<usize> = (0..self.changing).filter(|it| parts[*it] > 0.0).collect();
        features.sort_by(|a, b| parts[*b].total_cmp(&parts[*a]));
        features.truncate(CHANGED_FROM);
        let says = |row: &[f32]| classifier.probability(row);
        self.known.clearing(row, &features, classifier.threshold, says)
    }

    fn id(&self, asset: u32) -> String {
        self.ids[asset as usize].to_owned()
    }
}

fn failed_in_hours(rows: &Rows, component: usize, row: usize) -> Option<f64> {
    rows.fails_in[component][row].map(|soon| soon.as_secs_f64() / 3_600.0)
}
