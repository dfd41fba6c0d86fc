//! How a commit differs where the log is shared: what is said goes to the outbox, what comes back to the log.

use super::settling::{Deferred, Place};
use super::{CommitError, Entry, Writer};
use crate::configuration;
use crate::control::ConfigApplied;
use crate::guard::principal;
use crate::shared::outbox::Outbox;
use crate::shared::{Mirrored, OUTBOX_RECORDS_MAX, Shared};
use crate::store::{Batch, HostId, Partition};
use messages::{Envelope, Message, MessageId, Sequence, Stream};
use std::sync::Arc;

impl Writer {
    /// Shares the log from now on; `container` decides who is contained.
    pub(crate) fn share(
        &mut self,
        shared: Shared,
        container: Option<HostId>,
        reads_telemetry: bool,
    ) {
        self.outbox = Some(Outbox::new(shared, container, reads_telemetry));
    }

    pub(super) fn shared(&self) -> Option<&Shared> {
        self.outbox.as_ref().map(Outbox::shared)
    }

    /// Partitions of the outbox.
    pub(super) fn lanes(&self) -> Vec<Partition> {
        let lanes = self.shared().into_iter().flat_map(|shared| shared.lanes.iter());
        lanes.map(|(_, partition)| partition).collect()
    }

    /// Whether a door may say `entries` now.
    pub(super) fn takes(&self, entries: &[Entry]) -> Result<(), CommitError> {
        let Some(outbox) = &self.outbox else { return Ok(()) };
        if let Some(lost) = entries.iter().find(|entry| outbox.is_lost(&entry.envelope)) {
            return Err(CommitError::Elsewhere(lost.envelope.class.stream()));
        }
        if outbox.is_full() {
            let what = format!("{OUTBOX_RECORDS_MAX} messages wait to be said");
            return Err(CommitError::Unreached(what));
        }
        Ok(())
    }

    /// The lane in which `said` by `speaker` waits on its way to `target`, if it leaves the process.
    pub(super) fn way(
        &self,
        speaker: Option<&HostId>,
        target: Partition,
        said: &Envelope,
    ) -> Option<Partition> {
        self.outbox.as_ref()?.way(speaker, target, said)
    }

    /// Puts `said` into `lane`, unless it waits there already.
    pub(super) fn put_out(&mut self, batch: &mut Batch, lane: Partition, said: Envelope) {
        if self.settle.is_arriving(said.id) {
            return;
        }
        let time = self.stamp(lane);
        let Some(outbox) = &mut self.outbox else { return };
        if let Some(place) = outbox.place(said.id) {
            self.settle.there(place);
            return;
        }
        self.settle.away(said.id);
        if outbox.admits(said.id) {
            batch.appends.push((lane, Arc::new(Envelope { time, ..said })));
        }
    }

    /// Puts what came back onto the log, with the copies that readers of other streams need, and takes it out of the
    /// outbox.
    pub(super) fn add_mirrored(&mut self, batch: &mut Batch, mirrored: Mirrored) {
        let is_log = |(partition, _): &&(Partition, Arc<Envelope>)| *partition == Partition::LOG;
        let before = batch.appends.iter().filter(is_log).count() as u64;
        let mut next = self.store.head(Partition::LOG) + before + 1;
        for envelope in mirrored.records {
            let is_on_log = envelope.class.stream() == Stream::Log;
            if let Some(outbox) = &mut self.outbox {
                outbox.came(envelope.id);
                let repeated = is_on_log.then(|| outbox.repeated(&envelope, next)).flatten();
                if let Some(sequence) = repeated {
                    let place = (Partition::LOG, sequence);
                    outbox.stands(envelope.id, place);
                    self.settle.arrived_before(envelope.id, place);
                    continue;
                }
            }
            next += u64::from(is_on_log);
            if is_on_log && envelope.name == ConfigApplied::NAME {
                batch.blobs.extend(configuration::brought(&envelope));
            }
            for (index, partition) in self.router.targets(&envelope).into_iter().enumerate() {
                let time = self.no_earlier(partition, envelope.time);
                let envelope = Envelope { time, ..envelope.clone() };
                if index == 0 {
                    self.settle.arrives(envelope.id, batch.appends.len());
                    if principal::contains_or_releases(&envelope) {
                        self.guard.obey(&envelope);
                    }
                }
                batch.appends.push((partition, Arc::new(envelope)));
            }
        }
        batch.blobs.push(mirrored.position);
        self.trim_outbox(batch);
    }

    /// Takes `gone` out of `lane` unsaid.
    pub(super) fn add_forgotten(&mut self, batch: &mut Batch, lane: Partition, gone: &[Sequence]) {
        if let Some(outbox) = &mut self.outbox {
            outbox.forget(lane, gone);
        }
        self.trim_outbox(batch);
    }

    fn trim_outbox(&mut self, batch: &mut Batch) {
        if let Some(outbox) = &mut self.outbox {
            batch.trims.extend(outbox.take_trims(&*self.store));
        }
    }

    /// Messages that `batch` appends to lanes, by their place in it.
    pub(super) fn said_in(&self, batch: &Batch) -> Vec<(usize, MessageId)> {
        if self.outbox.is_none() {
            return Vec::new();
        }
        let appends = batch.appends.iter().enumerate();
        let said = appends.filter(|(_, (partition, _))| partition.is_lane());
        said.map(|(index, (_, envelope))| (index, envelope.id)).collect()
    }

    /// Takes note that a commit gave `sequences`, of which `said` stand in lanes.
    pub(super) fn committed(
        &mut self,
        said: &[(usize, MessageId)],
        appended: &[(Partition, u64)],
        sequences: &[Sequence],
    ) {
        let place = |index: usize| (appended[index].0, sequences[index]);
        if let Some(outbox) = &mut self.outbox {
            for (index, id) in said {
                let (lane, sequence) = place(*index);
                outbox.put(lane, sequence, *id);
            }
            for (id, index) in self.settle.arriving() {
                outbox.stands(*id, place(*index));
            }
        }
        self.settle.commit(place);
    }

    /// Requests that the last commit deferred, and messages that came back with it.
    pub(super) fn take_settling(&mut self) -> (Vec<Deferred>, Vec<(MessageId, Place)>) {
        self.settle.take()
    }

    /// What no other commit of no other process names its verdicts behind.
    pub(super) fn verdicts_behind(&self) -> String {
        match &self.outbox {
            None => self.store.head(Partition::LOG).to_string(),
            Some(outbox) => {
                format!("{}/{}", outbox.process(), self.store.head(outbox.own_lane()))
            }
        }
    }
}
