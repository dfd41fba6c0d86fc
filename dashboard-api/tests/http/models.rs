//! Models over HTTP: promoted once under one key, listed, rolled back, refused with the reason.

use crate::client::Ask;
use crate::site::Site;
use crate::story::say;
use dashboard_api::{FacadeOptions, Judged, ModelReader};
use messages::finding::{Outcome, PredictionVerified};
use messages::model::{ModelCard, spoken_name};
use messages::shadow::ShadowVerified;
use messages::telemetry::Telemetry;
use messages::{Finite, MessageId, Record};
use runtime::models::{checksum, kept_as};
use runtime::store::Store;
use runtime::{Agent, AgentResult, Catalog, ConfigError, Ctx, Handle, Models, Wiring};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// Judges by models, and remembers nothing.
struct Assayer;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Nothing {}

impl Record for Nothing {
    const SCHEMA: u16 = 60_501;
}

impl Agent for Assayer {
    const KIND: &'static str = "assayer";
    type Config = Nothing;
    type State = Nothing;

    fn new(_config: Nothing, _models: &Models) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn wiring(wiring: &mut Wiring<Self>) {
        wiring.on::<Telemetry>().key(|telemetry| &telemetry.asset).judges_by_promoted_models();
    }
}

impl Handle<Telemetry> for Assayer {
    fn handle(&self, _: &mut Nothing, _: &Telemetry, _: &mut Ctx<'_, Self>) -> AgentResult {
        Ok(())
    }
}

/// A model is a number: how well it did.
fn read(bytes: &[u8]) -> Result<Judged, String> {
    let text = String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())?;
    let figure: f64 = text.trim().parse().map_err(|_| format!("`{text}` is no number"))?;
    let figures = [("macro_f1".to_owned(), Finite::new(figure).unwrap())].into();
    let card = ModelCard {
        name: format!("of-{text}"),
        checksum: checksum(bytes),
        feature_schema: 1,
        data: "rows".into(),
        figures,
    };
    Ok(Judged { profile: "vehicle".into(), card })
}

async fn site() -> Site {
    Site::with(Catalog::default().with::<Assayer>(), |options| FacadeOptions {
        models: Some(ModelReader::new(read)),
        ..options
    })
    .await
}

fn file(folder: &Path, text: &str) -> Value {
    let path = folder.join(text);
    std::fs::write(&path, text).unwrap();
    json!({ "file": path, "agent": "assayer", "by": "desk", "reason": "a test" })
}

async fn send(site: &Site, path: &str, key: &str, body: &Value) -> crate::client::Reply {
    site.ask(Ask::post(path, body.to_string()).header("idempotency-key", key)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_kept_said_once_listed_and_rolled_back_once() {
    let (site, folder) = (site().await, tempfile::tempdir().unwrap());
    let first = send(&site, "/v1/models", "1", &file(folder.path(), "0.5")).await.expect(201);
    let kept = site.store.blob(&kept_as(first["model"]["checksum"].as_str().unwrap())).unwrap();
    assert_eq!(kept.as_deref(), Some(&b"0.5"[..]));
    let better = file(folder.path(), "0.75");
    let said = send(&site, "/v1/models", "2", &better).await.expect(201);
    assert_eq!(send(&site, "/v1/models", "2", &better).await.expect(201), said);
    assert_eq!(said["before"], first["model"]["checksum"]);
    let listed = site.get("/v1/models?profile=vehicle").await.expect(200);
    let in_use: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|it| &it["in_use"]).collect();
    assert_eq!(in_use, [false, true]);
    let back =
        json!({ "profile": "vehicle", "agent": "assayer", "by": "desk", "reason": "a test" });
    let said = send(&site, "/v1/models/rollback", "3", &back).await.expect(201);
    assert_eq!((&said["model"], &said["rolled_back"]), (&first["model"], &json!(true)));
    assert_eq!(send(&site, "/v1/models/rollback", "3", &back).await.expect(201), said);
    let said = send(&site, "/v1/models/rollback", "4", &back).await.expect(201);
    assert_eq!(said["model"], Value::Null);
    send(&site, "/v1/models/rollback", "5", &back).await.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_needs_not_be_as_good_is_listed_with_how_right_both_were_and_ends() {
    let (site, folder) = (site().await, tempfile::tempdir().unwrap());
    let ask = |text: &str, shadow: bool| {
        let mut body = file(folder.path(), text);
        body["shadow"] = shadow.into();
        body
    };
    let post = async |body: Value| site.post("/v1/models", body.to_string()).await;
    let first = post(ask("0.75", false)).await.expect(201);
    post(ask("0.75", true)).await.problem(409, "conflict");
    let said = post(ask("0.5", true)).await.expect(201);
    assert_eq!((&said["shadow"], &said["before"]), (&json!(true), &Value::Null));
    let detector = |said: &Value| {
        format!("{} brake", spoken_name(said["model"]["checksum"].as_str().unwrap()))
    };
    for (number, outcome) in
        [Outcome::TruePositive, Outcome::FalsePositive, Outcome::Censored].into_iter().enumerate()
    {
        let (asset, component) = (format!("VEH{number}"), "brake".to_owned());
        let prediction = MessageId::named("test", &asset);
        let verified = PredictionVerified {
            detector: detector(&first),
            asset: asset.clone(),
            component: component.clone(),
            case: None,
            prediction: Some(prediction),
            outcome: Outcome::TruePositive,
            lead_hours: None,
            probability: None,
            judged_by: None,
        };
        say(&site, "feedback", None, &verified).await;
        let detector = detector(&said);
        let judged_by = None;
        let verified =
            ShadowVerified { detector, asset, component, prediction, outcome, judged_by };
        say(&site, "feedback", None, &verified).await;
    }
    let listed = site.get("/v1/models").await.expect(200);
    let tally = |right: u64, wrong: u64, precision: Value| json!({ "right": right, "wrong": wrong, "precision": precision });
    let none = || tally(0, 0, Value::Null);
    let items = listed["items"].as_array().unwrap();
    assert_eq!((&items[0]["in_use"], &items[0]["in_shadow"]), (&json!(true), &json!(false)));
    let in_use = json!({ "in_use": tally(3, 0, json!(1.0)), "in_shadow": none() });
    assert_eq!(items[0]["outcomes"], in_use);
    assert_eq!((&items[1]["in_use"], &items[1]["in_shadow"]), (&json!(false), &json!(true)));
    let in_shadow = json!({ "in_use": none(), "in_shadow": tally(1, 1, json!(0.5)) });
    assert_eq!(items[1]["outcomes"], in_shadow);
    let back = json!({
        "profile": "vehicle", "agent": "assayer", "by": "desk", "reason": "a test", "shadow": true,
    });
    let said = site.post("/v1/models/rollback", back.to_string()).await.expect(201);
    assert_eq!((&said["model"], &said["shadow"]), (&Value::Null, &json!(true)));
    let listed = site.get("/v1/models").await.expect(200);
    let shadows = listed["items"].as_array().unwrap().iter().map(|it| it["in_shadow"] == true);
    assert_eq!(shadows.filter(|it| *it).count(), 0);
    assert_eq!(listed["items"][0]["in_use"], true);
    site.post("/v1/models/rollback", back.to_string()).await.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_agents_cannot_judge_by_or_should_not_is_refused() {
    let (site, folder) = (site().await, tempfile::tempdir().unwrap());
    let post = async |body: Value| site.post("/v1/models", body.to_string()).await;
    post(file(folder.path(), "0.75")).await.expect(201);
    post(file(folder.path(), "0.75")).await.problem(409, "conflict");
    post(file(folder.path(), "many")).await.problem(422, "unprocessable");
    post(file(folder.path(), "0.5")).await.problem(422, "unprocessable");
    let mut forced = file(folder.path(), "0.5");
    forced["force"] = "it is of this fleet".into();
    assert_eq!(post(forced).await.expect(201)["forced"], "it is of this fleet");
    let mut other = file(folder.path(), "0.9");
    other["agent"] = "picky".into();
    post(other).await.problem(422, "unprocessable");
    let both = json!({
        "file": "/tmp/a", "checksum": "0a", "agent": "assayer", "by": "desk", "reason": "a test",
    });
    post(both).await.problem(400, "malformed");
    let unknown = json!({ "checksum": "0a", "agent": "assayer", "by": "desk", "reason": "a test" });
    post(unknown).await.problem(404, "not-found");
    let gone =
        json!({ "file": "/nowhere/a", "agent": "assayer", "by": "desk", "reason": "a test" });
    post(gone).await.problem(422, "unprocessable");
}
