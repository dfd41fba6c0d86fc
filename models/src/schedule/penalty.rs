//! What speaks against a slot without forbidding it: points, and a sentence for each.

use super::ground::{Ground, Spot, check_job, minutes, zone_of, zoned};
use super::problem::{Centre, Job, Position, Visit, Window};
use super::words;
use super::{Invalid, Settings};
use jiff::tz::TimeZone;
use messages::prediction::Severity;
use serde::{Deserialize, Serialize};

/// Mean radius of the earth, in kilometres (IUGG).
const EARTH_KM: f64 = 6_371.0;

/// Something that speaks against a slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Penalty {
    /// Which wish it fails.
    pub kind: PenaltyKind,
    /// Points, above 0.
    pub points: f64,
    /// Why, for people.
    pub because: String,
}

/// The soft wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PenaltyKind {
    /// It starts after the due time.
    Late,
    /// The owner said they cannot come then.
    Unable,
    /// The owner prefers other times.
    Unpreferred,
    /// The owner prefers another centre.
    OtherCentre,
    /// The way to the centre.
    Distance,
    /// Others have booked much of the day.
    Load,
    /// Much of the day is foreseen to be asked for.
    Demand,
    /// Owners rate the centre below the best.
    Rating,
    /// The owner's other assets come elsewhere, on another day, or hours before or after.
    Apart,
    /// The owner has another time already.
    Moved,
}

/// All of them, in the order of [`Costs`].
pub(super) const KINDS: [PenaltyKind; 10] = [
    PenaltyKind::Late,
    PenaltyKind::Unable,
    PenaltyKind::Unpreferred,
    PenaltyKind::OtherCentre,
    PenaltyKind::Distance,
    PenaltyKind::Load,
    PenaltyKind::Demand,
    PenaltyKind::Rating,
    PenaltyKind::Apart,
    PenaltyKind::Moved,
];

/// Points by [`KINDS`].
pub(super) type Costs = [f64; KINDS.len()];

/// What a job wishes of each centre, worked out once.
pub(super) struct Wishes<'a> {
    pub(super) job: &'a Job,
    zone: TimeZone,
    pub(super) sites: Vec<SiteWish>,
    /// Where and when the booking is that would be moved.
    pub(super) origin: Option<(usize, i64)>,
    /// It could stay there, were it not for others.
    pub(super) could_stay: bool,
}

/// What a job wishes of one centre.
pub(super) struct SiteWish {
    /// Kilometres, and whether they are known.
    pub(super) km: Option<(f64, bool)>,
    /// Rating, and whether it is the centre's own.
    pub(super) rating: Option<(f64, bool)>,
    is_other: bool,
}

impl<'a> Wishes<'a> {
    pub(super) fn new(ground: &Ground<'_>, job: &'a Job) -> Result<Self, Invalid> {
        check_job(job)?;
        let centres = || ground.sites.iter().map(|site| site.centre);
        let known: Vec<Option<f64>> = centres().map(|centre| known_km(job, centre)).collect();
        let farthest = known.iter().flatten().copied().reduce(f64::max);
        let rated: Vec<f64> = centres().filter_map(|centre| centre.rating).collect();
        let average =
            Some(rated.iter().sum::<f64>() / count(rated.len())).filter(|_| !rated.is_empty());
        let wish = |(centre, km): (&Centre, &Option<f64>)| SiteWish {
            km: km.map(|km| (km, true)).or(farthest.map(|km| (km, false))),
            rating: centre.rating.map(|own| (own, true)).or(average.map(|mean| (mean, false))),
            is_other: job.centre.as_ref().is_some_and(|wished| *wished != centre.id),
        };
        let sites = centres().zip(&known).map(wish).collect();
        let zone = zone_of(&job.zone, &job.case)?;
        Ok(Self { job, zone, sites, origin: None, could_stay: false })
    }

    /// Whether the booking that would be moved is at this centre: its owner has agreed to it.
    pub(super) fn agrees_to(&self, centre: usize) -> bool {
        self.origin.is_some_and(|(agreed, _)| agreed == centre)
    }

    /// Points of `spot`, whose day others have booked for `booked` milliseconds.
    pub(super) fn costs(
        &self,
        ground: &Ground<'_>,
        settings: &Settings,
        spot: Spot,
        booked: i64,
    ) -> Costs {
        let Job { severity, due_at, able, preferred, .. } = self.job;
        let site = &self.sites[spot.centre];
        let capacity = ground.sites[spot.centre].capacity(spot.day);
        let share = |minutes: f64| if capacity > 0.0 { minutes / capacity } else { 0.0 };
        let late = hours((spot.from - due_at.as_millis()).max(0));
        let asked = if *severity == Severity::Emergency { 0.0 } else { 1.0 };
        let outside = |windows: &[Window]| asked * flag(!self.is_within(windows, spot.from));
        let foreseen = ground.sites[spot.centre].days[spot.day].foreseen.unwrap_or(0.0);
        [
            settings.lateness_of(*severity) * late,
            settings.unable * outside(able),
            settings.unpreferred * outside(preferred),
            settings.other_centre * asked * flag(site.is_other),
            settings.distance_per_km * site.km.map_or(0.0, |(km, _)| km),
            settings.load * share(minutes(booked)),
            settings.demand * share(foreseen),
            settings.rating * site.rating.map_or(0.0, |(rating, _)| 1.0 - rating / 5.0),
            asked * self.apart(ground, settings, spot),
            self.moved(settings, spot),
        ]
    }

    /// How far `spot` is from the visits of the owner's other assets.
    fn apart(&self, ground: &Ground<'_>, settings: &Settings, spot: Spot) -> f64 {
        if self.job.company.is_empty() {
            return 0.0;
        }
        let between = self.same_day(ground, spot).map(|visit| {
            let (from, until) = (visit.from.as_millis(), visit.until.as_millis());
            hours((spot.from - until).max(from - spot.until).max(0))
        });
        between
            .reduce(f64::min)
            .map_or(settings.apart, |hours| settings.apart.min(settings.apart_per_hour * hours))
    }

    /// Visits of the owner's other assets at the centre and on the day of `spot`.
    pub(super) fn same_day(
        &self,
        ground: &Ground<'_>,
        spot: Spot,
    ) -> impl Iterator<Item = &'a Visit> {
        let site = &ground.sites[spot.centre];
        let (centre, day) = (site.centre.id.clone(), &site.days[spot.day]);
        let within = day.begins..day.ends;
        self.job
            .company
            .iter()
            .filter(move |visit| visit.centre == centre && within.contains(&visit.from.as_millis()))
    }

    fn moved(&self, settings: &Settings, spot: Spot) -> f64 {
        match self.origin {
            Some((centre, from)) if (centre, from) != (spot.centre, spot.from) => {
                let asked = self.job.severity != Severity::Emergency;
                settings.moved
                    + settings.moved_per_hour * hours((spot.from - from).abs())
                    + settings.moved_elsewhere * flag(asked && centre != spot.centre)
                    + settings.moved_for_others * flag(self.could_stay)
            }
            _ => 0.0,
        }
    }

    /// Whether the owner can and likes to come at `at`.
    pub(super) fn holds_at(&self, at: i64) -> bool {
        self.is_within(&self.job.able, at) && self.is_within(&self.job.preferred, at)
    }

    /// Whether the owner's clock at `at` is in one of `windows`, or there are none.
    fn is_within(&self, windows: &[Window], at: i64) -> bool {
        let local = std::cell::LazyCell::new(|| zoned(at, &self.zone));
        let holds = |window: &Window| match window {
            Window::Once { from, until } => (from.as_millis()..until.as_millis()).contains(&at),
            Window::Weekly { days, hours } => {
                let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
                let range = i32::from(hours.open_minute)..i32::from(hours.close_minute);
                days.holds(local.weekday()) && range.contains(&minute)
            }
        };
        windows.is_empty() || windows.iter().any(holds)
    }

    /// `costs` as penalties with their sentences.
    pub(super) fn penalties(&self, ground: &Ground<'_>, spot: Spot, costs: &Costs) -> Vec<Penalty> {
        let there = KINDS.iter().zip(costs).filter(|(_, points)| **points > 0.0);
        there
            .map(|(&kind, &points)| {
                let because = words::penalty(self, ground, spot, kind);
                Penalty { kind, points, because }
            })
            .collect()
    }
}

/// Kilometres from where the asset of `job` is to `centre`, as far as they are known.
pub(super) fn known_km(job: &Job, centre: &Centre) -> Option<f64> {
    let straight = || Some(straight_km(job.position?, centre.position?));
    job.km_by_centre.get(&centre.id).copied().or_else(straight)
}

/// Great-circle distance by the haversine formula.
pub(super) fn straight_km(one: Position, other: Position) -> f64 {
    let (lat, other_lat) = (one.latitude.to_radians(), other.latitude.to_radians());
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let across = half((other.longitude - one.longitude).to_radians());
    let chord = half(other_lat - lat) + lat.cos() * other_lat.cos() * across;
    2.0 * EARTH_KM * chord.min(1.0).sqrt().asin()
}

fn flag(set: bool) -> f64 {
    if set { 1.0 } else { 0.0 }
}

pub(super) fn hours(millis: i64) -> f64 {
    minutes(millis) / 60.0
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
