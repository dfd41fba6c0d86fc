//! Who really said what on the LOG, and how often: what the edges of the topology are counted by.

use messages::{Sequence, Timestamp};
use runtime::store::Delivery;
use std::collections::BTreeMap;

/// Pairs of source and message that are counted; further ones are counted together as `others`.
pub(crate) const PAIRS_MAX: usize = 10_000;

/// Counts by source and name of message.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Traffic {
    pub(crate) by_pair: BTreeMap<(String, String), Said>,
    /// Records of pairs that are too many to be counted one by one.
    pub(crate) others: u64,
}

/// How often something was said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) count: u64,
    pub(crate) last: Sequence,
    pub(crate) last_at: Timestamp,
}

impl Traffic {
    /// Takes in a record of the LOG; every one is about this.
    pub(crate) fn hear(&mut self, delivery: &Delivery) -> bool {
        let envelope = &delivery.envelope;
        let (last, last_at) = (delivery.sequence, envelope.time);
        let pair = (principal(&envelope.source).to_owned(), envelope.name.clone());
        if let Some(said) = self.by_pair.get_mut(&pair) {
            *said = Said { count: said.count + 1, last, last_at };
        } else if self.by_pair.len() < PAIRS_MAX {
            self.by_pair.insert(pair, Said { count: 1, last, last_at });
        } else {
            self.others += 1;
        }
        true
    }

    /// Whether a message called `name` was ever heard and counted.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.by_pair.keys().any(|(_, said)| said == name)
    }
}

/// Whose voice a source is: all devices are one, or every asset would be a pair of its own.
fn principal(source: &str) -> &str {
    source.split_once('/').map_or(source, |(kind, _)| kind)
}
