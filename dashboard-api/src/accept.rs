//! Whether a client takes what a route answers with (`Accept`, RFC 9110).

use crate::problem::{Kind, Problem};
use crate::routes::ANY_TYPE;
use warp::http::HeaderMap;
use warp::http::header::ACCEPT;

/// Refuses to make an answer that the client would not take.
pub(crate) fn check(headers: &HeaderMap, produces: &str) -> Result<(), Problem> {
    let values: Vec<&str> =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let wanted = values.join(",");
    if wanted.trim().is_empty() || produces == ANY_TYPE || takes(&wanted, produces) {
        return Ok(());
    }
    let text = format!("header `Accept` is `{wanted}`; this is answered with `{produces}`");
    Err(Problem::new(Kind::NotAcceptable, text))
}

/// Whether the range that fits `produces` best takes it.
fn takes(wanted: &str, produces: &str) -> bool {
    let found = wanted.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let fit = fit(parts.next()?, produces)?;
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let refused = weight.is_some_and(|weight| weight.parse() == Ok(0.0));
        Some((fit, !refused))
    });
    found.max().is_some_and(|(_, taken)| taken)
}

/// How narrowly `range` names `produces`, if it does.
fn fit(range: &str, produces: &str) -> Option<u8> {
    let range = range.to_ascii_lowercase();
    let family = produces.split('/').next()?;
    match range.as_str() {
        "*/*" => Some(0),
        range if range.strip_suffix("/*") == Some(family) => Some(1),
        range if range == produces => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_range_decides() {
        let json = "application/json";
        for wanted in [
            "*/*",
            "application/*",
            "application/json",
            "Application/JSON;q=0.5",
            "text/html, application/xml;q=0.9, */*;q=0.8",
            "application/json, */*;q=0",
        ] {
            assert!(takes(wanted, json), "{wanted}");
        }
        for wanted in ["text/html", "text/*", "application/json;q=0, */*", "*/*;q=0.0", "json"] {
            assert!(!takes(wanted, json), "{wanted}");
        }
    }
}
