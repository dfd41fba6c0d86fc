//! AUDIT for people: links listed, and the whole chain verified.

use crate::facade::Facade;
use crate::feed::{self, Cursor};
use crate::problem::Problem;
use crate::reply::{self, List, Response};
use crate::request::Request;
use messages::guard::AuditRecorded;
use runtime::store::{Delivery, Partition};
use serde_json::{Value, json};
use std::iter::once;
use warp::http::StatusCode;

/// `GET /v1/audit`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let wanted = |name: &str| request.query(name).map(str::to_owned);
    let (principal, action) = (wanted("principal"), wanted("action"));
    let mut cursor = Cursor::start(&**facade.deployment.store(), once(Partition::AUDIT));
    if let Some(text) = request.query("cursor") {
        cursor = cursor.moved_to(text)?;
    }
    let page = facade
        .blocking(move |store| {
            let wanted = |delivery: &Delivery| {
                let is = |wanted: &Option<String>, found: &str| {
                    wanted.as_ref().is_none_or(|wanted| wanted == found)
                };
                delivery.envelope.open::<AuditRecorded>().map_or(true, |link| {
                    is(&principal, &link.principal) && is(&action, &link.action)
                })
            };
            feed::read(store, &cursor, limit, &wanted)
        })
        .await??;
    let items: Vec<Value> = page.records.iter().map(|(_, delivery)| shown(delivery)).collect();
    let next_cursor = if page.ended { String::new() } else { page.cursor.to_string() };
    reply::json(StatusCode::OK, &List { items, next_cursor })
}

/// A link that cannot be read is shown as such: it is the very thing to be seen.
fn shown(delivery: &Delivery) -> Value {
    match delivery.envelope.open::<AuditRecorded>() {
        Ok(link) => json!(link),
        Err(error) => json!({ "sequence": delivery.sequence, "undecoded": error.to_string() }),
    }
}
