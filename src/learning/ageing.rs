//! How much life components have left by their age alone, learned from what was replaced and what failed, and judged by
//! the failures that came later.

use messages::Timestamp;
use models::reliability::remaining::{Ageing, Left};
use models::reliability::weibull::Lives;
use serde::Serialize;
use simulator::dataset::{RecordedAsset, Recordings, SplitTimes};
use std::collections::BTreeMap;

/// How sure the intervals of shape and scale are.
const LEVEL: f64 = 0.9;
/// The attribute by which lives are put into cohorts.
const COHORT: &str = "model";

/// What is known of the lives of one component, in days, and how it fared afterwards.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    pub(super) failures: u64,
    pub(super) suspensions: u64,
    /// Why nothing is known, where it is not.
    pub(super) unknown: Option<String>,
    pub(super) shape: Option<f64>,
    pub(super) scale_days: Option<f64>,
    cohorts_told_apart: bool,
    /// Failures expected of the lives that were judged, by the ages that they went through.
    pub(super) expected_failures: Option<f64>,
    pub(super) failures_that_came: usize,
    /// Components in use when judging began, of which something was said.
    pub(super) said: usize,
    /// Those of which it was not.
    pub(super) said_unknown: usize,
    /// Of those of which something was said: failed before the lower bound, or outlived the upper one. One in ten is
    /// promised at most; lives that ended otherwise before either contradict nothing.
    pub(super) contradicted: usize,
    /// Middle of the median lives left that were said.
    pub(super) median_days: Option<f64>,
}

/// A component of one asset from when it was put in until it failed, was replaced or is no longer watched.
struct Life<'r> {
    cohort: &'r str,
    put_in_at: Timestamp,
    watched_from: Timestamp,
    until: Timestamp,
    failed: bool,
}

/// Learns from what was known before the cut; judged by what came between the times of the split.
pub(super) fn judge(recordings: &Recordings, component: &str, times: SplitTimes) -> Option<Judged> {
    let ends = recordings.assets.values().filter_map(|asset| asset.samples.last());
    let end = ends.map(|sample| sample.at).max()?;
    let end = times.test_until.map_or(end, |until| until.min(end));
    let known = lives(recordings, component, times.train_before);
    if known.is_empty() {
        return None;
    }
    let mut by_cohort: BTreeMap<String, Vec<Lives>> = BTreeMap::new();
    for life in &known {
        by_cohort.entry(life.cohort.to_owned()).or_default().push(life.counted());
    }
    let ageing = Ageing::learn(&by_cohort, LEVEL);
    let later = lives(recordings, component, end);
    let judged: Vec<&Life<'_>> = later.iter().filter(|life| life.until > times.test_from).collect();
    let failed = |lives: &[Life<'_>]| lives.iter().filter(|life| life.failed).count() as u64;
    let mut medians = Vec::new();
    let (mut said_unknown, mut contradicted) = (0, 0);
    for life in judged.iter().filter(|life| life.put_in_at < times.test_from) {
        match ageing.left(life.cohort, days(life.put_in_at, times.test_from)) {
            Ok(left) => {
                medians.push(left.median);
                contradicted += usize::from(life.contradicts(left, times.test_from));
            }
            Err(_) => said_unknown += 1,
        }
    }
    medians.sort_by(f64::total_cmp);
    let expected: Result<f64, _> = judged
        .iter()
        .map(|life| {
            let from = days(life.put_in_at, life.watched_from.max(times.test_from));
            ageing.expected(life.cohort, from, days(life.put_in_at, life.until))
        })
        .sum();
    let all = ageing.of("");
    Some(Judged {
        failures: failed(&known),
        suspensions: known.len() as u64 - failed(&known),
        unknown: all.err().map(|unknown| unknown.to_string()),
        shape: all.ok().map(|known| known.weibull.shape.value),
        scale_days: all.ok().map(|known| known.weibull.scale.value),
        cohorts_told_apart: ageing.tells_cohorts_apart(),
        expected_failures: expected.ok(),
        failures_that_came: judged.iter().filter(|life| life.failed).count(),
        said: medians.len(),
        said_unknown,
        contradicted,
        median_days: medians.get(medians.len() / 2).copied(),
    })
}

/// For people.
pub(super) fn line(component: &str, judged: &Judged) -> String {
    let fit = match (judged.shape, judged.scale_days) {
        (Some(shape), Some(scale)) => format!("Weibull shape {shape:.2}, scale {scale:.0} days"),
        _ => judged.unknown.clone().unwrap_or_default(),
    };
    format!(
        "{component}  by age: {fit}; {} failures came, {} expected; bounds said for {}, unknown for {}, {} contradicted",
        judged.failures_that_came,
        judged.expected_failures.map_or("unknown".to_owned(), |it| format!("{it:.1}")),
        judged.said,
        judged.said_unknown,
        judged.contradicted,
    )
}

/// The lives of a component that are known at `until`. One that was there when watching began is left out unless it is
/// known when it was put in.
fn lives<'r>(recordings: &'r Recordings, component: &str, until: Timestamp) -> Vec<Life<'r>> {
    recordings.assets.values().flat_map(|asset| lives_of(asset, component, until)).collect()
}

fn lives_of<'r>(asset: &'r RecordedAsset, component: &str, until: Timestamp) -> Vec<Life<'r>> {
    let Some(first) = asset.samples.first() else { return Vec::new() };
    let watched_until = watched_until(asset).map_or(until, |seen| seen.min(until));
    let times = |events: &[(Timestamp, String)]| -> Vec<Timestamp> {
        let of = events.iter().filter(|(at, name)| name == component && *at < until);
        let mut times: Vec<Timestamp> = of.map(|(at, _)| *at).collect();
        times.sort_unstable();
        times.dedup();
        times
    };
    let (put_in, failures) = (times(&asset.maintenance), times(&asset.failures));
    let cohort = asset.attributes.get(COHORT).map_or("", String::as_str);
    let life = |(place, put_in_at): (usize, &Timestamp)| {
        let replaced_at = put_in.get(place + 1).copied().unwrap_or(watched_until);
        let failed_at = failures.iter().copied().find(|at| at > put_in_at && *at <= replaced_at);
        let ends_at = failed_at.unwrap_or(replaced_at);
        let watched_from = (*put_in_at).max(first.at);
        (ends_at > watched_from).then_some(Life {
            cohort,
            put_in_at: *put_in_at,
            watched_from,
            until: ends_at,
            failed: failed_at.is_some(),
        })
    };
    put_in.iter().enumerate().filter_map(life).collect()
}

/// The last that is known of an asset: it may have failed just behind its last sample.
fn watched_until(asset: &RecordedAsset) -> Option<Timestamp> {
    let events = asset.maintenance.iter().chain(&asset.failures).map(|(at, _)| *at);
    events.chain(asset.samples.last().map(|sample| sample.at)).max()
}

impl Life<'_> {
    fn counted(&self) -> Lives {
        Lives {
            watched_from: days(self.put_in_at, self.watched_from),
            until: days(self.put_in_at, self.until),
            failed: self.failed,
            count: 1,
        }
    }

    /// Whether it ended before the lower bound that was said at `at`, or outlived the upper one.
    fn contradicts(&self, left: Left, at: Timestamp) -> bool {
        let lived = days(at, self.until);
        (self.failed && lived < left.low) || left.high.is_some_and(|high| lived > high)
    }
}

fn days(from: Timestamp, until: Timestamp) -> f64 {
    until.since(from).as_secs_f64() / 86_400.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator::dataset::Sample;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_millis(number * 86_400_000).unwrap()
    }

    #[test]
    fn a_life_is_watched_no_longer_than_anything_is_known_of_its_asset() {
        let samples =
            (0..=10).map(|number| Sample { at: day(number), values: vec![], truth: None });
        let mut asset = RecordedAsset {
            samples: samples.collect(),
            maintenance: vec![(day(1), "brake".to_owned())],
            ..RecordedAsset::default()
        };
        let ends = |asset: &RecordedAsset, until: i64| -> Vec<(Timestamp, bool)> {
            let lives = lives_of(asset, "brake", day(until));
            lives.iter().map(|life| (life.until, life.failed)).collect()
        };
        assert_eq!(ends(&asset, 30), [(day(10), false)], "others were recorded for longer");
        assert_eq!(ends(&asset, 5), [(day(5), false)]);
        asset.failures.push((day(11), "brake".to_owned()));
        assert_eq!(ends(&asset, 30), [(day(11), true)]);
    }
}
