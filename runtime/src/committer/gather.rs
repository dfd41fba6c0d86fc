//! The committer thread: gathers what waits into groups, commits each, and answers.

use super::settling::Settling;
use super::{CommitError, GROUP_BYTES_MAX, GROUP_REQUESTS_MAX, Job, Receipt, Request, Writer};
use crate::crash;
use crate::flight::{Flight, FlightRecorder};
use crate::store::{Partition, Store};
use messages::Sequence;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// What the committer thread tells everyone.
pub(super) struct Announcer {
    pub(super) heads: Arc<BTreeMap<Partition, watch::Sender<Sequence>>>,
    pub(super) stopped: Arc<watch::Sender<Option<String>>>,
}

impl Announcer {
    /// Wakes who waits for a record, also for one that the guard said and nobody asked for.
    fn announce(&self, store: &dyn Store) {
        for (partition, watch) in &*self.heads {
            let head = store.head(*partition);
            watch.send_if_modified(|known| std::mem::replace(known, head) != head);
        }
    }
}

impl Drop for Announcer {
    /// However the thread ends, also by a panic in the database, nobody waits for it for ever.
    fn drop(&mut self) {
        self.stopped.send_if_modified(|stopped| {
            let silent = stopped.is_none();
            stopped.get_or_insert_with(|| "the committer failed".to_owned());
            silent
        });
    }
}

/// Gathers what waits into groups until nobody can ask any more or the store fails.
pub(super) fn gather(
    mut writer: Writer,
    mut queue: mpsc::Receiver<Job>,
    announcer: &Announcer,
    mut recorder: FlightRecorder,
) {
    let mut settling = Settling::default();
    while let Some(first) = queue.blocking_recv() {
        let mut bytes = size(&first.request);
        let mut jobs = vec![first];
        while jobs.len() < GROUP_REQUESTS_MAX && bytes < GROUP_BYTES_MAX {
            let Ok(job) = queue.try_recv() else { break };
            bytes += size(&job.request);
            jobs.push(job);
        }
        let (requests, replies): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.request, job.reply)).unzip();
        recorder.begin(requests.iter().map(flight));
        pass_points(&requests);
        match writer.commit(requests) {
            Ok(results) => {
                crash::point("commit.before_acknowledge");
                recorder.end();
                announcer.announce(&*writer.store);
                let (deferred, arrived) = writer.take_settling();
                acknowledge(results, settling.hold(deferred, replies));
                settling.arrive(arrived);
            }
            Err(error) => {
                tracing::error!(%error, "the store failed; nothing is committed any more");
                announcer.stopped.send_replace(Some(error.to_string()));
                return;
            }
        }
    }
    announcer.stopped.send_replace(Some("every user of the store has ended".to_owned()));
}

fn pass_points(requests: &[Request]) {
    let ingests = |request: &Request| matches!(flight(request), Flight::Ingest);
    if requests.iter().any(ingests) {
        crash::point("ingest.before_commit");
    }
    if requests.iter().any(|request| matches!(request, Request::Checkpoint(_))) {
        crash::point("checkpoint.before_commit");
    }
}

fn acknowledge(
    results: Vec<Result<Receipt, CommitError>>,
    replies: Vec<Option<oneshot::Sender<Result<Receipt, CommitError>>>>,
) {
    for (result, reply) in results.into_iter().zip(replies) {
        if let Some(reply) = reply {
            // Whoever asked may have gone away; what it asked for is durable all the same.
            drop(reply.send(result));
        }
    }
}

fn size(request: &Request) -> usize {
    match request {
        Request::Turn(turn) | Request::Checkpoint(turn) => {
            let states = turn.change.states.iter();
            let outputs = turn.outputs.iter();
            states.map(|(_, state)| state.as_ref().map_or(0, Vec::len)).sum::<usize>()
                + outputs.map(|envelope| envelope.data.len()).sum::<usize>()
        }
        Request::Append(entries) | Request::Say(_, entries) | Request::Timers(entries) => {
            entries.iter().map(|entry| entry.envelope.data.len()).sum()
        }
        Request::Intake(intake) => {
            let said = intake.said.iter().flat_map(|(_, entries)| entries);
            said.chain(&intake.aside).map(|entry| entry.envelope.data.len()).sum()
        }
        Request::Blobs(blobs) => {
            blobs.iter().map(|(_, value)| value.as_ref().map_or(0, Vec::len)).sum()
        }
        Request::Mirror(mirrored) => {
            mirrored.records.iter().map(|envelope| envelope.data.len()).sum()
        }
        Request::Trim(..) | Request::Look(_) | Request::Read(..) | Request::Forget(..) => 0,
    }
}

fn flight(request: &Request) -> Flight {
    match request {
        Request::Turn(_) => Flight::Transaction,
        Request::Checkpoint(_) => Flight::Checkpoint,
        Request::Append(_) | Request::Say(..) | Request::Intake(_) | Request::Mirror(_) => {
            Flight::Ingest
        }
        Request::Timers(_) => Flight::Timer,
        Request::Blobs(_)
        | Request::Trim(..)
        | Request::Look(_)
        | Request::Read(..)
        | Request::Forget(..) => Flight::Upkeep,
    }
}
