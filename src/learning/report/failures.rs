//! What is drawn of failures that are foreseen: confusion, reliability, precision and recall, lead time, reasons.

use super::{Section, reasons};
use crate::learning::ageing;
use crate::learning::explained::{Changed, Cleared, Explained};
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

/// How components age, and whether as many failed as that lets expect; nothing where no lives are known.
pub(in crate::learning) fn by_age(judged: &BTreeMap<&str, ageing::Judged>) -> Option<Section> {
    let names = [
        "component",
        "failures",
        "other ends",
        "Weibull shape",
        "scale, days",
        "failures expected later",
        "that came",
        "bounds said",
        "unknown",
        "contradicted",
    ];
    let row = |(component, judged): (&&str, &ageing::Judged)| {
        vec![
            (*component).to_owned(),
            judged.failures.to_string(),
            judged.suspensions.to_string(),
            judged.shape.map_or_else(|| judged.unknown.clone().unwrap_or_default(), two),
            judged.scale_days.map(two).unwrap_or_default(),
            judged.expected_failures.map(two).unwrap_or_default(),
            judged.failures_that_came.to_string(),
            judged.said.to_string(),
            judged.said_unknown.to_string(),
            judged.contradicted.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = judged.iter().map(row).collect();
    let title = "Life left by age alone".to_owned();
    (!rows.is_empty()).then(|| Section { title, content: table(&names, &rows) })
}

fn two(figure: f64) -> String {
    format!("{figure:.2}")
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
        + &reasons("What features added to the scores of alarms on average", &judged.contributions)
        + &cleared(&judged.cleared)
        + &explained(&judged.explained);
    Section { title: component.to_owned(), content }
}

/// How many features must change for alarms to be cleared, and which do.
fn cleared(cleared: &Cleared) -> String {
    if cleared.tried == 0 {
        return String::new();
    }
    let counts = cleared.by_changes.iter().enumerate();
    let mut rows: Vec<Vec<String>> =
        counts.map(|(place, count)| vec![(place + 1).to_string(), count.to_string()]).collect();
    let left = cleared.tried - cleared.by_changes.iter().sum::<usize>();
    rows.push(vec!["no change found".to_owned(), left.to_string()]);
    let caption = "What was changed to clear alarms, as a share of those that were";
    table(&["features that must change to clear an alarm", "alarms"], &rows)
        + &reasons(caption, &cleared.features)
}

/// The surest alarms, each with what spoke for it, what would clear it and what came of rows like its own.
fn explained(explained: &[Explained]) -> String {
    let came = |hours: Option<f64>| match hours {
        Some(hours) => format!("failed {hours:.0} h later"),
        None => "did not fail within the horizon".to_owned(),
    };
    let row = |one: &Explained| {
        let parts: Vec<String> =
            one.contributions.iter().map(|(name, part)| format!("{name} {part:+.3}")).collect();
        let change = |it: &Changed| format!("{} from {} to {}", it.feature, it.from, it.to);
        let changes = one.cleared_by.as_ref().map_or("no change found".to_owned(), |changes| {
            changes.iter().map(change).collect::<Vec<_>>().join("; ")
        });
        let alike: Vec<String> = one
            .alike
            .iter()
            .map(|past| format!("{} at {}: {}", past.asset, past.at, came(past.failed_in_hours)))
            .collect();
        vec![
            format!("{} at {}: {}", one.asset, one.at, came(one.failed_in_hours)),
            format!("{:.3}", one.probability),
            parts.join("; "),
            changes,
            alike.join("; "),
        ]
    };
    if explained.is_empty() {
        return String::new();
    }
    let names = ["alarm", "probability", "what spoke for it", "cleared by", "past rows like it"];
    table(&names, &explained.iter().map(row).collect::<Vec<_>>())
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
