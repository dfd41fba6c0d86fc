//! A histogram of logarithms: what is usual of one measure, in bounded memory.

use serde::{Deserialize, Serialize};

/// Minutes that a sketch remembers; beyond them all counts are halved, so that what is old weighs ever less.
pub const MINUTES_KEPT: u32 = 40_320;

/// So many minutes make a high value one that came several times.
pub const HIGH_MINUTES: u32 = 3;

/// Width of a bin of ln(1 + value): values are told apart by a tenth.
const BIN_WIDTH: f64 = 0.1;

/// How often values of one measure came, by the logarithm of the value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch {
    /// Minutes in which there was nothing.
    none: u32,
    /// Minutes by bin, in order; only bins in which there are any.
    bins: Vec<(u8, u32)>,
}

/// What is usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Typical {
    /// Half of all minutes are above it.
    pub median: f64,
    /// Mean of all minutes, rather too high than too low.
    pub mean: f64,
    /// The highest that came in [`HIGH_MINUTES`] minutes.
    pub high: f64,
    /// Median absolute deviation of the logarithms.
    pub deviation: f64,
}

impl Sketch {
    /// Minutes that were learned and not forgotten.
    #[must_use]
    pub fn minutes(&self) -> u32 {
        self.bins.iter().fold(self.none, |sum, (_, minutes)| sum.saturating_add(*minutes))
    }

    /// Learns that `value`, which is not negative, held for so many minutes.
    pub fn learn(&mut self, value: f64, minutes: u32) {
        self.put(bin(value), minutes.min(MINUTES_KEPT));
        while self.minutes() > MINUTES_KEPT {
            self.none /= 2;
            self.bins.iter_mut().for_each(|(_, minutes)| *minutes /= 2);
            self.bins.retain(|(_, minutes)| *minutes > 0);
        }
    }

    /// Adds what `other` has learned.
    pub fn merge(&mut self, other: &Sketch) {
        self.put(None, other.none);
        other.bins.iter().for_each(|(bin, minutes)| self.put(Some(*bin), *minutes));
    }

    fn put(&mut self, bin: Option<u8>, minutes: u32) {
        let Some(bin) = bin else {
            self.none = self.none.saturating_add(minutes);
            return;
        };
        match self.bins.binary_search_by_key(&bin, |(bin, _)| *bin) {
            Ok(place) => self.bins[place].1 = self.bins[place].1.saturating_add(minutes),
            Err(place) => self.bins.insert(place, (bin, minutes)),
        }
    }

    /// What is usual; nothing where nothing was learned.
    #[must_use]
    pub fn typical(&self) -> Option<Typical> {
        let all = f64::from(self.minutes());
        let median = weighted_median(self.levels().collect())?;
        let deviations = self.levels().map(|(level, minutes)| ((level - median).abs(), minutes));
        let deviation = weighted_median(deviations.collect())?;
        let ends = self.bins.iter().map(|(bin, minutes)| (f64::from(*bin) + 1.0, minutes));
        let sum: f64 =
            ends.map(|(end, minutes)| (end * BIN_WIDTH).exp_m1() * f64::from(*minutes)).sum();
        let high = self.high();
        Some(Typical { median: median.exp_m1(), mean: sum / all, high: high.exp_m1(), deviation })
    }

    /// Logarithms of values with their minutes, in rising order.
    fn levels(&self) -> impl Iterator<Item = (f64, u32)> + '_ {
        let some = self.bins.iter().map(|(bin, minutes)| (middle(*bin), *minutes));
        std::iter::once((0.0, self.none)).chain(some).filter(|(_, minutes)| *minutes > 0)
    }

    fn high(&self) -> f64 {
        let mut seen = 0_u32;
        for (bin, minutes) in self.bins.iter().rev() {
            seen = seen.saturating_add(*minutes);
            if seen >= HIGH_MINUTES {
                return middle(*bin);
            }
        }
        0.0
    }
}

/// The bin of a value; none for nothing.
fn bin(value: f64) -> Option<u8> {
    (value > 0.0).then(|| (value.ln_1p() / BIN_WIDTH).min(f64::from(u8::MAX)) as u8)
}

fn middle(bin: u8) -> f64 {
    (f64::from(bin) + 0.5) * BIN_WIDTH
}

fn weighted_median(mut levels: Vec<(f64, u32)>) -> Option<f64> {
    levels.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let half = levels.iter().map(|(_, minutes)| u64::from(*minutes)).sum::<u64>().div_ceil(2);
    let mut seen = 0;
    levels.into_iter().find_map(|(level, minutes)| {
        seen += u64::from(minutes);
        (seen >= half && minutes > 0).then_some(level)
    })
}
