//! Figures of an 8D report, as SVG with their numbers beside them: rates with intervals, share failed by age.

use super::html::escape;
use super::report::Report;
use messages::pattern::{Estimate, LifeSpan, Rate};

/// Width of the drawn area.
const WIDTH: f64 = 420.0;
/// Height of a drawn curve.
const HEIGHT: f64 = 160.0;
/// Room for words left of it.
const LEFT: f64 = 170.0;
/// Height of one bar with what is between.
const BAR: f64 = 34.0;
/// Points of a curve.
const POINTS: u32 = 60;

/// All figures for which there are numbers.
pub(super) fn all(report: &Report) -> String {
    let rates = rates(&[("the group", &report.opened.rate), ("the rest", &report.opened.rest)]);
    let life = report.opened.life.as_ref().map(life);
    rates.into_iter().chain(life).collect()
}

fn figure(caption: &str, height: f64, drawn: &str) -> String {
    let width = LEFT + WIDTH + 20.0;
    let caption = escape(caption);
    format!(
        "<figure><svg role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\"><title>{caption}</title>{drawn}</svg>\
         <figcaption>{caption}</figcaption></figure>\n"
    )
}

fn text(x: f64, y: f64, anchor: &str, text: &str) -> String {
    let text = escape(text);
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>")
}

/// Bars with whiskers from the lower to the upper end of their intervals.
fn rates(rates: &[(&str, &Rate)]) -> Option<String> {
    let estimated: Vec<(&str, Estimate)> =
        rates.iter().filter_map(|(name, rate)| Some((*name, rate.per_1000_years?))).collect();
    let ends = estimated.iter().map(|(_, it)| it.high.unwrap_or(it.value).get());
    let highest = ends.fold(0.0, f64::max);
    if highest <= 0.0 {
        return None;
    }
    let x = |value: f64| LEFT + WIDTH * value / highest;
    let mut drawn = String::new();
    for (index, (name, rate)) in estimated.iter().enumerate() {
        let y = 10.0 + BAR * index as f64;
        let (value, middle) = (rate.value.get(), y + 10.0);
        drawn += &text(LEFT - 8.0, y + 14.0, "end", &format!("{name}: {value:.0}"));
        drawn += &format!(
            "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"20\" fill=\"#7a9cc6\"/>",
            x(value) - LEFT
        );
        if let (Some(low), Some(high)) = (rate.low, rate.high) {
            let (low, high) = (x(low.get()), x(high.get()));
            drawn += &format!(
                "<path d=\"M{low:.1} {middle:.1}H{high:.1}M{low:.1} {y:.1}v20M{high:.1} {y:.1}v20\" stroke=\"#1b1b1b\"/>"
            );
        }
    }
    let height = 20.0 + BAR * estimated.len() as f64;
    Some(figure("Failures per 1,000 assets and year, with 95 % intervals", height, &drawn))
}

/// The share that has failed, by age, with B10 marked.
fn life(life: &LifeSpan) -> String {
    let (shape, scale) = (life.shape.value.get(), life.scale_days.value.get());
    let longest = 1.5 * scale;
    let failed = |age: f64| 1.0 - (-(age / scale).powf(shape)).exp();
    let point = |age: f64| {
        let (x, y) = (LEFT + WIDTH * age / longest, 10.0 + HEIGHT * (1.0 - failed(age)));
        format!("{x:.1},{y:.1}")
    };
    let points: Vec<String> =
        (0..=POINTS).map(|it| point(longest * f64::from(it) / f64::from(POINTS))).collect();
    let b10 = life.b10_days.value.get();
    let at = LEFT + WIDTH * (b10 / longest).min(1.0);
    let bottom = 10.0 + HEIGHT;
    let mut drawn = format!(
        "<path d=\"M{LEFT} 10V{bottom}H{:.1}\" fill=\"none\" stroke=\"#666\"/>\
         <polyline points=\"{}\" fill=\"none\" stroke=\"#29527a\" stroke-width=\"2\"/>\
         <path d=\"M{at:.1} {bottom}V10\" stroke=\"#a33\" stroke-dasharray=\"4 3\"/>",
        LEFT + WIDTH,
        points.join(" ")
    );
    drawn += &text(LEFT - 8.0, 18.0, "end", "100 % failed");
    drawn += &text(LEFT - 8.0, bottom, "end", "0 %");
    drawn += &text(at + 4.0, bottom - 6.0, "start", &format!("B10: {b10:.0} days"));
    drawn += &text(LEFT + WIDTH, bottom + 16.0, "end", &format!("{longest:.0} days"));
    let caption = format!(
        "Share failed by age: Weibull, β {shape:.2}, η {scale:.0} days, from {} failures",
        life.failures
    );
    figure(&caption, HEIGHT + 32.0, &drawn)
}
