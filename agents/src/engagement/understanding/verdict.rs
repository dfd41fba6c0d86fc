//! Decides what a reply means from what was found in it: the first rule that fits, the safest rules first.

use super::choice;
use super::reading::{Mention, Reading, Role};
use super::{Sense, Understood};
use crate::engagement::moment::When;
use crate::engagement::moment::calendar::Window;
use crate::engagement::moment::expression::Day;
use messages::contact::Intent;

/// Most words of a reply that may be unknown when it rests on a mere "yes" or "no".
const UNKNOWN_WORDS_MAX: usize = 0;

const QUESTIONS: [(Sense, Intent); 3] = [
    (Sense::Safety, Intent::AskSafety),
    (Sense::Cost, Intent::AskCost),
    (Sense::Reason, Intent::AskReason),
];
const YES: &[Sense] = &[Sense::Yes, Sense::Fine, Sense::Suits, Sense::Book, Sense::Any];

type Rule = fn(&Reading<'_>) -> Option<Understood>;

/// What `reading` means. Of a reply that was too long and so `cut`, only what needs no answer is honoured.
pub(super) fn of(reading: &Reading<'_>, cut: bool) -> Understood {
    if reading.empty {
        return unclear(reading);
    }
    let always: [Rule; 2] = [left_alone, another_person];
    let rules: [Rule; 7] = [doubted, put_off, declined, asked, hardly, moved, agreed];
    let rest: &[Rule] = if cut { &[] } else { &rules };
    let verdict = always.iter().chain(rest).find_map(|rule| rule(reading));
    verdict.unwrap_or_else(|| unclear(reading))
}

/// What the times and numbers of a reply choose.
enum Choice {
    Nothing,
    /// This offer.
    One(usize, Option<When>),
    /// One of several offers, all within a span that was named.
    Within(When),
    /// A time, and nothing was offered.
    Time(When),
    /// A time at which nothing was offered.
    Elsewhere,
    /// This or that.
    Ambiguous,
}

fn says(reading: &Reading<'_>, intent: Intent, senses: &[Sense]) -> Understood {
    Understood { intent, evidence: reading.evidence(senses), ..Understood::unclear(0.0) }
}

/// Unclear, with everything that was found, so that a person sees why.
fn unclear(reading: &Reading<'_>) -> Understood {
    let mut found = says(reading, Intent::Unclear, &ALL_SENSES);
    found.also = besides(reading, Intent::Unclear);
    found.time = named(reading, &[Role::Wanted, Role::Call]);
    found
}

const ALL_SENSES: [Sense; 14] = [
    Sense::Doubt,
    Sense::Content,
    Sense::Refuse,
    Sense::Callback,
    Sense::Later,
    Sense::Busy,
    Sense::Unsure,
    Sense::Hedge,
    Sense::Misfit,
    Sense::Move,
    Sense::Book,
    Sense::Yes,
    Sense::Fine,
    Sense::No,
];

/// What else is in a reply, as far as it does not change what to do.
fn besides(reading: &Reading<'_>, main: Intent) -> Vec<Intent> {
    let mut also = Vec::new();
    let mut add = |there: bool, intent: Intent| {
        if there && intent != main && !also.contains(&intent) {
            also.push(intent);
        }
    };
    add(reading.has(Sense::Stranger), Intent::WrongPerson);
    add(reading.has_any(&[Sense::Human, Sense::Anger]), Intent::Human);
    add(reading.has_any(&[Sense::Callback, Sense::Later]), Intent::Defer);
    add(reading.has(Sense::Refuse), Intent::Decline);
    for (sense, intent) in QUESTIONS {
        add(reading.has(sense), intent);
    }
    add(reading.has_any(&[Sense::Move, Sense::Misfit]), Intent::Reschedule);
    add(reading.has_any(&[Sense::Yes, Sense::Book]), Intent::Accept);
    also
}

fn with_besides(reading: &Reading<'_>, mut understood: Understood) -> Option<Understood> {
    understood.also = besides(reading, understood.intent);
    Some(understood)
}

/// The first time that was named in one of `roles`.
fn named(reading: &Reading<'_>, roles: &[Role]) -> Option<When> {
    let mention = roles.iter().find_map(|role| {
        reading.times.iter().find(|mention| mention.role == *role && !mention.windows.is_empty())
    })?;
    Some(reading.when(mention, *mention.windows.first()?))
}

fn left_alone(reading: &Reading<'_>) -> Option<Understood> {
    if !reading.has(Sense::OptOut) {
        return None;
    }
    with_besides(reading, says(reading, Intent::OptOut, &[Sense::OptOut]))
}

fn another_person(reading: &Reading<'_>) -> Option<Understood> {
    if reading.has(Sense::Stranger) {
        return with_besides(reading, says(reading, Intent::WrongPerson, &[Sense::Stranger]));
    }
    if !reading.has_any(&[Sense::Human, Sense::Anger]) {
        return None;
    }
    let mut human = says(reading, Intent::Human, &[Sense::Human, Sense::Anger]);
    human.time = named(reading, &[Role::Call]);
    with_besides(reading, human)
}

fn doubted(reading: &Reading<'_>) -> Option<Understood> {
    reading.has(Sense::Doubt).then(|| unclear(reading))
}

fn put_off(reading: &Reading<'_>) -> Option<Understood> {
    let callback = reading.has(Sense::Callback);
    let later = callback || reading.has(Sense::Later);
    let unwanted = |today: bool| {
        let role = |known: &&Mention| known.role == Role::Unwanted && is_today(known) == today;
        reading.times.iter().any(|known| role(&known))
    };
    if !(later || reading.has(Sense::Busy) || unwanted(true)) {
        return None;
    }
    if reading.has_any(&[Sense::Cost, Sense::Safety, Sense::Reason]) && !callback {
        return None;
    }
    let offered = !reading.offers.is_empty();
    let contradicts = reading.has_any(&[Sense::Book, Sense::Refuse]) || is_picked(reading);
    if later {
        let torn = reading.has(Sense::Yes) && reading.has(Sense::No);
        if contradicts || torn || reading.has(Sense::Any) {
            return Some(unclear(reading));
        }
        let moved = reading.has_any(&[Sense::Move, Sense::Misfit]);
        if moved && offered && !callback {
            return None;
        }
    } else {
        // Busy now, or today: an offer that fits is an answer. Where nothing was offered, "later today is
        // better" is the time for a call.
        let agreed =
            reading.has_any(YES) && matches!(choice(reading), Choice::One(..) | Choice::Within(_));
        let another_day = offered && unwanted(false);
        let moved = reading.has(Sense::Move) || (reading.has(Sense::Misfit) && !unwanted(true));
        if agreed || another_day || contradicts || moved {
            return None;
        }
    }
    let senses = [Sense::Callback, Sense::Later, Sense::Busy, Sense::Unsure];
    let mut defer = says(reading, Intent::Defer, &senses);
    defer.time = named(reading, &[Role::Call, Role::Wanted]);
    with_besides(reading, defer)
}

fn is_today(mention: &Mention) -> bool {
    mention.expression.day.is_some_and(|(_, day)| [Day::Ahead(0), Day::Week(0)].contains(&day))
}

fn is_picked(reading: &Reading<'_>) -> bool {
    reading.picks.iter().any(|(_, negated)| !negated)
}

fn declined(reading: &Reading<'_>) -> Option<Understood> {
    let content = reading.has(Sense::Content);
    let polite = content && reading.has(Sense::No);
    if content
        && !polite
        && !reading.has(Sense::Refuse)
        && !reading.has_any(&[Sense::Yes, Sense::Book])
    {
        return Some(unclear(reading));
    }
    if !reading.has(Sense::Refuse) && !polite {
        return None;
    }
    let torn = reading.has_any(&[Sense::Yes, Sense::Book, Sense::Any, Sense::Move, Sense::Hedge])
        || is_picked(reading)
        || reading.now
        || reading.times.iter().any(|mention| mention.role == Role::Wanted);
    if torn {
        return Some(unclear(reading));
    }
    let senses = [Sense::Refuse, Sense::No, Sense::Content];
    with_besides(reading, says(reading, Intent::Decline, &senses))
}

fn asked(reading: &Reading<'_>) -> Option<Understood> {
    let (sense, intent) = QUESTIONS.into_iter().find(|(sense, _)| reading.has(*sense))?;
    let mut asked = says(reading, intent, &[sense]);
    asked.time = named(reading, &[Role::Wanted]);
    with_besides(reading, asked)
}

/// A bare "no", with what stands around it.
fn hardly(reading: &Reading<'_>) -> Option<Understood> {
    if !reading.has(Sense::No) {
        return None;
    }
    let torn = reading.has_any(YES)
        || reading.has_any(&[Sense::Ack, Sense::Unsure, Sense::Hedge])
        || is_picked(reading)
        || reading.picks_unknown
        || reading.asks;
    let other_time = reading.has_any(&[Sense::Move, Sense::Misfit]) || !reading.times.is_empty();
    if torn || reading.unknown > UNKNOWN_WORDS_MAX {
        return Some(unclear(reading));
    }
    if other_time {
        return Some(rescheduled(reading));
    }
    Some(says(reading, Intent::Decline, &[Sense::No]))
}

fn rescheduled(reading: &Reading<'_>) -> Understood {
    let mut moved = says(reading, Intent::Reschedule, &[Sense::Move, Sense::Misfit, Sense::No]);
    moved.time = named(reading, &[Role::Wanted]);
    moved
}

fn moved(reading: &Reading<'_>) -> Option<Understood> {
    let wants_other = reading.has(Sense::Move);
    let turned = YES.iter().any(|sense| reading.has_negated(*sense));
    let unwanted = reading.times.iter().any(|mention| mention.role == Role::Unwanted)
        || reading.picks.iter().any(|(_, negated)| *negated);
    let misfit = reading.has(Sense::Misfit);
    if !(wants_other || misfit || unwanted || turned) {
        return None;
    }
    let chosen = matches!(choice(reading), Choice::One(..) | Choice::Within(_));
    if chosen && !wants_other {
        // "Thursday is bad, Friday is fine."
        return None;
    }
    if chosen && reading.asks {
        // "Is Thursday all right?" may want a yes from us, or another day.
        return Some(unclear(reading));
    }
    let known = wants_other || unwanted || !reading.offers.is_empty();
    if !known || reading.has_any(&[Sense::Unsure, Sense::Hedge]) {
        return Some(unclear(reading));
    }
    Some(rescheduled(reading))
}

fn agreed(reading: &Reading<'_>) -> Option<Understood> {
    let firm = reading.has_any(&[Sense::Book, Sense::Any]);
    let agrees = firm || reading.has_any(&[Sense::Yes, Sense::Fine]);
    let reserved = reading.has_any(&[Sense::Hedge, Sense::Unsure]) || (reading.asks && !firm);
    // "Yes, my car is red" and "fine weather" answer something else.
    let narrated = !firm && reading.unknown > UNKNOWN_WORDS_MAX;
    if reserved || narrated {
        return Some(unclear(reading));
    }
    // A time or a number alone is an answer only where nothing else was said.
    let fits = agrees || reading.has(Sense::Suits);
    let plain = fits || reading.unknown == 0;
    let senses = [Sense::Yes, Sense::Fine, Sense::Suits, Sense::Book, Sense::Any];
    let accept =
        |time: Option<When>| Some(Understood { time, ..says(reading, Intent::Accept, &senses) });
    match choice(reading) {
        Choice::One(slot, time) if plain => {
            let chosen = says(reading, Intent::ChooseSlot, &senses);
            Some(Understood { slot: Some(slot), time, ..chosen })
        }
        Choice::Within(time) if plain => accept(Some(time)),
        Choice::Time(time) if agrees => accept(Some(time)),
        Choice::Elsewhere if plain => Some(rescheduled(reading)),
        Choice::Nothing if agrees => accept(None),
        _ => None,
    }
}

fn choice(reading: &Reading<'_>) -> Choice {
    let wanted: Vec<&Mention> =
        reading.times.iter().filter(|mention| mention.role == Role::Wanted).collect();
    let picked: Vec<usize> =
        reading.picks.iter().filter(|(_, negated)| !negated).map(|(index, _)| *index).collect();
    let past = wanted.iter().any(|mention| mention.windows.is_empty());
    if reading.picks_unknown || past || picked.len() > 1 {
        return Choice::Ambiguous;
    }
    if reading.offers.is_empty() {
        return match wanted.as_slice() {
            [] => Choice::Nothing,
            [mention] => Choice::Time(reading.when(mention, mention.windows[0])),
            _ => Choice::Ambiguous,
        };
    }
    let (timed, meant) = offers_at(reading, &wanted);
    let when = meant.map(|(mention, window)| reading.when(mention, window));
    match (picked.as_slice(), wanted.as_slice()) {
        ([], []) => Choice::Nothing,
        ([index], []) => Choice::One(*index, None),
        ([index], _) if timed.contains(index) => Choice::One(*index, when),
        ([_, ..], _) => Choice::Ambiguous,
        ([], [first, rest @ ..]) => match timed.as_slice() {
            [] => Choice::Elsewhere,
            // "Not before Friday" leaves room for more than the one offer in it.
            [_] if first.open && !reading.has_any(YES) => Choice::Elsewhere,
            [index] => Choice::One(*index, when),
            _ if first.dayless || !rest.is_empty() => Choice::Ambiguous,
            _ => when.map_or(Choice::Ambiguous, Choice::Within),
        },
    }
}

/// Offers within the wanted times and not within unwanted ones, and the window that settled it.
fn offers_at<'m>(
    reading: &Reading<'_>,
    wanted: &[&'m Mention],
) -> (Vec<usize>, Option<(&'m Mention, Window)>) {
    let mut found = Vec::new();
    let mut meant = None;
    for mention in wanted {
        let (offers, window) = choice::within(&mention.windows, reading.offers);
        meant = meant.or(window.map(|window| (*mention, window)));
        found.extend(offers);
    }
    let unwanted = reading.times.iter().filter(|mention| mention.role == Role::Unwanted);
    let excluded: Vec<usize> = unwanted
        .flat_map(|mention| choice::within(&mention.windows, reading.offers).0)
        .chain(reading.picks.iter().filter(|(_, negated)| *negated).map(|(index, _)| *index))
        .collect();
    found.retain(|index| !excluded.contains(index));
    found.sort_unstable();
    found.dedup();
    (found, meant)
}
