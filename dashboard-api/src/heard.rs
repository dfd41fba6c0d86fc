//! How an asset is heard: what came in, what did not, and what was set aside.

use crate::assets;
use crate::facade::Facade;
use crate::history::heard::Heard;
use crate::problem::Problem;
use crate::reply::{self, Response};
use crate::request::Request;
use crate::views::Topic;
use crate::views::quarantine::Quarantine;
use messages::Timestamp;
use messages::health::QuarantineReason;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use warp::http::StatusCode;

/// `GET /v1/assets/{asset}/ingest`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let asset = request.token("asset")?.to_owned();
    let view = facade.views.log().await?;
    let registered = view.assets.get(&asset).ok_or_else(|| assets::unknown(&asset))?;
    let fleet = registered.registered.fleet.clone();
    let aside = aside(&view.quarantine, &asset);
    let omitted = view.quarantine.omitted;
    let said_at = view.versions.as_of(&[Topic::Assets, Topic::Quarantine]);
    drop(view);
    let heard = facade.history.keeper(facade, &asset).heard(facade, asset.clone()).await?;
    let of = heard.as_ref();
    let body = json!({
        "asset": asset,
        "fleet": fleet,
        "as_of": of.map(|heard| heard.heard_at).max(said_at),
        "provenance": of.map(|heard| heard.provenance),
        "since": of.map(|heard| heard.since),
        "heard_at": of.map(|heard| heard.heard_at),
        "sampled_at": of.map(|heard| heard.sampled_at),
        "messages": of.map_or(0, |heard| heard.messages),
        "samples": of.map_or(0, |heard| heard.samples),
        "samples_per_minute": of.and_then(Heard::samples_per_minute),
        "clock_ahead_seconds": of.and_then(Heard::clock_ahead_seconds),
        "gaps": of.filter(|heard| heard.is_counted()).map(gaps),
        "quarantined": aside.iter().map(Aside::shown).collect::<Vec<_>>(),
        "omitted": omitted,
    });
    reply::json(StatusCode::OK, &body)
}

fn gaps(heard: &Heard) -> Value {
    let listed = heard.gaps().map(|(boot, gap)| {
        json!({
            "boot": boot,
            "from": gap.from,
            "to": gap.to,
            "readings": gap.readings(),
            "noticed_at": gap.noticed_at,
        })
    });
    let missing = heard.gaps().map(|(_, gap)| gap.readings()).fold(0, u64::saturating_add);
    json!({
        "missing": missing,
        "unlisted": heard.unlisted,
        "items": listed.collect::<Vec<_>>(),
    })
}

/// What of an asset was set aside for one reason.
struct Aside {
    reason: Option<QuarantineReason>,
    messages: u64,
    released: u64,
    last_at: Timestamp,
}

impl Aside {
    fn shown(&self) -> Value {
        json!({
            "reason": self.reason,
            "messages": self.messages,
            "released": self.released,
            "last_at": self.last_at,
        })
    }
}

/// What is listed of `asset` in quarantine, by reason.
fn aside(quarantine: &Quarantine, asset: &str) -> Vec<Aside> {
    let mut by_reason: BTreeMap<Option<QuarantineReason>, Aside> = BTreeMap::new();
    for frame in quarantine.frames.values().filter(|frame| frame.asset == asset) {
        let reason = frame.reason;
        let begun = || Aside { reason, messages: 0, released: 0, last_at: frame.at };
        let aside = by_reason.entry(reason).or_insert_with(begun);
        aside.messages += 1;
        aside.released += u64::from(frame.released_at.is_some());
        aside.last_at = frame.at;
    }
    by_reason.into_values().collect()
}
