//! Watches the principals on the bus, says which behave unlike themselves, and contains them.
//!
//! Hears what the guard measures and refuses, who was contained and released, and what data-analysis thinks of a device's
//! readings. Says [`BaselineLearned`], [`BehaviourFlagged`] and [`PrincipalContained`]; the guard releases when its time
//! is over. Remembers, per principal, what is usual for it, the evidence against it, and how far it is contained.
//!
//! It knows no attack, only evidence: what a contract refuses weighs from the first time on, what is unusual only once it
//! is known what is usual. Points add up and decay; from [`Config::flag_at`] on it is said, from the steps of
//! [`Config::ladder`] on something is done. What devices measure may flag them and is no step of the ladder, however
//! much of it there is: a sensor that lies is far more often broken than bought.
//!
//! **It cannot set itself off.** A finding is said again only when containment goes further, so at most four times
//! however long evidence lasts; of itself it judges nothing but refusals, and never contains itself. **A flood does not
//! silence it**: windows of activity and refusals are counts, so a thousand times as many messages are hardly more to
//! hear.

mod config;
mod evidence;
mod memory;

#[cfg(test)]
mod tests;

pub use config::{Config, Step};
pub use memory::State;

use evidence::Seen;
use memory::{Stand, Watched};
use messages::MessageId;
use messages::behaviour::{BaselineLearned, BehaviourFlagged, Evidence};
use messages::guard::{
    AccessDenied, ActivityMeasured, Level, PrincipalContained, PrincipalReleased, UNKNOWN,
};
use messages::health::{QuarantineReason, SensorFaulted, TelemetryQuarantined};
use messages::{Finite, Timestamp};
use models::behaviour::{Contribution, Hours};
use runtime::{Agent, AgentError, AgentResult, ConfigError, Ctx, Handle, Models, Wiring};

/// Who releases when the time is over.
const GUARD: &str = "guard";
/// What names of devices begin with.
const DEVICE: &str = "device/";

/// The agent.
pub struct Ueba {
    config: Config,
    hours: Hours,
}

impl Agent for Ueba {
    const KIND: &'static str = "ueba";
    type Config = Config;
    type State = State;

    fn new(config: Config, _models: &Models) -> Result<Self, ConfigError> {
        let hours = config.check().map_err(|reason| ConfigError::new(Self::KIND, reason))?;
        Ok(Self { config, hours })
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<AccessDenied>().key(|denied| subject(&denied.principal));
        wiring.on::<ActivityMeasured>().key(|measured| subject(&measured.principal));
        wiring.on::<PrincipalContained>().key(|contained| subject(&contained.principal));
        wiring.on::<PrincipalReleased>().key(|released| subject(&released.principal));
        wiring.on::<SensorFaulted>().key(|faulted| &faulted.asset);
        wiring.on::<TelemetryQuarantined>().key(|quarantined| &quarantined.asset);
        wiring
            .publishes::<BaselineLearned>()
            .publishes::<BehaviourFlagged>()
            .publishes::<PrincipalContained>();
    }
}

/// The key of a principal: of a device its asset, which is all that is known where readings are spoken of.
fn subject(principal: &str) -> &str {
    let device = principal.strip_prefix(DEVICE).and_then(|device| device.split_once('/'));
    device.map_or(principal, |(_, asset)| asset)
}

fn device(fleet: &str, asset: &str) -> String {
    format!("{DEVICE}{fleet}/{asset}")
}

impl Handle<AccessDenied> for Ueba {
    fn handle(
        &self,
        state: &mut State,
        denied: &AccessDenied,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let watched = state.of(&denied.principal);
        if watched.is_forgiven(denied.first_at) {
            return Ok(());
        }
        let seen = evidence::of_denial(denied, &self.config, ctx.envelope().id);
        self.weigh(watched, &denied.principal, denied.first_at, vec![seen], ctx)
    }
}

impl Handle<ActivityMeasured> for Ueba {
    fn handle(
        &self,
        state: &mut State,
        measured: &ActivityMeasured,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let principal = &measured.principal;
        if principal == Self::KIND {
            return Ok(());
        }
        let watched = state.of(principal);
        let shown = watched.usual.take(measured, &self.hours, &self.config.behaviour);
        if shown.just_learned {
            let since = watched.usual.first_at().unwrap_or(measured.from);
            ctx.publish(&BaselineLearned { principal: principal.clone(), since });
        }
        if watched.is_forgiven(measured.from) {
            watched.usual.part(&self.hours, &self.config.behaviour);
            return Ok(());
        }
        let id = ctx.envelope().id;
        let mut seen: Vec<Seen> = shown
            .unusual
            .iter()
            .map(|unusual| evidence::of_unusual(unusual, measured.until, id))
            .collect();
        let new = &shown.new_names;
        seen.extend(evidence::of_new_names(new, measured.until, &self.config, id));
        self.weigh(watched, principal, measured.from, seen, ctx)
    }
}

impl Handle<SensorFaulted> for Ueba {
    fn handle(
        &self,
        state: &mut State,
        faulted: &SensorFaulted,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        if faulted.cleared_at.is_some() {
            return Ok(());
        }
        let principal = device(&faulted.fleet, &faulted.asset);
        let (now, id) = (ctx.now(), ctx.envelope().id);
        let seen = evidence::of_sensor(faulted, &self.config, now, id);
        self.weigh(state.of(&principal), &principal, now, vec![seen], ctx)
    }
}

impl Handle<TelemetryQuarantined> for Ueba {
    fn handle(
        &self,
        state: &mut State,
        quarantined: &TelemetryQuarantined,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        if quarantined.reason == QuarantineReason::Contained {
            // What follows from a containment is no further reason for one.
            return Ok(());
        }
        let principal = device(&quarantined.fleet, &quarantined.asset);
        let (now, id) = (ctx.now(), ctx.envelope().id);
        let seen = evidence::of_quarantine(quarantined, &self.config, now, id);
        self.weigh(state.of(&principal), &principal, now, vec![seen], ctx)
    }
}

impl Handle<PrincipalContained> for Ueba {
    /// What a person decided stands: the ladder is climbed from there.
    fn handle(
        &self,
        state: &mut State,
        contained: &PrincipalContained,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        if ctx.envelope().source != Self::KIND {
            let PrincipalContained { level, until, .. } = *contained;
            state.of(&contained.principal).stand = Some(Stand { level, until });
        }
        Ok(())
    }
}

impl Handle<PrincipalReleased> for Ueba {
    /// A person's release wipes the slate clean, also of what is measured but not heard of yet; when only the time was
    /// over, what is left of the evidence stays.
    fn handle(
        &self,
        state: &mut State,
        released: &PrincipalReleased,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let watched = state.of(&released.principal);
        watched.stand = None;
        if released.by != GUARD {
            watched.risk.clear();
            watched.finding = None;
            watched.released_at = Some(ctx.now());
            watched.usual.part(&self.hours, &self.config.behaviour);
        }
        Ok(())
    }
}

impl Ueba {
    /// Takes what was `seen` of `principal` since `from`, and says and does what follows.
    fn weigh(
        &self,
        watched: &mut Watched,
        principal: &str,
        from: Timestamp,
        seen: Vec<Seen>,
        ctx: &mut Ctx<'_, Self>,
    ) -> AgentResult {
        let (now, half_life) = (ctx.now(), self.config.half_life.duration());
        let before = watched.risk.score(now, half_life);
        watched.stand = watched.stand.filter(|stand| stand.until.is_none_or(|until| now < until));
        if watched.stand.is_none() && before < self.config.clear_below {
            watched.finding = None;
        }
        if seen.is_empty() {
            return Ok(());
        }
        let acted = seen.iter().any(|seen| evidence::is_conduct(&seen.contribution.kind));
        for Seen { contribution, raise } in seen {
            watched.risk.take(contribution, raise, half_life);
        }
        let risk = watched.risk.score(now, half_life);
        if risk < self.config.flag_at {
            return Ok(());
        }
        let finding = watched.finding_since(principal, from);
        let conduct = watched.risk.score_of(now, half_life, evidence::is_conduct);
        let step = if acted { self.step(principal, conduct, watched.stand, now) } else { None };
        if step.is_none() && finding.number > 0 {
            return Ok(());
        }
        let level = step.map(|step| step.level).or(watched.stand.map(|stand| stand.level));
        let flagged = self.flagged(watched, principal, level, ctx)?;
        ctx.publish(&flagged);
        if let Some(step) = step {
            contain(watched, step, &flagged, ctx);
        }
        Ok(())
    }

    /// The step to be taken at `risk` by what the principal did: one further than where the principal stands, or the same
    /// again when half of its time is over and evidence still comes.
    fn step(
        &self,
        principal: &str,
        risk: f64,
        stand: Option<Stand>,
        now: Timestamp,
    ) -> Option<Step> {
        let most = self.most(principal)?;
        let mut steps = self.config.ladder.iter();
        let wanted = steps.rfind(|step| risk >= step.from && step.level <= most)?;
        let Some(stand) = stand else { return Some(*wanted) };
        let half = wanted.lasts.duration() / 2;
        let half_over = stand.until.is_some_and(|until| until.since(now) < half);
        let again = wanted.level == stand.level && half_over;
        (wanted.level > stand.level || again).then_some(*wanted)
    }

    /// How far `principal` may be contained; nothing where it is only told of.
    fn most(&self, principal: &str) -> Option<Level> {
        let spared = self.config.never_contained.iter().any(|spared| spared == principal);
        // Whom nobody knows is refused everything as it is.
        if spared || principal == Self::KIND || principal == UNKNOWN {
            return None;
        }
        // A device has no hosts that could stand still.
        Some(if principal.starts_with(DEVICE) { Level::Refused } else { Level::Paused })
    }

    /// The finding about `principal` as it is said now.
    fn flagged(
        &self,
        watched: &mut Watched,
        principal: &str,
        level: Option<Level>,
        ctx: &Ctx<'_, Self>,
    ) -> Result<BehaviourFlagged, AgentError> {
        let (now, half_life) = (ctx.now(), self.config.half_life.duration());
        let contributions = watched.risk.contributions(now, half_life);
        let risk = finite(watched.risk.score(now, half_life))?;
        let heaviest = contributions.first().map_or("", |heaviest| heaviest.detail.as_str());
        let summary = match contributions.len() {
            0 | 1 => format!("`{principal}` {heaviest}"),
            more => format!("`{principal}` {heaviest}, and {} more", more - 1),
        };
        let evidence: Result<Vec<Evidence>, AgentError> =
            contributions.into_iter().map(told).collect();
        let is_learning = !watched.usual.is_learned(now, &self.config.behaviour);
        let finding = watched.finding.as_mut().expect("a finding was begun");
        finding.number += 1;
        Ok(BehaviourFlagged {
            finding: finding.id.to_string(),
            principal: principal.to_owned(),
            since: finding.since,
            number: finding.number,
            risk,
            level,
            is_learning,
            evidence: evidence?,
            summary,
        })
    }
}

fn contain(watched: &mut Watched, step: Step, flagged: &BehaviourFlagged, ctx: &mut Ctx<'_, Ueba>) {
    let until = Some(ctx.now().saturating_add(step.lasts.duration()));
    watched.stand = Some(Stand { level: step.level, until });
    ctx.publish(&PrincipalContained {
        principal: flagged.principal.clone(),
        level: step.level,
        until,
        finding: Some(flagged.finding.clone()),
        reason: flagged.summary.clone(),
        evidence_from: flagged.since,
        by: Ueba::KIND.to_owned(),
    });
}

fn told(contribution: Contribution) -> Result<Evidence, AgentError> {
    let Contribution { kind, points, at, observed, usual, high, detail, seen_in } = contribution;
    Ok(Evidence {
        kind,
        points: finite(points)?,
        at,
        observed: finite(observed)?,
        usual: usual.map(finite).transpose()?,
        high: high.map(finite).transpose()?,
        detail,
        seen_in,
    })
}

fn finite(value: f64) -> Result<Finite, AgentError> {
    Finite::new(value).map_err(|_| AgentError::Fault(format!("`{value}` came out as a risk")))
}

/// The id of the finding about `principal` whose first evidence is of `since`.
fn finding_id(principal: &str, since: Timestamp) -> MessageId {
    MessageId::named("ueba.finding", &format!("{principal}/{since}"))
}
