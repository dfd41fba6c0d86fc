//! Tells a sensor that drifts: it says something else than its peer at a time at which both measure the same.
//!
//! A coolant temperature that rises while the engine runs may be a worn pump or a drifting sensor. An engine that has
//! stood for long is as warm as the air: what a sensor is off by shows then, and wear does not. Engine control units
//! test their coolant sensors so after a cold soak (trouble code P0116 of SAE J2012).
//!
//! Of two sensors that differ it cannot be told which one is wrong. The one that declares the peer is called
//! faulty: what rests on it is uncertain either way.

use serde::{Deserialize, Serialize};

/// So many comparisons in a row raise a fault, or clear it.
pub const DRIFT_COMPARISONS: u8 = 3;

/// Share of the allowed difference to which a sensor must come back before it is believed again: one that is
/// about as far off as is allowed is not called faulty and sound by turns.
pub const DRIFT_CLEAR_SHARE: f64 = 0.75;

/// What comparisons of one sensor have shown. 3 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    is_raised: bool,
    /// Comparisons in a row that speak against what is said now.
    against: u8,
}

impl Drift {
    /// Takes one more comparison: how far the sensor is from its peer, and how far it may be. Gives whether the fault
    /// was raised, or else cleared, if that changed.
    pub fn compare(&mut self, difference: f64, within: f64) -> Option<bool> {
        let apart = difference.abs();
        let contradicts = match self.is_raised {
            false => apart > within,
            true => apart <= DRIFT_CLEAR_SHARE * within,
        };
        self.against = if contradicts { self.against + 1 } else { 0 };
        if self.against < DRIFT_COMPARISONS {
            return None;
        }
        *self = Self { is_raised: !self.is_raised, against: 0 };
        Some(self.is_raised)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compared(drift: &mut Drift, differences: &[f64]) -> Vec<bool> {
        differences.iter().filter_map(|difference| drift.compare(*difference, 8.0)).collect()
    }

    #[test]
    fn a_sensor_far_from_its_peer_is_raised_once_however_long_it_stays_there() {
        let mut drift = Drift::default();
        assert!(compared(&mut drift, &[9.0, 10.0]).is_empty());
        assert_eq!(compared(&mut drift, &[11.0]), [true]);
        assert!(compared(&mut drift, &[12.0; 200]).is_empty());
    }

    #[test]
    fn it_does_not_matter_on_which_side_it_is() {
        assert_eq!(compared(&mut Drift::default(), &[-9.0; 3]), [true]);
    }

    #[test]
    fn single_readings_raise_and_clear_nothing() {
        let mut drift = Drift::default();
        assert!(compared(&mut drift, &[50.0, 1.0, 50.0, 50.0, 1.0]).is_empty());
        assert_eq!(compared(&mut drift, &[50.0; 3]), [true]);
        assert!(compared(&mut drift, &[0.0, 0.0, 50.0, 0.0, 0.0]).is_empty());
        assert_eq!(compared(&mut drift, &[0.0]), [false]);
    }

    proptest! {
        #[test]
        fn about_as_far_off_as_allowed_is_never_said_twice(
            differences in prop::collection::vec(6.1_f64..30.0, 0..300),
        ) {
            prop_assert!(compared(&mut Drift::default(), &differences).len() <= 1);
        }
    }
}
