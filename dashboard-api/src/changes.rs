//! What happens, as it happens: asked for and waited for (`GET /v1/changes`), or streamed ([`stream`]).
//!
//! A cursor is a position on the LOG. Both ways read the same ring of newest records with the same filters, so
//! whoever changes from one to the other misses nothing and sees nothing twice.

pub(crate) mod ring;
pub(crate) mod stream;

use crate::facade::Facade;
use crate::feed::{parse_position, position};
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::{Request, malformed};
use bytes::{BufMut, Bytes, BytesMut};
use messages::{CaseId, Sequence, Stream};
use ring::{Change, Expired, Ring};
use runtime::store::Partition;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::watch;
use warp::http::StatusCode;

/// Longest time that a question about changes may wait for one.
pub(crate) const CHANGES_WAIT_MAX: Duration = Duration::from_secs(30);
/// Most names in `kinds`.
pub(crate) const KINDS_MAX: usize = 32;
/// Bytes of items after which a page is full.
pub(crate) const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Instead of a cursor: behind everything that is there.
const END: &str = "end";

/// First words of names that are about something of another name.
const KIND_BY_WORD: &[(&str, &str)] = &[
    ("absence", "booking"),
    ("anomaly", "asset"),
    ("command", "agent"),
    ("config", "agent"),
    ("consent", "owner"),
    ("contact", "owner"),
    ("customer", "owner"),
    ("detector", "feedback"),
    ("finding", "feedback"),
    ("maintenance", "asset"),
    ("message", "dead"),
    ("part", "centre"),
    ("sensor", "asset"),
    ("slot", "booking"),
    ("slots", "booking"),
    ("telemetry", "quarantine"),
];

/// What a message is about: a resource of the facade, else the first word of its name.
pub(crate) fn kind_of(name: &str) -> &str {
    match name {
        "failure.predicted" => "prediction",
        "failure.recorded" | "prediction.verified" => "feedback",
        _ => {
            let word = name.split('.').next().unwrap_or(name);
            let other = KIND_BY_WORD.iter().find(|(known, _)| *known == word);
            other.map_or(word, |(_, kind)| kind)
        }
    }
}

/// What of everything somebody wants to hear of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    kinds: BTreeSet<String>,
    fleet: Option<String>,
    asset: Option<String>,
    case: Option<CaseId>,
}

impl Filter {
    /// The filters of a request.
    pub(crate) fn of(facade: &Facade, request: &Request) -> Result<Self, Problem> {
        let text = |name: &str| request.query(name).map(str::to_owned);
        let kinds = request.query("kinds").unwrap_or_default().split(',').map(str::trim);
        let kinds: BTreeSet<String> =
            kinds.filter(|kind| !kind.is_empty()).map(str::to_owned).collect();
        if kinds.len() > KINDS_MAX {
            return Err(malformed(format!("`kinds` has more than {KINDS_MAX} names")));
        }
        check_kinds(facade, &kinds)?;
        let case = request.case()?;
        Ok(Self { kinds, fleet: text("fleet"), asset: text("asset"), case })
    }

    /// Whether everything is wanted.
    pub(crate) fn is_open(&self) -> bool {
        self.kinds.is_empty() && self.fleet.is_none() && self.asset.is_none() && self.case.is_none()
    }

    pub(crate) fn wants(&self, change: &Change) -> bool {
        let is = |wanted: &Option<String>, found: &Option<String>| {
            wanted.is_none() || wanted.as_deref() == found.as_deref()
        };
        is(&self.asset, &change.asset)
            && is(&self.fleet, &change.fleet)
            && self.case.is_none_or(|case| change.envelope.case_id == Some(case.0))
            && (self.kinds.is_empty()
                || self.kinds.contains(change.kind())
                || self.kinds.contains(&change.envelope.name))
    }
}

/// Whether each of `kinds` is a kind, or a message on the LOG: of what there is not, nothing would ever be heard.
fn check_kinds(facade: &Facade, kinds: &BTreeSet<String>) -> Result<(), Problem> {
    let on_log = facade.messages().filter(|(_, class)| class.stream() == Stream::Log);
    let names: BTreeSet<&str> = on_log.map(|(name, _)| name).collect();
    let known: BTreeSet<&str> = names.iter().map(|name| kind_of(name)).collect();
    let is_known = |kind: &str| known.contains(kind) || names.contains(kind);
    let Some(unknown) = kinds.iter().find(|kind| !is_known(kind)) else { return Ok(()) };
    let known: Vec<&str> = known.into_iter().collect();
    let text = format!(
        "`kinds` names `{unknown}`, which is neither a kind nor a message on the log; kinds are {}",
        known.join(", ")
    );
    Err(malformed(text))
}

/// Where a follower begins; without a word, behind everything.
pub(crate) async fn begin(facade: &Facade, after: Option<&str>) -> Result<Sequence, Problem> {
    // The first follower may come before anything was read.
    facade.views.versions().await?;
    match after {
        None | Some(END) => Ok(facade.views.ring.head()),
        Some(text) => match parse_position(text) {
            Some((Partition::LOG, sequence)) => Ok(sequence),
            _ => Err(malformed(format!("`{text}` is not a position such as `log/0:12`, or `end`"))),
        },
    }
}

/// `GET /v1/changes`. It has no end, so `next_cursor` is never empty.
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let wait = request.duration("wait", CHANGES_WAIT_MAX)?;
    let filter = Filter::of(facade, &request)?;
    let after = begin(facade, request.query("after")).await?;
    let mut waiting = Waiting {
        ring: &facade.views.ring,
        published: facade.views.ring.follow(),
        stopping: facade.stopping(),
        cursor: after,
    };
    let found = tokio::time::timeout(wait, waiting.next(limit, &filter)).await;
    let items = match found {
        Ok(items) => items.map_err(expired)?,
        Err(_) => Vec::new(),
    };
    answer(&items, waiting.cursor)
}

fn expired(expired: Expired) -> Problem {
    let text = format!(
        "changes are kept from `{}` to `{}`; read what you show anew, then go on from `{}`",
        position(Partition::LOG, expired.begin),
        position(Partition::LOG, expired.head),
        position(Partition::LOG, expired.head),
    );
    Problem::new(Kind::Gone, text)
}

/// Somebody who waits for changes.
struct Waiting<'f> {
    ring: &'f Ring,
    published: watch::Receiver<Sequence>,
    stopping: watch::Receiver<bool>,
    /// Everything up to it has been looked at.
    cursor: Sequence,
}

impl Waiting<'_> {
    /// The first changes that are wanted, or none when the facade ends.
    async fn next(&mut self, limit: usize, filter: &Filter) -> Result<Vec<Bytes>, Expired> {
        loop {
            self.published.borrow_and_update();
            let items = self.read(limit, filter)?;
            if !items.is_empty() || *self.stopping.borrow_and_update() {
                return Ok(items);
            }
            tokio::select! {
                biased;
                _ = self.stopping.changed() => {}
                changed = self.published.changed() => {
                    if changed.is_err() {
                        return Ok(Vec::new());
                    }
                }
            }
        }
    }

    fn read(&mut self, limit: usize, filter: &Filter) -> Result<Vec<Bytes>, Expired> {
        let (mut items, mut bytes) = (Vec::new(), 0);
        loop {
            let pages = self.ring.behind(self.cursor)?;
            if pages.is_empty() {
                return Ok(items);
            }
            let after = self.cursor;
            for change in pages.iter().flat_map(|page| page.changes(after)) {
                if items.len() == limit || bytes > PAGE_BYTES_MAX {
                    return Ok(items);
                }
                self.cursor = change.sequence;
                if filter.wants(change) {
                    let data = change.data();
                    bytes += data.len();
                    items.push(data);
                }
            }
        }
    }
}

/// The items as they were written once, with the cursor behind the last one looked at.
fn answer(items: &[Bytes], cursor: Sequence) -> Result<Response, Problem> {
    let mut body = BytesMut::from(&br#"{"items":["#[..]);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            body.put_u8(b',');
        }
        body.put_slice(item);
    }
    let cursor = position(Partition::LOG, cursor);
    body.put_slice(format!(r#"],"next_cursor":"{cursor}"}}"#).as_bytes());
    Ok(reply::typed(StatusCode::OK, "application/json", body.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::catalogue::CATALOGUE;

    #[test]
    fn every_message_is_about_something() {
        for entry in CATALOGUE {
            assert!(!kind_of(entry.name).is_empty(), "{}", entry.name);
        }
        assert_eq!(kind_of("case.opened"), "case");
        assert_eq!(kind_of("failure.predicted"), "prediction");
        assert_eq!(kind_of("slots.offered"), "booking");
        assert_eq!(kind_of("never.heard"), "never");
    }
}
