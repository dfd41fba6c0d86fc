//! A provider of contacts that outlives whoever calls it, keeps a book of its own and loses replies.

use agents::engagement::Caps;
use agents::engagement::moment::QuietHours;
use aurorasync::effects::Manners;
use messages::contact::ContactSend;
use messages::effect::{Effect, Policy};
use runtime::effects::{Answer, Attempt, Performer, Reach, Rules};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// One reply in so many is lost after the work was done, where the provider can be asked.
const REPLIES_TO_A_LOSS: u32 = 3;

/// The provider; copies share one book.
#[derive(Clone)]
pub(crate) struct Provider {
    policy: Policy,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    calls: u32,
    calls_by_key: BTreeMap<String, u32>,
    done_by_key: BTreeMap<String, u32>,
}

impl Provider {
    pub(crate) fn of(policy: Policy) -> Self {
        Self { policy, book: Arc::default() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panics over the book")
    }

    /// Keys under which the work was done more than once.
    pub(crate) fn done_twice(&self) -> BTreeSet<String> {
        more_than_once(&self.book().done_by_key)
    }

    /// Keys under which it was called more than once.
    pub(crate) fn called_twice(&self) -> BTreeSet<String> {
        more_than_once(&self.book().calls_by_key)
    }
}

fn more_than_once(counts: &BTreeMap<String, u32>) -> BTreeSet<String> {
    counts.iter().filter(|(_, count)| **count > 1).map(|(key, _)| key.clone()).collect()
}

impl Performer<ContactSend> for Provider {
    fn rules(&self) -> Box<dyn Rules<ContactSend>> {
        Box::new(Manners::new(QuietHours::default(), Caps::default()))
    }

    fn policy(&self, _: &ContactSend) -> Policy {
        self.policy
    }

    fn reach(&self, _: &ContactSend) -> Reach {
        Reach::Outside
    }

    fn perform(&self, contact: &ContactSend) -> Attempt {
        let key = contact.effect_key().to_owned();
        let mut book = self.book();
        book.calls += 1;
        *book.calls_by_key.entry(key.clone()).or_default() += 1;
        *book.done_by_key.entry(key.clone()).or_default() += 1;
        if self.policy == Policy::QueryThenRetry && book.calls.is_multiple_of(REPLIES_TO_A_LOSS) {
            return Attempt::Lost { reason: "the reply was lost".to_owned() };
        }
        Attempt::Accepted { reference: Some(key), reply: None }
    }

    fn query(&self, contact: &ContactSend) -> Answer {
        match self.book().done_by_key.contains_key(contact.effect_key()) {
            true => Answer::Found { reference: None, reply: None },
            false => Answer::NotFound,
        }
    }
}
