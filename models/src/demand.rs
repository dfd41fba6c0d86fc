//! Foresees how many visits a workshop will have on each of the next days.
//!
//! A day's visits are those that are booked already and those that will still be booked. How many are still to come is
//! learned from past days, by how far ahead their visits were booked: the pickup of advance bookings, as in
//! L. R. Weatherford and S. E. Kimes, "A comparison of forecasting methods for hotel revenue management",
//! Int. J. Forecasting 19, 2003. Counts are taken as Poisson with a Gamma rate, so that few past days give a wide interval.
//! Bookings that are cancelled later are not foreseen: a day never has fewer visits than are booked.

use messages::booking::DemandMethod;

/// Days ahead that are foreseen, today included.
pub const DAYS: usize = 14;
/// How far ahead a visit can have been booked, in days; the last stands for this and more.
pub const LEADS: usize = DAYS + 1;
/// Fewest past open days from which anything is foreseen.
pub const BASIS_DAYS_MIN: usize = 7;
/// Past open days from which weekdays are told apart.
pub const WEEKDAYS_FROM: usize = 28;
/// Share of cases in which the truth is meant to lie between `low` and `high`.
pub const COVERAGE: f64 = 0.8;

/// Days' worth of the average of all days that is added to what is known of one weekday.
const AVERAGE_DAYS: f64 = 2.0;
/// What is less likely than this is not summed up.
const NEGLIGIBLE: f64 = 1e-9;
/// Visits of one day beyond which nothing is counted.
const VISITS_MAX: usize = 2_000;

/// The visits of one past day on which the workshop was open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// 1 for Monday to 7 for Sunday.
    pub weekday: u8,
    /// Visits by the days ahead at which they were booked.
    pub visits_by_lead: [u16; LEADS],
}

/// What is known of a day to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// 1 for Monday to 7 for Sunday.
    pub weekday: u8,
    /// The workshop opens.
    pub open: bool,
    /// Visits that are booked.
    pub booked: u16,
}

/// How many visits there will be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Foreseen {
    /// The mean.
    pub visits: f64,
    /// Fewer are seen in one case of ten.
    pub low: u16,
    /// More are seen in one case of ten.
    pub high: u16,
}

/// What is foreseen from the first day on.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// How it was made.
    pub method: DemandMethod,
    /// Past open days that it rests on.
    pub basis_days: usize,
    /// Each day.
    pub days: Vec<Foreseen>,
    /// The first days together, as many as there are in each of the spans asked for.
    pub totals: Vec<Foreseen>,
}

/// Foresees `days`, the first of them at its midnight, and the first so many of them together for each of `spans`.
/// `None` with fewer than [`BASIS_DAYS_MIN`] past days: that is too little to say anything.
#[must_use]
pub fn forecast(past: &[Past], days: &[Known], spans: &[usize]) -> Option<Forecast> {
    if past.len() < BASIS_DAYS_MIN {
        return None;
    }
    let method =
        if past.len() < WEEKDAYS_FROM { DemandMethod::Pickup } else { DemandMethod::WeekdayPickup };
    let still_to_come: Vec<Pickup> = days
        .iter()
        .enumerate()
        .map(|(lead, day)| match day.open {
            true => Pickup::of(past, method, day.weekday, lead),
            false => Pickup::NONE,
        })
        .collect();
    let booked = |span: usize| days.iter().take(span).map(|day| day.booked).sum();
    let foreseen = days.iter().zip(&still_to_come);
    let foreseen = foreseen.map(|(day, pickup)| beside(day.booked, pickup.mean, &pickup.chances()));
    let total = |&span: &usize| {
        let within = still_to_come.iter().take(span);
        let mean = within.clone().map(|pickup| pickup.mean).sum();
        let chances = within.fold(vec![1.0], |sum, pickup| together(&sum, &pickup.chances()));
        beside(booked(span), mean, &chances)
    };
    let (days, totals) = (foreseen.collect(), spans.iter().map(total).collect());
    Some(Forecast { method, basis_days: past.len(), days, totals })
}

/// The visits of a day that will still be booked: Poisson, with a rate that is Gamma of this `shape` and of `days` as its rate.
#[derive(Clone, Copy, Debug)]
struct Pickup {
    shape: f64,
    days: f64,
    mean: f64,
}

impl Pickup {
    /// Of a day on which the workshop is closed.
    const NONE: Self = Self { shape: 0.0, days: 1.0, mean: 0.0 };

    fn of(past: &[Past], method: DemandMethod, weekday: u8, lead: usize) -> Self {
        let booked_since = |day: &Past| -> f64 {
            let visits: u32 =
                day.visits_by_lead.iter().take(lead + 1).copied().map(u32::from).sum();
            f64::from(visits)
        };
        let sum = |days: &[&Past]| days.iter().copied().map(booked_since).sum::<f64>();
        let all: Vec<&Past> = past.iter().collect();
        // Half a visit: what Jeffreys gives to a rate of which nothing has been seen.
        let (shape, days) = (sum(&all) + 0.5, count(all.len()));
        if method == DemandMethod::Pickup {
            return Self { shape, days, mean: shape / days };
        }
        let alike: Vec<&Past> = past.iter().filter(|day| day.weekday == weekday).collect();
        let shape = AVERAGE_DAYS * shape / days + sum(&alike);
        let days = AVERAGE_DAYS + count(alike.len());
        Self { shape, days, mean: shape / days }
    }

    /// The chance of each number of visits, from none on: negative binomial.
    fn chances(&self) -> Vec<f64> {
        let stays = self.days / (self.days + 1.0);
        let mut chance = stays.powf(self.shape);
        let (mut chances, mut sum) = (vec![chance], chance);
        while sum < 1.0 - NEGLIGIBLE && chances.len() < VISITS_MAX {
            let seen = count(chances.len() - 1);
            chance *= (self.shape + seen) / (seen + 1.0) * (1.0 - stays);
            sum += chance;
            chances.push(chance);
        }
        chances
    }
}

/// The chances of the sum of two independent numbers.
fn together(one: &[f64], other: &[f64]) -> Vec<f64> {
    let mut chances = vec![0.0; (one.len() + other.len() - 1).min(VISITS_MAX)];
    for (at, first) in one.iter().enumerate() {
        for (chance, second) in chances.iter_mut().skip(at).zip(other) {
            *chance += first * second;
        }
    }
    chances
}

fn beside(booked: u16, mean: f64, chances: &[f64]) -> Foreseen {
    let tail = (1.0 - COVERAGE) / 2.0;
    let visits = |share| booked.saturating_add(quantile(chances, share));
    Foreseen { visits: f64::from(booked) + mean, low: visits(tail), high: visits(1.0 - tail) }
}

/// The least number that is not exceeded with a chance of `share`.
fn quantile(chances: &[f64], share: f64) -> u16 {
    let sums = chances.iter().scan(0.0, |sum, chance| {
        *sum += chance;
        Some(*sum)
    });
    let below = sums.take_while(|sum| *sum < share).count();
    u16::try_from(below).unwrap_or(u16::MAX)
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many weeks, with a visit booked the day before on each day, and `more` on Mondays booked the same day.
    fn weeks(number: usize, more: u16) -> Vec<Past> {
        let day = |weekday: u8| {
            let mut visits_by_lead = [0; LEADS];
            visits_by_lead[1] = 1;
            visits_by_lead[0] = if weekday == 1 { more } else { 0 };
            Past { weekday, visits_by_lead }
        };
        (0..number).flat_map(|_| (1..=7).map(day)).collect()
    }

    fn days(first: u8, booked: &[u16]) -> Vec<Known> {
        let day = |(ahead, booked): (u8, &u16)| {
            let weekday = (first - 1 + ahead) % 7 + 1;
            Known { weekday, open: weekday != 7, booked: *booked }
        };
        (0..).zip(booked).map(day).collect()
    }

    #[test]
    fn of_less_than_a_week_nothing_is_foreseen() {
        assert_eq!(forecast(&weeks(1, 0)[1..], &days(1, &[0]), &[]), None);
        let week = forecast(&weeks(1, 0), &days(1, &[0, 0]), &[]).unwrap();
        assert_eq!((week.method, week.basis_days), (DemandMethod::Pickup, 7));
    }

    #[test]
    fn what_is_booked_stays_and_what_is_usually_booked_later_is_added() {
        let found = forecast(&weeks(8, 0), &days(1, &[3, 3]), &[]).unwrap();
        let [today, tomorrow] = found.days[..] else { panic!("two days") };
        assert!((3.0..3.2).contains(&today.visits), "nobody books the same day: {today:?}");
        assert!((3.9..4.2).contains(&tomorrow.visits), "one books the day before: {tomorrow:?}");
        assert_eq!((today.low, tomorrow.low), (3, 3), "never fewer than are booked");
        assert!(tomorrow.high > 4);
    }

    #[test]
    fn with_four_weeks_known_weekdays_are_told_apart() {
        let all_alike = forecast(&weeks(3, 7), &days(1, &[0, 0]), &[]).unwrap();
        assert!(all_alike.days[0].visits < 1.2, "{:?}", all_alike.days[0]);
        let apart = forecast(&weeks(8, 7), &days(1, &[0, 0, 0]), &[]).unwrap();
        assert_eq!(apart.method, DemandMethod::WeekdayPickup);
        let [monday, tuesday, _] = apart.days[..] else { panic!("three days") };
        assert!(monday.visits > 5.5 && tuesday.visits < 1.5, "{monday:?} {tuesday:?}");
    }

    #[test]
    fn on_a_closed_day_nothing_more_is_foreseen() {
        let found = forecast(&weeks(8, 2), &days(6, &[0, 0, 0]), &[]).unwrap();
        assert_eq!(found.days[1], Foreseen { visits: 0.0, low: 0, high: 0 }, "a Sunday");
    }

    #[test]
    fn days_together_are_narrower_than_their_intervals_added_up() {
        let found = forecast(&weeks(8, 2), &days(1, &[0; 14]), &[1, 3, 14]).unwrap();
        let [day, three, all] = found.totals[..] else { panic!("three spans") };
        assert_eq!(day, found.days[0]);
        let sum = |days: &[Foreseen]| days.iter().map(|day| day.visits).sum::<f64>();
        assert!((three.visits - sum(&found.days[..3])).abs() < 1e-9);
        assert!((all.visits - sum(&found.days)).abs() < 1e-9);
        let widths: u16 = found.days.iter().map(|day| day.high - day.low).sum();
        assert!(all.high - all.low < widths, "{all:?}");
    }

    #[test]
    fn chances_add_up_to_one_and_have_the_mean() {
        let pickup = Pickup { shape: 12.5, days: 7.0, mean: 12.5 / 7.0 };
        let chances = pickup.chances();
        assert!((chances.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        let mean: f64 = chances.iter().zip(0_u8..).map(|(chance, n)| chance * f64::from(n)).sum();
        assert!((mean - pickup.mean).abs() < 1e-6, "{mean}");
        assert_eq!(Pickup::NONE.chances(), [1.0]);
    }
}
