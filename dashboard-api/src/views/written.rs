//! Which keys of repeatable writes have been used, so that a write sent twice is done once.
//!
//! The message of such a write is named by its key and its body, half of the name each (see `writing`);
//! so the names on the log are the whole memory.

use messages::{MessageId, Sequence};
use runtime::store::Delivery;
use std::collections::{BTreeMap, VecDeque};

/// Keys that are remembered; after so many further writes a key counts as new.
pub(crate) const KEYS_MAX: usize = 100_000;
/// Version of UUID (RFC 9562) that names messages of repeatable writes, and nothing else the facade says.
const CUSTOM: usize = 8;

/// The key's half of a name.
pub(crate) type KeyHalf = [u8; 8];

/// Keys that were used.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Written {
    order: VecDeque<KeyHalf>,
    by_key: BTreeMap<KeyHalf, (MessageId, Sequence)>,
}

impl Written {
    /// Takes in a record that the facade has said.
    pub(crate) fn hear(&mut self, delivery: &Delivery) {
        let id = delivery.envelope.id;
        if id.0.get_version_num() != CUSTOM {
            return;
        }
        let half = key_half(id);
        if self.by_key.insert(half, (id, delivery.sequence)).is_none() {
            self.order.push_back(half);
        }
        if self.order.len() > KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }

    /// What was written under the key of `id`: its name, which tells whether it was the same, and its place.
    pub(crate) fn find(&self, id: MessageId) -> Option<(MessageId, Sequence)> {
        self.by_key.get(&key_half(id)).copied()
    }
}

/// Half of the name, as far as the key alone decides it.
fn key_half(id: MessageId) -> KeyHalf {
    let bytes = id.0.into_bytes();
    std::array::from_fn(|index| bytes[index])
}
