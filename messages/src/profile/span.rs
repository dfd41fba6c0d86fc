//! Lengths of time as people write them: `90s`, `10m`, `24h`, `7d`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time of at least a millisecond and at most ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

/// Longest span, in milliseconds.
const MILLIS_MAX: u64 = 3_653 * 86_400_000;

/// Units and their lengths in milliseconds, the longest first.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a length of time from 1ms to ten years; write it like `90s`, `10m`, `24h` or `7d`"
)]
pub struct SpanError {
    /// The text, cut to a readable length.
    pub text: String,
}

impl Span {
    /// `millis` milliseconds, or `None` outside the range.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Option<Self> {
        if millis == 0 || millis > MILLIS_MAX { None } else { Some(Self(millis)) }
    }

    /// Milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// As the standard library's type.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// Hours and parts of an hour.
    #[must_use]
    pub fn as_hours(self) -> f64 {
        self.duration().as_secs_f64() / 3_600.0
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let error = || SpanError { text: text.chars().take(32).collect() };
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| error())?;
        let (_, millis) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(error)?;
        number.checked_mul(millis).and_then(Self::from_millis).ok_or_else(error)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, millis) = UNITS
            .into_iter()
            .find(|(_, millis)| self.0.is_multiple_of(*millis))
            .expect("every span is a multiple of a millisecond");
        write!(f, "{}{name}", self.0 / millis)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_their_text() {
        for (text, millis) in [("1ms", 1), ("90s", 90_000), ("10m", 600_000), ("7d", 604_800_000)] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.as_millis(), millis);
            assert_eq!(span.to_string().parse(), Ok(span));
        }
        assert_eq!("120m".parse::<Span>().unwrap().to_string(), "2h");
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in [
            "",
            "10",
            "m",
            "-1s",
            "1.5h",
            "0s",
            "10 m",
            "10w",
            "99999999d",
            "99999999999999999999s",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
