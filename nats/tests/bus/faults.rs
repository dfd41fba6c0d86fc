//! Servers killed and networks spoilt under load: nothing acknowledged is lost, nothing is stored twice, order is kept.

use crate::proxy::Proxy;
use crate::support::{bus, connect, entries, ids, ids_on_log, world};
use messages::MessageId;
use nats::bus::JetStream;
use runtime::bus::Bus;
use runtime::store::{Partition, ReadLimit};
use std::time::Duration;
use tokio::sync::watch;

const LOG: Partition = Partition::LOG;

/// How far a writer has come.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// Appends that were begun.
    begun: u64,
    /// Appends that were acknowledged.
    acknowledged: u64,
}

/// Appends until `enough` says so; gives how many entries were acknowledged. Sizes go from 1 to 20.
async fn write(
    bus: &JetStream,
    progress: &watch::Sender<Progress>,
    mut enough: impl FnMut(u64) -> bool,
) -> u64 {
    let mut next = 0;
    for size in (1..=20).cycle() {
        progress.send_modify(|progress| progress.begun += 1);
        bus.append(entries("master", next..next + size)).await.unwrap();
        next += size;
        progress.send_modify(|progress| progress.acknowledged += 1);
        if enough(next) {
            return next;
        }
    }
    unreachable!("the cycle has no end")
}

/// Reads on from the beginning until `total` entries were read.
async fn follow(bus: &JetStream, mut total: watch::Receiver<Option<u64>>) -> Vec<MessageId> {
    let (mut after, mut read) = (0, Vec::new());
    loop {
        let known = *total.borrow_and_update();
        if known.is_some_and(|total| read.len() as u64 >= total) {
            return read;
        }
        let batch = tokio::select! {
            biased;
            batch = bus.read(LOG, after, ReadLimit::default()) => batch.unwrap(),
            Ok(()) = total.changed() => continue,
        };
        after = batch.last().unwrap().sequence;
        read.extend(batch.into_iter().map(|delivery| delivery.envelope.id));
    }
}

/// Waits until a write is under way that was begun after this call.
async fn next_write(progress: &watch::Sender<Progress>) {
    let before = progress.borrow().begun;
    let mut progress = progress.subscribe();
    progress.wait_for(|now| now.begun > before && now.begun > now.acknowledged).await.unwrap();
}

/// Waits until a write is acknowledged that was begun after this call.
async fn next_acknowledgement(progress: &watch::Sender<Progress>) {
    let before = progress.borrow().begun;
    let mut progress = progress.subscribe();
    progress.wait_for(|now| now.acknowledged > before).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_under_load_loses_repeats_and_reorders_nothing() {
    const KILLS: u32 = 8;
    let mut world = world().await;
    let (writer, reader) = (world.bus("master", 1), world.bus("reader", 1));
    let progress = watch::Sender::new(Progress::default());
    let (killed, total) = (watch::Sender::new(false), watch::Sender::new(None));
    let faults = async {
        let mut cut_off = 0;
        for _ in 0..KILLS {
            next_write(&progress).await;
            let at_kill = *progress.borrow();
            world.server.kill().unwrap();
            cut_off += at_kill.begun - at_kill.acknowledged;
            world.server.start_again().unwrap();
            next_acknowledgement(&progress).await;
        }
        killed.send_replace(true);
        cut_off
    };
    let load = async {
        let written = write(&writer, &progress, |_| *killed.borrow()).await;
        total.send_replace(Some(written));
        written
    };
    let (cut_off, written, read) = tokio::join!(faults, load, follow(&reader, total.subscribe()));
    println!("{KILLS} kills, {cut_off} appends under way at one, {written} entries");
    assert!(cut_off > 0, "no kill met an append");
    assert_eq!(read, ids("master", 0..written), "what was read while it was written");
    assert_eq!(ids_on_log(&reader).await, ids("master", 0..written), "what is stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_acknowledgements_lose_and_repeat_nothing() {
    let world = world().await;
    let proxy = Proxy::start(world.server.port()).await;
    let writer = bus(connect(&proxy.url()).await, "master", 1);
    proxy.set(|weather| weather.loses_each = 10);
    let progress = watch::Sender::new(Progress::default());
    let written = write(&writer, &progress, |_| proxy.lost() == 5).await;
    println!("{} acknowledgements lost, {written} entries", proxy.lost());
    assert_eq!(ids_on_log(&world.bus("reader", 1)).await, ids("master", 0..written));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spoilt_network_loses_repeats_and_reorders_nothing() {
    const ROUNDS: u32 = 3;
    let world = world().await;
    let proxy = Proxy::start(world.server.port()).await;
    let writer = bus(connect(&proxy.url()).await, "master", 1);
    let reader = bus(connect(&proxy.url()).await, "reader", 1);
    let progress = watch::Sender::new(Progress::default());
    let (healed, total) = (watch::Sender::new(false), watch::Sender::new(None));
    let faults = async {
        for round in 0..3 * ROUNDS {
            next_write(&progress).await;
            if round % 3 > 0 {
                // One way or both; over when a write has gone unanswered for so long that it is looked up.
                let before = proxy.swallowed_bytes();
                proxy.set(|weather| {
                    weather.swallows_questions = round % 3 == 2;
                    weather.swallows_answers = true;
                });
                next_write_or(&progress, Duration::from_millis(2_500)).await;
                assert!(proxy.swallowed_bytes() > before, "round {round} spoilt nothing");
                proxy.set(|weather| {
                    weather.swallows_questions = false;
                    weather.swallows_answers = false;
                });
            }
            proxy.cut();
            next_acknowledgement(&progress).await;
        }
        healed.send_replace(true);
    };
    let load = async {
        let written = write(&writer, &progress, |_| *healed.borrow()).await;
        total.send_replace(Some(written));
        written
    };
    let ((), written, read) = tokio::join!(faults, load, follow(&reader, total.subscribe()));
    println!(
        "{} faults, {} bytes swallowed, {written} entries",
        3 * ROUNDS,
        proxy.swallowed_bytes()
    );
    assert_eq!(read, ids("master", 0..written), "what was read while it was written");
    assert_eq!(
        ids_on_log(&world.bus("other", 1)).await,
        ids("master", 0..written),
        "what is stored"
    );
}

/// Waits until another write is begun, at most for `patience`.
async fn next_write_or(progress: &watch::Sender<Progress>, patience: Duration) {
    let _in_time = tokio::time::timeout(patience, next_write(progress)).await;
}
