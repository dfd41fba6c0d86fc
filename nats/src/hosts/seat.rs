//! Holds the lease of one host, takes over what an earlier owner said, and lets the host run while the lease is held.

use super::voice::Voice;
use super::{Context, Trouble, pause};
use crate::bus::Producer;
use crate::lease::{Lease, LeaseError, Leases};
use messages::{Origin, Sequence, Stream};
use runtime::committer::{CommitError, Request};
use runtime::engine::Turn;
use runtime::store::{HostChange, HostId, Partition};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at whether the lease of another process is free.
pub const SEAT_INTERVAL: Duration = Duration::from_millis(250);
/// Pause before a host is taken on again that could not be.
pub const TROUBLE_PAUSE: Duration = Duration::from_secs(1);

/// The place of one host, which one process at a time has.
pub(super) struct Place {
    pub(super) host: HostId,
    /// Streams that it speaks to, with the lane for each.
    pub(super) lanes: Vec<(Stream, Partition)>,
    /// Whether it reads LOG, which is the same for everybody: then it can go on where another stopped.
    pub(super) replays: bool,
    /// Whether it has states.
    pub(super) has_memory: bool,
}

/// This process's claim to a place.
pub(super) struct Seat {
    context: Arc<Context>,
    leases: Leases,
    place: Place,
}

/// Why a tenure is over.
enum End {
    Stopped,
    Lost(LeaseError),
    Failed(Trouble),
}

impl Seat {
    pub(super) fn new(context: Arc<Context>, leases: Leases, place: Place) -> Self {
        Self { context, leases, place }
    }

    /// Takes the seat whenever it is free, until told to stop.
    pub(super) async fn run(self) {
        let (mut stop, key) = (self.context.stop.clone(), self.key());
        loop {
            let sought = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                sought = self.leases.acquire(&key) => sought,
            };
            match sought {
                Ok(Some(lease)) => {
                    if Box::pin(self.sit(lease)).await {
                        return;
                    }
                }
                Ok(None) => {
                    self.context.shared.tenures.refuse(&self.place.host, None);
                    pause(SEAT_INTERVAL).await;
                }
                Err(trouble) => {
                    tracing::warn!(host = %self.place.host, %trouble, "its lease is not had");
                    self.context.shared.tenures.refuse(&self.place.host, Some(trouble.to_string()));
                    pause(TROUBLE_PAUSE).await;
                }
            }
        }
    }

    fn key(&self) -> String {
        format!("host.{}.{}", self.place.host.kind, self.place.host.partition)
    }

    /// Runs the host for as long as `lease` is held; whether it was told to stop.
    async fn sit(&self, mut lease: Lease) -> bool {
        let (mut stop, epoch) = (self.context.stop.clone(), lease.epoch());
        tracing::info!(host = %self.place.host, epoch, "the lease is held");
        let end = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => End::Stopped,
            lost = lease.keep() => End::Lost(lost),
            served = self.serve(epoch) => match served {
                Ok(never) => match never {},
                Err(trouble) => End::Failed(trouble),
            },
        };
        let tenures = &self.context.shared.tenures;
        tenures.end(&self.place.host);
        match end {
            End::Lost(lost) => tracing::warn!(host = %self.place.host, %lost, "its lease is lost"),
            End::Stopped => {
                self.give_back(lease).await;
                return true;
            }
            End::Failed(trouble) => {
                tracing::error!(host = %self.place.host, %trouble, "it cannot be run here");
                tenures.refuse(&self.place.host, Some(trouble.to_string()));
                self.give_back(lease).await;
                pause(TROUBLE_PAUSE).await;
            }
        }
        false
    }

    async fn give_back(&self, lease: Lease) {
        if let Err(error) = lease.release().await {
            tracing::warn!(host = %self.place.host, %error, "its lease runs out by itself");
        }
    }

    /// Takes over under `epoch`, lets the host run and says what it says.
    async fn serve(&self, epoch: u64) -> Result<Infallible, Trouble> {
        let (context, Place { host, lanes, .. }) = (&self.context, &self.place);
        let voice = |(stream, lane): &(Stream, Partition)| {
            let (name, partition) = (host.kind.clone(), host.partition);
            Voice::new(context.clone(), Producer { name, partition, epoch }, *stream, *lane)
        };
        let mut voices: Vec<Voice> = lanes.iter().map(voice).collect();
        self.take_over(&mut voices, epoch).await?;
        let lanes: Vec<Partition> = lanes.iter().map(|(_, lane)| *lane).collect();
        let granting = async {
            context.emptied(&lanes).await;
            tracing::info!(%host, epoch, "the host may run");
            context.shared.tenures.grant(host, epoch);
            std::future::pending::<Infallible>().await
        };
        let speaking = voices.iter_mut().map(|voice| Box::pin(voice.speak()));
        let speaking = futures_util::future::select_all(speaking);
        tokio::select! {
            biased;
            (spoken, _, _) = speaking => spoken,
            never = granting => match never {},
        }
    }

    /// Claims what `voices` speak under, and brings store and host to where the owner before was.
    async fn take_over(&self, voices: &mut [Voice], epoch: u64) -> Result<(), Trouble> {
        let foreign = self.foreign(voices, epoch).await?;
        let mut said = Vec::with_capacity(voices.len());
        for voice in &mut *voices {
            said.push(voice.claim().await?);
        }
        // Behind the claims nothing of an earlier owner's can come any more.
        for (stream, _) in &self.place.lanes {
            self.context.catch_up(*stream).await?;
        }
        if foreign.is_some() {
            for voice in voices {
                voice.forget_stale().await?;
            }
        }
        if self.place.replays && self.place.has_memory {
            // What not all streams have is made again; where it was said, the voice leaves it out.
            self.begin_behind(said.into_iter().min().flatten()).await?;
        }
        Ok(())
    }

    /// The epoch of another process that had the seat since this one last did, if one had; from now on `epoch` is known
    /// to be this one's.
    async fn foreign(&self, voices: &[Voice], epoch: u64) -> Result<Option<u64>, Trouble> {
        let mut known = self.epochs()?;
        let mut standing = Vec::new();
        for voice in voices {
            standing.extend(voice.head().await?.map(|head| head.epoch));
        }
        let foreign = standing.iter().copied().find(|epoch| !known.contains(epoch));
        if let Some(epoch) = foreign.filter(|_| !self.place.replays) {
            return Err(Trouble::Foreign { host: self.place.host.clone(), epoch });
        }
        known.retain(|epoch| standing.contains(epoch));
        known.push(epoch);
        debug_assert!(known.len() <= voices.len() + 1, "one for each stream, and the new one");
        let bytes: Vec<u8> = known.iter().flat_map(|epoch| epoch.to_le_bytes()).collect();
        self.context.committer.commit(Request::Blobs(vec![(self.name(), Some(bytes))])).await?;
        Ok(foreign)
    }

    /// Epochs under which this process may have had the seat.
    fn epochs(&self) -> Result<Vec<u64>, Trouble> {
        let bytes = self.context.store.blob(&self.name())?.unwrap_or_default();
        let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        Ok(bytes.chunks_exact(8).map(number).collect())
    }

    fn name(&self) -> String {
        format!("shared/epochs/{}", self.place.host)
    }

    /// Has the host say nothing that was `said`, whoever said it.
    async fn begin_behind(&self, said: Option<Origin>) -> Result<(), Trouble> {
        let Some(watermark) = said.map(|said| (said.sequence, said.index)) else { return Ok(()) };
        loop {
            let found = self.context.store.host(&self.place.host)?;
            if found.watermark >= Some(watermark) {
                return Ok(());
            }
            match self.move_watermark(found.progress.cursor, found.watermark, watermark).await {
                // A turn of an earlier tenure was under way.
                Err(CommitError::Fenced { .. }) => pause(SEAT_INTERVAL).await,
                moved => return Ok(moved?),
            }
        }
    }

    async fn move_watermark(
        &self,
        expected: Sequence,
        before: Option<(Sequence, u32)>,
        after: (Sequence, u32),
    ) -> Result<(), CommitError> {
        let change = HostChange {
            host: self.place.host.clone(),
            progress: None,
            watermark: Some(after),
            states: Vec::new(),
        };
        let outputs = Vec::new();
        let turn = Turn { expected, expected_watermark: before, change, outputs };
        self.context.committer.commit(Request::Turn(turn)).await?;
        Ok(())
    }
}
