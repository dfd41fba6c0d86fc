//! Takes in a frame: what can be used goes into windows, everything else into quarantine, nothing vanishes.

use super::judged::{self, Column, Judged, Refusal, Values, ahead};
use super::{Analyser, CODE_ACTIVE_MAX, DataAnalysis, Listen, State};
use messages::Timestamp;
use messages::health::{QuarantineReason, TelemetryQuarantined};
use messages::telemetry::{Sample, Telemetry, TroubleCode};
use models::features::{AddError, LATENESS};
use runtime::{AgentError, AgentResult, Ctx, Handle};
use std::collections::BTreeMap;
use std::time::Duration;

impl Handle<Telemetry> for DataAnalysis {
    fn handle(
        &self,
        state: &mut State,
        telemetry: &Telemetry,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        if let Some(refusal) = self.refuse_frame(state, telemetry) {
            state.readings.quarantined += telemetry.samples.len() as u64;
            quarantine(ctx, telemetry.clone(), refusal);
            return Ok(());
        }
        let analyser = self.analyser_of(state).expect("a frame without a profile is refused");
        if !analyser.features.fits(&state.features) {
            tracing::warn!(
                asset = telemetry.asset,
                "the profile computes other features now; learning anew"
            );
            state.features = Default::default();
            state.baseline = Default::default();
        }
        state.heard_at = Some(ctx.now());
        if !state.watching_silence {
            state.watching_silence = true;
            ctx.after(analyser.profile.silent_after.duration(), Listen);
        }
        let close_after = analyser.profile.window.duration() + self.close_grace;
        Intake { analyser, telemetry, close_after, refused: BTreeMap::new() }.take(state, ctx)
    }
}

impl DataAnalysis {
    /// What computes for the asset at hand; `None` while it is not registered.
    pub(super) fn analyser_of(&self, state: &State) -> Option<&Analyser> {
        self.analysers.get(&state.registration.as_ref()?.profile)
    }

    /// Why a frame is not taken in at all.
    fn refuse_frame(&self, state: &State, telemetry: &Telemetry) -> Option<Refusal> {
        let (fleet, asset) = (&telemetry.fleet, &telemetry.asset);
        let Some(registration) = &state.registration else {
            return Some(Refusal {
                reason: QuarantineReason::UnknownAsset,
                detail: format!("asset `{asset}` is not registered"),
                nearest: None,
                remedy: format!("aurorasync asset add {asset} --fleet {fleet} --profile vehicle"),
            });
        };
        if registration.retired {
            return Some(Refusal {
                reason: QuarantineReason::RetiredAsset,
                detail: format!("asset `{asset}` is no longer watched"),
                nearest: None,
                remedy: format!(
                    "aurorasync asset add {asset} --fleet {fleet} --profile {}",
                    registration.profile
                ),
            });
        }
        if registration.fleet != *fleet {
            let known = &registration.fleet;
            return Some(Refusal {
                reason: QuarantineReason::WrongFleet,
                detail: format!("asset `{asset}` belongs to fleet `{known}`, not `{fleet}`"),
                nearest: Some(known.clone()),
                remedy: format!("send to /v1/fleets/{known}/assets/{asset}/telemetry"),
            });
        }
        (!self.analysers.contains_key(&registration.profile)).then(|| Refusal {
            reason: QuarantineReason::UnknownProfile,
            detail: format!("profile `{}` of asset `{asset}` is gone", registration.profile),
            nearest: None,
            remedy: "put the profile back into the configuration of data-analysis".to_owned(),
        })
    }
}

/// What is set aside of a frame for one reason: samples, each whole or without the columns that are sound.
#[derive(Default)]
struct Aside {
    /// Columns by sample; an empty list means the whole sample.
    columns_by_sample: BTreeMap<usize, Vec<usize>>,
}

/// One frame being taken in.
struct Intake<'f> {
    analyser: &'f Analyser,
    telemetry: &'f Telemetry,
    /// A window that nothing more comes into is closed so long after it was opened.
    close_after: Duration,
    refused: BTreeMap<Refusal, Aside>,
}

impl Intake<'_> {
    fn take(mut self, state: &mut State, ctx: &mut Ctx<'_, DataAnalysis>) -> AgentResult {
        let columns = judged::columns(self.telemetry, &self.analyser.profile);
        for (index, sample) in self.telemetry.samples.iter().enumerate() {
            self.sample(index, sample, &columns, state, ctx)?;
        }
        for (refusal, aside) in std::mem::take(&mut self.refused) {
            quarantine(ctx, aside.frame(self.telemetry), refusal);
        }
        Ok(())
    }

    fn sample(
        &mut self,
        index: usize,
        sample: &Sample,
        columns: &[Result<Column, Refusal>],
        state: &mut State,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) -> AgentResult {
        let sampled_at = sample.sampled_at;
        if let Some(refusal) = ahead(sample, ctx.now()) {
            self.refuse_sample(index, state, refusal);
            return Ok(());
        }
        let reading = self.telemetry.reading_identity(sample);
        if state.seen.contains(&reading, sampled_at) {
            state.readings.duplicates += 1;
            ctx.count("readings_duplicate", 1);
            return Ok(());
        }
        if let Some(watermark) = state.features.watermark()
            && sampled_at.saturating_add(LATENESS) < watermark
        {
            // Its window may be open still, but whether it was counted is known for the lateness alone.
            let late = AddError::TooLate { sampled_at, watermark };
            self.refuse_sample(index, state, unusable(&late));
            return Ok(());
        }
        let (values, beyond) = self.values(index, sample, columns);
        state.close_before(self.analyser, sampled_at, ctx)?;
        match self.analyser.features.add(&mut state.features, sampled_at, &values) {
            Ok(()) => {}
            Err(
                error @ (AddError::TooLate { .. }
                | AddError::TooMany { .. }
                | AddError::FarAway { .. }),
            ) => {
                self.refuse_sample(index, state, unusable(&error));
                return Ok(());
            }
            Err(error) => return Err(AgentError::Fault(error.to_string())),
        }
        let watermark = state.features.watermark().unwrap_or(sampled_at);
        state.seen.note(&reading, sampled_at, watermark);
        state.readings.accepted += 1;
        ctx.count("readings_accepted", 1);
        note_codes(&mut state.codes, &sample.codes, sampled_at, watermark);
        let close_after = self.close_after;
        state.note_in_window(self.analyser, sampled_at, &values, &beyond, close_after, ctx);
        Ok(())
    }

    /// The usable values of a sample by channel, and those beyond the valid range, which are set aside.
    fn values(
        &mut self,
        index: usize,
        sample: &Sample,
        columns: &[Result<Column, Refusal>],
    ) -> (Values, Values) {
        let Judged { usable, beyond, refused } =
            judged::judge(self.telemetry, sample, columns, &self.analyser.profile);
        for (column, refusal) in refused {
            let aside = self.refused.entry(refusal).or_default();
            aside.columns_by_sample.entry(index).or_default().push(column);
        }
        (usable, beyond)
    }

    fn refuse_sample(&mut self, index: usize, state: &mut State, refusal: Refusal) {
        state.readings.quarantined += 1;
        self.refused.entry(refusal).or_default().columns_by_sample.insert(index, Vec::new());
    }
}

impl Aside {
    /// The set-aside part of `telemetry` as a frame of its own.
    fn frame(&self, telemetry: &Telemetry) -> Telemetry {
        let whole = self.columns_by_sample.values().any(Vec::is_empty);
        let mut columns: Vec<usize> = self.columns_by_sample.values().flatten().copied().collect();
        columns.sort_unstable();
        columns.dedup();
        if whole {
            columns = (0..telemetry.signals.len()).collect();
        }
        let samples = self.columns_by_sample.iter().map(|(index, kept)| {
            let sample = &telemetry.samples[*index];
            let keep = |column: &usize| kept.is_empty() || kept.contains(column);
            let values = columns
                .iter()
                .map(|column| sample.values[*column].filter(|_| keep(column)))
                .collect();
            let codes = if kept.is_empty() { sample.codes.clone() } else { Vec::new() };
            Sample { sampled_at: sample.sampled_at, seq: sample.seq, values, codes }
        });
        Telemetry {
            // What is left of a reading that was counted is another reading: by the device's counters it would be the
            // same, and passed over when it is released.
            boot: telemetry.boot.filter(|_| whole),
            signals: columns.iter().map(|column| telemetry.signals[*column].clone()).collect(),
            samples: samples.collect(),
            ..telemetry.clone()
        }
    }
}

fn quarantine(ctx: &mut Ctx<'_, DataAnalysis>, telemetry: Telemetry, refusal: Refusal) {
    ctx.count("samples_quarantined", telemetry.samples.len() as u64);
    ctx.publish(&TelemetryQuarantined {
        fleet: telemetry.fleet.clone(),
        asset: telemetry.asset.clone(),
        reason: refusal.reason,
        detail: refusal.detail,
        nearest: refusal.nearest,
        remedy: refusal.remedy,
        telemetry,
        as_sent: None,
    });
}

fn unusable(error: &AddError) -> Refusal {
    let (reason, detail, remedy) = match error {
        AddError::TooLate { watermark, .. } => (
            QuarantineReason::TooLate,
            format!(
                "more than {} min older than the asset's newest sample at {watermark}",
                LATENESS.as_secs() / 60
            ),
            "send samples in the order of their time",
        ),
        AddError::TooMany { .. } => (
            QuarantineReason::TooMany,
            format!("more than {} samples in one window", u16::MAX),
            "send fewer samples per minute",
        ),
        other => (QuarantineReason::TooLate, other.to_string(), "set the device's clock"),
    };
    Refusal { reason, detail, nearest: None, remedy: remedy.to_owned() }
}

/// Notes when each code was last sent, and forgets those not sent for long.
fn note_codes(
    known: &mut Vec<(TroubleCode, Timestamp)>,
    codes: &[TroubleCode],
    sampled_at: Timestamp,
    watermark: Timestamp,
) {
    for code in codes {
        match known.iter_mut().find(|(other, _)| other == code) {
            Some((_, at)) => *at = sampled_at.max(*at),
            None => known.push((code.clone(), sampled_at)),
        }
    }
    if !known.is_empty() {
        let oldest = watermark.saturating_sub(CODE_ACTIVE_MAX);
        known.retain(|(_, at)| *at >= oldest);
        known.sort_unstable();
    }
}
