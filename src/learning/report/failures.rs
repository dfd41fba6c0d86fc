//! What is drawn of failures that are foreseen: confusion, reliability, precision and recall, lead time, reasons.

use super::{Section, reasons};
use crate::learning::failures::Judged;
use crate::learning::shown;
use dashboard_api::printed::{Area, table};
use std::collections::BTreeMap;

const LINE: &str = "stroke=\"#29527a\" stroke-width=\"2\"";
const GUIDE: &str = "stroke=\"#999\" stroke-dasharray=\"4 3\"";

/// A table over all components, then one section for each.
pub(in crate::learning) fn all(judged: &BTreeMap<String, Judged>) -> Vec<Section> {
    let mut sections = vec![confusion(judged)];
    sections.extend(judged.iter().map(|(component, judged)| one(component, judged)));
    sections
}

fn confusion(judged: &BTreeMap<String, Judged>) -> Section {
    let names = [
        "component",
        "right alarms",
        "false alarms",
        "missed",
        "rightly silent",
        "precision",
        "recall",
        "F1",
    ];
    let row = |(component, judged): (&String, &Judged)| {
        let counts = judged.confusion;
        vec![
            component.clone(),
            counts.true_positive.to_string(),
            counts.false_positive.to_string(),
            counts.false_negative.to_string(),
            counts.true_negative.to_string(),
            shown(judged.precision),
            shown(judged.recall),
            shown(judged.f1),
        ]
    };
    let rows: Vec<Vec<String>> = judged.iter().map(row).collect();
    Section { title: "Confusion by component, in rows".to_owned(), content: table(&names, &rows) }
}

fn one(component: &str, judged: &Judged) -> Section {
    let content = reliability(judged)
        + &precision_recall(judged)
        + &lead(judged)
        + &reasons("What features added to the scores of alarms on average", &judged.contributions);
    Section { title: component.to_owned(), content }
}

/// What came true beside what was said, on scales that end at the largest of both.
fn reliability(judged: &Judged) -> String {
    let points: Vec<(f64, f64)> =
        judged.reliability.iter().map(|bin| (bin.said, bin.true_)).collect();
    let largest = points.iter().map(|(said, came)| said.max(*came)).fold(0.01, f64::max);
    let end = format!("{largest:.2} said");
    let area = Area {
        caption: "Reliability: share that came true by probability said, in bins of equally many rows",
        x: (0.0, largest),
        y: (0.0, largest),
        right: &end,
        top: &format!("{largest:.2} came true"),
        bottom: "0",
    };
    let mut drawn = area.line(&[(0.0, 0.0), (largest, largest)], GUIDE) + &area.line(&points, LINE);
    drawn.extend(points.iter().map(|point| area.dot(*point)));
    area.figure(&drawn)
}

fn precision_recall(judged: &Judged) -> String {
    let area = Area {
        caption: "Precision by recall; the dot is the threshold in use",
        x: (0.0, 1.0),
        y: (0.0, 1.0),
        right: "recall 1",
        top: "precision 1",
        bottom: "0",
    };
    let used = judged.recall.zip(judged.precision).map(|point| area.dot(point));
    area.figure(&(area.line(&judged.precision_recall, LINE) + &used.unwrap_or_default()))
}

/// The share of failures that an alarm was raised for at least so many hours ahead.
fn lead(judged: &Judged) -> String {
    let Some(longest) = judged.lead_hours.last().filter(|hours| **hours > 0.0) else {
        return String::new();
    };
    let caption = format!(
        "Lead time: share of {} failures foreseen at least so many hours ahead",
        judged.failures
    );
    let share = |count: usize| count as f64 / judged.failures.max(1) as f64;
    let count = judged.lead_hours.len();
    let mut points = vec![(0.0, share(count))];
    for (place, hours) in judged.lead_hours.iter().enumerate() {
        points.push((*hours, share(count - place)));
        points.push((*hours, share(count - place - 1)));
    }
    let area = Area {
        caption: &caption,
        x: (0.0, *longest),
        y: (0.0, 1.0),
        right: &format!("{longest:.0} h"),
        top: "100 % foreseen",
        bottom: "0 %",
    };
    area.figure(&area.line(&points, LINE))
}
