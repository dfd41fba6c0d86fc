//! Where what is said waits: one queue for each who speaks and each stream, kept as partitions behind the log's own.
//!
//! Within a lane everything leaves in order and comes back in order, so what is still there when the log was read to its
//! end has not left.

use crate::store::{Change, HostId, Partition, Store, StoreError};
use messages::Stream;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What names of lanes in the store begin with.
const PREFIX: &str = "lane/";

/// Names of all who ever had a lane.
pub(super) fn speakers(store: &dyn Store) -> Result<BTreeSet<String>, StoreError> {
    let names = store.blobs(PREFIX)?;
    let speaker = |name: &String| {
        let (_, lane) = name.strip_prefix(PREFIX)?.split_once('/')?;
        lane.rsplit_once(' ').map(|(speaker, _)| speaker.to_owned())
    };
    Ok(names.iter().filter_map(speaker).collect())
}

/// One queue of what is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// The host that speaks; `None` is the process itself: its doors, its guard, its runtime.
    pub speaker: Option<HostId>,
    /// Where to.
    pub stream: Stream,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.speaker {
            Some(host) => write!(f, "{host} {}", self.stream),
            None => write!(f, "process {}", self.stream),
        }
    }
}

/// The lanes of a process, and the partition of the store that keeps each.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    partition_by_lane: BTreeMap<Lane, Partition>,
}

impl Lanes {
    /// Lanes for the process and its `hosts`, each with whether it says anything to HEALTH; gives what is to be stored.
    pub(super) fn open(
        hosts: impl IntoIterator<Item = (HostId, bool)>,
        store: &dyn Store,
    ) -> Result<(Self, Vec<Change>), StoreError> {
        let mut known: BTreeMap<String, u16> = BTreeMap::new();
        for name in store.blobs(PREFIX)? {
            let rest = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('/'));
            if let Some((index, lane)) = rest
                && let Ok(index) = index.parse()
            {
                known.insert(lane.to_owned(), index);
            }
        }
        let of = |speaker: Option<HostId>, stream| Lane { speaker, stream };
        let mut wanted = vec![of(None, Stream::Log), of(None, Stream::Health)];
        for (host, assesses) in hosts {
            wanted.push(of(Some(host.clone()), Stream::Log));
            wanted.extend(assesses.then(|| of(Some(host), Stream::Health)));
        }
        let mut next = known.values().max().map_or(1, |highest| highest + 1);
        let mut lanes = Self::default();
        let mut changes = Vec::new();
        for lane in wanted {
            let index = known.get(&lane.to_string()).copied().unwrap_or_else(|| {
                changes.push((format!("{PREFIX}{next:05}/{lane}"), Some(Vec::new())));
                next += 1;
                next - 1
            });
            lanes.partition_by_lane.insert(lane, Partition { stream: Stream::Log, index });
        }
        Ok((lanes, changes))
    }

    /// The partition that keeps what `speaker` says to `stream`; who has no lane speaks through the process.
    #[must_use]
    pub fn of(&self, speaker: Option<&HostId>, stream: Stream) -> Option<Partition> {
        let lane = |speaker: Option<&HostId>| {
            self.partition_by_lane.get(&Lane { speaker: speaker.cloned(), stream }).copied()
        };
        lane(speaker).or_else(|| lane(None))
    }

    /// Every lane with its partition, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Lane, Partition)> {
        self.partition_by_lane.iter().map(|(lane, partition)| (lane, *partition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Batch;
    use crate::store::memory::MemoryStore;

    fn host(kind: &str) -> (HostId, bool) {
        (HostId { kind: kind.to_owned(), partition: 0 }, kind == "assessor")
    }

    #[test]
    fn a_lane_keeps_its_partition_whoever_comes_and_goes() {
        let store = MemoryStore::default();
        let (first, blobs) = Lanes::open([host("b"), host("assessor")], &store).unwrap();
        store.commit(Batch { blobs, ..Batch::default() }).unwrap();
        let (second, _) = Lanes::open([host("a"), host("b")], &store).unwrap();
        let of = |lanes: &Lanes, kind| lanes.of(Some(&host(kind).0), Stream::Log);
        assert_eq!(of(&first, "b"), of(&second, "b"));
        let mut all: Vec<Partition> =
            first.iter().chain(second.iter()).map(|(_, partition)| partition).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6, "two of the process, two of the assessor, one each of a and b");
        assert!(all.iter().all(|partition| partition.index > 0), "the log itself is no lane");
    }
}
