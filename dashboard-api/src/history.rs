//! History: what each channel of an asset measured, minute by minute for a fortnight and hour by hour for two years.
//!
//! [`keeper`] reads TELEMETRY with a cursor of its own ([`place`]); [`sums`] adds readings up in [`rolls`] and is [`saved`]
//! with the cursor, so that a restart counts nothing twice. Smallest and largest survive every decimation. The same pass
//! notes how each asset is [`heard`].

pub(crate) mod heard;
mod keeper;
mod place;
mod rolls;
mod saved;
mod sums;

use crate::facade::Facade;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::{Request, malformed};
use keeper::{Keeper, Wanted};
use messages::Timestamp;
use messages::profile::Profile;
use rolls::{Resolution, Roll, decimated};
use serde_json::{Value, json};
use std::time::Duration;
use warp::http::StatusCode;

/// Points of a channel where the request names no number.
const POINTS_DEFAULT: usize = 500;
/// Most points of a channel.
pub(crate) const POINTS_MAX: usize = 5_000;
/// How far back it is looked where the request does not say.
const SPAN_DEFAULT: Duration = Duration::from_secs(3_600);
/// Longest span that is shown by the minute; longer ones are shown by the hour.
pub(crate) const MINUTES_SPAN_MAX: Duration = Duration::from_secs(2 * 24 * 3_600);
/// Longest span that is shown at all: as long as hours are kept.
pub(crate) const SPAN_MAX: Duration = Duration::from_secs(731 * 24 * 3_600);

/// `GET /v1/assets/{asset}/telemetry`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let asset = request.token("asset")?.to_owned();
    let points = points(&request)?;
    let (from, to) = span(facade, &request)?;
    let resolution = match to.since(from) <= MINUTES_SPAN_MAX {
        true => Resolution::Minute,
        false => Resolution::Hour,
    };
    let profile = profile(facade, &asset).await?;
    let channel = request.query("channel").map(|name| channel(profile, name)).transpose()?;
    let keeper = facade.history.keeper(facade, &asset);
    let wanted = Wanted { asset: asset.clone(), channel, resolution, from, to };
    let found = keeper.read(facade, wanted).await?;
    let channels: Vec<Value> = found
        .channels
        .into_iter()
        .map(|(id, rolls)| {
            let known = profile.channels.iter().find(|channel| channel.id == id);
            let rolls = decimated(rolls, points);
            json!({
                "channel": id,
                "title": known.map(|channel| &channel.title),
                "unit": known.map(|channel| channel.unit.symbol()),
                "points": rolls.iter().map(point).collect::<Vec<_>>(),
            })
        })
        .collect();
    let body = json!({
        "asset": asset,
        "from": from,
        "to": to,
        "resolution": resolution.name(),
        "as_of": found.as_of,
        "provenance": found.provenance,
        "missed_records": found.missed,
        "channels": channels,
    });
    reply::json(StatusCode::OK, &body)
}

fn point((at, roll): &(Timestamp, Roll)) -> Value {
    json!({
        "at": at,
        "min": roll.min,
        "mean": roll.mean(),
        "max": roll.max,
        "last": roll.last,
        "count": roll.count,
    })
}

fn points(request: &Request) -> Result<usize, Problem> {
    let Some(text) = request.query("max_points") else { return Ok(POINTS_DEFAULT) };
    let points = text.parse().ok().filter(|points| (1..=POINTS_MAX).contains(points));
    points.ok_or_else(|| malformed(format!("`max_points` is `{text}`; expected 1 to {POINTS_MAX}")))
}

fn span(facade: &Facade, request: &Request) -> Result<(Timestamp, Timestamp), Problem> {
    let time = |name: &str| -> Result<Option<Timestamp>, Problem> {
        let Some(text) = request.query(name) else { return Ok(None) };
        let wrong = |_| malformed(format!("`{name}` is `{text}`, not a time"));
        text.parse().map(Some).map_err(wrong)
    };
    let to = time("to")?.unwrap_or_else(|| facade.now());
    let from = time("from")?.unwrap_or_else(|| to.saturating_sub(SPAN_DEFAULT));
    if from >= to {
        return Err(malformed(format!("`from` is `{from}`, which is not before `to`, `{to}`")));
    }
    if to.since(from) > SPAN_MAX {
        return Err(malformed("between `from` and `to` are more than two years; ask for less"));
    }
    Ok((from, to))
}

/// The profile of an asset that is, or was, watched.
async fn profile<'f>(facade: &'f Facade, asset: &str) -> Result<&'f Profile, Problem> {
    let view = facade.views.log().await?;
    let registered = view.assets.get(asset).map(|asset| asset.registered.profile.clone());
    let name = registered.ok_or_else(|| crate::assets::unknown(asset))?;
    facade.options.profiles.get(&name).ok_or_else(|| {
        let text = format!("profile `{name}` of asset `{asset}` is not known to this process");
        Problem::new(Kind::Unprocessable, text)
    })
}

/// The id of the channel that is called `name`.
fn channel(profile: &Profile, name: &str) -> Result<String, Problem> {
    if let Some(index) = profile.channel_named(name) {
        return Ok(profile.channels[index].id.clone());
    }
    let remedy = match profile.nearest(name) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("see profile `{}`", profile.name),
    };
    Err(malformed(format!("channel `{name}` is unknown; {remedy}")))
}

/// One keeper for each partition of TELEMETRY.
pub(crate) struct History {
    keepers: Vec<Keeper>,
}

impl History {
    pub(crate) fn new(partitions: impl Iterator<Item = runtime::store::Partition>) -> Self {
        Self { keepers: partitions.map(Keeper::new).collect() }
    }

    pub(crate) fn keeper(&self, facade: &Facade, asset: &str) -> &Keeper {
        let partition = facade.deployment.router().partition(messages::Stream::Telemetry, asset);
        let keeper = self.keepers.iter().find(|keeper| keeper.partition() == partition);
        keeper.expect("the router sends assets to partitions that it has")
    }

    /// Reads what is new and saves it where it is due, or at once with `all`.
    pub(crate) async fn keep(&self, facade: &Facade, all: bool) {
        for keeper in &self.keepers {
            if let Err(problem) = keeper.keep(facade, all).await {
                tracing::warn!(detail = %problem.detail, "history waits");
            }
        }
    }
}
