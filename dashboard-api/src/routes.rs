//! The one list of what can be asked over HTTP; documents and tests are made from it.

mod route;

pub(crate) use route::{ANY_TYPE, find};
pub use route::{Body, Route};

use crate::condition::Tag;
use crate::shapes as is;
use crate::views::Topic;
use crate::{
    agents, assets, audit, backup, bookings, calendar, capas, cases, centres, changes, dead,
    documents, events, feedback, findings, health, heard, history, ingest, insights, metrics,
    models, owners, page, predictions, principals, quarantine, rebuild, replies, topology, why,
};
use route::{get, post};

/// Everything that can be asked.
pub static ROUTES: &[Route] = &[
    Route {
        produces: "text/html",
        tag: Tag::None,
        ..get("/", "a page that lists what there is and follows what happens", |f, r| {
            Box::pin(page::show(f, r))
        })
    },
    Route {
        body: Body::Telemetry,
        done: 202,
        gives: is::TAKEN,
        ..post(
            "/v1/fleets/{fleet}/assets/{asset}/telemetry",
            "take samples; answered once they are durable",
            |f, r| Box::pin(ingest::receive(f, r)),
        )
    },
    Route {
        query: &["fleet", "retired", "at", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Assets]),
        gives: is::ASSETS,
        ..get("/v1/assets", "list assets as last registered", |f, r| Box::pin(assets::list(f, r)))
    },
    Route {
        query: &["at"],
        tag: Tag::Views(&[Topic::Assets, Topic::Predictions, Topic::Cases, Topic::Bookings]),
        gives: is::ASSET_SHOWN,
        ..get("/v1/assets/{asset}", "show an asset with what is predicted of it", |f, r| {
            Box::pin(assets::show(f, r))
        })
    },
    Route {
        query: &["channel", "from", "to", "max_points"],
        gives: is::HISTORY,
        ..get(
            "/v1/assets/{asset}/telemetry",
            "show what an asset measured, in as many points as are wanted",
            |f, r| Box::pin(history::show(f, r)),
        )
    },
    Route {
        gives: is::HEARD,
        ..get(
            "/v1/assets/{asset}/ingest",
            "show how an asset is heard: when, how often, with which gaps, and what was set aside",
            |f, r| Box::pin(heard::show(f, r)),
        )
    },
    Route {
        body: Body::Json,
        takes: is::ASSET_TAKEN,
        gives: is::ASSET_SAID,
        ..post("/v1/assets", "register an asset, or register it anew", |f, r| {
            Box::pin(assets::register(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::REASON,
        gives: is::ASSET_SAID,
        ..post("/v1/assets/{asset}/retire", "stop watching an asset", |f, r| {
            Box::pin(assets::retire(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::MAINTENANCE,
        gives: is::ASSET_SAID,
        ..post("/v1/assets/{asset}/maintenance", "record work done on an asset", |f, r| {
            Box::pin(assets::maintain(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::OWNER_TAKEN,
        gives: is::OWNER_SAID,
        ..post(
            "/v1/owners",
            "register an owner; personal data is sealed before it is kept",
            |f, r| Box::pin(owners::register(f, r)),
        )
    },
    Route {
        query: &["at", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Owners]),
        gives: is::OWNERS,
        ..get("/v1/owners", "list owners and what they allow; nothing personal", |f, r| {
            Box::pin(owners::list(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::CONSENT,
        gives: is::OWNER_SAID,
        ..post("/v1/owners/{owner}/consent", "allow or forbid ways to speak to an owner", |f, r| {
            Box::pin(owners::consent(f, r))
        })
    },
    Route {
        query: &["channel", "at", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Owners]),
        gives: is::OWNER_MESSAGES,
        ..get("/v1/owners/{owner}/messages", "list what was said to an owner", |f, r| {
            Box::pin(owners::messages(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::REPLY,
        gives: is::REPLY_SAID,
        ..post("/v1/replies", "take what an owner says", |f, r| Box::pin(replies::receive(f, r)))
    },
    Route {
        query: &["network", "at", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Centres]),
        gives: is::CENTRES,
        ..get("/v1/centres", "list centres as last registered, with their parts", |f, r| {
            Box::pin(centres::list(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::CENTRE_TAKEN,
        gives: is::CENTRE_SAID,
        ..post("/v1/centres", "register a centre, or register it anew", |f, r| {
            Box::pin(centres::register(f, r))
        })
    },
    get("/v1/centres/{centre}", "one centre, with the visits foreseen for it", |f, r| {
        Box::pin(centres::show(f, r))
    }),
    Route {
        body: Body::Json,
        takes: is::STOCK,
        gives: is::CENTRE_SAID,
        ..post("/v1/centres/{centre}/parts", "say how many of a part a centre has", |f, r| {
            Box::pin(centres::stock(f, r))
        })
    },
    Route {
        query: &["fleet", "asset", "component", "cleared", "at", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Predictions]),
        gives: is::PREDICTIONS,
        ..get("/v1/predictions", "list what is going to fail, as last said", |f, r| {
            Box::pin(predictions::list(f, r))
        })
    },
    Route {
        query: &["state", "fleet", "asset", "owner", "closed", "at", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Cases]),
        gives: is::CASES,
        ..get("/v1/cases", "list cases and where they stand", |f, r| Box::pin(cases::list(f, r)))
    },
    Route {
        query: &["at"],
        tag: Tag::Views(&[Topic::Cases]),
        gives: is::CASE_SHOWN,
        ..get("/v1/cases/{id}", "show a case with its evidence and offers", |f, r| {
            Box::pin(cases::show(f, r))
        })
    },
    Route {
        gives: is::WHY,
        ..get("/v1/cases/{id}/why", "tell how a case came about, from the readings on", |f, r| {
            Box::pin(why::why(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::DECISION,
        gives: is::DECIDED,
        ..post("/v1/cases/{id}/decision", "approve, cancel or resolve a case", |f, r| {
            Box::pin(cases::decide(f, r))
        })
    },
    Route {
        query: &["state", "fleet", "case", "asset", "centre", "ended", "at", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Bookings, Topic::Assets]),
        gives: is::BOOKINGS,
        ..get("/v1/bookings", "list bookings", |f, r| Box::pin(bookings::list(f, r)))
    },
    Route {
        query: &["at"],
        tag: Tag::Views(&[Topic::Bookings, Topic::Cases]),
        gives: is::BOOKING_SHOWN,
        ..get("/v1/bookings/{id}", "show a booking and the slots it can be moved to", |f, r| {
            Box::pin(bookings::show(f, r))
        })
    },
    Route {
        query: &["at"],
        produces: calendar::CONTENT_TYPE,
        tag: Tag::Views(&[Topic::Bookings, Topic::Cases]),
        ..get("/v1/bookings/{id}/calendar.ics", "a booking for a calendar (RFC 5545)", |f, r| {
            Box::pin(calendar::show(f, r))
        })
    },
    Route {
        body: Body::Json,
        done: 202,
        takes: is::MOVE,
        gives: is::BOOKING_ASKED,
        ..post("/v1/bookings/{id}/move", "ask for another offered slot", |f, r| {
            Box::pin(bookings::move_to(f, r))
        })
    },
    Route {
        body: Body::Json,
        done: 202,
        takes: is::REASON,
        gives: is::BOOKING_ASKED,
        ..post("/v1/bookings/{id}/cancel", "ask to give the slot back", |f, r| {
            Box::pin(bookings::cancel(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::FINDING,
        gives: is::BOOKING_REPORTED,
        ..post("/v1/bookings/{id}/finding", "record what the workshop found", |f, r| {
            Box::pin(findings::record(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::ABSENCE,
        gives: is::BOOKING_REPORTED,
        ..post("/v1/bookings/{id}/no-show", "record that the asset did not come", |f, r| {
            Box::pin(findings::no_show(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::FAILURE,
        gives: is::ASSET_SAID,
        ..post("/v1/failures", "record that a component failed in use", |f, r| {
            Box::pin(findings::failed(f, r))
        })
    },
    Route {
        query: &["fleet", "asset", "case", "detector", "outcome", "at", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Feedback, Topic::Assets]),
        gives: is::FEEDBACK,
        ..get("/v1/feedback", "list how right predictions turned out to be", |f, r| {
            Box::pin(feedback::list(f, r))
        })
    },
    Route {
        gives: is::AGENTS,
        ..get("/v1/agents", "list every host of every agent", |f, r| Box::pin(agents::list(f, r)))
    },
    Route {
        gives: is::AGENT,
        ..get("/v1/agents/{kind}", "show an agent's contract, configuration and hosts", |f, r| {
            Box::pin(agents::show(f, r))
        })
    },
    Route {
        gives: is::AGENT_STATE,
        ..get("/v1/agents/{kind}/state/{key}", "show what an agent remembers of a key", |f, r| {
            Box::pin(agents::state(f, r))
        })
    },
    Route {
        query: &["at"],
        gives: is::TOPOLOGY,
        ..get("/v1/topology", "who says what to whom, and how often it was said", |f, r| {
            Box::pin(topology::show(f, r))
        })
    },
    Route {
        query: &["population"],
        tag: Tag::Views(&[Topic::Insights]),
        ..get("/v1/insights", "what fails how often, in which groups, after how long", |f, r| {
            Box::pin(insights::list(f, r))
        })
    },
    Route {
        query: &["state", "component", "closed", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Insights]),
        ..get("/v1/capas", "list corrective actions and where they stand", |f, r| {
            Box::pin(capas::list(f, r))
        })
    },
    get("/v1/capas/{id}", "show a corrective action as an 8D report", |f, r| {
        Box::pin(capas::show(f, r))
    }),
    Route {
        query: &["format"],
        produces: ANY_TYPE,
        ..get("/v1/capas/{id}/export", "the 8D report to print: html, md or json", |f, r| {
            Box::pin(capas::export(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::CAPA_SIGNED,
        gives: is::CAPA_SAID,
        ..post("/v1/capas/{id}/sign", "sign a gate of a corrective action", |f, r| {
            Box::pin(capas::sign(f, r))
        })
    },
    Route {
        query: &["agent", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Dead]),
        gives: is::DEAD,
        ..get("/v1/dead", "list messages that an agent could not handle", |f, r| {
            Box::pin(dead::list(f, r))
        })
    },
    Route {
        gives: is::DEAD_SHOWN,
        ..get("/v1/dead/{sequence}", "show a dead letter with its original", |f, r| {
            Box::pin(dead::show(f, r))
        })
    },
    Route {
        body: Body::Empty,
        gives: is::REPLAYED,
        ..post(
            "/v1/dead/{sequence}/replay",
            "give the original to the agent that rejected it",
            |f, r| Box::pin(dead::replay(f, r)),
        )
    },
    Route {
        query: &["asset", "released", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Quarantine]),
        gives: is::QUARANTINE,
        ..get("/v1/quarantine", "list telemetry that is kept but not acted upon", |f, r| {
            Box::pin(quarantine::list(f, r))
        })
    },
    Route {
        gives: is::QUARANTINED,
        ..get("/v1/quarantine/{id}", "show quarantined telemetry with its samples", |f, r| {
            Box::pin(quarantine::show(f, r))
        })
    },
    Route {
        body: Body::Empty,
        gives: is::RELEASED,
        ..post("/v1/quarantine/{id}/release", "send quarantined samples through again", |f, r| {
            Box::pin(quarantine::release(f, r))
        })
    },
    Route {
        query: &["cursor", "limit"],
        gives: is::PRINCIPALS,
        ..get("/v1/principals", "list who uses the bus, and who is contained", |f, r| {
            Box::pin(principals::list(f, r))
        })
    },
    Route {
        gives: is::PRINCIPAL_SHOWN,
        ..get(
            "/v1/principals/{principal}",
            "show what a principal may do and how it stands",
            |f, r| Box::pin(principals::show(f, r)),
        )
    },
    Route {
        body: Body::Json,
        takes: is::CONTAINMENT,
        gives: is::PRINCIPAL_SAID,
        ..post("/v1/principals/{principal}/contain", "throttle, refuse or pause it", |f, r| {
            Box::pin(principals::contain(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::RELEASE,
        gives: is::PRINCIPAL_SAID,
        ..post("/v1/principals/{principal}/release", "let it go on", |f, r| {
            Box::pin(principals::release(f, r))
        })
    },
    Route {
        query: &["profile", "cursor", "limit"],
        tag: Tag::Views(&[Topic::Models]),
        gives: is::MODELS,
        ..get("/v1/models", "list which models came into use and which are", |f, r| {
            Box::pin(models::list(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::PROMOTION,
        gives: is::PROMOTED,
        ..post("/v1/models", "bring a learned model into use; a file on loopback only", |f, r| {
            Box::pin(models::promote(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::ROLLBACK,
        gives: is::PROMOTED,
        ..post("/v1/models/rollback", "bring back the model that was in use before", |f, r| {
            Box::pin(models::roll_back(f, r))
        })
    },
    Route {
        query: &["principal", "action", "cursor", "limit"],
        ..get("/v1/audit", "list who did or was denied what", |f, r| Box::pin(audit::list(f, r)))
    },
    Route {
        query: &["stream", "after", "name", "key", "limit", "wait"],
        tag: Tag::None,
        gives: is::EVENTS,
        ..get("/v1/events", "read a stream from a position on", |f, r| Box::pin(events::list(f, r)))
    },
    Route {
        query: &["after", "kinds", "fleet", "asset", "case", "limit", "wait"],
        tag: Tag::None,
        gives: is::CHANGES,
        ..get("/v1/changes", "wait for what happens behind a position", |f, r| {
            Box::pin(changes::list(f, r))
        })
    },
    Route {
        query: &["after", "kinds", "fleet", "asset", "case"],
        produces: "text/event-stream",
        tag: Tag::None,
        ..get("/v1/stream", "what happens, as server-sent events", |f, r| {
            Box::pin(changes::stream::open(f, r))
        })
    },
    Route {
        done: 200,
        gives: is::REBUILT,
        ..post("/v1/rebuild", "build the read model anew from the log", |f, r| {
            Box::pin(rebuild::rebuild(f, r))
        })
    },
    Route {
        body: Body::Json,
        takes: is::BACKUP_TAKEN,
        gives: is::BACKUP,
        ..post("/v1/backup", "write an export of the running deployment; loopback only", |f, r| {
            Box::pin(backup::create(f, r))
        })
    },
    get("/openapi.json", "this interface as OpenAPI 3.1", |f, r| {
        Box::pin(documents::openapi(f, r))
    }),
    get("/asyncapi.json", "the messages and who says them as AsyncAPI 3.0", |f, r| {
        Box::pin(documents::asyncapi(f, r))
    }),
    Route {
        tag: Tag::None,
        gives: is::LIVE,
        ..get("/livez", "whether the process can work at all", |f, r| Box::pin(health::live(f, r)))
    },
    Route {
        tag: Tag::None,
        gives: is::LIVE,
        ..get("/health", "the same as /livez", |f, r| Box::pin(health::live(f, r)))
    },
    Route {
        query: &["verbose"],
        tag: Tag::None,
        gives: is::READY,
        ..get("/readyz", "whether every agent is at work", |f, r| Box::pin(health::ready(f, r)))
    },
    Route {
        query: &["verbose"],
        tag: Tag::None,
        gives: is::READY,
        ..get("/ready", "the same as /readyz", |f, r| Box::pin(health::ready(f, r)))
    },
    Route {
        produces: metrics::MEDIA_TYPE,
        tag: Tag::None,
        ..get("/metrics", "figures as OpenMetrics text", |f, r| Box::pin(metrics::scrape(f, r)))
    },
];
