//! Quantities computed from channels: a formula of channel ids, numbers, `+ - * /` and brackets.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// Longest formula, in bytes.
pub const FORMULA_BYTES_MAX: usize = 1_024;
/// Deepest brackets of a formula.
const DEPTH_MAX: usize = 32;

/// A formula, read and ready to be computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Formula {
    text: String,
    root: Node,
}

/// Why a text is no formula.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("formula `{text}` cannot be read at character {at}: {expected}")]
pub struct FormulaError {
    text: String,
    at: usize,
    expected: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Number(f64),
    Channel(String),
    Negated(Box<Node>),
    Both(Box<Node>, Operator, Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
    Over,
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// [`FormulaError`] with the place at which it cannot be read on.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        let mut reader = Reader { text, rest: text.chars().peekable(), at: 1, depth: 0 };
        if text.len() > FORMULA_BYTES_MAX {
            return Err(reader.expected("it has more than 1024 bytes"));
        }
        let root = reader.sum()?;
        match reader.next_character() {
            None => Ok(Self { text: text.to_owned(), root }),
            Some(_) => Err(reader.expected("expected `+`, `-`, `*`, `/` or the end")),
        }
    }

    /// The channels that it is computed from, as written, repetitions included.
    #[must_use]
    pub fn channels(&self) -> Vec<&str> {
        let mut channels = Vec::new();
        self.root.channels(&mut channels);
        channels
    }

    /// Its value, given that of each channel; none where one is missing, or the result is no finite number.
    pub fn value(&self, channel: impl Fn(&str) -> Option<f64>) -> Option<f64> {
        self.root.value(&channel).filter(|value| value.is_finite())
    }
}

impl Node {
    fn channels<'n>(&'n self, channels: &mut Vec<&'n str>) {
        match self {
            Node::Number(_) => {}
            Node::Channel(id) => channels.push(id),
            Node::Negated(inner) => inner.channels(channels),
            Node::Both(left, _, right) => {
                left.channels(channels);
                right.channels(channels);
            }
        }
    }

    fn value(&self, channel: &impl Fn(&str) -> Option<f64>) -> Option<f64> {
        Some(match self {
            Node::Number(number) => *number,
            Node::Channel(id) => channel(id)?,
            Node::Negated(inner) => -inner.value(channel)?,
            Node::Both(left, operator, right) => {
                let (left, right) = (left.value(channel)?, right.value(channel)?);
                match operator {
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times => left * right,
                    Operator::Over => left / right,
                }
            }
        })
    }
}

struct Reader<'t> {
    text: &'t str,
    rest: Peekable<Chars<'t>>,
    /// Of the next character, from 1.
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn expected(&self, expected: &'static str) -> FormulaError {
        FormulaError { text: self.text.to_owned(), at: self.at, expected }
    }

    /// The next character that is no blank; it stays.
    fn next_character(&mut self) -> Option<char> {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {
            self.at += 1;
        }
        self.rest.peek().copied()
    }

    fn step(&mut self) {
        self.rest.next();
        self.at += 1;
    }

    fn sum(&mut self) -> Result<Node, FormulaError> {
        let mut left = self.product()?;
        loop {
            let operator = match self.next_character() {
                Some('+') => Operator::Plus,
                Some('-') => Operator::Minus,
                _ => return Ok(left),
            };
            self.step();
            left = Node::Both(Box::new(left), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Node, FormulaError> {
        let mut left = self.factor()?;
        loop {
            let operator = match self.next_character() {
                Some('*') => Operator::Times,
                Some('/') => Operator::Over,
                _ => return Ok(left),
            };
            self.step();
            left = Node::Both(Box::new(left), operator, Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Result<Node, FormulaError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.expected("its brackets are too deep"));
        }
        let node = match self.next_character() {
            Some('-') => {
                self.step();
                Node::Negated(Box::new(self.factor()?))
            }
            Some('(') => {
                self.step();
                let inner = self.sum()?;
                if self.next_character() != Some(')') {
                    return Err(self.expected("expected `)`"));
                }
                self.step();
                inner
            }
            Some(c) if c.is_ascii_lowercase() => Node::Channel(
                self.word(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
            ),
            Some(c) if c.is_ascii_digit() => self.number()?,
            _ => return Err(self.expected("expected a channel, a number, `-` or `(`")),
        };
        self.depth -= 1;
        Ok(node)
    }

    fn number(&mut self) -> Result<Node, FormulaError> {
        let refused = self.expected("expected a number such as `0.5`");
        let digits = self.word(|c| c.is_ascii_digit() || c == '.');
        let number: f64 = digits.parse().map_err(|_unreadable| refused)?;
        Ok(Node::Number(number))
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| belongs(*c)) {
            word.push(c);
            self.at += 1;
        }
        word
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Formula {
    type Error = FormulaError;

    fn try_from(text: String) -> Result<Self, FormulaError> {
        Self::parse(&text)
    }
}

impl From<Formula> for String {
    fn from(formula: Formula) -> String {
        formula.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> Option<f64> {
        Formula::parse(text).unwrap().value(|id| match id {
            "torque" => Some(40.0),
            "speed" => Some(1_500.0),
            "zero" => Some(0.0),
            _ => None,
        })
    }

    #[test]
    fn operators_bind_as_in_arithmetic() {
        assert_eq!(value("torque * speed / 60"), Some(1_000.0));
        assert_eq!(value("2 + 3 * torque - 10 / 5"), Some(120.0));
        assert_eq!(value("-(2 + 3) * torque"), Some(-200.0));
        assert_eq!(value("100 - 10 - 1"), Some(89.0));
        assert_eq!(Formula::parse("a + b * a").unwrap().channels(), ["a", "b", "a"]);
    }

    #[test]
    fn what_is_missing_or_no_number_stays_missing() {
        assert_eq!(value("torque + pressure"), None);
        assert_eq!(value("torque / zero"), None);
        assert_eq!(value("zero / zero"), None);
    }

    #[test]
    fn a_mistake_is_shown_at_its_place() {
        let error = |text: &str| Formula::parse(text).unwrap_err().to_string();
        assert_eq!(
            error("torque * "),
            "formula `torque * ` cannot be read at character 10: expected a channel, a number, `-` or `(`"
        );
        assert!(error("(torque").contains("expected `)`"));
        assert!(error("torque speed").contains("at character 8"));
        assert!(error("1.2.3").contains("expected a number"));
        assert!(error(&"(".repeat(500)).contains("too deep"));
        assert!(error(&"1+".repeat(600)).contains("more than 1024 bytes"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z0-9+*/(). -]{0,80}") {
            if let Ok(formula) = Formula::parse(&text) {
                prop_assert!(formula.value(|_| Some(1.5)).is_none_or(f64::is_finite));
            }
        }
    }
}
