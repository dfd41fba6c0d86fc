//! Names what would have to be otherwise for a job to fit, and when it would.
//!
//! Each look at a spot gives *all* rules that it breaks. A spot that breaks one rule alone is therefore the
//! proof that relaxing this one is enough, and the first such spot is the nearest time.

use super::calendar::{Against, Asked, Calendar, Constraint, ELSEWHERE, REACH};
use super::ground::{Domain, Spot, moment};
use super::penalty::{Wishes, known_km};
use super::problem::Job;
use super::{Settings, words};
use messages::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Most relaxations named.
const RELAXATIONS_MAX: usize = 6;

/// Nothing fits, and what would change that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Infeasible {
    /// The case.
    pub case: String,
    /// Each of them is enough by itself; the nearest first. Empty when none within reach is.
    pub relaxations: Vec<Relaxation>,
    /// Looks at slots.
    pub evaluations: u32,
    /// Every slot of the horizon was looked at: nothing fits, for certain.
    pub exhaustive: bool,
}

/// What would be enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relaxation {
    /// The rules to relax, together: mostly one; several only when no single one is enough.
    pub constraints: Vec<Constraint>,
    /// The centre at which it would fit then.
    pub centre: String,
    /// The nearest start.
    pub from: Timestamp,
    /// What would have to be otherwise, for people.
    pub what: String,
}

impl fmt::Display for Infeasible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "case `{}` fits nowhere", self.case)?;
        match self.relaxations.first() {
            Some(Relaxation { what, centre, from, .. }) => {
                write!(f, "; it would {what}: {from} at `{centre}`")
            }
            None => Ok(()),
        }
    }
}

impl std::error::Error for Infeasible {}

/// The nearest spot in time for each set of broken rules, and for each centre that is too far away.
#[derive(Default)]
pub(super) struct Misses {
    nearest: BTreeMap<(Against, Option<usize>), Spot>,
}

impl Misses {
    /// Keeps `spot` in mind, unless the asset is elsewhere then: nothing else would be enough, and that is not relaxed.
    pub(super) fn note(&mut self, spot: Spot, against: Against) {
        if against & ELSEWHERE != 0 {
            return;
        }
        let far = (against & REACH != 0).then_some(spot.centre);
        let nearest = self.nearest.entry((against, far)).or_insert(spot);
        *nearest = spot.min(*nearest);
    }

    /// Looks at the spots beyond the horizon and the opening hours too, and says what is missing.
    pub(super) fn explained(
        mut self,
        mut calendar: Calendar<'_>,
        wishes: &Wishes<'_>,
        settings: &Settings,
        held: Option<Constraint>,
    ) -> Infeasible {
        let (ground, job) = (calendar.ground, wishes.job);
        let all = [Domain::Open, Domain::Beyond];
        let domains = if held.is_some() { &all[..] } else { &all[1..] };
        let mut exhaustive = !calendar.is_spent();
        for spot in domains.iter().flat_map(|domain| ground.spots(job, settings, *domain)) {
            let agreed = wishes.agrees_to(spot.centre);
            let liked = (None, None);
            let asked = Asked { job, spot, stays: false, agreed, liked, exactly: false };
            let Some(verdict) = calendar.look(&asked) else { break };
            self.note(spot, verdict.against);
        }
        exhaustive |= held.is_some();
        let km = |centre: usize| known_km(job, ground.sites[centre].centre).unwrap_or(0.0);
        let relaxations = self.smallest(km).into_iter().map(|(against, spot)| {
            let mut constraints = calendar.constraints(job, spot, against);
            constraints.extend(held.clone());
            relaxation(&calendar, job, spot, constraints)
        });
        let relaxations = relaxations.collect();
        let evaluations = calendar.evaluations;
        Infeasible { case: job.case.clone(), relaxations, evaluations, exhaustive }
    }

    /// The sets with the fewest rules, the nearest first. Of centres too far away the one with the shortest way.
    fn smallest(&self, km: impl Fn(usize) -> f64) -> Vec<(Against, Spot)> {
        let Some(fewest) = self.nearest.keys().map(|(against, _)| against.count_ones()).min()
        else {
            return Vec::new();
        };
        let mut few: BTreeMap<Against, Spot> = BTreeMap::new();
        for ((against, far), spot) in &self.nearest {
            if against.count_ones() != fewest {
                continue;
            }
            let kept = few.entry(*against).or_insert(*spot);
            if far.is_some_and(|centre| km(centre) < km(kept.centre)) {
                *kept = *spot;
            }
        }
        let mut few: Vec<(Against, Spot)> = few.into_iter().collect();
        few.sort_by_key(|(_, spot)| *spot);
        few.truncate(RELAXATIONS_MAX);
        few
    }
}

fn relaxation(
    calendar: &Calendar<'_>,
    job: &Job,
    spot: Spot,
    constraints: Vec<Constraint>,
) -> Relaxation {
    let site = &calendar.ground.sites[spot.centre];
    let conditions: Vec<String> = constraints
        .iter()
        .map(|constraint| words::relaxed(constraint, &site.zone, job.due_at))
        .collect();
    let centre = site.centre.id.clone();
    let what = conditions.join(" and ");
    Relaxation { constraints, centre, from: moment(spot.from), what }
}
