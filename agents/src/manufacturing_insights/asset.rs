//! One asset: what it is counted as, and which of its failures have been told.

use super::{Config, ManufacturingInsights};
use messages::finding::{FailureRecorded, FindingRecorded, Outcome, PredictionVerified};
use messages::pattern::{AssetCounted, Change, ComponentReported, Explanation, Group, Report};
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded};
use messages::{MessageId, Timestamp};
use runtime::Ctx;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counts what cannot be counted as part of a population.
const PASSED_OVER: &str = "messages_passed_over";

/// What is remembered of an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asset {
    counted: Option<Counted>,
    /// When components were made new.
    renewed: BTreeMap<String, Timestamp>,
    /// The newest failure of components.
    failed: BTreeMap<String, Failure>,
}

/// What it is counted as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    population: String,
    group: Group,
    born_at: Timestamp,
    watched_from: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Failure {
    /// The message that told so first.
    id: MessageId,
    at: Timestamp,
    is_explained: bool,
    is_judged: bool,
}

impl Asset {
    fn count(&self, asset: &str, change: Change, ctx: &mut Ctx<'_, ManufacturingInsights>) {
        let Some(counted) = self.counted.clone() else { return };
        let Counted { population, group, born_at, watched_from } = counted;
        let (asset, renewed) = (asset.to_owned(), self.renewed.clone());
        ctx.publish(&AssetCounted {
            population,
            asset,
            group,
            born_at,
            watched_from,
            renewed,
            change,
        });
    }

    fn report(
        &self,
        component: &str,
        at: Timestamp,
        failure: Option<MessageId>,
        report: Report,
        ctx: &mut Ctx<'_, ManufacturingInsights>,
    ) {
        let Some(counted) = self.counted.clone() else { return };
        let born_at = self.renewed.get(component).copied().unwrap_or(counted.born_at);
        ctx.publish(&ComponentReported {
            population: counted.population,
            asset: ctx.key().to_owned(),
            component: component.to_owned(),
            group: counted.group,
            born_at,
            watched_from: counted.watched_from.max(born_at),
            in_service_since: counted.born_at,
            at,
            failure,
            report,
        });
    }

    /// The failure of `component` that a message about `at` belongs to.
    fn same_failure(
        &mut self,
        config: &Config,
        component: &str,
        at: Timestamp,
    ) -> Option<&mut Failure> {
        let same = config.same_failure.duration();
        let known = self.failed.get_mut(component)?;
        (known.at.since(at).max(at.since(known.at)) <= same).then_some(known)
    }
}

impl ManufacturingInsights {
    pub(super) fn registered(
        &self,
        memory: &mut Asset,
        registered: &AssetRegistered,
        ctx: &mut Ctx<'_, Self>,
    ) {
        if !self.profiles.contains_key(&registered.profile) {
            return ctx.count(PASSED_OVER, 1);
        }
        let group = Group {
            model: registered.model.clone(),
            supplier: registered.supplier.clone(),
            batch: registered.batch.clone(),
        };
        let known = memory.counted.as_ref();
        let born_at = match registered.in_service_since {
            Some(since) => since.min(ctx.now()),
            None => known.map_or(ctx.now(), |known| known.born_at),
        };
        let population = registered.profile.clone();
        if known.is_some_and(|it| {
            it.population == population && it.group == group && it.born_at == born_at
        }) {
            return;
        }
        memory.count(&registered.asset, Change::Left, ctx);
        let watched_from = ctx.now();
        memory.counted = Some(Counted { population, group, born_at, watched_from });
        memory.count(&registered.asset, Change::Joined, ctx);
    }

    pub(super) fn retired(
        &self,
        memory: &mut Asset,
        retired: &AssetRetired,
        ctx: &mut Ctx<'_, Self>,
    ) {
        memory.count(&retired.asset, Change::Left, ctx);
        memory.counted = None;
    }

    pub(super) fn failed(
        &self,
        memory: &mut Asset,
        failure: &FailureRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) {
        self.fails(memory, &failure.component, failure.failed_at, ctx);
    }

    /// A component failed, or is found to have: once for all that tell of it. Whether that is known of a counted asset.
    fn fails(
        &self,
        memory: &mut Asset,
        component: &str,
        at: Timestamp,
        ctx: &mut Ctx<'_, Self>,
    ) -> bool {
        let counted = memory.counted.as_ref();
        let profile = counted.and_then(|counted| self.profiles.get(&counted.population));
        let is_part = profile.is_some_and(|profile| profile.component(component).is_some());
        let is_watched = counted.is_some_and(|counted| counted.watched_from <= at);
        if !is_part || !is_watched || at > ctx.now() {
            ctx.count(PASSED_OVER, 1);
            return false;
        }
        if memory.same_failure(&self.config, component, at).is_some() {
            return true;
        }
        let id = ctx.envelope().id;
        memory.report(component, at, Some(id), Report::Failed, ctx);
        let failure = Failure { id, at, is_explained: false, is_judged: false };
        memory.failed.insert(component.to_owned(), failure);
        memory.renewed.insert(component.to_owned(), at);
        true
    }

    pub(super) fn found(
        &self,
        memory: &mut Asset,
        finding: &FindingRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let Some(component) = finding.component.as_deref() else { return };
        let at = finding.found_at;
        if !self.fails(memory, component, at, ctx) {
            return;
        }
        let failure = memory.same_failure(&self.config, component, at);
        let Some(failure) = failure.filter(|failure| !failure.is_explained) else { return };
        failure.is_explained = true;
        let id = failure.id;
        let explanation = Explanation {
            cause: finding.cause.clone(),
            part: finding.part.clone(),
            by: finding.by.clone(),
            finding: ctx.envelope().id,
        };
        memory.report(component, at, Some(id), Report::Explained(explanation), ctx);
    }

    pub(super) fn maintained(
        &self,
        memory: &mut Asset,
        recorded: &MaintenanceRecorded,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let (component, at) = (&recorded.component, recorded.performed_at);
        // The repair of a failure that was told.
        if memory.same_failure(&self.config, component, at).is_some() {
            return;
        }
        let newest = memory.renewed.get(component).copied();
        let is_later = newest.is_none_or(|newest| newest < at) && at <= ctx.now();
        let is_watched = memory.counted.as_ref().is_some_and(|it| it.watched_from <= at);
        if is_later && is_watched {
            memory.report(component, at, None, Report::Renewed, ctx);
            memory.renewed.insert(component.clone(), at);
        }
    }

    pub(super) fn verified(
        &self,
        memory: &mut Asset,
        verified: &PredictionVerified,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let foreseen = match verified.outcome {
            Outcome::TruePositive => true,
            Outcome::FalseNegative => false,
            Outcome::FalsePositive | Outcome::Censored => return,
        };
        let failure = memory.failed.get_mut(&verified.component);
        let Some(failure) = failure.filter(|failure| !failure.is_judged) else { return };
        failure.is_judged = true;
        let (id, at) = (failure.id, failure.at);
        memory.report(&verified.component, at, Some(id), Report::Judged { foreseen }, ctx);
    }
}
