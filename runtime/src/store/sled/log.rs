//! Reading a partition block by block: each begins where the one before ends and names its checksum.

use super::block::Block;
use super::database::Database;
use super::key;
use super::ledger::PartitionHead;
use super::tail::Reading;
use crate::store::{Delivery, Partition, ReadLimit, StoreError};
use messages::Sequence;

/// A walk over the blocks of one partition.
struct Walk<'d> {
    database: &'d Database,
    partition: Partition,
    /// Where the next block begins.
    next: Sequence,
    /// Checksum of the block before it, if that was read.
    checksum: Option<u32>,
}

impl<'d> Walk<'d> {
    /// A walk that begins with the block that holds `sequence`.
    fn to(
        database: &'d Database,
        partition: Partition,
        sequence: Sequence,
    ) -> Result<Self, StoreError> {
        let next = block_of(database, partition, sequence)?.ok_or_else(|| {
            database.corrupt(format!("record {sequence} of `{partition}` is in no block"))
        })?;
        Ok(Self { database, partition, next, checksum: None })
    }

    /// The next block and the position of its first record.
    fn step(&mut self) -> Result<(Sequence, Block), StoreError> {
        let first = self.next;
        let wrong = |what: &str| {
            let partition = self.partition;
            self.database.corrupt(format!("block {first} of `{partition}` {what}"))
        };
        let found = self.database.get(&key::log(self.partition, first))?;
        let (frame, bytes) = found.ok_or_else(|| wrong("is missing"))?;
        let block = Block::parse(bytes).map_err(|what| wrong(&format!("is {what}")))?;
        if self.checksum.is_some_and(|checksum| checksum != block.previous) {
            return Err(wrong("does not follow the one before it"));
        }
        if block.len() == 0 {
            return Err(wrong("has no records"));
        }
        self.checksum = Some(frame.checksum);
        self.next = first + block.len();
        Ok((first, block))
    }
}

/// First position of the block that holds `sequence`; of the last one before it, if none does.
pub(super) fn block_of(
    database: &Database,
    partition: Partition,
    sequence: Sequence,
) -> Result<Option<Sequence>, StoreError> {
    let found = database.last_key(key::log(partition, 0)..key::log(partition, sequence + 1))?;
    Ok(found.and_then(|key| key::parse_log(&key)))
}

/// Records behind `after` and up to `last`, as many as `limit` allows.
pub(super) fn read(
    database: &Database,
    partition: Partition,
    after: Sequence,
    last: Sequence,
    limit: ReadLimit,
) -> Result<Vec<Delivery>, StoreError> {
    let mut reading = Reading::new(after, limit);
    let mut walk = Walk::to(database, partition, after + 1)?;
    while !reading.is_full() && reading.next() <= last {
        let (first, block) = walk.step()?;
        let missing = reading.next();
        if walk.next <= missing {
            let what = format!("record {missing} of `{partition}` is missing behind block {first}");
            return Err(database.corrupt(what));
        }
        for envelope in block.envelopes(missing - first) {
            if reading.is_full() {
                break;
            }
            reading.push(envelope.map_err(|what| {
                database.corrupt(format!("block {first} of `{partition}` has {what}"))
            })?);
        }
    }
    Ok(reading.deliveries)
}

/// The newest block must be the one that `head` names, and end where it says.
pub(super) fn check_newest(
    database: &Database,
    partition: Partition,
    head: &PartitionHead,
) -> Result<(), StoreError> {
    if head.is_empty() {
        return Ok(());
    }
    let mut walk = Walk { database, partition, next: head.newest_block, checksum: None };
    walk.step()?;
    check_end(&walk, head)
}

fn check_end(walk: &Walk<'_>, head: &PartitionHead) -> Result<(), StoreError> {
    if walk.checksum == Some(head.checksum) && walk.next == head.last + 1 {
        return Ok(());
    }
    let (partition, last) = (walk.partition, head.last);
    Err(walk.database.corrupt(format!("`{partition}` does not end with record {last}")))
}

/// Reads every record that is kept, from `head.first` to `head.last`; how many there are.
pub(super) fn verify(
    database: &Database,
    partition: Partition,
    head: &PartitionHead,
) -> Result<u64, StoreError> {
    if head.is_empty() {
        return Ok(0);
    }
    let mut walk = Walk::to(database, partition, head.first)?;
    while walk.next <= head.last {
        let (first, block) = walk.step()?;
        for envelope in block.envelopes(0) {
            envelope.map_err(|what| {
                database.corrupt(format!("block {first} of `{partition}` has {what}"))
            })?;
        }
    }
    check_end(&walk, head)?;
    Ok(head.last + 1 - head.first)
}
