//! Who runs, how far it is and how it fares: for operators, and for whoever decides about readiness.

use crate::engine::Observation;
use crate::store::{HostId, Partition};
use messages::{Sequence, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a host is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostState {
    /// Being built from what is saved.
    Starting,
    /// Handling what was on the log when it started; sets off nothing new yet.
    Replaying,
    /// At work.
    Ready,
    /// Contained; stands still, or begins again as often as it may say something.
    Contained,
    /// Failed; begins again after a pause.
    BackingOff,
    /// Failed too often; stays down until the process is started again.
    Dead,
    /// Saved everything and stopped.
    Drained,
    /// Another process runs it; this one begins when that one ends.
    Standby,
    /// Another process runs it, and this one will not.
    Elsewhere,
    /// No process runs it, and this one will not.
    Nowhere,
}

impl HostState {
    /// Whether this process does all that it shall for such a host.
    #[must_use]
    pub fn is_well(self) -> bool {
        matches!(self, Self::Ready | Self::Standby | Self::Elsewhere | Self::Nowhere)
    }
}

/// One host, as last heard of. The dead stay listed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HostStatus {
    /// Agent kind.
    pub kind: String,
    /// What it is doing.
    pub state: HostState,
    /// What it reads.
    pub partition: Option<String>,
    /// Newest record of what it reads.
    pub head: Sequence,
    /// Records between it and the newest.
    pub lag: u64,
    /// When it last reported.
    pub heartbeat_at: Option<Timestamp>,
    /// When its position last changed.
    pub progress_at: Option<Timestamp>,
    /// Times it was started again after a failure.
    pub restarts: u64,
    /// What it last failed of.
    pub last_failure: Option<String>,
    /// Its figures.
    pub observation: Observation,
}

/// The list, shared by hosts, supervisors and readers.
#[derive(Clone, Debug, Default)]
pub struct Board {
    hosts: Arc<Mutex<BTreeMap<HostId, HostStatus>>>,
}

impl Board {
    /// Every host, in order.
    #[must_use]
    pub fn list(&self) -> Vec<(HostId, HostStatus)> {
        self.lock().iter().map(|(id, status)| (id.clone(), status.clone())).collect()
    }

    /// Whether every host is at work, here or in the process that has it.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let hosts = self.lock();
        !hosts.is_empty() && hosts.values().all(|status| status.state.is_well())
    }

    /// Notes that `id` is in `state`, and what is wrong, if anything.
    pub fn note(&self, id: &HostId, state: HostState, trouble: Option<&str>) {
        self.update(id, |status| {
            status.state = state;
            if trouble.is_some() {
                status.last_failure = trouble.map(str::to_owned);
            }
        });
    }

    /// Notes how far a host is.
    pub fn report(
        &self,
        id: &HostId,
        state: HostState,
        partition: Partition,
        head: Sequence,
        observation: Observation,
        now: Timestamp,
    ) {
        self.update(id, |status| {
            let moved = status.observation.position != observation.position;
            if moved || status.progress_at.is_none() {
                status.progress_at = Some(now);
            }
            status.state = state;
            status.partition = Some(partition.to_string());
            status.head = head;
            status.lag = head.saturating_sub(observation.position);
            status.heartbeat_at = Some(now);
            status.observation = observation;
        });
    }

    pub(crate) fn set(&self, id: &HostId, state: HostState) {
        self.update(id, |status| status.state = state);
    }

    pub(crate) fn failed(&self, id: &HostId, state: HostState, reason: &str) {
        self.update(id, |status| {
            status.state = state;
            status.restarts += u64::from(state == HostState::BackingOff);
            status.last_failure = Some(reason.to_owned());
        });
    }

    fn update(&self, id: &HostId, change: impl FnOnce(&mut HostStatus)) {
        let mut hosts = self.lock();
        let status = hosts.entry(id.clone()).or_insert_with(|| HostStatus {
            kind: id.kind.clone(),
            state: HostState::Starting,
            partition: None,
            head: 0,
            lag: 0,
            heartbeat_at: None,
            progress_at: None,
            restarts: 0,
            last_failure: None,
            observation: Observation::default(),
        });
        change(status);
    }

    /// The list; a panic while it was held cannot have left it half changed.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<HostId, HostStatus>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
