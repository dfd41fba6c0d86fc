//! How a vehicle moves within a trip: it stands, and moves towards a speed drawn anew each time.

use super::chance::Chance;
use super::parameters::{Body, Traffic};

/// Below this speed, in km/h, a vehicle stands.
pub(super) const STANDING_KMH: f64 = 2.0;

/// Where a vehicle stands within the traffic.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Motion {
    /// Speed, in km/h.
    pub(super) kmh: f64,
    target_kmh: f64,
    /// Until it stands or moves anew.
    left_seconds: f64,
}

impl Motion {
    /// Moves on by so many seconds.
    pub(super) fn advance(
        &mut self,
        traffic: &Traffic,
        body: &Body,
        seconds: f64,
        chance: &mut Chance,
    ) {
        let mut left = seconds;
        while left > 0.0 {
            if self.left_seconds <= 0.0 {
                self.turn(traffic, chance);
            }
            let step = left.min(self.left_seconds);
            let kept = (-step / body.speed_seconds).exp();
            self.kmh = self.target_kmh + (self.kmh - self.target_kmh) * kept;
            self.left_seconds -= step;
            left -= step;
        }
    }

    /// Begins to stand or to move. Shares are those of time, so that of the turns follows from the lengths.
    fn turn(&mut self, traffic: &Traffic, chance: &mut Chance) {
        let Traffic { standing_share, standing_seconds, moving_seconds, kmh, .. } = traffic;
        let stands = standing_share / standing_seconds;
        let moves = (1.0 - standing_share) / moving_seconds;
        let is_standing = chance.unit() < stands / (stands + moves);
        let drawn = kmh.level + kmh.deviation * chance.normal();
        let length =
            chance.exponential(if is_standing { *standing_seconds } else { *moving_seconds });
        self.target_kmh = if is_standing { 0.0 } else { drawn.max(5.0) };
        self.left_seconds = length.max(1.0);
    }
}

/// Mean speed of a kind of traffic, in km/h: what steps too long to follow turn by turn go by.
pub(super) fn mean_kmh(traffic: &Traffic) -> f64 {
    traffic.kmh.level * (1.0 - traffic.standing_share)
}

/// Engine speed without noise, in rpm.
pub(super) fn engine_rpm(body: &Body, idle_rpm: f64, kmh: f64) -> f64 {
    if kmh < STANDING_KMH {
        return idle_rpm;
    }
    let gear = body.gears.iter().rev().find(|[from_kmh, _]| kmh >= *from_kmh);
    let rpm_per_kmh = gear.map_or(0.0, |[_, rpm]| *rpm);
    (rpm_per_kmh * kmh).max(idle_rpm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::parameters::Parameters;

    #[test]
    fn traffic_stands_and_moves_as_much_as_it_says_at_any_step() {
        let parameters = Parameters::embedded("vehicle").unwrap();
        for traffic in &parameters.traffic {
            for step in [5.0, 60.0] {
                let mut motion = Motion::default();
                let mut chance = Chance::of(7, "traffic", 0);
                let (mut sum, mut standing, count) = (0.0, 0.0, 40_000);
                for _ in 0..count {
                    motion.advance(traffic, &parameters.body, step, &mut chance);
                    sum += motion.kmh;
                    standing += f64::from(u8::from(motion.kmh < STANDING_KMH));
                }
                let (mean, expected) = (sum / f64::from(count), mean_kmh(traffic));
                assert!((mean / expected - 1.0).abs() < 0.15, "{mean} {expected} at {step} s");
                let standing = standing / f64::from(count);
                assert!((standing - traffic.standing_share).abs() < 0.12, "{standing}");
            }
        }
    }

    #[test]
    fn engines_turn_within_their_normal_range() {
        let body = Parameters::embedded("vehicle").unwrap().body;
        for kmh in 0..140 {
            let rpm = engine_rpm(&body, 800.0, f64::from(kmh));
            assert!((750.0..4_200.0).contains(&rpm), "{rpm} rpm at {kmh} km/h");
        }
    }
}
