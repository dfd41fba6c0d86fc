//! The best plan of a small instance, by trying every one; its points by code of its own.

use super::checker::{Seated, faults, standing};
use super::*;
use jiff::ToSpan;
use jiff::tz::TimeZone;

/// What `one` costs among `all`.
fn points(problem: &Problem, settings: &Settings, one: &Seated, all: &[Seated]) -> f64 {
    let Seated { job, slot, .. } = one;
    let centre = problem.centres.iter().find(|centre| centre.id == slot.centre).unwrap();
    let zone = TimeZone::get(&centre.zone).unwrap();
    let day = |moment: Timestamp| {
        let moment = jiff::Timestamp::from_millisecond(moment.as_millis()).unwrap();
        moment.to_zoned(zone.clone()).date()
    };
    let length = |slot: &Slot| (slot.until.as_millis() - slot.from.as_millis()) as f64 / 60_000.0;
    let late_ms = slot.from.as_millis() - job.due_at.as_millis();
    let grave = match job.severity {
        Severity::Low => 0.5,
        Severity::Medium => 1.0,
        Severity::High => 2.0,
        Severity::Critical => 5.0,
        Severity::Emergency => 10.0,
    };
    let mut sum = settings.lateness_per_hour * grave * (late_ms.max(0) as f64 / 3_600_000.0);
    if job.severity != Severity::Emergency {
        if !comes(&job.able, &job.zone, slot.from) {
            sum += settings.unable;
        }
        if !comes(&job.preferred, &job.zone, slot.from) {
            sum += settings.unpreferred;
        }
        if job.centre.is_some() && job.centre.as_ref() != Some(&slot.centre) {
            sum += settings.other_centre;
        }
        let apart = job.company.iter().map(|visit| {
            if visit.centre != slot.centre || day(visit.from) != day(slot.from) {
                return settings.apart;
            }
            let between = if slot.from >= visit.until {
                slot.from.as_millis() - visit.until.as_millis()
            } else if visit.from >= slot.until {
                visit.from.as_millis() - slot.until.as_millis()
            } else {
                0
            };
            (settings.apart_per_hour * between as f64 / 3_600_000.0).min(settings.apart)
        });
        sum += apart.reduce(f64::min).unwrap_or(0.0);
    }
    sum += settings.distance_per_km * job.km_by_centre.get(&slot.centre).copied().unwrap_or(0.0);
    let weekday = usize::try_from(day(slot.from).weekday().to_monday_zero_offset()).unwrap();
    let open = centre.hours[weekday].iter().map(|open| open.close_minute - open.open_minute);
    let capacity = f64::from(open.sum::<u16>()) * f64::from(centre.bays);
    let others = all.iter().filter(|other| {
        other.slot.centre == slot.centre
            && other.job.case != job.case
            && day(other.slot.from) == day(slot.from)
    });
    sum += settings.load * others.map(|other| length(&other.slot)).sum::<f64>() / capacity;
    let demand = problem
        .demand
        .iter()
        .find(|demand| demand.centre == centre.id && demand.date == day(slot.from));
    sum += settings.demand * demand.map_or(0.0, |demand| demand.minutes) / capacity;
    sum + settings.rating * centre.rating.map_or(0.0, |rating| (5.0 - rating) / 5.0)
}

fn comes(windows: &[Window], zone: &str, moment: Timestamp) -> bool {
    let clock = jiff::Timestamp::from_millisecond(moment.as_millis()).unwrap().in_tz(zone).unwrap();
    let minute = clock.hour() as u16 * 60 + clock.minute() as u16;
    windows.is_empty()
        || windows.iter().any(|window| match window {
            Window::Once { from, until } => *from <= moment && moment < *until,
            Window::Weekly { days, hours } => {
                let day = match days {
                    Days::Every => true,
                    Days::Of(days) => {
                        days.contains(&(clock.weekday().to_monday_one_offset() as u8))
                    }
                };
                day && hours.open_minute <= minute && minute < hours.close_minute
            }
        })
}

/// Points of the whole: jobs with a slot, and jobs left without.
pub(super) fn total(
    problem: &Problem,
    settings: &Settings,
    all: &[Seated],
    without: &[&Job],
) -> f64 {
    let new = all.iter().filter(|one| one.new);
    let placed: f64 = new.map(|one| points(problem, settings, one, all)).sum();
    let grave = |job: &&Job| match job.severity {
        Severity::Low => 0.5,
        Severity::Medium => 1.0,
        Severity::High => 2.0,
        Severity::Critical => 5.0,
        Severity::Emergency => 10.0,
    };
    placed + without.iter().map(|job| settings.unplaced * grave(job)).sum::<f64>()
}

/// Every slot of `job` that fits beside what stands, the cheapest first.
fn choices(problem: &Problem, settings: &Settings, job: &Job) -> Vec<(f64, Seated)> {
    let standing = standing(problem);
    let mut choices = Vec::new();
    for centre in &problem.centres {
        let start = jiff::Timestamp::from_millisecond(problem.now.as_millis()).unwrap();
        let mut day = start.in_tz(&centre.zone).unwrap().date();
        for _ in 0..=settings.horizon_days {
            for minute in (0..1440_i64).step_by(usize::from(settings.grid_minutes)) {
                let clock = day.at(0, 0, 0, 0) + minute.minutes();
                let from = clock.in_tz(&centre.zone).unwrap().timestamp().as_millisecond();
                let until = from + i64::from(job.minutes) * 60_000;
                for (bay, technician) in (0..centre.bays)
                    .flat_map(|bay| centre.technicians.iter().map(move |t| (bay, t)))
                {
                    let slot = Slot {
                        centre: centre.id.clone(),
                        bay,
                        technician: technician.id.clone(),
                        from: Timestamp::from_millis(from).unwrap(),
                        until: Timestamp::from_millis(until).unwrap(),
                    };
                    let one = Seated { job: job.clone(), slot, new: true };
                    let mut all = standing.clone();
                    all.push(one.clone());
                    if faults(problem, &all, settings).is_empty() {
                        choices.push((points(problem, settings, &one, &standing), one));
                    }
                }
            }
            day = day.tomorrow().unwrap();
        }
    }
    choices.sort_by(|one, other| one.0.total_cmp(&other.0));
    choices
}

struct Tree<'a> {
    problem: &'a Problem,
    settings: &'a Settings,
    jobs: &'a [Job],
    choices: Vec<Vec<(f64, Seated)>>,
    best: f64,
}

/// The fewest points that any plan has.
pub(super) fn optimum(problem: &Problem, jobs: &[Job], settings: &Settings) -> f64 {
    let choices = jobs.iter().map(|job| choices(problem, settings, job)).collect();
    let mut tree = Tree { problem, settings, jobs, choices, best: f64::INFINITY };
    let mut all = standing(problem);
    tree.grow(0, 0.0, &mut all, &mut Vec::new());
    tree.best
}

impl<'a> Tree<'a> {
    fn grow(&mut self, index: usize, sure: f64, all: &mut Vec<Seated>, without: &mut Vec<&'a Job>) {
        let rest: f64 = self.choices[index..]
            .iter()
            .map(|choices| choices.first().map_or(0.0, |choice| choice.0))
            .sum();
        if sure + rest >= self.best {
            return;
        }
        if index == self.jobs.len() {
            let sum = total(self.problem, self.settings, all, without);
            if sum < self.best && faults(self.problem, all, self.settings).is_empty() {
                self.best = sum;
            }
            return;
        }
        for (least, one) in self.choices[index].clone() {
            let meets = |other: &Seated| {
                let (a, b) = (&one.slot, &other.slot);
                a.centre == b.centre
                    && a.from < b.until
                    && b.from < a.until
                    && (a.bay == b.bay || a.technician == b.technician)
            };
            if !all.iter().any(meets) {
                all.push(one);
                self.grow(index + 1, sure + least, all, without);
                all.pop();
            }
        }
        let job = &self.jobs[index];
        without.push(job);
        let left = total(self.problem, self.settings, &[], &[job]);
        self.grow(index + 1, sure + left, all, without);
        without.pop();
    }
}
