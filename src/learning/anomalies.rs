//! How well unusual samples are told from usual ones: each asset by what was usual at its own beginning.

use super::report::{Section, anomalies as sections};
use super::{Found, Outcome, Progress, entries, shown};
use crate::error::CliError;
use crate::replaying::Recording;
use models::subspace::{Settings, Subspace};
use models::supervised::judge::Confusion;
use serde_json::json;
use simulator::dataset::{RecordedAsset, Sample};
use std::collections::BTreeMap;

/// Judges every sample behind the normal beginning of each asset, `head` samples long, with one setting for all.
pub(super) fn learn(
    recording: &Recording,
    head: usize,
    progress: &Progress,
) -> Result<Found, CliError> {
    let recordings = recording.dataset.recordings().map_err(CliError::failed)?;
    let settings = Settings::default();
    progress.begin(recordings.assets.len(), "watching");
    let mut by_asset: BTreeMap<&str, Confusion> = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for (id, asset) in &recordings.assets {
        match judge_one(asset, head, settings) {
            Ok(confusion) => drop(by_asset.insert(id, confusion)),
            Err(why) => drop(refused.insert(id, why)),
        }
        progress.step(id);
    }
    let mut all = Confusion::default();
    by_asset.values().for_each(|confusion| all.absorb(*confusion));
    let mut lines: Vec<String> =
        refused.iter().map(|(id, why)| format!("{id}  not judged: {why}")).collect();
    lines.push(format!(
        "F1 {}  false alarm rate {}  missed alarm rate {}  over {} samples of {} assets behind the first {head}",
        shown(all.f1()),
        shown(all.false_alarm_rate()),
        shown(all.missed_alarm_rate()),
        all.count(),
        by_asset.len(),
    ));
    let figures = entries(json!({
        "f1": all.f1(), "false_alarm_rate": all.false_alarm_rate(),
        "missed_alarm_rate": all.missed_alarm_rate(), "precision": all.precision(),
        "recall": all.recall(), "samples_judged": all.count(), "normal_head": head,
        "variance_share": settings.variance_share, "smoothing": settings.smoothing,
        "margin": settings.margin, "assets": by_asset, "not_judged": refused,
    }));
    let sections: Vec<Section> = sections::all(&by_asset);
    Ok((Outcome { lines, figures, sections, model: None }, recordings.rows))
}

/// Learns from the head of one asset's samples and judges the rest; or why that cannot be done.
fn judge_one(asset: &RecordedAsset, head: usize, settings: Settings) -> Result<Confusion, String> {
    let Some((usual, rest)) = asset.samples.split_at_checked(head) else {
        let count = asset.samples.len();
        return Err(format!(
            "it has `{count}` samples, and its normal beginning alone has `{head}`"
        ));
    };
    let values = |sample: &Sample| sample.values.clone();
    let usual: Vec<_> = usual.iter().map(values).collect();
    let subspace = Subspace::learn(&usual, settings).map_err(|error| error.to_string())?;
    let mut watch = subspace.watch();
    for sample in &usual {
        watch.observe(sample);
    }
    let mut confusion = Confusion::default();
    for sample in rest {
        // A sample that measured nothing is no alarm; one whose truth is unknown is not judged.
        let said = watch.observe(&sample.values).is_some_and(|verdict| verdict.unusual);
        if let Some(truth) = sample.truth {
            confusion.add(said, truth >= 0.5);
        }
    }
    Ok(confusion)
}
