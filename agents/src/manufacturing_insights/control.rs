//! What a population remembers of its patterns and CAPAs, and how an action is judged by later assets.

use super::census::Watched;
use super::spoken::{finite, number, rate_of};
use super::{Contain, ManufacturingInsights, State, years};
use messages::capa::{
    CapaOpened, CapaReopened, CapaState, CapaUpdated, Criterion, Effectiveness, Gate,
};
use messages::pattern::{ComponentReported, Group};
use messages::{CapaId, Timestamp};
use models::reliability::rate;
use runtime::Ctx;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// CAPAs of a population that are remembered, closed ones included; the oldest closed one gives way.
pub const CAPAS_MAX: usize = 64;
/// Patterns that are remembered as told; the oldest gives way.
pub const TOLD_MAX: usize = 128;

/// What is remembered of patterns and CAPAs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Control {
    told: Vec<Told>,
    pub(super) capas: Vec<Capa>,
    /// When a review was last told, and at how many failures.
    pub(super) reviewed: Option<(Timestamp, u64)>,
}

/// A pattern that was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) component: String,
    pub(super) group: Group,
    pub(super) failures: u64,
}

/// A CAPA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Capa {
    pub(super) id: CapaId,
    pub(super) component: String,
    pub(super) group: Group,
    pub(super) state: CapaState,
    contain_by: Timestamp,
    is_overdue: bool,
    /// Failures a year of one asset when it opened.
    pub(super) per_year: f64,
    /// When gates were signed.
    pub(super) signed: BTreeMap<Gate, Timestamp>,
    pub(super) criterion: Option<Criterion>,
    later: Option<Later>,
    /// How the criterion was met.
    pub(super) met: Option<Effectiveness>,
}

/// Assets whose life began after the action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Later {
    from: Timestamp,
    watched: Watched,
    failures: u64,
}

impl Control {
    /// Groups of a component that have a CAPA.
    pub(super) fn groups(&self, component: &str) -> Vec<Group> {
        let own = self.capas.iter().filter(|capa| capa.component == component);
        own.map(|capa| capa.group.clone()).collect()
    }

    /// Remembers a pattern as told; whether it was not, or has grown so many times since.
    pub(super) fn tell(&mut self, told: Told, growth: u64) -> bool {
        let same = |it: &&mut Told| it.component == told.component && it.group == told.group;
        match self.told.iter_mut().find(same) {
            Some(known) if told.failures < known.failures * growth => false,
            Some(known) => {
                known.failures = told.failures;
                true
            }
            None => {
                if self.told.len() >= TOLD_MAX {
                    self.told.remove(0);
                }
                self.told.push(told);
                true
            }
        }
    }

    /// Takes in a CAPA, if there is room.
    pub(super) fn add(&mut self, capa: Capa) -> bool {
        if self.capas.len() >= CAPAS_MAX {
            let closed = self.capas.iter().position(|it| it.state == CapaState::Closed);
            let Some(closed) = closed else { return false };
            self.capas.remove(closed);
        }
        self.capas.push(capa);
        true
    }

    /// Sets the timer for the first CAPA that is to be contained.
    pub(super) fn time_containment(&self, ctx: &mut Ctx<'_, ManufacturingInsights>) {
        let waits = |capa: &&Capa| capa.state == CapaState::Open && !capa.is_overdue;
        match self.capas.iter().filter(waits).map(|capa| capa.contain_by).min() {
            Some(due_at) => ctx.at(due_at, Contain),
            None => ctx.cancel::<Contain>(),
        }
    }

    /// Counts an asset that joined or left, where it is a later one of a CAPA.
    pub(super) fn count_later(
        &mut self,
        group: &Group,
        born_at: Timestamp,
        watched_from: Timestamp,
        joined: bool,
        now: Timestamp,
    ) {
        for capa in &mut self.capas {
            let is_later = capa.is_later(group, born_at);
            let Some(later) = capa.later.as_mut().filter(|_| is_later) else { continue };
            // Who joined before the signature was not counted.
            if joined {
                later.watched.add(watched_from);
            } else if watched_from >= later.from {
                later.watched.remove(watched_from, now);
            }
        }
    }
}

impl Capa {
    pub(super) fn opened(opened: &CapaOpened, per_year: f64) -> Self {
        Self {
            id: opened.capa,
            component: opened.component.clone(),
            group: opened.group.clone(),
            state: CapaState::Open,
            contain_by: opened.contain_by,
            is_overdue: false,
            per_year,
            signed: BTreeMap::new(),
            criterion: None,
            later: None,
            met: None,
        }
    }

    /// Whether an asset has the attributes of the group, whatever its batch, and its life began after the action.
    fn is_later(&self, group: &Group, born_at: Timestamp) -> bool {
        let scope = Group { batch: None, ..self.group.clone() };
        let from = self.later.as_ref().map(|later| later.from);
        scope.holds(group) && from.is_some_and(|from| born_at >= from)
    }

    /// Watches assets whose life begins from `from` on.
    pub(super) fn watch(&mut self, from: Timestamp) {
        self.later = Some(Later { from, watched: Watched::default(), failures: 0 });
    }

    /// How the criterion stands.
    pub(super) fn effectiveness(&self, now: Timestamp) -> Option<Effectiveness> {
        let (criterion, later) = (self.criterion?, self.later.as_ref()?);
        let limit = limit(criterion, self.per_year);
        let (days, failures) = (later.watched.days(now), later.failures);
        let failures_max = failures_max(criterion, self.per_year)?;
        let met = if failures > failures_max {
            Some(false)
        } else {
            (days >= f64::from(criterion.life_days)).then_some(true)
        };
        Some(Effectiveness {
            assets: u64::from(later.watched.count),
            life_days: number(days),
            failures,
            per_year_max: number(limit),
            per_year_below: rate::rate_below(failures, years(days), criterion.level.get())
                .and_then(finite),
            failures_max,
            met,
        })
    }

    /// Message that it went on for `reason`.
    pub(super) fn updated(&self, population: &str, reason: String) -> CapaUpdated {
        CapaUpdated {
            capa: self.id,
            population: population.to_owned(),
            component: self.component.clone(),
            state: self.state,
            reason,
            gate: None,
            statement: None,
            by: None,
            asset: None,
            rate: None,
            effectiveness: None,
        }
    }

    /// Decides about the action once that can be done.
    fn judge(&mut self, ctx: &mut Ctx<'_, ManufacturingInsights>) {
        if self.state != CapaState::Verifying || self.met.is_some() {
            return;
        }
        let Some(effectiveness) = self.effectiveness(ctx.now()) else { return };
        match effectiveness.met {
            None => {}
            Some(true) => {
                self.met = Some(effectiveness.clone());
                let reason = format!(
                    "the criterion is met: {} failures in {:.0} days of life of later assets, at most {}",
                    effectiveness.failures,
                    effectiveness.life_days.get(),
                    effectiveness.failures_max
                );
                let updated = self.updated(ctx.key(), reason);
                ctx.publish(&CapaUpdated { effectiveness: Some(effectiveness), ..updated });
            }
            Some(false) => self.reopen(effectiveness, ctx),
        }
    }

    /// Later assets fail too often; what was signed from D4 on holds no more.
    fn reopen(&mut self, effectiveness: Effectiveness, ctx: &mut Ctx<'_, ManufacturingInsights>) {
        self.state = CapaState::Reopened;
        self.signed.retain(|gate, _| *gate < Gate::D4);
        (self.criterion, self.later) = (None, None);
        let reason = format!(
            "{} later assets failed {} times in {:.0} days of life, at most {} would have met the criterion",
            effectiveness.assets,
            effectiveness.failures,
            effectiveness.life_days.get(),
            effectiveness.failures_max
        );
        ctx.publish(&CapaReopened {
            capa: self.id,
            population: ctx.key().to_owned(),
            component: self.component.clone(),
            reason,
            effectiveness,
        });
    }
}

/// Failures a year of one asset that later assets must stay below.
fn limit(criterion: Criterion, per_year: f64) -> f64 {
    criterion.ratio_max.get() * per_year
}

/// Most failures with which a criterion can be met; `None` when it cannot be met at all.
pub(super) fn failures_max(criterion: Criterion, per_year: f64) -> Option<u64> {
    let years = years(f64::from(criterion.life_days));
    let below = |failures| rate::rate_below(failures, years, criterion.level.get());
    let limit = limit(criterion, per_year);
    let met = |failures: &u64| below(*failures).is_some_and(|rate| rate <= limit);
    (0..).take_while(met).last()
}

impl ManufacturingInsights {
    /// One more component failed that may be of a CAPA's group, or of its later assets.
    pub(super) fn another_failed(
        &self,
        state: &mut State,
        reported: &ComponentReported,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let (census, now) = (&state.census, ctx.now());
        for capa in &mut state.control.capas {
            if capa.component != reported.component || capa.state == CapaState::Closed {
                continue;
            }
            let is_later = capa.is_later(&reported.group, reported.in_service_since);
            if let Some(later) = capa.later.as_mut().filter(|_| is_later) {
                later.failures += 1;
            } else if capa.group.holds(&reported.group) {
                let holds = |cohort| capa.group.holds(&census.group(cohort));
                let sum = census.sum(&capa.component, now, holds);
                let rate = rate_of(census, &capa.component, &capa.group, sum, now);
                let reason = format!("{} failed too: {} failures", reported.asset, sum.failures);
                let asset = Some(reported.asset.clone());
                let updated = capa.updated(ctx.key(), reason);
                ctx.publish(&CapaUpdated { asset, rate: Some(rate), ..updated });
            }
            capa.judge(ctx);
        }
    }

    pub(super) fn judge_all(&self, state: &mut State, ctx: &mut Ctx<'_, Self>) {
        state.control.capas.iter_mut().for_each(|capa| capa.judge(ctx));
    }

    /// Says which CAPAs should have been contained by now.
    pub(super) fn contain_overdue(&self, state: &mut State, ctx: &mut Ctx<'_, Self>) {
        let now = ctx.now();
        for capa in &mut state.control.capas {
            if capa.state == CapaState::Open && !capa.is_overdue && capa.contain_by <= now {
                capa.is_overdue = true;
                let reason = format!("containment (D3) is overdue since {}", capa.contain_by);
                let updated = capa.updated(ctx.key(), reason);
                ctx.publish(&updated);
            }
        }
        state.control.time_containment(ctx);
    }
}
