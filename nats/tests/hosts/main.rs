//! Processes on one log, each here a deployment of this program's own on a real server: what is said once, who takes over
//! and who may not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod adder;
mod config;
mod permitted;
mod services;
mod site;

use adder::{Added, Summed};
use messages::{Envelope, MessageId, Origin, Stream};
use nats::lease::LEASE_TTL;
use runtime::board::HostState;
use runtime::bus::Bus;
use runtime::committer::Entry;
use runtime::store::Partition;
use site::{Log, Site};

/// The `number`-th thing to add, said by people.
fn added(number: u64) -> Envelope {
    let message = Added { key: "sum".to_owned(), value: number };
    let id = MessageId::named("hosts", &number.to_string());
    Envelope::new(id, "facade", &message).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_says_is_on_every_log_once_and_in_one_order() {
    let log = Log::make().await;
    let (one, other) = (log.site("one").await, log.site("other").await);
    for number in 1..=20 {
        let site = if number % 2 == 0 { &one } else { &other };
        site.say(&added(number)).await;
    }
    let sums = one.until_said::<Summed>(20).await;
    other.until_said::<Summed>(20).await;
    assert_eq!(sums.last().unwrap().sum, (1..=20).sum::<u64>());
    let (ids, others) = (one.ids(Partition::LOG), other.ids(Partition::LOG));
    let short = ids.len().min(others.len());
    assert_eq!(ids[..short], others[..short]);
    assert_eq!(site::distinct(&ids), ids.len(), "each once");
    let (owner, standby) =
        if one.state() == HostState::Standby { (&other, &one) } else { (&one, &other) };
    owner.until(HostState::Ready).await;
    standby.until(HostState::Standby).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_processes_say_under_one_name_is_said_once() {
    let log = Log::make().await;
    let (one, other) = (log.site("one").await, log.site("other").await);
    for number in 1..=10 {
        let said = added(number);
        let (here, there) = tokio::join!(one.say(&said), other.say(&said));
        assert_eq!(here, there, "both are told the same place");
    }
    let sums = one.until_said::<Summed>(10).await;
    assert_eq!(sums.last().unwrap().sum, (1..=10).sum::<u64>());
    let ids = one.ids(Partition::LOG);
    assert_eq!(site::distinct(&ids), ids.len(), "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_has_is_not_said_again_after_a_kill() {
    let log = Log::make().await;
    // So many that reading them takes longer than taking over.
    let people = log.producer("somebody").await;
    for hundred in 0..40 {
        let said = (0..100).map(|number| {
            let id = MessageId::named("before", &(hundred * 100 + number).to_string());
            Entry::from(Envelope { id, source: "somebody".to_owned(), ..added(0) })
        });
        people.append(said.collect()).await.unwrap();
    }
    let site = log.killed_after_saying("one", &added(1)).await;
    // All of it reached the server, and the answer was lost with the process.
    let facade = log.producer("facade").await;
    facade.append(site.unsaid().into_iter().map(Entry::from).collect()).await.unwrap();
    let site = log.again(site).await;
    site.reached().await;
    site.say(&added(2)).await;
    let ids = site.ids(Partition::LOG);
    let times = |number| ids.iter().filter(|id| **id == added(number).id).count();
    assert_eq!((times(1), times(2)), (1, 1));
    site.said_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_repeat_is_said_wherever_it_came_from() {
    let log = Log::make().await;
    // As a dead letter is replayed: it keeps the place in the input of whoever said it first.
    let repeated = |number: u64, sequence| Envelope {
        origin: Some(Origin { stream: Stream::Log, partition: 0, sequence, index: 0 }),
        causation_id: Some(MessageId::named("dead", &number.to_string())),
        addressed_to: Some("adder".to_owned()),
        ..added(number)
    };
    let one = log.site("one").await;
    one.say(&repeated(1, 50)).await;
    let one = log.again(one.stop().await).await;
    one.reached().await;
    one.say(&repeated(2, 30)).await;
    let sums = one.until_said::<Summed>(2).await;
    assert_eq!(sums.iter().map(|said| said.sum).collect::<Vec<_>>(), [1, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stands_by_goes_on_where_the_other_was_killed() {
    let log = Log::make().await;
    let one = log.site("one").await;
    one.until(HostState::Ready).await;
    let other = log.site("other").await;
    for number in 1..=50 {
        one.say(&added(number)).await;
    }
    one.until_said::<Summed>(25).await;
    let begun = site::stopwatch();
    drop(one);
    other.until(HostState::Ready).await;
    let taken = begun.elapsed();
    for number in 51..=60 {
        other.say(&added(number)).await;
    }
    let sums = other.until_said::<Summed>(60).await;
    let counts: Vec<u64> = sums.iter().map(|said| said.count).collect();
    assert_eq!(counts, (1..=60).collect::<Vec<u64>>(), "each once, in order");
    assert_eq!(sums.last().unwrap().sum, (1..=60).sum::<u64>());
    assert!(taken < LEASE_TTL * 3, "taken over after {taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_given_back_is_taken_at_once_and_its_first_holder_can_come_back() {
    let log = Log::make().await;
    let one = log.site("one").await;
    one.until(HostState::Ready).await;
    let other = log.site("other").await;
    one.say(&added(1)).await;
    other.until_said::<Summed>(1).await;
    let stopped = one.stop().await;
    other.until(HostState::Ready).await;
    other.say(&added(2)).await;
    other.until_said::<Summed>(2).await;
    let one = log.again(stopped).await;
    one.reached().await;
    other.stop().await;
    one.until(HostState::Ready).await;
    one.say(&added(3)).await;
    let sums = one.until_said::<Summed>(3).await;
    assert_eq!(sums.iter().map(|said| said.sum).collect::<Vec<_>>(), [1, 3, 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_made_anew_is_not_taken_for_the_one_before() {
    let log = Log::make().await;
    let one = log.site("one").await;
    one.say(&added(1)).await;
    let stopped: Site = one.stop().await;
    log.make_anew().await;
    let one = log.again(stopped).await;
    let trouble = one.trouble("log").await;
    assert!(trouble.contains("made anew"), "{trouble}");
    assert!(one.ask(&added(2)).await.is_err());
}
