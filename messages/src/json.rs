//! JSON read strictly, because what comes from outside is evidence: bounded depth, no key twice, nothing guessed.

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Deepest nesting of objects and arrays that is read.
pub const DEPTH_MAX: usize = 16;

/// Why a text could not be read as JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("JSON is nested deeper than {DEPTH_MAX} levels; flatten it")]
    TooDeep,
    /// Not the syntax of RFC 8259, a number beyond all floats, another kind of value than asked for, an unknown field, or
    /// a key that appears twice in one object, so that one of two values would be lost.
    #[error("not the JSON that was expected: {0}")]
    Unexpected(String),
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

/// The fields of one object in their order; no two have the same key.
///
/// With raw values each field can be judged by itself; with [`Scalar`]s one pass reads them all.
#[derive(Debug)]
pub(crate) struct Object<'a, V = &'a RawValue>(Vec<(Cow<'a, str>, V)>);

impl<'a> Object<'a> {
    /// Reads an object.
    pub(crate) fn parse(text: &'a str) -> Result<Self, JsonError> {
        from_str(text)
    }

    /// Whether there is a field `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(name, _)| name == key)
    }
}

impl<V> Object<'_, V> {
    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// A key that appears twice. Few keys are compared pairwise; an attacker's object may have tens of thousands.
    fn duplicate(&self) -> Option<&str> {
        const FEW: usize = 16;
        let keys = || self.0.iter().map(|(key, _)| key.as_ref());
        if self.len() <= FEW {
            return keys()
                .enumerate()
                .find(|(i, key)| keys().take(*i).any(|it| it == *key))
                .map(|it| it.1);
        }
        let mut sorted: Vec<&str> = keys().collect();
        sorted.sort_unstable();
        sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }
}

impl<'a, V> IntoIterator for Object<'a, V> {
    type Item = (Cow<'a, str>, V);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Object<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Fields<V> {
            type Value = Object<'de, V>;

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
        let object = deserializer.deserialize_map(Fields(PhantomData))?;
        match object.duplicate() {
            Some(key) => {
                let key = shorten(key);
                Err(D::Error::custom(format!(
                    "key `{key}` appears twice in one object; send it once"
                )))
            }
            None => Ok(object),
        }
    }
}

/// A value that is expected to be simple; of one that is not, only its kind is kept.
#[derive(Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    /// `null`.
    Null,
    /// A number, as the nearest float. One beyond all floats is a syntax error.
    Number(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// What it is instead.
    Other(&'static str),
}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Null => f.write_str("null"),
            Scalar::Number(number) => number.fmt(f),
            Scalar::Text(text) => write!(f, "\"{}\"", shorten(text).escape_debug()),
            Scalar::Other(kind) => f.write_str(kind),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyScalar)
    }
}

struct AnyScalar;

impl<'de> Visitor<'de> for AnyScalar {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Other(if value { "true" } else { "false" }))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other("an object"))
    }
}

/// Longest account of what is wrong with a text, in characters: it may quote a key or a string of any length.
const UNEXPECTED_CHARS_MAX: usize = 512;

/// Reads `text` as `T`.
pub(crate) fn from_str<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsonError> {
    serde_json::from_str(text).map_err(|error| {
        let told = error.to_string();
        let Some((end, _)) = told.char_indices().nth(UNEXPECTED_CHARS_MAX) else {
            return JsonError::Unexpected(told);
        };
        let place = format!("at line {} column {}", error.line(), error.column());
        JsonError::Unexpected(format!("{}… {place}", &told[..end]))
    })
}

/// Reads `text` as `T`, which is not written as a list.
pub(crate) fn unlisted_from_str<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsonError> {
    check_object(text.as_bytes())?;
    from_str(text)
}

/// Refuses a list in place of an object: fields could be read from one by their order alone.
pub(crate) fn check_object(text: &[u8]) -> Result<(), JsonError> {
    if text.trim_ascii_start().starts_with(b"[") {
        return Err(JsonError::Unexpected("a list in place of an object".to_owned()));
    }
    Ok(())
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
        let many: Vec<_> = (0..40).map(|i| format!("\"k{i}\":1")).collect();
        assert!(Object::parse(&format!("{{{}}}", many.join(","))).is_ok());
        for twice in [r#"{"a":1,"\u0061":2}"#, &format!(r#"{{"k7":2,{}}}"#, many.join(","))] {
            let error = Object::parse(twice).unwrap_err();
            assert!(error.to_string().contains("appears twice"), "{error}");
        }
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
