//! How far forecasts were from the visits that came, beside simpler ones.

use super::desk::Heard;
use crate::error::CliError;
use jiff::civil::Date;
use messages::Timestamp;
use messages::booking::DemandDay;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Mean absolute errors by days ahead, in visits of a centre and day.
#[derive(Debug, Default)]
pub(super) struct Errors {
    /// Visits on the days that were foreseen, each day once.
    pub(super) visits: u64,
    days: u64,
    by_lead: BTreeMap<usize, Sums>,
}

/// What adds up to means.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    days: f64,
    forecast: f64,
    week_before: f64,
    booked: f64,
    within: f64,
}

impl Errors {
    /// Of all forecasts that were made from `from` on for days before `until`.
    pub(super) fn of(heard: &Heard, from: Timestamp, until: Timestamp) -> Result<Self, CliError> {
        let mut visits: BTreeMap<(&str, Date), u32> = BTreeMap::new();
        for slot in &heard.visits {
            *visits.entry((&slot.centre, local(slot.from, &slot.zone)?)).or_default() += 1;
        }
        let mut errors = Self::default();
        for forecast in heard.forecasts.iter().filter(|one| one.made_at >= from) {
            let last = local(until, &forecast.zone)?;
            for (lead, day) in forecast.days.iter().enumerate().filter(|(_, day)| day.open) {
                let date: Date = day.date.parse().map_err(CliError::failed)?;
                if date >= last {
                    continue;
                }
                let on = |date| visits.get(&(&*forecast.centre, date)).copied().unwrap_or(0);
                // The same weekday of the newest week that is known when the forecast is made.
                let weeks = i32::try_from(lead / 7 + 1).map_err(CliError::failed)?;
                let before = date - jiff::Span::new().weeks(weeks);
                errors.add(lead, day, on(date), on(before));
            }
        }
        Ok(errors)
    }

    fn add(&mut self, lead: usize, day: &DemandDay, came: u32, week_before: u32) {
        if lead == 0 {
            self.visits += u64::from(came);
            self.days += 1;
        }
        let truth = f64::from(came);
        let sums = self.by_lead.entry(lead).or_default();
        sums.days += 1.0;
        sums.forecast += (day.visits.get() - truth).abs();
        sums.week_before += (f64::from(week_before) - truth).abs();
        sums.booked += (f64::from(day.booked) - truth).abs();
        let within = (u32::from(day.low)..=u32::from(day.high)).contains(&came);
        sums.within += if within { 1.0 } else { 0.0 };
    }

    pub(super) fn rows(&self) -> Vec<Value> {
        let row = |(lead, sums): (&usize, &Sums)| {
            let mean = |sum: f64| ((sum / sums.days) * 1_000.0).round() / 1_000.0;
            json!({
                "days_ahead": lead, "days": sums.days, "forecast": mean(sums.forecast),
                "week_before": mean(sums.week_before), "booked": mean(sums.booked),
                "within_interval": mean(sums.within),
            })
        };
        self.by_lead.iter().map(row).collect()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{} visits on {} open days of centres; mean absolute error in visits a day:",
            self.visits, self.days
        )];
        lines.extend(self.by_lead.iter().map(|(lead, sums)| {
            let mean = |sum: f64| sum / sums.days;
            format!(
                "{lead:>2} days ahead: forecast {:.2}, same weekday before {:.2}, booked alone {:.2}; \
                 {:.0} % within the interval",
                mean(sums.forecast),
                mean(sums.week_before),
                mean(sums.booked),
                mean(sums.within) * 100.0
            )
        }));
        lines
    }
}

fn local(at: Timestamp, zone: &str) -> Result<Date, CliError> {
    let moment = jiff::Timestamp::from_millisecond(at.as_millis()).map_err(CliError::failed)?;
    Ok(moment.in_tz(zone).map_err(CliError::failed)?.date())
}
