//! Lays what was said on the calendar of a zone: windows that are never past, the likeliest first.

use super::expression::{Ahead, Bound, Clock, Day, Expression, Half, Hour, Part, Which};
use super::{AHEAD_DAYS_MAX, Assumed, QuietHours};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};
use messages::Timestamp;
use std::time::Duration;

/// How long a window without an end is open: "not before Friday".
const OPEN_DAYS: i32 = 7;
/// Days that are tried when only an hour or a part of the day was said.
const DAYLESS_DAYS: i32 = 8;
/// Length of a window that is an hour: "at 6".
const HOUR_WINDOW_MINUTES: i64 = 60;
/// Length of a window that is told to the minute: "at 6:30".
const MINUTE_WINDOW_MINUTES: i64 = 30;
/// How far "around 6" reaches either way.
const AROUND_MINUTES: i64 = 30;
const NOON: i64 = 12 * 60;

/// The calendar of one place at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    zone: TimeZone,
    now: Timestamp,
    today: Date,
    quiet: QuietHours,
}

/// A window that may be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) assumed: Option<Assumed>,
    /// It is a moment: once its beginning is past, all of it is.
    point: bool,
}

impl Window {
    /// Whether it was told as a moment rather than as a span.
    pub(crate) fn is_point(&self) -> bool {
        self.point
    }
}

/// Minutes of a day, what was assumed, and whether they are a moment.
#[derive(Clone, Copy)]
struct Stretch {
    from: i64,
    to: i64,
    assumed: Option<Assumed>,
    point: bool,
}

impl Calendar {
    /// The calendar in `zone` at `now`; `None` for moments at the ends of time, which no calendar shows.
    pub(crate) fn new(zone: &TimeZone, now: Timestamp, quiet: QuietHours) -> Option<Self> {
        let today = local(zone, now)?.date();
        Some(Self { zone: zone.clone(), now, today, quiet })
    }

    /// Every window that `expression` may mean, the likeliest first; none of it is past.
    pub(crate) fn windows(&self, expression: &Expression) -> Vec<Window> {
        if expression.past {
            return Vec::new();
        }
        let found = match (expression.ahead, expression.day) {
            (Some(ahead), _) => self.ahead(ahead).into_iter().collect(),
            (None, Some((bound, day))) => {
                let mut found = self.on_days(expression, bound, &self.days(day));
                let hours = expression.clock.is_some() || expression.part.is_some();
                if hours && matches!(day, Day::Weekday(_, Which::Coming)) {
                    // "Thursday after five", said on a Thursday at noon: its five is still to come.
                    found.sort_by_key(|window| !self.is_later_today(window));
                }
                found
            }
            (None, None) => self.dayless(expression),
        };
        found.into_iter().filter_map(|window| self.not_past(window)).collect()
    }

    /// Whether the window names no day, so that each day's is meant alike.
    pub(crate) fn is_dayless(expression: &Expression) -> bool {
        expression.ahead.is_none() && expression.day.is_none()
    }

    fn is_later_today(&self, window: &Window) -> bool {
        let day = local(&self.zone, window.from).map(|from| from.date());
        window.from > self.now && day == Some(self.today)
    }

    fn not_past(&self, window: Window) -> Option<Window> {
        let past = if window.point { window.from < self.now } else { window.to <= self.now };
        let farthest = Duration::from_secs(u64::from(AHEAD_DAYS_MAX.unsigned_abs()) * 24 * 3600);
        let far = window.from > self.now.saturating_add(farthest);
        let from = window.from.max(self.now);
        (!past && !far && from < window.to).then_some(Window { from, ..window })
    }

    fn ahead(&self, ahead: Ahead) -> Option<Window> {
        let window =
            |from: Timestamp, to: Timestamp| Window { from, to, assumed: None, point: false };
        let later = |minutes: i64| {
            let seconds = u64::try_from(minutes).ok()?.checked_mul(60)?;
            Some(self.now.saturating_add(Duration::from_secs(seconds)))
        };
        match ahead {
            Ahead::In { minutes } => {
                let length =
                    if minutes % 60 == 0 { HOUR_WINDOW_MINUTES } else { MINUTE_WINDOW_MINUTES };
                Some(window(later(minutes)?, later(minutes.checked_add(length)?)?))
            }
            Ahead::Within { minutes } => Some(window(self.now, later(minutes)?)),
        }
    }

    /// The days that `day` may be, the likeliest first: each a first day and the day after the last.
    fn days(&self, day: Day) -> Vec<(Date, Date)> {
        let found = match day {
            Day::Ahead(days) => vec![self.run(self.today, days, 1)],
            Day::Weekday(weekday, which) => self.weekdays(weekday, which),
            Day::Weekend(which) => self.weekends(which),
            Day::Week(weeks) => {
                let since_monday = i32::from(self.today.weekday().to_monday_zero_offset());
                vec![self.run(self.today, weeks.saturating_mul(7) - since_monday, 7)]
            }
            Day::Month(months) => vec![self.month(months)],
            Day::OfMonth(day) => vec![self.of_month(day)],
            Day::OfYear { month, day } => vec![self.of_year(month, day)],
            Day::Exact { year, month, day } => {
                vec![Date::new(year, month, day).ok().and_then(|date| self.run(date, 0, 1))]
            }
        };
        found.into_iter().flatten().collect()
    }

    /// `length` days that begin `ahead` days after `date`.
    fn run(&self, date: Date, ahead: i32, length: i32) -> Option<(Date, Date)> {
        let first = later_date(date, ahead)?;
        Some((first, later_date(first, length)?))
    }

    fn weekdays(&self, weekday: Weekday, which: Which) -> Vec<Option<(Date, Date)>> {
        let day = |ahead: i32| self.run(self.today, ahead, 1);
        let today = i32::from(self.today.weekday().to_monday_zero_offset());
        let wanted = i32::from(weekday.to_monday_zero_offset());
        let coming = (wanted - today).rem_euclid(7);
        match which {
            Which::Coming if coming == 0 => vec![day(7), day(0)],
            Which::Coming | Which::This => vec![day(coming)],
            Which::Next => {
                let next_week = 7 + wanted - today;
                if next_week == coming {
                    vec![day(coming)]
                } else {
                    vec![day(next_week), day(coming)]
                }
            }
        }
    }

    fn weekends(&self, which: Which) -> Vec<Option<(Date, Date)>> {
        let today = i32::from(self.today.weekday().to_monday_zero_offset());
        let saturday = 5 - today;
        let this = self.run(self.today, saturday.max(0), if today == 6 { 1 } else { 2 });
        let next = self.run(self.today, saturday + 7, 2);
        match which {
            Which::Next if today >= 5 => vec![next],
            Which::Next => vec![next, this],
            Which::Coming | Which::This => vec![this],
        }
    }

    fn month(&self, months: i32) -> Option<(Date, Date)> {
        let first = self.today.first_of_month();
        let ahead = |months: i32| first.checked_add(Span::new().try_months(months).ok()?).ok();
        Some((ahead(months)?, ahead(months.checked_add(1)?)?))
    }

    /// The next day that is the `day`th of its month.
    fn of_month(&self, day: i8) -> Option<(Date, Date)> {
        let first = self.today.first_of_month();
        let in_month = |months: i32| {
            let month = first.checked_add(Span::new().try_months(months).ok()?).ok()?;
            let date = Date::new(month.year(), month.month(), day).ok()?;
            (date >= self.today).then_some(date)
        };
        let date = (0..=2).find_map(in_month)?;
        self.run(date, 0, 1)
    }

    fn of_year(&self, month: i8, day: i8) -> Option<(Date, Date)> {
        let in_year =
            |year: i16| Date::new(year, month, day).ok().filter(|date| *date >= self.today);
        let year = self.today.year();
        let date = in_year(year).or_else(|| in_year(year.checked_add(1)?))?;
        self.run(date, 0, 1)
    }

    /// What is said of hours on any of the next days, the next ones first.
    fn dayless(&self, expression: &Expression) -> Vec<Window> {
        let days: Vec<_> =
            (0..DAYLESS_DAYS).filter_map(|ahead| self.run(self.today, ahead, 1)).collect();
        let mut found = self.on_days(expression, Bound::On, &days);
        for window in &mut found {
            // That it is the next one goes without saying.
            window.assumed = window.assumed.filter(|assumed| *assumed != Assumed::Day);
        }
        found
    }

    fn on_days(&self, expression: &Expression, bound: Bound, days: &[(Date, Date)]) -> Vec<Window> {
        let ambiguous = days.len() > 1;
        let mut found = Vec::new();
        for (first, after) in days {
            for mut window in self.within(expression, *first, *after) {
                if ambiguous {
                    window.assumed = window.assumed.or(Some(Assumed::Day));
                }
                found.extend(self.bounded(bound, window));
            }
        }
        found
    }

    /// What is said of hours on each day of a run; the whole run when nothing is.
    fn within(&self, expression: &Expression, first: Date, after: Date) -> Vec<Window> {
        let stretches = self.stretches(expression);
        if expression.clock.is_none() && expression.part.is_none() {
            return self.window(first, 0, after, 0).into_iter().collect();
        }
        let mut found = Vec::new();
        let mut date = first;
        while date < after {
            for stretch in &stretches {
                found.extend(self.laid(*stretch, date));
            }
            let Some(next) = later_date(date, 1) else { break };
            date = next;
        }
        found
    }

    /// `stretch` on `date`. A moment has its length by the watch: the clocks may be changed within it.
    fn laid(&self, stretch: Stretch, date: Date) -> Option<Window> {
        let Stretch { from, to, assumed, point } = stretch;
        if !point {
            return Some(Window { assumed, point, ..self.window(date, from, date, to)? });
        }
        let seconds = u64::try_from(to - from).ok()?.checked_mul(60)?;
        let from = self.moment(date, from)?;
        let to = from.saturating_add(Duration::from_secs(seconds));
        Some(Window { from, to, assumed, point })
    }

    fn bounded(&self, bound: Bound, window: Window) -> Option<Window> {
        let open = |from: Timestamp| {
            let date = local(&self.zone, from)?.date();
            let to = self.moment(later_date(date, OPEN_DAYS)?, 0)?;
            Some(Window { from, to, point: false, ..window })
        };
        match bound {
            Bound::On => Some(window),
            Bound::From => open(window.from),
            Bound::After => open(window.to),
            Bound::Before => {
                Some(Window { from: self.now, to: window.from, point: false, ..window })
            }
            Bound::By => Some(Window { from: self.now, to: window.to, point: false, ..window }),
        }
    }

    /// What an expression says of the hours of a day, the likeliest first.
    fn stretches(&self, expression: &Expression) -> Vec<Stretch> {
        let part = expression.part;
        let whole = |part: Part| Stretch {
            from: i64::from(part.from),
            to: i64::from(part.to),
            assumed: None,
            point: false,
        };
        match expression.clock {
            None => part.map(whole).into_iter().collect(),
            Some(Clock::Between(first, second)) => self.between(first, second, part),
            Some(Clock::At(hour)) => self.each(hour, part, |minute| {
                let exact = hour.minute.is_some();
                let length = if exact { MINUTE_WINDOW_MINUTES } else { HOUR_WINDOW_MINUTES };
                (minute, minute + length, true)
            }),
            Some(Clock::Around(hour)) => self.each(hour, part, |minute| {
                (minute - AROUND_MINUTES, minute + AROUND_MINUTES, false)
            }),
            Some(Clock::After(hour)) => self.each(hour, part, |minute| {
                let evening = i64::from(self.quiet.from_minute);
                let end = if minute < evening { evening } else { 24 * 60 };
                (minute, part.map_or(end, |part| i64::from(part.to)).max(minute + 1), false)
            }),
            Some(Clock::Before(hour)) => self.each(hour, part, |minute| {
                let morning = i64::from(self.quiet.to_minute);
                let start = if minute > morning { morning } else { 0 };
                (part.map_or(start, |part| i64::from(part.from)).min(minute - 1), minute, false)
            }),
        }
    }

    fn each(
        &self,
        hour: Hour,
        part: Option<Part>,
        stretch: impl Fn(i64) -> (i64, i64, bool),
    ) -> Vec<Stretch> {
        let (minutes, assumed) = self.readings(hour, part);
        let with = |minute: i64| {
            let (from, to, point) = stretch(minute);
            let taken = i8::try_from(minute / 60).ok().map(Assumed::Hour);
            Stretch { from, to, assumed: taken.filter(|_| assumed), point }
        };
        minutes.into_iter().map(with).collect()
    }

    fn between(&self, first: Hour, second: Hour, part: Option<Part>) -> Vec<Stretch> {
        let (ends, end_assumed) = self.readings(second, part);
        let (starts, start_assumed) = self.readings(first, part);
        // "9 to 11 am", "3-5 pm": what is said of the second hour holds of the first where that fits.
        let said = second.half.is_some() && first.half.is_none();
        let all_ends = if said { ends } else { both_halves(second) };
        let all_starts = if said { both_halves(first) } else { starts };
        let mut found = Vec::new();
        for start in all_starts {
            let end = all_ends.iter().copied().filter(|end| *end > start).min();
            let Some(end) = end else { continue };
            let assumed = (start_assumed || end_assumed) && !said;
            let taken = i8::try_from(start / 60).ok().map(Assumed::Hour).filter(|_| assumed);
            found.push(Stretch { from: start, to: end, assumed: taken, point: false });
        }
        found.sort_by_key(|stretch| stretch.to - stretch.from);
        found
    }

    /// Minutes of the day that `hour` may mean, and whether that had to be assumed.
    fn readings(&self, hour: Hour, part: Option<Part>) -> (Vec<i64>, bool) {
        let minutes = both_halves(hour);
        if minutes.len() == 1 {
            return (minutes, false);
        }
        if let Some(part) = part {
            let morning = i64::from(part.to) <= NOON;
            return (
                minutes.into_iter().filter(|minute| (*minute < NOON) == morning).collect(),
                false,
            );
        }
        let awake =
            |minute: &i64| i16::try_from(*minute).is_ok_and(|minute| !self.quiet.holds(minute));
        (minutes.into_iter().filter(awake).collect(), true)
    }

    /// The window from a minute of one day to a minute of another.
    fn window(&self, first: Date, from: i64, last: Date, to: i64) -> Option<Window> {
        let (from, to) = (self.moment(first, from)?, self.moment(last, to)?);
        (from < to).then_some(Window { from, to, assumed: None, point: false })
    }

    /// The moment of `minute` on `date`, which may lie before or after its midnights. A local time that a
    /// clock change skips is the same time by the old offset.
    fn moment(&self, date: Date, minute: i64) -> Option<Timestamp> {
        let days = i32::try_from(minute.div_euclid(24 * 60)).ok()?;
        let minute = minute.rem_euclid(24 * 60);
        let date = later_date(date, days)?;
        let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
        let moment = date.at(hour, minute, 0, 0).to_zoned(self.zone.clone()).ok()?;
        Timestamp::from_millis(moment.timestamp().as_millisecond())
    }
}

/// Minutes of the day of `hour` before and after noon, as far as it says.
fn both_halves(hour: Hour) -> Vec<i64> {
    let minute = i64::from(hour.minute.unwrap_or(0));
    let told = i64::from(hour.hour);
    let (am, pm) = ((told % 12) * 60 + minute, (told % 12) * 60 + NOON + minute);
    match hour.half {
        Some(Half::Am) => vec![am],
        Some(Half::Pm) => vec![pm],
        None if (1..=12).contains(&told) => vec![am, pm],
        None => vec![told * 60 + minute],
    }
}

/// `now` on the clocks of `zone`.
pub(crate) fn local(zone: &TimeZone, moment: Timestamp) -> Option<Zoned> {
    let moment = jiff::Timestamp::from_millisecond(moment.as_millis()).ok()?;
    Some(moment.to_zoned(zone.clone()))
}

fn later_date(date: Date, days: i32) -> Option<Date> {
    date.checked_add(Span::new().try_days(days).ok()?).ok()
}
