//! An attack as a script has it: what is done with whose credential, how fast and for how long.

use super::template::Template;
use std::str::FromStr;
use std::time::Duration;

/// Fastest attack, in raw steps a second.
pub const RATE_MAX: f64 = 10_000.0;

/// What kind of raw steps an attack is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttackKind {
    /// Reads what its contract does not name.
    ScopeAbuse,
    /// Says what it may say, far too often.
    Flood,
    /// Says again what was said before, as it was.
    Replay,
    /// Speaks in another's name.
    Impersonation,
    /// Reads far more than it ever did of what it may read.
    Exfiltration,
    /// Sends telemetry of an asset that is not its own.
    SpoofedDevice,
    /// Pulls the readings of one channel slowly away.
    SlowPoisoning,
}

/// An attack.
#[derive(Clone, Debug)]
pub struct Attack {
    /// What is done.
    pub kind: AttackKind,
    /// Whose credential it is done with.
    pub principal: Template,
    /// What it is aimed at.
    pub target: Option<Template>,
    /// How fast.
    pub rate: Rate,
    /// For how long.
    pub lasts: Duration,
}

/// How much in which time: `200/s`, `12/d`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(f64);

/// Why a text is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a rate; write a number above 0 and a time, like `200/s`, `5/m`, `1/h` or `12/d`"
)]
pub struct RateError(String);

impl AttackKind {
    /// All kinds, in the order of [`AttackKind::NAMES`].
    const ALL: [AttackKind; 7] = [
        AttackKind::ScopeAbuse,
        AttackKind::Flood,
        AttackKind::Replay,
        AttackKind::Impersonation,
        AttackKind::Exfiltration,
        AttackKind::SpoofedDevice,
        AttackKind::SlowPoisoning,
    ];

    /// Names in scripts.
    pub const NAMES: [&'static str; 7] = [
        "scope_abuse",
        "flood",
        "replay",
        "impersonation",
        "exfiltration",
        "spoofed_device",
        "slow_poisoning",
    ];

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let place = Self::NAMES.iter().position(|known| *known == name)?;
        Some(Self::ALL[place])
    }

    /// Its name in scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// What it needs a target for, in words; nothing where it needs none.
    pub(super) fn needs(self) -> Option<&'static str> {
        match self {
            AttackKind::ScopeAbuse | AttackKind::Exfiltration => Some("target: telemetry"),
            AttackKind::Impersonation => Some("target: master"),
            AttackKind::SpoofedDevice => Some("target: VEH002"),
            AttackKind::SlowPoisoning => Some("target: coolant_temperature"),
            AttackKind::Flood | AttackKind::Replay => None,
        }
    }
}

impl Rate {
    /// How much a second.
    #[must_use]
    pub fn a_second(self) -> f64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let error = || RateError(text.to_owned());
        let (number, unit) = text.split_once('/').ok_or_else(error)?;
        let digits = number.chars().all(|c| c.is_ascii_digit() || c == '.');
        let number: f64 = number.parse().ok().filter(|_| digits).ok_or_else(error)?;
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return Err(error()),
        };
        let a_second = number / seconds;
        (a_second > 0.0 && a_second.is_finite()).then_some(Self(a_second)).ok_or_else(error)
    }
}
