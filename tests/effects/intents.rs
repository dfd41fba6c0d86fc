//! The log of our process while it is down: contacts put there, and what it says became of them.

use aurorasync::upkeep::store_folder;
use messages::consent::{Channel, ConsentChanged};
use messages::contact::{ContactSend, Purpose};
use messages::effect::{Conclusion, EffectConcluded};
use messages::prediction::Severity;
use messages::{CaseId, Envelope, Message, MessageId, Timestamp};
use runtime::clock::Clock;
use runtime::committer::{Entry, Request, Writer};
use runtime::router::{PARTITIONS_EMBEDDED, Router};
use runtime::store::sled::SledStore;
use runtime::store::{Partition, ReadLimit, Store};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The log between two lives.
pub(crate) struct Log {
    data: PathBuf,
    intended: u64,
}

impl Log {
    /// A new log, on which the owner allows to be called.
    pub(crate) fn new(folder: &Path) -> Self {
        let log = Self { data: folder.join("data"), intended: 0 };
        std::fs::create_dir_all(&log.data).unwrap();
        let consent = ConsentChanged {
            owner: "ann".to_owned(),
            granted: vec![Channel::Voice],
            revoked: Vec::new(),
            reason: "asked at the door".to_owned(),
        };
        log.append(vec![entry("consent", &consent)]);
        log
    }

    pub(crate) fn intended(&self) -> u64 {
        self.intended
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = String> + use<> {
        (0..self.intended).map(|number| format!("case-{number}:call"))
    }

    /// Puts so many more contacts on the log, as an agent would.
    pub(crate) fn intend(&mut self, count: u64) {
        let contacts = (self.intended..self.intended + count).map(|number| {
            let contact = ContactSend {
                effect_key: format!("case-{number}:call"),
                case: CaseId::of(MessageId::default(), &number.to_string()),
                asset: "VEH001".to_owned(),
                owner: "ann".to_owned(),
                channel: Channel::Voice,
                purpose: Purpose::UrgentAlert,
                text: "Please stop: the brakes are worn.".to_owned(),
                severity: Severity::Emergency,
                asked_for: false,
                promised: None,
                expires_at: Timestamp::MAX,
            };
            entry(&number.to_string(), &contact)
        });
        let contacts = contacts.collect();
        self.append(contacts);
        self.intended += count;
    }

    /// How each contact ended, by its key; an entry for each time that it did.
    pub(crate) fn concluded(&self) -> BTreeMap<String, Vec<Conclusion>> {
        let store = self.store();
        let mut concluded: BTreeMap<String, Vec<Conclusion>> = BTreeMap::new();
        let mut after = 0;
        loop {
            let batch = store.read(Partition::LOG, after, ReadLimit::default()).unwrap();
            let Some(last) = batch.last() else { return concluded };
            after = last.sequence;
            for delivery in batch.iter().filter(|read| read.envelope.name == EffectConcluded::NAME)
            {
                let ended: EffectConcluded = delivery.envelope.open().unwrap();
                concluded.entry(ended.effect_key).or_default().push(ended.conclusion);
            }
        }
    }

    fn append(&self, entries: Vec<Entry>) {
        let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, std::iter::empty()));
        let mut writer = Writer::new(self.store(), Clock::Real, router);
        for answer in writer.commit(vec![Request::Append(entries)]).unwrap() {
            answer.unwrap();
        }
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(SledStore::open(&store_folder(&self.data)).unwrap())
    }
}

fn entry<M: Message>(name: &str, message: &M) -> Entry {
    let id = MessageId::named("effects", &format!("{}/{name}", M::NAME));
    Envelope::new(id, "engagement", message).unwrap().into()
}
