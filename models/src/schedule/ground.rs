//! Turns zones, opening hours and holidays into moments, and lists the spots at which a job could start.

use super::numbers::Numbers;
use super::problem::{Centre, Days, Hours, Job, Position, Problem, Window};
use super::{BAYS_MAX, BOOKINGS_MAX, Invalid, Settings, TECHNICIANS_MAX};
use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use messages::time::Timestamp;
use std::collections::BTreeSet;

pub(super) const MINUTE: i64 = 60_000;
pub(super) const DAY: i64 = 24 * 60 * MINUTE;
/// Minutes after midnight of a day's end.
const MIDNIGHT: u16 = 1440;
/// Longest job, in minutes: it fits into one day.
const JOB_MINUTES_MAX: u16 = 1440;
/// How far beyond opening hours a relaxation looks.
const OVERTIME: i64 = 4 * 60 * MINUTE;

/// The centres with their days as moments. Everything below counts milliseconds since the epoch.
pub(super) struct Ground<'a> {
    pub(super) now: i64,
    /// The last start within the horizon.
    pub(super) horizon: i64,
    pub(super) sites: Vec<Site<'a>>,
}

/// One centre.
pub(super) struct Site<'a> {
    pub(super) centre: &'a Centre,
    pub(super) zone: TimeZone,
    pub(super) days: Vec<Day>,
    /// Technicians, those with the fewest skills first: the versatile stay free the longest.
    pub(super) order: Vec<u16>,
}

/// One local day of a centre.
pub(super) struct Day {
    pub(super) date: Date,
    /// Midnight and the next midnight.
    pub(super) begins: i64,
    pub(super) ends: i64,
    /// Opening and closing, in order; of a closed weekday, from the week's first opening to its last closing.
    pub(super) spans: Vec<(i64, i64)>,
    pub(super) holiday: bool,
    pub(super) closed: bool,
    /// Bay minutes foreseen to be asked for, if forecast.
    pub(super) foreseen: Option<f64>,
}

/// Where and when a job could start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) centre: usize,
    pub(super) day: usize,
}

/// Which spots to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    /// Within opening hours and in time.
    Open,
    /// All others that a relaxation could allow: closed days, overtime, later than allowed.
    Beyond,
}

impl<'a> Ground<'a> {
    pub(super) fn new(problem: &'a Problem, settings: &Settings) -> Result<Self, Invalid> {
        settings.check()?;
        at_most("bookings", problem.bookings.len(), BOOKINGS_MAX)?;
        unique("centre", problem.centres.iter().map(|centre| &centre.id))?;
        unique("booking", problem.bookings.iter().map(|booking| &booking.id))?;
        let sites = problem.centres.iter().map(|centre| Site::new(centre, problem, settings));
        let now = problem.now.as_millis();
        let horizon = now + i64::from(settings.horizon_days) * DAY;
        Ok(Self { now, horizon, sites: sites.collect::<Result<_, _>>()? })
    }

    pub(super) fn site(&self, id: &str) -> Option<usize> {
        self.sites.iter().position(|site| site.centre.id == id)
    }

    /// The last moment at which `job` may start.
    pub(super) fn latest(&self, job: &Job) -> i64 {
        job.latest_at.map_or(self.horizon, |at| at.as_millis().min(self.horizon))
    }

    /// The spots of `job` in the order of days, then centres, then time.
    pub(super) fn spots(&self, job: &Job, settings: &Settings, domain: Domain) -> Vec<Spot> {
        let mut spots = Vec::new();
        for day in 0..days_ahead(settings) {
            for centre in 0..self.sites.len() {
                self.spots_of(job, settings, domain, (centre, day), &mut spots);
            }
        }
        spots
    }

    fn spots_of(
        &self,
        job: &Job,
        settings: &Settings,
        domain: Domain,
        (centre, day): (usize, usize),
        spots: &mut Vec<Spot>,
    ) {
        let Some(found) = self.sites[centre].days.get(day) else { return };
        let step = i64::from(settings.grid_minutes) * MINUTE;
        let lasts = i64::from(job.minutes) * MINUTE;
        let floor = self.now.max(job.earliest_at.as_millis());
        let latest = self.latest(job);
        let overtime = if domain == Domain::Beyond { OVERTIME / step * step } else { 0 };
        for (open, close) in &found.spans {
            let mut from = open - overtime;
            while from + lasts <= close + overtime {
                let spot = Spot { from, until: from + lasts, centre, day };
                let regular = found.is_open(spot) && from <= latest;
                let within = from >= found.begins && spot.until <= found.ends;
                if from >= floor && within && regular == (domain == Domain::Open) {
                    spots.push(spot);
                }
                from += step;
            }
        }
    }
}

impl Day {
    pub(super) fn is_open(&self, spot: Spot) -> bool {
        !self.holiday && !self.closed && self.is_within_hours(spot)
    }

    /// Whether it lies within the hours of the day, were it not closed.
    pub(super) fn is_within_hours(&self, spot: Spot) -> bool {
        self.spans.iter().any(|(open, close)| spot.from >= *open && spot.until <= *close)
    }

    /// Opening and closing; where `own` lies outside, longer by whole pieces of `piece` as far as a relaxation looks.
    pub(super) fn spans_with(&self, own: (i64, i64), piece: i64) -> Vec<(i64, i64)> {
        let within = self.spans.iter().any(|(open, close)| own.0 >= *open && own.1 <= *close);
        if within {
            return self.spans.clone();
        }
        let more = |room: i64| room.min(OVERTIME) / piece * piece;
        let longer = |(open, close): &(i64, i64)| {
            (open - more(open - self.begins), close + more(self.ends - close))
        };
        joined(self.spans.iter().map(longer).collect())
    }

    pub(super) fn holds(&self, at: i64) -> bool {
        (self.begins..self.ends).contains(&at)
    }
}

impl<'a> Site<'a> {
    fn new(centre: &'a Centre, problem: &Problem, settings: &Settings) -> Result<Self, Invalid> {
        centre.check()?;
        let zone = zone_of(&centre.zone, &centre.id)?;
        let mut order: Vec<u16> = (0..=u16::MAX).take(centre.technicians.len()).collect();
        order.sort_by_key(|&at| (centre.technicians[usize::from(at)].skills.len(), at));
        let mut site = Self { centre, zone, days: Vec::new(), order };
        let mut date = site.date_of(problem.now.as_millis());
        let last_booked =
            problem.bookings.iter().map(|booking| booking.slot.from.as_millis()).max();
        let last = last_booked.map_or(date, |at| site.date_of(at));
        while site.days.len() < days_ahead(settings) || date <= last {
            let Some(day) = site.day(date, problem) else { break };
            site.days.push(day);
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        Ok(site)
    }

    /// `None` when the centre never opens, or the moment cannot be written.
    fn day(&self, date: Date, problem: &Problem) -> Option<Day> {
        let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        let hours = &self.centre.hours[weekday];
        let meant = if hours.is_empty() { vec![hull(&self.centre.hours)?] } else { hours.clone() };
        let span = |hours: &Hours| {
            Some((self.moment(date, hours.open_minute)?, self.moment(date, hours.close_minute)?))
        };
        let spans = joined(meant.iter().map(span).collect::<Option<Vec<_>>>()?);
        let demand = |one: &&super::Demand| one.centre == self.centre.id && one.date == date;
        Some(Day {
            date,
            begins: self.moment(date, 0)?,
            ends: self.moment(date, MIDNIGHT)?,
            spans,
            holiday: self.centre.holidays.contains(&date),
            closed: hours.is_empty(),
            foreseen: problem.demand.iter().find(demand).map(|demand| demand.minutes),
        })
    }

    /// The moment at which the local clock shows `minute`; where a clock change skips it, as much later.
    fn moment(&self, date: Date, minute: u16) -> Option<i64> {
        let date = if minute == MIDNIGHT { date.tomorrow().ok()? } else { date };
        let minute = i64::from(minute % MIDNIGHT);
        let time = Time::midnight().checked_add(minute.minutes()).ok()?;
        let moment = date.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
        Some(moment.timestamp().as_millisecond())
    }

    pub(super) fn date_of(&self, at: i64) -> Date {
        zoned(at, &self.zone).date()
    }

    /// Which of [`Site::days`] holds `at`.
    pub(super) fn day_of(&self, at: i64) -> Option<usize> {
        let date = self.date_of(at);
        self.days.iter().position(|day| day.date == date)
    }

    /// Bay time of `day`, in minutes.
    pub(super) fn capacity(&self, day: usize) -> f64 {
        let open: i64 = self.days[day].spans.iter().map(|(open, close)| close - open).sum();
        minutes(open) * f64::from(self.centre.bays)
    }

    /// The technicians who have `skill`.
    pub(super) fn skilled(&self, skill: &str) -> Numbers {
        let technicians = (0..).zip(&self.centre.technicians);
        technicians.filter(|(_, one)| one.skills.contains(skill)).map(|(at, _)| at).collect()
    }

    pub(super) fn technician(&self, id: &str) -> Option<u16> {
        (0..).zip(&self.centre.technicians).find(|(_, one)| one.id == id).map(|(at, _)| at)
    }
}

/// The local time at `at`.
pub(super) fn zoned(at: i64, zone: &TimeZone) -> jiff::Zoned {
    let at = jiff::Timestamp::from_millisecond(at).expect("a moment in range stays in range");
    at.to_zoned(zone.clone())
}

#[expect(clippy::cast_precision_loss, reason = "days are far below 2^52 milliseconds")]
pub(super) fn minutes(millis: i64) -> f64 {
    millis as f64 / MINUTE as f64
}

pub(super) fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).expect("a slot lies within the years that can be written")
}

pub(super) fn zone_of(name: &str, of: &str) -> Result<TimeZone, Invalid> {
    TimeZone::get(name).map_err(|_| Invalid::Zone { zone: name.to_owned(), of: of.to_owned() })
}

/// `spans` in order, those that meet made one.
fn joined(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (open, close) in spans {
        match joined.last_mut().filter(|last| open <= last.1) {
            Some(last) => last.1 = last.1.max(close),
            None => joined.push((open, close)),
        }
    }
    joined
}

/// Today and twice the horizon: in the second half a relaxed search finds the nearest date.
fn days_ahead(settings: &Settings) -> usize {
    1 + 2 * usize::from(settings.horizon_days)
}

fn hull(hours: &[Vec<Hours>; 7]) -> Option<Hours> {
    let all = hours.iter().flatten();
    let open_minute = all.clone().map(|hours| hours.open_minute).min()?;
    let close_minute = all.map(|hours| hours.close_minute).max()?;
    Some(Hours { open_minute, close_minute })
}

fn unique<'a>(what: &'static str, ids: impl Iterator<Item = &'a String>) -> Result<(), Invalid> {
    let mut seen = BTreeSet::new();
    match ids.into_iter().find(|id| !seen.insert(*id)) {
        Some(id) => Err(Invalid::Twice { what, id: id.clone() }),
        None => Ok(()),
    }
}

pub(super) fn at_most(name: &'static str, value: usize, max: usize) -> Result<(), Invalid> {
    let (value, max) = (value.try_into().unwrap_or(u32::MAX), max.try_into().unwrap_or(u32::MAX));
    if value > max { Err(Invalid::OutOfLimits { name, value, min: 0, max }) } else { Ok(()) }
}

impl Centre {
    /// Refuses a centre that no calendar can have.
    ///
    /// # Errors
    /// [`Invalid`], naming what is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        at_most("bays", usize::from(self.bays), BAYS_MAX)?;
        at_most("technicians", self.technicians.len(), TECHNICIANS_MAX)?;
        unique("technician", self.technicians.iter().map(|technician| &technician.id))?;
        zone_of(&self.zone, &self.id)?;
        for hours in self.hours.iter().flatten() {
            check_hours(*hours, &self.id)?;
        }
        if let Some(rating) = self.rating {
            check_number("rating", &self.id, rating, (0.0, 5.0))?;
        }
        self.position.map_or(Ok(()), |position| check_position(position, &self.id))
    }
}

/// Refuses a job that no calendar can hold.
pub(super) fn check_job(job: &Job) -> Result<(), Invalid> {
    if job.minutes == 0 || job.minutes > JOB_MINUTES_MAX {
        let (value, max) = (job.minutes.into(), JOB_MINUTES_MAX.into());
        return Err(Invalid::OutOfLimits { name: "minutes of the job", value, min: 1, max });
    }
    for window in job.able.iter().chain(&job.preferred) {
        if let Window::Weekly { hours, days } = window {
            check_hours(*hours, &job.case)?;
            check_days(days)?;
        }
    }
    for km in job.km_by_centre.values() {
        check_number("distance in km", &job.case, *km, (0.0, 40_000.0))?;
    }
    job.position.map_or(Ok(()), |position| check_position(position, &job.case))
}

fn check_days(days: &Days) -> Result<(), Invalid> {
    let Days::Of(days) = days else { return Ok(()) };
    match days.iter().find(|day| !(1..=7).contains(*day)) {
        Some(&day) => {
            Err(Invalid::OutOfLimits { name: "day of the week", value: day.into(), min: 1, max: 7 })
        }
        None => Ok(()),
    }
}

fn check_hours(hours: Hours, of: &str) -> Result<(), Invalid> {
    let Hours { open_minute: open, close_minute: close } = hours;
    if open < close && close <= MIDNIGHT {
        Ok(())
    } else {
        Err(Invalid::Hours { open, close, of: of.to_owned() })
    }
}

fn check_position(position: Position, of: &str) -> Result<(), Invalid> {
    check_number("latitude", of, position.latitude, (-90.0, 90.0))?;
    check_number("longitude", of, position.longitude, (-180.0, 180.0))
}

fn check_number(
    name: &'static str,
    of: &str,
    value: f64,
    (min, max): (f64, f64),
) -> Result<(), Invalid> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(Invalid::Number { name, of: of.to_owned(), value, min, max })
    }
}
