//! What is drawn of remaining life: what was said beside what was true, with bounds, and what it is told by.

use super::{Section, reasons};
use crate::learning::life::Said;
use dashboard_api::printed::Area;

/// Truth and bounds, then the features.
pub(in crate::learning) fn all(
    said: &[Said],
    cap: f64,
    features: &[(String, f64)],
) -> Vec<Section> {
    let told = reasons("How far features move what is expected, on average", features);
    vec![
        Section { title: "Said and true".to_owned(), content: against_truth(said, cap) },
        Section { title: "What it is told by".to_owned(), content: told },
    ]
}

fn against_truth(said: &[Said], cap: f64) -> String {
    let longest = said.iter().map(|said| said.truth).fold(cap, f64::max);
    let area = Area {
        caption: "Expected life by true life, each with its bounds; on the dashed line both are equal",
        x: (0.0, longest),
        y: (0.0, longest),
        right: &format!("{longest:.0} truly left"),
        top: &format!("{longest:.0} said"),
        bottom: "0",
    };
    let guide = "stroke=\"#999\" stroke-dasharray=\"4 3\"";
    let mut drawn = area.line(&[(0.0, 0.0), (longest, longest)], guide);
    for said in said {
        let high = said.left.high.unwrap_or(longest);
        let bounds = [(said.truth, said.left.low), (said.truth, high)];
        drawn += &area.line(&bounds, "stroke=\"#7a9cc6\"");
        drawn += &area.dot((said.truth, said.left.expected));
    }
    area.figure(&drawn)
}
