//! Windows: opened by the first sample, closed by the first of a later one or by time, said once, and once
//! more when late samples changed them: when no sample can change them any further, or by time.

use super::{Analyser, Close, DataAnalysis, Faulty, Settle, State};
use messages::envelope::Named;
use messages::health::{
    Anomaly, AnomalyDetected, HealthAssessed, SensorFault, SensorFaultKind, SensorFaulted,
};
use messages::{Finite, Timestamp};
use models::anomaly::{Alarm, Judgement, Verdict};
use models::features::{Assessed, Context, LATENESS};
use models::sensor::{Fault, Summary};
use runtime::{AgentError, AgentResult, Ctx, Handle};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Most features named as the reason of an anomaly.
const UNUSUAL_MAX: usize = 5;

/// The window that samples fall into now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenWindow {
    end: Timestamp,
    /// What came of each channel so far, for the tests of sensors.
    channels: Vec<Option<Seen>>,
}

/// A published window that late samples changed, until none can change it any further.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Late {
    end: Timestamp,
    /// As which it was said last.
    revision: u16,
    /// Whether it has changed since.
    changed: bool,
}

impl Late {
    /// The window that ends at `end`, changed since it closed.
    pub(super) fn changed(end: Timestamp) -> Self {
        Self { end, revision: 0, changed: true }
    }
}

/// What came of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    min: Finite,
    max: Finite,
    last: Finite,
    changed: u16,
}

impl Seen {
    fn first(value: Finite) -> Self {
        Self { min: value, max: value, last: value, changed: 0 }
    }

    fn note(&mut self, value: Finite) {
        self.changed = self.changed.saturating_add(u16::from(value != self.last));
        self.last = value;
        if value < self.min {
            self.min = value;
        }
        if value > self.max {
            self.max = value;
        }
    }

    fn summary(&self) -> Summary {
        Summary {
            min: self.min.get(),
            max: self.max.get(),
            last_bits: self.last.get().to_bits(),
            changed: self.changed.into(),
        }
    }
}

/// News of a sensor.
pub(super) struct Told {
    /// Its channel in the profile.
    pub(super) index: usize,
    pub(super) fault: Fault,
    /// Raised, or else cleared.
    pub(super) is_raised: bool,
    /// What was seen, for people.
    pub(super) detail: String,
}

impl Handle<Close> for DataAnalysis {
    fn handle(&self, state: &mut State, _timer: &Close, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        match self.analyser_of(state) {
            Some(analyser) => state.close(analyser, ctx),
            None => Ok(()),
        }
    }
}

impl Handle<Settle> for DataAnalysis {
    fn handle(&self, state: &mut State, _timer: &Settle, ctx: &mut Ctx<'_, Self>) -> AgentResult {
        match self.analyser_of(state) {
            Some(analyser) => state.say_changed(analyser, state.changed.len(), ctx),
            None => Ok(()),
        }
    }
}

impl State {
    /// Says what is complete once a sample of `sampled_at` has come.
    pub(super) fn close_before(
        &mut self,
        analyser: &Analyser,
        sampled_at: Timestamp,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) -> AgentResult {
        if self.window.as_ref().is_some_and(|window| sampled_at >= window.end) {
            self.close(analyser, ctx)?;
        }
        self.say_again(analyser, sampled_at, ctx)
    }

    /// Notes values in the open window, opening one if need be; late ones mark the window they change.
    pub(super) fn note_in_window(
        &mut self,
        analyser: &Analyser,
        sampled_at: Timestamp,
        values: &[(usize, Finite)],
        beyond: &[(usize, Finite)],
        close_after: Duration,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) {
        let end = analyser.features.window_end(sampled_at);
        let late = self.published_through.is_some_and(|through| end <= through)
            || self.window.as_ref().is_some_and(|window| end < window.end);
        if late {
            self.note_late(end, close_after, ctx);
            return;
        }
        let window = self.window.get_or_insert_with(|| {
            ctx.after(close_after, Close);
            OpenWindow { end, channels: vec![None; analyser.profile.channels.len()] }
        });
        for (channel, value) in values.iter().chain(beyond) {
            match &mut window.channels[*channel] {
                Some(seen) => seen.note(*value),
                none => *none = Some(Seen::first(*value)),
            }
        }
    }

    /// Marks the window that ends at `end` as changed; it is said anew by time if by nothing else.
    fn note_late(
        &mut self,
        end: Timestamp,
        close_after: Duration,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) {
        if !self.changed.iter().any(|late| late.changed) {
            ctx.after(LATENESS + close_after, Settle);
        }
        match self.changed.binary_search_by_key(&end, |late| late.end) {
            Ok(place) => self.changed[place].changed = true,
            Err(place) => self.changed.insert(place, Late::changed(end)),
        }
    }

    /// Assesses the open window and says so.
    fn close(&mut self, analyser: &Analyser, ctx: &mut Ctx<'_, DataAnalysis>) -> AgentResult {
        let Some(window) = self.window.take() else { return Ok(()) };
        ctx.cancel::<Close>();
        self.published_through = Some(window.end);
        let assessed = self.assess(analyser, window.end)?;
        self.test_sensors(analyser, &window, state_number(&assessed), ctx);
        self.test_peers(analyser, &assessed.comparisons, window.end, ctx);
        let anomaly = self.judge(analyser, &assessed, window.end, ctx)?;
        self.say(analyser, assessed, window.end, 0, anomaly, ctx);
        Ok(())
    }

    /// Says windows anew that late samples changed, once no sample can change them any more.
    fn say_again(
        &mut self,
        analyser: &Analyser,
        sampled_at: Timestamp,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) -> AgentResult {
        if self.changed.is_empty() {
            return Ok(());
        }
        let settled =
            self.changed.partition_point(|late| late.end.saturating_add(LATENESS) <= sampled_at);
        self.say_changed(analyser, settled, ctx)?;
        self.changed.drain(..settled);
        if settled > 0 && !self.changed.iter().any(|late| late.changed) {
            ctx.cancel::<Settle>();
        }
        Ok(())
    }

    /// Says the oldest `count` of the late windows anew, if they have changed.
    fn say_changed(
        &mut self,
        analyser: &Analyser,
        count: usize,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) -> AgentResult {
        for place in 0..count {
            let late = &mut self.changed[place];
            if std::mem::take(&mut late.changed) {
                late.revision = late.revision.saturating_add(1);
                let Late { end, revision, .. } = *late;
                let assessed = self.assess(analyser, end)?;
                self.say(analyser, assessed, end, revision, None, ctx);
            }
        }
        Ok(())
    }

    fn assess(&self, analyser: &Analyser, end: Timestamp) -> Result<Assessed, AgentError> {
        let context = Context { service: self.service.map(Into::into), earlier_failures: None };
        analyser
            .features
            .assess(&self.features, end, &context)
            .map_err(|error| AgentError::Fault(error.to_string()))
    }

    fn say(
        &self,
        analyser: &Analyser,
        assessed: Assessed,
        end: Timestamp,
        revision: u16,
        anomaly: Option<Anomaly>,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) {
        let Some(registration) = &self.registration else { return };
        let profile = &analyser.profile;
        let state = assessed.operating_state.map(|index| profile.states[index].id.clone());
        ctx.publish(&HealthAssessed {
            fleet: registration.fleet.clone(),
            asset: ctx.key().to_owned(),
            profile: profile.name.clone(),
            window_start: end.saturating_sub(profile.window.duration()),
            window_end: end,
            revision,
            operating_state: state,
            samples: assessed.samples,
            feature_schema: analyser.features.schema(),
            features: assessed.values,
            feature_ages: assessed.ages,
            anomaly,
            trends: assessed.trends,
            sensor_faults: self.faulty.iter().map(|faulty| faulty.said(analyser)).collect(),
            codes: self.codes.iter().map(|(code, _)| code.clone()).collect(),
            comparisons: assessed.comparisons,
        });
    }

    fn test_sensors(
        &mut self,
        analyser: &Analyser,
        window: &OpenWindow,
        state: Option<u8>,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) {
        let summaries: Vec<Option<Summary>> =
            window.channels.iter().map(|seen| seen.as_ref().map(Seen::summary)).collect();
        let findings = analyser.tests.observe(&mut self.sensors, &summaries, state);
        for finding in findings {
            let Some(index) = analyser.profile.channel_named(finding.channel) else { continue };
            let (fault, is_raised) = (finding.fault, finding.is_raised);
            let detail = detail(fault, window.channels[index].as_ref());
            self.tell_fault(analyser, Told { index, fault, is_raised, detail }, window.end, ctx);
        }
    }

    /// Says that a sensor is faulty from the window that ends at `end` on, or sound again.
    pub(super) fn tell_fault(
        &mut self,
        analyser: &Analyser,
        told: Told,
        end: Timestamp,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) {
        let Told { index, fault, is_raised, detail } = told;
        let channel = u16::try_from(index).unwrap_or(u16::MAX);
        let is_this = |f: &Faulty| f.channel == channel && f.fault == fault;
        let known = self.faulty.iter().position(is_this).map(|at| self.faulty.remove(at));
        let since = known.map_or(end, |faulty| faulty.since);
        if is_raised {
            self.faulty.push(Faulty { channel, fault, since });
        }
        let Some(registration) = &self.registration else { return };
        ctx.publish(&SensorFaulted {
            fleet: registration.fleet.clone(),
            asset: ctx.key().to_owned(),
            channel: analyser.profile.channels[index].id.clone(),
            kind: kind(fault),
            since,
            cleared_at: (!is_raised).then_some(end),
            detail,
        });
    }

    /// Compares the window with what is usual for the asset.
    fn judge(
        &mut self,
        analyser: &Analyser,
        assessed: &Assessed,
        end: Timestamp,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) -> Result<Option<Anomaly>, AgentError> {
        let Some(state) = state_number(assessed) else { return Ok(None) };
        let mut row: Vec<Option<f64>> =
            analyser.watched.iter().map(|index| assessed.values[*index].map(Finite::get)).collect();
        if let Some(forest) = &analyser.forest {
            #[expect(clippy::cast_possible_truncation, reason = "a forest splits at 32 bits")]
            let values: Vec<Option<f32>> =
                assessed.values.iter().map(|value| value.map(|value| value.get() as f32)).collect();
            let score = forest.score(&values).map_err(|e| AgentError::Fault(e.to_string()))?;
            row.push(score.map(f64::from));
        }
        let verdict = analyser.detector.observe(&mut self.baseline, &row, state);
        let Verdict::Judged(judgement) = verdict else { return Ok(None) };
        let (Ok(score), Ok(threshold)) =
            (Finite::new(relative(&judgement)), Finite::new(RELATIVE_THRESHOLD))
        else {
            return Ok(None);
        };
        if let (Alarm::Raised, Some(registration)) = (judgement.alarm, &self.registration) {
            ctx.publish(&AnomalyDetected {
                fleet: registration.fleet.clone(),
                asset: ctx.key().to_owned(),
                window_end: end,
                operating_state: assessed
                    .operating_state
                    .map(|index| analyser.profile.states[index].id.clone()),
                score,
                threshold,
                unusual: unusual(&judgement),
            });
        }
        let alarm = matches!(judgement.alarm, Alarm::Raised | Alarm::Ongoing);
        Ok(Some(Anomaly { score, alarm }))
    }
}

/// The threshold on the scale of [`relative`].
const RELATIVE_THRESHOLD: f64 = 0.5;

/// A score of 0 and more on a scale of 0 to 1: half at the threshold.
fn relative(judgement: &Judgement<'_>) -> f64 {
    judgement.score / (judgement.score + judgement.threshold)
}

fn unusual(judgement: &Judgement<'_>) -> Vec<Named> {
    let named = |part: &models::anomaly::Contribution<'_>| Named {
        name: part.feature.to_owned(),
        value: Finite::new(part.value).ok(),
    };
    judgement.contributions.iter().take(UNUSUAL_MAX).map(named).collect()
}

fn state_number(assessed: &Assessed) -> Option<u8> {
    assessed.operating_state.and_then(|index| u8::try_from(index).ok())
}

impl Faulty {
    fn said(&self, analyser: &Analyser) -> SensorFault {
        SensorFault {
            channel: analyser.profile.channels[usize::from(self.channel)].id.clone(),
            kind: kind(self.fault),
            since: self.since,
        }
    }
}

fn kind(fault: Fault) -> SensorFaultKind {
    match fault {
        Fault::Stuck => SensorFaultKind::Stuck,
        Fault::Dropout => SensorFaultKind::Dropout,
        Fault::OutOfRange => SensorFaultKind::OutOfRange,
        Fault::Drift => SensorFaultKind::Drift,
    }
}

/// What was seen, for people.
fn detail(fault: Fault, seen: Option<&Seen>) -> String {
    match (fault, seen) {
        (Fault::Stuck, Some(seen)) => {
            format!("stands at {} while other channels move", seen.last)
        }
        (Fault::OutOfRange, Some(seen)) => format!("reads {} to {}", seen.min, seen.max),
        (Fault::Dropout | Fault::Drift, _) | (_, None) => {
            "is absent while other channels come".to_owned()
        }
    }
}
