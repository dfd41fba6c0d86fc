//! Counts the visits of each centre by day and by how far ahead they were booked, and foresees those to come at each midnight.
//!
//! A visit counts when the asset comes; who does not come, cancels or waits is none. A day without any counts as none
//! if the centre is open then, as its plan is now.

use super::desk::Desk;
use super::memory::{Live, Stage, State};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use messages::booking::{DemandDay, DemandForecast, DemandHorizon};
use messages::{Finite, Timestamp};
use models::demand::{self, COVERAGE, DAYS, Forecast, Foreseen, Known, LEADS, Past};
use models::schedule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Spans that are foreseen as a whole, in days. Four hours are none: who comes so soon is booked, or an emergency.
const SPANS: [usize; 3] = [1, 3, DAYS];
/// Fewer visits than this are not worth avoiding a day for.
const WORTH_AVOIDING: f64 = 0.5;

/// What is counted and foreseen of one centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Demand {
    /// The first day that is counted as a whole.
    since: Date,
    /// Days with visits.
    tally_by_date: BTreeMap<Date, Tally>,
    /// Bay minutes foreseen to be asked for, of days on which they matter.
    minutes_by_date: BTreeMap<Date, f64>,
    /// The next midnight of the centre.
    pub(super) due_at: Timestamp,
}

/// The visits of one day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tally {
    visits_by_lead: [u16; LEADS],
    minutes: u32,
}

impl Demand {
    /// Counts from the next midnight in `zone` on.
    fn new(now: Timestamp, zone: &TimeZone) -> Option<Self> {
        let since = local(now, zone)?.tomorrow().ok()?;
        let (tally_by_date, minutes_by_date) = (BTreeMap::new(), BTreeMap::new());
        Some(Self { since, tally_by_date, minutes_by_date, due_at: midnight(since, zone)? })
    }

    /// A visit on `date` of so many minutes, booked so many days ahead.
    fn count(&mut self, date: Date, lead: usize, minutes: u16) {
        let tally = self.tally_by_date.entry(date).or_default();
        let visits = &mut tally.visits_by_lead[lead.min(LEADS - 1)];
        *visits = visits.saturating_add(1);
        tally.minutes = tally.minutes.saturating_add(minutes.into());
    }

    /// Past days on which `plan` is open, the last `days_max` at most; older ones are forgotten.
    fn past(&mut self, today: Date, plan: &schedule::Centre, days_max: u16) -> Vec<Past> {
        let first = today.saturating_sub(jiff::Span::new().days(days_max)).max(self.since);
        self.tally_by_date.retain(|date, _| *date >= first);
        let days = first.series(jiff::Span::new().days(1)).take_while(|date| *date < today);
        let past = |date: Date| Past {
            weekday: weekday(date),
            visits_by_lead: self
                .tally_by_date
                .get(&date)
                .map_or([0; LEADS], |tally| tally.visits_by_lead),
        };
        let counted = |date: &Date| is_open(plan, *date) || self.tally_by_date.contains_key(date);
        days.filter(counted).map(past).collect()
    }

    /// How long a visit takes, in minutes; nothing is known of it without any.
    fn minutes_mean(&self) -> Option<f64> {
        let visits: u32 =
            self.tally_by_date.values().flat_map(|tally| tally.visits_by_lead).map(u32::from).sum();
        let minutes: u32 = self.tally_by_date.values().map(|tally| tally.minutes).sum();
        (visits > 0).then(|| f64::from(minutes) / f64::from(visits))
    }
}

impl State {
    /// Begins to count the visits of `centre`, unless that has begun.
    pub(super) fn begin_to_count(&mut self, centre: &str, now: Timestamp) {
        if self.demand.contains_key(centre) {
            return;
        }
        let zone = self.centres.get(centre).and_then(|centre| zone(&centre.plan));
        if let Some(demand) = zone.and_then(|zone| Demand::new(now, &zone)) {
            self.demand.insert(centre.to_owned(), demand);
        }
    }

    /// Counts the visit of `live`, which has come at `now` or at its time, whichever is sooner.
    pub(super) fn count_visit(&mut self, live: &Live, now: Timestamp) {
        let zone = self.centres.get(&live.slot.centre).and_then(|centre| zone(&centre.plan));
        let Some((zone, demand)) = zone.zip(self.demand.get_mut(&live.slot.centre)) else {
            return;
        };
        let come = local(live.slot.from.min(now), &zone);
        let Some((come, booked)) = come.zip(local(live.booked_at, &zone)) else { return };
        let ahead = come.since(booked).map_or(0, |span| span.get_days());
        demand.count(come, usize::try_from(ahead).unwrap_or(0), live.work.minutes);
    }

    /// What is foreseen, as the search for slots takes it.
    pub(super) fn demand(&self) -> Vec<schedule::Demand> {
        let of = |(centre, demand): (&String, &Demand)| {
            let day = |(date, minutes): (&Date, &f64)| schedule::Demand {
                centre: centre.clone(),
                date: *date,
                minutes: *minutes,
            };
            demand.minutes_by_date.iter().map(day).collect::<Vec<_>>()
        };
        self.demand.iter().flat_map(of).collect()
    }

    /// Bookings at `centre` from `first` on, by day.
    fn booked(&self, centre: &str, zone: &TimeZone, first: Date) -> [u16; DAYS] {
        let mut booked = [0_u16; DAYS];
        let there = |live: &&Live| live.slot.centre == centre && live.stage != Stage::InService;
        for live in self.bookings.values().filter(there) {
            let Some(date) = local(live.slot.from, zone) else { continue };
            let ahead = date.since(first).map_or(-1, |span| span.get_days());
            if let Some(day) = usize::try_from(ahead).ok().and_then(|day| booked.get_mut(day)) {
                *day = day.saturating_add(1);
            }
        }
        booked
    }

    /// Cases without a booking that were offered a slot at `centre` first, or that wait for one anywhere.
    fn open_cases(&self, centre: &str) -> u16 {
        let here = self.offers.iter().filter(|(case, offered)| {
            self.booking_of(**case).is_none()
                && offered.slots.first().is_some_and(|(_, slot)| slot.centre == centre)
        });
        u16::try_from(here.count() + self.waiting.len()).unwrap_or(u16::MAX)
    }
}

impl Desk<'_, '_> {
    /// Foresees the visits of each centre where a new day has begun.
    pub(super) fn foresee_where_due(&mut self) {
        let now = self.now();
        let due = self.state.demand.iter().filter(|(_, demand)| demand.due_at <= now);
        let due: Vec<String> = due.map(|(centre, _)| centre.clone()).collect();
        for centre in due {
            if self.foresee(&centre, now).is_none() {
                // The calendar ends, or the zone is gone: nothing is foreseen there any more.
                self.state.demand.remove(&centre);
                self.ctx.count("centres_not_foreseen", 1);
            }
        }
    }

    fn foresee(&mut self, id: &str, now: Timestamp) -> Option<()> {
        let plan = self.state.centres.get(id)?.plan.clone();
        let zone = zone(&plan)?;
        let today = local(now, &zone)?;
        let dates: Vec<Date> = today.series(jiff::Span::new().days(1)).take(DAYS).collect();
        let booked = self.state.booked(id, &zone, today);
        let days_max = self.config.demand_days_max;
        let known = dates.iter().zip(booked).map(|(date, booked)| Known {
            weekday: weekday(*date),
            open: is_open(&plan, *date),
            booked,
        });
        let known: Vec<Known> = known.collect();
        let demand = self.state.demand.get_mut(id)?;
        demand.due_at = midnight(today.tomorrow().ok()?, &zone)?;
        let past = demand.past(today, &plan, days_max);
        demand.minutes_by_date.clear();
        let Some(forecast) = demand::forecast(&past, &known, &SPANS) else { return Some(()) };
        let mean = demand.minutes_mean().unwrap_or(0.0);
        let to_come = |day: &Foreseen, known: &Known| day.visits - f64::from(known.booked);
        for ((date, day), known) in dates.iter().zip(&forecast.days).zip(&known) {
            let visits = to_come(day, known);
            if visits >= WORTH_AVOIDING && mean > 0.0 {
                demand.minutes_by_date.insert(*date, visits * mean);
            }
        }
        let days =
            dates.iter().zip(&forecast.days).zip(&known).map(|((date, day), known)| DemandDay {
                date: date.to_string(),
                open: known.open,
                booked: known.booked,
                visits: rounded(day.visits),
                low: day.low,
                high: day.high,
                minutes: rounded(to_come(day, known) * mean),
            });
        let days = days.collect();
        self.say_foreseen((id, plan.zone.as_str()), midnight(today, &zone)?, &forecast, days);
        Some(())
    }

    fn say_foreseen(
        &mut self,
        (centre, zone): (&str, &str),
        made_at: Timestamp,
        forecast: &Forecast,
        days: Vec<DemandDay>,
    ) {
        let horizons = SPANS.iter().zip(&forecast.totals).map(|(days, total)| DemandHorizon {
            hours: u16::try_from(days * 24).unwrap_or(u16::MAX),
            visits: rounded(total.visits),
            low: total.low,
            high: total.high,
        });
        let said = DemandForecast {
            network: self.network(),
            centre: centre.to_owned(),
            zone: zone.to_owned(),
            made_at,
            method: forecast.method,
            basis_days: u16::try_from(forecast.basis_days).unwrap_or(u16::MAX),
            coverage: rounded(COVERAGE),
            open_cases: self.state.open_cases(centre),
            days,
            horizons: horizons.collect(),
        };
        self.ctx.publish(&said);
    }
}

/// Whether `plan` opens on `date`.
fn is_open(plan: &schedule::Centre, date: Date) -> bool {
    let hours = &plan.hours[usize::from(weekday(date)) - 1];
    !hours.is_empty() && !plan.holidays.contains(&date)
}

/// 1 for Monday to 7 for Sunday.
fn weekday(date: Date) -> u8 {
    date.weekday().to_monday_one_offset().unsigned_abs()
}

fn zone(plan: &schedule::Centre) -> Option<TimeZone> {
    TimeZone::get(&plan.zone).ok()
}

fn local(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let moment = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
    Some(moment.to_zoned(zone.clone()).date())
}

/// When `date` begins in `zone`.
fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let moment = date.to_zoned(zone.clone()).ok()?.timestamp();
    Timestamp::from_millis(moment.as_millisecond())
}

/// To hundredths: more would say more than is known.
fn rounded(number: f64) -> Finite {
    Finite::new((number * 100.0).round() / 100.0).expect("counts and their means are finite")
}
