//! The world of a story: agents over a log, a simulated fleet, owners and workshops, under one virtual clock.

pub(super) mod attacks;
mod founding;
mod traces;

use super::Audience;
use crate::language::template::Bindings;
use crate::language::{Clock, Fleet as Described, Scenario};
use messages::catalogue::CATALOGUE;
use messages::centre::CentreRegistered;
use messages::consent::Channel;
use messages::contact::CustomerReplied;
use messages::telemetry::Telemetry;
use messages::{
    CaseId, Class, Encoding, Envelope, Message, MessageId, Provenance, Stream, Timestamp,
};
use runtime::Catalog;
use runtime::Models;
use runtime::committer::Entry;
use runtime::conductor::{ConductError, Conductor, CrashPoint};
use runtime::effects::Effects;
use runtime::guard::Principal;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::{Store, StoreError};
use serde_json::Value;
use simulator::fleet::{Event, FaultHandle, FaultKind, Heard, History, NamedAsset, Temperament};
use simulator::{Fleet, FleetConfig, FleetError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use traces::Traces;

/// Source of what devices, owners and workshops of the story say.
const SOURCE: &str = "simulator";

/// What a story is played with.
pub struct Cast {
    /// The agents.
    pub catalog: Catalog,
    /// Their settings, as JSON by kind.
    pub configs: BTreeMap<String, Value>,
    /// Their models.
    pub models: Arc<Models>,
    /// Who performs what they intend.
    pub effects: Effects,
    /// What stands on the log before anything else: which models agents judge by.
    pub promoted: Vec<Entry>,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The network that the workshops belong to.
    pub network: String,
}

/// Why the world of a story broke.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The agents cannot go on.
    #[error(transparent)]
    Conduct(#[from] ConductError),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The fleet cannot do what the story asks.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// A step asks for what cannot be.
    #[error("{0}")]
    Impossible(String),
}

impl StageError {
    pub(super) fn impossible(text: impl ToString) -> Self {
        Self::Impossible(text.to_string())
    }

    /// Whether the script asked for what cannot be, so that the world itself still stands.
    pub(super) fn is_the_scripts(&self) -> bool {
        matches!(
            self,
            Self::Fleet(_) | Self::Impossible(_) | Self::Conduct(ConductError::UnknownAgent { .. })
        )
    }
}

/// What an owner is about to answer.
#[derive(Clone, Debug)]
struct Answer {
    at: Timestamp,
    reply: CustomerReplied,
}

/// The world of a story.
pub(super) struct Stage {
    conductor: Conductor,
    kinds: Vec<String>,
    fleet: Option<Fleet>,
    /// Whether what devices measure is sent.
    sends: bool,
    owners_answer: bool,
    seed: u64,
    said: u64,
    answers: Vec<Answer>,
    centres: Vec<CentreRegistered>,
    attacks: Vec<attacks::Attack>,
    traces: Traces,
}

impl Stage {
    /// Sets the stage for `scenario`: agents seated and everybody registered, at the beginning of the past.
    pub(super) fn set(scenario: &Scenario, seed: u64, cast: Cast) -> Result<Self, StageError> {
        let start = start(scenario)?;
        let fleet = scenario.fleet.as_ref().map(|described| fleet(described, seed, start));
        let fleet = fleet.transpose()?;
        let begins = fleet.as_ref().map_or(start, Fleet::begins_at);
        let kinds = cast.catalog.iter().map(|(kind, _)| kind.to_owned()).collect();
        let Cast { catalog, mut configs, models, effects, promoted, store, network } = cast;
        // Who does not run has no use for settings.
        configs.retain(|kind, _| catalog.get(kind).is_some());
        let mut conductor =
            Conductor::new(catalog, &configs, models, store, begins, PARTITIONS_EMBEDDED, effects)?;
        conductor.checkpoint_every(CHECKPOINT_INTERVAL);
        conductor.append(promoted)?;
        let mut stage = Self {
            conductor,
            kinds,
            fleet,
            sends: false,
            owners_answer: scenario.fleet.as_ref().is_some_and(|fleet| fleet.owners_answer),
            seed,
            said: 0,
            answers: Vec::new(),
            centres: Vec::new(),
            attacks: Vec::new(),
            traces: Traces::default(),
        };
        stage.found(&network, scenario.fleet.as_ref())?;
        Ok(stage)
    }

    /// Lets the past pass, as it was, until the story starts; whether somebody stopped it.
    pub(super) fn live_through(
        &mut self,
        start: Timestamp,
        audience: &mut dyn Audience,
    ) -> Result<bool, StageError> {
        let (begins, whole) = (self.now(), start.since(self.now()));
        let mut told = Duration::ZERO;
        self.send(true);
        while self.now() < start {
            let moment = self.now().saturating_add(PAST_STEP).min(start);
            self.advance_to(moment)?;
            let passed = moment.since(begins);
            if passed.saturating_sub(told) >= PAST_TOLD_EVERY || passed == whole {
                told = passed;
                audience.past(passed, whole);
                if audience.is_interrupted() {
                    return Ok(true);
                }
            }
        }
        self.send(false);
        Ok(false)
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.conductor.now()
    }

    /// The log.
    pub(super) fn store(&self) -> &Arc<dyn Store> {
        self.conductor.store()
    }

    /// When something happens next by itself.
    pub(super) fn next_due(&mut self) -> Option<Timestamp> {
        let fleet = self.fleet.as_mut().filter(|_| self.sends).map(|it| gathered(it.next_due()));
        let answers = self.answers.iter().map(|answer| answer.at);
        let dues = [self.conductor.next_due_at(), fleet, answers.min(), self.next_attack()];
        dues.into_iter().flatten().min().filter(|due| *due < Timestamp::MAX)
    }

    /// Lets time pass until `moment`.
    pub(super) fn advance_to(&mut self, moment: Timestamp) -> Result<(), StageError> {
        self.conductor.advance_to(moment)?;
        let events = self.fleet.as_mut().map(|fleet| fleet.step(moment)).unwrap_or_default();
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            entries.extend(self.event(event)?);
        }
        let due: Vec<Answer> = self.answers.extract_if(.., |answer| answer.at <= moment).collect();
        for Answer { reply, .. } in due {
            entries.push(self.entry(&reply)?);
        }
        if !entries.is_empty() {
            self.conductor.append(entries)?;
        }
        self.press_attacks()?;
        self.settle()
    }

    /// Saves everything, so that whoever looks into the store finds it as it is.
    pub(super) fn save(&mut self) -> Result<(), StageError> {
        Ok(self.conductor.drain()?)
    }

    /// Lets agents handle what waits.
    pub(super) fn settle(&mut self) -> Result<(), StageError> {
        Ok(self.conductor.settle()?)
    }

    /// What is appended because of `event`; what a contained device sends goes its own way.
    fn event(&mut self, event: Event) -> Result<Option<Entry>, StageError> {
        match event {
            Event::Telemetry(frame) => self.sent(frame.telemetry),
            Event::Failed(failed) => self.entry(&failed).map(Some),
            Event::Found(found) => self.entry(&found).map(Some),
            Event::Serviced(serviced) => self.entry(&serviced).map(Some),
        }
    }

    /// `telemetry` as its device sends it. Only of a contained one the bus must be asked; the others' go together.
    fn sent(&mut self, telemetry: Telemetry) -> Result<Option<Entry>, StageError> {
        let telemetry = self.poisoned(telemetry);
        let device = Principal::device(&telemetry.fleet, &telemetry.asset);
        let entry = self.entry_of(device.name(), &telemetry)?;
        if self.is_contained(&device) {
            self.say_as(&device, vec![entry])?;
            return Ok(None);
        }
        Ok(Some(entry))
    }

    /// `message` as the world outside says it.
    fn entry<M: Message>(&mut self, message: &M) -> Result<Entry, StageError> {
        self.entry_of(SOURCE, message)
    }

    fn entry_of<M: Message>(&mut self, source: &str, message: &M) -> Result<Entry, StageError> {
        let id = self.next_id();
        let envelope = Envelope::new(id, source, message).map_err(StageError::impossible)?;
        let traceparent = match envelope.case_id {
            Some(case) => self.traces.of(case, &**self.conductor.store())?,
            None => (M::CLASS == Class::Telemetry).then(|| Traces::begun(id)),
        };
        let envelope = Envelope { traceparent, ..envelope };
        Ok(envelope.with_provenance(Provenance::Simulated).into())
    }

    fn next_id(&mut self) -> MessageId {
        self.said += 1;
        MessageId::named("scenario", &format!("{}/{}", self.seed, self.said))
    }

    /// Says `message`; agents handle it when they are let.
    pub(super) fn say<M: Message>(&mut self, message: &M) -> Result<(), StageError> {
        let entry = self.entry(message)?;
        self.conductor.append(vec![entry])?;
        Ok(())
    }

    /// Says the message `name` about `key` with `data` for its fields: as the world outside, or with the credential of
    /// `principal`.
    pub(super) fn say_json(
        &mut self,
        principal: Option<&str>,
        name: &str,
        key: &str,
        data: &Value,
    ) -> Result<(), StageError> {
        let known = CATALOGUE.iter().find(|entry| entry.name == name);
        let known =
            known.ok_or_else(|| StageError::impossible(format!("no message is named `{name}`")))?;
        let data = data.to_string().into_bytes();
        (known.show)(Encoding::Json, &data).map_err(|error| {
            StageError::impossible(format!("`{name}` has not these fields: {error}"))
        })?;
        let principal = principal.map(|principal| self.principal(principal));
        let envelope = Envelope {
            id: self.next_id(),
            name: name.to_owned(),
            class: known.class,
            encoding: Encoding::Json,
            source: principal.as_ref().map_or(SOURCE, Principal::name).to_owned(),
            key: key.to_owned(),
            time: Timestamp::EPOCH,
            provenance: Provenance::Simulated,
            case_id: None,
            causation_id: None,
            origin: None,
            addressed_to: None,
            traceparent: None,
            data: data.into(),
        };
        match principal {
            Some(principal) => self.say_as(&principal, vec![envelope.into()]),
            None => Ok(self.conductor.append(vec![envelope.into()]).map(drop)?),
        }
    }

    /// Lets the fleet send, or not.
    pub(super) fn send(&mut self, sends: bool) {
        self.sends = sends;
        if let Some(fleet) = &mut self.fleet {
            fleet.listen(sends);
        }
    }

    /// Begins a fault.
    pub(super) fn inject(
        &mut self,
        fault: &str,
        channel: Option<&str>,
        asset: &str,
        ramp: Duration,
        to: f64,
    ) -> Result<FaultHandle, StageError> {
        let kind: FaultKind = fault.parse().map_err(StageError::impossible)?;
        Ok(self.fleet()?.inject(kind, channel, asset, ramp, to)?)
    }

    /// Ends a fault.
    pub(super) fn clear(&mut self, handle: FaultHandle) -> Result<(), StageError> {
        self.fleet()?.clear(handle);
        Ok(())
    }

    pub(super) fn fleet(&mut self) -> Result<&mut Fleet, StageError> {
        self.fleet.as_mut().ok_or_else(|| StageError::impossible("this story has no fleet"))
    }

    /// Ends the hosts of `kind` without a word.
    pub(super) fn kill(&mut self, kind: &str) -> Result<(), StageError> {
        Ok(self.conductor.kill(kind)?)
    }

    /// Ends everything the next time that it comes to `point`, and begins again from what is durable.
    pub(super) fn crash_at(&mut self, point: CrashPoint) {
        self.conductor.crash_at(point);
    }

    /// Times that everything ended and began again.
    pub(super) fn crashes(&self) -> u64 {
        self.conductor.misfortunes().crashes
    }

    /// Lets the hosts of `kind` read nothing, or go on.
    pub(super) fn pause(&mut self, kind: &str, paused: bool) -> Result<(), StageError> {
        Ok(self.conductor.pause(kind, paused)?)
    }

    /// Whether the hosts of `kind`, or all, are in `state`; the first that is not, in words.
    pub(super) fn agents(&self, kind: Option<&str>, state: &str) -> Result<(), String> {
        let mut seated =
            self.kinds.iter().filter(|it| kind.is_none_or(|kind| kind == *it)).peekable();
        if seated.peek().is_none() {
            return Err(format!("agent `{}` does not run", kind.unwrap_or("*")));
        }
        let wants_paused = state == "paused";
        match seated.find(|kind| self.conductor.is_paused(kind) != wants_paused) {
            Some(kind) if wants_paused => Err(format!("`{kind}` is ready")),
            Some(kind) => Err(format!("`{kind}` is paused")),
            None => Ok(()),
        }
    }

    /// Lets the owner answer for themselves what they heard, if owners do in this story.
    pub(super) fn hear(
        &mut self,
        owner: &str,
        case: Option<CaseId>,
        channel: Channel,
        heard: Heard,
    ) -> Result<(), StageError> {
        if !self.owners_answer {
            return Ok(());
        }
        let now = self.now();
        if let Some(reply) = self.fleet()?.reply(owner, heard)? {
            let said = CustomerReplied { owner: owner.to_owned(), case, channel, text: reply.text };
            self.answers.push(Answer { at: now.saturating_add(reply.after), reply: said });
        }
        Ok(())
    }

    /// Whether owners answer for themselves.
    pub(super) fn owners_answer(&self) -> bool {
        self.owners_answer
    }

    /// The centres as they were first registered.
    pub(super) fn centres(&self) -> &[CentreRegistered] {
        &self.centres
    }
}

/// When the story starts.
pub(super) fn start(scenario: &Scenario) -> Result<Timestamp, StageError> {
    match scenario.clock {
        Clock::Virtual(start) => Ok(start),
        Clock::Real => Err(StageError::impossible(
            "a real clock is not available yet; write mode: virtual and its start",
        )),
    }
}

/// Virtual time between two checkpoints of agents that have them; a host that is killed reads on from the last.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(6 * 3_600);

/// How far the past goes on at once: shorter than the lateness that devices are allowed.
const PAST_STEP: Duration = Duration::from_secs(300);

/// How often the audience is told how much of the past is over.
const PAST_TOLD_EVERY: Duration = Duration::from_secs(86_400);

/// What vehicles send within so long reaches the log together: a frame of theirs is as long.
const GATHERED_MILLIS: i64 = 60_000;

/// When what comes at `due` reaches the log.
fn gathered(due: Timestamp) -> Timestamp {
    let ahead = (-due.as_millis()).rem_euclid(GATHERED_MILLIS);
    due.saturating_add(Duration::from_millis(ahead.unsigned_abs()))
}

/// The fleet that a script describes.
fn fleet(described: &Described, seed: u64, start: Timestamp) -> Result<Fleet, StageError> {
    let named = described.assets.iter().map(|asset| {
        let temperament = asset.temperament.as_deref().map(temperament).transpose()?;
        Ok(NamedAsset {
            asset: asset.asset.clone(),
            model: asset.model.clone(),
            supplier: asset.supplier.clone(),
            batch: asset.batch.clone(),
            centre: asset.centre.clone(),
            owner: asset.owner.clone(),
            temperament,
        })
    });
    let history = described.history;
    Ok(Fleet::new(FleetConfig {
        profile: described.profile.clone(),
        sample: described.sample,
        history: history.map(|past| History { days: past.days, population: past.population }),
        named: named.collect::<Result<_, StageError>>()?,
        ..FleetConfig::vehicles(described.size, seed, start)
    })?)
}

fn temperament(text: &str) -> Result<Temperament, StageError> {
    serde_json::from_value(Value::from(text)).map_err(|_| {
        StageError::impossible(format!(
            "no owner is `{text}`; they are accepting, busy, declining, silent or angry"
        ))
    })
}

/// Fills the names in all texts of `value`.
pub(super) fn fill(value: &Value, bindings: &Bindings) -> Result<Value, String> {
    use crate::language::template::Template;
    Ok(match value {
        Value::String(text) => Template::read(text)?.fill(bindings)?.into(),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| fill(item, bindings)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let filled =
                fields.iter().map(|(name, item)| Ok((name.clone(), fill(item, bindings)?)));
            Value::Object(filled.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

/// The streams that a story reads.
pub(super) const TOLD: [Stream; 2] = [Stream::Log, Stream::Dead];
