//! Finds times of day: "at 6", "half past six", "between 3 and 5".

use super::names::{BETWEEN_PIECES, BETWEEN_PIECES_MAX, COUNTED, NUMBERS_OPTIONS};
use super::{Clock, Half, Hour, Parser, Piece};
use crate::engagement::understanding::words::Kind;

/// How a moment is bounded by an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    At,
    Around,
    After,
    Before,
    Until,
}

impl Parser<'_> {
    /// A time of day. Alone, a bare number is none; beside a day or a part of one it is.
    pub(super) fn clock(&self, at: usize, first: bool) -> Piece<(Clock, bool)> {
        if let Some((clock, end)) = self.span_of_hours(at, first) {
            return Some(((clock, false), end));
        }
        let (relation, start) = self.relation(at);
        let (hour, certain, end) = self.hour(start)?;
        let led = start > at;
        let beside = !first || self.is_beside_day(end);
        let optioned = at > 0 && self.is_any(at - 1, NUMBERS_OPTIONS);
        let numeric = matches!(self.tokens[start].kind, Kind::Number { .. });
        if !(certain || led || (beside && numeric && !optioned)) {
            return None;
        }
        let clock = match relation {
            Relation::At => Clock::At(hour),
            Relation::Around => Clock::Around(hour),
            Relation::After | Relation::Until => Clock::After(hour),
            Relation::Before => Clock::Before(hour),
        };
        Some(((clock, relation == Relation::Until), end))
    }

    /// Whether a day or part of one follows, as in "6 tonight".
    fn is_beside_day(&self, at: usize) -> bool {
        (0..=BETWEEN_PIECES_MAX)
            .take_while(|skipped| *skipped == 0 || self.is_any(at + skipped - 1, BETWEEN_PIECES))
            .any(|skipped| self.day(at + skipped).is_some() || self.part(at + skipped).is_some())
    }

    fn relation(&self, at: usize) -> (Relation, usize) {
        let negated = self.is_any(at, &["not", "no", "never"]);
        let next = at + usize::from(negated);
        let compared = self.is(next + 1, "than");
        match (negated, self.word(next), compared) {
            (true, "before" | "until" | "till", _) => (Relation::After, next + 1),
            (true, "earlier" | "sooner", true) => (Relation::After, next + 2),
            (true, "after" | "past", _) => (Relation::Before, next + 1),
            (true, "later", true) => (Relation::Before, next + 2),
            (false, "later", true) => (Relation::After, next + 2),
            (false, "earlier" | "sooner", true) => (Relation::Before, next + 2),
            (false, "after" | "past" | "from", _) => (Relation::After, next + 1),
            (false, "before" | "by", _) => (Relation::Before, next + 1),
            (false, "until" | "till", _) => (Relation::Until, next + 1),
            (false, "around" | "about" | "near", _) => (Relation::Around, next + 1),
            (false, "at", _) => {
                let around = self.is_any(next + 1, &["around", "about"]);
                let relation = if around { Relation::Around } else { Relation::At };
                (relation, next + 1 + usize::from(around))
            }
            _ => (Relation::At, at),
        }
    }

    /// "between 3 and 5", "from 3 to 5", "3-5 pm".
    fn span_of_hours(&self, at: usize, alone: bool) -> Piece<Clock> {
        let led = self.is_any(at, &["between", "from"]);
        let (first, first_certain, middle) = self.hour(at + usize::from(led))?;
        let dashed = self.tokens.get(middle).is_some_and(|token| token.kind == Kind::Dash);
        let joined = dashed
            || self.is_any(middle, &["to", "till", "until"])
            || (led && self.is(middle, "and"));
        if !joined {
            return None;
        }
        let (second, second_certain, end) = self.hour(middle + 1)?;
        (led || !alone || first_certain || second_certain || self.is_beside_day(end))
            .then_some((Clock::Between(first, second), end))
    }

    /// An hour, whether it can be nothing else, and the index after it.
    fn hour(&self, at: usize) -> Option<(Hour, bool, usize)> {
        let told = |hour: i8, minute: Option<i8>| Hour { hour, minute, half: None };
        match self.word(at) {
            "noon" | "midday" => {
                return Some((Hour { half: Some(Half::Pm), ..told(12, None) }, true, at + 1));
            }
            "midnight" => {
                return Some((Hour { half: Some(Half::Am), ..told(12, None) }, true, at + 1));
            }
            "half" if self.is(at + 1, "past") => {
                let (hour, _, end) = self.hour(at + 2)?;
                return Some((Hour { minute: Some(30), ..hour }, true, end));
            }
            "quarter" => return self.quarter(at),
            _ => {}
        }
        let (hour, exact) = match self.tokens.get(at)?.kind {
            Kind::Clock { hour, minute } => (told(hour, Some(minute)), true),
            _ => (told(i8::try_from(self.number(at)?).ok()?, None), false),
        };
        let (half, end) = self.meridiem(at + 1);
        let oclock = self.is(end, "oclock");
        let (half, end) = if oclock && half.is_none() {
            self.meridiem(end + 1)
        } else {
            (half, end + usize::from(oclock))
        };
        let counted = self.is_any(end, COUNTED) && half.is_none() && !oclock;
        let told = if half.is_some() { 1..=12 } else { 0..=23 };
        if counted || !told.contains(&hour.hour) || (!exact && hour.hour == 0) {
            return None;
        }
        Some((Hour { half, ..hour }, exact || half.is_some() || oclock, end))
    }

    fn quarter(&self, at: usize) -> Option<(Hour, bool, usize)> {
        let (hour, _, end) = self.hour(at + 2)?;
        let earlier = if hour.hour == 1 { 12 } else { hour.hour - 1 };
        match self.word(at + 1) {
            "past" => Some((Hour { minute: Some(15), ..hour }, true, end)),
            "to" => Some((Hour { hour: earlier, minute: Some(45), ..hour }, true, end)),
            _ => None,
        }
    }

    fn meridiem(&self, at: usize) -> (Option<Half>, usize) {
        match self.word(at) {
            "am" if !self.is(at.wrapping_sub(1), "i") => (Some(Half::Am), at + 1),
            "pm" => (Some(Half::Pm), at + 1),
            _ => (None, at),
        }
    }
}
