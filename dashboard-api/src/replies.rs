//! What owners say: taken as it is said, whatever way it came, for engagement to understand.

use crate::facade::Facade;
use crate::owners;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::{Request, check_token, malformed};
use crate::views::LogView;
use messages::CaseId;
use messages::consent::Channel;
use messages::contact::{CustomerReplied, REPLY_BYTES_MAX};
use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spoken {
    owner: String,
    #[serde(default)]
    case: Option<CaseId>,
    channel: Channel,
    text: String,
}

/// `POST /v1/replies`
pub(crate) async fn receive(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let Spoken { owner, case, channel, text } = request.json()?;
    check_token("owner", &owner)?;
    check_words(&text)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            check_speaker(&writing.view, &owner, case)?;
            writing.say(CustomerReplied { owner, case, channel, text }, None).await?
        }
    };
    let CustomerReplied { owner, case, .. } = said.message;
    let body = json!({ "owner": owner, "case": case, "id": said.id, "sequence": said.sequence });
    reply::json(StatusCode::CREATED, &body)
}

/// Whether `text` is something that a person would say: lines, not control characters.
fn check_words(text: &str) -> Result<(), Problem> {
    let bytes = text.len();
    if bytes > REPLY_BYTES_MAX {
        return Err(malformed(format!(
            "`text` has {bytes} bytes, at most {REPLY_BYTES_MAX} are taken; say it in several replies"
        )));
    }
    if text.trim().is_empty() {
        return Err(malformed("`text` is empty; say something"));
    }
    if text.contains(|letter: char| letter.is_control() && letter != '\n') {
        return Err(malformed("`text` holds control characters; send plain text"));
    }
    Ok(())
}

/// Whether there is such an owner, and the case is theirs.
fn check_speaker(view: &LogView, owner: &str, case: Option<CaseId>) -> Result<(), Problem> {
    let wrong = |text: String| Err(Problem::new(Kind::Unprocessable, text));
    if let Err(problem) = owners::find(view, owner) {
        return wrong(problem.detail);
    }
    let Some(id) = case else { return Ok(()) };
    match view.cases.rows.get(id).map(|case| &case.owner) {
        Some(Some(known)) if known == owner => Ok(()),
        Some(_) => wrong(format!("case `{id}` is not one of owner `{owner}`; leave `case` out")),
        None => wrong(format!("case `{id}` is unknown; list cases with `aurorasync case ls`")),
    }
}
