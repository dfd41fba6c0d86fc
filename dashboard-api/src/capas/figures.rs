//! Figures of an 8D report, as SVG with their numbers beside them: rates with intervals, share failed by age.

use super::report::Report;
use crate::printed::{Area, Bar, HEIGHT, TOP, bars, text};
use messages::pattern::{LifeSpan, Rate};

/// Points of a curve.
const POINTS: u32 = 60;

/// All figures for which there are numbers.
pub(super) fn all(report: &Report) -> String {
    let rates = rates(&[("the group", &report.opened.rate), ("the rest", &report.opened.rest)]);
    let life = report.opened.life.as_ref().map(life);
    rates.into_iter().chain(life).collect()
}

/// Bars with whiskers from the lower to the upper end of their intervals.
fn rates(rates: &[(&str, &Rate)]) -> Option<String> {
    let bar = |(name, rate): &(&str, &Rate)| {
        let estimated = rate.per_1000_years?;
        let value = estimated.value.get();
        let ends = estimated.low.zip(estimated.high).map(|(low, high)| (low.get(), high.get()));
        Some(Bar { label: format!("{name}: {value:.0}"), value, ends })
    };
    let drawn: Vec<Bar> = rates.iter().filter_map(bar).collect();
    bars("Failures per 1,000 assets and year, with 95 % intervals", &drawn)
}

/// The share that has failed, by age, with B10 marked.
fn life(life: &LifeSpan) -> String {
    let (shape, scale) = (life.shape.value.get(), life.scale_days.value.get());
    let caption = format!(
        "Share failed by age: Weibull, β {shape:.2}, η {scale:.0} days, from {} failures",
        life.failures
    );
    let longest = 1.5 * scale;
    let area = Area {
        caption: &caption,
        x: (0.0, longest),
        y: (0.0, 1.0),
        right: &format!("{longest:.0} days"),
        top: "100 % failed",
        bottom: "0 %",
    };
    let failed = |age: f64| 1.0 - (-(age / scale).powf(shape)).exp();
    let age = |point: u32| longest * f64::from(point) / f64::from(POINTS);
    let points: Vec<(f64, f64)> = (0..=POINTS).map(|it| (age(it), failed(age(it)))).collect();
    let b10 = life.b10_days.value.get();
    let (at, bottom) = area.place((b10, 0.0));
    let mut drawn = area.line(&points, "stroke=\"#29527a\" stroke-width=\"2\"");
    drawn +=
        &format!("<path d=\"M{at:.1} {bottom}V{TOP}\" stroke=\"#a33\" stroke-dasharray=\"4 3\"/>");
    drawn += &text(at + 4.0, TOP + HEIGHT - 6.0, "start", &format!("B10: {b10:.0} days"));
    area.figure(&drawn)
}
