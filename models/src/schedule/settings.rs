//! How much each soft wish weighs, so that a network can choose otherwise.

use super::{EVALUATIONS_MAX, HORIZON_DAYS_MAX, Invalid};
use messages::prediction::Severity;
use serde::{Deserialize, Serialize};

/// Weights in points; one point is worth a kilometre on the way to the centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Points per hour between the due time and the start, times the severity's factor (low 0.5, medium 1,
    /// high 2, critical 5, emergency 10).
    pub lateness_per_hour: f64,
    /// Points for a start at which the owner said they cannot come. None in an emergency.
    pub unable: f64,
    /// Points for a start outside what the owner prefers. None in an emergency.
    pub unpreferred: f64,
    /// Points for a centre other than the one the owner prefers. None in an emergency.
    pub other_centre: f64,
    /// Points per kilometre to the centre.
    pub distance_per_km: f64,
    /// Points for a day whose bay time is all booked by others; in proportion below.
    pub load: f64,
    /// Points for a day whose bay time is all foreseen to be asked for; in proportion otherwise.
    pub demand: f64,
    /// Points for a centre rated 0 of 5; in proportion up to none at 5.
    pub rating: f64,
    /// Points for a visit at another centre or on another day than those of the owner's other assets. None in an
    /// emergency.
    pub apart: f64,
    /// Points per hour between a visit and the nearest of theirs on the same day. None in an emergency.
    pub apart_per_hour: f64,
    /// Points for moving a booking that an owner already has.
    pub moved: f64,
    /// Points per hour by which it is moved.
    pub moved_per_hour: f64,
    /// Points for moving it to another centre. None in an emergency.
    pub moved_elsewhere: f64,
    /// Points for moving it only to make room for others.
    pub moved_for_others: f64,
    /// Points for a job left without a slot, times the severity's factor.
    pub unplaced: f64,
    /// Kilometres to the farthest centre that is offered; where the way is not known, it forbids nothing. How far
    /// the asset may still be driven is another matter: it can be towed.
    pub reach_km: f64,
    /// Days looked ahead, 1 to [`HORIZON_DAYS_MAX`].
    pub horizon_days: u16,
    /// Minutes between two starts, counted from opening, 5 to 240.
    pub grid_minutes: u16,
    /// Minutes of an emergency place, 15 to 480: the day is cut into such pieces from opening, and a piece
    /// in which a bay and a technician are free throughout is a place.
    pub emergency_minutes: u16,
    /// Looks at slots in one question, 1 to [`EVALUATIONS_MAX`].
    pub evaluations: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lateness_per_hour: 4.0,
            unable: 60.0,
            unpreferred: 15.0,
            other_centre: 20.0,
            distance_per_km: 1.0,
            load: 10.0,
            demand: 10.0,
            rating: 10.0,
            apart: 60.0,
            apart_per_hour: 4.0,
            moved: 200.0,
            moved_per_hour: 0.5,
            moved_elsewhere: 500.0,
            moved_for_others: 1_000.0,
            unplaced: 10_000.0,
            reach_km: 150.0,
            horizon_days: 14,
            grid_minutes: 15,
            emergency_minutes: 120,
            evaluations: EVALUATIONS_MAX,
        }
    }
}

impl Settings {
    /// Refuses what no search can use.
    ///
    /// # Errors
    /// [`Invalid`], naming the setting.
    pub fn check(&self) -> Result<(), Invalid> {
        let weights = [
            ("lateness_per_hour", self.lateness_per_hour),
            ("unable", self.unable),
            ("unpreferred", self.unpreferred),
            ("other_centre", self.other_centre),
            ("distance_per_km", self.distance_per_km),
            ("load", self.load),
            ("demand", self.demand),
            ("rating", self.rating),
            ("apart", self.apart),
            ("apart_per_hour", self.apart_per_hour),
            ("moved", self.moved),
            ("moved_per_hour", self.moved_per_hour),
            ("moved_elsewhere", self.moved_elsewhere),
            ("moved_for_others", self.moved_for_others),
            ("unplaced", self.unplaced),
            ("reach_km", self.reach_km),
        ];
        let wrong = |(_, weight): &(_, f64)| !(weight.is_finite() && *weight >= 0.0);
        if let Some((name, value)) = weights.into_iter().find(wrong) {
            return Err(Invalid::Weight { name, value });
        }
        let limits = [
            ("horizon_days", u32::from(self.horizon_days), 1, u32::from(HORIZON_DAYS_MAX)),
            ("grid_minutes", u32::from(self.grid_minutes), 5, 240),
            ("emergency_minutes", u32::from(self.emergency_minutes), 15, 480),
            ("evaluations", self.evaluations, 1, EVALUATIONS_MAX),
        ];
        let outside = |(_, value, min, max): &(_, u32, u32, u32)| value < min || value > max;
        match limits.into_iter().find(outside) {
            Some((name, value, min, max)) => Err(Invalid::OutOfLimits { name, value, min, max }),
            None => Ok(()),
        }
    }

    /// Points for leaving a job of `severity` without a slot.
    pub(super) fn unplaced_of(&self, severity: Severity) -> f64 {
        self.unplaced * factor(severity)
    }

    /// Points per hour of lateness of a job of `severity`.
    pub(super) fn lateness_of(&self, severity: Severity) -> f64 {
        self.lateness_per_hour * factor(severity)
    }
}

fn factor(severity: Severity) -> f64 {
    match severity {
        Severity::Low => 0.5,
        Severity::Medium => 1.0,
        Severity::High => 2.0,
        Severity::Critical => 5.0,
        Severity::Emergency => 10.0,
    }
}
