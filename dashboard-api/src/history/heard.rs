//! What came in of each asset: when, how often, with which gaps in its counts, and how its clock stands to ours.
//!
//! Saved with the cursor, as the sums are, so a restart counts nothing twice.

use super::saved::{HistoryError, SPACE, load, written};
use messages::telemetry::Telemetry;
use messages::{Envelope, Provenance, Record, Timestamp, subject};
use runtime::store::{Change, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Minutes up to the newest message over which the rate and the clock are measured.
pub(crate) const MINUTES_MEASURED: i64 = 10;
/// Gaps of one asset that are listed; the oldest beyond them are added up.
pub(crate) const GAPS_MAX: usize = 16;
/// Boots of one asset whose counts are followed; gaps of older ones are added up.
pub(crate) const RUNS_MAX: usize = 4;
const MINUTE_MILLIS: i64 = 60_000;
/// Before the names of what is saved of each asset.
const KIND: &str = "heard";

/// What came in of one asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// When the first message came that is counted here.
    pub(crate) since: Timestamp,
    /// When the newest came.
    pub(crate) heard_at: Timestamp,
    /// The newest time that the device gave.
    pub(crate) sampled_at: Timestamp,
    pub(crate) messages: u64,
    pub(crate) samples: u64,
    /// The weakest of what came.
    pub(crate) provenance: Provenance,
    /// Readings missing in counts that are followed no longer; what came of them is not known.
    pub(crate) unlisted: u64,
    /// Boots that the device counts, ascending; none where it does not.
    runs: Vec<Run>,
    /// The newest minutes with a message, ascending.
    minutes: Vec<Minute>,
}

impl Record for Heard {
    const SCHEMA: u16 = 283;
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Minute {
    /// Since the epoch.
    number: i64,
    samples: u64,
    /// How far the device's newest sample was ahead of our clock, at most.
    ahead_millis_max: i64,
}

/// Readings of one boot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Run {
    boot: u64,
    /// Lowest and highest count that came.
    first: u64,
    last: u64,
    gaps: Vec<Gap>,
}

/// Counts that did not come, though later ones did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) noticed_at: Timestamp,
}

impl Gap {
    pub(crate) fn readings(&self) -> u64 {
        (self.to - self.from).saturating_add(1)
    }
}

impl Heard {
    fn new(envelope: &Envelope) -> Self {
        Self {
            since: envelope.time,
            heard_at: envelope.time,
            sampled_at: Timestamp::MIN,
            messages: 0,
            samples: 0,
            provenance: envelope.provenance,
            unlisted: 0,
            runs: Vec::new(),
            minutes: Vec::new(),
        }
    }

    fn add(&mut self, envelope: &Envelope, telemetry: &Telemetry) {
        let Some(newest) = telemetry.samples.iter().map(|sample| sample.sampled_at).max() else {
            return;
        };
        let samples = telemetry.samples.len() as u64;
        self.heard_at = self.heard_at.max(envelope.time);
        self.sampled_at = self.sampled_at.max(newest);
        self.messages += 1;
        self.samples += samples;
        self.provenance = self.provenance.weakest(envelope.provenance);
        self.measure(newest.as_millis() - envelope.time.as_millis(), samples);
        let counts = telemetry.samples.iter().filter_map(|sample| telemetry.boot.zip(sample.seq));
        for (boot, seq) in counts {
            self.count(boot, seq);
        }
    }

    fn measure(&mut self, ahead_millis: i64, samples: u64) {
        let number = self.heard_at.as_millis().div_euclid(MINUTE_MILLIS);
        match self.minutes.last_mut().filter(|minute| minute.number == number) {
            Some(minute) => {
                minute.samples += samples;
                minute.ahead_millis_max = minute.ahead_millis_max.max(ahead_millis);
            }
            None => self.minutes.push(Minute { number, samples, ahead_millis_max: ahead_millis }),
        }
        self.minutes.retain(|minute| minute.number > number - MINUTES_MEASURED);
    }

    fn count(&mut self, boot: u64, seq: u64) {
        let at = self.heard_at;
        match self.runs.binary_search_by_key(&boot, |run| run.boot) {
            Ok(place) => self.runs[place].count(seq, at),
            // A boot older than those that are followed.
            Err(0) if self.runs.len() >= RUNS_MAX => return,
            Err(place) => {
                let run = Run { boot, first: seq, last: seq, gaps: Vec::new() };
                self.runs.insert(place, run);
            }
        }
        if self.runs.len() > RUNS_MAX {
            let oldest = self.runs.remove(0);
            self.unlist(oldest.gaps);
        }
        while self.gaps().count() > GAPS_MAX {
            let run = self.runs.iter_mut().find(|run| !run.gaps.is_empty());
            let oldest = run.expect("some run has a gap").gaps.remove(0);
            self.unlist(vec![oldest]);
        }
    }

    fn unlist(&mut self, gaps: Vec<Gap>) {
        let readings = gaps.iter().map(Gap::readings);
        self.unlisted = readings.fold(self.unlisted, u64::saturating_add);
    }

    /// Whether the device counts its boots and its readings, so that gaps can be told.
    pub(crate) fn is_counted(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Each gap that is listed, with its boot.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = (u64, &Gap)> {
        self.runs.iter().flat_map(|run| run.gaps.iter().map(|gap| (run.boot, gap)))
    }

    /// Samples per minute over the newest minutes up to the newest message; unknown before a minute is over.
    pub(crate) fn samples_per_minute(&self) -> Option<f64> {
        let newest = self.minutes.last()?.number;
        let begun = (newest + 1 - MINUTES_MEASURED).saturating_mul(MINUTE_MILLIS);
        let millis = self.heard_at.as_millis() - begun.max(self.since.as_millis());
        let samples: u64 = self.minutes.iter().map(|minute| minute.samples).sum();
        (millis >= MINUTE_MILLIS).then(|| samples as f64 * MINUTE_MILLIS as f64 / millis as f64)
    }

    /// Seconds that the device's clock is ahead of ours, at least: what a message takes to come makes it less. The
    /// message of the newest minutes that took the least tells.
    pub(crate) fn clock_ahead_seconds(&self) -> Option<f64> {
        let millis = self.minutes.iter().map(|minute| minute.ahead_millis_max).max()?;
        Some(millis as f64 / 1_000.0)
    }
}

impl Run {
    fn count(&mut self, seq: u64, noticed_at: Timestamp) {
        if seq > self.last {
            if seq - self.last > 1 {
                self.gaps.push(Gap { from: self.last + 1, to: seq - 1, noticed_at });
            }
            self.last = seq;
        } else if seq < self.first {
            if self.first - seq > 1 {
                self.gaps.insert(0, Gap { from: seq + 1, to: self.first - 1, noticed_at });
            }
            self.first = seq;
        } else if let Some(place) =
            self.gaps.iter().position(|gap| gap.from <= seq && seq <= gap.to)
        {
            let gap = self.gaps.remove(place);
            let before = (gap.from < seq).then(|| Gap { to: seq - 1, ..gap });
            let after = (seq < gap.to).then(|| Gap { from: seq + 1, ..gap });
            self.gaps.splice(place..place, before.into_iter().chain(after));
        }
    }
}

/// What came in of the assets of one partition, as far as it is not only on disk.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    by_asset: BTreeMap<String, Heard>,
}

impl Unsaved {
    /// Has what is saved of `asset` at hand; of one that was never heard, that `envelope` is the first of it.
    pub(super) fn take_up(
        &mut self,
        store: &dyn Store,
        envelope: &Envelope,
        asset: &str,
    ) -> Result<(), HistoryError> {
        if !self.by_asset.contains_key(asset) {
            let known = load(store, &name(asset))?;
            self.by_asset.insert(asset.to_owned(), known.unwrap_or_else(|| Heard::new(envelope)));
        }
        Ok(())
    }

    /// Takes in what the asset's own device says.
    pub(super) fn add(&mut self, envelope: &Envelope, telemetry: &Telemetry) {
        let heard = self.by_asset.get_mut(&telemetry.asset).expect("it was taken up");
        heard.add(envelope, telemetry);
    }

    pub(super) fn assets(&self) -> usize {
        self.by_asset.len()
    }

    pub(super) fn changes(&self) -> Result<Vec<Change>, HistoryError> {
        self.by_asset.iter().map(|(asset, heard)| written(name(asset), heard)).collect()
    }

    pub(super) fn clear(&mut self) {
        self.by_asset.clear();
    }

    /// What came in of `asset`, if anything did.
    pub(super) fn of(&self, store: &dyn Store, asset: &str) -> Result<Option<Heard>, HistoryError> {
        let heard = match self.by_asset.get(asset) {
            Some(heard) => Some(heard.clone()),
            None => load(store, &name(asset))?,
        };
        Ok(heard.filter(|heard: &Heard| heard.messages > 0))
    }
}

fn name(asset: &str) -> String {
    format!("{SPACE}/{KIND}/{}", subject::escape(asset).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::telemetry::Sample;
    use messages::{MessageId, record};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    /// A message that comes at `millis` with readings of `boot` and these counts, the device's clock `ahead`.
    fn hear(heard: &mut Option<Heard>, millis: i64, ahead: i64, boot: Option<u64>, seqs: &[u64]) {
        let sample = |seq: &u64| Sample {
            sampled_at: at(millis + ahead),
            seq: Some(*seq),
            values: Vec::new(),
            codes: Vec::new(),
        };
        let telemetry = Telemetry {
            fleet: "demo".to_owned(),
            asset: "VEH001".to_owned(),
            boot,
            signals: Vec::new(),
            samples: seqs.iter().map(sample).collect(),
        };
        let id = MessageId::named("heard", &millis.to_string());
        let envelope = Envelope { time: at(millis), ..Envelope::new(id, "x", &telemetry).unwrap() };
        heard.get_or_insert_with(|| Heard::new(&envelope)).add(&envelope, &telemetry);
    }

    fn counted(boots: &[(u64, &[u64])]) -> Heard {
        let mut heard = None;
        for (millis, (boot, seqs)) in (0..).zip(boots) {
            hear(&mut heard, millis * 1_000, 0, Some(*boot), seqs);
        }
        heard.unwrap()
    }

    fn gaps(heard: &Heard) -> Vec<(u64, u64, u64)> {
        heard.gaps().map(|(boot, gap)| (boot, gap.from, gap.to)).collect()
    }

    #[test]
    fn a_gap_is_listed_until_what_was_missing_comes() {
        assert_eq!(gaps(&counted(&[(1, &[0, 1, 5])])), [(1, 2, 4)]);
        assert_eq!(gaps(&counted(&[(1, &[0, 1, 5]), (1, &[3])])), [(1, 2, 2), (1, 4, 4)]);
        assert_eq!(gaps(&counted(&[(1, &[0, 1, 5]), (1, &[4, 2, 3])])), []);
        assert_eq!(gaps(&counted(&[(1, &[9, 10]), (1, &[7]), (1, &[7, 9])])), [(1, 8, 8)]);
        assert_eq!(gaps(&counted(&[(1, &[8]), (2, &[0, 2]), (1, &[9])])), [(2, 1, 1)]);
        let end = u64::MAX;
        assert_eq!(gaps(&counted(&[(1, &[end, 0])])), [(1, 1, end - 1)]);
    }

    #[test]
    fn a_device_without_counters_of_both_kinds_has_no_gaps_to_tell() {
        let mut heard = None;
        hear(&mut heard, 0, 0, None, &[1, 9]);
        let heard = heard.unwrap();
        assert!(!heard.is_counted() && gaps(&heard).is_empty());
    }

    #[test]
    fn gaps_are_bounded_and_those_beyond_are_added_up() {
        let seqs: Vec<u64> = (0..40).map(|number| number * 3).collect();
        let heard = counted(&[(1, &seqs)]);
        assert_eq!(heard.gaps().count(), GAPS_MAX);
        assert_eq!(heard.unlisted, 2 * (39 - GAPS_MAX as u64));
        let boots: Vec<(u64, &[u64])> = (0..9).map(|boot| (boot, &[0, 2][..])).collect();
        let heard = counted(&boots);
        assert_eq!(gaps(&heard), [5, 6, 7, 8].map(|boot| (boot, 1, 1)));
        assert_eq!(heard.unlisted, 5);
        let widest = counted(&[(u64::MAX, &[0, u64::MAX])]);
        assert_eq!(widest.gaps().next().unwrap().1.readings(), u64::MAX - 1);
    }

    #[test]
    fn the_rate_is_of_the_newest_minutes_that_were_heard() {
        let mut heard = None;
        for second in 0..3_600 {
            hear(&mut heard, second * 1_000, 0, None, &[1, 2]);
        }
        let rate = heard.as_ref().unwrap().samples_per_minute().unwrap();
        assert!((rate - 120.0).abs() < 1.0, "{rate}");
        hear(&mut heard, 7_200_000, 0, None, &[1]);
        let rate = heard.as_ref().unwrap().samples_per_minute().unwrap();
        assert!(rate < 0.2, "after an hour of silence: {rate}");
        let mut first = None;
        hear(&mut first, 0, 0, None, &[1]);
        assert_eq!(first.unwrap().samples_per_minute(), None);
    }

    #[test]
    fn the_clock_is_told_by_the_message_that_took_the_least() {
        let mut heard = None;
        for (second, ahead) in [(0, -40_000), (1, 1_500), (2, -9_000)] {
            hear(&mut heard, second * 1_000, ahead, None, &[1]);
        }
        assert_eq!(heard.as_ref().unwrap().clock_ahead_seconds(), Some(1.5));
        hear(&mut heard, 3_600_000, -500, None, &[1]);
        assert_eq!(heard.unwrap().clock_ahead_seconds(), Some(-0.5), "an hour later it is another");
    }

    #[test]
    fn what_is_kept_of_the_busiest_device_fits_into_a_value() {
        let mut heard = None;
        for number in 0..200 {
            let seqs: Vec<u64> =
                (0..20).map(|it| u64::MAX - 20_000 + 3 * it + number * 61).collect();
            hear(&mut heard, i64::try_from(number).unwrap() * 30_000, 0, Some(number / 9), &seqs);
        }
        let bytes = record::encode(&heard.unwrap()).unwrap();
        assert!(bytes.len() <= 1_024, "{}", bytes.len());
    }
}
