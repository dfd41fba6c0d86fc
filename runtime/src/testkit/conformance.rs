//! What every catalogued agent must keep, whatever it does: one check that runs on all of them by itself.
//!
//! The script says messages and lets time pass; it must make every agent hear each message that it declares.
//! Nothing is known here of what the agents mean.

use super::World;
use crate::catalog::Catalog;
use crate::conductor::{Faults, Misfortunes};
use crate::effects::Effects;
use crate::guard::principal::contains_or_releases;
use crate::models::Models;
use crate::recompute::recompute;
use crate::router::PARTITIONS_EMBEDDED;
use messages::dead::{Cause, DeadLettered};
use messages::guard::AuditRecorded;
use messages::{Envelope, Message, MessageId, Stream};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Worlds in which things go wrong.
const SEEDS: u64 = 12;

/// What the script led to, so that a test can see that it was not too thin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conformed {
    /// Messages and timers that each kind handled in the calm world.
    pub handled: BTreeMap<String, u64>,
    /// What went wrong in the others, altogether.
    pub misfortunes: Misfortunes,
}

/// Checks that the agents of `catalog` keep, under `script`, what every agent promises.
///
/// - Duplicates, reordering and kills between log and host change neither a state nor what is said, as far as
///   that does not depend on which of several agents comes first.
/// - States equal one ordered pass over the recorded log.
/// - A record whose data is damaged is dead-lettered by each kind that hears it and changes nothing else.
/// - The same seed gives the same log, misfortunes included.
/// - An orderly stop leaves nothing in flight and nothing to do again.
///
/// # Panics
/// With the promise that is broken, or with the message that the script lacks.
pub fn check(catalog: &Catalog, script: impl Fn(&mut World)) -> Conformed {
    let mut calm = played(catalog, &script, None);
    let handled = handled(&mut calm);
    let mut misfortunes = Misfortunes::default();
    for seed in 0..SEEDS {
        let mut rough = played(catalog, &script, Some(turbulent(seed)));
        alike(catalog, &mut calm, &mut rough, seed);
        recomputed(catalog, &mut rough);
        add(&mut misfortunes, rough.misfortunes());
    }
    replayed(catalog, &script);
    stops(&mut calm);
    poisoned(catalog, &mut calm);
    Conformed { handled, misfortunes }
}

fn turbulent(seed: u64) -> Faults {
    Faults { seed, duplicate: 0.2, reorder: 32, kill_before_commit: 0.1, kill_after_commit: 0.1 }
}

fn played(catalog: &Catalog, script: &impl Fn(&mut World), faults: Option<Faults>) -> World {
    let mut world = World::seeded(1).catalog(catalog.clone()).effects(Effects::recorded(catalog));
    if let Some(faults) = faults {
        world = world.faults(faults);
    }
    script(&mut world);
    world.drain();
    world
}

fn handled(world: &mut World) -> BTreeMap<String, u64> {
    let mut handled = BTreeMap::new();
    for engine in world.conductor().engines() {
        *handled.entry(engine.id().kind.clone()).or_default() += engine.observe().handled;
    }
    handled
}

fn add(total: &mut Misfortunes, more: Misfortunes) {
    total.duplicates += more.duplicates;
    total.reordered += more.reordered;
    total.kills_before_commit += more.kills_before_commit;
    total.kills_after_commit += more.kills_after_commit;
}

/// Both hold the same states and said the same messages, each once.
///
/// Where several kinds read LOG they answer each other, and misfortune changes who comes first: that is another
/// story, not a wrong one. Of those, [`recomputed`] shows that each made of what it read what one ordered pass does.
fn alike(catalog: &Catalog, calm: &mut World, rough: &mut World, seed: u64) {
    let kinds = orderly(catalog);
    for stream in Stream::ALL {
        let (before, after) = (ids(calm, stream, &kinds), ids(rough, stream, &kinds));
        let differing = before.symmetric_difference(&after).next();
        assert_eq!(differing, None, "a message on {stream}, seed {seed}");
    }
    let states = |world: &mut World| {
        let of_kind = |host: &String| kinds.contains(host.split('/').next().unwrap_or_default());
        let mut states = world.states();
        states.retain(|host, _| of_kind(host));
        states
    };
    same_states(&states(calm), &states(rough), &format!("misfortune of seed {seed}"));
}

/// Kinds whose input is in one order, whatever goes wrong.
fn orderly(catalog: &Catalog) -> BTreeSet<&str> {
    let reads_log = |stream| stream == Stream::Log;
    let readers = catalog.iter().filter(|(_, entry)| reads_log(entry.contract.stream)).count();
    let orderly =
        catalog.iter().filter(|(_, entry)| readers <= 1 || !reads_log(entry.contract.stream));
    orderly.map(|(kind, _)| kind).collect()
}

/// Name and id of what `kinds` said on `stream`.
fn ids(world: &World, stream: Stream, kinds: &BTreeSet<&str>) -> BTreeSet<(String, MessageId)> {
    let said = world.envelopes(stream).into_iter();
    let said = said.filter(|envelope| kinds.contains(&*envelope.source));
    said.map(|envelope| (envelope.name.clone(), envelope.id)).collect()
}

fn same_states(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>, what: &str) {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let different: Vec<&String> =
        keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).collect();
    assert!(different.is_empty(), "{what} changed the states of {different:?}");
}

/// The states equal one ordered pass over the log.
fn recomputed(catalog: &Catalog, world: &mut World) {
    let store = world.conductor().store().clone();
    let reports = recompute(catalog, &Arc::new(Models::default()), &store, PARTITIONS_EMBEDDED)
        .unwrap_or_else(|error| panic!("the log cannot be passed over again: {error}"));
    for report in reports {
        assert!(report.is_equal(), "one ordered pass gives something else: {report:?}");
    }
}

/// The same seed gives the same log.
fn replayed(catalog: &Catalog, script: &impl Fn(&mut World)) {
    for faults in [None, Some(turbulent(SEEDS))] {
        let trace = || played(catalog, script, faults).trace();
        assert!(trace() == trace(), "the same seed gave two logs, with {faults:?}");
    }
}

/// Nothing is in flight after an orderly stop, and a new start does nothing again.
fn stops(world: &mut World) {
    world.drain();
    for engine in world.conductor().engines() {
        let observed = engine.observe();
        assert_eq!(observed.in_flight, 0, "`{}` stopped with work in hand", engine.id());
        assert_eq!(observed.cursor, observed.position, "`{}` left work unsaved", engine.id());
    }
    let (before, trace) = (world.states(), world.trace());
    let kinds: BTreeSet<String> =
        world.conductor().engines().map(|engine| engine.id().kind.clone()).collect();
    for kind in kinds {
        let killed = world.conductor().kill(&kind);
        killed.unwrap_or_else(|error| panic!("`{kind}` cannot start again: {error}"));
    }
    world.settle();
    let again: u64 = handled(world).values().sum();
    assert_eq!(again, 0, "messages were handled again after an orderly stop");
    same_states(&before, &world.states(), "a new start");
    assert!(trace == world.trace(), "something was said by a new start");
}

/// A damaged record of each message is set aside by whoever hears it, and changes nothing else.
fn poisoned(catalog: &Catalog, world: &mut World) {
    let names: BTreeSet<&String> =
        catalog.iter().flat_map(|(_, entry)| entry.contract.hears.keys()).collect();
    for name in names {
        let poison = damaged(world, name);
        let (states, said, dead) = (world.states(), all_ids(world), world.dead().len());
        world.append_envelope(poison.clone());
        world.settle();
        let hearers: BTreeSet<&str> = catalog
            .iter()
            .filter(|(_, entry)| entry.contract.hears.contains_key(name))
            .map(|(kind, _)| kind)
            .collect();
        let letters = world.dead().split_off(dead);
        let by: Vec<&str> = letters.iter().map(|letter| &*letter.agent).collect();
        let readers = readers(catalog, world, &poison);
        assert_eq!(by.len(), readers, "a damaged `{name}` was set aside by {by:?}");
        assert_eq!(by.into_iter().collect::<BTreeSet<_>>(), hearers, "a damaged `{name}`");
        for letter in &letters {
            assert_eq!(letter.cause, Cause::Undecodable, "a damaged `{name}`: {}", letter.reason);
            assert_eq!(letter.original.data, poison.data, "a damaged `{name}` is kept as it was");
        }
        same_states(&states, &world.states(), &format!("a damaged `{name}`"));
        // That somebody is contained or released is written into AUDIT, whether it can be read or not.
        let audited = contains_or_releases(&poison);
        let led_to = |(name, id): &&(String, MessageId)| {
            *id != poison.id && !(audited && name == AuditRecorded::NAME)
        };
        let led_to: Vec<(String, MessageId)> =
            all_ids(world).difference(&said).filter(led_to).cloned().collect();
        assert!(led_to.is_empty(), "a damaged `{name}` led to {led_to:?}");
    }
}

/// Hosts that read `envelope` and hear it: one of a kind, or all where it concerns each partition.
fn readers(catalog: &Catalog, world: &mut World, envelope: &Envelope) -> usize {
    let targets = world.conductor().router().targets(envelope);
    let hearers = catalog.iter().map(|(_, entry)| &entry.contract);
    let hearers = hearers.filter(|contract| contract.hears.contains_key(&envelope.name));
    let read = |stream| targets.iter().filter(|target| target.stream == stream).count();
    hearers.map(|contract| read(contract.stream)).sum()
}

/// A record of the script's with its last byte cut off.
fn damaged(world: &World, name: &str) -> Envelope {
    let known = Stream::ALL.into_iter().flat_map(|stream| world.envelopes(stream));
    let whole = known
        .filter(|envelope| envelope.name == name && !envelope.data.is_empty())
        .last()
        .unwrap_or_else(|| panic!("the script leads to no `{name}`, which an agent hears"));
    let mut poison = (*whole).clone();
    poison.id = MessageId::named("poison", name);
    poison.origin = None;
    poison.data = poison.data.slice(..poison.data.len() - 1);
    poison
}

/// Name and id of every record but dead letters.
fn all_ids(world: &World) -> BTreeSet<(String, MessageId)> {
    let streams = Stream::ALL.into_iter().flat_map(|stream| world.envelopes(stream));
    streams
        .filter(|envelope| envelope.name != DeadLettered::NAME)
        .map(|envelope| (envelope.name.clone(), envelope.id))
        .collect()
}
