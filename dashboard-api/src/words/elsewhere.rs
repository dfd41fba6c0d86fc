//! Says in one sentence what agents made of a case elsewhere: of the asset, of its like, of each other.

use super::{hours, time, token, when};
use messages::Envelope;
use messages::agent::{AgentDegraded, AgentRecovered};
use messages::behaviour::{BaselineLearned, BehaviourFlagged};
use messages::booking::DemandForecast;
use messages::capa::{
    CapaClosed, CapaOpened, CapaRefused, CapaReopened, CapaUpdated, RecallSuggested,
};
use messages::consent::{Channel, ConsentChanged};
use messages::finding::{DetectorDemoted, DetectorPromoted, FailureRecorded};
use messages::guard::PrincipalContained;
use messages::health::{AnomalyDetected, AssetSilent, SensorFaulted, TelemetryQuarantined};
use messages::pattern::{
    AssetCounted, Change, ComponentReported, PatternFound, PopulationReviewed, Report,
};
use messages::prediction::{PredictionCleared, PredictionWithheld};
use messages::registry::MaintenanceRecorded;
use messages::shadow::{ShadowCleared, ShadowPredicted, ShadowVerified};

/// The sentence, if it is one of these messages.
pub(super) fn about(it: &Envelope) -> Option<String> {
    about_asset(it)
        .or_else(|| about_its_health(it))
        .or_else(|| about_its_like(it))
        .or_else(|| about_capa(it))
        .or_else(|| about_agents(it))
        .or_else(|| about_shadow(it))
}

/// What a model says that nobody acts on.
fn about_shadow(it: &Envelope) -> Option<String> {
    when(it, |ShadowPredicted(m): ShadowPredicted| {
        format!("in its shadow, {} expects {} to fail", m.model, m.asset)
    })
    .or_else(|| {
        when(it, |ShadowCleared(m): ShadowCleared| {
            format!("in the shadow, {} of {} is no longer expected to fail", m.component, m.asset)
        })
    })
    .or_else(|| {
        when(it, |m: ShadowVerified| {
            format!("in the shadow, what {} said of {} is settled", m.detector, m.asset)
        })
    })
}

fn about_asset(it: &Envelope) -> Option<String> {
    when(it, |m: MaintenanceRecorded| {
        format!("notes work on {} of {}, done on {}", m.component, m.asset, time(m.performed_at))
    })
    .or_else(|| {
        when(it, |m: FailureRecorded| {
            format!(
                "{} notes that {} of {} failed on {}",
                m.by,
                m.component,
                m.asset,
                time(m.failed_at)
            )
        })
    })
    .or_else(|| {
        when(it, |m: PredictionCleared| {
            let reason = token(&m.reason);
            format!("no longer expects {} of {} to fail ({reason})", m.component, m.asset)
        })
    })
    .or_else(|| {
        when(it, |m: PredictionWithheld| {
            let components: Vec<&str> =
                m.components.iter().map(|it| it.component.as_str()).collect();
            format!("cannot tell how {} of {} will do", components.join(", "), m.asset)
        })
    })
    .or_else(|| {
        when(it, |m: ConsentChanged| {
            let (more, less) = (channels(&m.granted), channels(&m.revoked));
            format!("{} now allows {more}, and no longer {less}: {}", m.owner, m.reason)
        })
    })
}

fn channels(channels: &[Channel]) -> String {
    let names: Vec<&str> = channels.iter().map(|channel| channel.name()).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn about_its_health(it: &Envelope) -> Option<String> {
    when(it, |m: AnomalyDetected| {
        format!(
            "finds {} unusual: {:.2}, where {:.2} is usual",
            m.asset,
            m.score.get(),
            m.threshold.get()
        )
    })
    .or_else(|| {
        when(it, |m: SensorFaulted| match m.cleared_at {
            Some(_) => format!("believes sensor {} of {} again: {}", m.channel, m.asset, m.detail),
            None => {
                let kind = token(&m.kind);
                format!("finds sensor {} of {} faulty ({kind}): {}", m.channel, m.asset, m.detail)
            }
        })
    })
    .or_else(|| {
        when(it, |m: AssetSilent| {
            format!("has heard nothing from {} since {}", m.asset, time(m.last_heard_at))
        })
    })
    .or_else(|| {
        when(it, |m: TelemetryQuarantined| {
            format!("sets aside what {} sent ({}): {}", m.asset, token(&m.reason), m.detail)
        })
    })
}

fn about_its_like(it: &Envelope) -> Option<String> {
    when(it, |m: ComponentReported| {
        let what = format!("{} of {}", m.component, m.asset);
        let among = format!("among {}", m.population);
        match m.report {
            Report::Failed => format!("counts {what} as failed {among}"),
            Report::Renewed => format!("counts {what} as renewed {among}"),
            Report::Explained(_) => format!("counts why {what} failed {among}"),
            Report::Judged { foreseen: true } => format!("counts {what} as foreseen {among}"),
            Report::Judged { foreseen: false } => format!("counts {what} as not foreseen {among}"),
        }
    })
    .or_else(|| {
        when(it, |m: AssetCounted| match m.change {
            Change::Joined => format!("counts {} among {}", m.asset, m.population),
            Change::Left => format!("counts {} among {} no longer", m.asset, m.population),
        })
    })
    .or_else(|| {
        when(it, |m: PopulationReviewed| {
            format!("reviews {} with {} assets", m.population, m.assets)
        })
    })
    .or_else(|| {
        when(it, |m: PatternFound| {
            format!(
                "finds {} of some of {} to fail more often than of the rest",
                m.component, m.population
            )
        })
    })
    .or_else(|| {
        when(it, |m: DemandForecast| {
            format!("foresees the visits to {} of {} days", m.centre, m.days.len())
        })
    })
}

fn about_capa(it: &Envelope) -> Option<String> {
    let of = |component: &str, population: &str| format!("CAPA for {component} of {population}");
    when(it, |m: CapaOpened| {
        format!("opens a {}, after {} failures", of(&m.component, &m.population), m.failures)
    })
    .or_else(|| {
        when(it, |m: CapaUpdated| {
            let state = token(&m.state);
            format!("{}, {state}: {}", of(&m.component, &m.population), m.reason)
        })
    })
    .or_else(|| {
        when(it, |m: CapaClosed| {
            format!("closes the {}: {}", of(&m.component, &m.population), m.summary)
        })
    })
    .or_else(|| {
        when(it, |m: CapaReopened| {
            format!("opens the {} again: {}", of(&m.component, &m.population), m.reason)
        })
    })
    .or_else(|| {
        when(it, |m: CapaRefused| {
            format!("does not take what {} signs of a CAPA: {}", m.by, m.reason)
        })
    })
    .or_else(|| {
        when(it, |m: RecallSuggested| {
            format!("suggests to recall {} assets of {}: {}", m.assets, m.population, m.reason)
        })
    })
}

fn about_agents(it: &Envelope) -> Option<String> {
    when(it, |m: AgentDegraded| {
        format!("{} has left {} commands unanswered since {}", m.agent, m.unanswered, time(m.since))
    })
    .or_else(|| {
        when(it, |m: AgentRecovered| {
            format!("{} answers again, after {}", m.agent, hours(m.degraded_for_hours))
        })
    })
    .or_else(|| when(it, |m: DetectorDemoted| format!("trusts {} less: {}", m.detector, m.reason)))
    .or_else(|| {
        when(it, |m: DetectorPromoted| format!("trusts {} again: {}", m.detector, m.reason))
    })
    .or_else(|| {
        when(it, |m: BehaviourFlagged| {
            format!("finds what {} does unusual: {}", m.principal, m.summary)
        })
    })
    .or_else(|| {
        when(it, |m: BaselineLearned| format!("has learned what is usual for {}", m.principal))
    })
    .or_else(|| {
        when(it, |m: PrincipalContained| {
            format!("{} contains {} ({}): {}", m.by, m.principal, token(&m.level), m.reason)
        })
    })
}
