//! Shapes of what a script holds: one description from which checks, documents and JSON Schema are made.

use super::source::{Problems, nearest, suggest};
use super::vocabulary::Known;
use super::words;
use super::yaml::{Node, Value};

/// What may stand in a place.
pub(crate) enum Shape {
    /// A text of some kind.
    Text(Text),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number in this range.
    Whole(i64, i64),
    /// A number in this range.
    Number(f64, f64),
    /// True; to say the opposite, leave the field out.
    True,
    /// Anything that JSON can say.
    Anything,
    /// One or more of these.
    List(&'static Shape),
    /// Fields with fixed names.
    Record(&'static Record),
    /// Names chosen by the writer, each with such a value.
    Names(&'static Shape),
    /// The records of a family; the first field of each tells them apart.
    Family(&'static [&'static Record]),
    /// The first that fits the kind of value: a text, a list or a map.
    Either(&'static Shape, &'static Shape),
    /// A step: one verb with its attributes.
    Step,
}

/// Kinds of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// For people, and `${name}`.
    Words,
    /// Names one thing (an asset, a case): no spaces; and `${name}`.
    Reference,
    /// What something is saved under.
    Name,
    /// Small letters, digits and `-`.
    Slug,
    /// A length of time.
    Span,
    /// How much in which time.
    Rate,
    /// A moment.
    Moment,
    /// A condition over an event.
    Where,
    /// A condition over what the log adds up to.
    That,
    /// A value taken from an event.
    Taken,
    /// Name of a message.
    Event,
    /// Name of a measure.
    Measure,
    /// Name of an agent.
    Agent,
    /// Name of an agent, or `*` for all of them.
    Agents,
    /// Name of a fault.
    Fault,
    /// Name of a profile.
    Profile,
}

/// Fields with fixed names.
pub(crate) struct Record {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) fields: &'static [Field],
}

/// One field of a record.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) shape: &'static Shape,
    pub(crate) required: bool,
}

/// One verb.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) shape: &'static Shape,
    /// Which of [`words::ATTRIBUTES`] it takes.
    pub(crate) attributes: &'static [&'static str],
}

impl Record {
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field by which a record of a family is known.
    pub(crate) fn lead(&self) -> &'static str {
        self.fields[0].name
    }
}

impl Shape {
    /// For people.
    pub(crate) fn wanted(&self) -> &'static str {
        match self {
            Shape::Text(Text::Span) => "a length of time like `30s`, `5m`, `12h` or `3d`",
            Shape::Text(Text::Rate) => "a rate like `200/s` or `12/d`",
            Shape::Text(Text::Moment) => "a moment like \"2026-03-02T06:00:00Z\"",
            Shape::Text(_) | Shape::Word(_) => "a text",
            Shape::Whole(..) => "a whole number",
            Shape::Number(..) => "a number",
            Shape::True => "`true`",
            Shape::Anything => "anything",
            Shape::List(_) => "a list",
            Shape::Record(_) | Shape::Names(_) | Shape::Family(_) => "a map of fields",
            Shape::Either(..) => "one of two things",
            Shape::Step => "a step like `- note: …`",
        }
    }

    fn fits_kind(&self, node: &Node) -> bool {
        match self {
            Shape::Text(_) | Shape::Word(_) => matches!(node.value, Value::Text(_)),
            Shape::Whole(..) => matches!(node.value, Value::Whole(_)),
            Shape::Number(..) => matches!(node.value, Value::Whole(_) | Value::Number(_)),
            Shape::True => matches!(node.value, Value::Flag(_)),
            Shape::Anything => true,
            Shape::List(_) => matches!(node.value, Value::List(_)),
            Shape::Record(_) | Shape::Names(_) | Shape::Family(_) | Shape::Step => {
                matches!(node.value, Value::Map(_))
            }
            Shape::Either(one, other) => one.fits_kind(node) || other.fits_kind(node),
        }
    }
}

/// Compares a script with its shape.
pub(crate) struct Check<'c> {
    pub(crate) problems: &'c mut Problems,
    pub(crate) known: &'c Known,
}

impl Check<'_> {
    /// Adds what is wrong with `node`, called `what`, to the problems.
    pub(crate) fn check(&mut self, what: &str, node: &Node, shape: &Shape) {
        if !shape.fits_kind(node) {
            return self.refuse_kind(what, node, shape);
        }
        match shape {
            Shape::Text(kind) => self.text(what, node, *kind),
            Shape::Word(words) => self.word(what, node, words),
            Shape::Whole(..) | Shape::Number(..) => self.number(what, node, shape),
            Shape::True => {
                if node.value == Value::Flag(false) {
                    let remedy = "leave the field out to say the opposite";
                    self.problems.advise(
                        node.place,
                        format!("`{what}` is `true` or absent"),
                        remedy,
                    );
                }
            }
            Shape::Anything => {}
            Shape::List(item) => self.list(what, node, item),
            Shape::Record(record) => self.record(node, record),
            Shape::Names(value) => self.names(what, node, value),
            Shape::Family(family) => self.family(what, node, family),
            Shape::Either(one, other) => {
                let shape = if one.fits_kind(node) { one } else { other };
                self.check(what, node, shape);
            }
            Shape::Step => self.step(node),
        }
    }

    fn refuse_kind(&mut self, what: &str, node: &Node, shape: &Shape) {
        let message = format!("`{what}` is {}, this is {}", shape.wanted(), node.kind());
        match (shape, &node.value) {
            (Shape::Text(Text::Span | Text::Rate), Value::Whole(_) | Value::Number(_)) => {
                self.problems.advise(node.place, message, "write the unit");
            }
            (
                Shape::Text(_) | Shape::Word(_),
                Value::Whole(_) | Value::Number(_) | Value::Flag(_),
            ) => {
                self.problems.advise(node.place, message, "put it in quotes to make it a text");
            }
            (Shape::Whole(..) | Shape::Number(..), Value::Text(_)) => {
                self.problems.advise(node.place, message, "write it without quotes and unit");
            }
            _ => self.problems.add(node.place, message),
        }
    }

    fn word(&mut self, what: &str, node: &Node, words: &[&str]) {
        let word = node.text().unwrap_or_default();
        if !words.contains(&word) {
            let message = format!("`{what}` is not `{word}`");
            self.problems.advise(node.place, message, suggest(word, words));
        }
    }

    fn number(&mut self, what: &str, node: &Node, shape: &Shape) {
        let (number, low, high) = match (&node.value, shape) {
            (Value::Whole(number), Shape::Whole(low, high)) => {
                (*number as f64, *low as f64, *high as f64)
            }
            (Value::Whole(number), Shape::Number(low, high)) => (*number as f64, *low, *high),
            (Value::Number(number), Shape::Number(low, high)) => (*number, *low, *high),
            _ => return,
        };
        if !(low..=high).contains(&number) {
            let message = format!("`{what}` is from {low} to {high}, this is {number}");
            self.problems.add(node.place, message);
        }
    }

    fn list(&mut self, what: &str, node: &Node, item: &Shape) {
        if node.items().is_empty() {
            self.problems.add(node.place, format!("`{what}` is an empty list; leave it out"));
        }
        let one = what.strip_suffix('s').unwrap_or(what);
        node.items().iter().for_each(|each| self.check(one, each, item));
    }

    fn names(&mut self, what: &str, node: &Node, value: &Shape) {
        for (key, below) in node.entries() {
            if !super::template::is_name(&key.text) {
                let message = format!("`{}` is not a name to save under", key.text);
                let remedy = "small letters, digits and `_`, a letter first";
                self.problems.advise(key.place, message, remedy);
            }
            self.check(what, below, value);
        }
    }

    fn record(&mut self, node: &Node, record: &Record) {
        for (key, below) in node.entries() {
            match record.field(&key.text) {
                Some(field) => self.check(field.name, below, field.shape),
                None => {
                    let names: Vec<&str> = record.fields.iter().map(|field| field.name).collect();
                    let message = format!("`{}` has no field `{}`", record.name, key.text);
                    self.problems.advise(key.place, message, suggest(&key.text, &names));
                }
            }
        }
        for field in record.fields.iter().filter(|field| field.required) {
            if node.get(field.name).is_none() {
                let message = format!("`{}` lacks `{}`: {}", record.name, field.name, field.about);
                self.problems.add(node.place, message);
            }
        }
    }

    fn family(&mut self, what: &str, node: &Node, family: &[&'static Record]) {
        if let Some(record) = family.iter().find(|record| node.get(record.lead()).is_some()) {
            return self.record(node, record);
        }
        for (key, _) in node.entries() {
            if let Some(reason) = words::later(&format!("{what}.{}", key.text)) {
                return self.problems.add(key.place, reason);
            }
        }
        let leads: Vec<&str> = family.iter().map(|record| record.lead()).collect();
        let near = node
            .entries()
            .iter()
            .find_map(|(key, _)| Some((key.place, nearest(&key.text, leads.iter().copied())?)));
        let message = format!("`{what}` names none of {}", leads.join(", "));
        match near {
            Some((place, lead)) => {
                self.problems.advise(place, message, format!("did you mean `{lead}`?"));
            }
            None => self.problems.add(node.place, message),
        }
    }

    fn step(&mut self, node: &Node) {
        let mut verbs = Vec::new();
        for (key, below) in node.entries() {
            if let Some(verb) = words::verb(&key.text) {
                verbs.push((verb, key, below));
            } else if let Some(reason) = words::later(&key.text) {
                return self.problems.add(key.place, reason);
            } else if words::ATTRIBUTES.field(&key.text).is_none() {
                let mut names: Vec<&str> = words::VERBS.iter().map(|verb| verb.name).collect();
                names.extend(words::ATTRIBUTES.fields.iter().map(|field| field.name));
                let message = format!("no verb is named `{}`", key.text);
                return self.problems.advise(key.place, message, suggest(&key.text, &names));
            }
        }
        match verbs[..] {
            [] => {
                let names: Vec<&str> = words::VERBS.iter().map(|verb| verb.name).collect();
                let remedy = format!("verbs are: {}", names.join(", "));
                self.problems.advise(node.place, "a step without a verb", remedy);
            }
            [(verb, _, below)] => {
                self.check(verb.name, below, verb.shape);
                self.attributes(node, verb);
            }
            [(first, ..), (second, key, _), ..] => {
                let message = format!("`{}` and `{}` in one step", first.name, second.name);
                self.problems.advise(
                    key.place,
                    message,
                    "one step has one verb; begin a new line with `- `",
                );
            }
        }
    }

    fn attributes(&mut self, node: &Node, verb: &Verb) {
        for (key, below) in node.entries() {
            let Some(field) = words::ATTRIBUTES.field(&key.text) else { continue };
            if verb.attributes.contains(&field.name) {
                self.check(field.name, below, field.shape);
                continue;
            }
            let takers = words::VERBS.iter().filter(|other| other.attributes.contains(&field.name));
            let names: Vec<&str> = takers.map(|other| other.name).collect();
            let message = format!("`{}` takes no `{}`", verb.name, field.name);
            self.problems.advise(key.place, message, format!("it goes with: {}", names.join(", ")));
        }
    }
}
