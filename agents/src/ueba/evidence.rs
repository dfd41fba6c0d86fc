//! Turns what was heard into evidence: what was observed against what is usual, and what that weighs.

use super::config::{Config, Points};
use messages::guard::{AccessDenied, Refusal};
use messages::health::{QuarantineReason, SensorFaultKind, SensorFaulted, TelemetryQuarantined};
use messages::{MessageId, Timestamp};
use models::behaviour::{Contribution, Raise, Unusual};

/// Longest text about one name or reason that is taken into evidence, in characters.
const DETAIL_CHARS_MAX: usize = 200;

/// What evidence of what a principal did begins with: only that contains it. Readings are of the world, not of whoever
/// sends them.
const CONDUCT: [&str; 3] = ["denied.", "unusual.", "new."];

/// Whether evidence of this kind is of what a principal did.
pub(super) fn is_conduct(kind: &str) -> bool {
    CONDUCT.iter().any(|of| kind.starts_with(of))
}

/// One piece of evidence, and how it joins what is known.
pub(super) struct Seen {
    pub(super) contribution: Contribution,
    pub(super) raise: Raise,
}

/// Evidence of `count` of a kind that adds up.
fn counted(
    kind: String,
    points: Points,
    count: f64,
    detail: &str,
    at: Timestamp,
    seen_in: MessageId,
) -> Seen {
    let points_now = (points.once * (1.0 + count.max(1.0).log10())).min(points.most);
    let detail = detail.chars().take(DETAIL_CHARS_MAX).collect();
    let contribution = Contribution {
        kind,
        points: points_now,
        at,
        observed: count,
        usual: None,
        high: None,
        detail,
        seen_in,
    };
    Seen { contribution, raise: Raise::By { most: points.most } }
}

/// Something was refused.
pub(super) fn of_denial(denied: &AccessDenied, config: &Config, id: MessageId) -> Seen {
    let points = match denied.reason {
        Refusal::NotDeclared => config.not_declared,
        Refusal::NotYours => config.not_yours,
        Refusal::UnknownPrincipal => config.unknown_principal,
        Refusal::Contained | Refusal::TooFast => config.while_contained,
    };
    let AccessDenied { what, action, reason, .. } = denied;
    let times = if denied.count == 1 { String::new() } else { format!(" {} times", denied.count) };
    let claimed = denied.claimed.as_ref().map(|name| format!(" as `{name}`")).unwrap_or_default();
    let verb = action.name();
    let detail = format!("was refused{times} to {verb} `{what}`{claimed}: {}", words(*reason));
    let kind = format!("denied.{}", reason.name());
    counted(kind, points, denied.count as f64, &detail, denied.at, id)
}

fn words(reason: Refusal) -> &'static str {
    match reason {
        Refusal::NotDeclared => "its contract does not name it",
        Refusal::NotYours => "it is another's",
        Refusal::UnknownPrincipal => "nobody knows it",
        Refusal::Contained => "it is contained",
        Refusal::TooFast => "it is throttled",
    }
}

/// Activity far above what is usual. The same span is measured again and again as it grows: its heaviest counts.
pub(super) fn of_unusual(unusual: &Unusual, at: Timestamp, seen_in: MessageId) -> Seen {
    let Unusual { measure, class, observed, usual, high, points, .. } = *unusual;
    let hours = class.map_or("at all hours", |class| class.name());
    let detail = format!(
        "comes to {} {}; usual are {}, and up to {} came several times ({hours})",
        shown(observed),
        measure.words(),
        shown(usual),
        shown(high),
    );
    let contribution = Contribution {
        kind: format!("unusual.{}", measure.name()),
        points,
        at,
        observed,
        usual: Some(usual),
        high: Some(high),
        detail,
        seen_in,
    };
    Seen { contribution, raise: Raise::To }
}

/// Names that a principal never said or read before.
pub(super) fn of_new_names(
    names: &[String],
    at: Timestamp,
    config: &Config,
    id: MessageId,
) -> Option<Seen> {
    let first = names.first()?;
    let more =
        if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
    let detail = format!("did what it never did before: `{first}`{more}");
    Some(counted("new.name".to_owned(), config.new_name, names.len() as f64, &detail, at, id))
}

/// A sensor that is not believed.
pub(super) fn of_sensor(
    faulted: &SensorFaulted,
    config: &Config,
    at: Timestamp,
    id: MessageId,
) -> Seen {
    let (name, points) = match faulted.kind {
        SensorFaultKind::Drift => ("drift", config.sensor_drift),
        SensorFaultKind::Stuck => ("stuck", config.sensor_broken),
        SensorFaultKind::Dropout => ("dropout", config.sensor_broken),
        SensorFaultKind::OutOfRange => ("out_of_range", config.sensor_broken),
    };
    let detail = format!("sends `{}` that is not believed: {}", faulted.channel, faulted.detail);
    counted(format!("sensor.{name}"), points, 1.0, &detail, at, id)
}

/// Telemetry that was set aside.
pub(super) fn of_quarantine(
    quarantined: &TelemetryQuarantined,
    config: &Config,
    at: Timestamp,
    id: MessageId,
) -> Seen {
    use QuarantineReason::{
        Impersonation, InTheFuture, RetiredAsset, TooLate, UnknownAsset, WrongFleet,
    };
    let reason = quarantined.reason;
    let identity = matches!(
        reason,
        UnknownAsset | RetiredAsset | WrongFleet | TooLate | InTheFuture | Impersonation
    );
    let points = if identity { config.quarantined_identity } else { config.quarantined_content };
    let detail = format!("sends telemetry that is set aside: {}", quarantined.detail);
    counted(format!("quarantined.{}", reason.name()), points, 1.0, &detail, at, id)
}

/// A number for people.
fn shown(value: f64) -> String {
    if value >= 10.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}
