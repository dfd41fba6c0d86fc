//! Words that times are named with, and what each names.

use super::Which;
use jiff::civil::Weekday;

/// Words that may stand between the pieces of one expression.
pub(super) const BETWEEN_PIECES: &[&str] =
    &["on", "in", "the", "at", "of", "for", "this", "say", "like"];
/// Most of them in a row.
pub(super) const BETWEEN_PIECES_MAX: usize = 3;
/// A number before one of these is no hour.
pub(super) const COUNTED: &[&str] = &[
    "km",
    "kms",
    "kilometer",
    "kilometers",
    "kilometre",
    "kilometres",
    "k",
    "rs",
    "rupees",
    "inr",
    "dollars",
    "euros",
    "percent",
    "%",
    "/",
    "minutes",
    "minute",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "times",
    "people",
    "slots",
    "options",
    "calls",
    "cars",
    "of",
    "or",
];
/// A number after one of these counts options.
pub(super) const NUMBERS_OPTIONS: &[&str] =
    &["option", "slot", "number", "choice", "no", "options", "slots"];
/// What is wished rather than named.
pub(super) const WISHES: &[&str] =
    &["good", "nice", "great", "happy", "lovely", "wonderful", "pleasant"];

/// What can be over: "last night".
pub(super) const LAST: &[&str] = &["week", "night", "month", "weekend", "time", "year"];
/// Units of a span.
pub(super) const UNITS: &[&str] =
    &["minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months"];

pub(super) fn which_of(word: &str) -> Option<Which> {
    match word {
        "this" => Some(Which::This),
        "next" | "following" => Some(Which::Next),
        "coming" => Some(Which::Coming),
        _ => None,
    }
}

pub(super) fn weekday(word: &str) -> Option<Weekday> {
    let word = word.strip_suffix('s').unwrap_or(word);
    Some(match word {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

pub(super) fn month(word: &str) -> Option<i8> {
    const MONTHS: [(&str, &str); 12] = [
        ("january", "jan"),
        ("february", "feb"),
        ("march", "mar"),
        ("april", "apr"),
        ("may", "may"),
        ("june", "jun"),
        ("july", "jul"),
        ("august", "aug"),
        ("september", "sep"),
        ("october", "oct"),
        ("november", "nov"),
        ("december", "dec"),
    ];
    (1..).zip(MONTHS).find(|(_, names)| names.0 == word || names.1 == word).map(|(month, _)| month)
}

pub(crate) fn number_word(word: &str) -> Option<u32> {
    const WORDS: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    const TENS: [(&str, u32); 6] = [
        ("fifteen", 15),
        ("twenty", 20),
        ("thirty", 30),
        ("forty", 40),
        ("fifty", 50),
        ("ninety", 90),
    ];
    let small = (1..).zip(WORDS).find(|(_, name)| *name == word).map(|(value, _)| value);
    small.or_else(|| TENS.iter().find(|(name, _)| *name == word).map(|(_, value)| *value))
}

pub(crate) fn ordinal_word(word: &str) -> Option<u32> {
    const WORDS: [&str; 12] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth", "eleventh", "twelfth",
    ];
    (1..).zip(WORDS).find(|(_, name)| *name == word).map(|(value, _)| value)
}
