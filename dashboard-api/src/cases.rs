//! Cases: listed and shown, and what people decide about them.

use crate::bookings;
use crate::facade::{Facade, SOURCE};
use crate::feed::position;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Page, Response};
use crate::request::{Request, check_text, malformed};
use crate::views::cases::{Case, Uncertain};
use crate::views::{LogView, Topic};
use messages::case::{CaseDecided, CaseOpened, CaseState, Decision};
use messages::{CaseId, MessageId};
use runtime::store::Partition;
use serde::Deserialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

/// States, for queries.
const STATES: [CaseState; 13] = [
    CaseState::Opened,
    CaseState::Contacting,
    CaseState::AwaitingCustomer,
    CaseState::Scheduling,
    CaseState::Booked,
    CaseState::InService,
    CaseState::Verifying,
    CaseState::Closed,
    CaseState::Deferred,
    CaseState::Declined,
    CaseState::Escalated,
    CaseState::Cancelled,
    CaseState::Uncertain,
];

/// The case that the path names.
pub(crate) fn id_of(request: &Request) -> Result<CaseId, Problem> {
    request.parsed("id", "the id of a case (a UUID)")
}

/// The case `id`.
pub(crate) fn find(view: &LogView, id: CaseId) -> Result<&Case, Problem> {
    view.cases.rows.get(id).ok_or_else(|| {
        let text = format!("case `{id}` is unknown; list them with `aurorasync case ls --closed`");
        Problem::new(Kind::NotFound, text)
    })
}

/// `GET /v1/cases`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let closed = request.flag("closed")?;
    let state = request.query("state").map(state_named).transpose()?;
    let query = |name| request.query(name);
    let (fleet, asset, owner) = (query("fleet"), query("asset"), query("owner"));
    let after = request.log_cursor()?;
    let view = facade.view(&request).await?;
    let wanted = |case: &Case| {
        (closed || state.is_some() || !case.state.is_final())
            && state.is_none_or(|state| case.state == state)
            && fleet.is_none_or(|fleet| case.fleet == fleet)
            && asset.is_none_or(|asset| case.asset == asset)
            && owner.is_none_or(|owner| case.owner.as_deref() == Some(owner))
    };
    let (page, more) = view.cases.rows.page(after, limit, &wanted);
    let next_cursor = match page.last() {
        Some((sequence, ..)) if more => position(Partition::LOG, *sequence),
        _ => String::new(),
    };
    let items: Vec<Value> = page.iter().map(|(_, id, case)| shown(*id, case)).collect();
    let omitted = Some(view.cases.rows.omitted);
    let as_of = view.versions.as_of(&[Topic::Cases]);
    reply::json(StatusCode::OK, &Page { as_of, omitted, items, next_cursor })
}

/// States, by name.
pub(crate) fn state_names() -> Vec<&'static str> {
    STATES.iter().map(|state| state.name()).collect()
}

fn state_named(name: &str) -> Result<CaseState, Problem> {
    STATES.into_iter().find(|state| state.name() == name).ok_or_else(|| {
        malformed(format!("state `{name}` is unknown; there are {}", state_names().join(", ")))
    })
}

pub(crate) fn shown(id: CaseId, case: &Case) -> Value {
    let escalated = case.escalated.as_ref();
    let uncertain: Vec<Value> = case
        .uncertain
        .iter()
        .map(|it| json!({ "intent": it.intent, "effect": it.effect, "reason": it.reason }))
        .collect();
    json!({
        "case": id,
        "asset": case.asset,
        "fleet": case.fleet,
        "owner": case.owner,
        "component": case.component,
        "severity": case.severity,
        "state": case.state.name(),
        "reason": case.reason,
        "deadline": case.deadline,
        "due_at": case.due_at,
        "opened_at": case.opened_at,
        "updated_at": case.updated_at,
        "booking": case.booking,
        "escalated": escalated.map(|it| {
            json!({ "at": it.at, "reason": it.reason, "remedy": it.remedy })
        }),
        "uncertain": uncertain,
        "outcome": case.outcome,
        "provenance": case.provenance,
    })
}

/// `GET /v1/cases/{id}`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let id = id_of(&request)?;
    let view = facade.view(&request).await?;
    let case = find(&view, id)?;
    let mut item = shown(id, case);
    item["as_of"] = json!(view.versions.as_of(&[Topic::Cases]));
    item["refused"] = json!(
        case.refused
            .as_ref()
            .map(|it| { json!({ "at": it.at, "command": it.command, "detail": it.detail }) })
    );
    item["records"] = (1 + case.records.len()).into();
    let (opened, offered) = (case.opened, case.offered);
    drop(view);
    if let Some(record) = facade.record(Partition::LOG, opened).await? {
        let evidence = record.envelope.open::<CaseOpened>().map(|opened| opened.evidence);
        item["evidence"] = evidence.map_or(Value::Null, |evidence| json!(evidence));
    }
    item["offers"] = bookings::offers(facade, offered).await?.map_or(Value::Null, |it| json!(it));
    reply::json(StatusCode::OK, &item)
}

/// What a person decides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    decision: Kinds,
    /// Why; for `cancel`.
    #[serde(default)]
    reason: Option<String>,
    /// What became of the effect; for `resolve`.
    #[serde(default)]
    effect: Option<Became>,
    /// Which effect, where several are uncertain.
    #[serde(default)]
    intent: Option<MessageId>,
    #[serde(default)]
    by: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kinds {
    Approve,
    Cancel,
    Resolve,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Became {
    Happened,
    DidNotHappen,
}

/// `POST /v1/cases/{id}/decision`
pub(crate) async fn decide(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let decided: Decided = request.json()?;
    let id = id_of(&request)?;
    check_fields(&decided)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let case = find(&writing.view, id)?;
            let message = CaseDecided {
                case: id,
                asset: case.asset.clone(),
                owner: case.owner.clone(),
                decision: decision(id, case, &decided)?,
                by: decided.by.unwrap_or_else(|| SOURCE.to_owned()),
            };
            // So that an effect is resolved once.
            writing.say_alone(message).await?
        }
    };
    let CaseDecided { case, decision, .. } = said.message;
    let body =
        json!({ "case": case, "decision": decision, "id": said.id, "sequence": said.sequence });
    reply::json(StatusCode::CREATED, &body)
}

fn check_fields(decided: &Decided) -> Result<(), Problem> {
    for (field, text) in [("reason", &decided.reason), ("by", &decided.by)] {
        text.as_deref().map_or(Ok(()), |text| check_text(field, text))?;
    }
    let kind = decided.decision;
    let belongs = |field: &str, given: bool, to: Kinds, name: &str, needed: bool| {
        if given && kind != to {
            return Err(malformed(format!("`{field}` is only taken with decision `{name}`")));
        }
        if needed && !given && kind == to {
            return Err(malformed(format!("decision `{name}` needs `{field}`")));
        }
        Ok(())
    };
    belongs("reason", decided.reason.is_some(), Kinds::Cancel, "cancel", true)?;
    belongs("effect", decided.effect.is_some(), Kinds::Resolve, "resolve", true)?;
    belongs("intent", decided.intent.is_some(), Kinds::Resolve, "resolve", false)
}

/// What is decided, if the case stands so that it can be.
fn decision(id: CaseId, case: &Case, decided: &Decided) -> Result<Decision, Problem> {
    let state = case.state;
    let conflict = |text: String| Err(Problem::new(Kind::Conflict, text));
    if state.is_final() {
        return conflict(format!("case `{id}` is {}; nothing is left to decide", state.name()));
    }
    match decided.decision {
        Kinds::Approve if state == CaseState::Uncertain => conflict(format!(
            "case `{id}` is uncertain; say what became of the effect with decision `resolve`"
        )),
        Kinds::Approve if state != CaseState::Escalated => {
            conflict(format!("case `{id}` is {} and asks nothing of anybody", state.name()))
        }
        Kinds::Approve => Ok(Decision::Approve),
        Kinds::Cancel => {
            Ok(Decision::Cancel { reason: decided.reason.clone().unwrap_or_default() })
        }
        Kinds::Resolve => {
            let intent = uncertain(id, &case.uncertain, decided.intent)?.intent;
            let happened = decided.effect == Some(Became::Happened);
            Ok(Decision::Resolve { intent, happened })
        }
    }
}

/// The uncertain effect that is meant.
fn uncertain(
    id: CaseId,
    all: &[Uncertain],
    intent: Option<MessageId>,
) -> Result<&Uncertain, Problem> {
    let named: Vec<String> =
        all.iter().map(|it| format!("`{}` ({})", it.intent, it.effect)).collect();
    let found = match (intent, all) {
        (None, [one]) => Some(one),
        (None, _) => None,
        (Some(intent), all) => all.iter().find(|it| it.intent == intent),
    };
    found.ok_or_else(|| {
        let (kind, text) = match (intent, named.is_empty()) {
            (_, true) => (Kind::Conflict, format!("no effect of case `{id}` is uncertain")),
            (None, false) => {
                let text = "several effects are uncertain; say which with `intent`";
                (Kind::Unprocessable, format!("{text}: {}", named.join(", ")))
            }
            (Some(intent), false) => {
                let known = named.join(", ");
                (
                    Kind::Unprocessable,
                    format!("effect `{intent}` is not uncertain; there are {known}"),
                )
            }
        };
        Problem::new(kind, text)
    })
}
