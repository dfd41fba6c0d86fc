//! What is usual for one feature in one operating state, learned robustly from a stream.

use super::Settings;
use crate::stats::location_and_scale;
use serde::{Deserialize, Serialize};

/// First values, of which median and median absolute deviation start the estimate.
pub const COLLECTED: usize = 9;

/// A value counts as at most this many scales away when the location is learned.
const LOCATION_CLIP: f64 = 2.0;

/// A value counts as at most this many scales away when the scale is learned.
const SCALE_CLIP: f64 = 3.0;

/// Standard deviation of a normal variable divided by its mean absolute deviation clipped at [`SCALE_CLIP`]:
/// 1 / (2 (φ(0) − φ(3)) + 2 · 3 · Φ(−3)).
const DEVIATION_PER_CLIPPED_MEAN: f64 = 1.254_516;

/// Location and scale of one feature. 24 bytes, and 36 more while it collects.
///
/// Starts with median and median absolute deviation of the first [`COLLECTED`] values, then follows with
/// Huber's clipped deviations, weighted 1/n (P. J. Huber, "Robust estimation of a location parameter",
/// Ann. Math. Stat. 35, 1964; recursively as in S. Gelper, R. Fried, C. Croux, "Robust forecasting with
/// exponential and Holt-Winters smoothing", J. Forecasting 29, 2010). One value, however wild, moves the
/// location by at most two n-ths of a scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Usual {
    /// Too few values yet.
    Collecting(Vec<f32>),
    /// An estimate.
    Known {
        /// The usual value.
        location: f32,
        /// Where learning left it: it stays near.
        learned: f32,
        /// One deviation.
        scale: f32,
        /// Values it was learned from.
        values: u32,
    },
}

impl Default for Usual {
    fn default() -> Self {
        Self::Collecting(Vec::new())
    }
}

impl Usual {
    /// Learns from a value; the scale counts as at least `scale_min`.
    pub(super) fn learn(&mut self, value: f64, scale_min: f64) {
        match self {
            Self::Collecting(collected) => {
                collected.push(value as f32);
                if collected.len() == COLLECTED {
                    *self = Self::start(collected);
                }
            }
            Self::Known { location, learned, scale, values } => {
                *values += 1;
                let weight = 1.0 / f64::from(*values);
                let usable = f64::from(*scale).max(scale_min);
                let away = value - f64::from(*location);
                let clipped = away.clamp(-LOCATION_CLIP * usable, LOCATION_CLIP * usable);
                let spread = DEVIATION_PER_CLIPPED_MEAN * away.abs().min(SCALE_CLIP * usable);
                *location += (weight * clipped) as f32;
                *scale += (weight * (spread - f64::from(*scale))) as f32;
                *learned = *location;
            }
        }
    }

    fn start(collected: &[f32]) -> Self {
        let mut values: Vec<f64> = collected.iter().copied().map(f64::from).collect();
        let (location, scale) =
            location_and_scale(&mut values).expect("nine values were collected");
        let location = location as f32;
        let values = COLLECTED as u32;
        Self::Known { location, learned: location, scale: scale as f32, values }
    }

    /// Location and scale, if known.
    pub(super) fn known(&self, scale_min: f64) -> Option<(f64, f64)> {
        match *self {
            Self::Collecting(_) => None,
            Self::Known { location, scale, .. } => {
                Some((location.into(), f64::from(scale).max(scale_min)))
            }
        }
    }

    /// Follows a value after learning: slowly, clipped, and not far from what was learned.
    pub(super) fn adapt(&mut self, value: f64, scale_min: f64, settings: &Settings) {
        let Self::Known { location, learned, scale, .. } = self else {
            return;
        };
        let usable = f64::from(*scale).max(scale_min);
        let clip = LOCATION_CLIP * usable;
        let step = (value - f64::from(*location)).clamp(-clip, clip) / settings.adapt_windows;
        let reach = settings.adapt_deviations_max * usable;
        let learned = f64::from(*learned);
        let moved = f64::from(*location) + step;
        *location = moved.clamp(learned - reach, learned + reach) as f32;
    }
}
