//! A store in memory, for tests: as strict as the one on disk, gone with the process.

use super::{
    Batch, Delivery, HostId, HostRecord, Partition, ReadLimit, Store, StoreError, Usage, Verified,
    limit,
};
use messages::{Envelope, Sequence, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Everything in ordered maps behind one lock.
#[derive(Debug, Default)]
pub struct MemoryStore {
    contents: Mutex<Contents>,
}

#[derive(Debug, Default)]
struct Contents {
    logs: BTreeMap<Partition, Log>,
    hosts: BTreeMap<HostId, HostRecord>,
    states: BTreeMap<(HostId, String), Vec<u8>>,
    blobs: BTreeMap<String, Vec<u8>>,
    usage: Usage,
}

#[derive(Debug, Default)]
struct Log {
    /// Position of the last record forgotten.
    trimmed: Sequence,
    records: VecDeque<Arc<Envelope>>,
    newest_at: Option<Timestamp>,
}

impl Log {
    fn head(&self) -> Sequence {
        self.trimmed + self.records.len() as u64
    }
}

impl MemoryStore {
    /// The contents; a panic while they were held cannot have left them half changed.
    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn commit(&self, batch: Batch) -> Result<Vec<Sequence>, StoreError> {
        limit::check(&batch)?;
        let mut contents = self.lock();
        contents.usage.commits += 1;
        for (partition, through) in batch.trims {
            let log = contents.logs.entry(partition).or_default();
            if log.head() == 0 {
                log.trimmed = through;
            }
            let count = through.min(log.head()).saturating_sub(log.trimmed);
            log.records.drain(..usize::try_from(count).unwrap_or(usize::MAX));
            log.trimmed += count;
        }
        let mut sequences = Vec::with_capacity(batch.appends.len());
        for (partition, envelope) in batch.appends {
            contents.usage.bytes_written += envelope.data.len() as u64;
            let log = contents.logs.entry(partition).or_default();
            log.newest_at = log.newest_at.max(Some(envelope.time));
            log.records.push_back(envelope);
            sequences.push(log.head());
        }
        for change in batch.hosts {
            let record = contents.hosts.entry(change.host.clone()).or_default();
            record.progress = change.progress.unwrap_or_else(|| record.progress.clone());
            record.watermark = change.watermark.or(record.watermark);
            for (key, state) in change.states {
                let key = (change.host.clone(), key);
                match state {
                    Some(bytes) => contents.states.insert(key, bytes),
                    None => contents.states.remove(&key),
                };
            }
        }
        for (name, value) in batch.blobs {
            match value {
                Some(bytes) => contents.blobs.insert(name, bytes),
                None => contents.blobs.remove(&name),
            };
        }
        Ok(sequences)
    }

    fn partitions(&self) -> Vec<Partition> {
        self.lock().logs.keys().copied().collect()
    }

    fn head(&self, partition: Partition) -> Sequence {
        self.lock().logs.get(&partition).map_or(0, Log::head)
    }

    fn newest_at(&self, partition: Partition) -> Timestamp {
        let contents = self.lock();
        let newest_at = contents.logs.get(&partition).and_then(|log| log.newest_at);
        newest_at.unwrap_or(Timestamp::MIN)
    }

    fn first(&self, partition: Partition) -> Sequence {
        self.lock().logs.get(&partition).map_or(1, |log| log.trimmed + 1)
    }

    fn read(
        &self,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, StoreError> {
        let contents = self.lock();
        let Some(log) = contents.logs.get(&partition) else {
            return Ok(Vec::new());
        };
        if after < log.trimmed {
            return Err(StoreError::Trimmed { partition, after, first: log.trimmed + 1 });
        }
        let skip = usize::try_from(after - log.trimmed).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let records = log.records.iter().skip(skip).take(limit.records);
        let within = records.take_while(|envelope| {
            let fits = bytes < limit.bytes;
            bytes += envelope.data.len();
            fits
        });
        Ok((after..)
            .zip(within)
            .map(|(previous, envelope)| Delivery {
                previous,
                sequence: previous + 1,
                envelope: envelope.clone(),
            })
            .collect())
    }

    fn host(&self, host: &HostId) -> Result<HostRecord, StoreError> {
        Ok(self.lock().hosts.get(host).cloned().unwrap_or_default())
    }

    fn hosts(&self) -> Result<Vec<HostId>, StoreError> {
        Ok(self.lock().hosts.keys().cloned().collect())
    }

    fn states(&self, host: &HostId, visit: &mut dyn FnMut(&str, &[u8])) -> Result<(), StoreError> {
        let contents = self.lock();
        let states = contents.states.iter().filter(|((owner, _), _)| owner == host);
        states.for_each(|((_, key), bytes)| visit(key, bytes));
        Ok(())
    }

    fn state(&self, host: &HostId, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.lock().states.get(&(host.clone(), key.to_owned())).cloned())
    }

    fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.lock().blobs.get(name).cloned())
    }

    fn blobs(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let contents = self.lock();
        Ok(contents.blobs.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }

    fn verify(&self) -> Result<Verified, StoreError> {
        let contents = self.lock();
        Ok(Verified {
            records: contents.logs.values().map(|log| log.records.len() as u64).sum(),
            states: contents.states.len() as u64,
            blobs: contents.blobs.len() as u64,
        })
    }

    fn usage(&self) -> Usage {
        self.lock().usage
    }
}
