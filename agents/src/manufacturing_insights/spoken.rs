//! Numbers as they are told: rates with their intervals and what was counted, causes, lives, failures that are alike.

use super::census::{Census, Cohort, Failure, Sum};
use super::group::Compared;
use super::{begun, years};
use messages::finding::{FailureRecorded, FindingRecorded};
use messages::pattern::{Alike, Bar, CauseReported, Estimate, Group, LifeSpan, Query, Rate};
use messages::{Finite, Message, Timestamp};
use models::reliability::weibull::{self, Bounded};
use models::reliability::{alike, pareto, rate};
use std::collections::{BTreeMap, BTreeSet};

/// Probability that an interval holds the truth.
const LEVEL: f64 = 0.95;

/// Causes that are told, those of most failures first.
const CAUSES_TOLD: usize = 5;

/// Seed of the clustering: what it draws decides nothing but where it begins.
const SEED: u64 = 1;

pub(super) fn finite(value: f64) -> Option<Finite> {
    Finite::new(value).ok()
}

/// A number of ours that is one.
pub(super) fn number(value: f64) -> Finite {
    Finite::new(value).expect("counts, and quotients by what is above zero, are finite")
}

/// How often a group fails.
pub(super) fn rate_of(
    census: &Census,
    component: &str,
    group: &Group,
    sum: Sum,
    now: Timestamp,
) -> Rate {
    let per_1000 = |value: f64| finite(1_000.0 * value);
    let estimate = rate::rate(sum.failures, years(sum.days), LEVEL).and_then(|it| {
        Some(Estimate {
            low: per_1000(it.low),
            value: per_1000(it.value)?,
            high: per_1000(it.high),
        })
    });
    Rate {
        group: group.clone(),
        failures: sum.failures,
        assets: sum.assets,
        life_days: number(sum.days),
        per_1000_years: estimate,
        ratio: None,
        p_raw: None,
        p_value: None,
        query: query(census, component, group, sum.failures, now),
    }
}

/// How often a compared group fails, and how much more often than the rest.
pub(super) fn compared_rate(census: &Census, compared: &Compared, now: Timestamp) -> Rate {
    Rate {
        ratio: compared.ratio().and_then(finite),
        p_raw: finite(compared.p_raw),
        p_value: finite(compared.p_value),
        ..rate_of(census, &compared.component, &compared.group, compared.own, now)
    }
}

fn query(census: &Census, component: &str, group: &Group, records: u64, now: Timestamp) -> Query {
    let mut condition = format!("component == '{component}'");
    let named = [("model", &group.model), ("supplier", &group.supplier), ("batch", &group.batch)];
    for (name, value) in named.into_iter().filter_map(|(name, it)| Some((name, it.as_ref()?))) {
        condition += &format!(" && {name} == '{value}'");
    }
    let known: Vec<&Failure> =
        recent(census, component, |cohort| group.holds(&census.group(cohort)));
    // The first is known only while no failure of the component was forgotten.
    let all = known.len() as u64 == records;
    Query {
        counted: vec![FailureRecorded::NAME.to_owned(), FindingRecorded::NAME.to_owned()],
        condition,
        from: begun(census, now),
        until: now,
        records,
        first: known.first().filter(|_| all).map(|failure| failure.id),
        last: known.last().map(|failure| failure.id),
    }
}

/// The newest failures of a component in the cohorts that `wanted` holds of.
pub(super) fn recent<'c>(
    census: &'c Census,
    component: &str,
    wanted: impl Fn(Cohort) -> bool,
) -> Vec<&'c Failure> {
    let counts = census.components.get(component);
    let recent = counts.into_iter().flat_map(|counts| &counts.recent);
    recent.filter(|failure| wanted(failure.cohort)).collect()
}

/// What workshops report of `failures`: each cause by how many of them.
pub(super) fn causes(census: &Census, failures: &[&Failure]) -> Vec<CauseReported> {
    let mut said: BTreeMap<&str, (u32, BTreeSet<&str>, Vec<&str>)> = BTreeMap::new();
    let mut workshops = BTreeSet::new();
    for failure in failures {
        let [cause, part, workshop] = census.explanation(failure);
        let (Some(cause), Some(workshop)) = (cause, workshop) else { continue };
        workshops.insert(workshop);
        let (count, by, parts) = said.entry(cause).or_default();
        *count += 1;
        by.insert(workshop);
        parts.extend(part);
    }
    let count = |names: &BTreeSet<&str>| u32::try_from(names.len()).unwrap_or(u32::MAX);
    let mut causes: Vec<CauseReported> = said
        .into_iter()
        .map(|(cause, (failures, by, parts))| CauseReported {
            cause: cause.to_owned(),
            part: most(parts.iter().copied()).map(|(part, _)| part.to_owned()),
            workshops: count(&by),
            of_workshops: count(&workshops),
            failures,
        })
        .collect();
    causes
        .sort_by(|one, other| other.failures.cmp(&one.failures).then(one.cause.cmp(&other.cause)));
    causes.truncate(CAUSES_TOLD);
    causes
}

/// What comes most often, and how often.
fn most<'t>(texts: impl Iterator<Item = &'t str>) -> Option<(&'t str, u32)> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    texts.for_each(|text| *counts.entry(text).or_default() += 1);
    counts
        .into_iter()
        .max_by(|(one, first), (other, second)| first.cmp(second).then(other.cmp(one)))
}

/// After how long a component fails in the cohorts that `wanted` holds of, or why that is unknown.
pub(super) fn life(
    census: &Census,
    component: &str,
    now: Timestamp,
    wanted: impl Fn(Cohort) -> bool,
) -> Result<LifeSpan, String> {
    let fitted = weibull::fit(&census.lives(component, now, wanted), LEVEL);
    let fitted = fitted.map_err(|unknown| unknown.to_string())?;
    let estimate = |bounded: Bounded| {
        Some(Estimate {
            low: bounded.low.and_then(finite),
            value: finite(bounded.value)?,
            high: bounded.high.and_then(finite),
        })
    };
    let parts = [fitted.shape, fitted.scale, fitted.b10].map(estimate);
    let [Some(shape), Some(scale_days), Some(b10_days)] = parts else {
        return Err("the scale is beyond what can be written".to_owned());
    };
    Ok(LifeSpan {
        failures: fitted.failures,
        suspensions: fitted.suspensions,
        shape,
        scale_days,
        b10_days,
        age_step_days: census.step_days(),
    })
}

/// Groups of failures that are alike in age and time, and how they were found, or why there are none.
pub(super) fn alike_failures(census: &Census, component: &str) -> (Vec<Alike>, String) {
    let failures = recent(census, component, |_| true);
    let day = |at: Timestamp| at.as_millis() as f64 / 86_400_000.0;
    let row = |failure: &&Failure| vec![f64::from(failure.age_days), day(failure.at)];
    let rows: Vec<Vec<f64>> = failures.iter().map(row).collect();
    match alike::groups(&rows, SEED) {
        Err(unknown) => (Vec::new(), unknown.to_string()),
        Ok(groups) => {
            let count = groups.group.iter().flatten().max().map_or(0, |highest| highest + 1);
            let of = |wanted: usize| {
                let placed = failures.iter().zip(&groups.group);
                placed.filter(|(_, its)| **its == Some(wanted)).map(|(it, _)| *it).collect()
            };
            let note = format!(
                "{:?} on age and time of {} failures, silhouette {:.2}",
                groups.method,
                rows.len(),
                groups.silhouette
            );
            ((0..count).filter_map(|group| summary(census, of(group))).collect(), note)
        }
    }
}

fn summary(census: &Census, failures: Vec<&Failure>) -> Option<Alike> {
    let mut ages: Vec<u16> = failures.iter().map(|failure| failure.age_days).collect();
    ages.sort_unstable();
    let batches: Vec<String> =
        failures.iter().filter_map(|failure| census.group(failure.cohort).batch).collect();
    let causes = failures.iter().filter_map(|failure| census.explanation(failure)[0]);
    let owned = |(name, count): (&str, u32)| (name.to_owned(), count);
    Some(Alike {
        failures: u32::try_from(failures.len()).unwrap_or(u32::MAX),
        age_days: number(f64::from(*ages.get(ages.len() / 2)?)),
        from: failures.iter().map(|failure| failure.at).min()?,
        until: failures.iter().map(|failure| failure.at).max()?,
        batch: most(batches.iter().map(String::as_str)).map(owned),
        cause: most(causes).map(owned),
    })
}

/// Bars of a Pareto chart.
pub(super) fn bars(values: impl IntoIterator<Item = (String, f64)>) -> Vec<Bar> {
    let bars = pareto::pareto(values).into_iter();
    bars.map(|bar| Bar { name: bar.name, value: number(bar.value), covered: number(bar.covered) })
        .collect()
}
