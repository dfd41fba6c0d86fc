//! One request, taken apart: what its path names, its query, its headers, its whole body.

use crate::feed;
use crate::problem::{Kind, Problem};
use bytes::Bytes;
use messages::{CaseId, Sequence, subject, trace};
use runtime::store::Partition;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use warp::http::HeaderMap;
use warp::http::header::CONTENT_TYPE;

/// Items of a page where the request names no number.
pub(crate) const LIMIT_DEFAULT: usize = 100;
/// Most items of one page.
pub(crate) const LIMIT_MAX: usize = 1_000;
/// Longest text of a field that people write (a reason, a name), in bytes of UTF-8.
pub(crate) const TEXT_BYTES_MAX: usize = 256;

/// A request that has a route.
#[derive(Debug)]
pub(crate) struct Request {
    /// As it was asked for.
    pub(crate) path: String,
    /// What the path names, decoded.
    pub(crate) params: BTreeMap<&'static str, String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Who is at the other end of the connection.
    pub(crate) peer: SocketAddr,
}

impl Request {
    /// What the path names at `{name}`.
    pub(crate) fn param(&self, name: &'static str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// What the path names at `{name}`, if it can name something on a subject.
    pub(crate) fn token(&self, name: &'static str) -> Result<&str, Problem> {
        check_token(name, self.param(name)).map(|()| self.param(name))
    }

    /// What the path names at `{name}`, as a number, id …
    pub(crate) fn parsed<T: std::str::FromStr>(
        &self,
        name: &'static str,
        wanted: &str,
    ) -> Result<T, Problem> {
        let text = self.param(name);
        text.parse().map_err(|_| Problem::new(Kind::NotFound, format!("`{text}` is not {wanted}")))
    }

    /// A query parameter; an empty one counts as absent.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The number of items asked for.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = self.query("limit") else { return Ok(LIMIT_DEFAULT) };
        text.parse()
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| malformed(format!("`limit` is `{text}`; expected 1 to {LIMIT_MAX}")))
    }

    /// A truth value of the query.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.query.get(name).map(String::as_str) {
            None | Some("false" | "0") => Ok(false),
            Some("" | "true" | "1") => Ok(true),
            Some(other) => Err(malformed(format!("`{name}` is `{other}`; expected true or false"))),
        }
    }

    /// A duration of the query, such as `20s` or `500ms`; zero when absent.
    pub(crate) fn duration(&self, name: &str, longest: Duration) -> Result<Duration, Problem> {
        let Some(text) = self.query(name) else { return Ok(Duration::ZERO) };
        parse_duration(text).filter(|duration| *duration <= longest).ok_or_else(|| {
            malformed(format!("`{name}` is `{text}`; expected at most {longest:?}, such as `20s`"))
        })
    }

    /// The case of the query.
    pub(crate) fn case(&self) -> Result<Option<CaseId>, Problem> {
        let Some(text) = self.query("case") else { return Ok(None) };
        let wrong = |_| malformed(format!("`case` is `{text}`, not the id of a case (a UUID)"));
        text.parse().map(Some).map_err(wrong)
    }

    /// Where a list of things on the log goes on.
    pub(crate) fn log_cursor(&self) -> Result<Option<Sequence>, Problem> {
        let Some(text) = self.query("cursor") else { return Ok(None) };
        match feed::parse_position(text) {
            Some((Partition::LOG, sequence)) => Ok(Some(sequence)),
            _ => Err(malformed(format!("`{text}` is not a cursor of this list"))),
        }
    }

    /// The body as `T`.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| malformed(format!("body: {error}")))
    }

    /// The media type of the body, in lower case and without parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        Some(value.split(';').next()?.trim().to_ascii_lowercase())
    }

    /// W3C trace context, if the client sent a sound one.
    pub(crate) fn traceparent(&self) -> Option<String> {
        traceparent(&self.headers)
    }
}

/// The `traceparent` header, if it is sound.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<String> {
    trace::sound(headers.get("traceparent")?.to_str().ok()?).map(str::to_owned)
}

pub(crate) fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Malformed, detail)
}

/// Whether `text` can name something on a subject.
pub(crate) fn check_token(field: &str, text: &str) -> Result<(), Problem> {
    match subject::escape(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(malformed(format!("`{field}`: {error}"))),
    }
}

/// Whether `text` is something that a person would write.
pub(crate) fn check_text(field: &str, text: &str) -> Result<(), Problem> {
    let fits = (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.contains(char::is_control);
    if fits && !text.trim().is_empty() {
        Ok(())
    } else {
        Err(malformed(format!("`{field}` is not 1 to {TEXT_BYTES_MAX} printable bytes")))
    }
}

/// Reads a query string; a name that is not in `known`, or appears twice, is an error.
pub(crate) fn parse_query(
    query: &str,
    known: &[&str],
) -> Result<BTreeMap<String, String>, Problem> {
    let mut values = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| {
            percent_decode(&text.replace('+', " ")).ok_or_else(|| {
                malformed(format!("`{text}` in the query is not percent-encoded UTF-8"))
            })
        };
        let (name, value) = (decoded(name)?, decoded(value)?);
        if !known.contains(&name.as_str()) {
            let expected = if known.is_empty() {
                "none is taken here".to_owned()
            } else {
                format!("there are {}", known.join(", "))
            };
            return Err(malformed(format!("query parameter `{name}` is unknown; {expected}")));
        }
        if values.insert(name.clone(), value).is_some() {
            return Err(malformed(format!("query parameter `{name}` appears twice; send it once")));
        }
    }
    Ok(values)
}

/// The text that `encoded` stands for, or `None` when it stands for none.
pub(crate) fn percent_decode(encoded: &str) -> Option<String> {
    let mut bytes = encoded.bytes();
    let mut text = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            text.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
        } else {
            text.push(byte);
        }
    }
    String::from_utf8(text).ok()
}

fn parse_duration(text: &str) -> Option<Duration> {
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_read_once_and_a_broken_one_is_refused() {
        assert_eq!(percent_decode("moto%2F7%2520").as_deref(), Some("moto/7%20"));
        for broken in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert_eq!(percent_decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_misspelled_or_repeated_query_parameter_is_refused_not_ignored() {
        let known = ["limit", "agent"];
        let query = parse_query("limit=5&agent=a+b%26", &known).unwrap();
        assert_eq!(query["agent"], "a b&");
        for wrong in ["limits=5", "limit=5&limit=6", "agent=%zz", "=1"] {
            assert!(parse_query(wrong, &known).is_err(), "{wrong}");
        }
        assert!(parse_query("", &[]).unwrap().is_empty());
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("20s"), Some(Duration::from_secs(20)));
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        for wrong in ["20", "s", "-1s", "1m", "1.5s"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
