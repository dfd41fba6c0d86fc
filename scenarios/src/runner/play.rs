//! The story itself: branch by branch, instant by instant, until it ends.

use super::Audience;
use super::chronicle::Chronicle;
use super::doing::{Branch, Doing, budget};
use super::looking::{Look, Progress, Watch};
use super::outcome::{Ending, Outcome, Verdict};
use super::stage::{Cast, Stage, StageError, TOLD, start};
use crate::language::template::Bindings;
use crate::language::{Action, Expectation, Scenario, Step, Subject};
use crate::measure::Sums;
use crate::narrator::waited_words;
use messages::Timestamp;
use simulator::fleet::FaultHandle;
use std::collections::BTreeMap;

/// A story that was played.
pub struct Played {
    /// How it ended.
    pub ending: Ending,
    /// How each step ended, in the order of their ends.
    pub outcomes: Vec<Outcome>,
    /// What was on the log.
    pub chronicle: Chronicle,
    /// When it began and ended, on its own clock.
    pub clock: [Timestamp; 2],
    /// Times that everything ended and began again.
    pub crashes: u64,
}

/// Why a story does not go on.
#[derive(Debug)]
pub(super) enum Halt {
    /// A step failed, or something that must hold.
    Failed { step: String, place: String, message: String, nearest: Option<String> },
    /// Somebody stopped it.
    Interrupted,
    /// The world broke.
    World(StageError),
}

impl From<StageError> for Halt {
    fn from(error: StageError) -> Self {
        Self::World(error)
    }
}

/// A story under way.
pub(super) struct Story<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) stage: Stage,
    pub(super) chronicle: Chronicle,
    pub(super) bindings: Bindings,
    pub(super) injected: BTreeMap<String, FaultHandle>,
    pub(super) audience: &'s mut dyn Audience,
    watches: Vec<Watch>,
    watched: Vec<(String, String)>,
    outcomes: Vec<Outcome>,
    /// Whether the past is over: it is not told.
    telling: bool,
    /// Whether the story is over and only `always` is left.
    closing: bool,
}

/// Plays `scenario` with `seed`.
///
/// # Errors
/// [`StageError`] when the world cannot be set or breaks; whatever a step does wrong is in the ending.
pub fn play(
    scenario: &Scenario,
    seed: u64,
    cast: Cast,
    audience: &mut dyn Audience,
) -> Result<Played, StageError> {
    let mut stage = Stage::set(scenario, seed, cast)?;
    let stopped = stage.live_through(start(scenario)?, audience)?;
    let began_at = stage.now();
    if stopped {
        let (ending, chronicle) = (Ending::Interrupted, Chronicle::default());
        let (outcomes, clock) = (Vec::new(), [began_at; 2]);
        return Ok(Played { ending, outcomes, chronicle, clock, crashes: 0 });
    }
    let mut story = Story {
        scenario,
        stage,
        chronicle: Chronicle::default(),
        bindings: Bindings::new(),
        injected: BTreeMap::new(),
        audience,
        watches: Vec::new(),
        watched: Vec::new(),
        outcomes: Vec::new(),
        telling: false,
        closing: false,
    };
    let told = story.tell();
    let closed = story.close();
    let ending = match (told, closed) {
        (Err(Halt::World(error)), _) | (Ok(()), Err(Halt::World(error))) => return Err(error),
        (Err(halt), _) | (Ok(()), Err(halt)) => halt.ending(),
        (Ok(()), Ok(())) => Ending::Passed,
    };
    story.stage.save()?;
    let clock = [began_at, story.stage.now()];
    let crashes = story.stage.crashes();
    Ok(Played { ending, outcomes: story.outcomes, chronicle: story.chronicle, clock, crashes })
}

impl Halt {
    fn ending(self) -> Ending {
        match self {
            Halt::Failed { step, place, message, nearest } => {
                Ending::Failed { step, place, message, nearest }
            }
            Halt::Interrupted => Ending::Interrupted,
            Halt::World(error) => Ending::Failed {
                step: "the world of the story".to_owned(),
                place: String::new(),
                message: error.to_string(),
                nearest: None,
            },
        }
    }
}

impl<'s> Story<'s> {
    fn tell(&mut self) -> Result<(), Halt> {
        self.read()?;
        self.telling = true;
        self.given()?;
        let mark = self.chronicle.records().len();
        let scenario = self.scenario;
        self.run(Branch::new(&scenario.steps, mark))
    }

    /// What is done in any case.
    fn close(&mut self) -> Result<(), Halt> {
        self.closing = true;
        self.watches.clear();
        let scenario = self.scenario;
        self.run(Branch::new(&scenario.always, self.chronicle.records().len()))
    }

    /// Holds the log to what the story rests on.
    fn given(&mut self) -> Result<(), Halt> {
        let scenario = self.scenario;
        for given in &scenario.given {
            let sums = Sums { tally: &self.chronicle.tally, bindings: &self.bindings };
            if let Some(failure) = given.that.judge(&sums).failure() {
                return Err(Halt::Failed {
                    step: format!("given: {}", given.because),
                    place: format!("{}:{}", scenario.source.name, given.place.line),
                    message: "what the story rests on is not so".to_owned(),
                    nearest: Some(failure),
                });
            }
        }
        Ok(())
    }

    fn run(&mut self, mut root: Branch<'s>) -> Result<(), Halt> {
        loop {
            if !self.closing && self.audience.is_interrupted() {
                return Err(Halt::Interrupted);
            }
            self.stage.settle()?;
            self.read()?;
            if self.poll(&mut root)? {
                continue;
            }
            if root.is_done() {
                return Ok(());
            }
            let dues = [root.wakes_at(), self.stage.next_due()];
            let next = dues.into_iter().flatten().min().unwrap_or(self.stage.now());
            self.stage.advance_to(next.max(self.stage.now()))?;
        }
    }

    /// Reads what is new, adds it up and holds it to what must always hold.
    fn read(&mut self) -> Result<(), Halt> {
        let first = self.chronicle.read(&**self.stage.store(), &TOLD).map_err(StageError::from)?;
        for index in first..self.chronicle.records().len() {
            self.chronicle.take(index);
            self.audience.record(&self.chronicle.records()[index], self.telling);
            self.answer(index)?;
            self.check_watches(index)?;
            self.check_invariants()?;
        }
        self.chronicle.tally.pass(self.stage.now());
        self.check_invariants()
    }

    fn check_invariants(&self) -> Result<(), Halt> {
        if self.closing {
            return Ok(());
        }
        for invariant in &self.scenario.invariants {
            let sums = Sums { tally: &self.chronicle.tally, bindings: &self.bindings };
            if let Some(failure) = invariant.that.judge(&sums).failure() {
                let last = self.chronicle.records().last();
                let after =
                    last.map(|record| format!("after `{}` at {}", record.name(), record.at()));
                return Err(Halt::Failed {
                    step: format!("invariant {}", invariant.id),
                    place: format!("{}:{}", self.scenario.source.name, invariant.place.line),
                    message: format!("it does not hold {}", after.unwrap_or_default()),
                    nearest: Some(failure),
                });
            }
        }
        Ok(())
    }

    fn check_watches(&mut self, index: usize) -> Result<(), Halt> {
        let (record, now) = (&self.chronicle.records()[index], self.stage.now());
        self.watches.retain(|watch| now <= watch.until);
        for watch in &mut self.watches {
            if watch.look.fits(record, &self.bindings) {
                let (step, place) = self.watched[watch.step].clone();
                let message =
                    format!("one more came at {}, {} were expected", record.at(), watch.most);
                return Err(Halt::Failed { step, place, message, nearest: None });
            }
        }
        Ok(())
    }

    /// Goes on with `branch` as far as this instant allows; whether anything was done.
    fn poll(&mut self, branch: &mut Branch<'s>) -> Result<bool, Halt> {
        let mut moved = false;
        while let Some(step) = branch.step() {
            let went_on =
                self.go_on(branch, step).map_err(|halt| self.note_failure(branch, step, halt))?;
            moved |= went_on;
            if !went_on || acted(step) {
                return Ok(moved);
            }
        }
        Ok(moved)
    }

    /// One move of the step that `branch` is at; `false` when it has to wait.
    fn go_on(&mut self, branch: &mut Branch<'s>, step: &'s Step) -> Result<bool, Halt> {
        let now = self.stage.now();
        match &mut branch.state {
            Doing::Nothing => {
                branch.began_at = now;
                self.audience.act(now, step);
                match step.after {
                    Some(after) => branch.state = Doing::Pausing(now.saturating_add(after)),
                    None => self.begin(branch, step)?,
                }
                Ok(true)
            }
            Doing::Pausing(until) if now >= *until => {
                branch.began_at = now;
                self.begin(branch, step)?;
                Ok(true)
            }
            Doing::Waiting(until) if now >= *until => self.met(branch, step),
            Doing::Thinking(until) if now >= *until => {
                self.reply(step)?;
                self.met(branch, step)
            }
            Doing::Visiting(until) if now >= *until => self.visited(branch, step),
            Doing::Killing { left, next_at } if now >= *next_at => {
                *left -= 1;
                let left = *left;
                let every = self.kill(step)?;
                if left == 0 {
                    return self.met(branch, step);
                }
                branch.state = Doing::Killing { left, next_at: now.saturating_add(every) };
                Ok(true)
            }
            Doing::Looking { .. } => self.look(branch, step),
            Doing::Several(branches) => {
                let mut moved = false;
                let mut branches = std::mem::take(branches);
                for own in &mut branches {
                    moved |= self.poll(own)?;
                }
                let done = branches.iter().all(Branch::is_done);
                let mark = branches.iter().map(|own| own.mark).max().unwrap_or(branch.mark);
                branch.state = Doing::Several(branches);
                if done {
                    branch.mark = mark;
                    return self.met_at(branch, step, mark);
                }
                Ok(moved)
            }
            Doing::Again { .. } => self.again(branch, step),
            _ => Ok(false),
        }
    }

    /// Begins `step`: does it, or starts to wait.
    fn begin(&mut self, branch: &mut Branch<'s>, step: &'s Step) -> Result<(), Halt> {
        let now = self.stage.now();
        match &step.action {
            Action::Expect(expectation) => {
                let from = if expectation.ever { 0 } else { branch.mark };
                let look =
                    Look::new(expectation, from, &self.bindings).map_err(StageError::impossible)?;
                let until = now.saturating_add(step.within);
                branch.state = Doing::Looking { look: Box::new(look), until };
            }
            Action::Wait(duration) => branch.state = Doing::Waiting(now.saturating_add(*duration)),
            Action::Reply { after, .. } => {
                branch.state = Doing::Thinking(now.saturating_add(after.unwrap_or_default()));
            }
            Action::Kill { times, .. } => {
                branch.state = Doing::Killing { left: *times, next_at: now };
            }
            Action::Workshop(workshop) => return self.workshop(branch, step, workshop),
            Action::Parallel(rows) => {
                let mark = branch.mark;
                let rows = rows.iter().map(|steps| Branch::new(steps, mark)).collect();
                branch.state = Doing::Several(rows);
            }
            Action::Repeat { times, every, steps } => {
                let next_at = now.saturating_add(every.unwrap_or_default());
                let inner = Box::new(Branch::new(steps, branch.mark));
                branch.state = Doing::Again { left: times - 1, next_at, inner };
            }
            _ => {
                self.act(step)?;
                self.met(branch, step)?;
            }
        }
        Ok(())
    }

    fn again(&mut self, branch: &mut Branch<'s>, step: &'s Step) -> Result<bool, Halt> {
        let (now, began) = (self.stage.now(), branch.mark);
        let Doing::Again { left, next_at, mut inner } =
            std::mem::replace(&mut branch.state, Doing::Nothing)
        else {
            return Ok(false);
        };
        let moved = self.poll(&mut inner)?;
        let mark = inner.mark.max(began);
        if !inner.is_done() || (left > 0 && now < next_at) {
            branch.state = Doing::Again { left, next_at, inner };
            return Ok(moved);
        }
        if left == 0 {
            return self.met_at(branch, step, mark);
        }
        let Action::Repeat { every, steps, .. } = &step.action else { return Ok(false) };
        let next_at = next_at.max(now).saturating_add(every.unwrap_or_default());
        let inner = Box::new(Branch::new(steps, mark));
        branch.state = Doing::Again { left: left - 1, next_at, inner };
        Ok(true)
    }

    fn look(&mut self, branch: &mut Branch<'s>, step: &'s Step) -> Result<bool, Halt> {
        let (Doing::Looking { look, until }, Action::Expect(expectation)) =
            (&mut branch.state, &step.action)
        else {
            return Ok(false);
        };
        let over = self.stage.now() >= *until;
        let until = *until;
        let progress = match &expectation.subject {
            Subject::Agents(kind, state) => match self.stage.agents(kind.as_deref(), state) {
                Ok(()) => Progress::Found(None),
                Err(reason) if over => Progress::Hopeless(reason),
                Err(_) => Progress::Open,
            },
            _ => look.advance(&self.chronicle, &self.bindings, over),
        };
        match progress {
            Progress::Open if !over => Ok(false),
            Progress::Open => {
                let found = look.found();
                let message = match found {
                    0 => "it did not come in its time".to_owned(),
                    found => format!("only {found} came in its time"),
                };
                let nearest = look.nearest(&self.chronicle);
                Err(failed(step, message, nearest))
            }
            Progress::Hopeless(message) => {
                let nearest = look.nearest(&self.chronicle);
                Err(failed(step, message, nearest))
            }
            Progress::Found(index) => {
                let look = look.clone();
                self.found(&look, expectation, index, step, until)?;
                let mark = index.map_or(branch.mark, |index| branch.mark.max(index + 1));
                self.met_at(branch, step, mark)
            }
        }
    }

    fn found(
        &mut self,
        look: &Look,
        expectation: &Expectation,
        index: Option<usize>,
        step: &Step,
        until: Timestamp,
    ) -> Result<(), Halt> {
        if let Some(index) = index {
            let record = &self.chronicle.records()[index];
            let saved = look.save(expectation, record, &self.bindings);
            self.bindings.extend(saved.map_err(|message| failed(step, message, None))?);
        }
        if let Some(most) = look.watch() {
            let index = self.watched.len();
            self.watched.push((step.title.clone(), place(step)));
            self.watches.push(Watch { look: look.clone(), most, until, step: index });
        }
        Ok(())
    }

    /// The step did what it should; what was said before now is behind.
    pub(super) fn met(&mut self, branch: &mut Branch<'s>, step: &Step) -> Result<bool, Halt> {
        // A note, or a crash still to come, changes nothing that the next step could look back to.
        let mark = match step.action {
            Action::Note(_) | Action::Crash(_) => branch.mark,
            _ => self.chronicle.records().len(),
        };
        self.met_at(branch, step, mark)
    }

    fn met_at(&mut self, branch: &mut Branch<'s>, step: &Step, mark: usize) -> Result<bool, Halt> {
        let outcome = self.outcome(branch, step, Verdict::Met);
        self.audience.ended(&outcome);
        self.outcomes.push(outcome);
        branch.next(mark);
        Ok(true)
    }

    fn outcome(&self, branch: &Branch<'_>, step: &Step, verdict: Verdict) -> Outcome {
        Outcome {
            step: step.title.clone(),
            words: waited_words(step),
            file: step.source.name.clone(),
            line: step.place.line,
            began_at: branch.began_at,
            ended_at: self.stage.now(),
            budget_seconds: budget(step).map(|budget| budget.as_secs_f64()),
            verdict,
        }
    }

    /// Writes down that `step` failed, and gives what the script itself asked wrongly to the step.
    fn note_failure(&mut self, branch: &Branch<'_>, step: &Step, halt: Halt) -> Halt {
        let halt = match halt {
            Halt::World(error) if error.is_the_scripts() => failed(step, error.to_string(), None),
            other => other,
        };
        if let Halt::Failed { step: title, message, nearest, .. } = &halt
            && *title == step.title
        {
            let verdict = Verdict::Failed { message: message.clone(), nearest: nearest.clone() };
            let outcome = self.outcome(branch, step, verdict);
            self.audience.ended(&outcome);
            self.outcomes.push(outcome);
        }
        halt
    }

    /// Whether only `always` is left.
    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }
}

/// Whether `step` does something whose consequences come before the next step.
fn acted(step: &Step) -> bool {
    !matches!(step.action, Action::Expect(_) | Action::Note(_) | Action::Parallel(_))
}

/// The failure of `step`.
pub(super) fn failed(step: &Step, message: impl Into<String>, nearest: Option<String>) -> Halt {
    Halt::Failed { step: step.title.clone(), place: place(step), message: message.into(), nearest }
}

fn place(step: &Step) -> String {
    format!("{}:{}", step.source.name, step.place.line)
}
