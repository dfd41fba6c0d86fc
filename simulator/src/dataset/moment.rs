//! Reads moments in the forms that recordings write them in.

use super::DatasetError;
use super::config::FormatKey;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use messages::Timestamp;
use messages::profile::Span;
use std::path::Path;

/// How moments are written. A text without an offset is read as UTC, one without a time of day as midnight.
#[derive(Clone, Debug)]
pub(crate) enum TimeFormat {
    Rfc3339,
    /// Seconds since the epoch, with or without a fraction.
    Unix,
    UnixMillis,
    /// Counts from 0: `origin` plus so many cycles.
    Cycle {
        cycle: Span,
        origin: Timestamp,
    },
    /// `strptime`.
    Pattern(String),
}

impl TimeFormat {
    /// Understands the key `format`.
    pub(crate) fn new(key: &FormatKey, path: &Path) -> Result<Self, DatasetError> {
        let pattern = match key {
            FormatKey::Cycle { cycle, origin } => {
                return Ok(Self::Cycle { cycle: *cycle, origin: *origin });
            }
            FormatKey::Named(name) => name,
        };
        match pattern.as_str() {
            "rfc3339" => Ok(Self::Rfc3339),
            "unix" => Ok(Self::Unix),
            "unix_ms" => Ok(Self::UnixMillis),
            pattern if writes_dates(pattern) => Ok(Self::Pattern(pattern.to_owned())),
            other => Err(DatasetError::value(
                path,
                "telemetry.format",
                other,
                "write `rfc3339`, `unix`, `unix_ms`, a pattern of a date such as `%Y-%m-%d %H:%M:%S`, or `{ cycle, origin }`",
            )),
        }
    }

    /// The moment that `text` names, or `None`.
    pub(crate) fn parse(&self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        match self {
            Self::Rfc3339 => text.parse().ok(),
            Self::Unix => from_millis(text.parse::<f64>().ok()? * 1_000.0),
            Self::UnixMillis => Timestamp::from_millis(text.parse().ok()?),
            Self::Cycle { .. } => {
                let count: f64 = text.parse().ok()?;
                if count.fract() == 0.0 { self.count(count) } else { None }
            }
            Self::Pattern(pattern) => parse_pattern(pattern, text),
        }
    }

    /// The moment of the `count`th cycle, where moments are counted.
    pub(crate) fn count(&self, count: f64) -> Option<Timestamp> {
        let Self::Cycle { cycle, origin } = self else { return None };
        from_millis(origin.as_millis() as f64 + count * cycle.as_millis() as f64)
    }
}

/// Whether a pattern can be read back and names a date; tried on one moment.
fn writes_dates(pattern: &str) -> bool {
    let sample = jiff::civil::date(2015, 1, 31).at(23, 59, 58, 0).to_zoned(TimeZone::UTC);
    sample
        .and_then(|moment| strtime::format(pattern, &moment))
        .is_ok_and(|text| parse_pattern(pattern, &text).is_some())
}

fn parse_pattern(pattern: &str, text: &str) -> Option<Timestamp> {
    let parsed = strtime::parse(pattern, text).ok()?;
    if parsed.offset().is_some() || parsed.timestamp().is_some() {
        let moment = parsed.to_timestamp().ok()?;
        return Timestamp::from_millis(moment.as_millisecond());
    }
    // Without any time of day in the pattern this is midnight.
    let moment = parsed.to_datetime().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Timestamp::from_millis(moment.timestamp().as_millisecond())
}

fn from_millis(millis: f64) -> Option<Timestamp> {
    let rounded = millis.round();
    let range = Timestamp::MIN.as_millis() as f64..=Timestamp::MAX.as_millis() as f64;
    range.contains(&rounded).then(|| Timestamp::from_millis(rounded as i64)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(key: &str) -> TimeFormat {
        TimeFormat::new(&FormatKey::Named(key.to_owned()), Path::new("dataset.toml")).unwrap()
    }

    fn at(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn the_same_moment_is_read_in_every_form() {
        let moment = at("2015-01-02T06:00:00Z");
        assert_eq!(format("rfc3339").parse("2015-01-02T07:00:00+01:00"), moment);
        assert_eq!(format("unix").parse("1420178400"), moment);
        assert_eq!(format("unix").parse("1420178400.0"), moment);
        assert_eq!(format("unix_ms").parse("1420178400000"), moment);
        assert_eq!(format("%Y-%m-%d %H:%M:%S").parse(" 2015-01-02 06:00:00"), moment);
        assert_eq!(format("%Y-%m-%d %H:%M:%S %z").parse("2015-01-02 07:00:00 +0100"), moment);
        assert_eq!(format("%Y-%m-%d").parse("2015-01-02"), at("2015-01-02T00:00:00Z"));
    }

    #[test]
    fn a_counter_counts_cycles_from_its_origin() {
        let origin = at("2015-01-01T00:00:00Z").unwrap();
        let key = FormatKey::Cycle { cycle: "1h".parse().unwrap(), origin };
        let format = TimeFormat::new(&key, Path::new("dataset.toml")).unwrap();
        assert_eq!(format.parse("30"), at("2015-01-02T06:00:00Z"));
        assert_eq!(format.parse("1.5"), None);
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for (form, text) in [
            ("rfc3339", "2015-01-02 06:00"),
            ("unix", "inf"),
            ("unix", "1e300"),
            ("unix_ms", "1.5"),
            ("%Y-%m-%d", "2015-02-30"),
            ("%Y-%m-%d %H:%M:%S", "2015-01-02"),
            ("%Y-%m-%d %H:%M:%S", ""),
        ] {
            assert_eq!(format(form).parse(text), None, "{form} {text}");
        }
    }

    #[test]
    fn a_pattern_that_names_no_date_is_refused() {
        for pattern in ["%H:%M", "iso", "%Y-%Q", ""] {
            let key = FormatKey::Named(pattern.to_owned());
            let error = TimeFormat::new(&key, Path::new("dataset.toml")).unwrap_err();
            assert!(error.to_string().contains("telemetry.format"), "{pattern}");
        }
    }
}
