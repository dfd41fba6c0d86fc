//! One message of a turn: who it is for, what handling it led to, and how a failed one is undone.

use super::cell::Base;
use super::{AgentEngine, EngineError, FAULTS_IN_A_ROW_MAX, KEY_BYTES_MAX};
use crate::agent::{Agent, AgentError};
use crate::control::ConfigApplied;
use crate::ctx::{Ctx, Outcome};
use crate::store::{Delivery, HostId, Partition};
use crate::timers::TimerFired;
use crate::wiring::Heard;
use messages::dead::{Cause, DeadLettered};
use messages::{
    Class, EncodeError, Envelope, Message, MessageId, Origin, Provenance, Sequence, Timestamp,
};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Longest reason kept in a dead letter, in bytes; a longer one is cut.
pub const REASON_BYTES_MAX: usize = 4 * 1024;

/// Why a message is set aside that ended the process.
const CRASHED: &str = "the process ended each of three times that it was handled";
/// Why a message is set aside whose principal was contained.
const SUSPECT: &str = "who said it was contained before it was heard";

/// Why a step is undone.
enum Failure {
    /// The agent says so.
    Agent(AgentError),
    /// The handler ended well, but left more than can be stored.
    Memory(EncodeError),
}

/// One message of the current turn, and what became of it.
pub(super) struct Step<A: Agent> {
    delivery: Delivery,
    now: Timestamp,
    key: Option<String>,
    heard: Option<Box<dyn Heard<A>>>,
    outcome: Outcome,
    provenance: Provenance,
    dead: Option<DeadLettered>,
}

/// What a step leaves behind.
pub(super) struct Finished {
    pub(super) key: Option<String>,
    pub(super) said: Vec<Envelope>,
    pub(super) sequence: Sequence,
    pub(super) counts: BTreeMap<&'static str, u64>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(error) => error.fmt(f),
            Self::Memory(error) => write!(f, "the memory of its key would not fit: {error}"),
        }
    }
}

impl<A: Agent> Step<A> {
    fn new(delivery: Delivery, now: Timestamp) -> Self {
        let provenance = delivery.envelope.provenance;
        Self {
            delivery,
            now,
            key: None,
            heard: None,
            outcome: Outcome::default(),
            provenance,
            dead: None,
        }
    }

    /// The message.
    pub(super) fn envelope(&self) -> &Envelope {
        &self.delivery.envelope
    }

    /// The timer that fired, if it is one's firing.
    fn firing(&self) -> Option<TimerFired> {
        let envelope = &self.delivery.envelope;
        (envelope.class == Class::Timer).then(|| envelope.open().ok()).flatten()
    }

    /// The key it touched, what it led to, and its position.
    pub(super) fn finish(
        self,
        host: &HostId,
        partition: Partition,
    ) -> Result<Finished, EncodeError> {
        let input = &self.delivery.envelope;
        let sequence = self.delivery.sequence;
        // A failed message leads to its dead letter and nothing else.
        let mut said = match &self.dead {
            Some(dead) => vec![Envelope::new(input.id, host.kind.as_str(), dead)?],
            None => self.outcome.said,
        };
        for (index, envelope) in (0_u32..).zip(&mut said) {
            envelope.id = MessageId::output(&host.kind, input.id, index);
            envelope.provenance = self.provenance;
            envelope.case_id = envelope.case_id.or(input.case_id);
            envelope.causation_id = Some(input.id);
            envelope.traceparent.clone_from(&input.traceparent);
            envelope.origin = Some(Origin {
                stream: partition.stream,
                partition: partition.index,
                sequence,
                index,
            });
        }
        Ok(Finished { key: self.key, said, sequence, counts: self.outcome.counts })
    }
}

impl<A: Agent> AgentEngine<A> {
    /// Takes one record: handles it, sets it aside or passes over it. Appends a step if it mattered.
    pub(super) fn take(
        &mut self,
        delivery: Delivery,
        steps: &mut Vec<Step<A>>,
    ) -> Result<(), EngineError> {
        self.position = delivery.sequence;
        self.now = self.now.max(delivery.envelope.time);
        let envelope = delivery.envelope.clone();
        if envelope.name == ConfigApplied::NAME && envelope.key == A::KIND {
            return self.apply_config(&envelope);
        }
        if envelope.addressed_to.as_deref().is_some_and(|kind| kind != A::KIND) {
            self.observation.ignored += 1;
            return Ok(());
        }
        let mut step = Step::new(delivery, self.now);
        match self.condemned.get(&self.position) {
            Some(Cause::Crashed) => return self.set_aside(step, Cause::Crashed, CRASHED, steps),
            Some(_) => return self.set_aside(step, Cause::Suspect, SUSPECT, steps),
            None if self.is_suspect(&envelope) => {
                return self.set_aside(step, Cause::Suspect, SUSPECT, steps);
            }
            None => {}
        }
        if envelope.class == Class::Timer {
            return self.take_firing(step, steps);
        }
        if self.promotes(&envelope) {
            return self.take_promotion(step, steps);
        }
        match self.wiring.decode(&envelope) {
            None => self.observation.ignored += 1,
            Some(Err(error)) => {
                self.bury(&mut step, Cause::Undecodable, error.to_string());
                steps.push(step);
            }
            Some(Ok(heard)) if heard.key().is_some_and(|key| key.len() > KEY_BYTES_MAX) => {
                let reason = format!("its key is longer than {KEY_BYTES_MAX} bytes");
                self.bury(&mut step, Cause::Rejected, reason);
                steps.push(step);
            }
            Some(Ok(heard)) => {
                step.key = heard.key().map(str::to_owned);
                step.heard = Some(heard);
                self.run(step, steps)?;
            }
        }
        Ok(())
    }

    /// Whether who said the message at hand was contained since. What was said because of it before a restart stays
    /// said, so one whose handling said something is handled again.
    fn is_suspect(&self, envelope: &Envelope) -> bool {
        let handled = self.watermark.is_some_and(|(sequence, _)| self.position <= sequence);
        !handled && self.wiring.hears(&envelope.name) && self.standing.get().is_suspect(envelope)
    }

    /// A message that is not handled, for its `cause`; a firing is used up all the same.
    fn set_aside(
        &mut self,
        mut step: Step<A>,
        cause: Cause,
        reason: &str,
        steps: &mut Vec<Step<A>>,
    ) -> Result<(), EngineError> {
        self.bury(&mut step, cause, reason.to_owned());
        if let Some(fired) = step.firing() {
            step.key = Some(fired.key.clone());
            self.begin(&fired.key, steps.len())?;
            self.pass_over(&step)?;
        }
        steps.push(step);
        Ok(())
    }

    /// A timer's firing counts only if its arming still stands.
    fn take_firing(
        &mut self,
        mut step: Step<A>,
        steps: &mut Vec<Step<A>>,
    ) -> Result<(), EngineError> {
        let fired = match step.delivery.envelope.open::<TimerFired>() {
            Ok(fired) => fired,
            Err(error) => {
                self.bury(&mut step, Cause::Undecodable, error.to_string());
                steps.push(step);
                return Ok(());
            }
        };
        let Some(heard) = self.wiring.fired(&fired.timer) else {
            self.observation.stale_timers += 1;
            return Ok(());
        };
        step.key = Some(fired.key.clone());
        step.heard = Some(heard);
        let index = steps.len();
        if self.applied_before(&step)? {
            return Ok(());
        }
        self.begin(&fired.key, index)?;
        let cell = self.cell(&fired.key)?;
        if cell.memory.timers.take(&fired.timer, fired.generation) {
            self.run(step, steps)
        } else {
            cell.memory.applied = step.delivery.sequence;
            self.observation.stale_timers += 1;
            step.heard = None;
            steps.push(step);
            Ok(())
        }
    }

    /// Whether a restart had already saved what this step would do.
    fn applied_before(&mut self, step: &Step<A>) -> Result<bool, EngineError> {
        let Some(key) = &step.key else { return Ok(false) };
        let sequence = step.delivery.sequence;
        let applied = self.cell(key)?.memory.applied >= sequence;
        self.observation.applied_before += u64::from(applied);
        Ok(applied)
    }

    /// Notes where `key` goes back to should step `index` or a later one fail.
    fn begin(&mut self, key: &str, index: usize) -> Result<(), EngineError> {
        let cell = self.cell(key)?;
        let memory = &cell.memory;
        let base = cell.base.get_or_insert_with(|| Base {
            memory: memory.clone(),
            steps: Vec::new(),
            timers: memory.timers.clone(),
        });
        if base.steps.last() != Some(&index) {
            base.steps.push(index);
        }
        Ok(())
    }

    /// Runs a step; when it fails, undoes it and whatever it may have spoilt.
    fn run(&mut self, mut step: Step<A>, steps: &mut Vec<Step<A>>) -> Result<(), EngineError> {
        if self.applied_before(&step)? {
            return Ok(());
        }
        let key = step.key.clone().expect("a step that runs has a key");
        self.begin(&key, steps.len())?;
        match self.attempt(&mut step) {
            Ok(()) => {
                self.observation.handled += 1;
                self.faults_in_a_row = 0;
                self.log_handled(&step);
                steps.push(step);
                Ok(())
            }
            Err(failure) => self.undo(step, failure, steps),
        }
    }

    /// Calls the handler once, catching a panic, and sees that what it left can be stored.
    ///
    /// The memory is measured here and not where it is saved: whether a message is set aside must not
    /// depend on what else is in its turn, or on when the next checkpoint is.
    fn attempt(&mut self, step: &mut Step<A>) -> Result<(), Failure> {
        let (Some(key), Some(heard)) = (step.key.as_deref(), step.heard.as_ref()) else {
            return Ok(());
        };
        let cell = self.cells.get_mut(key).expect("the key of a step is loaded");
        let memory = &mut cell.memory;
        memory.applied = step.delivery.sequence;
        memory.provenance = memory.provenance.weakest(step.delivery.envelope.provenance);
        step.provenance = memory.provenance;
        step.outcome = Outcome::default();
        let mut ctx = Ctx {
            key,
            now: step.now,
            input: &step.delivery.envelope,
            contract: self.wiring.contract(),
            timers: &mut memory.timers,
            outcome: &mut step.outcome,
            agent: PhantomData,
        };
        let call = AssertUnwindSafe(|| heard.handle(&self.agent, &mut memory.state, &mut ctx));
        let error = match catch_unwind(call) {
            Ok(Ok(())) => step.outcome.breach.take().map(AgentError::Fault),
            Ok(Err(error)) => Some(error),
            Err(panic) => Some(AgentError::Fault(format!("panicked: {}", words(&*panic)))),
        };
        match error {
            None => memory.check().map_err(Failure::Memory),
            Some(error) => Err(Failure::Agent(error)),
        }
    }

    /// Sets a failed step aside and brings its key back to where the step found it.
    ///
    /// The memory of the key returns to its base and the steps since are taken again, so that
    /// nothing the failed handler wrote remains. After a fault the agent itself is built anew first.
    fn undo(
        &mut self,
        mut step: Step<A>,
        failure: Failure,
        steps: &mut Vec<Step<A>>,
    ) -> Result<(), EngineError> {
        let cause = match &failure {
            Failure::Agent(AgentError::Reject(_)) => Cause::Rejected,
            Failure::Agent(AgentError::Fault(_)) => {
                self.faults_in_a_row += 1;
                self.rebuild(self.config.clone())?;
                Cause::Faulted
            }
            // One key is full; that says nothing about the agent.
            Failure::Memory(_) => Cause::Faulted,
        };
        if self.faults_in_a_row > FAULTS_IN_A_ROW_MAX {
            return Err(self.broken(failure.to_string()));
        }
        let key = step.key.clone().expect("a step that failed has a key");
        self.go_back(&key, steps.len(), steps)?;
        self.bury(&mut step, cause, failure.to_string());
        self.pass_over(&step)?;
        let cell = self.cells.get_mut(&key).expect("the key of a failed step is loaded");
        let base = cell.base.as_mut().expect("a step that ran has a base");
        base.memory = cell.memory.clone();
        base.steps.clear();
        steps.push(step);
        Ok(())
    }

    /// Notes that a step is done with, though its handler left no trace: its position is applied,
    /// and a firing is used up.
    fn pass_over(&mut self, step: &Step<A>) -> Result<(), EngineError> {
        let Some(key) = step.key.as_deref() else { return Ok(()) };
        let memory = &mut self.cell(key)?.memory;
        memory.applied = memory.applied.max(step.delivery.sequence);
        if let Some(fired) = step.firing() {
            memory.timers.take(&fired.timer, fired.generation);
        }
        Ok(())
    }

    /// Restores `key` and takes its steps before `failed` again.
    fn go_back(
        &mut self,
        key: &str,
        failed: usize,
        steps: &mut [Step<A>],
    ) -> Result<(), EngineError> {
        let cell = self.cells.get_mut(key).expect("the key of a failed step is loaded");
        let base = cell.base.as_ref().expect("a step that ran has a base");
        cell.memory = base.memory.clone();
        let again: Vec<usize> =
            base.steps.iter().copied().filter(|&index| index != failed).collect();
        for index in again {
            self.again(&mut steps[index])?;
        }
        Ok(())
    }

    /// Takes a step again that succeeded before; it cannot fail now, or the agent is not deterministic.
    fn again(&mut self, step: &mut Step<A>) -> Result<(), EngineError> {
        if step.dead.is_some() || step.heard.is_none() {
            return self.pass_over(step);
        }
        if let Some(fired) = step.firing() {
            self.cell(&fired.key)?.memory.timers.take(&fired.timer, fired.generation);
        }
        self.attempt(step).map_err(|failure| {
            self.broken(format!("a message that was handled before fails now: {failure}"))
        })
    }

    fn log_handled(&self, step: &Step<A>) {
        let heard = &step.delivery.envelope;
        tracing::debug!(
            agent = A::KIND,
            host = %self.id,
            sequence = step.delivery.sequence,
            message_id = %heard.id,
            name = heard.name,
            case_id = heard.case_id.map(tracing::field::display),
            "handled"
        );
    }

    fn broken(&self, last: String) -> EngineError {
        EngineError::Broken { host: self.id.clone(), faults: self.faults_in_a_row, last }
    }

    pub(super) fn bury(&mut self, step: &mut Step<A>, cause: Cause, mut reason: String) {
        // The words of a panic may be of any length; the dead letter must be storable.
        if reason.len() > REASON_BYTES_MAX {
            let whole = (0..=REASON_BYTES_MAX).rev().find(|&at| reason.is_char_boundary(at));
            reason.truncate(whole.unwrap_or(0));
        }
        self.observation.dead_lettered += 1;
        let heard = &step.delivery.envelope;
        tracing::warn!(
            agent = A::KIND,
            host = %self.id,
            sequence = step.delivery.sequence,
            message_id = %heard.id,
            name = heard.name,
            case_id = heard.case_id.map(tracing::field::display),
            %reason,
            "dead-lettered"
        );
        step.outcome = Outcome::default();
        step.dead = Some(DeadLettered {
            agent: A::KIND.to_owned(),
            original: (*step.delivery.envelope).clone(),
            position: Origin {
                stream: self.partition.stream,
                partition: self.partition.index,
                sequence: step.delivery.sequence,
                index: 0,
            },
            cause,
            reason,
            attempts: if cause == Cause::Crashed { super::CRASHES_MAX } else { 1 },
        });
    }
}

/// The text of a panic.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}
