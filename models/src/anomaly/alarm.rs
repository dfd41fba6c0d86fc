//! Raises an alarm on k of n unusual windows and clears it after m quiet ones, so that it does not flicker.

use super::Settings;
use serde::{Deserialize, Serialize};

/// Whether the alarm is on, and whether that changed with this window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Alarm {
    /// Off.
    Quiet,
    /// On since this window.
    Raised,
    /// On, as before.
    Ongoing,
    /// Off since this window.
    Cleared,
}

/// The last 32 windows as bits. 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hysteresis {
    /// Lowest bit: the last window.
    unusual: u32,
    quiet_windows: u8,
    is_raised: bool,
}

impl Hysteresis {
    pub(super) fn step(&mut self, settings: &Settings, unusual: bool) -> Alarm {
        self.unusual = self.unusual << 1 | u32::from(unusual);
        self.quiet_windows = if unusual { 0 } else { self.quiet_windows.saturating_add(1) };
        let recent = self.unusual & (u32::MAX >> (32 - settings.raise_of_windows));
        match self.is_raised {
            false if recent.count_ones() >= settings.raise_windows.into() => {
                self.is_raised = true;
                Alarm::Raised
            }
            false => Alarm::Quiet,
            true if self.quiet_windows >= settings.clear_windows => {
                *self = Self::default();
                Alarm::Cleared
            }
            true => Alarm::Ongoing,
        }
    }

    pub(super) fn is_raised(&self) -> bool {
        self.is_raised
    }

    /// Whether neither an alarm nor any of the last 32 windows gives reason to learn nothing.
    pub(super) fn is_quiet(&self) -> bool {
        !self.is_raised && self.unusual == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Alarms of a series of windows, `x` unusual and `.` quiet, for 3 of 5 and `clear` quiet ones.
    fn alarms(windows: &str, clear_windows: u8) -> String {
        let settings = Settings { clear_windows, ..Settings::default() };
        let mut hysteresis = Hysteresis::default();
        let letters =
            windows.chars().map(|window| match hysteresis.step(&settings, window == 'x') {
                Alarm::Quiet => '.',
                Alarm::Raised => 'R',
                Alarm::Ongoing => 'o',
                Alarm::Cleared => 'C',
            });
        letters.collect()
    }

    #[test]
    fn three_of_five_raise_and_four_quiet_ones_clear() {
        assert_eq!(alarms("x.x...xx.x...x....x", 4), ".........RoooooooC.");
    }

    #[test]
    fn two_of_five_do_not_raise() {
        assert_eq!(alarms("xx...xx...xx...", 4), "...............");
    }

    #[test]
    fn a_cleared_alarm_needs_three_new_windows() {
        assert_eq!(alarms("xxx..x.xx", 2), "..RoC...R");
    }

    proptest! {
        #[test]
        fn raised_and_cleared_alternate(windows in "[x.]{0,200}") {
            let changes: String = alarms(&windows, 4).chars().filter(|c| "RC".contains(*c)).collect();
            let expected: String = "RC".chars().cycle().take(changes.len()).collect();
            prop_assert_eq!(changes, expected);
        }
    }
}
