//! A number that is a number: neither NaN nor infinite can be written or read.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A finite 64-bit float; decoding anything else is an error, in every encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Finite(f64);

/// A float that is NaN or infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("number is not finite; leave a missing value out instead")]
pub struct NotFinite;

impl Finite {
    /// Zero.
    pub const ZERO: Finite = Finite(0.0);

    /// `value`, unless it is NaN or infinite.
    ///
    /// # Errors
    /// [`NotFinite`] for NaN and the infinities.
    pub fn new(value: f64) -> Result<Self, NotFinite> {
        // Adding zero turns -0.0 into 0.0, so that equal numbers have equal bytes.
        if value.is_finite() { Ok(Self(value + 0.0)) } else { Err(NotFinite) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Finite {
    type Error = NotFinite;

    fn try_from(value: f64) -> Result<Self, NotFinite> {
        Self::new(value)
    }
}

impl From<Finite> for f64 {
    fn from(value: Finite) -> f64 {
        value.0
    }
}

impl fmt::Display for Finite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Finite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
