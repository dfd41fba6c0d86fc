//! One commit: everything into one batch, then flush, fdatasync, HEAD, and only then to the readers.

use super::block::Builder;
use super::database::Database;
use super::ledger::{Digest, HostValue, Ledger, PartitionHead, Root, ring_key};
use super::value::{self, FRAME_BYTES, Frame, PIECE_BYTES_MAX};
use super::{key, log};
use crate::store::{Batch, HostChange, HostId, Partition, StoreError};
use messages::{Envelope, Sequence};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Pieces of forgotten blocks that one commit removes at least, if there are so many; more when it
/// writes much, so that what is forgotten goes faster than what is appended comes.
const SWEEP_PIECES_MIN: usize = 256;

/// A commit being put together.
pub(super) struct Draft<'s> {
    database: &'s Database,
    ledger: &'s mut Ledger,
    batch: ::sled::Batch,
    partitions: BTreeSet<Partition>,
    hosts: BTreeSet<HostId>,
    pieces: usize,
    bytes: u64,
}

/// A commit ready to be applied.
pub(super) struct Finished {
    pub(super) batch: ::sled::Batch,
    /// Partitions whose heads changed.
    pub(super) partitions: BTreeSet<Partition>,
    /// Bytes given to the database.
    pub(super) bytes: u64,
}

/// Forgotten blocks of a partition: those before `keep`, of what lies before `first`.
struct Unswept {
    partition: Partition,
    first: Sequence,
    keep: Sequence,
}

impl<'s> Draft<'s> {
    /// A commit behind the one that left `ledger`.
    pub(super) fn new(database: &'s Database, ledger: &'s mut Ledger) -> Self {
        Self {
            database,
            ledger,
            batch: ::sled::Batch::default(),
            partitions: BTreeSet::new(),
            hosts: BTreeSet::new(),
            pieces: 0,
            bytes: 0,
        }
    }

    /// Adds `batch`: trims, then appends, then the rest. Gives the position of each record appended.
    pub(super) fn add(mut self, batch: Batch) -> Result<(Vec<Sequence>, Finished), StoreError> {
        let unswept = self.unswept()?;
        for (partition, through) in batch.trims {
            self.trim(partition, through);
        }
        let sequences = self.append(&batch.appends)?;
        self.change_hosts(batch.hosts)?;
        self.change_blobs(batch.blobs)?;
        self.sweep(unswept)?;
        Ok((sequences, self.finish()?))
    }

    fn head(&mut self, partition: Partition) -> &mut PartitionHead {
        self.partitions.insert(partition);
        &mut self.ledger.heads.entry(partition).or_default().value
    }

    /// Forgets records up to and including `through`; [`Draft::sweep`] removes them later.
    fn trim(&mut self, partition: Partition, through: Sequence) {
        let head = self.head(partition);
        if head.last == 0 {
            // A partition that never had a record may begin anywhere: a restored one does.
            (head.first, head.last, head.swept) = (through + 1, through, through + 1);
        }
        head.first = head.first.max(through.min(head.last) + 1);
    }

    /// Numbers `appends` and packs them into blocks.
    fn append(
        &mut self,
        appends: &[(Partition, Arc<Envelope>)],
    ) -> Result<Vec<Sequence>, StoreError> {
        let mut sequences = Vec::with_capacity(appends.len());
        let mut open: BTreeMap<Partition, Builder> = BTreeMap::new();
        for (partition, envelope) in appends {
            let bytes = envelope.data.len();
            if open.get(partition).is_some_and(|builder| builder.is_full_for(bytes))
                && let Some(builder) = open.remove(partition)
            {
                self.close(*partition, builder);
            }
            let head = self.head(*partition);
            head.last += 1;
            head.newest_at = envelope.time.max(head.newest_at);
            sequences.push(head.last);
            let builder = open.entry(*partition).or_insert_with(|| {
                head.newest_block = head.last;
                Builder::behind(head.checksum)
            });
            builder.push(envelope).map_err(|error| unstorable(&envelope.name, &error))?;
        }
        for (partition, builder) in open {
            self.close(partition, builder);
        }
        Ok(sequences)
    }

    fn close(&mut self, partition: Partition, builder: Builder) {
        let first = self.head(partition).newest_block;
        let frame = self.put(&key::log(partition, first), builder.finish());
        self.head(partition).checksum = frame.checksum;
    }

    fn change_hosts(&mut self, changes: Vec<HostChange>) -> Result<(), StoreError> {
        let mut states: BTreeMap<HostId, BTreeMap<String, Option<Vec<u8>>>> = BTreeMap::new();
        for change in changes {
            let value = &mut self.ledger.hosts.entry(change.host.clone()).or_default().value;
            if let Some(progress) = change.progress {
                value.set_progress(progress);
            }
            value.watermark = change.watermark.or(value.watermark);
            // One commit may change a key twice; the last change holds.
            states.entry(change.host).or_default().extend(change.states);
        }
        for (host, states) in states {
            let mut digest = self.host(&host).states;
            for (name, state) in states {
                self.replace(&key::state(&host, &name), state.as_deref(), &mut digest)?;
            }
            self.host(&host).states = digest;
            self.hosts.insert(host);
        }
        Ok(())
    }

    fn host(&mut self, host: &HostId) -> &mut HostValue {
        let kept = self.ledger.hosts.get_mut(host);
        &mut kept.expect("a host whose state changes was just looked up").value
    }

    fn change_blobs(&mut self, blobs: Vec<(String, Option<Vec<u8>>)>) -> Result<(), StoreError> {
        let newest: BTreeMap<String, Option<Vec<u8>>> = blobs.into_iter().collect();
        let mut digest = self.ledger.root.blobs;
        for (name, value) in newest {
            self.replace(&key::blob(&name), value.as_deref(), &mut digest)?;
        }
        self.ledger.root.blobs = digest;
        Ok(())
    }

    /// Puts a value over whatever was there, or removes it, and keeps `digest` in step.
    fn replace(
        &mut self,
        base: &[u8],
        bytes: Option<&[u8]>,
        digest: &mut Digest,
    ) -> Result<(), StoreError> {
        let old = self.database.frame(base)?;
        let new = bytes.map(|bytes| self.put(base, value::framed(bytes)));
        if let Some(old) = old {
            digest.remove(old.share(base));
        }
        if let Some(new) = new {
            digest.add(new.share(base));
        }
        for number in new.map_or(0, Frame::pieces)..old.map_or(0, Frame::pieces) {
            self.batch.remove(value::piece_key(base, number));
        }
        Ok(())
    }

    /// Puts a value for which `framed` has room at its beginning, where none of more pieces was.
    fn put(&mut self, base: &[u8], mut framed: Vec<u8>) -> Frame {
        debug_assert!(framed.len() >= FRAME_BYTES, "there is room for the frame");
        let frame = value::seal(base, &mut framed);
        for (number, piece) in (0_u16..).zip(framed.chunks(PIECE_BYTES_MAX)) {
            self.batch.insert(value::piece_key(base, number), piece);
            self.pieces += 1;
        }
        self.bytes += framed.len() as u64;
        frame
    }

    /// Puts a value of our own, which always fits into one piece; gives its share.
    fn put_own<T: Serialize>(&mut self, base: &[u8], value: &T) -> Result<u64, StoreError> {
        let framed = postcard::to_extend(value, vec![0; FRAME_BYTES])
            .map_err(|error| unstorable(&base.escape_ascii().to_string(), &error))?;
        debug_assert!(framed.len() <= PIECE_BYTES_MAX, "names are bounded");
        Ok(self.put(base, framed).share(base))
    }

    /// Blocks that earlier commits forgot. A reader that still looks for them can tell by now that they
    /// were forgotten; those that this commit forgets must wait for the next.
    fn unswept(&self) -> Result<Vec<Unswept>, StoreError> {
        let mut unswept = Vec::new();
        for (&partition, head) in &self.ledger.heads {
            let PartitionHead { first, swept, .. } = head.value;
            if swept == first {
                continue;
            }
            let keep = match head.value.is_empty() {
                true => None,
                false => log::block_of(self.database, partition, first)?,
            };
            unswept.push(Unswept { partition, first, keep: keep.unwrap_or(first) });
        }
        Ok(unswept)
    }

    /// Removes forgotten blocks, some of them in each commit.
    fn sweep(&mut self, unswept: Vec<Unswept>) -> Result<(), StoreError> {
        let mut most = SWEEP_PIECES_MIN.max(2 * self.pieces);
        for Unswept { partition, first, keep } in unswept {
            let range = key::log(partition, 0)..key::log(partition, keep);
            let keys = self.database.first_keys(range, most)?;
            if keys.len() < most {
                self.head(partition).swept = first;
            }
            most -= keys.len();
            keys.into_iter().for_each(|key| self.batch.remove(key));
        }
        Ok(())
    }

    /// Adds what changed in the ledger, and the root.
    fn finish(mut self) -> Result<Finished, StoreError> {
        let mut sum = self.ledger.root.sum;
        for partition in self.partitions.clone() {
            let head = self.ledger.heads.get(&partition).expect("it changed").value;
            let share = self.put_own(&key::partition(partition), &head)?;
            let kept = self.ledger.heads.get_mut(&partition).expect("it changed");
            sum = sum.wrapping_sub(kept.share).wrapping_add(share);
            kept.share = share;
        }
        for host in std::mem::take(&mut self.hosts) {
            let value = self.host(&host).clone();
            let share = self.put_own(&key::host(&host), &value)?;
            let kept = self.ledger.hosts.get_mut(&host).expect("it changed");
            sum = sum.wrapping_sub(kept.share).wrapping_add(share);
            kept.share = share;
        }
        let root = Root { sum, ..self.ledger.root }.next();
        self.put_own(&ring_key(root.mark.commit), &root.mark)?;
        self.put_own(&key::root(), &root)?;
        self.ledger.root = root;
        Ok(Finished { batch: self.batch, partitions: self.partitions, bytes: self.bytes })
    }
}

fn unstorable(name: &str, error: &postcard::Error) -> StoreError {
    StoreError::Unstorable { name: name.to_owned(), reason: error.to_string() }
}
