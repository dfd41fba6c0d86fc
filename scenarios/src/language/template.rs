//! Texts with `${name}` in them, filled from what earlier steps saved.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What earlier steps saved, by name.
pub type Bindings = BTreeMap<String, Value>;

/// A text and the names that it is filled from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
}

/// A `${…}` that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateFault {
    /// Characters before it.
    pub(crate) offset: usize,
    /// Its characters.
    pub(crate) width: usize,
    pub(crate) message: String,
}

/// A name in a template and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) offset: usize,
    pub(crate) width: usize,
}

impl Template {
    /// A text that names nothing.
    #[must_use]
    pub fn literal(text: impl Into<String>) -> Self {
        Self { parts: vec![Part::Text(text.into())] }
    }

    /// Reads `text`; `$${` stands for `${` itself. Also says which names it uses.
    pub(crate) fn parse(text: &str) -> Result<(Self, Vec<Use>), TemplateFault> {
        let chars: Vec<char> = text.chars().collect();
        let (mut parts, mut uses, mut plain) = (Vec::new(), Vec::new(), String::new());
        let mut at = 0;
        while at < chars.len() {
            if chars[at..].starts_with(&['$', '$', '{']) {
                plain.push_str("${");
                at += 3;
            } else if chars[at..].starts_with(&['$', '{']) {
                let name = name_at(&chars, at)?;
                let width = name.chars().count() + 3;
                parts.extend((!plain.is_empty()).then(|| Part::Text(std::mem::take(&mut plain))));
                uses.push(Use { name: name.clone(), offset: at, width });
                parts.push(Part::Name(name));
                at += width;
            } else {
                plain.push(chars[at]);
                at += 1;
            }
        }
        if !plain.is_empty() || parts.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok((Self { parts }, uses))
    }

    /// Reads `text`; `$${` stands for `${` itself.
    ///
    /// # Errors
    /// What is wrong with a `${…}` in it.
    pub fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).map(|(template, _)| template).map_err(|fault| fault.message)
    }

    /// The text, filled.
    ///
    /// # Errors
    /// The name that nothing was saved under.
    pub fn fill(&self, bindings: &Bindings) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Name(name) => {
                    let value = bindings.get(name).ok_or_else(|| unbound(name))?;
                    text.push_str(&plain_text(value));
                }
            }
        }
        Ok(text)
    }

    /// The names that it uses.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text, if it names nothing.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match &self.parts[..] {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Name(name) => write!(f, "${{{name}}}")?,
            }
        }
        Ok(())
    }
}

/// Says that nothing was saved as `name`.
#[must_use]
pub fn unbound(name: &str) -> String {
    format!("nothing was saved as `{name}`")
}

/// A value without the quotes of a text.
fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The name in the `${name}` at `at`.
fn name_at(chars: &[char], at: usize) -> Result<String, TemplateFault> {
    let rest = &chars[at + 2..];
    let Some(end) = rest.iter().position(|c| *c == '}') else {
        let message = "`${` without its `}`; write `$${` for the characters themselves".to_owned();
        return Err(TemplateFault { offset: at, width: 2, message });
    };
    let name: String = rest[..end].iter().collect();
    if is_name(&name) {
        return Ok(name);
    }
    let message = format!("`{name}` is not a name: small letters, digits and `_`, a letter first");
    Err(TemplateFault { offset: at + 2, width: end.max(1), message })
}

/// Whether something may be saved under `name`.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let bindings = Bindings::from([
            ("case".to_owned(), Value::from("c-1")),
            ("count".to_owned(), Value::from(3)),
        ]);
        let (template, _) = Template::parse(text).map_err(|fault| fault.message)?;
        template.fill(&bindings)
    }

    #[test]
    fn names_are_filled_and_doubled_signs_are_kept() {
        assert_eq!(filled("case ${case}, ${count}x").unwrap(), "case c-1, 3x");
        assert_eq!(filled("costs $5 and $${x}").unwrap(), "costs $5 and ${x}");
        assert_eq!(filled("").unwrap(), "");
        assert!(filled("${booking}").unwrap_err().contains("`booking`"));
    }

    #[test]
    fn a_broken_name_is_shown_where_it_stands() {
        let fault = Template::parse("ab ${Case}").unwrap_err();
        assert_eq!((fault.offset, fault.width), (5, 4));
        assert_eq!(Template::parse("ab ${case").unwrap_err().offset, 3);
        assert_eq!(Template::parse("${}").unwrap_err().offset, 2);
    }
}
