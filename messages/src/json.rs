//! JSON read strictly, because what comes from outside is evidence: bounded depth, no key twice, nothing guessed.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Deepest nesting of objects and arrays that is read.
pub const DEPTH_MAX: usize = 16;

/// Why a text could not be read as JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("JSON is nested deeper than {DEPTH_MAX} levels; flatten it")]
    TooDeep,
    /// Not the syntax of RFC 8259, or another kind of value than asked for.
    #[error("not the JSON that was expected: {0}")]
    Syntax(String),
    /// One object names a field twice, so one of the two values would be lost.
    #[error("key `{key}` appears twice in one object; send it once")]
    DuplicateKey {
        /// The key.
        key: String,
    },
}

/// Refuses what is nested deeper than [`DEPTH_MAX`]; looks at brackets and strings only.
pub(crate) fn check_depth(text: &[u8]) -> Result<(), JsonError> {
    // Few brackets cannot be deep, and counting them is much faster than following them.
    if text.iter().filter(|byte| matches!(byte, b'{' | b'[')).count() <= DEPTH_MAX {
        return Ok(());
    }
    let mut depth = 0_usize;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
    }
    Ok(())
}

/// Moves behind the closing quote.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// The fields of one object in their order, each value still as it was written.
///
/// Keeping the values raw lets every field be judged by itself: one bad sample does not cost its neighbours.
#[derive(Debug)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Reads an object; refuses a key that appears twice.
    pub(crate) fn parse(text: &'a str) -> Result<Self, JsonError> {
        let object: Self = from_str(text)?;
        object.refuse_duplicates()?;
        Ok(object)
    }

    /// The value of `key`; `null` counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().find(|(name, _)| name == key)?;
        (value.get() != "null").then_some(value)
    }

    /// The first key that is none of `known`.
    pub(crate) fn unknown(&self, known: &[&str]) -> Option<&str> {
        self.0.iter().map(|(key, _)| key.as_ref()).find(|key| !known.contains(key))
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn refuse_duplicates(&self) -> Result<(), JsonError> {
        match self.duplicate() {
            Some(key) => Err(JsonError::DuplicateKey { key: shorten(key) }),
            None => Ok(()),
        }
    }

    /// A key that appears twice. Few keys are compared pairwise; an attacker's object may have tens of thousands.
    fn duplicate(&self) -> Option<&str> {
        const FEW: usize = 16;
        let mut keys = self.0.iter().map(|(key, _)| key.as_ref());
        if self.len() <= FEW {
            let others = |index: usize| self.0[..index].iter().map(|(key, _)| key.as_ref());
            return keys.enumerate().find(|(index, key)| others(*index).any(|it| it == *key)).map(|(_, key)| key);
        }
        let mut sorted: Vec<&str> = keys.by_ref().collect();
        sorted.sort_unstable();
        sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }
}

impl<'a> IntoIterator for Object<'a> {
    type Item = (Cow<'a, str>, &'a RawValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
                let mut fields = Vec::with_capacity(16);
                while let Some((Key(key), value)) = map.next_entry()? {
                    fields.push((key, value));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Reads `text` as `T`.
pub(crate) fn from_str<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsonError> {
    serde_json::from_str(text).map_err(|error| JsonError::Syntax(error.to_string()))
}

/// The text of a JSON string, or `None` for any other value.
pub(crate) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(value.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The start of a text from outside, short enough for an error.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_but_not_those_inside_strings() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(check_depth(nested(DEPTH_MAX).as_bytes()), Ok(()));
        assert_eq!(check_depth(nested(DEPTH_MAX + 1).as_bytes()), Err(JsonError::TooDeep));
        assert_eq!(check_depth(format!(r#"{{"{}\"[":1}}"#, "[".repeat(99)).as_bytes()), Ok(()));
    }

    #[test]
    fn a_key_that_appears_twice_is_refused_however_it_is_spelled() {
        let error = Object::parse(r#"{"a":1,"\u0061":2}"#).unwrap_err();
        assert_eq!(error, JsonError::DuplicateKey { key: "a".to_owned() });
    }

    #[test]
    fn a_string_is_read_with_its_escapes_and_a_lone_surrogate_is_none() {
        let raw = |text| serde_json::from_str::<&RawValue>(text).unwrap();
        assert_eq!(string(raw(r#""a""#)).as_deref(), Some("a"));
        assert_eq!(string(raw(r#""a\n\u00e9""#)).as_deref(), Some("a\né"));
        assert_eq!(string(raw(r#""\ud800""#)), None);
        assert_eq!(string(raw("1")), None);
    }
}
