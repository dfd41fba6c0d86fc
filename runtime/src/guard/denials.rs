//! Refusals said without flooding: the first of a kind at once, the rest once a second with their count.

use super::Denied;
use messages::guard::{AccessDenied, Action, Refusal};
use messages::{MessageId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Time between two messages about refusals of one kind.
pub const DENIALS_SAID_INTERVAL: Duration = Duration::from_secs(1);
/// Kinds of refusals of one principal that are told apart at a time; those beyond it are counted as `*`.
pub const DENIAL_KINDS_MAX: usize = 32;

/// What refusals are counted together by.
type Kind = (String, Action, String, Refusal);

/// Refusals of one kind since they were said last.
#[derive(Debug)]
struct Count {
    said_at: Timestamp,
    count: u64,
    first_at: Timestamp,
    at: Timestamp,
    key: Option<String>,
    claimed: Option<String>,
    example: Option<MessageId>,
}

/// All refusals that are not said yet.
#[derive(Debug, Default)]
pub(super) struct Denials {
    counts: BTreeMap<Kind, Count>,
}

impl Denials {
    /// Counts a refusal; what is to be said about it at once.
    pub(super) fn count(&mut self, denied: &Denied, now: Timestamp) -> Option<AccessDenied> {
        let mut kind =
            (denied.principal.clone(), denied.action, denied.what.clone(), denied.reason);
        if !self.counts.contains_key(&kind) {
            let others = self.counts.keys().filter(|other| other.0 == kind.0).count();
            if others >= DENIAL_KINDS_MAX {
                "*".clone_into(&mut kind.2);
            }
        }
        let known = self.counts.get_mut(&kind);
        let Some(count) = known else {
            let said = said(
                &kind,
                1,
                now,
                now,
                denied.key.clone(),
                denied.claimed.clone(),
                denied.example,
            );
            let count = Count {
                said_at: now,
                count: 0,
                first_at: now,
                at: now,
                key: None,
                claimed: None,
                example: None,
            };
            self.counts.insert(kind, count);
            return Some(said);
        };
        if count.count == 0 {
            count.first_at = now;
        }
        count.count += 1;
        count.at = now;
        count.key.clone_from(&denied.key);
        count.claimed.clone_from(&denied.claimed);
        count.example = denied.example;
        None
    }

    /// What is due to be said at `now`. A kind with nothing to say for the interval is forgotten.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<AccessDenied> {
        let mut due = Vec::new();
        self.counts.retain(|kind, it| {
            if now.since(it.said_at) < DENIALS_SAID_INTERVAL {
                return true;
            }
            if it.count == 0 {
                return false;
            }
            let (key, claimed) = (it.key.take(), it.claimed.take());
            due.push(said(kind, it.count, it.first_at, it.at, key, claimed, it.example.take()));
            it.count = 0;
            it.said_at = now;
            true
        });
        due
    }

    /// When something is due to be said next.
    pub(super) fn next_due_at(&self) -> Option<Timestamp> {
        let unsaid = self.counts.values().filter(|it| it.count > 0);
        unsaid.map(|it| it.said_at.saturating_add(DENIALS_SAID_INTERVAL)).min()
    }
}

fn said(
    kind: &Kind,
    count: u64,
    first_at: Timestamp,
    at: Timestamp,
    key: Option<String>,
    claimed: Option<String>,
    example: Option<MessageId>,
) -> AccessDenied {
    let (principal, action, what, reason) = kind.clone();
    AccessDenied { principal, action, what, reason, count, first_at, at, key, claimed, example }
}
