//! What to look at first: by falling value, with what is covered so far.

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar<T> {
    /// What it stands for.
    pub name: T,
    /// How much.
    pub value: f64,
    /// Share of the whole that this and the bars before it make, 0 to 1.
    pub covered: f64,
}

/// The bars in falling order; equal ones in the order of their names. What is not above zero has no bar.
#[must_use]
pub fn pareto<T: Ord>(values: impl IntoIterator<Item = (T, f64)>) -> Vec<Bar<T>> {
    let above_zero = values.into_iter().filter(|(_, value)| *value > 0.0 && value.is_finite());
    let mut values: Vec<(T, f64)> = above_zero.collect();
    values.sort_by(|(one, first), (other, second)| {
        second.total_cmp(first).then_with(|| one.cmp(other))
    });
    let whole: f64 = values.iter().map(|(_, value)| value).sum();
    let mut covered = 0.0;
    let bar = |(name, value): (T, f64)| {
        covered += value;
        Bar { name, value, covered: covered / whole }
    };
    values.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vital_few_come_first_and_the_last_covers_everything() {
        let bars = pareto([("tyre", 10.0), ("brake", 60.0), ("horn", 0.0), ("battery", 30.0)]);
        let names: Vec<&str> = bars.iter().map(|bar| bar.name).collect();
        assert_eq!(names, ["brake", "battery", "tyre"]);
        let covered: Vec<f64> = bars.iter().map(|bar| bar.covered).collect();
        assert_eq!(covered, [0.6, 0.9, 1.0]);
        assert!(pareto([("horn", f64::NAN)]).is_empty());
    }
}
