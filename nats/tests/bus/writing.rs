//! What one producer can rely on when it writes, and one reader when it reads.

use crate::support::{World, bus, connect, entries, entry, everything, ids, ids_on_log, world};
use futures_util::StreamExt;
use messages::{Class, Envelope, Origin, Stream};
use nats::bus::{Position, Read};
use nats::streams;
use runtime::bus::{Bus, BusError};
use runtime::store::{Partition, ReadLimit, StoreError};
use std::time::Duration;
use uuid::Uuid;

const LOG: Partition = Partition::LOG;

#[tokio::test]
async fn the_bus_of_a_server_keeps_what_every_bus_promises() {
    let world = world().await;
    runtime::testkit::bus_contract::check(world.bus("contract", 1)).await;
}

#[tokio::test]
async fn a_former_owner_is_refused_every_write() {
    let world = world().await;
    let (former, owner) = (world.bus("master", 1), world.bus("master", 2));
    former.append(entries("master", 0..3)).await.unwrap();
    assert_eq!(owner.watermark(LOG).await.unwrap(), None);
    for number in 0..5 {
        let refused = former.append(entries("master", 10 + number..11 + number)).await;
        assert!(matches!(refused, Err(BusError::Refused(_))), "{refused:?}");
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("another owner since epoch 2"), "{said}");
        owner.append(entries("master", 3 + number..4 + number)).await.unwrap();
    }
    // One that never wrote is refused at its first word too.
    assert!(world.bus("master", 1).append(entries("master", 20..21)).await.is_err());
    assert_eq!(ids_on_log(&owner).await, ids("master", 0..8));
}

#[tokio::test]
async fn the_next_owner_is_told_how_far_the_one_before_had_spoken() {
    let world = world().await;
    let origin = Origin { stream: Stream::Health, partition: 3, sequence: 41, index: 2 };
    let mut said = entries("diagnosis", 0..3);
    said[2].envelope.origin = Some(origin);
    world.bus("diagnosis", 1).append(said).await.unwrap();
    let next = world.bus("diagnosis", 2);
    assert_eq!(next.watermark(LOG).await.unwrap(), Some(origin));
    // What came from nowhere leaves the watermark where it was.
    next.append(entries("diagnosis", 3..4)).await.unwrap();
    assert_eq!(world.bus("diagnosis", 3).watermark(LOG).await.unwrap(), Some(origin));
}

#[tokio::test]
async fn producers_do_not_stand_in_each_others_way() {
    let world = world().await;
    let (master, scheduling) = (world.bus("master", 1), world.bus("scheduling", 1));
    let write = |bus: nats::bus::JetStream, name: &'static str| async move {
        for number in 0..20 {
            bus.append(entries(name, number..number + 1)).await.unwrap();
        }
    };
    tokio::join!(write(master.clone(), "master"), write(scheduling, "scheduling"));
    let read = everything(&master, 0).await;
    for name in ["master", "scheduling"] {
        let own = read.iter().filter(|delivery| delivery.envelope.source == name);
        let own: Vec<_> = own.map(|delivery| delivery.envelope.id).collect();
        assert_eq!(own, ids(name, 0..20), "{name}");
    }
}

#[tokio::test]
async fn a_reader_has_one_request_standing_however_much_it_reads() {
    let world = world().await;
    let master = world.bus("master", 1);
    for number in 0..4 {
        master.append(entries("master", number * 500..(number + 1) * 500)).await.unwrap();
    }
    assert_eq!(everything(&master, 0).await.len(), 2_000);
    let stream = world.connection.jetstream().get_stream(streams::LOG).await.unwrap();
    let consumers = stream.consumers().map(|consumer| consumer.unwrap().num_waiting);
    let waiting: Vec<usize> = consumers.collect().await;
    assert!(waiting.iter().all(|requests| *requests <= 1), "{waiting:?}");
}

#[tokio::test]
async fn appends_that_nobody_waits_for_are_stored_once_or_not_at_all() {
    let world = world().await;
    let master = world.bus("master", 1);
    for number in 0..40_u32 {
        let append = master.append(entries("master", u64::from(number)..u64::from(number) + 1));
        // Given up at another step each time, then said again.
        let patience = Duration::from_micros(u64::from(number) * 60);
        let given_up = tokio::time::timeout(patience, append).await.is_err();
        if given_up {
            let number = u64::from(number);
            master.append(entries("master", number..number + 1)).await.unwrap();
        }
    }
    assert_eq!(ids_on_log(&master).await, ids("master", 0..40));
}

#[tokio::test]
async fn a_full_stream_refuses_the_whole_append_and_takes_it_later() {
    let world = world().await;
    let master = world.bus("master", 1);
    master.append(entries("master", 0..5)).await.unwrap();
    limit_log(&world, 10).await;
    let refused = master.append(entries("master", 5..15)).await;
    assert!(matches!(refused, Err(BusError::Overloaded(_))), "{refused:?}");
    assert_eq!(ids_on_log(&master).await, ids("master", 0..5));
    limit_log(&world, 100).await;
    master.append(entries("master", 5..15)).await.unwrap();
    assert_eq!(ids_on_log(&master).await, ids("master", 0..15));
}

async fn limit_log(world: &World, messages_max: i64) {
    let jetstream = world.connection.jetstream();
    let mut config = jetstream.get_stream("LOG").await.unwrap().cached_info().config.clone();
    config.max_messages = messages_max;
    jetstream.update_stream(config).await.unwrap();
}

#[tokio::test]
async fn heads_outlive_what_they_speak_for() {
    let world = world().await;
    let origin = Origin { stream: Stream::Log, partition: 0, sequence: 7, index: 0 };
    let (master, idle) = (world.bus("master", 4), world.bus("feedback", 2));
    let mut said = entries("feedback", 0..1);
    said[0].envelope.origin = Some(origin);
    idle.append(said).await.unwrap();
    master.append(entries("master", 0..5)).await.unwrap();
    let head = master.head(LOG).await.unwrap();
    // The heads stand behind the newest record; they would go with the records of the next trim.
    master.trim(LOG, head + 1).await.unwrap();
    assert_eq!(master.head(LOG).await.unwrap(), head + 1, "nothing is left but heads");
    assert_eq!(world.bus("feedback", 3).watermark(LOG).await.unwrap(), Some(origin));
    let former = world.bus("master", 3).append(entries("master", 9..10)).await;
    assert!(matches!(former, Err(BusError::Refused(_))), "{former:?}");
    master.append(entries("master", 5..6)).await.unwrap();
    let read = master.read(LOG, head + 1, ReadLimit::default()).await.unwrap();
    assert_eq!(read[0].envelope.id, ids("master", 5..6)[0]);
}

#[tokio::test]
async fn a_cursor_is_refused_where_reading_would_pass_something_over() {
    let world = world().await;
    let master = world.bus("master", 1);
    master.append(entries("master", 0..5)).await.unwrap();
    let here = master.position(LOG, 3).await.unwrap();
    master.check(LOG, here).await.unwrap();
    let says = |position: Position| {
        let master = master.clone();
        async move { master.check(LOG, position).await.unwrap_err().to_string() }
    };
    let above = says(Position { sequence: 900, ..here }).await;
    assert!(above.contains("the server came back older"), "{above}");
    let other = says(Position { stream_id: Uuid::from_u128(1), ..here }).await;
    assert!(other.contains("was made anew"), "{other}");
    master.trim(LOG, 4).await.unwrap();
    let trimmed = says(here).await;
    assert!(trimmed.contains("begins at 5"), "{trimmed}");
    let read = master.read(LOG, 3, ReadLimit::default()).await;
    let forgotten =
        matches!(read, Err(BusError::Unreadable(StoreError::Trimmed { after: 3, first: 5, .. })));
    assert!(forgotten, "{read:?}");
    let beyond = master.read(LOG, 900, ReadLimit::default()).await;
    assert!(matches!(beyond, Err(BusError::Refused(_))), "{beyond:?}");
}

#[tokio::test]
async fn a_partition_without_records_moves_its_cursor_on() {
    let world = world().await;
    let diagnosis = world.bus("diagnosis", 1);
    diagnosis.append(entries("diagnosis", 0..5)).await.unwrap();
    let health = |index| Partition { stream: Stream::Health, index };
    let place = |index, number| {
        let mut entry = entry("diagnosis", number);
        entry.partition = Some(health(index));
        entry.envelope.class = Class::Health;
        entry
    };
    let written = diagnosis.append(vec![place(2, 0), place(2, 1)]).await.unwrap();
    let idle = Duration::from_millis(50);
    let limit = ReadLimit::default();
    let found = diagnosis.read_or_idle(health(7), 0, limit, idle).await.unwrap();
    // Behind the records stands the head of their producer.
    let through = written[1].1 + 1;
    assert_eq!(found, Read::Idle { through });
    diagnosis.append(vec![place(7, 2)]).await.unwrap();
    let found = diagnosis.read_or_idle(health(7), through, limit, idle).await.unwrap();
    let Read::Records(records) = found else { panic!("{found:?}") };
    assert_eq!(records[0].envelope.id, ids("diagnosis", 2..3)[0]);
    assert_eq!(diagnosis.read(health(2), 0, limit).await.unwrap().len(), 2);
}

#[tokio::test]
async fn small_reads_hang_together_and_a_reader_left_behind_is_told() {
    let world = world().await;
    let master = world.bus("master", 1);
    for number in 0..10 {
        master.append(entries("master", number..number + 1)).await.unwrap();
    }
    let small = ReadLimit { records: 2, bytes: usize::MAX };
    let (mut after, mut read) = (0, Vec::new());
    for _ in 0..3 {
        for delivery in master.read(LOG, after, small).await.unwrap() {
            assert_eq!(delivery.previous, after, "no hole");
            after = delivery.sequence;
            read.push(delivery.envelope.id);
        }
    }
    assert_eq!(read, ids("master", 0..6));
    // The reader stands there still, and what comes next is forgotten under it.
    let head = master.head(LOG).await.unwrap();
    master.trim(LOG, head).await.unwrap();
    master.append(entries("master", 10..11)).await.unwrap();
    let refused = master.read(LOG, after, small).await;
    let trimmed = matches!(refused, Err(BusError::Unreadable(StoreError::Trimmed { .. })));
    assert!(trimmed, "{refused:?}");
}

#[tokio::test]
async fn what_nobody_can_read_is_passed_over_and_counted() {
    let world = world().await;
    let master = world.bus("master", 1);
    master.append(entries("master", 0..1)).await.unwrap();
    let client = world.connection.client();
    let nothing = async_nats::HeaderMap::new();
    let subject = "aurora.v1.log.master.0.event.a.b.c";
    client.publish_with_headers(subject, nothing, "{}".into()).await.unwrap();
    // Complete, but in the name of somebody whose subject it is not.
    let forged = entry("scheduling", 1).envelope;
    let subject = "aurora.v1.log.master.0.registry.asset.retired.asset-1";
    client.publish_with_headers(subject, headers(&forged), forged.data).await.unwrap();
    client.flush().await.unwrap();
    master.append(entries("master", 1..2)).await.unwrap();
    assert_eq!(ids_on_log(&master).await, ids("master", 0..2));
    assert_eq!(master.unreadable(), 2);
}

fn headers(envelope: &Envelope) -> async_nats::HeaderMap {
    let mut headers = async_nats::HeaderMap::new();
    for (name, value) in messages::cloudevents::Attributes::of(envelope).unwrap().to_headers() {
        headers.insert(name, value);
    }
    headers
}

#[tokio::test]
async fn a_message_goes_under_its_own_producers_name_or_not_at_all() {
    let world = world().await;
    let refused = world.bus("master", 1).append(entries("scheduling", 0..1)).await;
    assert!(matches!(refused, Err(BusError::Refused(_))), "{refused:?}");
    let other = bus(connect(&world.server.url()).await, "facade", 1);
    other.append(entries("scheduling", 0..1)).await.unwrap();
}
