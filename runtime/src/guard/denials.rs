//! Refusals said without flooding: the first of a kind at once, the rest once a second with their count.
//!
//! All whom nobody knows are one: however many names are made up, no reader has more to remember.

use super::Denied;
use messages::guard::{AccessDenied, Action, Refusal, UNKNOWN};
use messages::{Provenance, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Time between two messages about refusals of one kind.
pub const DENIALS_SAID_INTERVAL: Duration = Duration::from_secs(1);
/// Kinds of refusals of one principal that are told apart at a time; those beyond it are counted as `*`.
pub const DENIAL_KINDS_MAX: usize = 32;

/// What refusals are counted together by.
type Kind = (String, Action, String, Refusal);

/// Refusals of one kind.
#[derive(Debug)]
struct Count {
    /// When they were said last.
    said_at: Timestamp,
    /// Those since, if there were any.
    unsaid: Option<(AccessDenied, Provenance)>,
}

/// All kinds of which something was said within the interval, or is not said yet.
#[derive(Debug, Default)]
pub(super) struct Denials {
    counts: BTreeMap<Kind, Count>,
}

impl Denials {
    /// Counts a refusal; what is to be said about it at once.
    pub(super) fn count(
        &mut self,
        denied: &Denied,
        provenance: Provenance,
        now: Timestamp,
    ) -> Option<AccessDenied> {
        let kind = self.kind(denied);
        let one = said(&kind, denied, now);
        let Some(known) = self.counts.get_mut(&kind) else {
            self.counts.insert(kind, Count { said_at: now, unsaid: None });
            return Some(one);
        };
        known.unsaid = Some(match known.unsaid.take() {
            None => (one, provenance),
            Some((before, weakest)) => {
                let (count, first_at) = (before.count + 1, before.first_at);
                (AccessDenied { count, first_at, ..one }, weakest.weakest(provenance))
            }
        });
        None
    }

    fn kind(&self, denied: &Denied) -> Kind {
        let Denied { action, what, reason, .. } = denied;
        let unknown = *reason == Refusal::UnknownPrincipal;
        let principal = if unknown { UNKNOWN } else { &denied.principal };
        let kind = (principal.to_owned(), *action, what.clone(), *reason);
        let others = || self.counts.keys().filter(|other| other.0 == principal).count();
        if self.counts.contains_key(&kind) || others() < DENIAL_KINDS_MAX {
            kind
        } else {
            (kind.0, kind.1, "*".to_owned(), kind.3)
        }
    }

    /// What is due to be said at `now`. A kind with nothing to say for the interval is forgotten.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<(AccessDenied, Provenance)> {
        let mut due = Vec::new();
        self.counts.retain(|_, count| {
            if now.since(count.said_at) < DENIALS_SAID_INTERVAL {
                return true;
            }
            let unsaid = count.unsaid.take();
            count.said_at = now;
            let goes_on = unsaid.is_some();
            due.extend(unsaid);
            goes_on
        });
        due
    }

    /// What was not said yet of `principal`. The next refusal is the first of its kind again.
    pub(super) fn part(&mut self, principal: &str) -> Vec<(AccessDenied, Provenance)> {
        let mut unsaid = Vec::new();
        self.counts.retain(|kind, count| {
            let other = kind.0 != principal;
            if !other {
                unsaid.extend(count.unsaid.take());
            }
            other
        });
        unsaid
    }

    /// When something is due to be said next.
    pub(super) fn next_due_at(&self) -> Option<Timestamp> {
        let unsaid = self.counts.values().filter(|count| count.unsaid.is_some());
        unsaid.map(|count| count.said_at.saturating_add(DENIALS_SAID_INTERVAL)).min()
    }
}

fn said(kind: &Kind, denied: &Denied, now: Timestamp) -> AccessDenied {
    let (principal, action, what, reason) = kind.clone();
    let Denied { key, mut claimed, example, .. } = denied.clone();
    if principal != denied.principal {
        claimed.get_or_insert_with(|| denied.principal.clone());
    }
    let (count, first_at, at) = (1, now, now);
    AccessDenied { principal, action, what, reason, count, first_at, at, key, claimed, example }
}
