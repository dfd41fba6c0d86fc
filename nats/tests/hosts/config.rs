//! Configurations changed while agents run: one place in one order for everybody, and nothing that cannot be used.

use crate::added;
use crate::adder::{Adder, Summed};
use crate::permitted::Permitted;
use crate::site::{Following, Log, Site};
use nats::config;
use nats::permissions::OPERATOR;
use nats::permissions::attempt::{Attempt, Outcome, attempt};
use runtime::Agent;
use runtime::board::HostState;
use runtime::configuration::Overlay;
use runtime::control::ConfigApplied;
use runtime::guard::principal::FACADE;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Sums as they were said, on the log of `site`, once there are so many.
async fn sums(site: &Site, count: usize) -> Vec<u64> {
    site.until_said::<Summed>(count).await.iter().map(|said| said.sum).collect()
}

/// How often the adder was to take a value, each time that it was configured.
fn applied(site: &Site) -> Vec<u64> {
    let applied = site.said::<ConfigApplied>().into_iter();
    let values = applied.map(|applied| serde_json::from_str(&applied.value.unwrap()).unwrap());
    values.map(|value: serde_json::Value| value["times"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_over_the_bus_acts_at_one_place_and_one_that_cannot_be_used_changes_nothing() {
    let log = Log::make().await;
    let (one, other) = (log.site("one").await, log.site("other").await);
    let _following = [Following::of(&one, &log).await, Following::of(&other, &log).await];
    one.say(&added(1)).await;
    assert_eq!(sums(&one, 1).await, [1]);

    log.configure(Adder::KIND, r#"{"times":3}"#).await;
    for site in [&one, &other] {
        site.until_equal(&[1, 1, 3], applied).await;
    }
    other.say(&added(2)).await;
    assert_eq!(sums(&one, 2).await, [1, 7]);

    for (nonsense, why) in [
        (r#"{"times":0}"#, "nothing would be added"),
        (r#"{"tims":3}"#, "unknown field `tims`"),
        ("three times", "invalid type: string"),
    ] {
        log.configure(Adder::KIND, nonsense).await;
        for site in [&one, &other] {
            site.until_troubled("config", why).await;
        }
    }
    log.configure("ader", "{}").await;
    one.until_troubled("config", "there is no such agent; there are adder").await;
    one.say(&added(3)).await;
    assert_eq!(sums(&one, 3).await, [1, 7, 16], "the one before stays");

    log.unconfigure(Adder::KIND).await;
    other.until_equal(&[1, 1, 3, 1], applied).await;
    one.say(&added(4)).await;
    assert_eq!(sums(&one, 4).await, [1, 7, 16, 20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_begins_later_computes_what_was_said_before_under_the_configurations_of_then() {
    let log = Log::make().await;
    let one = log.site("one").await;
    let following = Following::of(&one, &log).await;
    for times in 1..=4 {
        log.configure(Adder::KIND, &format!(r#"{{"times":{times}}}"#)).await;
        one.until_equal(&(1..=times).collect::<Vec<u64>>(), applied).await;
        one.say(&added(times)).await;
    }
    assert_eq!(sums(&one, 4).await, [1, 5, 14, 30]);
    drop(following);
    let one = log.again(one.stop().await).await;
    one.reached().await;
    one.say(&added(5)).await;
    assert_eq!(sums(&one, 5).await, [1, 5, 14, 30, 50], "a start needs no server to remember");

    let late = log.site_told("late").await;
    late.until_said::<Summed>(5).await;
    drop(one);
    late.until(HostState::Ready).await;
    late.say(&added(6)).await;
    assert_eq!(sums(&late, 6).await, [1, 5, 14, 30, 50, 74], "it goes on four times");
    assert_eq!(applied(&late), [1, 2, 3, 4, 4], "what was said on the server, and nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_reads_configurations_with_its_key_and_the_operator_alone_says_them() {
    let server = Permitted::start().await;
    let operator = server.user(OPERATOR).await;
    let times = json!({ "times": 3 });
    let revision = config::say(&operator, Adder::KIND, Some(&times)).await.unwrap();
    let process = server.user(FACADE).await;
    let said = config::fetch(&process).await.unwrap();
    let expected = Overlay { revision, table: Some(times.clone()) };
    assert_eq!(said, BTreeMap::from([(Adder::KIND.to_owned(), expected)]));
    for user in [FACADE, Adder::KIND] {
        let connection = server.user(user).await;
        let attempted = Attempt::Publish(format!("$KV.config.{}", Adder::KIND));
        let outcome = attempt(&connection, &attempted).await;
        assert!(matches!(outcome, Outcome::Denied(_)), "{user}: {outcome:?}");
    }
    let site = Site::unborn("alone");
    let deployment = site.deploy().await;
    let _following = Following::over(process.clone(), deployment.clone());
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let told = loop {
        let mut board = deployment.board().list().into_iter();
        if let Some((_, told)) = board.find(|(id, _)| id.kind == "config") {
            break told;
        }
        tick.tick().await;
    };
    assert_eq!((told.last_failure, process.watch().borrow().denied.clone()), (None, None));
}
