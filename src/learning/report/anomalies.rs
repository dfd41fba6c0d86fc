//! What is shown of unusual samples: how each asset was judged.

use super::Section;
use crate::learning::shown;
use dashboard_api::printed::table;
use models::supervised::judge::Confusion;
use std::collections::BTreeMap;

/// A table over all assets.
pub(in crate::learning) fn all(by_asset: &BTreeMap<&str, Confusion>) -> Vec<Section> {
    let names = [
        "asset",
        "right alarms",
        "false alarms",
        "missed",
        "rightly silent",
        "F1",
        "false alarm rate",
    ];
    let row = |(asset, counts): (&&str, &Confusion)| {
        vec![
            (*asset).to_owned(),
            counts.true_positive.to_string(),
            counts.false_positive.to_string(),
            counts.false_negative.to_string(),
            counts.true_negative.to_string(),
            shown(counts.f1()),
            shown(counts.false_alarm_rate()),
        ]
    };
    let rows: Vec<Vec<String>> = by_asset.iter().map(row).collect();
    vec![Section {
        title: "Confusion by asset, in samples".to_owned(),
        content: table(&names, &rows),
    }]
}
