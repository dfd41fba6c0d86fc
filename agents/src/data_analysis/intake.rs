//! Takes in a frame: what can be used goes into windows, everything else into quarantine, nothing vanishes.

use super::{AHEAD_MAX, Analyser, CODE_ACTIVE_MAX, DataAnalysis, Listen, State};
use messages::health::{QuarantineReason, TelemetryQuarantined};
use messages::telemetry::{Sample, Telemetry, TroubleCode};
use messages::unit::{Unit, convert};
use messages::{Finite, Timestamp};
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

/// Why something is set aside; samples refused for the same reason are kept together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Refusal {
    reason: QuarantineReason,
    detail: String,
    nearest: Option<String>,
    remedy: String,
}

/// What is set aside of a frame for one reason: samples, each whole or without the columns that are sound.
#[derive(Default)]
struct Aside {
    /// Columns by sample; an empty list means the whole sample.
    columns_by_sample: BTreeMap<usize, Vec<usize>>,
}

/// Values by channel.
type Values = Vec<(usize, Finite)>;

/// A column that can be used.
#[derive(Clone, Copy)]
struct Column {
    channel: usize,
    unit: Unit,
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
        let columns: Vec<Result<Column, Refusal>> = self
            .telemetry
            .signals
            .iter()
            .map(|signal| self.column(&signal.name, signal.unit.as_deref()))
            .collect();
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
        if sampled_at > ctx.now().saturating_add(AHEAD_MAX) {
            self.refuse_sample(index, state, ahead(ctx.now()));
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
        let mut values: Values = Vec::with_capacity(columns.len());
        let mut beyond = Vec::new();
        for (at, (column, value)) in columns.iter().zip(&sample.values).enumerate() {
            let Some(value) = value else { continue };
            let name = &self.telemetry.signals[at].name;
            match column {
                Err(refusal) => self.refuse_value(index, at, refusal.clone()),
                Ok(Column { channel, unit }) => match self.value(*channel, *unit, *value, name) {
                    Err((refusal, measured)) => {
                        beyond.extend(measured.map(|measured| (*channel, measured)));
                        self.refuse_value(index, at, refusal);
                    }
                    Ok(_) if values.iter().any(|(other, _)| other == channel) => {
                        self.refuse_value(index, at, self.twice(*channel));
                    }
                    Ok(value) => values.push((*channel, value)),
                },
            }
        }
        (values, beyond)
    }

    /// A value in the channel's unit, unless it cannot be true.
    fn value(
        &self,
        channel: usize,
        unit: Unit,
        value: Finite,
        name: &str,
    ) -> Result<Finite, (Refusal, Option<Finite>)> {
        let known = &self.analyser.profile.channels[channel];
        let [low, high] = known.range;
        let measured = convert(value, unit, known.unit).ok();
        if let Some(measured) = measured.filter(|measured| *measured >= low && *measured <= high) {
            return Ok(measured);
        }
        let refusal = Refusal {
            reason: QuarantineReason::OutOfRange,
            detail: format!(
                "signal `{name}` is outside the valid range {low} to {high} {}",
                known.unit.symbol()
            ),
            nearest: None,
            remedy: format!("check the sensor and the unit of `{name}`"),
        };
        Err((refusal, measured))
    }

    /// Which channel a column is.
    fn column(&self, name: &str, unit: Option<&str>) -> Result<Column, Refusal> {
        let profile = &self.analyser.profile;
        let Some(channel) = profile.channel_named(name) else {
            let nearest = profile.nearest(name).map(str::to_owned);
            let remedy = match &nearest {
                Some(nearest) => {
                    format!("send it as `{nearest}`, or add `{name}` to the profile's aliases")
                }
                None => {
                    format!("add `{name}` to a channel's aliases in profile `{}`", profile.name)
                }
            };
            return Err(Refusal {
                reason: QuarantineReason::UnknownSignal,
                detail: format!("profile `{}` has no signal `{name}`", profile.name),
                nearest,
                remedy,
            });
        };
        let known = self.analyser.units[channel];
        let Some(unit) = unit else { return Ok(Column { channel, unit: known }) };
        let refusal = |reason, detail: String| Refusal {
            reason,
            detail,
            nearest: Some(known.symbol().to_owned()),
            remedy: format!("send `{name}` in `{}`", known.symbol()),
        };
        let unit = Unit::parse(unit).map_err(|error| {
            refusal(QuarantineReason::UnknownUnit, format!("unit of signal `{name}`: {error}"))
        })?;
        if unit.converts_to(known) {
            return Ok(Column { channel, unit });
        }
        let detail = format!("signal `{name}` cannot be given in `{}`", unit.symbol());
        Err(refusal(QuarantineReason::WrongUnit, detail))
    }

    fn twice(&self, channel: usize) -> Refusal {
        let id = &self.analyser.profile.channels[channel].id;
        Refusal {
            reason: QuarantineReason::Ambiguous,
            detail: format!("one sample has two values for `{id}`"),
            nearest: Some(id.clone()),
            remedy: format!("send `{id}` under one name"),
        }
    }

    fn refuse_sample(&mut self, index: usize, state: &mut State, refusal: Refusal) {
        state.readings.quarantined += 1;
        self.refused.entry(refusal).or_default().columns_by_sample.insert(index, Vec::new());
    }

    fn refuse_value(&mut self, index: usize, column: usize, refusal: Refusal) {
        let aside = self.refused.entry(refusal).or_default();
        aside.columns_by_sample.entry(index).or_default().push(column);
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

/// The text names no sample, so that all samples of a frame that are ahead are kept together.
fn ahead(now: Timestamp) -> Refusal {
    Refusal {
        reason: QuarantineReason::InTheFuture,
        detail: format!("more than {} min ahead of {now}, when it came", AHEAD_MAX.as_secs() / 60),
        nearest: None,
        remedy: "set the device's clock".to_owned(),
    }
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
