//! Principals under a conductor: what they say and read, and hosts that the guard holds.

use super::{ConductError, Conductor};
use crate::committer::{CommitError, Entry, Receipt, Request};
use crate::guard::principal::stream_of;
use crate::guard::session::amount;
use crate::guard::{Containments, Principal};
use crate::store::{Delivery, Partition, ReadLimit};
use messages::guard::Level;
use messages::{Sequence, Stream, Timestamp};
use std::sync::Arc;

impl Conductor {
    /// Says `entries` as `principal` has them said through its session: all of them, or none.
    ///
    /// # Errors
    /// [`CommitError::Denied`] when one may not be said; else [`ConductError`] when the store failed.
    pub fn say_as(
        &mut self,
        principal: &Principal,
        entries: Vec<Entry>,
    ) -> Result<Receipt, ConductError> {
        self.commit(Request::Say(principal.clone(), entries))
    }

    /// Reads `what` as `principal` reads it through its session: a stream or a message, by its name, of the partition
    /// numbered `index`, behind `after`. Gives what it is handed and the position to read on behind.
    ///
    /// # Errors
    /// [`CommitError::Denied`] when it may not be read; else [`ConductError`] when the store failed.
    pub fn read_as(
        &mut self,
        principal: &Principal,
        what: &str,
        index: u16,
        after: Sequence,
        limit: ReadLimit,
    ) -> Result<(Vec<Delivery>, Sequence), ConductError> {
        let ask = |amount| Request::Read(principal.clone(), what.to_owned(), amount);
        self.commit(ask((0, 0)))?;
        // Messages of others that are in no list of ours travel on LOG, if they may be read at all.
        let stream = stream_of(what).unwrap_or(Stream::Log);
        let mut batch = self.store.read(Partition { stream, index }, after, limit)?;
        let next = batch.last().map_or(after, |last| last.sequence);
        let rights = self.writer.guard().rights();
        let whole = what == stream.name();
        batch.retain(|it| {
            (whole || it.envelope.name == what) && rights.hands_over(principal, &it.envelope)
        });
        self.commit(ask(amount(&batch)))?;
        Ok((batch, next))
    }

    /// Who is contained.
    #[must_use]
    pub fn containments(&self) -> Arc<Containments> {
        self.writer.guard().standing().get()
    }

    /// Whether the guard refused what host `index` wanted; then it is put back to what is committed, and waits.
    pub(super) fn is_refused<T>(
        &mut self,
        index: usize,
        committed: &Result<T, ConductError>,
    ) -> Result<bool, ConductError> {
        let refused = matches!(committed, Err(ConductError::Commit(CommitError::Denied(_))));
        if refused {
            self.revive(index)?;
            self.hosts[index].refused = true;
        }
        Ok(refused)
    }

    /// Whether host `index` neither reads nor fires timers now. One that was refused goes on once it may.
    pub(super) fn stands_still(&mut self, index: usize) -> bool {
        let held = self.is_held(index);
        if !held {
            self.hosts[index].refused = false;
        }
        held
    }

    pub(super) fn is_held(&self, index: usize) -> bool {
        let (seat, now) = (&self.hosts[index], self.clock.now());
        let kind = seat.engine.id().kind.as_str();
        let guard = self.writer.guard();
        let level = guard.standing().level(kind, now);
        seat.paused || level == Some(Level::Paused) || seat.refused && !guard.may_go_on(kind, now)
    }

    /// When the guard has something to say, or lets a host go on.
    pub(super) fn guard_due_at(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let guard = self.writer.guard();
        let refused = self.hosts.iter().filter(|seat| seat.refused && !seat.paused);
        let goes_on = refused.filter_map(|seat| guard.goes_on_at(&seat.engine.id().kind, now));
        goes_on.chain(guard.next_due_at()).min()
    }
}
