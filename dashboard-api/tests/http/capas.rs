//! CAPAs and insights over HTTP: the list, the 8D report in three forms, and what can be signed.

use crate::client::Ask;
use crate::site::{Site, start};
use crate::story::{number, say};
use messages::capa::{
    CapaOpened, CapaRefused, CapaReopened, CapaSigned, CapaState, CapaUpdated, Effectiveness, Fmea,
    Gate, Priority, Statement,
};
use messages::pattern::{
    CauseReported, Estimate, Group, LifeSpan, PatternFound, PopulationReviewed, Query, Rate,
};
use messages::{CapaId, Message, MessageId};
use runtime::store::{Partition, ReadLimit, Store};
use serde_json::{Value, json};

const AGENT: &str = "manufacturing-insights";

fn id() -> CapaId {
    CapaId::of(MessageId::named("story", "review"), "brake")
}

fn estimate(value: f64) -> Estimate {
    let around = |share: f64| Some(number(share * value));
    Estimate { low: around(0.5), value: number(value), high: around(2.0) }
}

fn rate(failures: u64) -> Rate {
    Rate {
        group: Group { model: None, supplier: Some("S<1>".into()), batch: Some("B-1".into()) },
        failures,
        assets: 100,
        life_days: number(9_000.0),
        per_1000_years: Some(estimate(40.0 * failures as f64)),
        ratio: Some(number(8.0)),
        p_raw: Some(number(1e-9)),
        p_value: Some(number(1e-5)),
        query: Query {
            counted: vec!["failure.recorded".into()],
            condition: "component == 'brake'".into(),
            from: start(),
            until: start(),
            records: failures,
            first: None,
            last: None,
        },
    }
}

fn opened() -> CapaOpened {
    CapaOpened {
        capa: id(),
        population: "vehicle".into(),
        component: "brake".into(),
        group: rate(18).group,
        failures: 18,
        p_value: number(1e-5),
        rate: rate(18),
        rest: rate(3),
        safety: true,
        is_is_not: Vec::new(),
        contain_by: start(),
        causes: vec![CauseReported {
            cause: "<b>compound</b>".into(),
            part: None,
            workshops: 2,
            of_workshops: 3,
            failures: 11,
        }],
        life: Some(LifeSpan {
            failures: 18,
            suspensions: 82,
            shape: estimate(1.5),
            scale_days: estimate(900.0),
            b10_days: estimate(200.0),
            age_step_days: 15,
        }),
        fmea: Fmea {
            severity: 10,
            occurrence: 10,
            detection: 8,
            priority: Priority::High,
            because: Vec::new(),
        },
    }
}

/// A CAPA that waits for signatures.
pub(crate) async fn open(site: &Site) {
    say(site, AGENT, None, &opened()).await;
}

/// What signs its first gate.
pub(crate) fn containment() -> Value {
    let statement =
        json!({ "containment": { "measures": "stock is | blocked", "effective_percent": 80 } });
    json!({ "by": "quality desk", "statement": statement })
}

async fn update(site: &Site, state: CapaState, signed: Option<Statement>) {
    let updated = CapaUpdated {
        capa: id(),
        population: "vehicle".into(),
        component: "brake".into(),
        state,
        reason: "quality desk signed".into(),
        gate: signed.as_ref().map(Statement::gate),
        by: signed.is_some().then(|| "quality desk".into()),
        statement: signed,
        asset: None,
        rate: None,
        effectiveness: None,
    };
    say(site, AGENT, None, &updated).await;
}

pub(crate) fn path(end: &str) -> String {
    format!("/v1/capas/{}{end}", id())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capa_is_listed_with_where_it_stands_until_it_is_closed() {
    let site = Site::empty().await;
    say(&site, AGENT, None, &opened()).await;
    let list = site.get("/v1/capas").await.expect(200);
    let item = &list["items"][0];
    assert_eq!((&item["capa"], &item["state"]), (&json!(id()), &json!("open")));
    assert_eq!((&item["failures"], &list["next_cursor"]), (&json!(18), &json!("")));
    update(&site, CapaState::Contained, None).await;
    for (query, count) in
        [("state=contained", 1), ("state=open", 0), ("component=brake", 1), ("component=tyre", 0)]
    {
        let list = site.get(&format!("/v1/capas?{query}")).await.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), count, "{query}");
    }
    update(&site, CapaState::Closed, None).await;
    assert_eq!(site.get("/v1/capas").await.expect(200)["items"], json!([]));
    let all = site.get("/v1/capas?closed=true").await.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    site.get("/v1/capas?state=lost").await.problem(400, "malformed");
    site.get("/v1/capas/x").await.problem(404, "not-found");
    let other = CapaId::of(MessageId::named("story", "other"), "brake");
    site.get(&format!("/v1/capas/{other}")).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_tells_what_was_signed_and_a_reopened_one_what_holds_still() {
    let site = Site::empty().await;
    say(&site, AGENT, None, &opened()).await;
    let text = |text: &str| text.to_owned();
    let containment =
        Statement::Containment { measures: text("blocked"), effective_percent: number(80.0) };
    let root_cause = Statement::RootCause {
        cause: text("oven"),
        escape_point: text("inspection"),
        whys: vec![text("soft"); 3],
        evidence: vec![text("hardness")],
    };
    update(&site, CapaState::Contained, Some(containment)).await;
    update(&site, CapaState::Rca, Some(root_cause)).await;
    let report = site.get(&path("")).await.expect(200);
    assert_eq!((&report["state"], &report["people"]), (&json!("rca"), &json!(["quality desk"])));
    assert_eq!(report["signed"]["D4"]["statement"]["root_cause"]["cause"], "oven");
    assert_eq!(report["opened"]["rate"]["query"]["records"], 18);
    let effectiveness = Effectiveness {
        assets: 10,
        life_days: number(500.0),
        failures: 3,
        per_year_max: number(0.5),
        per_year_below: None,
        failures_max: 2,
        met: Some(false),
    };
    let reopened = CapaReopened {
        capa: id(),
        population: text("vehicle"),
        component: text("brake"),
        reason: text("later assets failed"),
        effectiveness,
    };
    let placed = say(&site, AGENT, None, &reopened).await;
    let report = site.get(&path("")).await.expect(200);
    assert_eq!(report["state"], "reopened");
    let gates: Vec<&String> = report["signed"].as_object().unwrap().keys().collect();
    assert_eq!(gates, ["D3"]);
    let history = report["history"].as_array().unwrap();
    assert_eq!(history.last().unwrap()["sequence"], placed.sequence);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_had_as_a_page_as_markdown_and_as_json_and_texts_stay_texts() {
    let site = Site::empty().await;
    say(&site, AGENT, None, &opened()).await;
    let page = site.get(&path("/export")).await;
    assert_eq!((page.status, &*page.headers["content-type"]), (200, "text/html; charset=utf-8"));
    let html = page.text().to_owned();
    assert_eq!(html.matches("<svg").count(), 2, "rates and life");
    assert!(html.contains("S&lt;1&gt;") && html.contains("&lt;b&gt;compound"), "{html}");
    assert!(!html.contains("<script") && !html.contains("http://") && !html.contains("<b>"));
    assert!(html.contains("reported by 2 of 3 workshops"));
    let markdown = site.get(&path("/export?format=md")).await;
    assert!(markdown.text().contains("## D4 root cause") && !markdown.text().contains("<b>"));
    for form in [html.as_str(), markdown.text()] {
        assert!(form.contains("; provenance measured."), "{form}");
    }
    let json = site.get(&path("/export?format=json")).await.expect(200);
    assert_eq!(json, site.get(&path("")).await.expect(200));
    site.get(&path("/export?format=pdf")).await.problem(400, "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_said_once_and_what_no_capa_may_say_is_refused_at_the_door() {
    let site = Site::empty().await;
    site.post(&path("/sign"), containment().to_string()).await.problem(404, "not-found");
    say(&site, AGENT, None, &opened()).await;
    for _ in 0..2 {
        let ask = Ask::post(path("/sign"), containment().to_string());
        let said = ask.header("Idempotency-Key", "one").send(site.address).await.expect(201);
        assert_eq!((&said["gate"], &said["by"]), (&json!("D3"), &json!("quality desk")));
    }
    let log = site.store.read(Partition::LOG, 0, ReadLimit::default()).unwrap();
    let signed = log.iter().filter(|it| it.envelope.name == CapaSigned::NAME);
    assert_eq!(signed.count(), 1);
    let blame = json!({ "by": "quality desk", "statement": { "root_cause": {
        "cause": "operator error", "escape_point": "gate", "whys": ["a", "b", "c"], "evidence": ["d"],
    } } });
    let refused = site.post(&path("/sign"), blame.to_string()).await;
    let refused = refused.problem(422, "unprocessable");
    assert!(refused["detail"].as_str().unwrap().contains("blames"), "{refused}");
    let unknown = json!({ "by": "quality desk", "statement": { "guess": {} } });
    site.post(&path("/sign"), unknown.to_string()).await.problem(400, "malformed");
    update(&site, CapaState::Closed, None).await;
    let closed = site.post(&path("/sign"), containment().to_string()).await;
    closed.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_agent_refuses_is_told() {
    let site = Site::empty().await;
    say(&site, AGENT, None, &opened()).await;
    let refused = CapaRefused {
        capa: id(),
        population: "vehicle".into(),
        gate: Gate::D5,
        by: "quality desk".into(),
        reason: "D5 waits for D4".into(),
    };
    say(&site, AGENT, None, &refused).await;
    let list = site.get("/v1/capas").await.expect(200);
    assert!(list["items"][0]["reason"].as_str().unwrap().contains("D5 waits for D4"), "{list}");
    let report = site.get(&path("")).await.expect(200);
    assert_eq!(report["history"][1]["event"], "capa.refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn insights_are_the_newest_review_and_the_patterns_of_a_population() {
    let site = Site::empty().await;
    for assets in [10, 20] {
        let reviewed = PopulationReviewed {
            population: "vehicle".into(),
            assets,
            compared: 3,
            components: Vec::new(),
            by_count: Vec::new(),
            by_cost: Vec::new(),
        };
        say(&site, AGENT, None, &reviewed).await;
    }
    let found = PatternFound {
        population: "vehicle".into(),
        component: "brake".into(),
        rate: rate(9),
        rest: rate(2),
        causes: Vec::new(),
    };
    say(&site, AGENT, None, &found).await;
    let insights = site.get("/v1/insights").await.expect(200);
    assert_eq!(insights["items"].as_array().unwrap().len(), 1);
    assert_eq!(insights["items"][0]["assets"], 20);
    assert_eq!(insights["patterns"][0]["rate"]["failures"], 9);
    let other = site.get("/v1/insights?population=machine").await.expect(200);
    assert_eq!((&other["items"], &other["patterns"]), (&json!([]), &json!([])));
}
