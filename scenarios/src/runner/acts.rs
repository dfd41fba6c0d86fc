//! What steps do to the world, all but the workshops'.

use super::play::{Halt, Story, failed};
use super::stage::attacks::Asked;
use super::stage::{StageError, fill};
use crate::language::template::Template;
use crate::language::{Action, Step};
use crate::measure::Record;
use messages::CaseId;
use messages::Message;
use messages::consent::Channel;
use messages::contact::{ContactOwner, CustomerContacted, CustomerReplied};
use simulator::fleet::Heard;
use std::time::Duration;

/// How long a fault grows where the script does not say.
const RAMP_DEFAULT: Duration = Duration::from_secs(86_400);

impl Story<'_> {
    /// Does what is done at once.
    pub(super) fn act(&mut self, step: &Step) -> Result<(), Halt> {
        match &step.action {
            Action::Start => self.stage.send(true),
            Action::Stop => self.stage.send(false),
            Action::Inject { fault, asset, channel, ramp, to, name } => {
                let asset = self.fill(asset)?;
                let channel = self.fill_all(channel.as_ref())?;
                let ramp = ramp.unwrap_or(RAMP_DEFAULT);
                let to = to.unwrap_or(1.0);
                let handle = self.stage.inject(fault, channel.as_deref(), &asset, ramp, to)?;
                if let Some(name) = name {
                    self.injected.insert(name.clone(), handle);
                }
            }
            Action::Clear(name) => match self.injected.get(name).copied() {
                Some(handle) => self.stage.clear(handle)?,
                None if self.is_closing() => {}
                None => return Err(failed(step, format!("`{name}` was not injected"), None)),
            },
            Action::Crash(point) => self.stage.crash_at(*point),
            Action::Pause(agent) => self.stage.pause(agent, true)?,
            Action::Resume(agent) => self.stage.pause(agent, false)?,
            Action::Publish { principal, event, key, data } => {
                let principal = self.fill_all(principal.as_ref())?;
                let key = self.fill(key)?;
                let data = fill(data, &self.bindings).map_err(StageError::impossible)?;
                self.stage.say_json(principal.as_deref(), event, &key, &data)?;
            }
            Action::Attack(attack) => {
                let (principal, target) =
                    (self.fill(&attack.principal)?, self.fill_all(attack.target.as_ref())?);
                self.stage.attack(&Asked {
                    kind: attack.kind,
                    principal: &principal,
                    target: target.as_deref(),
                    a_second: attack.rate.a_second(),
                    lasts: attack.lasts,
                })?;
            }
            Action::Release { principal, because } => {
                let (principal, because) =
                    (self.fill(principal)?, self.fill_all(because.as_ref())?);
                self.stage.release(&principal, because)?;
            }
            Action::Subscribe { principal, to, records } => {
                let (principal, to) = (self.fill(principal)?, self.fill(to)?);
                self.stage.subscribe(&principal, &to, *records)?;
            }
            Action::Note(text) => {
                let text = self.fill(text)?;
                self.audience.note(self.stage.now(), &text);
            }
            _ => {}
        }
        Ok(())
    }

    /// The text of `template` with what was saved.
    pub(super) fn fill(&self, template: &Template) -> Result<String, Halt> {
        Ok(template.fill(&self.bindings).map_err(StageError::impossible)?)
    }

    /// The same for a template that may be absent.
    fn fill_all(&self, template: Option<&Template>) -> Result<Option<String>, Halt> {
        template.map(|template| self.fill(template)).transpose()
    }

    /// Kills once; how long until the next time.
    pub(super) fn kill(&mut self, step: &Step) -> Result<Duration, Halt> {
        let Action::Kill { agent, every, .. } = &step.action else { return Ok(Duration::ZERO) };
        self.stage.kill(agent)?;
        Ok(*every)
    }

    /// The owner of the case says what the script, or a person at the terminal, says.
    pub(super) fn reply(&mut self, step: &Step) -> Result<(), Halt> {
        let Action::Reply { case, say, .. } = &step.action else { return Ok(()) };
        let (id, script) = (self.fill(case)?, self.fill(say)?);
        let contacted = self
            .chronicle
            .newest(CustomerContacted::NAME, |record| record.text("case") == Some(id.as_str()));
        let Some(contacted) = contacted else {
            let message = format!("nobody has contacted the owner about case `{id}`");
            return Err(failed(step, message, None));
        };
        let contacted: CustomerContacted =
            contacted.envelope.open().map_err(StageError::impossible)?;
        let text = self.audience.owner(&script).unwrap_or(script);
        let CustomerContacted { owner, case, channel, .. } = contacted;
        self.stage.say(&CustomerReplied { owner, case: Some(case), channel, text })?;
        Ok(())
    }

    /// Lets an owner who was contacted answer, where owners answer for themselves.
    pub(super) fn answer(&mut self, index: usize) -> Result<(), Halt> {
        let record = &self.chronicle.records()[index];
        if record.name() != CustomerContacted::NAME || !self.stage.owners_answer() {
            return Ok(());
        }
        let contacted: CustomerContacted =
            record.envelope.open().map_err(StageError::impossible)?;
        let of_case = |record: &&Record| {
            record.name() == CustomerContacted::NAME
                && record.case() == Some(contacted.case.to_string())
        };
        let number = self.chronicle.records()[..=index].iter().filter(of_case).count();
        let asked = self
            .chronicle
            .newest(ContactOwner::NAME, |record| record.case() == Some(contacted.case.to_string()));
        let offered = asked
            .and_then(|record| Some(record.fields().get("slots")?.as_array()?.len()))
            .unwrap_or_default();
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let heard = Heard { purpose: contacted.purpose, offered, number };
        let (case, channel): (Option<CaseId>, Channel) = (Some(contacted.case), contacted.channel);
        Ok(self.stage.hear(&contacted.owner, case, channel, heard)?)
    }
}
