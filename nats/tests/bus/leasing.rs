//! Leases over a real server: one holder at a time, a later one has a higher epoch, and partitions are shared by them.

use crate::support::{bus, connect, entries, world};
use nats::lease::{LeaseError, Leases, Ownership};
use runtime::bus::{Bus, BusError};
use runtime::store::Partition;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::time::Duration;

/// The shortest that the server keeps.
const TTL: Duration = Duration::from_secs(1);

/// A candidate looks a few times within a lease's time.
fn looks() -> tokio::time::Interval {
    tokio::time::interval(TTL / 8)
}

#[tokio::test]
async fn a_lease_has_one_holder_until_it_gives_it_back() {
    let world = world().await;
    let (a, b) = (leases(&world, "a", TTL), leases(&world, "b", TTL));
    let mut held = a.acquire("host.master.0").await.unwrap().unwrap();
    assert!(b.acquire("host.master.0").await.unwrap().is_none());
    held.renew().await.unwrap();
    assert!(b.acquire("host.master.0").await.unwrap().is_none());
    let holders = a.holders("host.master").await.unwrap();
    assert_eq!(holders, [("0".to_owned(), "a".to_owned())]);
    let epoch = held.epoch();
    held.release().await.unwrap();
    assert_eq!(a.holders("host.master").await.unwrap(), []);
    let next = b.acquire("host.master.0").await.unwrap().unwrap();
    assert!(next.epoch() > epoch, "{} then {}", epoch, next.epoch());
}

fn leases(world: &crate::support::World, process: &str, ttl: Duration) -> Leases {
    Leases::new(world.connection.clone(), process, ttl)
}

#[tokio::test]
async fn a_kept_lease_outlasts_its_time_and_a_stopped_holder_has_given_up_before_the_next_one_has_it()
 {
    let world = world().await;
    let (a, b) = (leases(&world, "a", TTL), leases(&world, "b", TTL));
    let mut held = a.acquire("host.master.0").await.unwrap().unwrap();
    let mut interval = looks();
    let kept = tokio::time::timeout(TTL * 2, held.keep()).await;
    assert!(kept.is_err(), "lost after {kept:?}");
    assert!(held.is_held());
    assert!(b.acquire("host.master.0").await.unwrap().is_none());
    // From here on nobody renews it.
    interval.reset();
    let mut ticks = 0;
    let next = loop {
        interval.tick().await;
        ticks += 1;
        let is_held = held.is_held();
        if let Some(next) = b.acquire("host.master.0").await.unwrap() {
            assert!(!is_held, "two held it at once");
            break next;
        }
    };
    println!("taken over at look {ticks}, with eight looks in a lease's time of {TTL:?}");
    assert!(next.epoch() > held.epoch());
    let lost = held.renew().await;
    assert!(matches!(lost, Err(LeaseError::Lost { .. })), "{lost:?}");
}

#[tokio::test]
async fn a_paused_owner_is_refused_whatever_it_believes() {
    let world = world().await;
    let (a, b) = (leases(&world, "a", TTL), leases(&world, "b", TTL));
    let held = a.acquire("host.master.0").await.unwrap().unwrap();
    let former = bus(connect(&world.server.url()).await, "master", held.epoch());
    former.append(entries("master", 0..3)).await.unwrap();
    let mut interval = looks();
    let next = loop {
        interval.tick().await;
        if let Some(next) = b.acquire("host.master.0").await.unwrap() {
            break next;
        }
    };
    let owner = bus(world.connection.clone(), "master", next.epoch());
    owner.watermark(Partition::LOG).await.unwrap();
    for number in 0..5 {
        let refused = former.append(entries("master", 3 + number..4 + number)).await;
        assert!(matches!(refused, Err(BusError::Refused(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_killed_never_makes_two_holders() {
    let mut world = world().await;
    let (a, b) = (leases(&world, "a", TTL), leases(&world, "b", TTL));
    let mut held = a.acquire("host.master.0").await.unwrap().unwrap();
    let mut survived = 0;
    let mut interval = looks();
    for _ in 0..4 {
        world.server.kill().unwrap();
        world.server.start_again().unwrap();
        let other = loop {
            interval.tick().await;
            let is_held = held.is_held();
            match b.acquire("host.master.0").await {
                Ok(Some(_)) if is_held => panic!("two held it at once"),
                Ok(other) => break other,
                Err(LeaseError::Unanswered { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        };
        if let Some(other) = other {
            assert!(other.epoch() > held.epoch());
            held = other;
        } else if held.renew().await.is_ok() {
            survived += 1;
        }
    }
    println!("4 kills, the lease outlived {survived}");
}

const PARTITIONS: NonZeroU16 = NonZeroU16::new(8).expect("eight is not zero");

/// Processes of one kind, stepped by hand.
struct Fleet {
    processes: BTreeMap<String, Ownership>,
    /// Changes of hands.
    moves: usize,
    owners: BTreeMap<u16, String>,
}

impl Fleet {
    /// One round of everybody; nobody may ever hold what another holds.
    async fn round(&mut self) {
        for process in self.processes.values_mut() {
            let round = process.round().await.unwrap();
            for partition in round.surplus {
                process.release(partition).await.unwrap();
            }
        }
        let mut owners = BTreeMap::new();
        for (name, process) in &self.processes {
            for partition in process.held() {
                let other = owners.insert(partition, name.clone());
                assert_eq!(other, None, "`{name}` and another hold {partition}");
            }
        }
        let changed = |(partition, name): (&u16, &String)| {
            self.owners.get(partition).is_some_and(|before| before != name)
        };
        self.moves += owners.iter().filter(|it| changed(*it)).count();
        self.owners.extend(owners);
    }

    /// Rounds until everybody has a fair share; gives how many changed hands.
    async fn settle(&mut self, interval: &mut tokio::time::Interval) -> usize {
        let before = self.moves;
        loop {
            interval.tick().await;
            self.round().await;
            let counts: Vec<usize> = self.processes.values().map(|it| it.held().len()).collect();
            let total: usize = counts.iter().sum();
            let spread = counts.iter().max().unwrap() - counts.iter().min().unwrap();
            if total == usize::from(PARTITIONS.get()) && spread <= 1 {
                return self.moves - before;
            }
        }
    }
}

#[tokio::test]
async fn processes_share_partitions_and_few_change_hands() {
    let world = world().await;
    let member = |name: &str| {
        let leases = Leases::new(world.connection.clone(), name, TTL * 2);
        (name.to_owned(), Ownership::new(leases, "diagnosis", PARTITIONS))
    };
    let processes = BTreeMap::from([member("a"), member("b")]);
    let mut fleet = Fleet { processes, moves: 0, owners: BTreeMap::new() };
    let mut interval = looks();
    fleet.settle(&mut interval).await;
    for _ in 0..8 {
        interval.tick().await;
        fleet.round().await;
    }
    let settled = fleet.moves;
    fleet.settle(&mut interval).await;
    assert_eq!(fleet.moves, settled, "nothing changes hands while nobody comes or goes");

    fleet.processes.extend([member("c")]);
    let moved = fleet.settle(&mut interval).await;
    assert_eq!(moved, 2, "who joins is given its share");

    let gone = fleet.processes.remove("a").unwrap();
    let left: BTreeSet<u16> = gone.held().into_iter().collect();
    drop(gone);
    let moved = fleet.settle(&mut interval).await;
    assert_eq!(moved, left.len(), "who is killed leaves its own behind, once its time is over");
}
