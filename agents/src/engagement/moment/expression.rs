//! Finds the words of a reply that name a moment or a span, without asking yet when that is.

mod clock;
mod names;

pub(crate) use names::{number_word, ordinal_word};

use crate::engagement::understanding::words::{Kind, Token};
use jiff::civil::Weekday;
use names::{BETWEEN_PIECES, BETWEEN_PIECES_MAX, LAST, UNITS, WISHES, month, weekday, which_of};
use std::ops::Range;

/// Words that name a moment or a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expression {
    /// The tokens that it is made of.
    pub(crate) tokens: Range<usize>,
    pub(crate) day: Option<(Bound, Day)>,
    pub(crate) part: Option<Part>,
    pub(crate) clock: Option<Clock>,
    pub(crate) ahead: Option<Ahead>,
    /// It speaks of what is over: "yesterday", "since Monday".
    pub(crate) past: bool,
    /// Busy until then, rather than free until then, unless the reply says otherwise.
    pub(crate) until: bool,
}

/// How a moment is bounded by a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    On,
    /// On it or later.
    From,
    After,
    Before,
    /// On it or earlier.
    By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Day {
    /// Days from today.
    Ahead(i32),
    Weekday(Weekday, Which),
    Weekend(Which),
    /// Weeks from this one.
    Week(i32),
    /// Months from this one.
    Month(i32),
    OfMonth(i8),
    OfYear {
        month: i8,
        day: i8,
    },
    Exact {
        year: i16,
        month: i8,
        day: i8,
    },
}

/// Which of several days of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Coming,
    This,
    Next,
}

/// A part of the day, in minutes of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) from: i16,
    pub(crate) to: i16,
}

/// An hour as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hour {
    pub(crate) hour: i8,
    pub(crate) minute: Option<i8>,
    /// Said to be before or after noon.
    pub(crate) half: Option<Half>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Am,
    Pm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    At(Hour),
    Around(Hour),
    After(Hour),
    Before(Hour),
    Between(Hour, Hour),
}

/// A span counted from the moment of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ahead {
    In { minutes: i64 },
    Within { minutes: i64 },
}

/// All expressions in `tokens`. Ordinals up to `offers` number offers, not days.
pub(crate) fn expressions(tokens: &[Token], offers: usize) -> Vec<Expression> {
    let parser = Parser { tokens, offers };
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match parser.expression(at) {
            Some(expression) => {
                at = expression.tokens.end;
                found.push(expression);
            }
            None => at += 1,
        }
    }
    found
}

struct Parser<'a> {
    tokens: &'a [Token],
    offers: usize,
}

/// A piece of an expression and the index after it.
type Piece<T> = Option<(T, usize)>;

impl Parser<'_> {
    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(word))
    }

    fn is_any(&self, at: usize, words: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_any(words))
    }

    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).filter(|token| token.kind == Kind::Word).map_or("", |token| &token.text)
    }

    /// The expression that begins at `at`.
    fn expression(&self, at: usize) -> Option<Expression> {
        if at > 0 && self.is_any(at - 1, WISHES) {
            return None;
        }
        if let Some((past, end)) = self.past(at) {
            return Some(Expression { tokens: at..end, past, ..Expression::default() });
        }
        if let Some((mut expression, end)) = self.ahead(at) {
            expression.tokens = at..end;
            return Some(expression);
        }
        let mut expression = Expression { tokens: at..at, ..Expression::default() };
        let mut end = at;
        while let Some(next) = self.next_piece(&mut expression, end, end == at) {
            end = next;
        }
        expression.tokens.end = end;
        let empty = expression.day.is_none() && expression.part.is_none();
        (end > at && !(empty && expression.clock.is_none())).then_some(expression)
    }

    /// Takes the piece that begins at `at`, or after words between pieces; the index after it.
    fn next_piece(&self, expression: &mut Expression, at: usize, first: bool) -> Option<usize> {
        let skips = if first { 0 } else { BETWEEN_PIECES_MAX };
        for skipped in 0..=skips {
            let here = at + skipped;
            if let Some(end) = self.piece(expression, here, first) {
                return Some(end);
            }
            let between = self.is_any(here, BETWEEN_PIECES)
                || self.tokens.get(here).is_some_and(|token| token.kind == Kind::Comma);
            if !between {
                return None;
            }
        }
        None
    }

    fn piece(&self, expression: &mut Expression, at: usize, first: bool) -> Option<usize> {
        if expression.day.is_none()
            && let Some((bound, until, day, part, end)) = self.day(at)
        {
            expression.day = Some((bound, day));
            expression.until |= until;
            expression.part = expression.part.or(part);
            return Some(end);
        }
        if expression.clock.is_none()
            && let Some(((clock, until), end)) = self.clock(at, first)
        {
            expression.clock = Some(clock);
            expression.until |= until;
            return Some(end);
        }
        if expression.part.is_none()
            && let Some((part, end)) = self.part(at)
        {
            expression.part = Some(part);
            return Some(end);
        }
        None
    }

    /// What is over: "yesterday", "last week", "two days ago", "since Monday".
    fn past(&self, at: usize) -> Piece<bool> {
        if self.is(at, "yesterday") {
            return Some((true, at + 1));
        }
        let named = |at: usize| weekday(self.word(at)).is_some() || self.is_any(at, LAST);
        if self.is(at, "last") && named(at + 1) {
            return Some((true, at + 2));
        }
        if self.is(at, "since") {
            let (_, _, _, _, end) = self.day(at + 1)?;
            return Some((true, end));
        }
        let (_, unit) = self.count(at)?;
        (self.is_any(unit, UNITS) && self.is_any(unit + 1, &["ago", "back"]))
            .then_some((true, unit + 2))
    }

    /// "in two hours", "in half an hour", "within a day", "two hours from now", "in a week".
    fn ahead(&self, at: usize) -> Piece<Expression> {
        let lead = self.word(at);
        let within = lead == "within";
        let led = within || ["in", "after"].contains(&lead);
        let start = at + usize::from(led);
        let start = start + usize::from(self.is_any(start, &["about", "around", "like", "say"]));
        let (amount, unit) = self.count(start)?;
        let end = unit + 1;
        let trailed = self.is(end, "later")
            || (self.is(end, "from") && self.is_any(end + 1, &["now", "today"]));
        let (trail, only_trail) = match self.word(end) {
            "later" => (1, true),
            "from" if trailed => (2, true),
            _ => (0, false),
        };
        if !led && !only_trail {
            return None;
        }
        let minutes = amount.minutes(self.word(unit))?;
        let end = end + trail;
        let whole_days = minutes % DAY_MINUTES == 0;
        let expression = if within {
            Expression { ahead: Some(Ahead::Within { minutes }), ..Expression::default() }
        } else if whole_days {
            let days = i32::try_from(minutes / DAY_MINUTES).ok()?;
            Expression { day: Some((Bound::On, Day::Ahead(days))), ..Expression::default() }
        } else {
            Expression { ahead: Some(Ahead::In { minutes }), ..Expression::default() }
        };
        Some((expression, end))
    }

    /// An amount of units: "two", "an", "half an", "a couple of", "one and a half"; the index of its unit.
    fn count(&self, at: usize) -> Piece<Amount> {
        if self.is(at, "half") {
            let end = at + 1 + usize::from(self.is_any(at + 1, &["a", "an"]));
            return Some((Amount { doubled: 1 }, end));
        }
        if self.is_any(at, &["a", "an"]) {
            if self.is(at + 1, "couple") {
                let end = at + 2 + usize::from(self.is(at + 2, "of"));
                return Some((Amount { doubled: 4 }, end));
            }
            return Some((Amount { doubled: 2 }, at + 1));
        }
        let value = i64::from(self.number(at)?);
        let halved = self.is(at + 1, "and") && self.is(at + 2, "a") && self.is(at + 3, "half");
        let doubled = value.checked_mul(2)? + i64::from(halved);
        Some((Amount { doubled }, if halved { at + 4 } else { at + 1 }))
    }

    /// A whole number in digits or words.
    fn number(&self, at: usize) -> Option<u32> {
        match self.tokens.get(at)?.kind {
            Kind::Number { value, ordinal: false } => Some(value),
            Kind::Word => number_word(self.word(at)),
            _ => None,
        }
    }

    /// A day with what bounds it and, for "tonight", the part of it.
    fn day(&self, at: usize) -> Option<(Bound, bool, Day, Option<Part>, usize)> {
        let (bound, until, start) = self.day_bound(at);
        let start = start + usize::from(self.is(start, "the"));
        let (day, part, end) = self.named_day(start)?;
        // "from Monday on", "Friday onwards": from then on.
        let onwards = self.is_any(end, &["onwards", "onward"]);
        let bound = if onwards { Bound::From } else { bound };
        Some((bound, until, day, part, end + usize::from(onwards)))
    }

    fn day_bound(&self, at: usize) -> (Bound, bool, usize) {
        let negated = self.is_any(at, &["not", "never"]) || self.is(at, "no");
        let next = at + usize::from(negated);
        let compared = self.is(next + 1, "than");
        match (negated, self.word(next), compared) {
            (true, "before" | "until" | "till", _) => (Bound::From, false, next + 1),
            (true, "earlier" | "sooner", true) => (Bound::From, false, next + 2),
            (true, "later", true) => (Bound::By, false, next + 2),
            (true, "after", _) => (Bound::By, false, next + 1),
            (false, "later", true) => (Bound::After, false, next + 2),
            (false, "earlier" | "sooner", true) => (Bound::Before, false, next + 2),
            (false, "before", _) => (Bound::Before, false, next + 1),
            (false, "after", _) => (Bound::After, false, next + 1),
            (false, "by", _) => (Bound::By, false, next + 1),
            (false, "from", _) => (Bound::From, false, next + 1),
            (false, "until" | "till", _) => (Bound::From, true, next + 1),
            (false, "on" | "for" | "in" | "at" | "over" | "during", _) => {
                (Bound::On, false, next + 1)
            }
            _ => (Bound::On, false, at),
        }
    }

    fn named_day(&self, at: usize) -> Option<(Day, Option<Part>, usize)> {
        let plain = |day: Day, length: usize| Some((day, None, at + length));
        match self.word(at) {
            "today" => return plain(Day::Ahead(0), 1),
            "tonight" => return Some((Day::Ahead(0), Some(TONIGHT), at + 1)),
            "tomorrow" => return plain(Day::Ahead(1), 1),
            "day" if self.is(at + 1, "after") && self.is(at + 2, "tomorrow") => {
                return plain(Day::Ahead(2), 3);
            }
            "later" if self.is(at + 1, "today") => return plain(Day::Ahead(0), 2),
            "week" if self.is(at + 1, "after") && self.is(at + 2, "next") => {
                return plain(Day::Week(2), 3);
            }
            _ => {}
        }
        if self.is(at, "this") && self.part(at + 1).is_some() && !self.is(at + 1, "weekend") {
            return plain(Day::Ahead(0), 1);
        }
        self.weekday_or_week(at).or_else(|| self.date(at).map(|(day, end)| (day, None, end)))
    }

    fn weekday_or_week(&self, at: usize) -> Option<(Day, Option<Part>, usize)> {
        let mut name = at;
        let mut which = Which::Coming;
        while let Some(found) = which_of(self.word(name)) {
            which = found;
            name += 1;
        }
        let named = |day: Day, end: usize| Some((day, None, end));
        match (self.word(name), which) {
            ("weekend", _) => return named(Day::Weekend(which), name + 1),
            ("week", Which::Next) => {
                let on = name + 1 + usize::from(self.is(name + 1, "on"));
                return match weekday(self.word(on)) {
                    Some(day) => named(Day::Weekday(day, Which::Next), on + 1),
                    None => named(Day::Week(1), name + 1),
                };
            }
            ("week", Which::This) => return named(Day::Week(0), name + 1),
            ("month", Which::Next) => return named(Day::Month(1), name + 1),
            _ => {}
        }
        let day = weekday(self.word(name))?;
        let after = name + 1;
        let next_week = self.is(after, "next") && self.is(after + 1, "week");
        let this_week = self.is(after, "this") && self.is(after + 1, "week");
        match (next_week, this_week) {
            (true, _) => named(Day::Weekday(day, Which::Next), after + 2),
            (_, true) => named(Day::Weekday(day, Which::This), after + 2),
            _ => named(Day::Weekday(day, which), after),
        }
    }

    /// "the 5th", "5 March", "March 5th", "2026-03-05".
    fn date(&self, at: usize) -> Piece<Day> {
        if let Some(Token { kind: Kind::Date { year, month, day }, .. }) = self.tokens.get(at) {
            return Some((Day::Exact { year: *year, month: *month, day: *day }, at + 1));
        }
        if let Some(month) = month(self.word(at)) {
            let day = self.day_number(at + 1)?;
            return Some((Day::OfYear { month, day }, at + 2));
        }
        let day = self.day_number(at)?;
        let named = at + 1 + usize::from(self.is(at + 1, "of"));
        if let Some(month) = month(self.word(named)) {
            return Some((Day::OfYear { month, day }, named + 1));
        }
        let ordinal = matches!(self.tokens[at].kind, Kind::Number { ordinal: true, .. })
            || ordinal_word(self.word(at)).is_some_and(|value| value > 3);
        let counts_offers = usize::try_from(day).is_ok_and(|day| day <= self.offers);
        let noun = self.is_any(at + 1, &["one", "option", "slot", "time", "choice", "call"]);
        (ordinal && !counts_offers && !noun).then_some((Day::OfMonth(day), at + 1))
    }

    /// A day of a month, in digits or words.
    fn day_number(&self, at: usize) -> Option<i8> {
        let value = match self.tokens.get(at)?.kind {
            Kind::Number { value, .. } => value,
            Kind::Word => ordinal_word(self.word(at))?,
            _ => return None,
        };
        i8::try_from(value).ok().filter(|day| (1..=31).contains(day))
    }

    /// A part of the day: "morning", "after lunch", "late afternoon".
    fn part(&self, at: usize) -> Piece<Part> {
        let (before, after) = (self.is(at, "before"), self.is(at, "after"));
        let start = at + usize::from(before || after);
        let start = start + usize::from(self.is(start, "the"));
        if before || after {
            let part = match self.word(start) {
                "lunch" | "lunchtime" if after => Part { from: 13 * 60 + 30, to: 18 * 60 },
                "lunch" | "lunchtime" => Part { from: 8 * 60, to: 12 * 60 + 30 },
                "work" | "office" | "school" if after => Part { from: 17 * 60 + 30, to: 21 * 60 },
                "work" | "office" | "school" => Part { from: 7 * 60, to: 9 * 60 },
                "breakfast" if after => Part { from: 9 * 60, to: 12 * 60 },
                "dinner" if after => Part { from: 20 * 60, to: 22 * 60 },
                "dinner" => Part { from: 17 * 60, to: 20 * 60 },
                _ => return None,
            };
            return Some((part, start + 1));
        }
        let modified = self.is_any(at, &["early", "late", "mid"]);
        let name = at + usize::from(modified);
        let part = match self.word(name) {
            "morning" | "mornings" => Part { from: 6 * 60, to: 12 * 60 },
            "lunch" | "lunchtime" => Part { from: 12 * 60, to: 14 * 60 },
            "afternoon" | "afternoons" => Part { from: 12 * 60, to: 17 * 60 },
            "evening" | "evenings" => Part { from: 17 * 60, to: 22 * 60 },
            "night" => Part { from: 20 * 60, to: 24 * 60 },
            _ => return None,
        };
        let (third, length) = ((part.to - part.from) / 3, part.to - part.from);
        let part = match self.word(at) {
            "early" => Part { to: part.from + length / 2, ..part },
            "late" => Part { from: part.to - length / 2, ..part },
            "mid" => Part { from: part.from + third, to: part.to - third },
            _ => part,
        };
        Some((part, name + 1))
    }
}

/// Minutes of a day.
const DAY_MINUTES: i64 = 24 * 60;
/// "Tonight".
const TONIGHT: Part = Part { from: 18 * 60, to: 24 * 60 };

/// An amount, in halves.
struct Amount {
    doubled: i64,
}

impl Amount {
    /// In minutes of `unit`.
    fn minutes(&self, unit: &str) -> Option<i64> {
        let each = match unit {
            "minute" | "minutes" => 1,
            "hour" | "hours" => 60,
            "day" | "days" => DAY_MINUTES,
            "week" | "weeks" => 7 * DAY_MINUTES,
            _ => return None,
        };
        // Half a minute is a minute.
        self.doubled.checked_mul(each).map(|halves| (halves + 1) / 2).filter(|minutes| *minutes > 0)
    }
}
