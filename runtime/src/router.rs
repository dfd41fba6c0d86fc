//! Where a message is appended: its own stream, its partition, and copies for readers elsewhere.

use crate::store::Partition;
use crate::wiring::Contract;
use messages::dead::DeadLettered;
use messages::model::ModelPromoted;
use messages::{Class, Envelope, Message, Stream, subject};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

/// Partitions of TELEMETRY and HEALTH in an embedded deployment.
pub const PARTITIONS_EMBEDDED: NonZeroU16 = NonZeroU16::new(4).expect("four is not zero");

/// The routes of one deployment.
#[derive(Clone, Debug)]
pub struct Router {
    partitions: NonZeroU16,
    /// Registry and control messages by name, with the streams whose readers declared them.
    copies: BTreeMap<String, BTreeSet<Stream>>,
    contracts: BTreeMap<String, Contract>,
}

impl Router {
    /// Routes for agents with these `contracts`, with `partitions` per partitioned stream.
    #[must_use]
    pub fn new<'c>(
        partitions: NonZeroU16,
        contracts: impl IntoIterator<Item = &'c Contract>,
    ) -> Self {
        let mut copies: BTreeMap<String, BTreeSet<Stream>> = BTreeMap::new();
        let mut known = BTreeMap::new();
        for contract in contracts {
            known.insert(contract.kind.clone(), contract.clone());
            let heard = contract.hears.iter();
            for (name, _) in heard.filter(|(_, class)| class.stream() != contract.stream) {
                copies.entry(name.clone()).or_default().insert(contract.stream);
            }
        }
        Self { partitions, copies, contracts: known }
    }

    /// What each kind declared.
    #[must_use]
    pub fn contracts(&self) -> &BTreeMap<String, Contract> {
        &self.contracts
    }

    /// Every partition of `stream`.
    pub fn partitions_of(&self, stream: Stream) -> impl Iterator<Item = Partition> + use<> {
        let count = if stream.is_partitioned() { self.partitions.get() } else { 1 };
        (0..count).map(move |index| Partition { stream, index })
    }

    /// The partition of `stream` that holds `key`.
    #[must_use]
    pub fn partition(&self, stream: Stream, key: &str) -> Partition {
        if !stream.is_partitioned() {
            return Partition { stream, index: 0 };
        }
        // As a server does it: over the token. A key too long for one is never sent through a server.
        let token = subject::escape(key).unwrap_or(Cow::Borrowed(key));
        Partition { stream, index: subject::partition(&token, self.partitions) }
    }

    /// Where `envelope` is appended: its home first, then its copies.
    #[must_use]
    pub fn targets(&self, envelope: &Envelope) -> Vec<Partition> {
        if envelope.name == DeadLettered::NAME {
            return vec![Partition::DEAD];
        }
        let mut targets = vec![self.partition(envelope.class.stream(), &envelope.key)];
        if !matches!(envelope.class, Class::Registry | Class::Control) {
            return targets;
        }
        for &stream in self.copies.get(&envelope.name).into_iter().flatten() {
            // What an agent is built with concerns every host of it, whatever keys it holds.
            if envelope.name == ModelPromoted::NAME {
                targets.extend(self.partitions_of(stream));
            } else {
                targets.push(self.partition(stream, &envelope.key));
            }
        }
        targets
    }
}
