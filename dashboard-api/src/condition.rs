//! Conditional requests (RFC 9110): whoever has the answer already is told so, at the price of a look at a number.

use crate::facade::Facade;
use crate::problem::Problem;
use crate::reply::{Body, Response};
use crate::request::Request;
use crate::views::Topic;
use bytes::Bytes;
use messages::MessageId;
use runtime::store::Partition;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use warp::http::{HeaderMap, HeaderValue, StatusCode};

/// What makes an answer another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// Every answer is of its own moment.
    None,
    /// What it says: it must be made to be compared.
    Body,
    /// A change of one of these, and nothing else.
    Views(&'static [Topic]),
}

impl Facade {
    /// The tag that the answer to `request` has now, where that can be told without making it.
    pub(crate) async fn tag(&self, tag: Tag, request: &Request) -> Result<Option<String>, Problem> {
        let Tag::Views(topics) = tag else { return Ok(None) };
        if request.query("at").is_some() {
            return Ok(None);
        }
        let version = self.views.versions().await?.newest(topics);
        let dead = match topics.contains(&Topic::Dead) {
            true => self.deployment.store().head(Partition::DEAD),
            false => 0,
        };
        let replaced = self.views.replaced();
        Ok(Some(format!("\"{}-{replaced:x}-{version:x}-{dead:x}\"", self.run)))
    }
}

/// Says with the answer which one it is; says only that when the client has it.
pub(crate) fn conditional(
    headers: &HeaderMap,
    tag: Option<String>,
    response: Response,
) -> Response {
    let Some(body) = response.body().whole().filter(|_| response.status() == StatusCode::OK) else {
        return response;
    };
    let tag = tag.unwrap_or_else(|| of_body(body));
    if has(headers, &tag) {
        return not_modified(&tag);
    }
    let mut response = response;
    mark(response.headers_mut(), &tag);
    response
}

/// The client has the answer called `tag`.
pub(crate) fn not_modified(tag: &str) -> Response {
    let mut response = Response::new(Body::Whole(Bytes::new()));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().remove(CONTENT_TYPE);
    mark(response.headers_mut(), tag);
    response
}

/// Whether the client has the answer called `tag`.
pub(crate) fn has(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .map(|value| value.trim().trim_start_matches("W/"))
        .any(|value| value == tag || value == "*")
}

/// The answer may be kept, if it is asked each time whether it still holds.
fn mark(headers: &mut HeaderMap, tag: &str) {
    if let Ok(value) = HeaderValue::from_str(tag) {
        headers.insert(ETAG, value);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
}

fn of_body(body: &[u8]) -> String {
    format!("\"{}\"", MessageId::named("body", &String::from_utf8_lossy(body)).0.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_a_list_weak_or_as_a_star() {
        let has = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(value));
            super::has(&headers, "\"a-1\"")
        };
        assert!(has("\"a-1\"") && has("W/\"a-1\"") && has("\"b\", \"a-1\"") && has("*"));
        assert!(!has("\"a-2\"") && !has("a-1") && !has(""));
        assert!(!super::has(&HeaderMap::new(), "\"a-1\""));
    }
}
