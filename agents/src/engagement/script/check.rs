//! Tells whether a text says only numbers that are among the facts, each for what it is a number of: a price is no
//! distance. Holds for scripts, and for texts that others write.

use super::Matter;
use super::figures::{self, Span, Tenths};
use messages::prediction::Driving;
use std::collections::BTreeSet;

/// A number that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text says `{said}`, which is not among the facts; say only what they hold")]
pub struct Unfounded {
    /// The number with the word after it, as they were written.
    pub said: String,
}

/// What a number is a number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Money,
    Kilometres,
    /// Tenths, or per cent.
    Probability,
    Hours,
    /// Minutes of the day.
    Clock,
    /// A number of a slot, a day of a month, or whatever stands in a text of the facts.
    Other,
}

/// A number in a text, in thousandths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Figure {
    of: Of,
    thousandths: i64,
}

/// Checks that `text` says no number but those of `matter`.
///
/// # Errors
/// [`Unfounded`] with the first number that is not known, or not known for this.
pub fn facts_check(text: &str, matter: &Matter<'_>) -> Result<(), Unfounded> {
    let known = known(matter);
    let names = names(matter);
    for said in said(text) {
        let founded = match &said.what {
            What::Figure(figure) => known.contains(figure),
            What::Name(name) => names.contains(name),
            What::Unreadable => false,
        };
        if !founded {
            return Err(Unfounded { said: said.text });
        }
    }
    Ok(())
}

/// All figures that may be said about `matter`.
fn known(matter: &Matter<'_>) -> BTreeSet<Figure> {
    let facts = matter.facts;
    let mut known = BTreeSet::new();
    let mut add = |of: Of, value: u64| {
        known.insert(Figure {
            of,
            thousandths: i64::try_from(value).unwrap_or(i64::MAX).saturating_mul(1000),
        });
    };
    if let Some(costs) = &facts.costs {
        for money in [costs.repair_min, costs.repair_max, costs.saving] {
            add(Of::Money, figures::amount(money));
        }
    }
    let tenths = match figures::tenths(facts.probability) {
        Tenths::Few => 1,
        Tenths::About(tenths) => u64::from(tenths),
        Tenths::Nearly => 9,
    };
    add(Of::Probability, tenths);
    add(Of::Probability, 10);
    let percent = facts.probability.get() * 100.0;
    (0_u8..=100).filter(|whole| (f64::from(*whole) - percent).abs() <= 0.5).for_each(|whole| {
        add(Of::Probability, whole.into());
    });
    for hours in std::iter::once(facts.horizon_hours).chain(facts.time_left_hours) {
        match figures::span(hours) {
            Span::Hours(hours) => add(Of::Hours, hours),
            Span::Days(days) => add(Of::Hours, days * 24),
        }
    }
    if let Driving::Limited { km_max } | Driving::WithCare { km_max } = facts.driving {
        add(Of::Kilometres, km_max.into());
    }
    for (number, slot) in (1..).zip(matter.slots) {
        add(Of::Other, number);
        add_start(&mut add, slot, matter);
    }
    if let Some(slot) = &facts.booked {
        add_start(&mut add, slot, matter);
    }
    let texts = texts(matter);
    known.extend(texts.iter().flat_map(|text| said(text)).filter_map(|said| match said.what {
        What::Figure(figure) => Some(figure),
        What::Name(_) | What::Unreadable => None,
    }));
    known
}

fn add_start(
    add: &mut impl FnMut(Of, u64),
    slot: &messages::contact::OfferedSlot,
    matter: &Matter<'_>,
) {
    let Some(start) = figures::start(slot, matter.zone) else { return };
    for moment in std::iter::once(&start.centre).chain(&start.owner) {
        let minutes = i64::from(moment.hour()) * 60 + i64::from(moment.minute());
        add(Of::Clock, u64::try_from(minutes).unwrap_or_default());
        add(Of::Other, u64::try_from(moment.day()).unwrap_or_default());
        add(Of::Other, u64::try_from(moment.year()).unwrap_or_default());
    }
}

/// Texts that are facts as they stand.
fn texts<'a>(matter: &Matter<'a>) -> Vec<&'a str> {
    let facts = matter.facts;
    let slots = matter.slots.iter().chain(&facts.booked);
    let mut texts = vec![matter.asset, facts.component.as_str(), facts.issue.as_str()];
    texts.extend(facts.reasons.iter().map(String::as_str));
    texts.extend(slots.map(|slot| slot.centre_name.as_str()));
    texts.extend(matter.visits.iter().map(|visit| visit.asset));
    texts
}

/// Words of letters and digits in the facts: "VEH003", "P0217".
fn names(matter: &Matter<'_>) -> BTreeSet<String> {
    let said = texts(matter).into_iter().flat_map(said);
    said.filter_map(|said| match said.what {
        What::Name(name) => Some(name),
        What::Figure(_) | What::Unreadable => None,
    })
    .collect()
}

/// Something in a text that has to do with a number.
struct Said {
    text: String,
    what: What,
}

enum What {
    Figure(Figure),
    /// A word of letters and digits.
    Name(String),
    /// Digits of another script, or more of them than a number has.
    Unreadable,
}

/// All that is said of numbers in `text`.
fn said(text: &str) -> Vec<Said> {
    let words = words(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (what, length) = number_at(&words, at);
        if let Some(what) = what {
            let end = (at + length + 1).min(words.len());
            found.push(Said { text: words[at..end].join(" "), what });
        }
        at += length;
    }
    found
}

/// Words, numbers and currency signs; numbers stand apart from the letters after them.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        let inside = |at: usize| {
            // A comma, point or colon belongs to a number only between two of its digits.
            ",.:".contains(chars[at])
                && at + 1 < chars.len()
                && chars[at - 1].is_ascii_digit()
                && chars[at + 1].is_ascii_digit()
        };
        if chars[at].is_ascii_digit() {
            while at < chars.len() && (chars[at].is_ascii_digit() || inside(at)) {
                at += 1;
            }
        } else if chars[at].is_alphanumeric() {
            while at < chars.len() && chars[at].is_alphanumeric() {
                at += 1;
            }
        } else {
            at += 1;
            if !"₹$€£%".contains(chars[start]) {
                continue;
            }
        }
        words.push(chars[start..at].iter().collect());
    }
    words
}

/// What stands at `at` as far as it is a number, and how many words that are.
fn number_at(words: &[String], at: usize) -> (Option<What>, usize) {
    let word = &words[at];
    let first = word.chars().next().unwrap_or(' ');
    if word.chars().any(|c| c.is_numeric() && !c.is_ascii_digit()) {
        return (Some(What::Unreadable), 1);
    }
    if first.is_ascii_digit() {
        return digits_at(words, at);
    }
    if word.chars().any(|c| c.is_ascii_digit()) {
        return (Some(What::Name(word.to_uppercase())), 1);
    }
    spoken_at(words, at)
}

fn digits_at(words: &[String], at: usize) -> (Option<What>, usize) {
    let word = &words[at];
    if let Some((hour, minute)) = word.split_once(':') {
        let (Ok(hour), Ok(minute)) = (hour.parse::<i64>(), minute.parse::<i64>()) else {
            return (Some(What::Unreadable), 1);
        };
        return clock(words, at, hour, minute);
    }
    let Ok(value) = word.replace(',', "").parse::<f64>() else {
        return (Some(What::Unreadable), 1);
    };
    let (scale, skipped) = scale(words, at + 1);
    if let ("am" | "pm", true) = (unit(words, at + 1).as_str(), value.fract() == 0.0) {
        let hour = word.parse().unwrap_or(i64::MAX);
        return clock(words, at, hour, 0);
    }
    figure(words, at, 1 + skipped, value * scale)
}

fn clock(words: &[String], at: usize, hour: i64, minute: i64) -> (Option<What>, usize) {
    let (hour, length) = match unit(words, at + 1).as_str() {
        "am" => (hour % 12, 2),
        "pm" => (hour % 12 + 12, 2),
        _ => (hour, 1),
    };
    let minutes = hour.saturating_mul(60).saturating_add(minute);
    let figure = Figure { of: Of::Clock, thousandths: minutes.saturating_mul(1000) };
    (Some(What::Figure(figure)), length)
}

/// A number in words: "seven", "forty eight", "eight thousand".
fn spoken_at(words: &[String], at: usize) -> (Option<What>, usize) {
    let mut value = 0.0;
    let mut length = 0;
    while let Some(word) = words.get(at + length) {
        let word = word.to_lowercase();
        let (times, _) = scale(words, at + length);
        if let Some(part) = spoken(&word) {
            value += part;
        } else if length > 0 && times > 1.0 {
            value *= times;
        } else {
            break;
        }
        length += 1;
    }
    if length == 0 {
        return (None, 1);
    }
    let unit = unit(words, at + length);
    // "The second one", "a colleague": no number is meant.
    if length == 1 && value == 1.0 && kind(words, at, length, &unit) == Of::Other {
        return (None, 1);
    }
    figure(words, at, length, value)
}

fn spoken(word: &str) -> Option<f64> {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] =
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let small = (0_u8..).zip(SMALL).find(|(_, name)| *name == word);
    let tens = (2_u8..).zip(TENS).find(|(_, name)| *name == word);
    let value = small.map(|(value, _)| value).or(tens.map(|(value, _)| value * 10))?;
    Some(f64::from(value))
}

/// What the word at `at` multiplies a number by, and how many words that takes.
fn scale(words: &[String], at: usize) -> (f64, usize) {
    match unit(words, at).as_str() {
        "k" | "thousand" => (1e3, 1),
        "hundred" => (1e2, 1),
        "lakh" | "lakhs" => (1e5, 1),
        "m" | "million" => (1e6, 1),
        _ => (1.0, 0),
    }
}

fn unit(words: &[String], at: usize) -> String {
    words.get(at).map_or(String::new(), |word| word.to_lowercase())
}

fn figure(words: &[String], at: usize, length: usize, value: f64) -> (Option<What>, usize) {
    let unit = unit(words, at + length);
    let of = kind(words, at, length, &unit);
    let value = match (of, unit.as_str()) {
        (Of::Hours, "day" | "days") => value * 24.0,
        (Of::Hours, "week" | "weeks") => value * 168.0,
        _ => value,
    };
    #[expect(clippy::cast_possible_truncation, reason = "a float too great becomes the greatest")]
    let thousandths = (value * 1000.0).round() as i64;
    (Some(What::Figure(Figure { of, thousandths })), length)
}

/// What a number is of, by the words around it.
fn kind(words: &[String], at: usize, length: usize, unit: &str) -> Of {
    let before = if at == 0 { String::new() } else { words[at - 1].to_lowercase() };
    let next = words.get(at + length + 1).map_or("", String::as_str);
    if words.get(at + length).is_some_and(|word| is_currency(word)) {
        return Of::Money;
    }
    match unit {
        // "3,000 to 8,000 rupees": the first is a price, too.
        "to" | "and" if is_price(words, at + length + 1) => return Of::Money,
        "km" | "kilometres" | "kilometers" | "kms" => return Of::Kilometres,
        "%" | "percent" => return Of::Probability,
        "per" if next == "cent" => return Of::Probability,
        "in" | "out" if tenth(words, at + length) => return Of::Probability,
        "hour" | "hours" | "day" | "days" | "week" | "weeks" => return Of::Hours,
        _ => {}
    }
    match before.as_str() {
        _ if at > 0 && is_currency(&words[at - 1]) => Of::Money,
        "in" | "of"
            if at > 1 && is_number(&words[at - 2])
                || at > 2 && before == "of" && is_number(&words[at - 3]) =>
        {
            Of::Probability
        }
        _ => Of::Other,
    }
}

/// Whether a price stands at `at`.
fn is_price(words: &[String], at: usize) -> bool {
    let Some(word) = words.get(at).filter(|word| is_number(word)) else { return false };
    let (_, skipped) = scale(words, at + 1);
    let currency = words.get(at + 1 + skipped).is_some_and(|word| is_currency(word));
    currency && !word.contains(':')
}

/// A currency by its sign, its name or its ISO 4217 code.
fn is_currency(word: &str) -> bool {
    let code = word.len() == 3 && word.chars().all(|c| c.is_ascii_uppercase());
    let named = ["rupees", "rupee", "rs", "euros", "euro", "dollars", "dollar", "pounds", "pound"];
    code || "₹$€£".contains(word) || named.contains(&word.to_lowercase().as_str())
}

/// "in 10", "out of ten".
fn tenth(words: &[String], at: usize) -> bool {
    let start = if unit(words, at) == "out" { at + 2 } else { at + 1 };
    ["10", "ten", "100", "hundred"].contains(&unit(words, start).as_str())
}

fn is_number(word: &str) -> bool {
    word.chars().next().is_some_and(|c| c.is_ascii_digit())
        || spoken(&word.to_lowercase()).is_some()
}
