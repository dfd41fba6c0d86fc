//! Settings of ueba: what evidence weighs, from when on something is said, and what is then done.

use jiff::tz::TimeZoneDatabase;
use messages::guard::Level;
use messages::profile::Span;
use models::behaviour::{Hours, Settings};
use serde::{Deserialize, Serialize};

/// One step of containment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How far a principal is contained.
    pub level: Level,
    /// Points of risk from which on it is.
    pub from: f64,
    /// For how long; longer when evidence still comes after half of it.
    pub lasts: Span,
}

/// Points of evidence: those of the first time, and the most that all of one kind come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Points {
    /// The first time; for `n` at once, 1 + log₁₀ n times as many.
    pub once: f64,
    /// All together.
    pub most: f64,
}

/// Settings of ueba. Lengths of time are written like `90s`, `10m`, `24h` or `7d`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Zone of the deployment (IANA), in which hours are classed.
    pub zone: String,
    /// First working hour, 0 to 23.
    pub working_from_hour: i8,
    /// First hour after work, 1 to 24.
    pub working_until_hour: i8,
    /// How activity is judged.
    pub behaviour: Settings,
    /// Time in which evidence loses half of its weight.
    pub half_life: Span,
    /// Points of risk from which on a principal is flagged.
    pub flag_at: f64,
    /// Points of risk below which a finding is over, once nothing is contained.
    pub clear_below: f64,
    /// What is done from which risk on, the mildest first.
    pub ladder: Vec<Step>,
    /// Principals of which is only told: everybody who comes through them would be contained as well.
    pub never_contained: Vec<String>,
    /// Refused what its contract does not name.
    pub not_declared: Points,
    /// Refused to speak in another's name or of another's asset.
    pub not_yours: Points,
    /// Refused because nobody knows it.
    pub unknown_principal: Points,
    /// Refused because it is contained already, or throttled.
    pub while_contained: Points,
    /// Said or read what it never did before.
    pub new_name: Points,
    /// A sensor that drifts away from its peer.
    pub sensor_drift: Points,
    /// A sensor that is stuck, silent or out of range.
    pub sensor_broken: Points,
    /// Telemetry set aside because of who sent it or of when it says it is.
    pub quarantined_identity: Points,
    /// Telemetry set aside because of what it says.
    pub quarantined_content: Points,
}

impl Default for Config {
    fn default() -> Self {
        let minutes = |minutes: u64| {
            Span::from_millis(minutes * 60_000).expect("some minutes are a length of time")
        };
        let step = |level, from, lasts| Step { level, from, lasts: minutes(lasts) };
        let points = |once, most| Points { once, most };
        Self {
            zone: "UTC".to_owned(),
            working_from_hour: 8,
            working_until_hour: 20,
            behaviour: Settings::default(),
            half_life: minutes(15),
            flag_at: 20.0,
            clear_below: 10.0,
            ladder: vec![
                step(Level::Throttled, 30.0, 15),
                step(Level::Refused, 60.0, 60),
                step(Level::Paused, 90.0, 24 * 60),
            ],
            never_contained: vec!["facade".to_owned()],
            not_declared: points(40.0, 100.0),
            not_yours: points(60.0, 100.0),
            unknown_principal: points(60.0, 100.0),
            while_contained: points(5.0, 25.0),
            new_name: points(5.0, 15.0),
            sensor_drift: points(25.0, 25.0),
            sensor_broken: points(5.0, 15.0),
            quarantined_identity: points(8.0, 25.0),
            quarantined_content: points(1.0, 10.0),
        }
    }
}

impl Config {
    /// The hours it names.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn check(&self) -> Result<Hours, String> {
        let zone = TimeZoneDatabase::bundled().get(&self.zone).map_err(|_| {
            format!(
                "there is no time zone `{}`; give an IANA name such as `Asia/Kolkata`",
                self.zone
            )
        })?;
        let (from, until) = (self.working_from_hour, self.working_until_hour);
        if !(0..24).contains(&from) || !(1..25).contains(&until) || from >= until {
            return Err(format!(
                "`working_from_hour` is `{from}` and `working_until_hour` is `{until}`; \
                 give 0 ≤ `working_from_hour` < `working_until_hour` ≤ 24"
            ));
        }
        let rises =
            self.ladder.is_sorted_by(|one, next| one.level < next.level && one.from < next.from);
        let above = self.ladder.first().is_none_or(|first| first.from >= self.flag_at);
        if !rises || !above || self.clear_below > self.flag_at {
            return Err(
                "the steps of `ladder` must rise from `flag_at` on, and `clear_below` must \
                        not be above that"
                    .to_owned(),
            );
        }
        if self.half_life.as_millis() == 0 || self.ladder.iter().any(|it| it.lasts.as_millis() == 0)
        {
            return Err("`half_life` and `lasts` must be longer than nothing".to_owned());
        }
        let Settings { z_unusual, z_certain, spread_min, .. } = self.behaviour;
        if !(z_unusual > 0.0 && z_certain > z_unusual && spread_min > 0.0) {
            return Err(format!(
                "`z_unusual` is `{z_unusual}`, `z_certain` is `{z_certain}`, `spread_min` is \
                 `{spread_min}`; give 0 < `z_unusual` < `z_certain` and a `spread_min` above 0"
            ));
        }
        Ok(Hours { zone, working_from: from, working_until: until })
    }
}
