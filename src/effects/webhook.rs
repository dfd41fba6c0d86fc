//! Effects handed over by HTTP: one POST each, under a key that makes it the same however often it is sent.

use super::WebhookSettings;
use messages::effect::{Effect, Policy};
use runtime::effects::{Answer, Attempt};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body, Error, Timeout};

/// Header that carries the effect key (draft-ietf-httpapi-idempotency-key-header).
const KEY_HEADER: &str = "Idempotency-Key";
/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// What the receiver can do about a reply that is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Honours {
    /// Nothing: what may have happened is never sent again.
    #[default]
    Nothing,
    /// It does a request once per `Idempotency-Key`, so that it may be sent again.
    Keys,
    /// `GET <url>/<key>` says 200 for what was done and 404 for what was not.
    Questions,
}

/// Where to post: an `http://` address, or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint(String);

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let host = text.strip_prefix("http://").map(|rest| rest.split('/').next());
        if text.is_empty() || host.flatten().is_some_and(|host| !host.is_empty()) {
            return Ok(Self(text.trim_end_matches('/').to_owned()));
        }
        Err(format!(
            "`{text}` is not an http:// address; for https put a proxy on this machine between"
        ))
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A receiver of effects.
pub struct Webhook {
    agent: Agent,
    url: String,
    honours: Honours,
}

/// What is posted.
#[derive(Serialize)]
struct Posted<'a, E> {
    /// Name of the effect.
    effect: &'static str,
    /// Its key, as in the header.
    effect_key: &'a str,
    /// The effect.
    data: &'a E,
}

/// What the receiver may answer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    /// The receiver's own name for it.
    reference: Option<String>,
    /// What came of it.
    reply: Option<String>,
}

impl Webhook {
    /// A receiver at `url`, whose calls take at most `timeout`.
    #[must_use]
    pub fn new(url: &Endpoint, timeout: Duration, honours: Honours) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A redirected POST may have been done here and there.
            .max_redirects(0)
            // On a connection of its own, a call that cannot connect was certainly not made.
            .max_idle_connections(0)
            .proxy(None)
            .build();
        Self { agent: agent.into(), url: url.0.clone(), honours }
    }

    /// The receiver that `settings` name, if they name one.
    #[must_use]
    pub fn from_settings(settings: &WebhookSettings) -> Option<Self> {
        let WebhookSettings { url, timeout, honours } = settings;
        (*url != Endpoint::default()).then(|| Self::new(url, timeout.duration(), *honours))
    }

    /// What may be done when it is not known whether something happened.
    #[must_use]
    pub fn policy(&self) -> Policy {
        match self.honours {
            Honours::Nothing => Policy::AtMostOnce,
            Honours::Keys => Policy::IdempotentRetry,
            Honours::Questions => Policy::QueryThenRetry,
        }
    }

    /// Posts `effect`.
    #[must_use]
    pub fn post<E: Effect>(&self, effect: &E) -> Attempt {
        let posted = Posted { effect: E::NAME, effect_key: effect.effect_key(), data: effect };
        let request = self.agent.post(&self.url).header(KEY_HEADER, effect.effect_key());
        match request.send_json(&posted) {
            Ok(answer) => attempted(answer),
            Err(error) if was_not_sent(&error) => Attempt::Unreached { reason: self.told(&error) },
            Err(error) => Attempt::Lost { reason: self.told(&error) },
        }
    }

    /// Asks whether what is named `effect_key` was done.
    #[must_use]
    pub fn ask(&self, effect_key: &str) -> Answer {
        let url = format!("{}/{}", self.url, in_path(effect_key));
        let answer = match self.agent.get(url).call() {
            Ok(answer) => answer,
            Err(error) => return Answer::Unreached { reason: self.told(&error) },
        };
        match answer.status() {
            StatusCode::NOT_FOUND => Answer::NotFound,
            StatusCode::OK => match said(answer) {
                Ok(Said { reference, reply }) => Answer::Found { reference, reply },
                Err(reason) => Answer::Unreached { reason },
            },
            status => Answer::Unreached { reason: format!("it answered {status}") },
        }
    }

    fn told(&self, error: &Error) -> String {
        format!("`{}`: {error}", self.url)
    }
}

/// What an answer says about the request.
fn attempted(answer: Response<Body>) -> Attempt {
    let status = answer.status();
    let reason = format!("it answered {status}");
    match status.as_u16() {
        200..=299 => match said(answer) {
            Ok(Said { reference, reply }) => Attempt::Accepted { reference, reply },
            // It was done, says the status; what else it says was lost.
            Err(reason) => {
                tracing::warn!(reason, "the webhook's answer is left out");
                Attempt::Accepted { reference: None, reply: None }
            }
        },
        // It asks to come back later: it has done nothing.
        425 | 429 => Attempt::Unreached { reason },
        408 | 409 => Attempt::Lost { reason },
        300..=499 => Attempt::Refused { reason },
        _ => Attempt::Lost { reason },
    }
}

/// The body of an answer; an empty one says nothing.
fn said(mut answer: Response<Body>) -> Result<Said, String> {
    let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
    let text = text.map_err(|error| error.to_string())?;
    if text.trim().is_empty() {
        return Ok(Said::default());
    }
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// Whether the request certainly never left.
fn was_not_sent(error: &Error) -> bool {
    match error {
        Error::HostNotFound
        | Error::ConnectionFailed
        | Error::BadUri(_)
        | Error::Http(_)
        | Error::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

/// `key` as one part of a path.
fn in_path(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    key.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_http_or_nothing() {
        let endpoint = |text: &str| Endpoint::try_from(text.to_owned());
        assert_eq!(endpoint("").unwrap(), Endpoint::default());
        assert_eq!(endpoint("http://127.0.0.1:9/x/").unwrap().to_string(), "http://127.0.0.1:9/x");
        for wrong in ["https://example.org", "127.0.0.1:9", "http://", "http:///x"] {
            assert!(endpoint(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_one_part_of_a_path() {
        assert_eq!(in_path("case:1/sms ü"), "case:1%2Fsms%20%C3%BC");
    }

    #[test]
    fn nobody_there_means_certainly_not_done() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let url = Endpoint::try_from(format!("http://{address}")).unwrap();
        let webhook = Webhook::new(&url, Duration::from_secs(5), Honours::Keys);
        let Err(error) = webhook.agent.post(&webhook.url).send_empty() else {
            panic!("somebody listens at {address}")
        };
        assert!(was_not_sent(&error), "{error:?}");
        assert!(matches!(webhook.ask("k"), Answer::Unreached { .. }));
    }
}
