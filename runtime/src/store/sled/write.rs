//! One commit: everything into one batch, then flush, fdatasync, HEAD, and only then to the readers.

use super::block::Builder;
use super::value::{self, Frame, VALUE_BYTES_MAX};
use super::{Digest, FORMAT, HostValue, Mark, PartitionHead, RING_COMMITS, SledStore, Shown, broken};
use super::{crash, key, read_meta};
use crate::store::{Batch, HostChange, HostId, Partition, StoreError};
use messages::{Envelope, Sequence};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// Records removed by one trim; the rest goes with the next.
const TRIM_BLOCKS_MAX: usize = 1_024;

/// A batch being put together.
struct Draft<'s> {
    store: &'s SledStore,
    batch: ::sled::Batch,
    heads: BTreeMap<Partition, PartitionHead>,
    bytes: u64,
    chain: u64,
}

impl SledStore {
    /// Makes `batch` durable.
    pub(super) fn write(&self, batch: Batch) -> Result<Vec<Sequence>, StoreError> {
        let mut writing = self.writing()?;
        let mut draft = Draft {
            store: self,
            batch: ::sled::Batch::default(),
            heads: self.shown().heads.clone(),
            bytes: 0,
            chain: writing.last.chain,
        };
        let sequences = draft.append(&batch.appends)?;
        draft.hosts(batch.hosts)?;
        draft.blobs(batch.blobs)?;
        for (partition, through) in batch.trims {
            draft.trim(partition, through)?;
        }
        let mark = Mark { commit: writing.last.commit + 1, ..writing.last };
        let (mark, heads, bytes, drafted) = draft.finish(mark)?;

        crash::point("commit.before_apply");
        let io = |source| StoreError::Io { path: self.path.clone(), source };
        self.tree.apply_batch(drafted).map_err(|error| broken(&self.path, &error))?;
        crash::point("commit.before_flush");
        self.tree.flush().map_err(|error| broken(&self.path, &error))?;
        writing.database.sync_data().map_err(io)?;
        crash::point("commit.before_head");
        let synced = writing.head.write(mark)?;

        writing.last = mark;
        writing.usage.commits += 1;
        writing.usage.fsyncs += 1 + u64::from(synced);
        writing.usage.bytes_written += bytes;
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        let Shown { tails, .. } = &mut *shown;
        for ((partition, envelope), sequence) in batch.appends.into_iter().zip(&sequences) {
            tails.push(partition, *sequence, envelope);
        }
        shown.heads = heads;
        shown.usage = writing.usage;
        Ok(sequences)
    }
}

impl Draft<'_> {
    /// Numbers `appends` and packs them into blocks.
    fn append(
        &mut self,
        appends: &[(Partition, Arc<Envelope>)],
    ) -> Result<Vec<Sequence>, StoreError> {
        let mut sequences = Vec::with_capacity(appends.len());
        let mut open: BTreeMap<Partition, (Sequence, Builder)> = BTreeMap::new();
        for (partition, envelope) in appends {
            if open.get(partition).is_some_and(|(_, builder)| builder.is_full())
                && let Some((first, builder)) = open.remove(partition)
            {
                self.close(*partition, first, builder)?;
            }
            let head = self.heads.entry(*partition).or_default();
            head.last += 1;
            head.newest_at = envelope.time.max(head.newest_at);
            sequences.push(head.last);
            let (chain, last) = (head.chain, head.last);
            let (_, builder) =
                open.entry(*partition).or_insert_with(|| (last, Builder::behind(chain)));
            builder.push(envelope).map_err(|error| StoreError::Unstorable {
                name: envelope.name.clone(),
                reason: error.to_string(),
            })?;
        }
        open.into_iter().try_for_each(|(partition, (first, builder))| {
            self.close(partition, first, builder)
        })?;
        Ok(sequences)
    }

    fn close(
        &mut self,
        partition: Partition,
        first: Sequence,
        builder: Builder,
    ) -> Result<(), StoreError> {
        debug_assert!(builder.count() > 0, "a block is opened for a record");
        let frame = self.put(&key::log(partition, first), &builder.finish())?;
        let head = self.heads.entry(partition).or_default();
        head.chain = frame.checksum;
        head.newest_block = first;
        Ok(())
    }

    fn hosts(&mut self, changes: Vec<HostChange>) -> Result<(), StoreError> {
        let mut values: BTreeMap<HostId, HostValue> = BTreeMap::new();
        let mut states: BTreeMap<(HostId, String), Option<Vec<u8>>> = BTreeMap::new();
        for change in changes {
            let value = match values.entry(change.host.clone()) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(self.store.host_value(&change.host)?)
                }
            };
            if let Some(progress) = change.progress {
                value.progress = progress;
            }
            value.watermark = change.watermark.or(value.watermark);
            for (name, state) in change.states {
                states.insert((change.host.clone(), name), state);
            }
        }
        for ((host, name), state) in states {
            let value = values.get_mut(&host).expect("a host whose state changed has a change");
            self.replace(&key::state(&host, &name), state.as_deref(), &mut value.digest)?;
        }
        for (host, value) in values {
            self.put_own(&key::host(&host), &value)?;
        }
        Ok(())
    }

    fn blobs(&mut self, blobs: Vec<(String, Option<Vec<u8>>)>) -> Result<(), StoreError> {
        if blobs.is_empty() {
            return Ok(());
        }
        let kept = read_meta::<Digest>(&self.store.path, &self.store.tree, "blobs")?;
        let mut digest = kept.unwrap_or_default();
        let newest: BTreeMap<String, Option<Vec<u8>>> = blobs.into_iter().collect();
        for (name, value) in newest {
            self.replace(&key::blob(&name), value.as_deref(), &mut digest)?;
        }
        self.put_own(&key::meta("blobs"), &digest)
    }

    /// Forgets records up to and including `through`: whole blocks at once, the rest by position.
    fn trim(&mut self, partition: Partition, through: Sequence) -> Result<(), StoreError> {
        let head = self.heads.entry(partition).or_default();
        if head.last == 0 {
            // A partition that never had a record may begin anywhere: a restored one does.
            (head.first, head.last) = (through + 1, through);
            return Ok(());
        }
        let through = through.min(head.last);
        if through < head.first {
            return Ok(());
        }
        head.first = through + 1;
        let keep = if through == head.last {
            head.last + 1
        } else {
            self.store.block_of(partition, through + 1)?
        };
        let path = &self.store.path;
        let old = self.store.tree.range(key::log(partition, 0)..key::log(partition, keep));
        for entry in old.take(TRIM_BLOCKS_MAX) {
            let (found, _) = entry.map_err(|error| broken(path, &error))?;
            self.batch.remove(found);
        }
        Ok(())
    }

    /// Puts a value where none was.
    fn put(&mut self, base: &[u8], bytes: &[u8]) -> Result<Frame, StoreError> {
        if bytes.len() > VALUE_BYTES_MAX {
            return Err(StoreError::Unstorable {
                name: base.escape_ascii().to_string(),
                reason: format!("{} bytes, at most {VALUE_BYTES_MAX} are kept", bytes.len()),
            });
        }
        let (frame, pieces) = value::cut(base, bytes);
        self.chain = value::mix(self.chain ^ frame.share(base));
        for (number, piece) in (0_u16..).zip(pieces) {
            self.bytes += piece.len() as u64;
            self.batch.insert(value::piece_key(base, number), piece);
        }
        Ok(frame)
    }

    /// Puts a value of our own, over one of about the same size.
    fn put_own<T: Serialize>(&mut self, base: &[u8], value: &T) -> Result<(), StoreError> {
        let bytes = postcard::to_stdvec(value).map_err(|error| StoreError::Unstorable {
            name: base.escape_ascii().to_string(),
            reason: error.to_string(),
        })?;
        self.put(base, &bytes).map(drop)
    }

    /// Puts a value over whatever was there, or removes it, and keeps `digest` in step.
    fn replace(
        &mut self,
        base: &[u8],
        bytes: Option<&[u8]>,
        digest: &mut Digest,
    ) -> Result<(), StoreError> {
        let store = self.store;
        let first = store.tree.get(value::piece_key(base, 0));
        let first = first.map_err(|error| broken(&store.path, &error))?;
        let mut old_pieces = 0;
        if let Some(old) = first.as_deref().and_then(Frame::parse) {
            digest.remove(old.share(base));
            old_pieces = old.pieces();
        }
        let mut new_pieces = 0;
        if let Some(bytes) = bytes {
            let frame = self.put(base, bytes)?;
            digest.add(frame.share(base));
            new_pieces = frame.pieces();
        }
        for number in new_pieces..old_pieces {
            self.batch.remove(value::piece_key(base, number));
        }
        Ok(())
    }

    /// Adds heads and the commit's own mark.
    fn finish(
        mut self,
        mark: Mark,
    ) -> Result<(Mark, BTreeMap<Partition, PartitionHead>, u64, ::sled::Batch), StoreError> {
        let shown = self.store.shown().heads.clone();
        let heads = self.heads.clone();
        for (partition, head) in heads.iter().filter(|(partition, head)| {
            shown.get(partition) != Some(head)
        }) {
            self.put_own(&key::partition(*partition), head)?;
        }
        let mark = Mark { chain: self.chain, ..mark };
        let slot = u16::try_from(mark.commit % RING_COMMITS).expect("the ring is small");
        self.put_own(&key::commit(slot), &mark)?;
        self.put_own(&key::meta("last"), &(FORMAT, mark))?;
        Ok((mark, heads, self.bytes, self.batch))
    }
}
