//! A store whose commits a test can hold up or let fail.

use messages::{Sequence, Timestamp};
use runtime::store::memory::MemoryStore;
use runtime::store::{
    Batch, Delivery, HostId, HostRecord, Partition, ReadLimit, Store, StoreError, Usage, Verified,
};
use std::sync::{Condvar, Mutex};
use tokio::sync::watch;

/// What becomes of commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    Closed,
    Broken,
}

/// A store in memory behind a gate.
pub(crate) struct GatedStore {
    inner: MemoryStore,
    gate: Mutex<Gate>,
    moved: Condvar,
    /// Commits that stand before the closed gate.
    held: watch::Sender<usize>,
    /// Reads of any partition so far.
    reads: watch::Sender<usize>,
}

impl Default for GatedStore {
    fn default() -> Self {
        Self {
            inner: MemoryStore::default(),
            gate: Mutex::new(Gate::Open),
            moved: Condvar::new(),
            held: watch::Sender::new(0),
            reads: watch::Sender::new(0),
        }
    }
}

impl GatedStore {
    pub(crate) fn close(&self) {
        self.set(Gate::Closed);
    }

    pub(crate) fn open(&self) {
        self.set(Gate::Open);
    }

    /// From now on every commit fails.
    pub(crate) fn break_down(&self) {
        self.set(Gate::Broken);
    }

    fn set(&self, gate: Gate) {
        *self.gate.lock().unwrap() = gate;
        self.moved.notify_all();
    }

    /// Reads so far, for [`GatedStore::read_after`].
    pub(crate) fn reads(&self) -> usize {
        *self.reads.borrow()
    }

    /// Waits until there was a read after the first `reads`.
    pub(crate) async fn read_after(&self, reads: usize) {
        self.reads.subscribe().wait_for(|now| *now > reads).await.unwrap();
    }

    /// Waits until a commit stands before the gate.
    pub(crate) async fn commit_held(&self) {
        self.held.subscribe().wait_for(|held| *held > 0).await.unwrap();
    }
}

impl Store for GatedStore {
    fn commit(&self, batch: Batch) -> Result<Vec<Sequence>, StoreError> {
        let mut gate = self.gate.lock().unwrap();
        self.held.send_modify(|held| *held += 1);
        while *gate == Gate::Closed {
            gate = self.moved.wait(gate).unwrap();
        }
        self.held.send_modify(|held| *held -= 1);
        if *gate == Gate::Broken {
            let (name, reason) = ("everything".to_owned(), "the disk is gone".to_owned());
            return Err(StoreError::Unstorable { name, reason });
        }
        self.inner.commit(batch)
    }

    fn head(&self, partition: Partition) -> Sequence {
        self.inner.head(partition)
    }

    fn newest_at(&self, partition: Partition) -> Timestamp {
        self.inner.newest_at(partition)
    }

    fn first(&self, partition: Partition) -> Sequence {
        self.inner.first(partition)
    }

    fn read(
        &self,
        partition: Partition,
        after: Sequence,
        limit: ReadLimit,
    ) -> Result<Vec<Delivery>, StoreError> {
        let batch = self.inner.read(partition, after, limit);
        self.reads.send_modify(|reads| *reads += 1);
        batch
    }

    fn partitions(&self) -> Vec<Partition> {
        self.inner.partitions()
    }

    fn host(&self, host: &HostId) -> Result<HostRecord, StoreError> {
        self.inner.host(host)
    }

    fn hosts(&self) -> Result<Vec<HostId>, StoreError> {
        self.inner.hosts()
    }

    fn states(&self, host: &HostId, visit: &mut dyn FnMut(&str, &[u8])) -> Result<(), StoreError> {
        self.inner.states(host, visit)
    }

    fn state(&self, host: &HostId, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.state(host, key)
    }

    fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.blob(name)
    }

    fn blobs(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.blobs(prefix)
    }

    fn verify(&self) -> Result<Verified, StoreError> {
        self.inner.verify()
    }

    fn usage(&self) -> Usage {
        self.inner.usage()
    }
}
