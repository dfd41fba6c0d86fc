//! A look at a population: what fails how often, which group is worse than chance explains, and when that opens a CAPA.

use super::census::Sum;
use super::control::{Capa, Told};
use super::fmea::{self, Known};
use super::group::{Compared, compare};
use super::spoken::{
    alike_failures, bars, causes, compared_rate, finite, life, number, rate_of, recent,
};
use super::{ManufacturingInsights, State, years};
use messages::capa::{CapaOpened, IsIsNot, RecallSuggested};
use messages::pattern::{ComponentReview, Group, PatternFound, PopulationReviewed};
use messages::profile::Component;
use messages::{CapaId, Timestamp};
use runtime::Ctx;
use std::cmp::Ordering;
use std::time::Duration;

/// Groups of a component that are told, those of the lowest p-values.
const GROUPS_TOLD: usize = 12;
/// A review is told when there are so many times more failures than at the last that was told …
const GROWTH_TOLD: f64 = 1.1;
/// … or any, and this has passed.
const TOLD_EVERY: Duration = Duration::from_secs(28 * 86_400);
/// A pattern is told again when its group has so many times more failures.
const PATTERN_GROWTH: u64 = 2;

impl ManufacturingInsights {
    pub(super) fn review(&self, state: &mut State, ctx: &mut Ctx<'_, Self>) {
        let now = ctx.now();
        let control = &state.control;
        let known = |component: &str| control.groups(component);
        let compared = compare(&state.census, now, self.looks_per_year(), known);
        self.tell_review(state, &compared, ctx);
        for best in best_of_each(&compared) {
            if best.p_value < self.config.pattern_p_max {
                self.pattern(state, best, ctx);
            }
        }
        self.judge_all(state, ctx);
    }

    /// Tells a pattern that is new or has grown, and opens a CAPA when it is sure and large enough.
    fn pattern(&self, state: &mut State, compared: &Compared, ctx: &mut Ctx<'_, Self>) {
        let now = ctx.now();
        let Compared { component, group, own, .. } = compared;
        let sure = compared.p_value < self.config.capa_p_max;
        let opens = sure && own.failures >= u64::from(self.config.failures_min);
        let told =
            Told { component: component.clone(), group: group.clone(), failures: own.failures };
        if !state.control.tell(told, PATTERN_GROWTH) && !opens {
            return;
        }
        let found = self.found_pattern(state, compared, ctx.key(), now);
        ctx.publish(&found);
        if opens {
            self.open(state, compared, found, ctx);
        }
    }

    fn found_pattern(
        &self,
        state: &State,
        compared: &Compared,
        population: &str,
        now: Timestamp,
    ) -> PatternFound {
        let census = &state.census;
        let Compared { component, group, rest, .. } = compared;
        let of_group = recent(census, component, |cohort| group.holds(&census.group(cohort)));
        let mut others = rate_of(census, component, &Group::default(), *rest, now);
        others.query.condition += &format!(" && !({group}), without groups of other CAPAs");
        (others.query.first, others.query.last) = (None, None);
        PatternFound {
            population: population.to_owned(),
            component: component.clone(),
            rate: compared_rate(census, compared, now),
            rest: others,
            causes: causes(census, &of_group),
        }
    }

    fn open(
        &self,
        state: &mut State,
        compared: &Compared,
        found: PatternFound,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let now = ctx.now();
        let Compared { component, group, own, .. } = compared;
        let profile = self.profiles.get(ctx.key());
        let safety = profile
            .and_then(|profile| profile.component(component))
            .is_some_and(|component| component.safety);
        let contain_by = now.saturating_add(self.config.contain_within.duration());
        let opened = CapaOpened {
            capa: CapaId::of(ctx.envelope().id, &format!("{component}/{group}")),
            population: found.population,
            component: component.clone(),
            group: group.clone(),
            failures: own.failures,
            p_value: number(compared.p_value),
            rate: found.rate,
            rest: found.rest,
            safety,
            is_is_not: is_is_not(state, compared, now),
            contain_by,
            causes: found.causes,
            life: life(&state.census, component, now, |it| group.holds(&state.census.group(it)))
                .ok(),
            fmea: fmea::rate(&known(state, compared, safety)),
        };
        let per_year = own.failures as f64 / years(own.days);
        let capa = Capa::opened(&opened, per_year);
        if !state.control.add(capa) {
            return ctx.count("capas_not_opened", 1);
        }
        ctx.publish(&opened);
        if safety {
            suggest_recall(&opened, ctx);
        }
        state.control.time_containment(ctx);
    }

    /// Tells what the population looks like, when that has changed.
    fn tell_review(&self, state: &mut State, compared: &[Compared], ctx: &mut Ctx<'_, Self>) {
        let now = ctx.now();
        let whole = |component: &str| state.census.sum(component, now, |_| true);
        let sums: Vec<(String, Sum)> =
            state.census.components.keys().map(|it| (it.clone(), whole(it))).collect();
        let failures: u64 = sums.iter().map(|(_, sum)| sum.failures).sum();
        let due = match state.control.reviewed {
            None => failures > 0,
            Some((at, before)) => {
                let grown = failures as f64 >= before as f64 * GROWTH_TOLD;
                failures > before && (grown || now.since(at) >= TOLD_EVERY)
            }
        };
        if !due {
            return;
        }
        state.control.reviewed = Some((now, failures));
        let mut components: Vec<ComponentReview> = sums
            .iter()
            .map(|(component, sum)| component_review(state, component, *sum, compared, now))
            .collect();
        components.sort_by_key(|review| std::cmp::Reverse(review.all.failures));
        let counted = sums.iter().map(|(component, sum)| (component.clone(), sum.failures as f64));
        let cost = |(component, sum): &(String, Sum)| {
            let cost = self.failure_cost(ctx.key(), component)?;
            Some((component.clone(), cost * sum.failures as f64))
        };
        let reviewed = PopulationReviewed {
            population: ctx.key().to_owned(),
            assets: state.census.assets(),
            compared: u32::try_from(compared.len()).unwrap_or(u32::MAX),
            components,
            by_count: bars(counted),
            by_cost: bars(sums.iter().filter_map(cost)),
        };
        ctx.publish(&reviewed);
    }

    /// What a failure costs by the profile: the repair at its middle, and what a repair in time would have saved.
    fn failure_cost(&self, population: &str, component: &str) -> Option<f64> {
        self.profiles.get(population)?.component(component).and_then(cost_of)
    }
}

fn cost_of(component: &Component) -> Option<f64> {
    let costs = component.costs?;
    Some(0.5 * (costs.repair_min.get() + costs.repair_max.get()) + costs.saving.get())
}

fn component_review(
    state: &State,
    component: &str,
    sum: Sum,
    compared: &[Compared],
    now: Timestamp,
) -> ComponentReview {
    let census = &state.census;
    let mut own: Vec<&Compared> =
        compared.iter().filter(|it| it.component == component && it.own.failures > 0).collect();
    own.sort_by(|one, other| by_evidence(one, other));
    let groups = own.into_iter().take(GROUPS_TOLD).map(|it| compared_rate(census, it, now));
    let (life, life_unknown) = match life(census, component, now, |_| true) {
        Ok(life) => (Some(life), None),
        Err(unknown) => (None, Some(unknown)),
    };
    let (alike, alike_note) = alike_failures(census, component);
    ComponentReview {
        component: component.to_owned(),
        all: rate_of(census, component, &Group::default(), sum, now),
        groups: groups.collect(),
        life,
        life_unknown,
        causes: causes(census, &recent(census, component, |_| true)),
        alike,
        alike_note,
    }
}

/// The strongest evidence first.
fn by_evidence(one: &Compared, other: &Compared) -> Ordering {
    one.p_raw.total_cmp(&other.p_raw).then_with(|| one.group.cmp(&other.group))
}

/// The strongest evidence of each component: what is explained by it is not evidence for another group.
fn best_of_each(compared: &[Compared]) -> Vec<&Compared> {
    let mut best: Vec<&Compared> = Vec::new();
    for one in compared {
        match best.iter_mut().find(|known| known.component == one.component) {
            Some(known) if by_evidence(one, known) == Ordering::Less => *known = one,
            Some(_) => {}
            None => best.push(one),
        }
    }
    best
}

fn known(state: &State, compared: &Compared, safety: bool) -> Known {
    let census = &state.census;
    let of_group =
        recent(census, &compared.component, |it| compared.group.holds(&census.group(it)));
    let judged = of_group.iter().filter_map(|failure| failure.foreseen);
    let foreseen = judged.clone().filter(|foreseen| *foreseen).count() as u64;
    Known {
        safety,
        failures: compared.own.failures,
        assets: compared.own.assets,
        foreseen: [foreseen, judged.count() as u64],
    }
}

fn suggest_recall(opened: &CapaOpened, ctx: &mut Ctx<'_, ManufacturingInsights>) {
    let reason = format!(
        "{} is a safety component and {} failed {} times; a person decides whether the {} assets \
         of the group are called in",
        opened.component, opened.group, opened.failures, opened.rate.assets
    );
    ctx.publish(&RecallSuggested {
        capa: opened.capa,
        population: opened.population.clone(),
        component: opened.component.clone(),
        group: opened.group.clone(),
        assets: opened.rate.assets,
        rate: opened.rate.clone(),
        reason,
    });
}

/// D2: what the pattern is, and what it might be and is not.
fn is_is_not(state: &State, compared: &Compared, now: Timestamp) -> Vec<IsIsNot> {
    let census = &state.census;
    let Compared { component, group, own, rest, .. } = compared;
    let holds = |cohort| group.holds(&census.group(cohort));
    let per_1000 = |sum: Sum| {
        let rate = finite(1_000.0 * sum.failures as f64 / years(sum.days));
        rate.map_or("none watched".to_owned(), |rate| {
            format!("{:.0} per 1,000 and year", rate.get())
        })
    };
    let others = census.components.keys().filter(|other| *other != component);
    let others: Vec<String> = others
        .map(|other| format!("{other}: {}", per_1000(census.sum(other, now, holds))))
        .collect();
    let failures = recent(census, component, holds);
    let first = failures.first().map_or(now, |failure| failure.at);
    let last = failures.last().map_or(now, |failure| failure.at);
    let line =
        |about: &str, is: String, is_not: String| IsIsNot { about: about.to_owned(), is, is_not };
    vec![
        line("what", format!("{component}: {}", per_1000(*own)), others.join("; ")),
        line("which", group.to_string(), neighbours(state, compared, now)),
        line("when", format!("from {first} to {last}"), format!("before {first}")),
        line(
            "how many",
            format!("{} failures of {} assets", own.failures, own.assets),
            format!(
                "{} failures of {} other assets, {}",
                rest.failures,
                rest.assets,
                per_1000(*rest)
            ),
        ),
    ]
}

/// The groups that differ from this one in one attribute.
fn neighbours(state: &State, compared: &Compared, now: Timestamp) -> String {
    let census = &state.census;
    let Compared { component, group, .. } = compared;
    let near = |name: &str, wanted: &dyn Fn(&Group) -> bool| {
        let sum = census.sum(component, now, |cohort| wanted(&census.group(cohort)));
        format!("{name}: {} failures of {} assets", sum.failures, sum.assets)
    };
    let mut lines = Vec::new();
    if let (Some(supplier), Some(batch)) = (&group.supplier, &group.batch) {
        let same_supplier =
            |it: &Group| it.supplier.as_ref() == Some(supplier) && it.batch.as_ref() != Some(batch);
        let same_batch =
            |it: &Group| it.supplier.as_ref() != Some(supplier) && it.batch.as_ref() == Some(batch);
        lines.push(near(&format!("supplier {supplier}, other batches"), &same_supplier));
        lines.push(near(&format!("batch {batch}, other suppliers"), &same_batch));
    } else {
        lines.push(near("all others", &|it: &Group| !group.holds(it)));
    }
    lines.join("; ")
}
