//! Models over HTTP: promoted once under one key, listed, rolled back, refused with the reason.

use crate::client::Ask;
use crate::site::Site;
use dashboard_api::{FacadeOptions, Judged, ModelReader};
use messages::model::ModelCard;
use messages::telemetry::Telemetry;
use messages::{Finite, Record};
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
