//! Figures by which predictions are judged against what came true.

use serde::Serialize;

/// Bins of equally many rows that calibration is judged in.
pub const CALIBRATION_BINS: usize = 10;

/// How often which answer was right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// Said, and true.
    pub true_positive: u64,
    /// Said, and not true.
    pub false_positive: u64,
    /// Not said, and true.
    pub false_negative: u64,
    /// Not said, and not true.
    pub true_negative: u64,
}

impl Confusion {
    /// Counts one answer.
    pub fn add(&mut self, said: bool, true_: bool) {
        let place = match (said, true_) {
            (true, true) => &mut self.true_positive,
            (true, false) => &mut self.false_positive,
            (false, true) => &mut self.false_negative,
            (false, false) => &mut self.true_negative,
        };
        *place += 1;
    }

    /// Number of answers.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.true_positive + self.false_positive + self.false_negative + self.true_negative
    }

    /// Adds the answers of another.
    pub fn absorb(&mut self, other: Self) {
        self.true_positive += other.true_positive;
        self.false_positive += other.false_positive;
        self.false_negative += other.false_negative;
        self.true_negative += other.true_negative;
    }

    /// The answers "yes" from `threshold` on.
    #[must_use]
    pub fn at(scores: &[f64], ones: &[bool], threshold: f64) -> Self {
        let mut confusion = Self::default();
        for (score, one) in scores.iter().zip(ones) {
            confusion.add(*score >= threshold, *one);
        }
        confusion
    }

    /// Share of what was said that is true; none if nothing was said.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positive, self.true_positive + self.false_positive)
    }

    /// Share of what is true that was said; none if nothing is true.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positive, self.true_positive + self.false_negative)
    }

    /// Harmonic mean of precision and recall; none if nothing is true and nothing was said.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        let Self { true_positive, false_positive, false_negative, .. } = self;
        share(2 * true_positive, 2 * true_positive + false_positive + false_negative)
    }

    /// Share of what is not true that was said.
    #[must_use]
    pub fn false_alarm_rate(&self) -> Option<f64> {
        share(self.false_positive, self.false_positive + self.true_negative)
    }

    /// Share of what is true that was not said.
    #[must_use]
    pub fn missed_alarm_rate(&self) -> Option<f64> {
        share(self.false_negative, self.true_positive + self.false_negative)
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Mean squared difference between probability and outcome (G. W. Brier, 1950); none without rows.
#[must_use]
pub fn brier(probabilities: &[f64], ones: &[bool]) -> Option<f64> {
    let squares = probabilities.iter().zip(ones).map(|(p, one)| (p - outcome(*one)).powi(2));
    mean(squares)
}

/// Mean distance between what is said and what comes true over [`CALIBRATION_BINS`] bins of equally many rows.
#[must_use]
pub fn expected_calibration_error(probabilities: &[f64], ones: &[bool]) -> Option<f64> {
    let bins = reliability(probabilities, ones);
    let rows: usize = bins.iter().map(|bin| bin.rows).sum();
    let distances = bins.iter().map(|bin| (bin.said - bin.true_).abs() * bin.rows as f64);
    (rows > 0).then(|| distances.sum::<f64>() / rows as f64)
}

/// One bin of a reliability curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Rows of the bin.
    pub rows: usize,
    /// Mean probability.
    pub said: f64,
    /// Share that came true.
    #[serde(rename = "true")]
    pub true_: f64,
}

/// What came true, beside what was said, from the lowest probabilities to the highest.
#[must_use]
pub fn reliability(probabilities: &[f64], ones: &[bool]) -> Vec<Reliability> {
    let mut rows: Vec<(f64, bool)> =
        probabilities.iter().copied().zip(ones.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let per_bin = rows.len().div_ceil(CALIBRATION_BINS).max(1);
    let bin = |part: &[(f64, bool)]| Reliability {
        rows: part.len(),
        said: part.iter().map(|(p, _)| p).sum::<f64>() / part.len() as f64,
        true_: part.iter().filter(|(_, one)| *one).count() as f64 / part.len() as f64,
    };
    rows.chunks(per_bin).map(bin).collect()
}

/// Recall and precision at every threshold, from the highest to the lowest; empty if nothing is true.
#[must_use]
pub fn precision_recall(scores: &[f64], ones: &[bool]) -> Vec<(f64, f64)> {
    let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(ones.iter().copied()).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = rows.iter().filter(|(_, one)| *one).count() as f64;
    let (mut found, mut curve) = (0.0, Vec::new());
    for (index, (score, one)) in rows.iter().enumerate() {
        found += outcome(*one);
        let last_of_its_score = rows.get(index + 1).is_none_or(|(next, _)| next < score);
        if all > 0.0 && last_of_its_score {
            curve.push((found / all, found / (index + 1) as f64));
        }
    }
    curve
}

/// The threshold with the highest F1 on these rows, in the middle between two scores; none if nothing is true.
#[must_use]
pub fn best_threshold(scores: &[f64], ones: &[bool]) -> Option<f64> {
    let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(ones.iter().copied()).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = rows.iter().filter(|(_, one)| *one).count();
    let (mut found, mut best) = (0_usize, None);
    for index in 0..rows.len() {
        found += usize::from(rows[index].1);
        let next = rows.get(index + 1).map(|(score, _)| *score);
        if next == Some(rows[index].0) {
            continue;
        }
        let f1 = 2.0 * found as f64 / (index + 1 + all) as f64;
        if all > 0 && best.is_none_or(|(known, _)| f1 > known) {
            let threshold = next.map_or(rows[index].0, |next| f64::midpoint(rows[index].0, next));
            best = Some((f1, threshold));
        }
    }
    best.map(|(_, threshold)| threshold)
}

/// Root of the mean squared difference; none without rows.
#[must_use]
pub fn rmse(said: &[f64], true_: &[f64]) -> Option<f64> {
    mean(said.iter().zip(true_).map(|(said, true_)| (said - true_).powi(2))).map(f64::sqrt)
}

/// Mean distance; none without rows.
#[must_use]
pub fn mae(said: &[f64], true_: &[f64]) -> Option<f64> {
    mean(said.iter().zip(true_).map(|(said, true_)| (said - true_).abs()))
}

fn outcome(one: bool) -> f64 {
    f64::from(u8::from(one))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}
