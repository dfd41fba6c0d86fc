//! What an outlook promises, on worked numbers and on seeded channels.

use super::*;
use crate::noise::Noise;
use crate::stats::LineSums;
use proptest::prelude::*;

const COOLANT: Limit =
    Limit { value: 110.0, direction: Direction::Rising, wander: 3.0, slope_deviation: 0.7 };

const OBSERVED: Observed = Observed {
    level: 100.0,
    level_error: 0.5,
    slope_per_hour: 1.0,
    slope_error: 0.05,
    residual_deviation: 1.0,
    panes: 72,
    span_hours: 12.0,
    age_hours: 0.0,
};

fn said(observed: Observed, evidence: &[Evidence<'static>], horizon: f64) -> Outlook<'static> {
    outlook(&Settings::default(), &COOLANT, Channel::Observed(observed), evidence, horizon).unwrap()
}

fn refused(channel: Channel) -> CannotSay {
    outlook(&Settings::default(), &COOLANT, channel, &[], 48.0).unwrap_err()
}

/// The line through panes of `minutes` each, ending now; `level` gives the value at an hour before now.
fn observe(panes: u32, minutes: f64, mut level: impl FnMut(f64) -> f64) -> Observed {
    let mut sums = LineSums::default();
    let hours = |pane: u32| (f64::from(pane) - f64::from(panes) + 1.0) * minutes / 60.0;
    (0..panes).for_each(|pane| sums.add(hours(pane), level(hours(pane)), 1.0));
    let fit = sums.fit(0.0).unwrap();
    Observed {
        level: fit.level,
        level_error: fit.level_error,
        slope_per_hour: fit.slope,
        slope_error: fit.slope_error,
        residual_deviation: fit.residual_deviation,
        panes,
        span_hours: -hours(0),
        age_hours: 0.0,
    }
}

/// Of [`OBSERVED`], by hand: 0.05² + 2.461 (3 / 12)² = 0.1563125 is the variance of the slope seen, the prior's
/// is 0.7² = 0.49.
const RELIABILITY: f64 = 0.49 / 0.646_312_5;
const SLOPE_VARIANCE: f64 = 0.49 * 0.156_312_5 / 0.646_312_5;
/// 0.5² + 1² + 3².
const LEVEL_VARIANCE: f64 = 10.25;

/// Variance of the slope over `points` of a wander of deviation 1 whose correlation fades within `time` spans.
fn slope_variance(points: u32, time: f64) -> f64 {
    let step = 1.0 / f64::from(points);
    let xs: Vec<f64> = (0..points).map(|point| (f64::from(point) + 0.5) * step - 0.5).collect();
    let spread: f64 = xs.iter().map(|x| x * x).sum();
    let correlation = |x: f64, y: f64| (-(x - y).abs() / time).exp();
    let pairs = xs.iter().flat_map(|x| xs.iter().map(move |y| x * y * correlation(*x, *y)));
    pairs.sum::<f64>() / (spread * spread)
}

#[test]
fn no_time_scale_of_wandering_makes_steeper_slopes_than_assumed() {
    let times = (1..60).map(|step| 0.01 * 1.15_f64.powi(step));
    let highest = times.map(|time| slope_variance(200, time)).fold(0.0, f64::max);
    assert!((highest / WANDER_SLOPE_VARIANCE - 1.0).abs() < 0.01, "{highest}");
}

#[test]
fn the_score_agrees_with_a_worked_example() {
    let found = said(OBSERVED, &[Evidence { name: "P0217", value: 1.0, weight: 0.8 }], 20.0);
    let deviation = (LEVEL_VARIANCE + SLOPE_VARIANCE * 400.0).sqrt();
    assert!((found.reliability - RELIABILITY).abs() < 1e-12);
    let expected = [-10.0 / deviation, 20.0 * RELIABILITY / deviation, 0.8];
    for (part, expected) in found.contributions.iter().zip(expected) {
        assert!((part.probits - expected).abs() < 1e-12, "{part:?}, not {expected}");
    }
    let names: Vec<_> = found.contributions.iter().map(|part| part.name).collect();
    assert_eq!(names, [LEVEL, SLOPE, "P0217"]);
    assert!((found.probability - normal_cdf(expected.iter().sum())).abs() < 1e-12);
}

#[test]
fn quantiles_of_the_time_left_solve_fiellers_equation() {
    let near = Observed { level: 104.0, slope_per_hour: 2.0, ..OBSERVED };
    let left = said(near, &[], 20.0).time_left.unwrap();
    let variance = |r: f64| LEVEL_VARIANCE + SLOPE_VARIANCE * r * r;
    for (hours, probability) in
        [(Some(left.hours_10), 0.1), (left.hours_50, 0.5), (left.hours_90, 0.9)]
    {
        let hours = hours.unwrap();
        let z = (2.0 * RELIABILITY * hours - 6.0) / variance(hours).sqrt();
        assert!(
            (z - normal_quantile(probability).unwrap()).abs() < 1e-9,
            "{probability}: {hours} h"
        );
    }
    assert!((left.hours_50.unwrap() - 3.0 / RELIABILITY).abs() < 1e-9);
}

#[test]
fn every_reason_to_say_nothing_is_named() {
    assert_eq!(refused(Channel::Missing), CannotSay::ChannelMissing);
    assert_eq!(refused(Channel::SensorFaulted), CannotSay::SensorFaulted);
    let with = |change: fn(&mut Observed)| {
        let mut observed = OBSERVED;
        change(&mut observed);
        refused(Channel::Observed(observed))
    };
    assert_eq!(with(|o| o.panes = 5), CannotSay::TooFewPanes { panes: 5, needed: 6 });
    let short = CannotSay::SpanTooShort { hours: 0.4, needed: 0.5 };
    assert_eq!(with(|o| o.span_hours = 0.4), short);
    assert_eq!(with(|o| o.age_hours = 1.5), CannotSay::Stale { hours: 1.5, allowed: 1.0 });
    let negative = CannotSay::Unusable { name: "slope error", value: -1.0 };
    assert_eq!(with(|o| o.slope_error = -1.0), negative);
    assert!(matches!(with(|o| o.level = f64::NAN), CannotSay::Unusable { name: "level", .. }));
    assert!(matches!(with(|o| o.span_hours = f64::NAN), CannotSay::Unusable { name: "span", .. }));
}

#[test]
fn a_regulated_healthy_channel_is_left_alone() {
    let mut noise = Noise::seeded(31);
    let mut probabilities = Vec::new();
    for trial in 0..2_000 {
        // Slow regulation within 90 ± 5, measured for half an hour up to a day.
        let panes = [6, 12, 36, 72, 288][trial % 5];
        let mut swing = 2.0 * noise.normal();
        let observed = observe(panes, 6.0, |_| {
            swing = 0.95 * swing + 0.31 * 2.0 * noise.normal();
            90.0 + swing.clamp(-5.0, 5.0) + 0.3 * noise.normal()
        });
        probabilities.push(said(observed, &[], 48.0).probability);
    }
    let highest = probabilities.iter().copied().fold(0.0, f64::max);
    let mean = probabilities.iter().sum::<f64>() / probabilities.len() as f64;
    println!("healthy coolant, 2,000 trials: mean p {mean:.5}, highest {highest:.4}");
    assert!(highest < 0.3, "{highest}");
    assert!(mean < 0.01, "{mean}");
}

#[test]
fn a_clear_ramp_is_seen_well_before_it_crosses() {
    let mut noise = Noise::seeded(32);
    let mut leads = Vec::new();
    for _ in 0..200 {
        // 90 °C, then 1 °C/h for 20 h to 110 °C; hours are counted from the start of the ramp.
        let lead = (1..20).find_map(|hour| {
            let now = f64::from(hour);
            let observed =
                observe(120, 6.0, |before| 90.0 + (now + before).max(0.0) + 1.5 * noise.normal());
            let found = said(observed, &[], 48.0);
            (found.probability >= 0.9).then_some(20.0 - now)
        });
        leads.push(lead.unwrap_or(0.0));
    }
    leads.sort_by(f64::total_cmp);
    println!("ramp over 20 h: p ≥ 0.9 {} h to {} h before crossing", leads[0], leads[199]);
    assert!(leads[0] >= 4.0, "{} h", leads[0]);
}

#[test]
fn the_median_time_left_of_a_long_ramp_is_near_the_truth() {
    let mut noise = Noise::seeded(33);
    let (mut inside, trials) = (0, 400);
    for _ in 0..trials {
        let truth = noise.uniform(8.0, 40.0);
        let observed =
            observe(240, 6.0, |before| 110.0 + 0.8 * (before - truth) + 1.5 * noise.normal());
        let left = said(observed, &[], 48.0).time_left.unwrap();
        let median = left.hours_50.unwrap();
        assert!((median / truth - 1.0).abs() < 0.25, "{median} h, truth {truth} h");
        inside += i32::from(left.hours_10 < truth && left.hours_90.is_none_or(|late| truth < late));
    }
    println!("80 % intervals hold the truth in {inside} of {trials} ramps");
    assert!(inside >= trials * 8 / 10, "{inside} of {trials}");
}

/// What the formula assumes: a lasting slope from the prior, wandering of deviation 3, noise of 1 per pane.
#[test]
fn probabilities_are_the_frequencies_of_what_the_formula_assumes() {
    let mut noise = Noise::seeded(34);
    let mut bins = [(0, 0.0, 0); 5];
    for _ in 0..6_000 {
        let (slope, start) = (COOLANT.slope_deviation * noise.normal(), noise.uniform(90.0, 115.0));
        let fade = f64::exp(-0.1 / 3.5);
        let mut swing = 3.0 * noise.normal();
        let mut wander = |noise: &mut Noise| {
            swing = fade * swing + 3.0 * (1.0 - fade * fade).sqrt() * noise.normal();
            swing
        };
        let observed = observe(120, 6.0, |before| {
            start + slope * before + wander(&mut noise) + noise.normal()
        });
        let p = said(observed, &[], 20.0).probability;
        let is_beyond = start + 20.0 * slope.max(0.0) >= 110.0;
        let bin = &mut bins[((5.0 * p) as usize).min(4)];
        *bin = (bin.0 + 1, bin.1 + p, bin.2 + i32::from(is_beyond));
    }
    for (count, sum, beyond) in bins {
        let (mean, frequency) = (sum / f64::from(count), f64::from(beyond) / f64::from(count));
        println!("{count} forecasts of mean p {mean:.3}: {frequency:.3} came true");
        assert!((mean - frequency).abs() < 0.12, "{mean} said, {frequency} came");
    }
}

#[test]
fn ten_steep_minutes_are_no_certainty_for_two_days() {
    let settings = Settings { span_hours_min: 0.1, ..Settings::default() };
    let steep = Observed {
        level: 92.0,
        slope_per_hour: 30.0,
        slope_error: 0.1,
        span_hours: 1.0 / 6.0,
        ..OBSERVED
    };
    let found = outlook(&settings, &COOLANT, Channel::Observed(steep), &[], 48.0).unwrap();
    assert!(found.probability < 0.01, "{}", found.probability);
    assert!(found.reliability < 0.01, "{}", found.reliability);
    assert!((found.reach_hours - 2.0 / 6.0).abs() < 1e-12);
    assert_eq!(found.time_left, None);
}

#[test]
fn a_falling_channel_mirrors_a_rising_one() {
    let limit = Limit { value: -110.0, direction: Direction::Falling, ..COOLANT };
    let mirrored = Observed { level: -100.0, slope_per_hour: -1.0, ..OBSERVED };
    let channel = Channel::Observed(mirrored);
    let found = outlook(&Settings::default(), &limit, channel, &[], 20.0).unwrap();
    assert_eq!(found, said(OBSERVED, &[], 20.0));
}

#[test]
fn a_level_far_beyond_the_limit_has_no_time_left() {
    let found = said(Observed { level: 130.0, slope_per_hour: 0.0, ..OBSERVED }, &[], 48.0);
    assert!(found.probability > 0.999);
    let none = TimeLeft { hours_10: 0.0, hours_50: Some(0.0), hours_90: Some(0.0) };
    assert_eq!(found.time_left, Some(none));
}

fn any_observed() -> impl Strategy<Value = Observed> {
    let numbers = (60.0..140.0_f64, 0.0..3.0_f64, -5.0..5.0_f64, 0.0..1.0_f64, 0.0..5.0_f64);
    (numbers, 0.5..100.0_f64).prop_map(|(numbers, span_hours)| {
        let (level, level_error, slope_per_hour, slope_error, residual_deviation) = numbers;
        Observed {
            level,
            level_error,
            slope_per_hour,
            slope_error,
            residual_deviation,
            panes: 10,
            span_hours,
            age_hours: 0.0,
        }
    })
}

fn any_evidence() -> impl Strategy<Value = Vec<Evidence<'static>>> {
    let one = (-5.0..5.0_f64, -2.0..2.0_f64);
    let evidence = one.prop_map(|(value, weight)| Evidence { name: "vibration", value, weight });
    prop::collection::vec(evidence, 0..4)
}

proptest! {
    #[test]
    fn contributions_sum_exactly_to_the_score(
        observed in any_observed(), evidence in any_evidence(), horizon in 0.0..200.0_f64,
    ) {
        let found = said(observed, &evidence, horizon);
        let sum: f64 = found.contributions.iter().map(|part| part.probits).sum();
        prop_assert_eq!(sum, found.score);
        prop_assert_eq!(normal_cdf(sum), found.probability);
        prop_assert_eq!(found.contributions.len(), 2 + evidence.len());
    }

    #[test]
    fn a_level_nearer_to_the_limit_is_never_less_likely(
        observed in any_observed(), step in 0.0..20.0_f64, horizon in 0.0..200.0_f64,
    ) {
        let nearer = Observed { level: observed.level + step, ..observed };
        let (before, after) = (said(observed, &[], horizon), said(nearer, &[], horizon));
        prop_assert!(after.score >= before.score - 1e-9, "{} < {}", after.score, before.score);
    }

    #[test]
    fn a_steeper_slope_is_never_less_likely(
        observed in any_observed(), step in 0.0..5.0_f64, horizon in 0.0..200.0_f64,
    ) {
        let steeper = Observed { slope_per_hour: observed.slope_per_hour + step, ..observed };
        let (before, after) = (said(observed, &[], horizon), said(steeper, &[], horizon));
        prop_assert!(after.score >= before.score - 1e-9, "{} < {}", after.score, before.score);
    }

    #[test]
    fn a_longer_horizon_is_never_less_likely(
        observed in any_observed(), horizon in 0.0..100.0_f64, step in 0.0..100.0_f64,
    ) {
        let (before, after) = (said(observed, &[], horizon), said(observed, &[], horizon + step));
        prop_assert!(after.score >= before.score - 1e-9, "{} < {}", after.score, before.score);
    }

    #[test]
    fn a_probability_of_a_half_means_a_median_within_the_horizon(
        observed in any_observed(), evidence in any_evidence(), share in 0.01..1.0_f64,
    ) {
        let horizon = share * Settings::default().span_multiple_max * observed.span_hours;
        let found = said(observed, &evidence, horizon);
        let median = found.time_left.and_then(|left| left.hours_50);
        // Within rounding of the very edge either answer is right.
        prop_assume!(found.score.abs() > 1e-6);
        prop_assert_eq!(found.score > 0.0, median.is_some_and(|median| median <= horizon));
    }

    #[test]
    fn quantiles_of_the_time_left_are_in_order_and_within_reach(
        observed in any_observed(), evidence in any_evidence(),
    ) {
        let found = said(observed, &evidence, 48.0);
        if let Some(left) = found.time_left {
            let late = [left.hours_50, left.hours_90].into_iter().flatten();
            let quantiles: Vec<f64> = std::iter::once(left.hours_10).chain(late).collect();
            prop_assert!(quantiles.is_sorted(), "{left:?}");
            prop_assert!(quantiles.iter().all(|hours| *hours <= found.reach_hours));
            prop_assert!(left.hours_50.is_some() || left.hours_90.is_none());
        } else {
            prop_assert!(found.probability < 0.1 + 1e-9);
        }
    }
}
