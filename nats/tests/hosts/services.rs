//! Agents as micro-services: what they answer is what they did, and each answers under its own name alone.

use crate::added;
use crate::adder::{Adder, Summed};
use crate::permitted::Permitted;
use crate::site::{Log, Site};
use async_nats::service::{Info, PingResponse, Stats};
use messages::{Envelope, MessageId};
use nats::Connection;
use nats::permissions::OPERATOR;
use nats::permissions::attempt::{Attempt, Outcome, attempt};
use nats::services::{self, Services};
use runtime::Agent;
use serde::de::DeserializeOwned;

/// Times that a question is asked before it counts as unanswered.
const ASKED_MAX: usize = 60;

/// The answers of all who are asked under `subject`, once there are `count` of them that `fit`.
async fn ask<T: DeserializeOwned>(
    connection: &Connection,
    subject: &str,
    count: usize,
    fit: impl Fn(&[T]) -> bool,
) -> Vec<T> {
    for _ in 0..ASKED_MAX {
        let heard = services::ask(connection, subject).await.unwrap().into_iter();
        let heard: Vec<T> = heard.map(|it| serde_json::from_value(it).unwrap()).collect();
        if heard.len() == count && fit(&heard) {
            return heard;
        }
    }
    panic!("`{subject}` is not answered by {count} as it should be");
}

fn answering(site: &Site, connection: &Connection, id: &str) -> Services {
    Services::start(site.deployment(), id, |_| connection.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_says_where_it_is_and_what_it_has_handled() {
    let log = Log::make().await;
    let (one, other) = (log.site("one").await, log.site("other").await);
    let client = log.client().await;
    let _answering = [answering(&one, &client, "1"), answering(&other, &client, "2")];
    for number in 1..=5 {
        one.say(&added(number)).await;
    }
    let id = MessageId::named("hosts", "unreadable");
    one.say(&Envelope { id, data: "?".into(), ..added(6) }).await;
    one.until_said::<Summed>(5).await;

    // Five sums, the configurations that both processes said, and what could not be read.
    let figures_of = |it: &Stats| (it.endpoints[0].requests, it.endpoints[0].errors);
    let told = |stats: &[Stats]| stats.iter().any(|it| figures_of(it) == (5 + 2 + 1, 1));
    let stats = ask::<Stats>(&client, "$SRV.STATS", 2, told).await;
    let mut figures: Vec<(usize, usize, String)> = stats
        .iter()
        .map(|service| {
            assert_eq!((&*service.name, service.endpoints.len()), (Adder::KIND, 1));
            let endpoint = &service.endpoints[0];
            let state = endpoint.data.as_ref().unwrap()["state"].as_str().unwrap();
            (endpoint.requests, endpoint.errors, state.to_owned())
        })
        .collect();
    figures.sort();
    assert_eq!(figures, [(0, 0, "standby".to_owned()), (8, 1, "ready".to_owned())]);

    let pings = ask::<PingResponse>(&client, "$SRV.PING.adder", 2, |_| true).await;
    let mut processes: Vec<&str> = pings.iter().map(|ping| &*ping.metadata["process"]).collect();
    processes.sort_unstable();
    assert_eq!(processes, ["process-one", "process-other"]);
    let info = ask::<Info>(&client, "$SRV.INFO.adder.2", 1, |_| true).await.remove(0);
    assert_eq!((&*info.id, &*info.metadata["process"]), ("2", "process-other"));
    assert_eq!(&*info.metadata["hears"], "test.added");
    assert_eq!(info.endpoints[0].subject, "aurora.v1.log.>");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_with_a_key_of_its_own_answers_under_its_own_name_alone() {
    let server = Permitted::start().await;
    let adder = server.user(Adder::KIND).await;

    let site = Site::unborn("alone");
    let deployment = site.deploy().await;
    let _answering = Services::start(&deployment, "1", |_| adder.clone());
    let operator = server.user(OPERATOR).await;
    for subject in ["$SRV.PING", "$SRV.PING.adder", "$SRV.PING.adder.1"] {
        let heard = ask::<PingResponse>(&operator, subject, 1, |_| true).await;
        assert_eq!(heard[0].name, Adder::KIND);
    }
    ask::<Info>(&operator, "$SRV.INFO", 1, |_| true).await;
    ask::<Stats>(&operator, "$SRV.STATS", 1, |_| true).await;
    assert_eq!(adder.watch().borrow().denied, None);
    for denied in ["$SRV.PING.master", "$SRV.STATS.master.1", "$SRV.SCHEMA.adder"] {
        let outcome = attempt(&adder, &Attempt::Subscribe(denied.to_owned())).await;
        assert!(matches!(outcome, Outcome::Denied(_)), "{denied}: {outcome:?}");
    }
}
