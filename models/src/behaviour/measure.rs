//! What is measured of a principal, and from when on it is unusual.

use super::sketch::Typical;
use crate::stats::DEVIATION_PER_MAD;
use messages::guard::ActivityMeasured;
use messages::profile::Span;
use serde::{Deserialize, Serialize};

/// Minutes of a class of hours after which it is compared with itself alone.
const CLASS_MINUTES_MIN: u32 = 600;
/// The same for what is known only of minutes in which something was said.
const SPOKEN_MINUTES_MIN: u32 = 30;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Messages a minute.
    Messages,
    /// Different keys that they are about, a minute.
    Keys,
    /// Bytes of a message.
    Size,
    /// Messages under ids that had been used before, a minute.
    Repeats,
    /// Messages that a reader had to set aside, in percent of what was said.
    Errors,
    /// Records read, a minute.
    Reads,
    /// Bytes read, a minute.
    ReadBytes,
}

/// From when on a measure is unusual, whoever it is, and what it then weighs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// Values up to this are taken as usual for everybody.
    pub floor: f64,
    /// Points of risk at [`Settings::z_certain`]; half of them at [`Settings::z_unusual`].
    pub points: f64,
}

/// How activity is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long a principal is watched before its activity is judged.
    pub learn: Span,
    /// Spreads above the usual from which on a measure is unusual.
    pub z_unusual: f64,
    /// Spreads above the usual at which it weighs most.
    pub z_certain: f64,
    /// Smallest spread, as a difference of logarithms: 0.35 is a factor of 1.4.
    pub spread_min: f64,
    /// Messages set aside below which their share is not told.
    pub errors_min: f64,
    /// Messages a minute.
    pub messages: Weight,
    /// Different keys a minute.
    pub keys: Weight,
    /// Bytes of a message.
    pub size: Weight,
    /// Repeated messages a minute.
    pub repeats: Weight,
    /// Percent of messages that were set aside.
    pub errors: Weight,
    /// Records read a minute.
    pub reads: Weight,
    /// Bytes read a minute.
    pub read_bytes: Weight,
}

impl Default for Settings {
    fn default() -> Self {
        let weight = |floor, points| Weight { floor, points };
        Self {
            learn: Span::from_millis(86_400_000).expect("a day is a span"),
            z_unusual: 4.0,
            z_certain: 8.0,
            spread_min: 0.35,
            errors_min: 5.0,
            messages: weight(60.0, 60.0),
            keys: weight(60.0, 30.0),
            size: weight(8_192.0, 20.0),
            repeats: weight(1.0, 60.0),
            errors: weight(10.0, 40.0),
            reads: weight(60.0, 60.0),
            read_bytes: weight(65_536.0, 30.0),
        }
    }
}

/// Sums of one span, by measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Values([f64; Measure::ALL.len()]);

impl Measure {
    /// All measures, in the order of their numbers.
    pub const ALL: [Measure; 7] = [
        Measure::Messages,
        Measure::Keys,
        Measure::Size,
        Measure::Repeats,
        Measure::Errors,
        Measure::Reads,
        Measure::ReadBytes,
    ];

    /// Name in evidence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Measure::Messages => "messages",
            Measure::Keys => "keys",
            Measure::Size => "size",
            Measure::Repeats => "repeats",
            Measure::Errors => "errors",
            Measure::Reads => "reads",
            Measure::ReadBytes => "read_bytes",
        }
    }

    /// What is counted, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Measure::Messages => "messages a minute",
            Measure::Keys => "different keys a minute",
            Measure::Size => "bytes a message",
            Measure::Repeats => "repeated messages a minute",
            Measure::Errors => "percent of its messages set aside",
            Measure::Reads => "records read a minute",
            Measure::ReadBytes => "bytes read a minute",
        }
    }

    /// Whether it is a number per minute, of which silence is nothing.
    pub(super) const fn is_rate(self) -> bool {
        !matches!(self, Measure::Size | Measure::Errors)
    }

    pub(super) const fn minutes_min(self) -> u32 {
        if self.is_rate() { CLASS_MINUTES_MIN } else { SPOKEN_MINUTES_MIN }
    }
}

impl Values {
    pub(super) fn each(value: impl Fn(Measure) -> f64) -> Self {
        Self(Measure::ALL.map(value))
    }

    pub(super) fn of(window: &ActivityMeasured) -> Self {
        Self::each(|measure| match measure {
            Measure::Messages => window.messages as f64,
            Measure::Keys => f64::from(window.keys),
            Measure::Size => window.bytes as f64,
            Measure::Repeats => window.repeated as f64,
            Measure::Errors => window.dead_lettered as f64,
            Measure::Reads => window.reads as f64,
            Measure::ReadBytes => window.read_bytes as f64,
        })
    }

    /// Adds another part of the same span. The same keys may come in both: the greater number of them is taken.
    pub(super) fn add(&mut self, other: &Self) {
        for measure in Measure::ALL {
            let (sum, value) = (&mut self.0[measure as usize], other.0[measure as usize]);
            *sum = if measure == Measure::Keys { sum.max(value) } else { *sum + value };
        }
    }

    pub(super) fn get(&self, measure: Measure) -> f64 {
        self.0[measure as usize]
    }
}

impl Settings {
    /// How `measure` is weighed.
    #[must_use]
    pub fn weight(&self, measure: Measure) -> Weight {
        match measure {
            Measure::Messages => self.messages,
            Measure::Keys => self.keys,
            Measure::Size => self.size,
            Measure::Repeats => self.repeats,
            Measure::Errors => self.errors,
            Measure::Reads => self.reads,
            Measure::ReadBytes => self.read_bytes,
        }
    }
}

/// By how many spreads `observed` is above the usual, and what that weighs; nothing where it is not unusual.
///
/// Distances are of logarithms. The spread is that of the middle half (MAD), or what reaches the highest values that
/// came several times in three steps, or the smallest that is allowed, whichever is widest.
pub(super) fn judge(
    measure: Measure,
    observed: f64,
    typical: &Typical,
    settings: &Settings,
) -> Option<(f64, f64)> {
    let weight = settings.weight(measure);
    let centre = typical.median.max(weight.floor).ln_1p();
    let to_high = (typical.high.ln_1p() - centre) / 3.0;
    let spread = (DEVIATION_PER_MAD * typical.deviation).max(to_high).max(settings.spread_min);
    let z = (observed.ln_1p() - centre) / spread;
    let beyond = (z - settings.z_unusual) / (settings.z_certain - settings.z_unusual);
    (beyond >= 0.0).then(|| (z, weight.points * (0.5 + 0.5 * beyond.min(1.0))))
}
