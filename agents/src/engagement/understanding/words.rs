//! Cuts an owner's reply into words as they are meant: lower case, contractions and shorthand written out,
//! slips of the finger mended where only one word can be meant.

use super::spelling::{LOOKALIKES, SHORT_IS, SHORTHAND, SIGNS};
use std::collections::{BTreeMap, BTreeSet};

/// Longest reply that is read, in characters; of a longer one only the wish to be left alone or to talk to a
/// person is honoured.
pub const REPLY_CHARS_MAX: usize = 2_000;

/// Shortest word in which a slip is mended, in letters.
const MENDED_LETTERS_MIN: usize = 5;

/// A word, number or mark of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// As it is meant.
    pub(crate) text: String,
    pub(crate) kind: Kind,
    /// Where it stands in the reply, in bytes.
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Number {
        value: u32,
        /// Written with an ending: "5th".
        ordinal: bool,
    },
    /// "18:30".
    Clock {
        hour: i8,
        minute: i8,
    },
    /// "2026-03-05".
    Date {
        year: i16,
        month: i8,
        day: i8,
    },
    /// Ends a clause.
    Break,
    Comma,
    Question,
    Dash,
}

impl Token {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    pub(crate) fn is_any(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.contains(&self.text.as_str())
    }

    pub(crate) fn is_word_of(&self, words: &BTreeSet<&'static str>) -> bool {
        self.kind == Kind::Word && words.contains(self.text.as_str())
    }

    pub(crate) fn is_mark(&self) -> bool {
        matches!(self.kind, Kind::Break | Kind::Comma | Kind::Question | Kind::Dash)
    }
}

/// Knows the words of a lexicon, and so which word a misspelt one is.
#[derive(Clone, Debug)]
pub(crate) struct Spelling {
    known: BTreeSet<&'static str>,
    shorthand: BTreeMap<&'static str, &'static [&'static str]>,
}

impl Spelling {
    /// Over all words that mean something to a reader.
    pub(crate) fn new(known: impl IntoIterator<Item = &'static str>) -> Self {
        Self { known: known.into_iter().collect(), shorthand: SHORTHAND.iter().copied().collect() }
    }

    /// The words that `word` stands for; `word` is in lower case with plain apostrophes.
    fn meant(&self, word: &str) -> Vec<String> {
        if let Some(words) = self.written_out(word) {
            return words;
        }
        let bare: String = word.chars().filter(|c| *c != '\'').collect();
        let squeezed = [squeeze(&bare, 2), squeeze(&bare, 1)];
        for candidate in std::iter::once(&bare).chain(&squeezed) {
            if let Some(words) = self.shorthand.get(candidate.as_str()) {
                return words.iter().map(|word| (*word).to_owned()).collect();
            }
            if self.known.contains(candidate.as_str()) {
                return vec![candidate.clone()];
            }
        }
        vec![self.mended(&bare).unwrap_or(&bare).to_owned()]
    }

    /// Contractions with their apostrophe.
    fn written_out(&self, word: &str) -> Option<Vec<String>> {
        let (stem, end) = word.rsplit_once('\'')?;
        let pair = |first: &str, second: &str| Some(vec![first.to_owned(), second.to_owned()]);
        match (stem, end) {
            ("can", "t") => pair("can", "not"),
            ("won", "t") => pair("will", "not"),
            ("let", "s") => pair("let", "us"),
            ("y", "all") => Some(vec!["you".to_owned()]),
            ("o", "clock") => Some(vec!["oclock".to_owned()]),
            ("ain", "t") => pair("is", "not"),
            (_, "t") => pair(stem.strip_suffix('n')?, "not"),
            (_, "m") => pair(stem, "am"),
            (_, "re") => pair(stem, "are"),
            (_, "ll") => pair(stem, "will"),
            (_, "ve") => pair(stem, "have"),
            (_, "d") => pair(stem, "would"),
            (_, "s") if SHORT_IS.contains(&stem) => pair(stem, "is"),
            (_, "s" | "") => Some(self.meant(stem)),
            _ => None,
        }
    }

    /// The one known word that is a slip away from `word`.
    fn mended(&self, word: &str) -> Option<&'static str> {
        let letters = word.chars().count();
        if letters < MENDED_LETTERS_MIN || LOOKALIKES.contains(&word) {
            return None;
        }
        let mut near = self.known.iter().filter(|known| {
            known.len() >= MENDED_LETTERS_MIN
                && known.len().abs_diff(letters) <= 1
                && strsim::osa_distance(known, word) <= 1
        });
        let found = near.next()?;
        near.next().is_none().then_some(*found)
    }
}

/// `word` with no letter more than `most` times in a row.
fn squeeze(word: &str, most: usize) -> String {
    let mut squeezed = String::with_capacity(word.len());
    let mut run = (None, 0);
    for letter in word.chars() {
        run = if run.0 == Some(letter) { (run.0, run.1 + 1) } else { (Some(letter), 1) };
        if run.1 <= most {
            squeezed.push(letter);
        }
    }
    // Only three and more are an exaggeration: "see" is not "se".
    if has_run_of_three(word) { squeezed } else { word.to_owned() }
}

fn has_run_of_three(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    letters.windows(3).any(|three| three[0] == three[1] && three[1] == three[2])
}

/// The first [`REPLY_CHARS_MAX`] characters of a reply, as tokens.
pub(crate) fn tokens(reply: &str, spelling: &Spelling) -> Vec<Token> {
    let chars: Vec<(usize, char)> =
        reply.char_indices().take(REPLY_CHARS_MAX).map(|(at, c)| (at, plain(c))).collect();
    let mut scan = Scan { chars, at: 0, tokens: Vec::new(), spelling };
    while scan.at < scan.chars.len() {
        scan.step();
    }
    scan.tokens
}

/// `c` without the fashions of keyboards: straight apostrophes, narrow letters and digits.
fn plain(c: char) -> char {
    match c {
        '’' | '‘' | '`' | '´' | 'ʼ' => '\'',
        '–' | '—' | '−' => '-',
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c)
        }
        '\u{a0}' | '\u{3000}' => ' ',
        _ => c,
    }
}

struct Scan<'a> {
    chars: Vec<(usize, char)>,
    at: usize,
    tokens: Vec<Token>,
    spelling: &'a Spelling,
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).map(|(_, c)| *c)
    }

    /// Byte offset of the character `ahead` of here.
    fn offset(&self, at: usize) -> usize {
        match self.chars.get(at) {
            Some((offset, _)) => *offset,
            None => self.chars.last().map_or(0, |(offset, c)| offset + c.len_utf8()),
        }
    }

    fn step(&mut self) {
        let Some(c) = self.peek(0) else { return };
        match c {
            c if c.is_ascii_digit() => self.number(),
            c if c.is_alphabetic() => self.word(),
            '.' | '!' | ';' | '\n' | '…' | ':' | '(' | ')' => self.mark(Kind::Break),
            ',' => self.mark(Kind::Comma),
            '?' => self.mark(Kind::Question),
            '-' => self.mark(Kind::Dash),
            '@' => self.push("at".to_owned(), Kind::Word, 1),
            '/' | '%' => self.push(c.to_string(), Kind::Word, 1),
            c => match SIGNS.iter().find(|(sign, _)| *sign == c) {
                Some((_, word)) => self.push((*word).to_owned(), Kind::Word, 1),
                None => self.at += 1,
            },
        }
    }

    fn mark(&mut self, kind: Kind) {
        self.push(String::new(), kind, 1);
    }

    /// Appends a token of the next `length` characters.
    fn push(&mut self, text: String, kind: Kind, length: usize) {
        let (from, to) = (self.offset(self.at), self.offset(self.at + length));
        self.tokens.push(Token { text, kind, from, to });
        self.at += length;
    }

    fn run(&self, from: usize, fits: impl Fn(char) -> bool) -> String {
        let rest = self.chars.iter().skip(self.at + from).map(|(_, c)| *c);
        rest.take_while(|c| fits(*c)).collect()
    }

    fn word(&mut self) {
        if let Some(length) = self.dotted_meridiem() {
            let text = if self.peek(0).is_some_and(|c| c.eq_ignore_ascii_case(&'a')) {
                "am"
            } else {
                "pm"
            };
            return self.push(text.to_owned(), Kind::Word, length);
        }
        let raw = self.run(0, |c| c.is_alphanumeric() || c == '\'' || is_mark_on_letter(c));
        let length = raw.chars().count();
        let lower: String =
            raw.trim_end_matches('\'').chars().flat_map(char::to_lowercase).collect();
        self.words(&lower, length);
    }

    /// Appends what `lower` stands for; all of it stands in the same place.
    fn words(&mut self, lower: &str, length: usize) {
        let (from, to) = (self.offset(self.at), self.offset(self.at + length));
        for text in self.spelling.meant(lower) {
            self.tokens.push(Token { text, kind: Kind::Word, from, to });
        }
        self.at += length;
    }

    /// Length of "a.m." or "p.m." here.
    fn dotted_meridiem(&self) -> Option<usize> {
        let is = |ahead: usize, wanted: &str| {
            self.peek(ahead).is_some_and(|c| wanted.contains(c.to_ascii_lowercase()))
        };
        let dotted = is(0, "ap") && is(1, ".") && is(2, "m");
        let ends = self.peek(3).is_none_or(|c| !c.is_alphanumeric());
        (dotted && ends).then(|| if is(3, ".") { 4 } else { 3 })
    }

    fn number(&mut self) {
        if let Some((kind, length)) = self.date().or_else(|| self.clock()) {
            return self.push(String::new(), kind, length);
        }
        let digits = self.run(0, |c| c.is_ascii_digit() || c == ',');
        let digits = digits.trim_end_matches(',');
        let letters = self.run(digits.len(), char::is_alphabetic).to_lowercase();
        let whole = format!("{digits}{letters}");
        let value = thousands(digits);
        let fraction = self.peek(digits.len()) == Some('.')
            && self.peek(digits.len() + 1).is_some_and(|c| c.is_ascii_digit());
        if self.spelling.shorthand.contains_key(whole.as_str()) {
            let length = whole.chars().count();
            return self.words(&whole, length);
        }
        match value {
            Some(value) if !fraction => {
                let ordinal = ["st", "nd", "rd", "th"].contains(&letters.as_str());
                let length = digits.len() + if ordinal { 2 } else { 0 };
                self.push(value.to_string(), Kind::Number { value, ordinal }, length);
            }
            _ => {
                let raw = self.run(0, |c| c.is_ascii_digit() || c == ',' || c == '.');
                let raw = raw.trim_end_matches(['.', ',']).to_owned();
                let length = raw.len().max(1);
                self.push(raw, Kind::Word, length);
            }
        }
    }

    /// A date as ISO 8601 writes it.
    fn date(&self) -> Option<(Kind, usize)> {
        let raw = self.run(0, |c| c.is_ascii_digit() || c == '-');
        let [year, month, day] = *raw.split('-').collect::<Vec<_>>() else { return None };
        if (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return None;
        }
        let kind = Kind::Date {
            year: year.parse().ok()?,
            month: month.parse().ok()?,
            day: day.parse().ok()?,
        };
        Some((kind, raw.len()))
    }

    /// A time of day: "18:30", "6.30", "18h30".
    fn clock(&self) -> Option<(Kind, usize)> {
        let hours = self.run(0, |c| c.is_ascii_digit());
        let between = self.peek(hours.len())?;
        let minutes = self.run(hours.len() + 1, |c| c.is_ascii_digit());
        let shaped = (1..=2).contains(&hours.len()) && minutes.len() == 2;
        if !shaped || !":.h".contains(between) {
            return None;
        }
        let (hour, minute): (i8, i8) = (hours.parse().ok()?, minutes.parse().ok()?);
        // A point also stands in prices and distances; times are told in quarters.
        let told = between != '.' || minute % 15 == 0;
        (hour < 24 && minute < 60 && told)
            .then_some((Kind::Clock { hour, minute }, hours.len() + 3))
    }
}

fn is_mark_on_letter(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// A whole number, with or without commas between its thousands.
fn thousands(digits: &str) -> Option<u32> {
    let groups: Vec<&str> = digits.split(',').collect();
    if groups.len() > 1 && groups.iter().skip(1).any(|group| !(2..=3).contains(&group.len())) {
        return None;
    }
    groups.concat().parse().ok()
}
