//! A provider with a book of its own: what it was asked, and what it did.

use crate::ringer::Ring;
use messages::effect::Policy;
use runtime::effects::{Answer, Attempt, Performer, Reach, Rules};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

/// How one call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is done, and said so.
    Done,
    /// It is done; the reply is lost.
    DoneUnsaid,
    /// It is not done; no reply comes either.
    LostBefore,
    /// Nobody is there.
    Unreached,
    /// The provider says no.
    Refused,
    /// Our side of it panics before anything is sent.
    Panics,
}

/// What the provider knows, whatever happens to us.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Keys in the order in which calls came.
    pub(crate) calls: Vec<String>,
    /// Times that the work was done, by key.
    pub(crate) done: BTreeMap<String, u32>,
    /// Questions that came.
    pub(crate) asked: u32,
    /// How the next calls go; then each is done.
    pub(crate) ways: VecDeque<Way>,
    /// Questions that remain without an answer.
    pub(crate) deaf: u32,
}

impl Book {
    /// Times that the work was done, whatever for.
    pub(crate) fn work(&self) -> u32 {
        self.done.values().sum()
    }
}

/// What makes the rules of a provider.
type MakeRules = Arc<dyn Fn() -> Box<dyn Rules<Ring>> + Send + Sync>;

/// The provider.
#[derive(Clone)]
pub(crate) struct Provider {
    policy: Policy,
    reach: Reach,
    rules: Option<MakeRules>,
    book: Arc<Mutex<Book>>,
}

impl Provider {
    pub(crate) fn of(policy: Policy) -> Self {
        Self { policy, reach: Reach::Outside, rules: None, book: Arc::default() }
    }

    pub(crate) fn inside(self) -> Self {
        Self { reach: Reach::Inside, ..self }
    }

    pub(crate) fn ruled<R: Rules<Ring>>(
        self,
        make: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        Self { rules: Some(Arc::new(move || Box::new(make()))), ..self }
    }

    pub(crate) fn going(self, ways: &[Way]) -> Self {
        self.book().ways = ways.iter().copied().collect();
        self
    }

    pub(crate) fn deaf_to(self, questions: u32) -> Self {
        self.book().deaf = questions;
        self
    }

    pub(crate) fn calls_and_questions(&self) -> (usize, u32) {
        let book = self.book();
        (book.calls.len(), book.asked)
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn accepted() -> (Option<String>, Option<String>) {
    (Some("bell".to_owned()), None)
}

impl Performer<Ring> for Provider {
    fn rules(&self) -> Box<dyn Rules<Ring>> {
        match &self.rules {
            Some(make) => make(),
            None => Box::new(Free),
        }
    }

    fn policy(&self, _effect: &Ring) -> Policy {
        self.policy
    }

    fn reach(&self, _effect: &Ring) -> Reach {
        self.reach
    }

    fn perform(&self, effect: &Ring) -> Attempt {
        let mut book = self.book();
        let key = effect.effect_key.clone();
        let way = book.ways.pop_front().unwrap_or(Way::Done);
        assert!(way != Way::Panics, "as it was told");
        if way != Way::Unreached {
            book.calls.push(key.clone());
        }
        if matches!(way, Way::Done | Way::DoneUnsaid) {
            let times = book.done.entry(key).or_default();
            // Only a provider that takes keys knows that it has done this before.
            if self.policy != Policy::IdempotentRetry || *times == 0 {
                *times += 1;
            }
        }
        let reason = || format!("{way:?}");
        match way {
            Way::Done => {
                let (reference, reply) = accepted();
                Attempt::Accepted { reference, reply }
            }
            Way::Refused => Attempt::Refused { reason: reason() },
            Way::Unreached => Attempt::Unreached { reason: reason() },
            Way::DoneUnsaid | Way::LostBefore | Way::Panics => Attempt::Lost { reason: reason() },
        }
    }

    fn query(&self, effect: &Ring) -> Answer {
        let mut book = self.book();
        book.asked += 1;
        if book.deaf > 0 {
            book.deaf -= 1;
            return Answer::Unreached { reason: "nobody answers".to_owned() };
        }
        let (reference, reply) = accepted();
        match book.done.get(&effect.effect_key) {
            Some(1..) => Answer::Found { reference, reply },
            _ => Answer::NotFound,
        }
    }
}

struct Free;

impl Rules<Ring> for Free {
    fn hear(&mut self, _record: &messages::Envelope) {}

    fn admit(
        &self,
        _effect: &Ring,
        _intent: &messages::Envelope,
        _now: messages::Timestamp,
    ) -> runtime::effects::Admission {
        runtime::effects::Admission::Now
    }
}
