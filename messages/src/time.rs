//! Moments in time, as milliseconds since the Unix epoch, so that every reader compares them alike.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A moment, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Text form (JSON, CLI) is RFC 3339 in UTC; binary form (postcard) is a zig-zag integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is not an RFC 3339 moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time `{text}` is not RFC 3339; write it like `2026-03-02T06:00:00Z`")]
pub struct TimestampError {
    /// The text as it came.
    pub text: String,
}

impl Timestamp {
    /// The earliest moment that can be written: 0001-01-01T00:00:00Z.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000);
    /// The latest moment that can be written: 9999-12-30T22:00:00Z, the last that every time zone can show.
    pub const MAX: Timestamp = Timestamp(253_402_207_200_000);
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp(0);

    /// From milliseconds since the epoch, or `None` outside [`Timestamp::MIN`]`..=`[`Timestamp::MAX`].
    #[must_use]
    pub const fn from_millis(millis: i64) -> Option<Self> {
        if millis < Self::MIN.0 || millis > Self::MAX.0 { None } else { Some(Self(millis)) }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment plus `duration`, held at [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis).min(Self::MAX.0))
    }

    /// This moment minus `duration`, held at [`Timestamp::MIN`].
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis).max(Self::MIN.0))
    }

    /// Time passed since `earlier`; zero when `earlier` is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The start of the window of length `window` that holds this moment; windows are aligned to the epoch.
    ///
    /// # Panics
    /// When `window` is shorter than a millisecond.
    #[must_use]
    pub fn window_start(self, window: Duration) -> Self {
        let millis = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        assert!(millis > 0, "a window has a length");
        Self(self.0 - self.0.rem_euclid(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || TimestampError { text: text.chars().take(64).collect() };
        let moment: jiff::Timestamp = text.parse().map_err(|_| error())?;
        Self::from_millis(moment.as_millisecond()).ok_or_else(error)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(D::Error::custom)
        } else {
            let millis = i64::deserialize(deserializer)?;
            Self::from_millis(millis)
                .ok_or_else(|| D::Error::custom(format!("time `{millis}` ms is out of range")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_number_name_the_same_moment() {
        let moment: Timestamp = "2026-03-02T06:00:00.250Z".parse().expect("valid");
        assert_eq!(moment.as_millis(), 1_772_431_200_250);
        assert_eq!(moment.to_string(), "2026-03-02T06:00:00.25Z");
    }

    #[test]
    fn windows_are_aligned_also_before_the_epoch() {
        let minute = Duration::from_secs(60);
        let before = Timestamp::from_millis(-1).expect("in range");
        assert_eq!(before.window_start(minute).as_millis(), -60_000);
    }

    #[test]
    fn every_moment_in_range_survives_its_text() {
        for moment in [Timestamp::MIN, Timestamp::EPOCH, Timestamp::MAX] {
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
    }
}
