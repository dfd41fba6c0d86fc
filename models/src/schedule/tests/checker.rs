//! Judges a plan by the rules as people read them: on local clocks, event by event. Own code throughout.

use super::*;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

/// A job in a slot; `new` when the solver chose the time.
#[derive(Clone, Debug)]
pub(super) struct Seated {
    pub(super) job: Job,
    pub(super) slot: Slot,
    pub(super) new: bool,
}

pub(super) fn standing(problem: &Problem) -> Vec<Seated> {
    let bookings = problem.bookings.iter();
    bookings
        .map(|one| Seated { job: one.job.clone(), slot: one.slot.clone(), new: false })
        .collect()
}

fn local(centre: &Centre, moment: Timestamp) -> Zoned {
    let moment = jiff::Timestamp::from_millisecond(moment.as_millis()).unwrap();
    moment.to_zoned(TimeZone::get(&centre.zone).unwrap())
}

/// Everything that is wrong with `all`, of which those that are not new stand as they are.
pub(super) fn faults(problem: &Problem, all: &[Seated], settings: &Settings) -> Vec<String> {
    let mut faults = Vec::new();
    let centre_of = |slot: &Slot| problem.centres.iter().find(|centre| centre.id == slot.centre);
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            faults.extend(clash(one, other));
        }
        match centre_of(&one.slot) {
            None => faults.push(format!("{one:?}: no such centre")),
            Some(centre) => faults.extend(misfits(centre, one)),
        }
        if one.new {
            faults.extend(untimely(problem, one, settings));
        }
    }
    for centre in &problem.centres {
        faults.extend(shortages(centre, all));
        faults.extend(emergencies(problem, centre, all, settings));
    }
    faults
}

fn clash(one: &Seated, other: &Seated) -> Vec<String> {
    let mut faults = Vec::new();
    if one.job.case == other.job.case {
        faults.push(format!("case `{}` is there twice", one.job.case));
    }
    let (a, b) = (&one.slot, &other.slot);
    let same = one.job.asset.is_some() && one.job.asset == other.job.asset;
    if same && a.from < b.until && b.from < a.until {
        faults.push(format!("asset {:?} is in two places: {a:?} and {b:?}", one.job.asset));
    }
    if a.centre == b.centre && a.from < b.until && b.from < a.until {
        if a.bay == b.bay {
            faults.push(format!("bay shared by {a:?} and {b:?}"));
        }
        if a.technician == b.technician {
            faults.push(format!("technician shared by {a:?} and {b:?}"));
        }
    }
    faults
}

fn misfits(centre: &Centre, one: &Seated) -> Vec<String> {
    let Seated { job, slot, .. } = one;
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, what: &str| {
        if wrong {
            faults.push(format!("{what}: {one:?}"));
        }
    };
    fault(slot.bay >= centre.bays, "no such bay");
    let able = |who: &Technician| who.id == slot.technician && who.skills.contains(&job.skill);
    fault(!centre.technicians.iter().any(able), "nobody able");
    let lasts = slot.until.as_millis() - slot.from.as_millis();
    fault(lasts != i64::from(job.minutes) * 60_000, "wrong duration");
    let (from, until) = (local(centre, slot.from), local(centre, slot.until));
    fault(centre.holidays.contains(&from.date()), "holiday");
    let minute = |time: &Zoned| i32::from(time.hour()) * 60 + i32::from(time.minute());
    let end = if until.date() == from.date() { minute(&until) } else { minute(&until) + 1440 };
    let weekday = usize::try_from(from.weekday().to_monday_zero_offset()).unwrap();
    let open = centre.hours[weekday].iter().any(|open| {
        minute(&from) >= i32::from(open.open_minute) && end <= i32::from(open.close_minute)
    });
    fault(!open, "closed");
    faults
}

fn untimely(problem: &Problem, one: &Seated, settings: &Settings) -> Option<String> {
    let Seated { job, slot, .. } = one;
    let horizon = problem.now.as_millis() + i64::from(settings.horizon_days) * 86_400_000;
    let late = job.latest_at.is_some_and(|latest| slot.from > latest);
    let far = job.km_by_centre.get(&slot.centre).is_some_and(|km| *km > settings.reach_km);
    let wrong = far
        || slot.from < problem.now
        || slot.from < job.earliest_at
        || slot.from.as_millis() > horizon
        || late;
    wrong.then(|| format!("not at such a time: {one:?}"))
}

/// Walks through arrivals and uses of each part in time order.
fn shortages(centre: &Centre, all: &[Seated]) -> Vec<String> {
    let mut events: BTreeMap<&str, Vec<(Timestamp, u8, i64)>> = BTreeMap::new();
    for stock in &centre.stock {
        let pieces = i64::from(stock.pieces);
        events.entry(&stock.part).or_default().push((stock.there_at, 0, pieces));
    }
    for one in all.iter().filter(|one| one.slot.centre == centre.id) {
        if let Some(part) = &one.job.part {
            events.entry(part).or_default().push((one.slot.from, 1, -1));
        }
    }
    let mut faults = Vec::new();
    for (part, mut events) in events {
        events.sort_unstable();
        let mut left = 0;
        for (moment, _, pieces) in events {
            left += pieces;
            if left < 0 {
                faults.push(format!("no `{part}` at `{}` on {moment}", centre.id));
            }
        }
    }
    faults
}

/// On days that got new routine work, enough pieces of the day must have a bay and somebody unused by routine work.
fn emergencies(
    problem: &Problem,
    centre: &Centre,
    all: &[Seated],
    settings: &Settings,
) -> Vec<String> {
    let is_routine = |one: &&Seated| {
        let urgent = matches!(one.job.severity, Severity::Critical | Severity::Emergency);
        !urgent && one.slot.centre == centre.id
    };
    let routine: Vec<&Seated> = all.iter().filter(is_routine).collect();
    let day_of = |one: &&Seated| local(centre, one.slot.from).date();
    let days: BTreeSet<Date> = routine.iter().filter(|one| one.new).map(day_of).collect();
    let mut faults = Vec::new();
    for day in days {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap();
        let midnight = day.in_tz(&centre.zone).unwrap();
        let clock = |minute: u16| {
            let time = midnight.datetime() + i64::from(minute).minutes();
            time.in_tz(&centre.zone).unwrap().timestamp().as_millisecond()
        };
        let piece = i64::from(settings.emergency_minutes) * 60_000;
        let mut places = 0;
        for open in &centre.hours[weekday] {
            let (mut start, close) = (clock(open.open_minute), clock(open.close_minute));
            while start + piece <= close {
                if start >= problem.now.as_millis() {
                    let meets = |one: &&&Seated| {
                        one.slot.from.as_millis() < start + piece
                            && start < one.slot.until.as_millis()
                    };
                    let here: Vec<_> = routine.iter().filter(meets).collect();
                    let bays: BTreeSet<u16> = here.iter().map(|one| one.slot.bay).collect();
                    let people: BTreeSet<&str> =
                        here.iter().map(|one| one.slot.technician.as_str()).collect();
                    let bays_free = usize::from(centre.bays) - bays.len();
                    places += bays_free.min(centre.technicians.len() - people.len());
                }
                start += piece;
            }
        }
        if places < usize::from(centre.emergency_places) {
            faults.push(format!("{places} emergency places left at `{}` on {day}", centre.id));
        }
    }
    faults
}
