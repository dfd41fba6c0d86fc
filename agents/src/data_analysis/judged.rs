//! What of a frame its asset's profile can use, and why the rest is set aside; for the agent, and for whoever asks before
//! anything is sent.

use super::AHEAD_MAX;
use messages::health::QuarantineReason;
use messages::profile::Profile;
use messages::telemetry::{Sample, Telemetry};
use messages::unit::{Unit, convert};
use messages::{Finite, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Why something is set aside; samples refused for the same reason are kept together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// Why, for programs.
    pub reason: QuarantineReason,
    /// Why, for people.
    pub detail: String,
    /// The nearest name or unit that is known.
    pub nearest: Option<String>,
    /// What mends it.
    pub remedy: String,
}

/// Values by channel.
pub(super) type Values = Vec<(usize, Finite)>;

/// A column that can be used.
#[derive(Clone, Copy)]
pub(super) struct Column {
    channel: usize,
    unit: Unit,
}

/// One sample, value by value.
pub(super) struct Judged {
    /// What can be used, by channel.
    pub(super) usable: Values,
    /// What lies beyond the valid range; it is refused, too.
    pub(super) beyond: Values,
    /// What is set aside, by column.
    pub(super) refused: Vec<(usize, Refusal)>,
}

/// What would become of a frame, were it the first of its asset.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Samples of which something is used.
    pub used: usize,
    /// Signals with a value that is used, by name.
    pub signals: BTreeSet<String>,
    /// What is set aside: of how many samples for each reason.
    pub aside: BTreeMap<Refusal, usize>,
}

impl Verdict {
    /// Judges `telemetry` as data-analysis does that has `profile` for the asset and hears it at `now`.
    #[must_use]
    pub fn of(telemetry: &Telemetry, profile: &Profile, now: Timestamp) -> Self {
        let columns = columns(telemetry, profile);
        let mut verdict = Self::default();
        for sample in &telemetry.samples {
            let mut refusals = BTreeSet::new();
            if let Some(refusal) = ahead(sample, now) {
                refusals.insert(refusal);
            } else {
                let judged = judge(telemetry, sample, &columns, profile);
                let refused: BTreeSet<usize> = judged.refused.iter().map(|(at, _)| *at).collect();
                let named = telemetry.signals.iter().zip(&sample.values).enumerate();
                let used =
                    named.filter(|(at, (_, value))| value.is_some() && !refused.contains(at));
                verdict.signals.extend(used.map(|(_, (signal, _))| signal.name.clone()));
                verdict.used += usize::from(!judged.usable.is_empty() || !sample.codes.is_empty());
                refusals.extend(judged.refused.into_iter().map(|(_, refusal)| refusal));
            }
            for refusal in refusals {
                *verdict.aside.entry(refusal).or_default() += 1;
            }
        }
        verdict
    }
}

/// Which channel each column of `telemetry` is.
pub(super) fn columns(telemetry: &Telemetry, profile: &Profile) -> Vec<Result<Column, Refusal>> {
    let signals = telemetry.signals.iter();
    signals.map(|signal| column(profile, &signal.name, signal.unit.as_deref())).collect()
}

/// The values of a sample: usable ones by channel, and the others.
pub(super) fn judge(
    telemetry: &Telemetry,
    sample: &Sample,
    columns: &[Result<Column, Refusal>],
    profile: &Profile,
) -> Judged {
    let usable = Values::with_capacity(columns.len());
    let mut judged = Judged { usable, beyond: Vec::new(), refused: Vec::new() };
    for (at, (column, value)) in columns.iter().zip(&sample.values).enumerate() {
        let Some(value) = value else { continue };
        let Column { channel, unit } = match column {
            Err(refusal) => {
                judged.refused.push((at, refusal.clone()));
                continue;
            }
            Ok(column) => *column,
        };
        match in_range(profile, channel, unit, *value, &telemetry.signals[at].name) {
            Err((refusal, measured)) => {
                judged.beyond.extend(measured.map(|measured| (channel, measured)));
                judged.refused.push((at, refusal));
            }
            Ok(_) if judged.usable.iter().any(|(other, _)| *other == channel) => {
                judged.refused.push((at, twice(profile, channel)));
            }
            Ok(value) => judged.usable.push((channel, value)),
        }
    }
    judged
}

/// A value in the channel's unit, unless it cannot be true.
fn in_range(
    profile: &Profile,
    channel: usize,
    unit: Unit,
    value: Finite,
    name: &str,
) -> Result<Finite, (Refusal, Option<Finite>)> {
    let known = &profile.channels[channel];
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
fn column(profile: &Profile, name: &str, unit: Option<&str>) -> Result<Column, Refusal> {
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
    let known = profile.channels[channel].unit;
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

fn twice(profile: &Profile, channel: usize) -> Refusal {
    let id = &profile.channels[channel].id;
    Refusal {
        reason: QuarantineReason::Ambiguous,
        detail: format!("one sample has two values for `{id}`"),
        nearest: Some(id.clone()),
        remedy: format!("send `{id}` under one name"),
    }
}

/// Why a sample is set aside that comes at `now`, if it lies too far ahead. The text names no sample, so that all
/// samples of a frame that are ahead are kept together.
pub(super) fn ahead(sample: &Sample, now: Timestamp) -> Option<Refusal> {
    (sample.sampled_at > now.saturating_add(AHEAD_MAX)).then(|| Refusal {
        reason: QuarantineReason::InTheFuture,
        detail: format!("more than {} min ahead of {now}, when it came", AHEAD_MAX.as_secs() / 60),
        nearest: None,
        remedy: "set the device's clock".to_owned(),
    })
}
