//! Asks a running process over HTTP, and says plainly when there is none.

use crate::cli::Remote;
use crate::exit::Exit;
use serde::Deserialize;
use serde_json::Value;
use std::io;
use std::time::Duration;
use ureq::Agent;
use ureq::http::{Response, StatusCode};

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Who is asked where nobody says whom.
const URL_DEFAULT: &str = "http://127.0.0.1:7380";
/// Items asked for at once.
const PAGE_ITEMS: &str = "500";

/// Why the running process did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nothing listens there.
    #[error("no process answers at `{url}`: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// What the system said.
        reason: String,
    },
    /// It did not answer in time.
    #[error("`{url}` did not answer within {timeout:?}")]
    TimedOut {
        /// The address.
        url: String,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// The address is none.
    #[error("`{url}` is not an address of a process: {reason}")]
    Address {
        /// As given.
        url: String,
        /// Why.
        reason: String,
    },
    /// It refused, and said why (RFC 9457).
    #[error("{}", problem_text(.problem))]
    Refused {
        /// What it said.
        problem: Problem,
    },
    /// What answered is no AuroraSync, or of another version.
    #[error("`{url}` answered {status} with something else than was asked for: {reason}")]
    Strange {
        /// The address with the path.
        url: String,
        /// HTTP status.
        status: u16,
        /// What is strange.
        reason: String,
    },
}

/// A refusal (RFC 9457).
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// What kind of refusal.
    pub title: String,
    /// This refusal.
    pub detail: String,
    /// Single faults.
    pub errors: Vec<Value>,
    /// What the process logged it under.
    pub trace_id: String,
}

fn problem_text(problem: &Problem) -> String {
    let head = if problem.detail.is_empty() { &problem.title } else { &problem.detail };
    let mut text = format!("{head} ({})", problem.status);
    for error in &problem.errors {
        let words = ["detail", "reason", "message"].iter().find_map(|name| error[name].as_str());
        let words = words.map_or_else(|| error.to_string(), str::to_owned);
        text.push_str("\n  ");
        text.push_str(&words);
    }
    text
}

impl ClientError {
    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            ClientError::Unreachable { .. } | ClientError::TimedOut { .. } => Exit::Unreachable,
            ClientError::Refused { problem } if matches!(problem.status, 429 | 503) => {
                Exit::Unreachable
            }
            ClientError::Address { .. } => Exit::Usage,
            _ => Exit::No,
        }
    }

    /// What helps.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let text = match self {
            ClientError::Unreachable { .. } => {
                "start it with `aurorasync run`, or name another with --url".to_owned()
            }
            ClientError::TimedOut { .. } => {
                "see how it fares with `aurorasync doctor`, or wait longer with --timeout"
                    .to_owned()
            }
            ClientError::Address { .. } => "write it like http://127.0.0.1:7380".to_owned(),
            ClientError::Refused { problem } if matches!(problem.status, 429 | 503) => {
                "it has too much to do or is stopping; try again in a moment".to_owned()
            }
            ClientError::Refused { problem } if problem.status >= 500 => {
                format!("its log has more under trace_id {}", problem.trace_id)
            }
            ClientError::Strange { .. } => {
                "see what listens there; `aurorasync version` is this side's".to_owned()
            }
            ClientError::Refused { .. } => return None,
        };
        Some(text)
    }
}

/// The door to a running process.
pub struct Client {
    agent: Agent,
    url: String,
    timeout: Duration,
}

impl Client {
    /// Asks where `remote` says.
    ///
    /// # Errors
    /// [`ClientError::Address`] when that is no address.
    pub fn new(remote: &Remote) -> Result<Self, ClientError> {
        let url = remote.url.as_deref().unwrap_or(URL_DEFAULT).trim_end_matches('/').to_owned();
        if !url.starts_with("http://") {
            let reason = "it does not begin with http://".to_owned();
            return Err(ClientError::Address { url, reason });
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(remote.timeout))
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("aurorasync/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(Self { agent, url, timeout: remote.timeout })
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Reads `path`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, ClientError> {
        let (status, text) = self.fetch(path, query)?;
        self.judge(path, status, &text)
    }

    /// Reads `path` whatever the status: for what is a verdict, not a refusal.
    ///
    /// # Errors
    /// [`ClientError`] when there is no answer.
    pub fn fetch(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<(StatusCode, String), ClientError> {
        let url = format!("{}{path}", self.url);
        let answer = self.agent.get(&url).query_pairs(query.iter().copied()).call();
        self.read(answer)
    }

    /// Sends `body` to `path`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.post_once(path, body, None)
    }

    /// Sends `body` to `path`; under a `key` it can be sent again and is done once.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn post_once(
        &self,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<Value, ClientError> {
        let url = format!("{}{path}", self.url);
        let mut request = self.agent.post(&url);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let (status, text) = self.read(request.send_json(body))?;
        self.judge(path, status, &text)
    }

    /// Every item of the list at `path`, page after page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn list(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Value>, ClientError> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut query = query.to_vec();
            query.push(("limit", PAGE_ITEMS));
            if !cursor.is_empty() {
                query.push(("cursor", &cursor));
            }
            let page: Page = self.parse(path, &self.get(path, &query)?)?;
            items.extend(page.items);
            if page.next_cursor.is_empty() || page.next_cursor == cursor {
                return Ok(items);
            }
            cursor = page.next_cursor;
        }
    }

    /// Every item of the list at `path`, which comes in one page.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn items(&self, path: &str) -> Result<Vec<Value>, ClientError> {
        Ok(self.parse::<Page>(path, &self.get(path, &[])?)?.items)
    }

    /// Reads an answer as `T`.
    ///
    /// # Errors
    /// [`ClientError::Strange`] when it is none.
    pub fn parse<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        answer: &Value,
    ) -> Result<T, ClientError> {
        T::deserialize(answer).map_err(|error| self.strange(path, 200, error.to_string()))
    }

    fn read(
        &self,
        answer: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<(StatusCode, String), ClientError> {
        let mut answer = answer.map_err(|error| self.failed(error))?;
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        Ok((answer.status(), body.map_err(|error| self.failed(error))?))
    }

    fn judge(&self, path: &str, status: StatusCode, text: &str) -> Result<Value, ClientError> {
        let parsed = serde_json::from_str::<Value>(text);
        let code = status.as_u16();
        match parsed {
            Ok(value) if status.is_success() => Ok(value),
            Ok(value) => match Problem::deserialize(&value) {
                Ok(problem) if !problem.title.is_empty() || !problem.detail.is_empty() => {
                    Err(ClientError::Refused { problem: Problem { status: code, ..problem } })
                }
                _ => Err(self.strange(path, code, "no reason is given".to_owned())),
            },
            Err(error) => Err(self.strange(path, code, error.to_string())),
        }
    }

    fn strange(&self, path: &str, status: u16, reason: String) -> ClientError {
        ClientError::Strange { url: format!("{}{path}", self.url), status, reason }
    }

    fn failed(&self, error: ureq::Error) -> ClientError {
        let url = self.url.clone();
        match error {
            ureq::Error::Timeout(_) => ClientError::TimedOut { url, timeout: self.timeout },
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
                ClientError::TimedOut { url, timeout: self.timeout }
            }
            ureq::Error::BadUri(reason) => ClientError::Address { url, reason },
            other => ClientError::Unreachable { url, reason: other.to_string() },
        }
    }
}

/// One page of a list.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// What it holds.
    pub items: Vec<Value>,
    /// Where the next one begins; empty at the end.
    pub next_cursor: String,
}

/// `text` as one segment of a path (RFC 3986).
#[must_use]
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_segment_keeps_its_slashes_to_itself() {
        assert_eq!(segment("VEH 001/brakes"), "VEH%20001%2Fbrakes");
        assert_eq!(segment("a-b_c.d~e"), "a-b_c.d~e");
    }

    #[test]
    fn a_refusal_is_told_with_its_single_faults() {
        let problem = Problem {
            status: 422,
            title: "unknown profile".to_owned(),
            detail: "profile `vehcle` is not known".to_owned(),
            errors: vec![json!({"detail": "did you mean `vehicle`?"}), json!({"index": 3})],
            trace_id: String::new(),
        };
        let error = ClientError::Refused { problem };
        let text =
            "profile `vehcle` is not known (422)\n  did you mean `vehicle`?\n  {\"index\":3}";
        assert_eq!(error.to_string(), text);
        assert_eq!(error.exit(), Exit::No);
    }

    #[test]
    fn too_much_to_do_is_worth_another_try() {
        let problem = Problem { status: 503, ..Problem::default() };
        assert_eq!(ClientError::Refused { problem }.exit(), Exit::Unreachable);
    }
}
