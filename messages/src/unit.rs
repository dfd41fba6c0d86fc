//! Units that profiles and devices use, and exact rules for going from one to the other.

use crate::finite::Finite;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What a unit measures; only units of one quantity convert into each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Base kPa.
    Pressure,
    /// Base degree Celsius.
    Temperature,
    /// Base volt.
    Voltage,
    /// Base ampere.
    Current,
    /// Base watt.
    Power,
    /// Base kilowatt-hour.
    Energy,
    /// Base km/h.
    Speed,
    /// Base metre.
    Length,
    /// Base rpm.
    RotationalSpeed,
    /// Base newton metre.
    Torque,
    /// Base percent.
    Ratio,
    /// Base m/s².
    Acceleration,
    /// Base l/100 km.
    Consumption,
    /// Base l/h.
    VolumeFlow,
    /// Base g/s.
    MassFlow,
    /// Base degree.
    Angle,
    /// Base second.
    Time,
    /// Base µg/m³.
    Concentration,
    /// A bare number.
    Number,
}

/// A unit. Equal when the canonical symbols are.
#[derive(Clone, Copy)]
pub struct Unit(&'static Definition);

/// `base = (value + shift) * factor / divisor`.
struct Definition {
    symbol: &'static str,
    quantity: Quantity,
    shift: f64,
    factor: f64,
    divisor: f64,
    spellings: &'static [&'static str],
}

/// Why a text is no unit, or a value has no counterpart in another unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// No such unit.
    #[error("unit `{text}` is not known; did you mean `{nearest}`?")]
    Unknown {
        /// The text, cut to a readable length.
        text: String,
        /// Symbol of the known unit nearest to it.
        nearest: &'static str,
    },
    /// Units of different quantities.
    #[error("unit `{from}` does not convert to `{to}`: they measure different things")]
    Incompatible {
        /// Unit of the value.
        from: Unit,
        /// Unit that was wanted.
        to: Unit,
    },
    /// The converted value is beyond the largest number.
    #[error("a value in `{from}` is too large to be written in `{to}`")]
    TooLarge {
        /// Unit of the value.
        from: Unit,
        /// Unit that was wanted.
        to: Unit,
    },
}

const fn unit(
    symbol: &'static str,
    quantity: Quantity,
    (shift, factor, divisor): (f64, f64, f64),
    spellings: &'static [&'static str],
) -> Definition {
    Definition { symbol, quantity, shift, factor, divisor, spellings }
}

/// A unit that is `factor / divisor` of its quantity's base.
const fn times(factor: f64, divisor: f64) -> (f64, f64, f64) {
    (0.0, factor, divisor)
}

const BASE: (f64, f64, f64) = times(1.0, 1.0);

/// All units. Factors are the definitions of BIPM's SI brochure and NIST SP 811, exact where those are.
static UNITS: &[Definition] = &[
    unit("kPa", Quantity::Pressure, BASE, &["kilopascal"]),
    unit("Pa", Quantity::Pressure, times(1.0, 1_000.0), &["pascal"]),
    unit("hPa", Quantity::Pressure, times(1.0, 10.0), &["mbar", "hectopascal", "millibar"]),
    unit("MPa", Quantity::Pressure, times(1_000.0, 1.0), &["megapascal"]),
    unit("bar", Quantity::Pressure, times(100.0, 1.0), &[]),
    unit("psi", Quantity::Pressure, times(6.894_757_293_168_361, 1.0), &["lbf/in^2", "psig"]),
    unit("Celsius", Quantity::Temperature, BASE, &["°C", "degC", "C", "deg C", "degrees Celsius"]),
    unit(
        "Fahrenheit",
        Quantity::Temperature,
        (-32.0, 5.0, 9.0),
        &["°F", "degF", "F", "deg F", "degrees Fahrenheit"],
    ),
    unit("K", Quantity::Temperature, (-273.15, 1.0, 1.0), &["Kelvin"]),
    unit("V", Quantity::Voltage, BASE, &["volt", "volts"]),
    unit("mV", Quantity::Voltage, times(1.0, 1_000.0), &["millivolt"]),
    unit("A", Quantity::Current, BASE, &["ampere", "amperes", "amp"]),
    unit("mA", Quantity::Current, times(1.0, 1_000.0), &["milliampere"]),
    unit("W", Quantity::Power, BASE, &["watt", "watts"]),
    unit("kW", Quantity::Power, times(1_000.0, 1.0), &["kilowatt"]),
    unit("kWh", Quantity::Energy, BASE, &["kilowatt-hour"]),
    unit("Wh", Quantity::Energy, times(1.0, 1_000.0), &["watt-hour"]),
    unit("km/h", Quantity::Speed, BASE, &["kmh", "kph", "kmph", "km/hr"]),
    unit("mph", Quantity::Speed, times(1.609_344, 1.0), &["mi/h"]),
    unit("m/s", Quantity::Speed, times(3.6, 1.0), &["mps"]),
    unit("mm/s", Quantity::Speed, times(3.6, 1_000.0), &[]),
    unit("Nm", Quantity::Torque, BASE, &["N m", "N·m", "newton metre"]),
    unit("m", Quantity::Length, BASE, &["metre", "meter", "metres", "meters"]),
    unit("km", Quantity::Length, times(1_000.0, 1.0), &["kilometre", "kilometer"]),
    unit("mi", Quantity::Length, times(1_609.344, 1.0), &["mile", "miles"]),
    unit("mm", Quantity::Length, times(1.0, 1_000.0), &["millimetre", "millimeter"]),
    unit("rpm", Quantity::RotationalSpeed, BASE, &["1/min", "min^-1", "rev/min", "r/min"]),
    unit("Hz", Quantity::RotationalSpeed, times(60.0, 1.0), &["1/s", "hertz"]),
    unit("percent", Quantity::Ratio, BASE, &["%", "pct"]),
    unit("ratio", Quantity::Ratio, times(100.0, 1.0), &["fraction"]),
    unit("m/s^2", Quantity::Acceleration, BASE, &["m/s²", "m/s2"]),
    unit("g", Quantity::Acceleration, times(9.806_65, 1.0), &["gn", "g0"]),
    unit("l/100km", Quantity::Consumption, BASE, &["l/100 km"]),
    unit("l/h", Quantity::VolumeFlow, BASE, &["L/hr", "lph"]),
    unit("l/min", Quantity::VolumeFlow, times(60.0, 1.0), &["lpm"]),
    unit("g/s", Quantity::MassFlow, BASE, &["gram/s"]),
    unit("kg/h", Quantity::MassFlow, times(1.0, 3.6), &[]),
    unit("degrees", Quantity::Angle, BASE, &["°", "deg", "degree"]),
    unit("rad", Quantity::Angle, times(180.0, std::f64::consts::PI), &["radian", "radians"]),
    unit("s", Quantity::Time, BASE, &["second", "seconds", "sec"]),
    unit("ms", Quantity::Time, times(1.0, 1_000.0), &["millisecond"]),
    unit("min", Quantity::Time, times(60.0, 1.0), &["minute", "minutes"]),
    unit("h", Quantity::Time, times(3_600.0, 1.0), &["hour", "hours"]),
    unit("d", Quantity::Time, times(86_400.0, 1.0), &["day", "days"]),
    unit("ug/m^3", Quantity::Concentration, BASE, &["µg/m³", "μg/m³", "ug/m3", "µg/m^3"]),
    unit("mg/m^3", Quantity::Concentration, times(1_000.0, 1.0), &["mg/m³", "mg/m3"]),
    unit("number", Quantity::Number, BASE, &["1", "count", "dimensionless"]),
];

/// Longest part of an unknown text that an error repeats, in characters.
const ERROR_CHARS_MAX: usize = 32;

impl Unit {
    /// Reads a symbol or one of its other spellings; case matters only where nothing else tells them apart.
    ///
    /// # Errors
    /// [`UnitError::Unknown`] with the nearest known unit.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let wanted = text.trim();
        let find = |same: fn(&str, &str) -> bool| {
            UNITS.iter().find(|unit| unit.names().any(|name| same(name, wanted)))
        };
        find(|name, wanted| name == wanted)
            .or_else(|| find(str::eq_ignore_ascii_case))
            .map(Unit)
            .ok_or_else(|| unknown(wanted))
    }

    /// Canonical symbol.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        self.0.symbol
    }

    /// What it measures.
    #[must_use]
    pub fn quantity(self) -> Quantity {
        self.0.quantity
    }

    /// Whether values in this unit can be written in `other`.
    #[must_use]
    pub fn converts_to(self, other: Unit) -> bool {
        self.quantity() == other.quantity()
    }
}

impl Definition {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.symbol).chain(self.spellings.iter().copied())
    }
}

fn unknown(text: &str) -> UnitError {
    let text: String = text.chars().take(ERROR_CHARS_MAX).collect();
    let lower = text.to_lowercase();
    let distance = |unit: &&Definition| {
        unit.names().map(|name| strsim::osa_distance(&lower, &name.to_lowercase())).min()
    };
    let nearest = UNITS.iter().min_by_key(distance).expect("there are units");
    UnitError::Unknown { text, nearest: nearest.symbol }
}

/// Writes a `value` given in `from` in `to`.
///
/// # Errors
/// [`UnitError::Incompatible`] for units of different quantities, [`UnitError::TooLarge`] when the result is
/// beyond the largest number.
pub fn convert(value: Finite, from: Unit, to: Unit) -> Result<Finite, UnitError> {
    if from == to {
        return Ok(value);
    }
    if !from.converts_to(to) {
        return Err(UnitError::Incompatible { from, to });
    }
    let base = (value.get() + from.0.shift) * from.0.factor / from.0.divisor;
    let converted = base * to.0.divisor / to.0.factor - to.0.shift;
    Finite::new(converted).map_err(|_| UnitError::TooLarge { from, to })
}

impl PartialEq for Unit {
    fn eq(&self, other: &Self) -> bool {
        self.0.symbol == other.0.symbol
    }
}

impl Eq for Unit {}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unit({})", self.0.symbol)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.symbol)
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.symbol)
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn converted(value: f64, from: &str, to: &str) -> f64 {
        let unit = |text| Unit::parse(text).unwrap();
        convert(Finite::new(value).unwrap(), unit(from), unit(to)).unwrap().get()
    }

    #[test]
    fn known_pairs_agree() {
        let pairs = [
            (32.0, "psi", 220.632_233_381_387_57, "kPa"),
            (1.0, "bar", 100.0, "kPa"),
            (1_013.25, "mbar", 101.325, "kPa"),
            (212.0, "°F", 100.0, "Celsius"),
            (-40.0, "Fahrenheit", -40.0, "degC"),
            (0.0, "Celsius", 273.15, "K"),
            (12_600.0, "mV", 12.6, "V"),
            (60.0, "mph", 96.560_64, "km/h"),
            (10.0, "m/s", 36.0, "km/h"),
            (1.0, "mi", 1_609.344, "m"),
            (0.25, "ratio", 25.0, "%"),
            (0.5, "g", 4.903_325, "m/s^2"),
            (25.0, "Hz", 1_500.0, "rpm"),
            (36.0, "kg/h", 10.0, "g/s"),
            (std::f64::consts::PI, "rad", 180.0, "deg"),
        ];
        for (value, from, expected, to) in pairs {
            let found = converted(value, from, to);
            assert!(
                (found - expected).abs() <= 1e-9 * expected.abs(),
                "{value} {from}: {found} {to}"
            );
            let back = converted(expected, to, from);
            assert!((back - value).abs() <= 1e-9 * value.abs().max(1.0), "{expected} {to}: {back}");
        }
    }

    #[test]
    fn no_spelling_names_two_units_whatever_its_case() {
        let mut names: Vec<String> =
            UNITS.iter().flat_map(Definition::names).map(str::to_lowercase).collect();
        names.sort_unstable();
        let clashes: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        // Only MPa/mPa-like pairs could be allowed; there are none in the table.
        assert!(clashes.is_empty(), "{clashes:?}");
    }

    #[test]
    fn an_unknown_unit_is_answered_with_the_nearest() {
        let error = Unit::parse("Celcius").unwrap_err();
        assert_eq!(error.to_string(), "unit `Celcius` is not known; did you mean `Celsius`?");
        assert!(matches!(Unit::parse(""), Err(UnitError::Unknown { .. })));
        let long = Unit::parse(&"x".repeat(10_000)).unwrap_err();
        assert!(long.to_string().len() < 120);
    }

    #[test]
    fn different_quantities_and_overflow_are_errors() {
        let one = Finite::new(1.0).unwrap();
        let (volt, kelvin) = (Unit::parse("V").unwrap(), Unit::parse("K").unwrap());
        assert!(matches!(convert(one, volt, kelvin), Err(UnitError::Incompatible { .. })));
        let (km, mm) = (Unit::parse("km").unwrap(), Unit::parse("mm").unwrap());
        let largest = Finite::new(f64::MAX).unwrap();
        assert!(matches!(convert(largest, km, mm), Err(UnitError::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_within_rounding(value in -1e6_f64..1e6) {
            for from in UNITS.iter().map(Unit) {
                for to in UNITS.iter().map(Unit).filter(|to| from.converts_to(*to)) {
                    let there = convert(Finite::new(value).unwrap(), from, to).unwrap();
                    let back = convert(there, to, from).unwrap().get();
                    prop_assert!((back - value).abs() <= 1e-9 * value.abs().max(1e3), "{from} {to}");
                }
            }
        }

        #[test]
        fn any_text_gives_a_unit_or_a_readable_error(text in ".{0,64}") {
            if let Err(error) = Unit::parse(&text) {
                prop_assert!(error.to_string().chars().count() < 120);
            }
        }
    }
}
