//! A script's text, places in it, and what is wrong there: with line, column and caret.

use std::fmt;
use std::sync::Arc;

/// Longest script, in bytes.
pub const SOURCE_BYTES_MAX: usize = 1024 * 1024;

/// The text of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, for people.
    pub name: String,
    /// What it says.
    pub text: String,
}

impl Source {
    /// A source called `name`.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// Line `number`, counted from 1; empty beyond the end.
    #[must_use]
    pub fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default()
    }
}

/// A stretch of one line, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Characters, at least 1.
    pub width: usize,
}

impl Place {
    /// The place of `width` characters at `offset` characters into this one.
    #[must_use]
    pub fn within(self, offset: usize, width: usize) -> Self {
        Self { line: self.line, column: self.column + offset, width: width.max(1) }
    }
}

/// One thing that is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub source: Arc<Source>,
    /// Where in it.
    pub place: Place,
    /// What is wrong, naming the thing and its value.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column, width } = self.place;
        let text = self.source.line(line);
        let room = text.chars().count().saturating_sub(column - 1).max(1);
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{}", self.message)?;
        writeln!(f, "{margin} --> {}:{line}:{column}", self.source.name)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", text.replace('\t', " "))?;
        let caret = "^".repeat(width.min(room));
        write!(f, "{margin} | {}{caret}", " ".repeat(column - 1))?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n{margin} = {remedy}"),
            None => Ok(()),
        }
    }
}

/// Why a script cannot be used: everything that is wrong with it, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", written(.problems))]
pub struct ScriptError {
    /// At least one.
    pub problems: Vec<Problem>,
}

fn written(problems: &[Problem]) -> String {
    let each: Vec<String> = problems.iter().map(ToString::to_string).collect();
    each.join("\n\n")
}

/// Gathers what is wrong with one file.
#[derive(Debug)]
pub(crate) struct Problems {
    source: Arc<Source>,
    found: Vec<Problem>,
}

impl Problems {
    pub(crate) fn of(source: Arc<Source>) -> Self {
        Self { source, found: Vec::new() }
    }

    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    pub(crate) fn add(&mut self, place: Place, message: impl Into<String>) {
        self.found.push(Problem {
            source: self.source.clone(),
            place,
            message: message.into(),
            remedy: None,
        });
    }

    pub(crate) fn advise(
        &mut self,
        place: Place,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(place, message);
        if let Some(problem) = self.found.last_mut() {
            problem.remedy = Some(remedy.into());
        }
    }

    pub(crate) fn extend(&mut self, others: Vec<Problem>) {
        self.found.extend(others);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// `value`, or everything that is wrong.
    pub(crate) fn settle<T>(self, value: Option<T>) -> Result<T, ScriptError> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(self.into_error()),
        }
    }

    pub(crate) fn into_error(mut self) -> ScriptError {
        assert!(!self.found.is_empty(), "a script is refused for a reason");
        self.found.sort_by_key(|problem| problem.place);
        self.found.dedup();
        ScriptError { problems: self.found }
    }
}

/// The word among `candidates` most like `word`, if any is like it at all.
#[must_use]
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let far = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, candidate)| candidate)
}

/// "did you mean `…`?", or else the whole list.
#[must_use]
pub fn suggest(word: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if candidates.is_empty() => "there is none".to_owned(),
        None => format!("there are: {}", candidates.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_its_line_with_a_caret_under_the_place() {
        let problem = Problem {
            source: Source::new("brakes.yaml", "name: x\n  sed: 42\n"),
            place: Place { line: 2, column: 3, width: 3 },
            message: "no field is named `sed`".to_owned(),
            remedy: Some("did you mean `seed`?".to_owned()),
        };
        let expected = "no field is named `sed`\n  --> brakes.yaml:2:3\n  |\n2 |   sed: 42\n  |   ^^^\n  = did you mean `seed`?";
        assert_eq!(problem.to_string(), expected);
    }

    #[test]
    fn a_caret_stays_on_its_line() {
        let problem = Problem {
            source: Source::new("x", "ab"),
            place: Place { line: 1, column: 2, width: 40 },
            message: "m".to_owned(),
            remedy: None,
        };
        assert!(problem.to_string().ends_with("|  ^"));
    }
}
