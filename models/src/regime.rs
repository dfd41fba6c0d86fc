//! Operating regimes: the few settings at which assets are run, and what channels usually read at each, so that readings
//! in the air and on the ground can be compared.
//!
//! Regimes are found as they come: settings that are near those of a regime belong to it, others begin one. Where
//! settings vary without such groups there are none, and nothing is changed.

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// Most regimes; settings that fall into more have no groups.
pub const REGIMES_MAX: usize = 32;
/// Fewest samples by which is learned what is usual at a regime.
pub const SAMPLES_MIN: usize = 30;

/// A channel that is set, not measured, and how far apart two settings of one regime are at most, in its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Place of the channel in a sample.
    pub channel: usize,
    /// How far apart.
    pub within: f64,
}

/// Regimes, and what is usual at each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regimes {
    settings: Vec<Setting>,
    regimes: Vec<Regime>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Regime {
    /// One value per setting.
    centre: Vec<f64>,
    /// Mean and deviation per channel; none of one that is set, was never measured or did not move here.
    usual: Vec<Option<(f64, f64)>>,
}

/// What is summed up of one regime.
struct Sums {
    centre: Vec<f64>,
    samples: usize,
    /// Count, mean and sum of squared distances from it, by channel (B. P. Welford, 1962).
    channels: Vec<(f64, f64, f64)>,
}

impl Regimes {
    /// The regimes of these samples; none if there is but one, or too many to be groups.
    pub fn find(
        samples: impl Iterator<Item = Vec<Option<f64>>>,
        settings: &[Setting],
    ) -> Option<Self> {
        let mut found: Vec<Sums> = Vec::new();
        for sample in samples {
            let Some(set) = set(&sample, settings) else { continue };
            let place = found.iter().position(|known| alike(&known.centre, &set, settings));
            let place = place.unwrap_or_else(|| {
                let channels = vec![(0.0, 0.0, 0.0); sample.len()];
                found.push(Sums { centre: set, samples: 0, channels });
                found.len() - 1
            });
            if found.len() > REGIMES_MAX {
                return None;
            }
            found[place].add(&sample);
        }
        found.retain(|sums| sums.samples >= SAMPLES_MIN);
        let regimes: Vec<Regime> = found.into_iter().map(|sums| sums.regime(settings)).collect();
        (regimes.len() > 1).then(|| Self { settings: settings.to_vec(), regimes })
    }

    /// Number of regimes.
    #[must_use]
    pub fn count(&self) -> usize {
        self.regimes.len()
    }

    /// Puts what was measured into deviations from what is usual at the sample's regime; at one that was never seen,
    /// or not known, nothing can be compared and all is missing. Settings stay as they are.
    pub fn compare(&self, sample: &mut [Option<f64>]) {
        let regime = set(sample, &self.settings).and_then(|set| {
            self.regimes.iter().find(|known| alike(&known.centre, &set, &self.settings))
        });
        for (channel, value) in sample.iter_mut().enumerate() {
            if self.settings.iter().any(|setting| setting.channel == channel) {
                continue;
            }
            let usual = regime.and_then(|regime| *regime.usual.get(channel)?);
            *value = value.zip(usual).map(|(value, (mean, deviation))| (value - mean) / deviation);
        }
    }
}

impl Sums {
    fn add(&mut self, sample: &[Option<f64>]) {
        self.samples += 1;
        for ((count, mean, squares), value) in self.channels.iter_mut().zip(sample) {
            if let Some(value) = value {
                *count += 1.0;
                let before = value - *mean;
                *mean += before / *count;
                *squares += before * (value - *mean);
            }
        }
    }

    fn regime(self, settings: &[Setting]) -> Regime {
        let usual = |(channel, (count, mean, squares)): (usize, (f64, f64, f64))| {
            let is_set = settings.iter().any(|setting| setting.channel == channel);
            let deviation = (squares / (count - 1.0)).sqrt();
            // Below this it is rounding.
            let moves = deviation > 1e-9 * mean.abs().max(1e-9);
            (!is_set && moves).then_some((mean, deviation))
        };
        let usual = self.channels.into_iter().enumerate().map(usual).collect();
        Regime { centre: self.centre, usual }
    }
}

/// The settings of a sample; none unless all are known.
fn set(sample: &[Option<f64>], settings: &[Setting]) -> Option<Vec<f64>> {
    settings.iter().map(|setting| *sample.get(setting.channel)?).collect()
}

fn alike(centre: &[f64], set: &[f64], settings: &[Setting]) -> bool {
    let distances = centre.iter().zip(set).map(|(a, b)| (a - b).abs());
    distances.zip(settings).all(|(distance, setting)| distance <= setting.within)
}
