//! Puts together what was found in a reply: senses with their negations, times that are wanted or not, offers named.

use super::choice::{self, Pick, Picked};
use super::phrases::{Item, Match};
use super::table::Table;
use super::words::Kind;
use super::{Context, Offer, Sense};
use crate::engagement::moment::When;
use crate::engagement::moment::calendar::{Calendar, Window};
use crate::engagement::moment::expression::{Bound, Clock, Expression};

/// How far after a negator a word is still negated by it, within its clause.
const NEGATION_ITEMS: usize = 4;
/// How far after a negator a time or an offer is: "not the second one", "not on Thursday".
const NEGATION_OF_TIMES_ITEMS: usize = 3;

/// All that was found in a reply.
pub(super) struct Reading<'a> {
    reply: &'a str,
    table: &'a Table,
    items: Vec<Item>,
    matches: Vec<Match>,
    pub(super) times: Vec<Mention>,
    pub(super) picks: Vec<(usize, bool)>,
    /// An offer is named that was not made, or it is not clear which.
    pub(super) picks_unknown: bool,
    pub(super) offers: &'a [Offer],
    /// It is a question.
    pub(super) asks: bool,
    /// Words that nothing is known of.
    pub(super) unknown: usize,
    /// It speaks of this very moment.
    pub(super) now: bool,
    /// There is nothing in it.
    pub(super) empty: bool,
}

/// A time that was named.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    items: (usize, usize),
    pub(super) expression: Expression,
    pub(super) windows: Vec<Window>,
    pub(super) role: Role,
    /// No day was said: each day's is meant alike.
    pub(super) dayless: bool,
    /// Open at one side: "not before Friday".
    pub(super) open: bool,
}

/// What a time was named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It fits, or is asked for.
    Wanted,
    /// It does not fit.
    Unwanted,
    /// To be called.
    Call,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        reply: &'a str,
        table: &'a Table,
        items: Vec<Item>,
        matches: Vec<Match>,
        expressions: &[Expression],
        calendar: &Calendar,
        context: &Context<'a>,
    ) -> Self {
        let mut free = vec![true; items.len()];
        matches.iter().flat_map(|found| &found.items).for_each(|item| free[*item] = false);
        let empty = items.iter().all(Item::is_mark);
        let now = items.iter().any(|item| item.is_any(&["now", "moment", "currently"]));
        let asks = items.iter().any(|item| item.kind == Kind::Question && item.time.is_none());
        let mut reading = Self {
            reply,
            table,
            items,
            matches,
            times: Vec::new(),
            picks: Vec::new(),
            picks_unknown: false,
            offers: context.offers,
            asks,
            unknown: 0,
            now,
            empty,
        };
        reading.pick(&mut free, context);
        reading.unknown = reading.unknown_items(&free);
        reading.times = reading.mentions(expressions, calendar);
        reading.merge(calendar);
        reading
    }

    fn pick(&mut self, free: &mut [bool], context: &Context<'_>) {
        for Pick { item, what } in choice::picks(&self.items, free, context.offers, context.zone) {
            free[item] = false;
            match what {
                Picked::Offer(index) => {
                    let negated = self.negator_before(item, NEGATION_OF_TIMES_ITEMS).is_some();
                    if !self.picks.contains(&(index, negated)) {
                        self.picks.push((index, negated));
                    }
                }
                Picked::Unknown => self.picks_unknown = true,
            }
        }
    }

    /// Whether `sense` is there and not turned round by a "not".
    pub(super) fn has(&self, sense: Sense) -> bool {
        self.matches.iter().any(|found| found.sense == sense && !self.is_negated(found))
    }

    /// Whether `sense` is there, but turned round.
    pub(super) fn has_negated(&self, sense: Sense) -> bool {
        self.matches.iter().any(|found| found.sense == sense && self.is_negated(found))
    }

    pub(super) fn has_any(&self, senses: &[Sense]) -> bool {
        senses.iter().any(|sense| self.has(*sense))
    }

    /// The words of `senses`, and of the times and offers named, as they were written.
    pub(super) fn evidence(&self, senses: &[Sense]) -> Vec<String> {
        let mut spans: Vec<(usize, usize)> = self
            .matches
            .iter()
            .filter(|found| senses.contains(&found.sense))
            .map(|found| (self.items[found.first()].from, self.items[found.last()].to))
            .collect();
        let times = self.times.iter().map(|mention| mention.items);
        spans.extend(times.map(|(first, last)| (self.items[first].from, self.items[last].to)));
        spans.sort_unstable();
        spans.dedup();
        spans
            .into_iter()
            .filter_map(|(from, to)| Some(self.reply.get(from..to)?.to_owned()))
            .collect()
    }

    /// `window` of `mention`, with the words that it came from.
    pub(super) fn when(&self, mention: &Mention, window: Window) -> When {
        let (first, last) = mention.items;
        let words = self.reply.get(self.items[first].from..self.items[last].to);
        When {
            from: window.from,
            to: window.to,
            words: words.unwrap_or_default().to_owned(),
            assumed: window.assumed,
        }
    }

    /// A negator before `at` in its clause that belongs to no phrase.
    fn negator_before(&self, at: usize, reach: usize) -> Option<usize> {
        self.negators_before(at, reach).find(|before| self.phrase_at(*before).is_none())
    }

    fn negators_before(&self, at: usize, reach: usize) -> impl Iterator<Item = usize> {
        let clause = self.items[at].clause;
        (at.saturating_sub(reach)..at).rev().filter(move |before| {
            self.items[*before].clause == clause
                && self.items[*before].is_word_of(&self.table.negators)
        })
    }

    fn phrase_at(&self, item: usize) -> Option<&Match> {
        self.matches.iter().find(|found| found.items.contains(&item))
    }

    /// Whether something good is turned round: "that does not suit me", "I do not know if that works". A "not"
    /// that is itself part of a yes, as in "no problem", turns nothing.
    fn is_negated(&self, found: &Match) -> bool {
        let turnable = matches!(
            found.sense,
            Sense::Yes
                | Sense::Fine
                | Sense::Suits
                | Sense::Book
                | Sense::Any
                | Sense::Callback
                | Sense::Busy
                | Sense::Anger
                | Sense::Ack
                | Sense::No
        );
        let turns = |before: usize| {
            self.phrase_at(before).is_none_or(|phrase| {
                !matches!(
                    phrase.sense,
                    Sense::Yes | Sense::Fine | Sense::Any | Sense::None | Sense::No
                )
            })
        };
        turnable && self.negators_before(found.first(), NEGATION_ITEMS).any(turns)
    }

    fn unknown_items(&self, free: &[bool]) -> usize {
        let known = |item: &Item| {
            item.is_mark()
                || item.time.is_some()
                || item.is_word_of(&self.table.fillers)
                || item.is_word_of(&self.table.negators)
                || item.is_word_of(&self.table.clause_words)
        };
        let items = self.items.iter().zip(free);
        items.filter(|(item, free)| **free && !known(item)).count()
    }

    fn mentions(&self, expressions: &[Expression], calendar: &Calendar) -> Vec<Mention> {
        let mut mentions: Vec<Mention> = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            let Some(expression) = item.time.and_then(|time| expressions.get(time)) else {
                continue;
            };
            if expression.past {
                continue;
            }
            let busy = self.sense_in_clause(at, &[Sense::Busy], false);
            let expression = self.settled(expression, at, busy);
            let windows = calendar.windows(&expression);
            // "Today and tomorrow": what holds of the one holds of the other.
            let joined = at > 1 && self.items[at - 1].is_any(&["and", "or", "nor"]);
            let before =
                mentions.last().filter(|before: &&Mention| joined && before.items.1 == at - 2);
            let role = match before {
                Some(before) => before.role,
                None => self.role(at, busy && !expression.until),
            };
            mentions.push(Mention {
                items: (at, at),
                role,
                dayless: Calendar::is_dayless(&expression),
                open: is_open(&expression),
                windows,
                expression,
            });
        }
        mentions
    }

    /// "Free until five" ends at five; "in a meeting until five" begins there.
    fn settled(&self, expression: &Expression, at: usize, busy: bool) -> Expression {
        let mut settled = expression.clone();
        let free = self.items.iter().any(|item| {
            item.clause == self.items[at].clause
                && item.is_any(&["free", "available", "here", "home"])
        });
        if expression.until && free && !busy {
            settled.clock = settled.clock.map(|clock| match clock {
                Clock::After(hour) => Clock::Before(hour),
                other => other,
            });
            settled.day = settled
                .day
                .map(|(bound, day)| (if bound == Bound::From { Bound::By } else { bound }, day));
        }
        settled
    }

    fn role(&self, at: usize, busy: bool) -> Role {
        let claimed = self.matches.iter().find(|found| found.items.contains(&at));
        match claimed.map(|found| found.sense) {
            Some(Sense::Callback) => return Role::Call,
            Some(Sense::Misfit | Sense::Refuse) => return Role::Unwanted,
            Some(Sense::Move) => return Role::Wanted,
            _ => {}
        }
        let negated = self.negator_before(at, NEGATION_OF_TIMES_ITEMS).is_some();
        let misfit = self.sense_in_clause(at, &[Sense::Misfit], false)
            || self.sense_in_clause(
                at,
                &[Sense::Yes, Sense::Fine, Sense::Suits, Sense::Book, Sense::Any],
                true,
            );
        if negated || misfit || busy { Role::Unwanted } else { Role::Wanted }
    }

    /// Whether one of `senses`, negated or not, stands in the clause of the item at `at`.
    fn sense_in_clause(&self, at: usize, senses: &[Sense], negated: bool) -> bool {
        self.matches.iter().any(|found| {
            senses.contains(&found.sense)
                && found.items.iter().any(|item| self.items[*item].clause == self.items[at].clause)
                && self.is_negated(found) == negated
        })
    }

    /// Joins a day and an hour that were named apart: "tomorrow I can do 6 pm".
    fn merge(&mut self, calendar: &Calendar) {
        let [first, second] = self.times.as_slice() else { return };
        let (one, other) = (&first.expression, &second.expression);
        let day_only = |known: &Expression| {
            known.day.is_some() && known.clock.is_none() && known.part.is_none()
        };
        let hours_only = |known: &Expression| {
            known.day.is_none()
                && known.ahead.is_none()
                && (known.clock.is_some() || known.part.is_some())
        };
        let fit = (day_only(one) && hours_only(other)) || (hours_only(one) && day_only(other));
        let between = &self.items[first.items.1..second.items.0];
        let broken = between.iter().any(|item| {
            matches!(item.kind, Kind::Break | Kind::Question) || item.is_any(&["or", "but"])
        });
        let unwanted = first.role == Role::Unwanted || second.role == Role::Unwanted;
        if !fit || broken || unwanted {
            return;
        }
        let expression = Expression {
            day: one.day.or(other.day),
            part: one.part.or(other.part),
            clock: one.clock.or(other.clock),
            until: one.until || other.until,
            ..Expression::default()
        };
        let call = first.role == Role::Call || second.role == Role::Call;
        let merged = Mention {
            items: (first.items.0, second.items.1),
            role: if call { Role::Call } else { Role::Wanted },
            windows: calendar.windows(&expression),
            dayless: false,
            open: is_open(&expression),
            expression,
        };
        self.times = vec![merged];
    }
}

fn is_open(expression: &Expression) -> bool {
    expression.day.is_some_and(|(bound, _)| bound != Bound::On)
        || matches!(expression.clock, Some(Clock::After(_) | Clock::Before(_)))
            && expression.day.is_none()
}
