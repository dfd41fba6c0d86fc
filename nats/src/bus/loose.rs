//! Writes without a fence, one at a time: samples, dead letters and links of AUDIT. The id of each keeps a repeated
//! attempt from being stored twice, within the window in which the stream remembers ids.

use super::ask::{Ask, Outgoing, Written};
use super::writer::OUTAGE_TIME_MAX;
use super::{Producer, denied, place, record};
use async_nats::header::NATS_MESSAGE_ID;
use messages::guard::Action;
use messages::{Envelope, Sequence, Timestamp};
use runtime::bus::BusError;
use runtime::clock::Clock;
use runtime::store::Partition;
use tokio::sync::Mutex;

/// One producer's way onto a stream without heads.
#[derive(Debug)]
pub(super) struct Loose {
    ask: Ask,
    clock: Clock,
    producer: Producer,
    /// Append time of the last record; whoever holds it writes.
    newest_at: Mutex<Timestamp>,
}

impl Loose {
    pub(super) fn new(ask: Ask, clock: Clock, producer: Producer) -> Self {
        Self { ask, clock, producer, newest_at: Mutex::new(Timestamp::MIN) }
    }

    /// Stores `envelopes` one behind the other; those before one that fails are stored.
    pub(super) async fn append(
        &self,
        target: Partition,
        envelopes: Vec<Envelope>,
    ) -> Result<Vec<Sequence>, BusError> {
        let mut newest_at = self.newest_at.lock().await;
        let mut sequences = Vec::with_capacity(envelopes.len());
        for mut envelope in envelopes {
            *newest_at = self.clock.now().max(*newest_at);
            envelope.time = *newest_at;
            let mut outgoing = record::outgoing(&self.producer, target, &envelope)?;
            outgoing.headers.insert(NATS_MESSAGE_ID, envelope.id.to_string());
            let stored = tokio::time::timeout(OUTAGE_TIME_MAX, self.store(target, outgoing));
            sequences.push(stored.await.unwrap_or_else(|_| {
                Err(BusError::Down(format!(
                    "`{target}` has not answered for {} s: `{}` may be stored or not",
                    OUTAGE_TIME_MAX.as_secs(),
                    envelope.name
                )))
            })?);
        }
        Ok(sequences)
    }

    async fn store(&self, target: Partition, outgoing: Outgoing) -> Result<Sequence, BusError> {
        loop {
            self.ask.connected().await;
            match self.ask.write(None, vec![outgoing.clone()]).await {
                Written::Stored(sequence) => return Ok(sequence),
                Written::Full(said) => return Err(BusError::Overloaded(said)),
                Written::Refused(said) => return Err(BusError::Refused(said)),
                Written::Denied(said) => {
                    let stream = place::stream_name(target.stream);
                    return Err(denied(&self.producer.name, Action::Publish, stream, &said));
                }
                Written::Busy | Written::Fenced | Written::Unclear(_) => self.ask.pause().await,
            }
        }
    }
}
