//! Reads strict YAML into a tree that knows where each thing stands.
//!
//! Strict: one document, text keys, no key twice, and neither anchors nor tags, so that what is read
//! is what is written.

use super::source::{Place, Problems, SOURCE_BYTES_MAX};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

/// Deepest nesting.
pub(super) const DEPTH_MAX: usize = 32;

/// One value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// What is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Flag(bool),
    Whole(i64),
    Number(f64),
    Text(Text),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A text and where its first character stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// The place of the characters themselves when each stands in the file as it is read (no escape, no fold).
    pub(crate) verbatim: Option<Place>,
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) place: Place,
}

impl Node {
    /// What kind of value it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Flag(_) => "true or false",
            Value::Whole(_) | Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    pub(crate) fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.entries().iter().find(|(key, _)| key.text == name).map(|(_, node)| node)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    /// The place of `width` characters at `offset` into a text, or the whole where that cannot be told.
    pub(crate) fn place_within(&self, offset: usize, width: usize) -> Place {
        match &self.value {
            Value::Text(Text { verbatim: Some(place), .. }) => place.within(offset, width),
            _ => self.place,
        }
    }

    /// As JSON, for what is passed on as it is.
    pub(crate) fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Flag(flag) => (*flag).into(),
            Value::Whole(number) => (*number).into(),
            Value::Number(number) => (*number).into(),
            Value::Text(text) => text.text.clone().into(),
            Value::List(items) => items.iter().map(Node::json).collect(),
            Value::Map(entries) => {
                let fields = entries.iter().map(|(key, node)| (key.text.clone(), node.json()));
                serde_json::Value::Object(fields.collect())
            }
        }
    }
}

/// Reads the one document in the source of `problems`; what is wrong is added there.
pub(crate) fn read(problems: &mut Problems) -> Option<Node> {
    let source = problems.source().clone();
    if source.text.len() > SOURCE_BYTES_MAX {
        let bytes = source.text.len();
        problems.add(FIRST, format!("the script has {bytes} bytes, at most {SOURCE_BYTES_MAX}"));
        return None;
    }
    let lines: Vec<&str> = source.text.lines().collect();
    let mut reader =
        Reader { parser: Parser::new_from_str(&source.text), lines, problems, end: FIRST };
    reader.document()
}

/// Where a script begins.
pub(crate) const FIRST: Place = Place { line: 1, column: 1, width: 1 };

struct Reader<'s, 'p> {
    parser: Parser<'s, StrInput<'s>>,
    lines: Vec<&'s str>,
    problems: &'p mut Problems,
    end: Place,
}

impl<'s> Reader<'s, '_> {
    fn document(&mut self) -> Option<Node> {
        let mut document = None;
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(_) if document.is_some() => {
                    self.problems.add(place, "a second document: one script is one document");
                    return None;
                }
                Event::DocumentStart(_) => {
                    let (event, place) = self.next()?;
                    document = Some(self.node(event, place, 0)?);
                }
                _ => {}
            }
        }
        if document.is_none() {
            self.problems.add(FIRST, "the script is empty");
        }
        document
    }

    fn next(&mut self) -> Option<(Event<'s>, Place)> {
        match self.parser.next() {
            Some(Ok((event, span))) => {
                let place = place(&self.lines, span);
                self.end = place;
                Some((event, place))
            }
            Some(Err(error)) => {
                let at = error.marker();
                let place = Place { line: at.line().max(1), column: at.col() + 1, width: 1 };
                self.problems.add(place, format!("this is not YAML: {}", error.info()));
                None
            }
            None => {
                self.problems.add(self.end, "the script ends too early");
                None
            }
        }
    }

    fn node(&mut self, event: Event<'s>, place: Place, depth: usize) -> Option<Node> {
        if depth > DEPTH_MAX {
            self.problems.add(place, format!("nested more than {DEPTH_MAX} deep"));
            return None;
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.plain(anchor, tag.is_some(), place)?;
                Some(self.scalar(&text, style, place))
            }
            Event::SequenceStart(anchor, tag) => {
                self.plain(anchor, tag.is_some(), place)?;
                self.list(place, depth)
            }
            Event::MappingStart(anchor, tag) => {
                self.plain(anchor, tag.is_some(), place)?;
                self.map(place, depth)
            }
            _ => {
                self.problems.advise(
                    place,
                    "an alias (`*name`) is not part of the language",
                    "write the value itself, or save it and use `${name}`",
                );
                None
            }
        }
    }

    /// Refuses anchors and tags.
    fn plain(&mut self, anchor: usize, tagged: bool, place: Place) -> Option<()> {
        if anchor == 0 && !tagged {
            return Some(());
        }
        let what = if tagged { "a tag (`!name`)" } else { "an anchor (`&name`)" };
        self.problems.add(place, format!("{what} is not part of the language"));
        None
    }

    fn list(&mut self, place: Place, depth: usize) -> Option<Node> {
        let mut items = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                let place = whole(place, at, items.first().map(|item: &Node| item.place));
                return Some(Node { value: Value::List(items), place });
            }
            items.push(self.node(event, at, depth + 1)?);
        }
    }

    fn map(&mut self, place: Place, depth: usize) -> Option<Node> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                let place = whole(place, at, entries.first().map(|(key, _)| key.place));
                return Some(Node { value: Value::Map(entries), place });
            }
            let Event::Scalar(text, ..) = event else {
                self.problems.add(at, "a key is a text");
                return None;
            };
            let key = Key { text: text.into_owned(), place: at };
            if entries.iter().any(|(other, _)| other.text == key.text) {
                self.problems.add(at, format!("`{}` stands here twice", key.text));
            }
            let (event, at) = self.next()?;
            let node = self.node(event, at, depth + 1)?;
            entries.push((key, node));
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, place: Place) -> Node {
        let value = match style {
            ScalarStyle::Plain => plain_value(text),
            _ => None,
        };
        let value = value.unwrap_or_else(|| {
            Value::Text(Text { text: text.to_owned(), verbatim: self.verbatim(text, style, place) })
        });
        Node { value, place }
    }

    /// Where the characters of `text` stand, if they stand in the file as they are read.
    fn verbatim(&self, text: &str, style: ScalarStyle, place: Place) -> Option<Place> {
        let skip = usize::from(!matches!(style, ScalarStyle::Plain));
        let line = self.lines.get(place.line - 1)?;
        let at = line.char_indices().nth(place.column - 1 + skip)?.0;
        let width = text.chars().count().max(1);
        line[at..].starts_with(text).then_some(Place {
            line: place.line,
            column: place.column + skip,
            width,
        })
    }
}

/// The place of a list or map from `start` to `end`: in brackets the whole, else its first entry.
fn whole(start: Place, end: Place, first: Option<Place>) -> Place {
    if start.line == end.line && end.column > start.column {
        return Place { width: end.column + end.width - start.column, ..start };
    }
    first.unwrap_or(start)
}

/// The place of an event in `lines`; what runs over several lines is shown by its first, and the blanks that follow a
/// value are no part of it.
fn place(lines: &[&str], span: Span) -> Place {
    let (line, column) = (span.start.line().max(1), span.start.col() + 1);
    let width = if span.end.line() == span.start.line() {
        span.end.col().saturating_sub(span.start.col())
    } else {
        1
    };
    let text: String =
        lines.get(line - 1).map_or("", |line| line).chars().skip(column - 1).take(width).collect();
    Place { line, column, width: text.trim_end().chars().count().max(1) }
}

/// What a text without quotes is, unless it is a text.
fn plain_value(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" => return Some(Value::Null),
        "true" => return Some(Value::Flag(true)),
        "false" => return Some(Value::Flag(false)),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if digits.chars().all(|c| c.is_ascii_digit()) {
        return text.parse().ok().map(Value::Whole);
    }
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if !digits.chars().all(numeric) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    fn parsed(text: &str) -> Result<Node, Vec<(usize, usize, String)>> {
        let mut problems = Problems::of(Source::new("t", text));
        let node = read(&mut problems);
        problems.settle(node).map_err(|error| {
            let each = error.problems.into_iter();
            each.map(|it| (it.place.line, it.place.column, it.message)).collect()
        })
    }

    #[test]
    fn scalars_are_what_they_look_like_and_quotes_make_texts() {
        let node =
            parsed("a: 1\nb: -2.5\nc: true\nd: ~\ne: 3d\nf: '1'\ng: 2026-03-02\nh: yes\n").unwrap();
        let value = |name: &str| node.get(name).map(|node| node.json()).unwrap();
        assert_eq!(value("a"), 1);
        assert_eq!(value("b"), -2.5);
        assert_eq!(value("c"), true);
        assert_eq!(value("d"), serde_json::Value::Null);
        for (name, text) in [("e", "3d"), ("f", "1"), ("g", "2026-03-02"), ("h", "yes")] {
            assert_eq!(value(name), text);
        }
    }

    #[test]
    fn a_place_inside_a_text_counts_from_its_first_character() {
        let node = parsed("a: \"x == y\"\nb: x == y\nc: \"x\\u0020y\"\n").unwrap();
        let at = |name: &str| node.get(name).unwrap().place_within(5, 1).column;
        assert_eq!((at("a"), at("b"), at("c")), (10, 9, 4), "an escape moves what follows it");
    }

    #[test]
    fn what_could_be_read_two_ways_is_refused_where_it_stands() {
        for (text, line, column, part) in [
            ("", 1, 1, "empty"),
            ("a: 1\na: 2", 2, 1, "twice"),
            ("a: &x 1", 1, 4, "anchor"),
            ("a: !!str 1", 1, 4, "tag"),
            ("a: 1\n---\nb: 1", 2, 1, "second document"),
            ("? [a]\n: 1", 1, 3, "key is a text"),
            ("a: [1, 2", 2, 1, "not YAML"),
            ("a: \"b", 1, 4, "not YAML"),
            ("a: b: c", 1, 5, "not YAML"),
            ("a:\n\t- b", 2, 2, "not YAML"),
        ] {
            let problems = parsed(text).unwrap_err();
            let (at_line, at_column, message) = &problems[0];
            assert!(message.contains(part), "{text:?}: {message}");
            assert_eq!((*at_line, *at_column), (line, column), "{text:?}: {message}");
        }
        let deep = "[".repeat(DEPTH_MAX + 2) + &"]".repeat(DEPTH_MAX + 2);
        assert!(parsed(&deep).unwrap_err()[0].2.contains("deep"));
    }
}
