//! Keeps the bus: who may say and read what, who is contained, what is audited, and how active everyone is.
//!
//! `Guard` sits in the one writer: it judges each request before anything of it is durable, and what it says about it
//! becomes durable in the same commit. [`principal`] names rights, [`containment`] who is contained, [`audit`] the chain
//! of what was done and denied; [`session`] is how everybody else comes to the bus.

pub mod audit;
mod bucket;
pub mod containment;
mod denials;
mod meter;
pub mod principal;
pub mod session;

pub use bucket::{THROTTLED_BURST, THROTTLED_INTERVAL};
pub use containment::{Containments, RELEASES_KNOWN_MAX, SUSPECT_SPANS_MAX, Standing};
pub use denials::{DENIAL_KINDS_MAX, DENIALS_SAID_INTERVAL};
pub use meter::{
    IDS_KNOWN_MAX, PRINCIPALS_KNOWN_MAX, WINDOW_MESSAGES_MAX, WINDOW_NEWS_TIME_MAX,
    WINDOW_READS_MAX, WINDOW_TIME_MAX,
};
pub use principal::Principal;
pub use session::Session;

use crate::control::ConfigApplied;
use crate::store::{Change, Store, StoreError};
use crate::wiring::Contract;
use audit::Deed;
use bucket::Bucket;
use denials::Denials;
use messages::dead::DeadLettered;
use messages::guard::{
    AccessDenied, Action, ActivityMeasured, Backlog, Level, PrincipalContained, PrincipalReleased,
    Refusal,
};
use messages::{Class, Envelope, Message, MessageId, Provenance, Timestamp, record};
use meter::Meter;
use principal::{GUARD, Rights};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Stored value that holds the containments in force, so that a start need not read LOG from its beginning.
const CONTAINMENTS: &str = "guard/containments";

/// Whether anybody was ever contained.
pub(crate) fn has_contained(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(store.blob(CONTAINMENTS)?.is_some())
}

/// Something that was refused to a principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{principal}` may not {} `{what}`: {}", .action.name(), words(.reason))]
pub struct Denied {
    /// Who.
    pub principal: String,
    /// What it wanted.
    pub action: Action,
    /// The message, or the stream.
    pub what: String,
    /// Why not.
    pub reason: Refusal,
    /// What the message was about.
    pub key: Option<String>,
    /// In whose name it was said, where that is another's.
    pub claimed: Option<String>,
    /// Its id.
    pub example: Option<MessageId>,
    /// When it may be tried again, where that is known.
    pub retry_at: Option<Timestamp>,
}

fn words(reason: &Refusal) -> &'static str {
    match reason {
        Refusal::NotDeclared => "its contract does not name it; add it to the agent's wiring",
        Refusal::NotYours => "it is another's; speak in your own name and of your own asset",
        Refusal::Contained => "it is contained; see `aurorasync principal show`",
        Refusal::TooFast => "it is throttled; send again later",
        Refusal::UnknownPrincipal => "nobody is known by this name; see `aurorasync principal ls`",
    }
}

/// The weakest provenance among `said`.
fn weakest<'e>(said: impl Iterator<Item = &'e Envelope>) -> Provenance {
    said.map(|one| one.provenance).min().unwrap_or_default()
}

/// What the guard wants to make durable with a commit.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    /// Messages for LOG, complete but for id and time.
    pub(crate) said: Vec<Envelope>,
    /// What is to be written into AUDIT.
    pub(crate) deeds: Vec<Deed>,
    /// Named values.
    pub(crate) blobs: Vec<Change>,
}

/// What throttled principals may say still.
pub(crate) struct Tokens(BTreeMap<String, Bucket>);

/// Judges what is asked of the bus.
pub(crate) struct Guard {
    rights: Arc<Rights>,
    /// Whether anybody hears how active everyone is; nothing is measured for nobody.
    measures: bool,
    containments: Containments,
    changed: bool,
    standing: Standing,
    buckets: BTreeMap<String, Bucket>,
    denials: Denials,
    meter: Meter,
    said: Vec<Envelope>,
    deeds: Vec<Deed>,
    /// Who was released as their time was over, and is not yet on the log as released.
    releasing: BTreeSet<String>,
}

impl Guard {
    /// A guard over agents with these contracts.
    pub(crate) fn new(contracts: BTreeMap<String, Contract>) -> Self {
        let rights = Arc::new(Rights::new(contracts));
        Self {
            measures: rights.is_heard(ActivityMeasured::NAME),
            rights,
            containments: Containments::default(),
            changed: false,
            standing: Standing::default(),
            buckets: BTreeMap::new(),
            denials: Denials::default(),
            meter: Meter::default(),
            said: Vec::new(),
            deeds: Vec::new(),
            releasing: BTreeSet::new(),
        }
    }

    /// Takes up the containments that `store` holds.
    pub(crate) fn resume(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let Some(bytes) = store.blob(CONTAINMENTS)? else { return Ok(()) };
        self.containments = match record::decode(&bytes) {
            Ok(containments) => containments,
            // LOG is the truth; this is only quicker.
            Err(_) => Containments::of_log(store)?,
        };
        self.standing.set(self.containments.clone());
        Ok(())
    }

    /// The containments in force, for whoever obeys them.
    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// What everybody may do.
    pub(crate) fn rights(&self) -> &Arc<Rights> {
        &self.rights
    }

    /// When the guard has something to say next by itself.
    pub(crate) fn next_due_at(&self) -> Option<Timestamp> {
        let dues =
            [self.containments.next_over(), self.denials.next_due_at(), self.meter.next_due_at()];
        dues.into_iter().flatten().min()
    }

    /// Releases whose time is over at `now`.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        for principal in self.containments.over(now) {
            if !self.releasing.insert(principal.clone()) {
                continue;
            }
            let released = PrincipalReleased {
                principal,
                by: GUARD.to_owned(),
                reason: "its time was over".to_owned(),
                backlog: Backlog::SetAside,
            };
            self.say(&released, Provenance::Measured);
        }
    }

    /// Judges what a session of `principal` says, all of it or nothing.
    pub(crate) fn judge<'e>(
        &mut self,
        principal: &Principal,
        said: impl Iterator<Item = &'e Envelope> + Clone,
        now: Timestamp,
    ) -> Result<(), Box<Denied>> {
        let verdict = self.verdict(principal, said.clone(), now);
        verdict.map_err(|denied| self.denied(denied, weakest(said), now))
    }

    /// What throttled principals may say still.
    pub(crate) fn tokens(&self) -> Tokens {
        Tokens(self.buckets.clone())
    }

    /// Puts `tokens` back: what was judged since was not taken.
    pub(crate) fn give_back(&mut self, tokens: Tokens) {
        self.buckets = tokens.0;
    }

    fn verdict<'e>(
        &mut self,
        principal: &Principal,
        said: impl Iterator<Item = &'e Envelope> + Clone,
        now: Timestamp,
    ) -> Result<(), Box<Denied>> {
        for one in said.clone() {
            if let Some(reason) = self.rights.publish(principal, one) {
                return Err(Box::new(principal::refused(principal.name(), one, reason)));
            }
        }
        // People must be able to let themselves in again.
        let people = principal.is_people();
        let mut others = said.filter(|it| !people || it.name != PrincipalReleased::NAME);
        let Some(first) = others.next() else { return Ok(()) };
        self.admit(principal.name(), first, 1 + others.count(), now)
    }

    /// Judges the outputs of a turn of `kind`, or timers of its that are due: all of it or nothing.
    pub(crate) fn judge_turn<'e>(
        &mut self,
        kind: &str,
        outputs: impl Iterator<Item = &'e Envelope> + Clone,
        now: Timestamp,
    ) -> Result<(), Box<Denied>> {
        let Some(first) = outputs.clone().next() else { return Ok(()) };
        let unfit = outputs.clone().find_map(|said| {
            let reason = self.rights.output(kind, said)?;
            Some(Box::new(principal::refused(kind, said, reason)))
        });
        let verdict = match unfit {
            Some(denied) => Err(denied),
            None => self.admit(kind, first, outputs.clone().count(), now),
        };
        verdict.map_err(|denied| self.denied(denied, weakest(outputs), now))
    }

    /// Whether `principal` is kept from saying `count` messages, of which `first` is one.
    fn admit(
        &mut self,
        principal: &str,
        first: &Envelope,
        count: usize,
        now: Timestamp,
    ) -> Result<(), Box<Denied>> {
        let Some(contained) = self.containments.of(principal, now) else { return Ok(()) };
        let (level, until) = (contained.level, contained.until);
        if level >= Level::Refused {
            let denied = principal::refused(principal, first, Refusal::Contained);
            return Err(Box::new(Denied { retry_at: until, ..denied }));
        }
        let bucket = self.buckets.entry(principal.to_owned()).or_insert_with(|| Bucket::full(now));
        bucket.take(count, now).map_err(|at| {
            let denied = principal::refused(principal, first, Refusal::TooFast);
            Box::new(Denied { retry_at: Some(at), ..denied })
        })
    }

    /// Judges that a session of `principal` read `amount` (records, bytes) of `what`: a stream or a message.
    pub(crate) fn read(
        &mut self,
        principal: &Principal,
        what: &str,
        amount: (u64, u64),
        now: Timestamp,
    ) -> Result<(), Box<Denied>> {
        let paused = self.containments.of(principal.name(), now);
        let paused = paused.filter(|contained| contained.level == Level::Paused);
        let reason = match paused {
            Some(_) => Some(Refusal::Contained),
            None => self.rights.read(principal, what),
        };
        if let Some(reason) = reason {
            let denied = Box::new(Denied {
                principal: principal.name().to_owned(),
                action: Action::Read,
                what: what.to_owned(),
                reason,
                key: None,
                claimed: None,
                example: None,
                retry_at: paused.and_then(|contained| contained.until),
            });
            return Err(self.denied(denied, Provenance::Measured, now));
        }
        if self.measures && amount.0 > 0 && !principal.is_outside() {
            let stream = principal::stream_of(what).map_or(what, |stream| stream.name());
            self.meter.read(principal.name(), stream, amount, now);
        }
        Ok(())
    }

    /// Writes a refusal down and says it, both only once in a while for one kind.
    fn denied(
        &mut self,
        denied: Box<Denied>,
        provenance: Provenance,
        now: Timestamp,
    ) -> Box<Denied> {
        if self.is_measured(&denied.principal) {
            self.meter.refused(&denied.principal, now);
        }
        if let Some(said) = self.denials.count(&denied, provenance, now) {
            self.tell(&said, provenance);
        }
        denied
    }

    fn tell(&mut self, said: &AccessDenied, provenance: Provenance) {
        let mut details = BTreeMap::from([
            ("reason".to_owned(), said.reason.name().to_owned()),
            ("count".to_owned(), said.count.to_string()),
            ("first_at".to_owned(), said.first_at.to_string()),
        ]);
        details.extend(said.key.clone().map(|key| ("key".to_owned(), key)));
        details.extend(said.claimed.clone().map(|claimed| ("claimed".to_owned(), claimed)));
        details.extend(said.example.map(|example| ("id".to_owned(), example.to_string())));
        self.deeds.push(Deed {
            principal: said.principal.clone(),
            action: said.action.name(),
            object: said.what.clone(),
            outcome: "denied",
            details,
        });
        self.say(said, provenance);
    }

    /// Takes note of what is about to become durable, once, whatever copies it has.
    pub(crate) fn note(&mut self, said: &Envelope, now: Timestamp) {
        if said.name == ConfigApplied::NAME {
            self.configured(said);
            if self.measures {
                self.meter.watch(&said.key, now);
            }
        } else if principal::contains_or_releases(said) {
            self.decided(said);
            if said.open::<PrincipalReleased>().is_ok() {
                self.part(&said.key, now);
            } else if said.open::<PrincipalContained>().is_ok() {
                // Its time was over as this commit began, and it is contained anew within it.
                self.said.retain(|it| it.name != PrincipalReleased::NAME || it.key != said.key);
            }
        }
        if said.name == DeadLettered::NAME
            && let Ok(dead) = said.open::<DeadLettered>()
            && self.is_measured(&dead.original.source)
        {
            self.meter.dead_lettered(&dead.original.source, now);
        }
        if said.class != Class::Timer && self.is_measured(&said.source) {
            self.meter.said(&said.source, said, now);
        }
    }

    /// Says what is known of `principal` until its release: what comes after is counted by itself.
    fn part(&mut self, principal: &str, now: Timestamp) {
        for (said, provenance) in self.denials.part(principal) {
            self.tell(&said, provenance);
        }
        self.meter.close(principal, now);
    }

    /// Whether what `principal` does is counted: the world outside does what happens, and has no habits.
    fn is_measured(&self, principal: &str) -> bool {
        self.measures && principal::is_containable(principal) && self.rights.has_session(principal)
    }

    /// Obeys `said`, as it will be read, from now on.
    pub(crate) fn obey(&mut self, said: &Envelope) {
        if self.containments.hear(said) {
            self.changed = true;
            self.standing.set(self.containments.clone());
            // Released it is done with; contained anew, it is released anew.
            self.releasing.remove(&said.key);
            self.buckets.retain(|name, _| self.containments.iter().any(|(it, _)| it == name));
        }
    }

    /// Writes down what people say through the facade: one link for each kind of message.
    pub(crate) fn written<'e>(
        &mut self,
        principal: &Principal,
        said: impl Iterator<Item = &'e Envelope>,
    ) {
        if !principal.is_people() {
            return;
        }
        let mut by_name: BTreeMap<&str, (&Envelope, u64)> = BTreeMap::new();
        for one in said.filter(|it| !principal::contains_or_releases(it)) {
            by_name.entry(&one.name).or_insert((one, 0)).1 += 1;
        }
        for (name, (first, count)) in by_name {
            self.deeds.push(Deed {
                principal: principal.name().to_owned(),
                action: "write",
                object: name.to_owned(),
                outcome: "done",
                details: BTreeMap::from([
                    ("id".to_owned(), first.id.to_string()),
                    ("key".to_owned(), first.key.clone()),
                    ("count".to_owned(), count.to_string()),
                ]),
            });
        }
    }

    fn configured(&mut self, said: &Envelope) {
        let config = said.open::<ConfigApplied>().map(|applied| applied.config);
        self.deeds.push(Deed {
            principal: said.source.clone(),
            action: "configure",
            object: said.key.clone(),
            outcome: "done",
            details: config.into_iter().map(|config| ("config".to_owned(), config)).collect(),
        });
    }

    fn decided(&mut self, said: &Envelope) {
        let mut details = Vec::new();
        let mut action = "release";
        if let Ok(contained) = said.open::<PrincipalContained>() {
            action = "contain";
            details.push(("level", contained.level.name().to_owned()));
            details.push(("by", contained.by));
            details.push(("reason", contained.reason));
            details.push(("evidence_from", contained.evidence_from.to_string()));
            details.extend(contained.until.map(|until| ("until", until.to_string())));
            details.extend(contained.finding.map(|finding| ("finding", finding)));
        } else if let Ok(released) = said.open::<PrincipalReleased>() {
            let heard = released.backlog == Backlog::Heard;
            details.push(("by", released.by));
            details.push(("reason", released.reason));
            details.push(("backlog", if heard { "heard" } else { "set_aside" }.to_owned()));
        }
        let details =
            details.into_iter().map(|(name, value): (&str, String)| (name.to_owned(), value));
        self.deeds.push(Deed {
            principal: said.source.clone(),
            action,
            object: said.key.clone(),
            outcome: "done",
            details: details.collect(),
        });
    }

    /// Writes `deed` into AUDIT with the commit at hand.
    pub(crate) fn write_down(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }

    /// What the guard says with this commit; to be called until there is nothing more.
    pub(crate) fn take(&mut self, now: Timestamp) -> Verdicts {
        for (said, provenance) in self.denials.due(now) {
            self.tell(&said, provenance);
        }
        if self.measures {
            for (measured, provenance) in self.meter.take(now) {
                self.say(&measured, provenance);
            }
        }
        let mut blobs = Vec::new();
        if std::mem::take(&mut self.changed) {
            match record::encode(&self.containments) {
                Ok(bytes) => blobs.push((CONTAINMENTS.to_owned(), Some(bytes))),
                // Without it the next start reads them from LOG.
                Err(error) => {
                    tracing::error!(%error, "the containments cannot be stored");
                    blobs.push((CONTAINMENTS.to_owned(), Some(Vec::new())));
                }
            }
        }
        let (said, deeds) = (std::mem::take(&mut self.said), std::mem::take(&mut self.deeds));
        Verdicts { said, deeds, blobs }
    }

    /// Whether a host of `kind` that was refused may go on at `now`.
    pub(crate) fn may_go_on(&self, kind: &str, now: Timestamp) -> bool {
        match self.containments.of(kind, now).map(|contained| contained.level) {
            None => true,
            Some(Level::Throttled) => {
                self.buckets.get(kind).is_none_or(|bucket| bucket.ready_at(now) <= now)
            }
            Some(Level::Refused | Level::Paused) => false,
        }
    }

    /// When a host of `kind` that was refused may go on by itself.
    pub(crate) fn goes_on_at(&self, kind: &str, now: Timestamp) -> Option<Timestamp> {
        let contained = self.containments.of(kind, now)?;
        match contained.level {
            Level::Throttled => self.buckets.get(kind).map(|bucket| bucket.ready_at(now)),
            Level::Refused | Level::Paused => contained.until,
        }
    }

    fn say<M: Message>(&mut self, message: &M, provenance: Provenance) {
        match Envelope::new(MessageId::default(), GUARD, message) {
            Ok(envelope) => self.said.push(envelope.with_provenance(provenance)),
            Err(error) => tracing::error!(name = M::NAME, %error, "the guard cannot say it"),
        }
    }
}
