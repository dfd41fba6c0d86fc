//! Who is contained, derived from LOG: what may not be said, who stands still, and what is suspect.

use super::principal::{FACADE, GUARD};
use crate::store::{Partition, ReadLimit, Store, StoreError};
use messages::guard::{Backlog, Level, PrincipalContained, PrincipalReleased};
use messages::record::{DecodeError, decode_body};
use messages::{Class, Envelope, Message, Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

/// Stretches of one principal's messages that stay set aside; the oldest are joined beyond it.
pub const SUSPECT_SPANS_MAX: usize = 64;

/// Releases by people that are remembered; the oldest are forgotten beyond it.
pub const RELEASES_KNOWN_MAX: usize = 1_024;

/// Everybody who is contained, and whose earlier messages are suspect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Containments {
    contained_by_principal: BTreeMap<String, Contained>,
    /// What stays set aside after its principal was released.
    suspect_by_principal: BTreeMap<String, Vec<Span>>,
    /// When a person last released whom: no agent contains for what was known before that.
    released_by_principal: BTreeMap<String, Timestamp>,
    /// Whom a person contained: no agent makes that milder or shorter.
    by_people: BTreeSet<String>,
}

/// [`Containments`] before releases were remembered.
#[derive(Deserialize)]
struct ContainmentsV1 {
    contained_by_principal: BTreeMap<String, Contained>,
    suspect_by_principal: BTreeMap<String, Vec<Span>>,
}

/// One principal that is contained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contained {
    /// How far.
    pub level: Level,
    /// Until when, if that is known.
    pub until: Option<Timestamp>,
    /// The finding that led to it.
    pub finding: Option<String>,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub by: String,
    /// Since when, whatever the level.
    pub since: Timestamp,
    /// What it said from then on is suspect, once it is refused.
    pub evidence_from: Timestamp,
    /// Since when it is refused whatever it says, if it ever was.
    pub refused_at: Option<Timestamp>,
}

impl Contained {
    /// What a person decided and an agent `decided` since, together: neither milder nor shorter.
    fn and_by_agent(self, decided: Contained) -> Contained {
        let until = self.until.zip(decided.until).map(|(one, other)| one.max(other));
        let Contained { evidence_from, refused_at, .. } = decided;
        let said = if decided.level > self.level { decided } else { self };
        Contained { until, evidence_from, refused_at, ..said }
    }
}

/// When suspect messages were said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    from: Timestamp,
    through: Timestamp,
}

impl Record for Containments {
    const SCHEMA: u16 = 235;
    const VERSION: u16 = 2;
    const BYTES_MAX: usize = 8 * 1024 * 1024;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => {
                let ContainmentsV1 { contained_by_principal, suspect_by_principal } =
                    decode_body(body)?;
                // Who decided was not kept; an agent names its finding.
                let by_people =
                    contained_by_principal.iter().filter(|(_, it)| it.finding.is_none());
                let by_people = by_people.map(|(name, _)| name.clone()).collect();
                let released_by_principal = BTreeMap::new();
                Ok(Self {
                    contained_by_principal,
                    suspect_by_principal,
                    released_by_principal,
                    by_people,
                })
            }
            _ => Err(DecodeError::UnknownVersion {
                schema: Self::SCHEMA,
                version,
                known: Self::VERSION,
            }),
        }
    }
}

impl Containments {
    /// What `store`'s LOG adds up to, read from its oldest record.
    ///
    /// # Errors
    /// [`StoreError`] when LOG cannot be read.
    pub fn of_log(store: &dyn Store) -> Result<Self, StoreError> {
        let mut containments = Self::default();
        let mut after = store.first(Partition::LOG).saturating_sub(1);
        loop {
            let batch = store.read(Partition::LOG, after, ReadLimit::default())?;
            let Some(last) = batch.last() else { return Ok(containments) };
            after = last.sequence;
            for delivery in &batch {
                containments.hear(&delivery.envelope);
            }
        }
    }

    /// Takes note of one record of LOG; whether it changed anything.
    pub fn hear(&mut self, record: &Envelope) -> bool {
        match record.name.as_str() {
            PrincipalContained::NAME => record.open().is_ok_and(|contained| {
                let by_person = record.source == FACADE;
                self.contain(contained, by_person, record.time)
            }),
            PrincipalReleased::NAME => record.open().is_ok_and(|released| {
                let by_person = record.source != GUARD;
                let remembered = by_person && self.remember_release(&record.key, record.time);
                self.release(&released) || remembered
            }),
            _ => false,
        }
    }

    fn contain(&mut self, said: PrincipalContained, by_person: bool, at: Timestamp) -> bool {
        if !super::principal::is_containable(&said.principal) {
            return false;
        }
        let released_at = self.released_by_principal.get(&said.principal);
        if !by_person && released_at.is_some_and(|released_at| said.evidence_from < *released_at) {
            // Decided before the person, heard of after.
            return false;
        }
        let before = self.contained_by_principal.get(&said.principal);
        let since = before.map_or(at, |before| before.since);
        let evidence_from =
            before.map_or(said.evidence_from, |it| it.evidence_from.min(said.evidence_from));
        let refused_at = before.and_then(|before| before.refused_at);
        let refused_at = refused_at.or((said.level >= Level::Refused).then_some(at));
        let persons = before.filter(|_| !by_person && self.by_people.contains(&said.principal));
        let persons = persons.filter(|it| it.until.is_none_or(|until| at < until)).cloned();
        let PrincipalContained { principal, level, until, finding, reason, by, .. } = said;
        let decided =
            Contained { level, until, finding, reason, by, since, evidence_from, refused_at };
        let contained = match persons {
            Some(persons) => persons.and_by_agent(decided),
            None if by_person => {
                self.by_people.insert(principal.clone());
                decided
            }
            None => {
                self.by_people.remove(&principal);
                decided
            }
        };
        self.contained_by_principal.insert(principal, contained);
        true
    }

    /// Whether it was not known.
    fn remember_release(&mut self, principal: &str, at: Timestamp) -> bool {
        let before = self.released_by_principal.insert(principal.to_owned(), at);
        if self.released_by_principal.len() > RELEASES_KNOWN_MAX {
            let oldest = self.released_by_principal.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(principal, _)| principal.clone()) {
                self.released_by_principal.remove(&oldest);
            }
        }
        before != Some(at)
    }

    fn release(&mut self, said: &PrincipalReleased) -> bool {
        let Some(contained) = self.contained_by_principal.remove(&said.principal) else {
            return false;
        };
        self.by_people.remove(&said.principal);
        // What is heard is that of this containment; what was set aside at an earlier release stays so.
        if let (Backlog::SetAside, Some(through)) = (said.backlog, contained.refused_at) {
            let spans = self.suspect_by_principal.entry(said.principal.clone()).or_default();
            spans.push(Span { from: contained.evidence_from, through });
            if spans.len() > SUSPECT_SPANS_MAX {
                let oldest = spans.remove(0);
                spans[0].from = spans[0].from.min(oldest.from);
            }
        }
        true
    }

    /// How `principal` is contained at `now`.
    #[must_use]
    pub fn of(&self, principal: &str, now: Timestamp) -> Option<&Contained> {
        let contained = self.contained_by_principal.get(principal)?;
        contained.until.is_none_or(|until| now < until).then_some(contained)
    }

    /// Everybody who is contained, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Contained)> {
        self.contained_by_principal.iter().map(|(name, contained)| (name.as_str(), contained))
    }

    /// Whether `record` was said by somebody who was refused since, after what made it suspect. What a person sends
    /// through again, and a host's own timers, are not.
    #[must_use]
    pub fn is_suspect(&self, record: &Envelope) -> bool {
        if self.is_empty() || record.class == Class::Timer || record.addressed_to.is_some() {
            return false;
        }
        let contained = self.contained_by_principal.get(&record.source);
        let now = contained
            .is_some_and(|it| it.level >= Level::Refused && record.time >= it.evidence_from);
        let spans = self.suspect_by_principal.get(&record.source);
        now || spans
            .into_iter()
            .flatten()
            .any(|span| (span.from..=span.through).contains(&record.time))
    }

    fn is_empty(&self) -> bool {
        self.contained_by_principal.is_empty() && self.suspect_by_principal.is_empty()
    }

    /// Whose time is over at `now`.
    pub(super) fn over(&self, now: Timestamp) -> Vec<String> {
        let over = self.iter().filter(|(_, it)| it.until.is_some_and(|until| until <= now));
        over.map(|(name, _)| name.to_owned()).collect()
    }

    /// When somebody's time is over next.
    pub(super) fn next_over(&self) -> Option<Timestamp> {
        self.iter().filter_map(|(_, contained)| contained.until).min()
    }
}

/// The containments in force, shared by the committer, which alone changes them, and whoever obeys them.
#[derive(Clone, Debug, Default)]
pub struct Standing(Arc<RwLock<Arc<Containments>>>);

impl Standing {
    /// As they are.
    #[must_use]
    pub fn get(&self) -> Arc<Containments> {
        // Only whole values are ever put in.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, containments: Containments) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(containments);
    }

    /// How far `principal` is contained at `now`.
    #[must_use]
    pub fn level(&self, principal: &str, now: Timestamp) -> Option<Level> {
        self.get().of(principal, now).map(|contained| contained.level)
    }

    /// Whether the hosts of `kind` stand still at `now`.
    #[must_use]
    pub fn pauses(&self, kind: &str, now: Timestamp) -> bool {
        self.level(kind, now) == Some(Level::Paused)
    }
}
