//! Raw steps with a principal's own credential, and attacks, which are many of them.
//!
//! What the bus refuses fails no step: it is said on the log (`access.denied`), where a story expects it.

use super::{Stage, StageError};
use crate::language::AttackKind;
use messages::guard::{Backlog, PrincipalReleased};
use messages::telemetry::Telemetry;
use messages::{Class, Envelope, Finite, Sequence, Stream, Timestamp};
use runtime::committer::{CommitError, Entry};
use runtime::conductor::ConductError;
use runtime::guard::Principal;
use runtime::guard::principal::FACADE;
use runtime::store::{Partition, ReadLimit, Store, StoreError};
use std::time::Duration;

/// Time between two bundles of raw steps.
const BEAT: Duration = Duration::from_millis(100);

/// Most raw steps in one bundle.
const BUNDLE_MAX: u64 = 1_000;

/// Most messages that are said again in a replay.
const CAPTURED_MAX: usize = 256;

/// An attack under way.
pub(super) struct Attack {
    kind: AttackKind,
    principal: Principal,
    target: String,
    a_second: f64,
    began_at: Timestamp,
    ends_at: Timestamp,
    next_at: Timestamp,
    /// Raw steps so far.
    done: u64,
    /// What it says, in turn.
    captured: Vec<Envelope>,
    /// Where it reads on.
    after: Sequence,
}

/// What a story asks of an attack.
pub(in crate::runner) struct Asked<'a> {
    pub(in crate::runner) kind: AttackKind,
    pub(in crate::runner) principal: &'a str,
    pub(in crate::runner) target: Option<&'a str>,
    pub(in crate::runner) a_second: f64,
    pub(in crate::runner) lasts: Duration,
}

impl Stage {
    /// The principal that a script means: the device of an asset, or whoever is called so.
    pub(super) fn principal(&self, name: &str) -> Principal {
        let registered = self.fleet.as_ref().map(|fleet| fleet.registrations());
        let asset = registered.into_iter().flatten().find(|asset| asset.asset == name);
        match asset {
            Some(asset) => Principal::device(&asset.fleet, &asset.asset),
            None => Principal::named(name),
        }
    }

    /// Begins an attack; its raw steps are taken as time passes.
    pub(in crate::runner) fn attack(&mut self, asked: &Asked<'_>) -> Result<(), StageError> {
        let principal = self.principal(asked.principal);
        let target = asked.target.unwrap_or_default().to_owned();
        let captured = self.captured(asked.kind, &principal, &target)?;
        let now = self.now();
        self.attacks.push(Attack {
            kind: asked.kind,
            principal,
            target,
            a_second: asked.a_second,
            began_at: now,
            ends_at: now.saturating_add(asked.lasts),
            next_at: now,
            done: 0,
            captured,
            after: 0,
        });
        Ok(())
    }

    /// What an attack of this kind says.
    fn captured(
        &self,
        kind: AttackKind,
        principal: &Principal,
        target: &str,
    ) -> Result<Vec<Envelope>, StageError> {
        let other = self.principal(target);
        let (whose, most) = match kind {
            AttackKind::Flood => (principal, 1),
            AttackKind::Replay => (principal, CAPTURED_MAX),
            AttackKind::Impersonation | AttackKind::SpoofedDevice => (&other, 1),
            AttackKind::ScopeAbuse | AttackKind::Exfiltration | AttackKind::SlowPoisoning => {
                return Ok(Vec::new());
            }
        };
        let named = matches!(kind, AttackKind::Flood | AttackKind::Replay) && !target.is_empty();
        let fits = |said: &Envelope| {
            said.source == whose.name()
                && !matches!(said.class, Class::Timer | Class::Control | Class::Effect)
                && (!named || said.name == target)
        };
        let said = newest(&**self.store(), most, fits)?;
        if said.is_empty() {
            let what = if named { format!("`{target}`") } else { "anything".to_owned() };
            let text = format!("`{}` has not said {what} yet; let it first", whose.name());
            return Err(StageError::Impossible(text));
        }
        Ok(said)
    }

    /// When the next raw step of an attack is due.
    pub(super) fn next_attack(&self) -> Option<Timestamp> {
        let steps = self.attacks.iter().filter(|attack| attack.kind != AttackKind::SlowPoisoning);
        steps.map(|attack| attack.next_at).min()
    }

    /// Takes the raw steps that are due.
    pub(super) fn press_attacks(&mut self) -> Result<(), StageError> {
        let now = self.now();
        for mut attack in std::mem::take(&mut self.attacks) {
            if now >= attack.ends_at {
                continue;
            }
            if now >= attack.next_at && attack.kind != AttackKind::SlowPoisoning {
                self.press(&mut attack)?;
            }
            self.attacks.push(attack);
        }
        Ok(())
    }

    fn press(&mut self, attack: &mut Attack) -> Result<(), StageError> {
        let now = self.now();
        let passed = now.since(attack.began_at) + BEAT;
        let wanted = (attack.a_second * passed.as_secs_f64()).ceil() as u64;
        let steps = wanted.saturating_sub(attack.done).clamp(1, BUNDLE_MAX);
        let pause = BEAT.max(Duration::from_secs_f64(1.0 / attack.a_second));
        match attack.kind {
            AttackKind::ScopeAbuse => {
                for _ in 0..steps {
                    self.read_as(&attack.principal, &attack.target, 0, 1)?;
                }
            }
            AttackKind::Exfiltration => {
                let records = steps as usize;
                attack.after =
                    self.read_as(&attack.principal, &attack.target, attack.after, records)?;
            }
            _ => {
                let said = (attack.done..attack.done + steps).map(|step| {
                    let captured = &attack.captured[step as usize % attack.captured.len()];
                    self.said_again(attack.kind, &attack.principal, captured).into()
                });
                let said: Vec<Entry> = said.collect();
                self.say_as(&attack.principal, said)?;
            }
        }
        attack.done += steps;
        attack.next_at = now.saturating_add(pause);
        Ok(())
    }

    /// `captured` as an attack says it: a replay as it was, everything else under an id of its own.
    fn said_again(
        &mut self,
        kind: AttackKind,
        principal: &Principal,
        captured: &Envelope,
    ) -> Envelope {
        let id = if kind == AttackKind::Replay { captured.id } else { self.next_id() };
        let source = match kind {
            // In its own name, of an asset that is another's.
            AttackKind::SpoofedDevice => principal.name().to_owned(),
            _ => captured.source.clone(),
        };
        Envelope { id, source, origin: None, addressed_to: None, ..captured.clone() }
    }

    /// Says `entries` with the credential of `principal`; what is refused is on the log.
    pub(super) fn say_as(
        &mut self,
        principal: &Principal,
        entries: Vec<Entry>,
    ) -> Result<(), StageError> {
        match self.conductor.say_as(principal, entries) {
            Ok(_) | Err(ConductError::Commit(CommitError::Denied(_))) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads `what` with the credential of `principal`: so many records behind `after`; where to read on.
    fn read_as(
        &mut self,
        principal: &Principal,
        what: &str,
        after: Sequence,
        records: usize,
    ) -> Result<Sequence, StageError> {
        let limit = ReadLimit { records, ..ReadLimit::default() };
        match self.conductor.read_as(principal, what, 0, after, limit) {
            Ok((_, next)) => Ok(next),
            Err(ConductError::Commit(CommitError::Denied(_))) => Ok(after),
            Err(error) => Err(error.into()),
        }
    }

    /// One read with the credential of `principal`, from the oldest record on.
    pub(in crate::runner) fn subscribe(
        &mut self,
        principal: &str,
        to: &str,
        records: usize,
    ) -> Result<(), StageError> {
        let principal = self.principal(principal);
        self.read_as(&principal, to, 0, records).map(drop)
    }

    /// A person releases `principal`.
    pub(in crate::runner) fn release(
        &mut self,
        principal: &str,
        because: Option<String>,
    ) -> Result<(), StageError> {
        let released = PrincipalReleased {
            principal: self.principal(principal).name().to_owned(),
            by: "operator".to_owned(),
            reason: because.unwrap_or_else(|| "a person has looked".to_owned()),
            backlog: Backlog::SetAside,
        };
        let envelope = Envelope::new(self.next_id(), FACADE, &released);
        let envelope = envelope.map_err(StageError::impossible)?;
        self.say_as(&Principal::facade(), vec![envelope.into()])
    }

    /// What a device sends, after whoever holds its credential has had it.
    pub(super) fn poisoned(&self, mut telemetry: Telemetry) -> Telemetry {
        let device = Principal::device(&telemetry.fleet, &telemetry.asset);
        let poisoning = |attack: &&Attack| {
            attack.kind == AttackKind::SlowPoisoning && attack.principal == device
        };
        for attack in self.attacks.iter().filter(poisoning) {
            let signals = telemetry.signals.iter();
            let channel = signals.clone().position(|signal| signal.name == attack.target);
            let Some(channel) = channel else { continue };
            for sample in &mut telemetry.samples {
                let passed = sample.sampled_at.since(attack.began_at).as_secs_f64();
                if let Some(value) = sample.values[channel] {
                    let pulled = Finite::new(value.get() + attack.a_second * passed);
                    sample.values[channel] = pulled.ok();
                }
            }
        }
        telemetry
    }

    /// Whether `device` is contained, so that the bus must be asked about what it sends.
    pub(super) fn is_contained(&self, device: &Principal) -> bool {
        self.conductor.containments().of(device.name(), self.now()).is_some()
    }
}

/// The newest records that `fits` takes, the oldest of them first.
fn newest(
    store: &dyn Store,
    most: usize,
    fits: impl Fn(&Envelope) -> bool,
) -> Result<Vec<Envelope>, StoreError> {
    let streams = [Stream::Telemetry, Stream::Health, Stream::Log];
    let mut found: Vec<Envelope> = Vec::new();
    for partition in streams.into_iter().flat_map(partitions) {
        let mut own: Vec<Envelope> = Vec::new();
        let mut until = store.head(partition);
        while own.len() < most && until >= store.first(partition) {
            let after = until.saturating_sub(CAPTURED_MAX as u64);
            let batch = store.read(partition, after, ReadLimit::default())?;
            let batch = batch.iter().take_while(|delivery| delivery.sequence <= until);
            let mut fitting: Vec<Envelope> =
                batch.map(|it| (*it.envelope).clone()).filter(|it| fits(it)).collect();
            fitting.append(&mut own);
            own = fitting;
            until = after;
            if until == 0 {
                break;
            }
        }
        found.append(&mut own);
    }
    found.sort_by_key(|envelope| envelope.time);
    Ok(found.split_off(found.len().saturating_sub(most)))
}

fn partitions(stream: Stream) -> impl Iterator<Item = Partition> {
    let count =
        if stream.is_partitioned() { runtime::router::PARTITIONS_EMBEDDED.get() } else { 1 };
    (0..count).map(move |index| Partition { stream, index })
}
