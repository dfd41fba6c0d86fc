//! What a fault does to the values of the channel that it acts on, sample by sample.

use crate::running::Step;
use std::time::Duration;

/// A fault at work on one channel of one copy. `worn` is how far it has developed, 0 to 1.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    /// Heat that is not carried away: builds up while the engine runs warm, vanishes while it does not.
    Heat {
        by: f64,
        settle: Duration,
        warm_above: Option<f64>,
        /// In the channel's unit.
        excess: f64,
        /// Newest recorded value.
        recorded: Option<f64>,
    },
    /// The value sinks from where it would be towards `to`.
    Sag { to: f64 },
    /// The value wanders off, whatever the asset does.
    Drift { by: f64 },
    /// The value stays what it was when the fault began.
    Stuck { held: Option<f64> },
    /// The value is no longer sent.
    Dropout,
}

impl Effect {
    /// The value that is sent for `recorded`. Called for every sample since the fault began, measured or not.
    pub(super) fn apply(&mut self, recorded: Option<f64>, worn: f64, step: &Step) -> Option<f64> {
        match self {
            Self::Heat { by, settle, warm_above, excess, recorded: newest } => {
                *newest = recorded.or(*newest);
                let is_warm = warm_above.is_none_or(|from| newest.is_some_and(|now| now > from));
                let target = if step.ran && step.runs && is_warm { worn * *by } else { 0.0 };
                *excess = approach(*excess, target, step.elapsed, *settle);
                recorded.map(|value| value + *excess)
            }
            Self::Sag { to } => recorded.map(|value| value + worn * (*to - value)),
            Self::Drift { by } => recorded.map(|value| value + worn * *by),
            Self::Stuck { held } => {
                *held = held.or(recorded);
                // A frozen sensor still answers whenever it is asked, and only then.
                recorded.and(*held)
            }
            Self::Dropout => None,
        }
    }
}

/// A first-order step response: what is left of the distance to `target` after `elapsed`.
fn approach(value: f64, target: f64, elapsed: Duration, settle: Duration) -> f64 {
    target + (value - target) * (-elapsed.as_secs_f64() / settle.as_secs_f64()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::Timestamp;

    fn step(seconds: u64, runs: bool) -> Step {
        let elapsed = Duration::from_secs(seconds);
        Step { at: Timestamp::EPOCH, elapsed, ran: runs, runs, running_hours: 0.0 }
    }

    fn heat() -> Effect {
        Effect::Heat {
            by: 30.0,
            settle: Duration::from_secs(600),
            warm_above: Some(75.0),
            excess: 0.0,
            recorded: None,
        }
    }

    #[test]
    fn heat_builds_up_while_the_engine_runs_warm_and_is_gone_after_a_night() {
        let mut heat = heat();
        assert_eq!(heat.apply(Some(40.0), 1.0, &step(600, true)), Some(40.0));
        let warm = heat.apply(Some(90.0), 1.0, &step(600, true)).unwrap();
        assert!((warm - (90.0 + 30.0 * (1.0 - (-1.0_f64).exp()))).abs() < 1e-9, "{warm}");
        let later = heat.apply(Some(90.0), 1.0, &step(6_000, true)).unwrap();
        assert!((later - 120.0).abs() < 0.01, "{later}");
        let morning = heat.apply(Some(20.0), 1.0, &step(36_000, false)).unwrap();
        assert!((morning - 20.0).abs() < 1e-9, "{morning}");
    }

    #[test]
    fn heat_grows_with_wear_and_goes_on_while_nothing_is_measured() {
        let mut heat = heat();
        heat.apply(Some(90.0), 0.5, &step(6_000, true));
        assert_eq!(heat.apply(None, 0.5, &step(6_000, true)), None);
        let value = heat.apply(Some(90.0), 0.5, &step(1, true)).unwrap();
        assert!((value - 105.0).abs() < 0.01, "{value}");
    }

    #[test]
    fn a_sagging_voltage_ends_at_the_battery_alone() {
        let mut sag = Effect::Sag { to: 11.0 };
        assert_eq!(sag.apply(Some(14.0), 0.0, &step(1, true)), Some(14.0));
        assert_eq!(sag.apply(Some(14.0), 0.5, &step(1, true)), Some(12.5));
        assert_eq!(sag.apply(Some(12.0), 1.0, &step(1, false)), Some(11.0));
    }

    #[test]
    fn a_stuck_sensor_repeats_the_first_value_and_invents_none() {
        let mut stuck = Effect::Stuck { held: None };
        let sent = [None, Some(88.0), Some(91.0), None, Some(70.0)]
            .map(|recorded| stuck.apply(recorded, 1.0, &step(1, true)));
        assert_eq!(sent, [None, Some(88.0), Some(88.0), None, Some(88.0)]);
    }

    #[test]
    fn drift_and_dropout_act_also_at_rest() {
        let at_rest = step(1, false);
        assert_eq!(Effect::Drift { by: 20.0 }.apply(Some(5.0), 0.25, &at_rest), Some(10.0));
        assert_eq!(Effect::Dropout.apply(Some(5.0), 1.0, &at_rest), None);
    }
}
