//! What makes a text one of its kind: a length of time, a condition, the name of something.

use super::attack::Rate;
use super::shape::{Check, Text};
use super::source::suggest;
use super::template::{Template, is_name};
use super::vocabulary::events;
use super::yaml::Node;
use crate::expression::vocabulary::EVENT;
use crate::expression::{Expression, Fault};
use crate::measure;
use messages::Timestamp;
use messages::profile::Span;

/// Longest text for people, in characters.
pub(super) const WORDS_CHARS_MAX: usize = 2_000;

impl Check<'_> {
    /// Adds what is wrong with a text of `kind`.
    pub(crate) fn text(&mut self, what: &str, node: &Node, kind: Text) {
        let text = node.text().unwrap_or_default();
        match kind {
            Text::Words | Text::Reference => self.template(what, node, text, kind),
            Text::Name if !is_name(text) => self.refuse_name(what, node, text),
            Text::Slug if !is_slug(text) => self.refuse_slug(what, node, text),
            Text::Name | Text::Slug => {}
            Text::Span => {
                if let Err(error) = text.parse::<Span>() {
                    self.problems.add(node.place, error.to_string());
                }
            }
            Text::Rate => {
                if let Err(error) = text.parse::<Rate>() {
                    self.problems.add(node.place, error.to_string());
                }
            }
            Text::Moment => {
                if let Err(error) = text.parse::<Timestamp>() {
                    self.problems.add(node.place, error.to_string());
                }
            }
            Text::Where => self.expression(node, Expression::condition(text, &EVENT)),
            Text::That => self.expression(node, Expression::condition(text, &measure::VOCABULARY)),
            Text::Taken => self.expression(node, Expression::parse(text, &EVENT)),
            Text::Measure => self.expression(node, Expression::parse(text, &measure::VOCABULARY)),
            Text::Event => {
                let names = [events(), borrowed(&self.known.events)].concat();
                self.named("message", node, text, &names);
            }
            Text::Agents if text == "*" => {}
            Text::Agent | Text::Agents => {
                self.named("agent", node, text, &borrowed(&self.known.agents))
            }
            Text::Fault => self.named("fault", node, text, &borrowed(&self.known.faults)),
            Text::Profile => self.named("profile", node, text, &borrowed(&self.known.profiles)),
        }
    }

    fn named(&mut self, what: &str, node: &Node, text: &str, names: &[&str]) {
        if !names.is_empty() && !names.contains(&text) {
            let message = format!("no {what} is named `{text}`");
            self.problems.advise(node.place, message, suggest(text, names));
        }
    }

    fn expression(&mut self, node: &Node, read: Result<Expression, Fault>) {
        let Err(fault) = read else { return };
        let place = node.place_within(fault.offset, fault.width);
        match fault.remedy {
            Some(remedy) => self.problems.advise(place, fault.message, remedy),
            None => self.problems.add(place, fault.message),
        }
    }

    fn template(&mut self, what: &str, node: &Node, text: &str, kind: Text) {
        let characters = text.chars().count();
        if text.trim().is_empty() {
            self.problems.add(node.place, format!("`{what}` is empty"));
        } else if characters > WORDS_CHARS_MAX {
            let message =
                format!("`{what}` has {characters} characters, at most {WORDS_CHARS_MAX}");
            self.problems.add(node.place, message);
        } else if let Err(fault) = Template::parse(text) {
            self.problems.add(node.place_within(fault.offset, fault.width), fault.message);
        } else if kind == Text::Reference && text.contains(char::is_whitespace) {
            self.problems.add(node.place, format!("`{what}` names one thing; `{text}` has spaces"));
        }
    }

    fn refuse_name(&mut self, what: &str, node: &Node, text: &str) {
        let remedy = "small letters, digits and `_`, a letter first, at most 64";
        self.problems.advise(node.place, format!("`{what}` is a name; `{text}` is none"), remedy);
    }

    fn refuse_slug(&mut self, what: &str, node: &Node, text: &str) {
        let remedy = "small letters, digits and `-`, a letter first, at most 64";
        self.problems.advise(node.place, format!("`{what}` is a name; `{text}` is none"), remedy);
    }
}

/// Whether `text` can name a script.
pub(crate) fn is_slug(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
