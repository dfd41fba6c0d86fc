//! Who may say and read what, checked where it is committed.

use crate::agents::{called, denied, echoed, envelope, say, watched, world};
use messages::guard::{AccessDenied, Action, ActivityMeasured, AuditRecorded, Refusal, UNKNOWN};
use messages::registry::AssetRetired;
use messages::telemetry::Telemetry;
use messages::{Encoding, Envelope, Message, Sequence, Stream, Timestamp};
use runtime::guard::{DENIAL_KINDS_MAX, DENIALS_SAID_INTERVAL, Principal, WINDOW_TIME_MAX};
use runtime::store::ReadLimit;
use runtime::testkit::World;
use std::time::Duration;

pub(crate) fn frame(asset: &str) -> Telemetry {
    Telemetry {
        fleet: "test".to_owned(),
        asset: asset.to_owned(),
        boot: None,
        signals: Vec::new(),
        samples: Vec::new(),
    }
}

fn retired() -> AssetRetired {
    AssetRetired { asset: "VEH001".to_owned(), reason: "sold".to_owned() }
}

fn links(world: &World) -> Vec<AuditRecorded> {
    let links = world.envelopes(Stream::Audit).into_iter();
    links.map(|envelope| envelope.open().unwrap()).collect()
}

fn head(world: &mut World, stream: Stream) -> Sequence {
    let conductor = world.conductor();
    let partitions = conductor.router().partitions_of(stream);
    partitions.map(|partition| conductor.store().head(partition)).sum()
}

#[test]
fn what_a_contract_names_is_said_and_heard() {
    let mut world = world(1);
    say(&mut world, "echo", envelope("echo", 1, &echoed(7))).unwrap();
    world.settle();
    assert_eq!(world.published::<crate::agents::Counted>().len(), 1);
    assert!(world.published::<AccessDenied>().is_empty());
}

#[test]
fn what_a_contract_does_not_name_is_refused_said_and_audited_in_one_commit() {
    let mut world = world(1);
    let before = head(&mut world, Stream::Telemetry);
    let abuse = Envelope { source: "echo".to_owned(), ..envelope("echo", 1, &frame("VEH001")) };
    let refused = say(&mut world, "echo", abuse.clone()).unwrap_err();
    assert_eq!((refused.reason, refused.action), (Refusal::NotDeclared, Action::Publish));
    assert_eq!(head(&mut world, Stream::Telemetry), before, "nothing was appended");
    let said = world.published::<AccessDenied>().pop().unwrap();
    assert_eq!((said.principal.as_str(), said.what.as_str()), ("echo", Telemetry::NAME));
    assert_eq!((said.count, said.example), (1, Some(abuse.id)));
    let link = links(&world).pop().unwrap();
    assert_eq!((link.principal.as_str(), link.outcome.as_str()), ("echo", "denied"));
    assert_eq!(link.details["reason"], "not_declared");
}

#[test]
fn one_message_that_may_not_be_said_keeps_all_of_its_request_out() {
    let mut world = world(1);
    let before = head(&mut world, Stream::Log);
    let entries =
        vec![envelope("echo", 1, &echoed(7)).into(), envelope("echo", 2, &called(7)).into()];
    let said = world.conductor().say_as(&Principal::named("echo"), entries);
    assert_eq!(denied(said).unwrap_err().what, "test.called");
    // The refusal itself.
    assert_eq!(head(&mut world, Stream::Log), before + 1);
}

#[test]
fn nobody_speaks_in_anothers_name() {
    let mut world = world(1);
    let forged = say(&mut world, "ear", envelope("echo", 1, &echoed(7))).unwrap_err();
    assert_eq!((forged.reason, forged.claimed.as_deref()), (Refusal::NotYours, Some("echo")));
    let forged = say(&mut world, "facade", envelope("echo", 1, &echoed(7))).unwrap_err();
    assert_eq!(forged.reason, Refusal::NotYours);
    let position = messages::Origin { stream: Stream::Log, partition: 0, sequence: 1, index: 0 };
    let forged = Envelope { origin: Some(position), ..envelope("echo", 1, &echoed(7)) };
    assert_eq!(say(&mut world, "echo", forged).unwrap_err().reason, Refusal::NotYours);
    let aimed =
        Envelope { addressed_to: Some("ear".to_owned()), ..envelope("echo", 1, &echoed(7)) };
    assert_eq!(say(&mut world, "echo", aimed).unwrap_err().reason, Refusal::NotYours);
}

#[test]
fn a_device_sends_telemetry_of_its_own_asset_and_nothing_else() {
    let mut world = world(1);
    let name = "device/test/VEH001";
    assert!(say(&mut world, name, envelope(name, 1, &frame("VEH001"))).is_ok());
    let of_another = say(&mut world, name, envelope(name, 2, &frame("VEH002"))).unwrap_err();
    assert_eq!(of_another.reason, Refusal::NotYours);
    let as_another = envelope("device/test/VEH002", 3, &frame("VEH002"));
    assert_eq!(say(&mut world, name, as_another).unwrap_err().reason, Refusal::NotYours);
    let other = say(&mut world, name, envelope(name, 4, &retired())).unwrap_err();
    assert_eq!(other.reason, Refusal::NotDeclared);
    let origin = messages::Origin { stream: Stream::Log, partition: 0, sequence: 1, index: 0 };
    let as_a_host = Envelope { origin: Some(origin), ..envelope(name, 5, &frame("VEH001")) };
    assert_eq!(say(&mut world, name, as_a_host).unwrap_err().reason, Refusal::NotYours);
}

#[test]
fn a_device_that_names_another_asset_in_the_frame_itself_is_refused() {
    let mut world = world(1);
    let name = "device/test/VEH001";
    let elsewhere = Telemetry { fleet: "other".to_owned(), ..frame("VEH001") };
    for (number, forged) in [frame("VEH002"), elsewhere].into_iter().enumerate() {
        let own = envelope(name, number as u64, &forged);
        let json = serde_json::to_vec(&forged).unwrap().into();
        let written = Envelope { encoding: Encoding::Json, data: json, ..own.clone() };
        for forged in [own, written] {
            let labelled = Envelope { key: "VEH001".to_owned(), ..forged };
            let refused = say(&mut world, name, labelled).unwrap_err();
            assert_eq!(refused.reason, Refusal::NotYours);
        }
    }
}

#[test]
fn who_is_not_known_may_do_nothing() {
    let mut world = world(1);
    let stranger = say(&mut world, "nobody", envelope("nobody", 1, &echoed(7))).unwrap_err();
    assert_eq!(stranger.reason, Refusal::UnknownPrincipal);
    for ours in ["guard", "runtime"] {
        let refused = say(&mut world, ours, envelope(ours, 1, &echoed(7))).unwrap_err();
        assert_eq!(refused.reason, Refusal::UnknownPrincipal, "{ours}");
    }
}

#[test]
fn what_the_guard_says_nobody_else_says() {
    let mut world = watched(1);
    let forged = AccessDenied {
        principal: "echo".to_owned(),
        action: Action::Publish,
        what: "test.called".to_owned(),
        reason: Refusal::NotDeclared,
        count: 1,
        first_at: Timestamp::EPOCH,
        at: Timestamp::EPOCH,
        key: None,
        claimed: None,
        example: None,
    };
    for principal in ["ear", "facade", "warden"] {
        let refused = say(&mut world, principal, envelope(principal, 1, &forged)).unwrap_err();
        assert_eq!(refused.reason, Refusal::NotDeclared, "{principal}");
    }
}

#[test]
fn an_agent_reads_its_stream_and_is_handed_what_it_declared() {
    let mut world = world(1);
    world.publish(called(1));
    let (echo, limit) = (Principal::named("echo"), ReadLimit::default());
    let read =
        |world: &mut World, what: &str| denied(world.conductor().read_as(&echo, what, 0, 0, limit));
    let (handed, _) = read(&mut world, "log").unwrap();
    assert!(handed.iter().all(|it| it.envelope.name == "test.called") && handed.len() == 1);
    for other in ["telemetry", "health", "audit", "test.echoed", "telemetry.received"] {
        let refused = read(&mut world, other).unwrap_err();
        assert_eq!((refused.reason, refused.action), (Refusal::NotDeclared, Action::Read));
    }
    let told = world.published::<AccessDenied>();
    assert_eq!(told.len(), 5);
    assert!(told.iter().all(|it| it.action == Action::Read));
}

#[test]
fn a_flood_of_refusals_is_said_and_audited_once_a_second_with_its_count() {
    let mut world = world(1);
    for number in 0..1_000 {
        say(&mut world, "ear", envelope("echo", number, &echoed(1))).unwrap_err();
    }
    assert_eq!(world.published::<AccessDenied>().len(), 1);
    world.advance(DENIALS_SAID_INTERVAL);
    let said = world.published::<AccessDenied>();
    assert_eq!(said.iter().map(|it| it.count).collect::<Vec<_>>(), [1, 999]);
    assert_eq!(links(&world).iter().filter(|link| link.outcome == "denied").count(), 2);
    world.advance(Duration::from_secs(60));
    assert_eq!(world.published::<AccessDenied>().len(), 2, "nothing more happened");
}

#[test]
fn refusals_of_ever_other_kinds_are_counted_together() {
    let mut world = world(1);
    for number in 0..500 {
        let name = format!("made.up-{number}");
        let odd = Envelope { name, ..envelope("echo", number, &echoed(1)) };
        say(&mut world, "echo", odd).unwrap_err();
    }
    world.advance(DENIALS_SAID_INTERVAL);
    let said = world.published::<AccessDenied>();
    assert!(said.len() <= DENIAL_KINDS_MAX + 2, "{}", said.len());
    assert_eq!(said.iter().map(|it| it.count).sum::<u64>(), 500);
}

#[test]
fn names_made_up_without_end_are_counted_under_one() {
    let mut world = watched(1);
    for number in 0..500 {
        let name = format!("nobody-{number}");
        say(&mut world, &name, envelope(&name, number, &echoed(1))).unwrap_err();
        let stranger = Principal::named(&name);
        denied(world.conductor().read_as(&stranger, "log", 0, 0, ReadLimit::default()))
            .unwrap_err();
    }
    world.advance(WINDOW_TIME_MAX);
    let said = world.published::<AccessDenied>();
    assert_eq!(said.iter().map(|it| it.count).sum::<u64>(), 1_000);
    assert!(said.len() <= 4 && said.iter().all(|it| it.principal == UNKNOWN), "{said:?}");
    let named = said.iter().filter_map(|it| it.claimed.as_deref());
    assert_eq!(named.filter(|name| name.starts_with("nobody-")).count(), said.len());
    let measured = world.published::<ActivityMeasured>();
    assert!(measured.iter().all(|it| !it.principal.starts_with("nobody")), "{measured:?}");
    assert!(world.envelopes(Stream::Log).iter().all(|it| !it.key.starts_with("nobody")));
}

#[test]
fn what_people_write_is_audited_once_for_each_kind_of_message() {
    let mut world = world(1);
    let entries = (0..3).map(|number| envelope("facade", number, &retired()).into()).collect();
    denied(world.conductor().say_as(&Principal::facade(), entries)).unwrap();
    let link = links(&world).pop().unwrap();
    assert_eq!((link.action.as_str(), link.object.as_str()), ("write", "asset.retired"));
    assert_eq!((link.outcome.as_str(), link.details["count"].as_str()), ("done", "3"));
}
