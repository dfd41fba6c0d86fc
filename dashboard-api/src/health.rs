//! Whether the process works at all, and whether it is ready for work.

use crate::facade::Facade;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::Request;
use runtime::intake::Standing;
use serde::Serialize;
use serde_json::json;
use warp::http::StatusCode;

/// One thing that must be right.
#[derive(Clone, Debug, Serialize)]
struct Check {
    name: String,
    ok: bool,
    detail: String,
}

/// `GET /livez`: only a restart helps where this fails.
pub(crate) async fn live(facade: &Facade, _request: Request) -> Result<Response, Problem> {
    let check = committer(facade);
    if check.ok {
        return reply::json(StatusCode::OK, &json!({ "status": "live", "as_of": facade.now() }));
    }
    Err(Problem::new(Kind::Stopped, check.detail))
}

/// `GET /readyz`
pub(crate) async fn ready(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let checks = checks(facade);
    let failed: Vec<&Check> = checks.iter().filter(|check| !check.ok).collect();
    if !failed.is_empty() {
        let detail = format!("{} of {} checks fail", failed.len(), checks.len());
        return Err(Problem::new(Kind::NotReady, detail).with_errors(failed));
    }
    let mut body = json!({ "status": "ready", "as_of": facade.now() });
    if request.flag("verbose")? {
        body["checks"] = json!(checks);
    }
    reply::json(StatusCode::OK, &body)
}

fn checks(facade: &Facade) -> Vec<Check> {
    let mut checks = vec![committer(facade)];
    checks.extend(facade.options.intake.as_ref().map(|intake| self::intake(&intake.borrow())));
    let hosts = facade.deployment.board().list();
    for (kind, _) in facade.deployment.catalog().iter() {
        if !hosts.iter().any(|(id, _)| id.kind == kind) {
            checks.push(Check {
                name: kind.to_owned(),
                ok: false,
                detail: "not started yet".to_owned(),
            });
        }
    }
    for (id, status) in hosts {
        let state = serde_json::to_value(status.state).unwrap_or_default();
        let state = state.as_str().unwrap_or_default();
        let detail = match &status.last_failure {
            Some(failure) => format!("{state}, lag {}, last failure: {failure}", status.lag),
            None => format!("{state}, lag {}", status.lag),
        };
        checks.push(Check { name: id.to_string(), ok: status.state.is_well(), detail });
    }
    checks
}

/// Whether telemetry of the other log is read: what devices publish there waits while it is not.
fn intake(standing: &Standing) -> Check {
    let Standing { source, position, lag, .. } = standing;
    let detail = match &standing.trouble {
        Some(trouble) => format!("`{source}` is not read beyond {position}: {trouble}"),
        None => format!("`{source}` is read, position {position}, lag {lag}"),
    };
    Check { name: "intake".to_owned(), ok: standing.reading, detail }
}

fn committer(facade: &Facade) -> Check {
    let committer = facade.deployment.committer();
    let stopped = committer.watch_stopped().borrow().clone();
    let (ok, detail) = match stopped {
        None => (true, format!("{} requests wait", committer.waiting())),
        Some(reason) => (false, format!("nothing is committed any more: {reason}")),
    };
    Check { name: "committer".to_owned(), ok, detail }
}
