//! Raw steps with a principal's own credential, as fast as an attack of its kind goes.

use super::load::{as_of_now, now};
use super::past::Past;
use crate::error::CliError;
use messages::booking::CancelBooking;
use messages::registry::AssetRetired;
use messages::telemetry::Telemetry;
use messages::{BookingId, CaseId, Envelope, Message, MessageId, Provenance, Stream};
use runtime::bus::{Bus, BusError};
use runtime::clock::Clock;
use runtime::committer::Entry;
use runtime::deployment::Deployment;
use runtime::guard::{Principal, Session};
use runtime::store::{Partition, ReadLimit};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Time between two bundles of raw steps.
const BEAT: Duration = Duration::from_millis(100);

/// One attack.
pub(super) struct Attack {
    pub(super) kind: &'static str,
    /// Whose credential: an agent's kind, or the first vehicle's device.
    pub(super) by: &'static str,
    pub(super) device: bool,
    /// Raw steps in a bundle.
    steps: u64,
    raw: Raw,
}

/// What a raw step is.
#[derive(Clone, Copy)]
enum Raw {
    /// A read of telemetry.
    Read,
    /// What it may say, again and again.
    Say,
    /// By turns: to say, to read and to ask what its contract does not name.
    Script,
}

pub(super) static ATTACKS: [Attack; 4] = [
    Attack { kind: "scope_abuse", by: "scheduling", device: false, steps: 20, raw: Raw::Read },
    Attack { kind: "device_flood", by: "a device", device: true, steps: 100, raw: Raw::Say },
    Attack { kind: "raw_steps", by: "engagement", device: false, steps: 3, raw: Raw::Script },
    // Last: what is still measured of it may contain data-analysis again, which answers the others.
    Attack { kind: "flood", by: "data-analysis", device: false, steps: 100, raw: Raw::Say },
];

/// What came of one attack.
pub(super) struct Pressed {
    /// When the first step was begun.
    pub(super) began_at: Instant,
    /// When the first refusal was answered.
    pub(super) refused_at: Option<Instant>,
    pub(super) steps: u64,
    pub(super) refused: u64,
}

impl Attack {
    /// Whose credential it uses.
    pub(super) fn principal(&self, past: &Past) -> Principal {
        match past.frames.values().next().and_then(|frames| frames.first()) {
            Some(frame) if self.device => Principal::device(&frame.fleet, &frame.asset),
            _ => Principal::named(self.by),
        }
    }

    /// Takes its raw steps for so long, whatever is refused.
    pub(super) async fn press(
        &self,
        principal: &Principal,
        past: &Past,
        deployment: &Deployment,
        lasts: Duration,
    ) -> Result<Pressed, CliError> {
        let session = deployment.session(principal.clone());
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let began_at = now();
        let mut pressed = Pressed { began_at, refused_at: None, steps: 0, refused: 0 };
        while began_at.elapsed() < lasts {
            beat.tick().await;
            match self.raw {
                Raw::Say => {
                    let said = (0..self.steps)
                        .map(|step| self.said(principal, past, pressed.steps + step));
                    let said: Result<Vec<Entry>, CliError> = said.collect();
                    pressed.took(self.steps, session.append(said?).await.map(drop))?;
                }
                raw => {
                    for step in 0..self.steps {
                        let raw = if step == 1 { Raw::Read } else { raw };
                        pressed.took(1, self.one(raw, step, &session).await?)?;
                    }
                }
            }
        }
        Ok(pressed)
    }

    /// One step that the contract does not name.
    async fn one(
        &self,
        raw: Raw,
        step: u64,
        session: &Session,
    ) -> Result<Result<(), BusError>, CliError> {
        if let Raw::Read = raw {
            let limit = ReadLimit { records: 1, ..ReadLimit::default() };
            let telemetry = Partition { stream: Stream::Telemetry, index: 0 };
            return Ok(session.read(telemetry, 0, limit).await.map(drop));
        }
        let said = if step == 0 {
            let reason = "so it says".to_owned();
            envelope(self.by, &AssetRetired { asset: "VEH001".to_owned(), reason }, step)?
        } else {
            let id = MessageId::named("bench.containment", "made up");
            let command = CancelBooking {
                network: "main".to_owned(),
                case: CaseId::of(id, ""),
                asset: "VEH001".to_owned(),
                booking: BookingId::of(id, ""),
                reason: "so it says".to_owned(),
                expires_at: Clock::Real.now().saturating_add(Duration::from_secs(60)),
            };
            envelope(self.by, &command, step)?
        };
        Ok(session.publish(said).await.map(drop))
    }

    /// Message `number` of a flood.
    fn said(&self, principal: &Principal, past: &Past, number: u64) -> Result<Entry, CliError> {
        let frame: Option<&Telemetry> = past.frames.values().next().and_then(|all| all.first());
        match frame.filter(|_| self.device) {
            Some(frame) => Ok(as_of_now(principal, frame, number).into()),
            None => Ok(envelope(self.by, &past.assessed, number)?.into()),
        }
    }
}

fn envelope<M: Message>(source: &str, message: &M, number: u64) -> Result<Envelope, CliError> {
    let at = Clock::Real.now();
    let id = MessageId::named("bench.containment", &format!("{source}/{}/{at}/{number}", M::NAME));
    let envelope = Envelope::new(id, source, message).map_err(CliError::failed)?;
    Ok(envelope.with_provenance(Provenance::Simulated))
}

impl Pressed {
    /// Counts `steps` that ended in `result`; what is refused or too much is what an attack expects.
    fn took(&mut self, steps: u64, result: Result<(), BusError>) -> Result<(), CliError> {
        self.steps += steps;
        match result {
            Ok(()) | Err(BusError::Overloaded(_)) => {}
            Err(BusError::Denied(_)) => {
                self.refused += steps;
                self.refused_at.get_or_insert_with(now);
            }
            Err(error) => return Err(CliError::failed(error)),
        }
        Ok(())
    }
}
