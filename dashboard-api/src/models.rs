//! `/v1/models`: which learned models agents judge by, and how one comes into use and out of it.
//!
//! A model is checked and its bytes are kept in the store under their checksum before the log says that it is in use, so
//! whoever reads that finds them. Whether agents could judge by it is known at the edge alone ([`ModelReader`]).

use crate::facade::Facade;
use crate::feed::position;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::{Request, check_text, malformed};
use crate::views::Topic;
use crate::views::models::{Models, Outcomes, Promotion, Tally};
use crate::writing::Said;
use messages::model::{ModelCard, ModelPromoted};
use messages::{Message, MessageId};
use runtime::committer;
use runtime::models::{checksum, kept_as};
use runtime::store::{Partition, Store, VALUE_BYTES_MAX};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use warp::http::StatusCode;

/// Reads a model as the agents of this deployment would, or says why they cannot judge by it. Given by the edge.
#[derive(Clone)]
pub struct ModelReader(Arc<Judge>);

type Judge = dyn Fn(&[u8]) -> Result<Judged, String> + Send + Sync;

/// A model that agents can judge by.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The profile whose assets it judges.
    pub profile: String,
    /// What is known of it.
    pub card: ModelCard,
}

impl ModelReader {
    /// A reader of bytes.
    pub fn new(read: impl Fn(&[u8]) -> Result<Judged, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }
}

impl fmt::Debug for ModelReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelReader(..)")
    }
}

/// `GET /v1/models`
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let after = request.log_cursor()?;
    let profile = request.query("profile");
    let view = facade.views.log().await?;
    let wanted = |it: &Promotion| profile.is_none_or(|profile| it.promoted.profile == profile);
    let (page, more) = view.models.rows.page(after, limit, &wanted);
    let next_cursor = match page.last() {
        Some((sequence, ..)) if more => position(Partition::LOG, *sequence),
        _ => String::new(),
    };
    let item =
        |(sequence, id, it): &(u64, MessageId, &Promotion)| shown(*id, *sequence, it, &view.models);
    let items: Vec<Value> = page.iter().map(item).collect();
    let as_of = view.versions.as_of(&[Topic::Models]);
    let omitted = view.models.rows.omitted;
    let body =
        json!({ "as_of": as_of, "items": items, "omitted": omitted, "next_cursor": next_cursor });
    reply::json(StatusCode::OK, &body)
}

fn shown(id: MessageId, sequence: u64, it: &Promotion, models: &Models) -> Value {
    let ModelPromoted { agent, profile, model, .. } = &it.promoted;
    let is = |known: Option<&ModelCard>| model.is_some() && model.as_ref() == known;
    let mut value = json!(it.promoted);
    value["id"] = json!(id);
    value["sequence"] = json!(sequence);
    value["promoted_at"] = json!(it.at);
    value["provenance"] = json!(it.provenance);
    value["in_use"] = json!(is(models.in_use(agent, profile)));
    value["in_shadow"] = json!(is(models.in_shadow(agent, profile)));
    value["outcomes"] = json!(model.as_ref().map(|model| {
        let Outcomes { in_use, in_shadow } = models.outcomes(model);
        json!({ "in_use": tally(in_use), "in_shadow": tally(in_shadow) })
    }));
    value
}

fn tally(it: Tally) -> Value {
    json!({ "right": it.right, "wrong": it.wrong, "precision": it.precision() })
}

/// What is promoted: a file of this machine, or a model that was in use before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Promoted {
    file: Option<PathBuf>,
    checksum: Option<String>,
    agent: String,
    by: String,
    reason: String,
    force: Option<String>,
    /// Judges in the shadow of the one in use.
    #[serde(default)]
    shadow: bool,
}

/// `POST /v1/models`
pub(crate) async fn promote(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let asked: Promoted = request.json()?;
    check_text("by", &asked.by)?;
    check_text("reason", &asked.reason)?;
    asked.force.as_deref().map_or(Ok(()), |why| check_text("force", why))?;
    check_agent(facade, &asked.agent)?;
    let bytes = match (&asked.file, &asked.checksum) {
        (Some(file), None) => {
            if !request.peer.ip().is_loopback() {
                let text = "files are read for this machine only";
                return Err(Problem::new(Kind::Forbidden, text));
            }
            read(facade, file).await?
        }
        (None, Some(checksum)) => kept(facade, checksum).await?,
        _ => return Err(malformed("give either `file` or `checksum`")),
    };
    let (Judged { profile, card }, bytes) = judged(facade, bytes).await?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let models = &writing.view.models;
            let in_use = models.in_use(&asked.agent, &profile);
            let present = match asked.shadow {
                true => models.in_shadow(&asked.agent, &profile),
                false => in_use,
            };
            // What nobody acts on need not be as good.
            let forced = match asked.shadow {
                true => None,
                false => comparison(&card, present, asked.force)?,
            };
            let known = [present, in_use].into_iter().flatten();
            let is_known = known.map(|it| &it.checksum).any(|known| *known == card.checksum);
            let message = ModelPromoted {
                before: present.map(|it| it.checksum.clone()),
                profile,
                agent: asked.agent,
                model: Some(card.clone()),
                rolled_back: false,
                forced,
                by: asked.by,
                reason: asked.reason,
                shadow: asked.shadow,
            };
            keep(facade, &card.checksum, bytes).await?;
            if is_known {
                let text = format!("model `{}` judges already; its bytes are kept", card.name);
                return Err(Problem::new(Kind::Conflict, text));
            }
            writing.say_alone(message).await?
        }
    };
    answer(&said)
}

/// Why the model is taken though it cannot be shown to be as good as the one in use; absent where it can.
fn comparison(
    card: &ModelCard,
    present: Option<&ModelCard>,
    force: Option<String>,
) -> Result<Option<String>, Problem> {
    match (present.and_then(|present| card.worse_than(present)), force) {
        (None, _) => Ok(None),
        (Some(_), Some(why)) => Ok(Some(why)),
        (Some(worse), None) => {
            let text = format!(
                "model `{}` is not promoted: {worse}; give a reason to take it all the same (`--force REASON`)",
                card.name
            );
            Err(Problem::new(Kind::Unprocessable, text))
        }
    }
}

/// What goes out of use.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RolledBack {
    profile: String,
    agent: String,
    by: String,
    reason: String,
    /// What judges in the shadow of the one in use.
    #[serde(default)]
    shadow: bool,
}

/// `POST /v1/models/rollback`
pub(crate) async fn roll_back(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let asked: RolledBack = request.json()?;
    check_text("by", &asked.by)?;
    check_text("reason", &asked.reason)?;
    check_agent(facade, &asked.agent)?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let RolledBack { profile, agent, by, reason, shadow } = asked;
            let models = &writing.view.models;
            let present = match shadow {
                true => models.in_shadow(&agent, &profile),
                false => models.in_use(&agent, &profile),
            };
            let Some(present) = present else {
                let text = format!(
                    "no such model judges `{profile}`; promote one with `aurorasync model promote FILE`"
                );
                return Err(Problem::new(Kind::Conflict, text));
            };
            let before = Some(present.checksum.clone());
            let former = models.former(&agent, &profile).filter(|_| !shadow);
            let model = former.cloned();
            if let Some(former) = &model {
                // What cannot be judged by any more must not come into use.
                judged(facade, kept(facade, &former.checksum).await?).await?;
            }
            let (rolled_back, forced) = (true, None);
            let message = ModelPromoted {
                profile,
                agent,
                model,
                before,
                rolled_back,
                forced,
                by,
                reason,
                shadow,
            };
            writing.say_alone(message).await?
        }
    };
    answer(&said)
}

fn answer(said: &Said<ModelPromoted>) -> Result<Response, Problem> {
    let mut body = json!(said.message);
    body["id"] = json!(said.id);
    body["sequence"] = json!(said.sequence);
    reply::json(StatusCode::CREATED, &body)
}

fn check_agent(facade: &Facade, kind: &str) -> Result<(), Problem> {
    let catalog = facade.deployment.catalog();
    let judges =
        catalog.iter().filter(|(_, it)| it.contract.hears.contains_key(ModelPromoted::NAME));
    let known: Vec<&str> = judges.map(|(kind, _)| kind).collect();
    if known.contains(&kind) {
        return Ok(());
    }
    let known = if known.is_empty() { "none does".to_owned() } else { known.join(", ") };
    let text = format!("agent `{kind}` does not judge by promoted models; {known}");
    Err(Problem::new(Kind::Unprocessable, text))
}

/// What the model in `bytes` is, and they themselves. Reading a large one takes a while.
async fn judged(facade: &Facade, bytes: Vec<u8>) -> Result<(Judged, Vec<u8>), Problem> {
    let Some(reader) = facade.options.models.clone() else {
        let text = "this deployment was started without a reader of models";
        return Err(Problem::new(Kind::NotAvailable, text));
    };
    let read = move |_: &dyn Store| (reader.0)(&bytes).map(|judged| (judged, bytes));
    let unusable = |why: String| Problem::new(Kind::Unprocessable, format!("the model: {why}"));
    facade.blocking(read).await?.map_err(unusable)
}

async fn read(facade: &Facade, file: &Path) -> Result<Vec<u8>, Problem> {
    if !file.is_absolute() {
        return Err(malformed(format!("`{}` is not an absolute path", file.display())));
    }
    let (path, shown) = (file.to_owned(), file.display().to_string());
    let read = facade.blocking(move |_| -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let limit = VALUE_BYTES_MAX as u64 + 1;
        std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let bytes = read.await?.map_err(|error| {
        Problem::new(Kind::Unprocessable, format!("`{shown}` cannot be read: {error}"))
    })?;
    if bytes.len() > VALUE_BYTES_MAX {
        let text = format!(
            "`{shown}` has more than {VALUE_BYTES_MAX} bytes, which is the largest value that is kept; train with fewer trees"
        );
        return Err(Problem::new(Kind::Unprocessable, text));
    }
    Ok(bytes)
}

/// The bytes of a model that is kept.
async fn kept(facade: &Facade, sum: &str) -> Result<Vec<u8>, Problem> {
    let name = kept_as(sum);
    let is_checksum = sum.len() == 64 && sum.bytes().all(|digit| digit.is_ascii_hexdigit());
    let found = match is_checksum {
        true => facade.blocking(move |store| store.blob(&name)).await??,
        false => None,
    };
    found.filter(|bytes| checksum(bytes) == sum).ok_or_else(|| {
        let text = format!(
            "model `{sum}` is not in the store; promote its file with `aurorasync model promote FILE`"
        );
        Problem::new(Kind::NotFound, text)
    })
}

async fn keep(facade: &Facade, sum: &str, bytes: Vec<u8>) -> Result<(), Problem> {
    let request = committer::Request::Blobs(vec![(kept_as(sum), Some(bytes))]);
    facade.deployment.committer().commit(request).await?;
    Ok(())
}
