//! Fixed point: values as whole numbers over their valid range, so that sums are the same in any order.

use messages::Finite;

/// Code of "no value"; all others are values.
pub(super) const NONE: u32 = 0;
/// Highest code of a channel: 16 bits.
const CODE_MAX: u32 = u16::MAX as u32;

/// Maps a valid range onto the codes `1..=max`, evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    step: f64,
    /// 10 to the number of decimals that a step resolves.
    decimals: f64,
}

impl Scale {
    /// Codes of 16 bits: the range in 65,534 steps.
    pub(super) fn narrow(range: [Finite; 2]) -> Self {
        Self::over(range, CODE_MAX)
    }

    /// Codes of 32 bits.
    pub(super) fn wide(range: [Finite; 2]) -> Self {
        Self::over(range, u32::MAX)
    }

    fn over([low, high]: [Finite; 2], code_max: u32) -> Self {
        let step = (high.get() - low.get()) / f64::from(code_max - 1);
        let mut decimals = 1.0;
        while decimals * step > 1.0 {
            decimals /= 10.0;
        }
        while decimals * 10.0 * step <= 1.0 {
            decimals *= 10.0;
        }
        Self { low: low.get(), high: high.get(), step, decimals }
    }

    /// Code of `value`, or `None` outside the range.
    pub(super) fn code(self, value: f64) -> Option<u32> {
        if !(self.low..=self.high).contains(&value) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the range a code is at least 1 and at most the highest"
        )]
        Some(1 + ((value - self.low) / self.step).round() as u32)
    }

    /// Value of a code, or of a mean of codes.
    pub(super) fn value(self, code: f64) -> f64 {
        self.low + (code - 1.0) * self.step
    }

    /// Value of a code as it was probably written: to the decimals that the steps resolve.
    pub(super) fn written(self, code: u32) -> f64 {
        (self.value(f64::from(code)) * self.decimals).round() / self.decimals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finite(value: f64) -> Finite {
        Finite::new(value).unwrap()
    }

    #[test]
    fn the_ends_of_the_range_are_values_and_what_is_beyond_is_not() {
        for scale in
            [Scale::narrow([finite(-40.0), finite(215.0)]), Scale::wide([finite(0.0), finite(2e9)])]
        {
            assert_eq!(scale.code(scale.low), Some(1));
            assert_ne!(scale.code(scale.high), None);
            assert_eq!(scale.code(scale.high + 0.001), None);
            assert_eq!(scale.code(scale.low - 0.001), None);
            assert_eq!(scale.code(f64::NAN), None);
        }
    }

    #[test]
    fn what_was_written_with_few_decimals_comes_back_as_written() {
        let coolant = Scale::narrow([finite(-40.0), finite(215.0)]);
        let voltage = Scale::narrow([finite(0.0), finite(36.0)]);
        let odometer = Scale::wide([finite(0.0), finite(2e9)]);
        for (scale, value) in
            [(coolant, 96.57), (coolant, -39.99), (voltage, 12.345), (odometer, 123_456_789.0)]
        {
            assert_eq!(scale.written(scale.code(value).unwrap()), value);
        }
    }

    #[test]
    fn no_value_is_off_by_more_than_half_a_step() {
        let scale = Scale::narrow([finite(0.0), finite(1000.0)]);
        for i in 0..10_000 {
            let value = f64::from(i) * 0.1;
            let error = scale.value(f64::from(scale.code(value).unwrap())) - value;
            assert!(error.abs() <= 0.5 * scale.step * 1.000_001, "{value}: {error}");
        }
    }
}
