//! Contacts through a real webhook, our process killed in between, judged by the provider's own ledger.
//!
//! The provider is a process of its own: this program, started again. It drops a tenth of its replies after the work
//! is done. The intents are put on the log while our process is down, so that each life begins with work to do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "a client of another process has its own clock and threads"
)]
#![expect(
    clippy::print_stdout,
    reason = "the provider says where it serves, the test what was judged"
)]

mod intents;
mod ours;
mod provider;

use intents::Log;
use messages::effect::Conclusion;
use ours::Ours;
use provider::{Provider, Takes};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use runtime::crash::EFFECT_POINTS;

/// Contacts intended before each life.
const CONTACTS_PER_LIFE: u64 = 40;
/// Crashes at each named point.
const CRASHES_PER_POINT: u64 = 2;
/// Kills at instants that only the provider's ledger decides.
const KILLS: u64 = 4;

/// What became of all contacts with a receiver that honours what `takes` says.
struct Judged {
    contacts: u64,
    accepted: u64,
    uncertain: u64,
    dropped: usize,
}

/// Lives and deaths of our process, then one life to the end; what came of it.
fn judged(takes: Takes) -> Judged {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start(folder.path(), takes);
    let mut log = Log::new(folder.path());
    let mut ours = Ours::configured(folder.path(), provider.url(), takes);
    let mut chance = Xoshiro256PlusPlus::seed_from_u64(5);
    for point in EFFECT_POINTS {
        for _ in 0..CRASHES_PER_POINT {
            log.intend(CONTACTS_PER_LIFE);
            ours.start(Some((point, chance.gen_range(1..=3))));
            ours.wait_for_crash();
        }
    }
    for _ in 0..KILLS {
        log.intend(CONTACTS_PER_LIFE);
        let calls = provider.ledger().calls + chance.gen_range(1..CONTACTS_PER_LIFE / 2);
        ours.start(None);
        provider.wait_for_calls(calls);
        ours.kill();
    }
    ours.start(None);
    ours.wait_until_settled();
    ours.stop();
    judge(&log, &provider)
}

/// Holds what our log says against what the provider's ledger says.
fn judge(log: &Log, provider: &Provider) -> Judged {
    let ledger = provider.ledger();
    assert_eq!(ledger.wrong, Vec::<String>::new(), "each request is a request");
    let mut judged =
        Judged { contacts: log.intended(), accepted: 0, uncertain: 0, dropped: ledger.dropped };
    let concluded = log.concluded();
    for key in log.keys() {
        let conclusions = &concluded[&key];
        let done = ledger.done.get(&key).copied().unwrap_or(0);
        assert!(done <= 1, "`{key}` was done {done} times");
        match &conclusions[..] {
            [Conclusion::Accepted { reference, .. }] => {
                assert_eq!(done, 1, "`{key}` is said to be accepted");
                assert_eq!(reference.as_deref(), Some(&*format!("did {key}")));
                judged.accepted += 1;
            }
            [Conclusion::Uncertain { .. }] => judged.uncertain += 1,
            other => panic!("`{key}` ended as {other:?}"),
        }
    }
    println!(
        "{} contacts, {} accepted, {} uncertain; the provider was called {} times, asked {} times and dropped {} replies",
        judged.contacts,
        judged.accepted,
        judged.uncertain,
        ledger.calls,
        ledger.asked,
        judged.dropped
    );
    assert!(judged.dropped > 0, "replies were dropped");
    judged
}

#[test]
fn a_receiver_that_takes_no_keys_is_called_at_most_once_and_what_is_ambiguous_is_uncertain() {
    let judged = judged(Takes::Nothing);
    assert!(judged.uncertain > 0 && judged.accepted > judged.uncertain);
    assert_eq!(judged.accepted + judged.uncertain, judged.contacts);
}

#[test]
fn a_receiver_that_takes_keys_does_each_contact_once() {
    let judged = judged(Takes::Keys);
    assert_eq!(judged.accepted, judged.contacts);
}

#[test]
fn a_receiver_that_can_be_asked_does_each_contact_once() {
    let judged = judged(Takes::Questions);
    assert_eq!(judged.accepted, judged.contacts);
}

#[test]
fn the_provider_keeps_keys_and_drops_some_replies_after_the_work() {
    if provider::is_asked_for() {
        provider::serve();
    }
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::start(folder.path(), Takes::Keys);
    let agent = ureq::Agent::config_builder().max_idle_connections(0).build().new_agent();
    let mut answered = 0;
    for number in 0..100 {
        for _ in 0..2 {
            let key = format!("k{number}");
            let body = format!(r#"{{"effect_key":"{key}"}}"#);
            let post = agent.post(provider.url()).header("Idempotency-Key", &key);
            answered += usize::from(post.send(body).is_ok());
        }
    }
    let ledger = provider.ledger();
    assert_eq!((ledger.calls, ledger.done.len()), (200, 100));
    assert!(ledger.done.values().all(|times| *times == 1));
    assert_eq!(answered + ledger.dropped, 200);
    assert!((5..40).contains(&ledger.dropped), "{} replies dropped", ledger.dropped);
}
