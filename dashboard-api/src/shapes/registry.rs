//! Assets, their history and telemetry; owners and what they say; centres.

use super::cases::{BOOKING, CASE, PREDICTION};
use super::{
    CHANNEL, MAYBE_ID, MAYBE_LINE, MAYBE_NUMBER, MAYBE_TEXT, MAYBE_TIME, NAMES, PROVENANCE,
};
use crate::shape::{Shape, extended, has, may, object, page};
use Shape::{Count, Id, Line, List, Maybe, Name, Number, OneOf, Text, Time};

const PLACE: Shape = object("Place", &[has("latitude", Number), has("longitude", Number)]);
pub(crate) const ASSET_TAKEN: Shape = object(
    "Asset",
    &[
        has("asset", Name),
        has("fleet", Name),
        has("profile", Text),
        may("model", MAYBE_LINE),
        may("in_service_since", MAYBE_TIME),
        may("supplier", MAYBE_LINE),
        may("batch", MAYBE_LINE),
        may("owner", MAYBE_LINE),
        may("group", MAYBE_LINE),
        may("home", Maybe(&PLACE)),
    ],
);
pub(crate) const ASSET_SAID: Shape =
    object("AssetSaid", &[has("asset", Name), has("id", Id), has("sequence", Count)]);
const ASSET: Shape = object(
    "Asset",
    &[
        has("asset", Name),
        has("fleet", Name),
        has("profile", Text),
        has("model", MAYBE_TEXT),
        has("in_service_since", MAYBE_TIME),
        has("supplier", MAYBE_TEXT),
        has("batch", MAYBE_TEXT),
        has("owner", MAYBE_TEXT),
        has("group", MAYBE_TEXT),
        has("home", Maybe(&PLACE)),
        has("registered_at", Time),
        has("sequence", Count),
        has("provenance", PROVENANCE),
        has("retired_at", MAYBE_TIME),
        has("retired_because", MAYBE_TEXT),
    ],
);
pub(crate) const ASSETS: Shape = page("Assets", &ASSET, &[]);
pub(crate) const ASSET_SHOWN: Shape = extended(
    "AssetShown",
    &ASSET,
    &[
        has("as_of", MAYBE_TIME),
        has("predictions", List(&PREDICTION)),
        has("cases", List(&CASE)),
        has("bookings", List(&BOOKING)),
    ],
);
pub(crate) const REASON: Shape = object("Reason", &[has("reason", Line)]);
pub(crate) const MAINTENANCE: Shape =
    object("Maintenance", &[has("component", Line), has("performed_at", Time)]);
const POINT: Shape = object(
    "Point",
    &[
        has("at", Time),
        has("min", Number),
        has("mean", Number),
        has("max", Number),
        has("last", Number),
        has("count", Count),
    ],
);
const CHANNEL_HISTORY: Shape = object(
    "ChannelHistory",
    &[
        has("channel", Name),
        has("title", MAYBE_TEXT),
        has("unit", MAYBE_TEXT),
        has("points", List(&POINT)),
    ],
);
pub(crate) const HISTORY: Shape = object(
    "History",
    &[
        has("asset", Name),
        has("from", Time),
        has("to", Time),
        has("resolution", OneOf(&["1m", "1h"])),
        has("as_of", MAYBE_TIME),
        has("provenance", Maybe(&PROVENANCE)),
        has("missed_records", Count),
        has("channels", List(&CHANNEL_HISTORY)),
    ],
);
const GAP: Shape = object(
    "Gap",
    &[
        has("boot", Count),
        has("from", Count),
        has("to", Count),
        has("readings", Count),
        has("noticed_at", Time),
    ],
);
const GAPS: Shape =
    object("Gaps", &[has("missing", Count), has("unlisted", Count), has("items", List(&GAP))]);
const SET_ASIDE: Shape = object(
    "SetAside",
    &[
        has("reason", MAYBE_TEXT),
        has("messages", Count),
        has("released", Count),
        has("last_at", Time),
    ],
);
pub(crate) const HEARD: Shape = object(
    "Heard",
    &[
        has("asset", Name),
        has("fleet", Name),
        has("as_of", MAYBE_TIME),
        has("provenance", Maybe(&PROVENANCE)),
        has("since", MAYBE_TIME),
        has("heard_at", MAYBE_TIME),
        has("sampled_at", MAYBE_TIME),
        has("messages", Count),
        has("samples", Count),
        has("samples_per_minute", MAYBE_NUMBER),
        has("clock_ahead_seconds", MAYBE_NUMBER),
        has("gaps", Maybe(&GAPS)),
        has("quarantined", List(&SET_ASIDE)),
        has("omitted", Count),
    ],
);
const REFUSED_SAMPLE: Shape =
    object("RefusedSample", &[has("index", Count), has("reason", Text), has("detail", Text)]);
pub(crate) const TAKEN: Shape = object(
    "Taken",
    &[
        has("accepted", Count),
        has("refused", List(&REFUSED_SAMPLE)),
        has("partition", Text),
        has("sequence", List(&Count)),
    ],
);
pub(crate) const OWNER_TAKEN: Shape = object(
    "Owner",
    &[
        has("owner", Name),
        has("name", Line),
        may("phone", MAYBE_TEXT),
        may("email", MAYBE_TEXT),
        has("zone", Text),
        has("language", Text),
        may("consent", List(&CHANNEL)),
    ],
);
pub(crate) const OWNER_SAID: Shape =
    object("OwnerSaid", &[has("owner", Name), has("id", Id), has("sequence", Count)]);
const OWNER: Shape = object(
    "Owner",
    &[
        has("owner", Name),
        has("zone", Text),
        has("language", Text),
        has("consent", List(&CHANNEL)),
        has("registered_at", Time),
        has("sequence", Count),
        has("provenance", PROVENANCE),
        has("messages", Count),
    ],
);
pub(crate) const OWNERS: Shape = page("Owners", &OWNER, &[]);
pub(crate) const CONSENT: Shape = object(
    "Consent",
    &[may("granted", List(&CHANNEL)), may("revoked", List(&CHANNEL)), has("reason", Line)],
);
const OWNER_MESSAGE: Shape = object(
    "OwnerMessage",
    &[
        has("id", Id),
        has("position", Text),
        has("at", Time),
        has("provenance", PROVENANCE),
        may("case", Id),
        may("asset", Name),
        may("channel", CHANNEL),
        may("purpose", Text),
        may("text", Text),
        may("undecoded", Text),
    ],
);
pub(crate) const OWNER_MESSAGES: Shape = page("OwnerMessages", &OWNER_MESSAGE, &[]);
pub(crate) const REPLY: Shape = object(
    "Reply",
    &[has("owner", Name), may("case", MAYBE_ID), has("channel", CHANNEL), has("text", Text)],
);
pub(crate) const REPLY_SAID: Shape = object(
    "ReplySaid",
    &[has("owner", Name), has("case", MAYBE_ID), has("id", Id), has("sequence", Count)],
);
const TECHNICIAN: Shape = object("Technician", &[has("id", Name), has("skills", NAMES)]);
const HOURS: Shape = object(
    "OpeningHours",
    &[has("weekday", Count), has("opens_minute", Count), has("closes_minute", Count)],
);
const PART: Shape =
    object("Part", &[has("part", Name), has("quantity", Count), has("available_at", Time)]);
pub(crate) const CENTRE_TAKEN: Shape = object(
    "Centre",
    &[
        has("centre", Name),
        has("network", Name),
        has("name", Line),
        has("zone", Text),
        has("bays", Count),
        has("technicians", List(&TECHNICIAN)),
        has("emergency_slots_per_day", Count),
        has("hours", List(&HOURS)),
        has("holidays", List(&Text)),
        may("latitude", MAYBE_NUMBER),
        may("longitude", MAYBE_NUMBER),
        may("rating", MAYBE_NUMBER),
    ],
);
pub(crate) const CENTRE_SAID: Shape =
    object("CentreSaid", &[has("centre", Name), has("id", Id), has("sequence", Count)]);
const CENTRE: Shape = object(
    "Centre",
    &[
        has("centre", Name),
        has("network", Name),
        has("name", Text),
        has("zone", Text),
        has("bays", Count),
        has("technicians", List(&TECHNICIAN)),
        has("emergency_slots_per_day", Count),
        has("hours", List(&HOURS)),
        has("holidays", List(&Text)),
        has("latitude", MAYBE_NUMBER),
        has("longitude", MAYBE_NUMBER),
        has("rating", MAYBE_NUMBER),
        has("skills", NAMES),
        has("parts", List(&PART)),
        has("registered_at", Time),
        has("sequence", Count),
        has("provenance", PROVENANCE),
    ],
);
pub(crate) const CENTRES: Shape = page("Centres", &CENTRE, &[]);
pub(crate) const STOCK: Shape =
    object("Stock", &[has("part", Name), has("quantity", Count), may("available_at", MAYBE_TIME)]);
