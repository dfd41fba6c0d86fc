//! Gathers samples into frames: what one asset measured within one batch of time, in the order of sending.

use super::Frame;
use crate::dataset::{Dataset, RecordedCode};
use messages::finite::Finite;
use messages::telemetry::{FRAME_SAMPLES_MAX, Sample, Signal, Telemetry, TroubleCode};
use messages::{Provenance, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) struct Batches {
    fleet: String,
    signals: Vec<Signal>,
    length: Duration,
    /// Start of the batch being gathered.
    started_at: Option<Timestamp>,
    /// Last sample of each asset in the batch being gathered, by asset.
    gathering: BTreeMap<String, Gathering>,
    /// Frames of this batch that are full already.
    full: Vec<Frame>,
    samples_by_asset: BTreeMap<String, u64>,
}

struct Gathering {
    provenance: Provenance,
    samples: Vec<Sample>,
}

impl Batches {
    pub(super) fn new(dataset: &Dataset, length: Duration) -> Self {
        let signal = |id: &str| Signal { name: id.to_owned(), unit: None };
        Self {
            fleet: dataset.name().to_owned(),
            signals: dataset.channels().map(signal).collect(),
            length: length.max(Duration::from_millis(1)),
            started_at: None,
            gathering: BTreeMap::new(),
            full: Vec::new(),
            samples_by_asset: BTreeMap::new(),
        }
    }

    /// Closes the batch being gathered if `at` is not in it, and begins the one that it is in.
    pub(super) fn close_before(&mut self, at: Timestamp) -> Vec<Frame> {
        let starts_at = at.window_start(self.length);
        if self.started_at == Some(starts_at) {
            return Vec::new();
        }
        let frames = self.close();
        self.started_at = Some(starts_at);
        frames
    }

    /// The frames of the batch being gathered, by moment of sending and asset.
    pub(super) fn close(&mut self) -> Vec<Frame> {
        let mut frames = std::mem::take(&mut self.full);
        for (asset, gathering) in std::mem::take(&mut self.gathering) {
            frames.extend(self.frame(asset, gathering));
        }
        // Stable, so that full frames of one asset keep their order.
        frames.sort_by(|one, other| {
            (one.sent_at, &one.telemetry.asset).cmp(&(other.sent_at, &other.telemetry.asset))
        });
        frames
    }

    /// Adds a sample of an asset, numbering it.
    pub(super) fn add(
        &mut self,
        asset: &str,
        provenance: Provenance,
        at: Timestamp,
        values: &[Option<f64>],
    ) {
        let finite = |value: &Option<f64>| value.and_then(|value| Finite::new(value).ok());
        self.add_sample(asset, provenance, at, values.iter().map(finite).collect(), Vec::new());
    }

    /// Adds a trouble code as a sample of its own, in which nothing was measured.
    pub(super) fn add_code(&mut self, asset: &str, provenance: Provenance, sent: &RecordedCode) {
        let values = vec![None; self.signals.len()];
        let codes = vec![TroubleCode::Obd2 { code: sent.code.clone() }];
        self.add_sample(asset, provenance, sent.at, values, codes);
    }

    fn add_sample(
        &mut self,
        asset: &str,
        provenance: Provenance,
        at: Timestamp,
        values: Vec<Option<Finite>>,
        codes: Vec<TroubleCode>,
    ) {
        let number = self.samples_by_asset.entry(asset.to_owned()).or_default();
        *number += 1;
        let sample = Sample { sampled_at: at, seq: Some(*number), values, codes };
        let gathering = self
            .gathering
            .entry(asset.to_owned())
            .or_insert_with(|| Gathering { provenance, samples: Vec::new() });
        gathering.samples.push(sample);
        if gathering.samples.len() == FRAME_SAMPLES_MAX
            && let Some(gathering) = self.gathering.remove(asset)
        {
            let frame = self.frame(asset.to_owned(), gathering);
            self.full.extend(frame);
        }
    }

    fn frame(&self, asset: String, gathering: Gathering) -> Option<Frame> {
        let Gathering { provenance, samples } = gathering;
        let sent_at = samples.last()?.sampled_at;
        let telemetry = Telemetry {
            fleet: self.fleet.clone(),
            asset,
            boot: None,
            signals: self.signals.clone(),
            samples,
        };
        Some(Frame { sent_at, provenance, telemetry })
    }
}
