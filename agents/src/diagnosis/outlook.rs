//! Judges each component from the trends of one window: a hypothesis with its reasons, or why there is none.

use super::confirmation::Confirmations;
use super::{Config, Diagnosis, State};
use messages::Finite;
use messages::health::{HealthAssessed, Trend};
use messages::prediction::{
    CannotSay, Contribution, Hypothesis, RemainingLife, Severity, WithheldReason,
};
use messages::profile::{
    Channel, Component, Direction, Evidence, FailureMode, Limits, Profile, Reach, Role,
};
use messages::telemetry::TroubleCode;
use models::trend::{self, Limit, Observed, Outlook};

/// Seconds of an hour.
const HOUR_SECONDS: f64 = 3600.0;

/// What one window says of one component.
#[derive(Clone)]
pub(super) struct Judged {
    pub(super) component: String,
    pub(super) answer: Result<Hypothesis, CannotSay>,
}

impl Diagnosis {
    /// Judges every component of `profile`.
    pub(super) fn judge(
        &self,
        profile: &Profile,
        assessed: &HealthAssessed,
        state: &mut State,
    ) -> Vec<Judged> {
        let judge = |component: &Component| Judged {
            component: component.id.clone(),
            answer: self.judge_component(profile, component, assessed, state),
        };
        profile.components.iter().map(judge).collect()
    }

    /// The likeliest of the component's failure modes that can be judged; with none, why not.
    fn judge_component(
        &self,
        profile: &Profile,
        component: &Component,
        assessed: &HealthAssessed,
        state: &mut State,
    ) -> Result<Hypothesis, CannotSay> {
        let stands = state.standing.holds(&component.id);
        let mut likeliest: Option<Hypothesis> = None;
        let mut withheld: Option<CannotSay> = None;
        for mode in &component.modes {
            let view = View { config: &self.config, profile, component, mode, assessed };
            // What stands said is not taken back because its sensor was not compared yet.
            let confirmations = (!stands).then_some(&mut state.confirmations);
            match view.judge(confirmations) {
                Ok(hypothesis)
                    if likeliest
                        .as_ref()
                        .is_none_or(|known| known.probability < hypothesis.probability) =>
                {
                    likeliest = Some(hypothesis);
                }
                Ok(_) => {}
                Err(cannot_say) => {
                    let graver =
                        withheld.as_ref().is_none_or(|known| known.reason < cannot_say.reason);
                    if graver {
                        withheld = Some(cannot_say);
                    }
                }
            }
        }
        match (likeliest, withheld) {
            // That a failure may be foreseen soon is more than that another one is not in sight.
            (Some(hypothesis), Some(waits))
                if waits.reason == WithheldReason::Unconfirmed
                    && hypothesis.advice.severity == Severity::Low =>
            {
                Err(waits)
            }
            (Some(hypothesis), _) => Ok(hypothesis),
            (None, Some(cannot_say)) => Err(cannot_say),
            (None, None) => Err(CannotSay {
                component: component.id.clone(),
                reason: WithheldReason::NotMeasured,
                detail: "the profile names no failure mode".to_owned(),
            }),
        }
    }
}

/// One failure mode and everything there is to judge it by.
struct View<'v> {
    config: &'v Config,
    profile: &'v Profile,
    component: &'v Component,
    mode: &'v FailureMode,
    assessed: &'v HealthAssessed,
}

impl View<'_> {
    /// The worst outlook over the mode's primary channels and how far back their trends look.
    fn judge(
        &self,
        mut confirmations: Option<&mut Confirmations>,
    ) -> Result<Hypothesis, CannotSay> {
        let mut worst: Option<Hypothesis> = None;
        let mut withheld = None;
        let primary = self.mode.evidence.iter().filter(|known| known.role == Role::Primary);
        for evidence in primary {
            let Some((channel, limits, direction)) = self.monitored(evidence) else { continue };
            let outlook = self.outlook(evidence, channel, limits, direction).and_then(|found| {
                if let Some(known) = confirmations.as_mut() {
                    self.confirm(known, evidence, channel, &found)?;
                }
                Ok(found)
            });
            match outlook {
                Ok(found)
                    if worst.as_ref().is_none_or(|known| known.probability < found.probability) =>
                {
                    worst = Some(found);
                }
                Ok(_) => {}
                Err(cannot_say) => withheld = withheld.or(Some(cannot_say)),
            }
        }
        worst.ok_or_else(|| {
            withheld.unwrap_or_else(|| {
                self.cannot_say(
                    WithheldReason::NotMeasured,
                    "no channel with limits shows it".to_owned(),
                )
            })
        })
    }

    /// Fails while what was `found` from the trend of `channel` alone has to wait.
    fn confirm(
        &self,
        confirmations: &mut Confirmations,
        evidence: &Evidence,
        channel: &Channel,
        found: &Hypothesis,
    ) -> Result<(), CannotSay> {
        let Some(peer) = &channel.peer else { return Ok(()) };
        if self.further_evidence(evidence).iter().any(|part| part.amount > 0.0) {
            return Ok(());
        }
        let (severity, at) = (found.advice.severity, self.assessed.window_end);
        let wait_max = self.config.confirmation_max.duration();
        if !confirmations.must_wait(&channel.id, severity, at, wait_max) {
            return Ok(());
        }
        let detail = format!(
            "`{}` alone speaks for it; its sensor is to be compared with `{}` first",
            channel.id, peer.channel
        );
        Err(self.cannot_say(WithheldReason::Unconfirmed, detail))
    }

    fn monitored(&self, evidence: &Evidence) -> Option<(&Channel, Limits, Direction)> {
        let index = self.profile.channel_named(&evidence.channel)?;
        let channel = &self.profile.channels[index];
        Some((channel, channel.limits?, evidence.worse.or(channel.worse)?))
    }

    fn outlook(
        &self,
        evidence: &Evidence,
        channel: &Channel,
        limits: Limits,
        direction: Direction,
    ) -> Result<Hypothesis, CannotSay> {
        if let Some(fault) =
            self.assessed.sensor_faults.iter().find(|fault| fault.channel == channel.id)
        {
            let detail = format!("sensor of `{}` is faulty since {}", channel.id, fault.since);
            return Err(self.cannot_say(WithheldReason::SensorFault, detail));
        }
        let trends: Vec<&Trend> =
            self.assessed.trends.iter().filter(|trend| trend.channel == channel.id).collect();
        if trends.is_empty() {
            let states = if channel.states.is_empty() {
                String::new()
            } else {
                format!(" while {}", channel.states.join(" or "))
            };
            let detail = format!("`{}` has not been measured{states}", channel.id);
            return Err(self.cannot_say(WithheldReason::NotMeasured, detail));
        }
        let parts = self.further_evidence(evidence);
        let mut worst: Option<Hypothesis> = None;
        let mut withheld = None;
        for trend in trends {
            match self.continue_trend(channel, limits, direction, trend, &parts) {
                Ok(found)
                    if worst.as_ref().is_none_or(|known| known.probability < found.probability) =>
                {
                    worst = Some(found);
                }
                Ok(_) => {}
                Err(cannot_say) => withheld = withheld.or(Some(cannot_say)),
            }
        }
        worst.ok_or_else(|| withheld.expect("a trend is judged or withheld"))
    }

    /// Trouble codes that are set, and supporting channels beyond their warning limit.
    fn further_evidence(&self, primary: &Evidence) -> Vec<Part> {
        let mut parts = Vec::new();
        for evidence in &self.mode.evidence {
            if evidence.channel == primary.channel || evidence.role != Role::Supporting {
                continue;
            }
            let Some((channel, limits, direction)) = self.monitored(evidence) else { continue };
            let newest = self
                .assessed
                .trends
                .iter()
                .filter(|trend| trend.channel == channel.id)
                .min_by_key(|trend| trend.age_seconds);
            if let Some(trend) = newest {
                let way = limits.critical.get() - limits.warn.get();
                let beyond = (trend.level.get() - limits.warn.get()) / way;
                debug_assert!(way * direction.sign() > 0.0, "limits were checked with the profile");
                parts.push(Part {
                    name: channel.id.clone(),
                    value: quantity(trend.level, channel),
                    amount: beyond.clamp(0.0, 1.0) * evidence.weight.get(),
                });
            }
        }
        for code in &self.assessed.codes {
            let matching = self.mode.codes.iter().filter(|known| known.matches(code));
            parts.extend(matching.map(|known| Part {
                name: format!("trouble code {}", written(code)),
                value: "set".to_owned(),
                amount: known.weight.get(),
            }));
        }
        parts
    }

    fn continue_trend(
        &self,
        channel: &Channel,
        limits: Limits,
        direction: Direction,
        seen: &Trend,
        parts: &[Part],
    ) -> Result<Hypothesis, CannotSay> {
        let settings = match seen.reach {
            Reach::Run => &self.config.run,
            Reach::Week => &self.config.week,
        };
        let observed = observed(seen).ok_or_else(|| {
            let detail = format!(
                "`{}` has {} measured spans of time, 3 make a trend",
                channel.id, seen.panes
            );
            self.cannot_say(WithheldReason::TooLittleData, detail)
        })?;
        let limit = Limit {
            value: limits.critical.get(),
            direction: match direction {
                Direction::Up => trend::Direction::Rising,
                Direction::Down => trend::Direction::Falling,
            },
            wander: limits.wander.get(),
            slope_deviation: limits.slope_deviation.get(),
        };
        let evidence: Vec<trend::Evidence<'_>> = parts
            .iter()
            .map(|part| trend::Evidence { name: &part.name, value: part.amount, weight: 1.0 })
            .collect();
        let horizon = self.profile.horizon.as_hours();
        let observed_channel = trend::Channel::Observed(observed);
        trend::outlook(settings, &limit, observed_channel, &evidence, horizon)
            .map_err(|reason| self.withheld(channel, &reason))
            .and_then(|outlook| self.hypothesis(channel, limits, seen, parts, &outlook))
    }

    fn hypothesis(
        &self,
        channel: &Channel,
        limits: Limits,
        seen: &Trend,
        parts: &[Part],
        outlook: &Outlook<'_>,
    ) -> Result<Hypothesis, CannotSay> {
        let not_finite = || {
            let detail = format!("the trend of `{}` gives no finite number", channel.id);
            self.cannot_say(WithheldReason::TooLittleData, detail)
        };
        let finite = |value: f64| Finite::new(value).map_err(|_| not_finite());
        let unit = channel.unit.symbol();
        let per_hour = seen.slope_per_hour.map_or(0.0, Finite::get);
        let back = match seen.reach {
            Reach::Run => "within this run",
            Reach::Week => "over the last days",
        };
        let described = [
            (
                format!("{} against its limit", channel.id),
                format!("{} of {} {unit}", rounded(seen.level.get()), limits.critical),
            ),
            (
                format!("trend of {} {back}", channel.id),
                format!("{per_hour:+.3} {unit}/h over {:.1} h", seen.span_hours.get()),
            ),
        ];
        let described = described
            .into_iter()
            .chain(parts.iter().map(|part| (part.name.clone(), part.value.clone())));
        let mut contributions = Vec::new();
        for (part, (name, value)) in outlook.contributions.iter().zip(described) {
            contributions.push(Contribution { name, value, amount: finite(part.probits)? });
        }
        contributions.sort_by(|a, b| b.amount.get().total_cmp(&a.amount.get()));
        let median = outlook.time_left.and_then(|left| left.hours_50);
        let remaining = match (outlook.time_left, median) {
            (Some(left), Some(median)) => Some(RemainingLife {
                low_hours: finite(left.hours_10)?,
                median_hours: finite(median)?,
                high_hours: left.hours_90.map(finite).transpose()?,
            }),
            _ => None,
        };
        let advice = self.profile.severity.advise(self.component, outlook.probability, median);
        Ok(Hypothesis {
            component: self.component.id.clone(),
            failure_mode: self.mode.id.clone(),
            probability: finite(outlook.probability)?,
            score: finite(outlook.score)?,
            contributions,
            remaining_useful_life: remaining,
            advice,
        })
    }

    fn withheld(&self, channel: &Channel, reason: &trend::CannotSay) -> CannotSay {
        let kind = match reason {
            trend::CannotSay::ChannelMissing => WithheldReason::NotMeasured,
            trend::CannotSay::SensorFaulted => WithheldReason::SensorFault,
            trend::CannotSay::Stale { .. } => WithheldReason::Stale,
            trend::CannotSay::TooFewPanes { .. }
            | trend::CannotSay::SpanTooShort { .. }
            | trend::CannotSay::Unusable { .. } => WithheldReason::TooLittleData,
        };
        self.cannot_say(kind, format!("`{}`: {reason}", channel.id))
    }

    fn cannot_say(&self, reason: WithheldReason, detail: String) -> CannotSay {
        CannotSay { component: self.component.id.clone(), reason, detail }
    }
}

/// Something besides the trend that counts.
struct Part {
    name: String,
    value: String,
    amount: f64,
}

/// A trend with its errors, as far as it has them.
fn observed(seen: &Trend) -> Option<Observed> {
    Some(Observed {
        level: seen.level.get(),
        level_error: seen.level_error?.get(),
        slope_per_hour: seen.slope_per_hour?.get(),
        slope_error: seen.slope_error?.get(),
        residual_deviation: seen.deviation?.get(),
        panes: u32::from(seen.panes),
        span_hours: seen.span_hours.get(),
        age_hours: f64::from(seen.age_seconds) / HOUR_SECONDS,
    })
}

fn quantity(value: Finite, channel: &Channel) -> String {
    format!("{} {}", rounded(value.get()), channel.unit.symbol())
}

/// To two decimals, which is finer than any sensor here.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn written(code: &TroubleCode) -> String {
    match code {
        TroubleCode::Obd2 { code } => code.clone(),
        TroubleCode::J1939 { spn, fmi, .. } => format!("{spn}/{fmi}"),
    }
}
