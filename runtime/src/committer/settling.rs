//! Answers that wait until what was said has come back: said durably here is not yet said to everybody.

use super::{CommitError, Receipt};
use crate::store::Partition;
use messages::{MessageId, Sequence};
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// Who is answered.
type Reply = oneshot::Sender<Result<Receipt, CommitError>>;
/// A record's place.
pub(super) type Place = (Partition, Sequence);

/// One message of a request.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// Appended by the request itself, at this index of the commit.
    Here(usize),
    /// Comes back with the same commit, at this index.
    Arriving(usize),
    /// Said before, and there.
    There(Place),
    /// On its way to everybody.
    Away(MessageId),
}

/// What the commit at hand defers and what it brings back.
#[derive(Debug, Default)]
pub(super) struct Settle {
    /// Messages of the request at hand.
    parts: Vec<Part>,
    /// Requests that wait for messages on their way, by their place in the group.
    waiting: Vec<(usize, Vec<Part>)>,
    /// Messages that came back, by index of the commit.
    arriving: Vec<(MessageId, usize)>,
    deferred: Vec<Deferred>,
    arrived: Vec<(MessageId, Place)>,
}

/// A request that is answered once its messages came back.
#[derive(Debug)]
pub(super) struct Deferred {
    /// Its place in the group.
    request: usize,
    parts: Vec<Expected>,
}

#[derive(Debug)]
enum Expected {
    There(Place),
    Awaited(MessageId),
}

impl Settle {
    /// A message of the request at hand is appended here, at `index`.
    pub(super) fn here(&mut self, index: usize) {
        self.parts.push(Part::Here(index));
    }

    /// A message of the request at hand is on its way.
    pub(super) fn away(&mut self, id: MessageId) {
        self.parts.push(Part::Away(id));
    }

    /// A message of the request at hand was said before and is at `place`.
    pub(super) fn there(&mut self, place: Place) {
        self.parts.push(Part::There(place));
    }

    /// Whether `id` comes back with the commit at hand; the request at hand then has it where it comes back.
    pub(super) fn is_arriving(&mut self, id: MessageId) -> bool {
        let index = self.arriving.iter().find(|(it, _)| *it == id).map(|(_, index)| *index);
        self.parts.extend(index.map(Part::Arriving));
        index.is_some()
    }

    /// `id` came back once more: it is at `place` already.
    pub(super) fn arrived_before(&mut self, id: MessageId, place: Place) {
        self.arrived.push((id, place));
    }

    /// Messages that come back with the commit at hand, by index.
    pub(super) fn arriving(&self) -> &[(MessageId, usize)] {
        &self.arriving
    }

    /// `id` came back, at `index`.
    pub(super) fn arrives(&mut self, id: MessageId, index: usize) {
        self.arriving.push((id, index));
    }

    /// The request at hand, the group's `request`-th, ends; it `waits` for what is on its way.
    pub(super) fn end_request(&mut self, request: usize, waits: bool) {
        let parts = std::mem::take(&mut self.parts);
        let elsewhere = |part: &Part| !matches!(part, Part::Here(_));
        if waits && parts.iter().any(elsewhere) {
            self.waiting.push((request, parts));
        }
    }

    /// The commit is done: `place` is where each of its appends is.
    pub(super) fn commit(&mut self, place: impl Fn(usize) -> Place) {
        let expected = |part: Part| match part {
            Part::Here(index) | Part::Arriving(index) => Expected::There(place(index)),
            Part::There(place) => Expected::There(place),
            Part::Away(id) => Expected::Awaited(id),
        };
        self.parts.clear();
        for (request, parts) in self.waiting.drain(..) {
            let parts = parts.into_iter().map(expected).collect();
            self.deferred.push(Deferred { request, parts });
        }
        self.arrived.extend(self.arriving.drain(..).map(|(id, index)| (id, place(index))));
    }

    /// What the last commit deferred, and what came back with it.
    pub(super) fn take(&mut self) -> (Vec<Deferred>, Vec<(MessageId, Place)>) {
        (std::mem::take(&mut self.deferred), std::mem::take(&mut self.arrived))
    }
}

/// Answers that wait.
#[derive(Default)]
pub(super) struct Settling {
    held: Vec<(Reply, Vec<Expected>)>,
}

impl Settling {
    /// Keeps the replies of `deferred` requests back until [`Settling::arrive`]; gives the others.
    pub(super) fn hold(
        &mut self,
        deferred: Vec<Deferred>,
        replies: Vec<Reply>,
    ) -> Vec<Option<Reply>> {
        let mut replies: Vec<Option<Reply>> = replies.into_iter().map(Some).collect();
        for Deferred { request, parts } in deferred {
            if let Some(reply) = replies.get_mut(request).and_then(Option::take) {
                self.held.push((reply, parts));
            }
        }
        replies
    }

    /// Answers those whose messages have all come back.
    pub(super) fn arrive(&mut self, arrived: Vec<(MessageId, Place)>) {
        if self.held.is_empty() {
            return;
        }
        let places: BTreeMap<MessageId, Place> = arrived.into_iter().collect();
        for (reply, mut parts) in std::mem::take(&mut self.held) {
            for part in &mut parts {
                if let Expected::Awaited(id) = part
                    && let Some(place) = places.get(id)
                {
                    *part = Expected::There(*place);
                }
            }
            let there = |part: &Expected| match part {
                Expected::There(place) => Some(*place),
                Expected::Awaited(_) => None,
            };
            match parts.iter().map(there).collect::<Option<Receipt>>() {
                // Whoever asked may have gone away; it is said all the same.
                Some(receipt) => drop(reply.send(Ok(receipt))),
                None if reply.is_closed() => {}
                None => self.held.push((reply, parts)),
            }
        }
    }
}
