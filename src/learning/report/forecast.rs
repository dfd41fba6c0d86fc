//! What is drawn of a series that is foreseen: errors beside those of plain answers, the newest moments, reasons.

use super::{Section, reasons};
use crate::learning::forecast::{Judged, Said};
use crate::learning::shown;
use dashboard_api::printed::{Area, table};

/// A table over all distances, then one section for each.
pub(in crate::learning) fn all(judged: &[Judged]) -> Vec<Section> {
    let mut sections = vec![errors(judged)];
    sections.extend(judged.iter().map(one));
    sections
}

fn errors(judged: &[Judged]) -> Section {
    let names = [
        "hours ahead",
        "mean error",
        "of saying what was last",
        "of saying what was a season before",
        "within the 90 % bounds",
        "their mean width",
        "moments",
    ];
    let row = |judged: &Judged| {
        vec![
            judged.hours.to_string(),
            shown(judged.mae),
            shown(judged.mae_last),
            shown(judged.mae_same_season),
            shown(judged.coverage),
            shown(judged.width),
            judged.rows_judged.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = judged.iter().map(row).collect();
    Section { title: "Mean absolute error".to_owned(), content: table(&names, &rows) }
}

fn one(judged: &Judged) -> Section {
    let why = judged.why.as_ref().map(|why| vec![vec![why.clone()]]);
    let why = why.map(|rows| table(&["why a plain answer is given"], &rows)).unwrap_or_default();
    let told = reasons("How far features move what is foreseen, on average", &judged.contributions);
    let content = why + &newest(&judged.drawn).unwrap_or_default() + &told;
    Section { title: format!("{} hours ahead", judged.hours), content }
}

/// What was foreseen of the newest moments, with bounds, and what came.
fn newest(drawn: &[Said]) -> Option<String> {
    let (first, last) = (drawn.first()?, drawn.last()?);
    let high = |said: &Said| said.truth.max(said.bounds.map_or(said.value, |(_, high)| high));
    let low = |said: &Said| said.truth.min(said.bounds.map_or(said.value, |(low, _)| low));
    let highest = drawn.iter().map(high).fold(f64::NEG_INFINITY, f64::max);
    let lowest = drawn.iter().map(low).fold(f64::INFINITY, f64::min);
    let hours = last.at.since(first.at).as_secs_f64() / 3_600.0;
    if hours <= 0.0 || highest <= lowest {
        return None;
    }
    let area = Area {
        caption: "The newest moments: foreseen (dark) within its bounds (pale), and what came (dashed)",
        x: (0.0, hours),
        y: (lowest, highest),
        right: &format!("{hours:.0} hours"),
        top: &format!("{highest:.3}"),
        bottom: &format!("{lowest:.3}"),
    };
    let line = |value: &dyn Fn(&Said) -> f64, stroke: &str| {
        let points: Vec<(f64, f64)> = drawn
            .iter()
            .map(|said| (said.at.since(first.at).as_secs_f64() / 3_600.0, value(said)))
            .collect();
        area.line(&points, stroke)
    };
    let pale = "stroke=\"#7a9cc6\" stroke-width=\"1\"";
    let bound = |said: &Said| said.bounds.unwrap_or((said.value, said.value));
    let lines = line(&|said| bound(said).0, pale)
        + &line(&|said| bound(said).1, pale)
        + &line(&|said| said.value, "stroke=\"#29527a\" stroke-width=\"2\"")
        + &line(&|said| said.truth, "stroke=\"#1b1b1b\" stroke-dasharray=\"4 3\"");
    Some(area.figure(&lines))
}
