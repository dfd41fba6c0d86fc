//! The streams of a deployment: made as `docs/adr/0006` fixes them, or compared with it.

use crate::connection::Connection;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, RetentionPolicy, Source, StorageType, SubjectTransform,
};
use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU16;
use std::time::Duration;
use uuid::Uuid;

/// What devices sent, as sent.
pub const TELEMETRY: &str = "TELEMETRY";
/// One assessment per asset and window.
pub const HEALTH: &str = "HEALTH";
/// Everything else that any agent hears.
pub const LOG: &str = "LOG";
/// What could not be handled.
pub const DEAD: &str = "DEAD";
/// Who did or was denied what.
pub const AUDIT: &str = "AUDIT";
/// The bucket of leases.
pub const OWNERSHIP: &str = "ownership";
/// The stream below the bucket of leases.
pub(crate) const OWNERSHIP_STREAM: &str = "KV_ownership";
/// The bucket of what is said about agents' configurations.
pub const CONFIG: &str = "config";
/// Sayings about one agent that are kept.
pub const CONFIG_HISTORY: i64 = 64;
/// Where nats-server keeps what MQTT clients publish with QoS 1 and 2.
pub const MQTT_MESSAGES: &str = "$MQTT_msgs";

/// Key of a stream's metadata that holds the id made with it: a stream made anew is another one.
pub const STREAM_ID: &str = "aurorasync-stream-id";
/// Partitions of TELEMETRY and HEALTH unless said otherwise.
pub const PARTITIONS: NonZeroU16 = NonZeroU16::new(64).expect("64 is not 0");
/// Window in which TELEMETRY looks at ids: the server's least. Ids of devices decide nothing here.
pub const DEVICE_DUPLICATE_WINDOW: Duration = Duration::from_millis(100);
/// Window in which other streams refuse a repeated id.
pub const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// How long TELEMETRY and HEALTH are kept unless said otherwise.
pub const AGE_MAX: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How the streams of one deployment are laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Partitions of TELEMETRY and HEALTH; fixed for the life of the streams.
    pub partitions: NonZeroU16,
    /// Copies of each stream: 1 on one server, 3 on a cluster.
    pub replicas: usize,
    /// Whether devices speak MQTT too: TELEMETRY then takes in what `$MQTT_msgs` holds.
    pub mqtt: bool,
    /// How long TELEMETRY and HEALTH are kept.
    pub age_max: Duration,
    /// Bytes that TELEMETRY may have; beyond it publishers are refused. `None`: what the server has.
    pub telemetry_bytes_max: Option<i64>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            partitions: PARTITIONS,
            replicas: 1,
            mqtt: false,
            age_max: AGE_MAX,
            telemetry_bytes_max: None,
        }
    }
}

/// What a server has otherwise than the layout wants.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The stream.
    pub stream: String,
    /// The setting, as the server names it; `stream` when there is none.
    pub setting: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, setting, expected, found } = self;
        write!(f, "stream `{stream}`: `{setting}` is {found}, expected {expected}")
    }
}

/// Why streams could not be made or compared.
#[derive(Debug, thiserror::Error)]
pub enum StreamsError {
    /// The server answered, but not as hoped.
    #[error("stream `{stream}`: {reason}")]
    Server {
        /// The stream.
        stream: String,
        /// What it said.
        reason: String,
    },
    /// A stream is there, but it is another one.
    #[error("{}; mend it with the `nats` tool, or take another account", list(.0))]
    Different(Vec<Difference>),
}

fn list(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

impl Layout {
    /// Every stream, in the order in which they are made.
    #[must_use]
    pub fn streams(&self) -> Vec<Config> {
        let mut streams = Vec::new();
        if self.mqtt {
            streams.push(self.mqtt_messages());
        }
        streams.extend([
            self.telemetry(),
            Config {
                max_age: self.age_max,
                allow_atomic_publish: true,
                ..self.ours(HEALTH, &["aurora.v1.health.>", "aurora.v1.head.health.>"])
            },
            Config {
                allow_atomic_publish: true,
                ..self.ours(LOG, &["aurora.v1.log.>", "aurora.v1.head.log.>"])
            },
            self.ours(DEAD, &["aurora.v1.dead.>"]),
            Config {
                deny_delete: true,
                deny_purge: true,
                ..self.ours(AUDIT, &["aurora.v1.audit.>"])
            },
            self.ownership(),
            self.config(),
        ]);
        streams
    }

    /// TELEMETRY: a device's own id swallows nobody else's sample, and a full stream refuses instead of forgetting.
    #[must_use]
    pub fn telemetry(&self) -> Config {
        let partitions = self.partitions;
        let stored = format!(
            "aurora.v1.telemetry.{{{{wildcard(1)}}}}.{{{{partition({partitions},2)}}}}.{{{{wildcard(2)}}}}"
        );
        let sources = self.mqtt.then(|| {
            vec![Source {
                name: MQTT_MESSAGES.to_owned(),
                subject_transforms: vec![SubjectTransform {
                    source: "$MQTT.msgs.aurora.v1.telemetry.*.*".to_owned(),
                    destination: stored.clone(),
                }],
                ..Source::default()
            }]
        });
        Config {
            max_age: self.age_max,
            max_bytes: self.telemetry_bytes_max.unwrap_or(-1),
            duplicate_window: DEVICE_DUPLICATE_WINDOW,
            subject_transform: Some(SubjectTransform {
                source: "aurora.v1.telemetry.*.*".to_owned(),
                destination: stored.clone(),
            }),
            sources,
            ..self.ours(TELEMETRY, &["aurora.v1.telemetry.*.*", "aurora.v1.telemetry._control.*.*"])
        }
    }

    /// What nats-server makes by itself with the first MQTT client, made before it: with limits it can be sourced.
    fn mqtt_messages(&self) -> Config {
        Config {
            max_age: self.age_max,
            // The server makes it so, and leaves a stream that is there as it is.
            discard: DiscardPolicy::Old,
            duplicate_window: DUPLICATE_WINDOW,
            ..self.ours(MQTT_MESSAGES, &["$MQTT.msgs.>"])
        }
    }

    /// A bucket that keeps one value a key, whose values may expire.
    fn ownership(&self) -> Config {
        Config {
            max_messages_per_subject: 1,
            allow_message_ttl: true,
            subject_delete_marker_ttl: Some(DUPLICATE_WINDOW),
            ..self.bucket(OWNERSHIP)
        }
    }

    /// A bucket that keeps what was said before, for who asks when something changed.
    fn config(&self) -> Config {
        Config { max_messages_per_subject: CONFIG_HISTORY, ..self.bucket(CONFIG) }
    }

    fn bucket(&self, name: &str) -> Config {
        Config {
            allow_rollup: true,
            deny_delete: true,
            allow_direct: true,
            ..self.ours(&format!("KV_{name}"), &[&format!("$KV.{name}.>")])
        }
    }

    fn ours(&self, name: &str, subjects: &[&str]) -> Config {
        Config {
            name: name.to_owned(),
            subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            discard: DiscardPolicy::New,
            num_replicas: self.replicas,
            duplicate_window: DUPLICATE_WINDOW,
            max_bytes: -1,
            max_messages: -1,
            max_messages_per_subject: -1,
            max_message_size: -1,
            max_consumers: -1,
            ..Config::default()
        }
    }
}

/// Makes the streams that are missing; gives their names. Those that are there are left as they are.
///
/// # Errors
/// [`StreamsError`].
pub async fn create_missing(
    connection: &Connection,
    layout: &Layout,
) -> Result<Vec<String>, StreamsError> {
    let mut made = Vec::new();
    for wanted in layout.streams() {
        if find(connection, &wanted.name).await?.is_none() {
            make(connection, &wanted).await?;
            made.push(wanted.name);
        }
    }
    Ok(made)
}

/// Like [`create_missing`], but streams that are there must be as `layout` wants them.
///
/// # Errors
/// [`StreamsError`].
pub async fn create(connection: &Connection, layout: &Layout) -> Result<Vec<String>, StreamsError> {
    let made = create_missing(connection, layout).await?;
    let differences = check(connection, layout).await?;
    if differences.is_empty() { Ok(made) } else { Err(StreamsError::Different(differences)) }
}

/// What the server has otherwise than `layout` wants; empty when all is well.
///
/// # Errors
/// [`StreamsError::Server`].
pub async fn check(
    connection: &Connection,
    layout: &Layout,
) -> Result<Vec<Difference>, StreamsError> {
    let mut differences = Vec::new();
    for wanted in layout.streams() {
        match find(connection, &wanted.name).await? {
            Some(found) => differences.extend(compare(&wanted, &found)),
            None => differences.push(Difference {
                stream: wanted.name,
                setting: "stream".to_owned(),
                expected: "there".to_owned(),
                found: "missing".to_owned(),
            }),
        }
    }
    Ok(differences)
}

/// The id that was made with a stream; `None` when it was made by somebody else.
#[must_use]
pub fn id_of(config: &Config) -> Option<Uuid> {
    config.metadata.get(STREAM_ID)?.parse().ok()
}

async fn find(connection: &Connection, name: &str) -> Result<Option<Config>, StreamsError> {
    match connection.jetstream().get_stream(name).await {
        Ok(stream) => Ok(Some(stream.cached_info().config.clone())),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(refused)
                if refused.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            _ => Err(StreamsError::Server { stream: name.to_owned(), reason: error.to_string() }),
        },
    }
}

async fn make(connection: &Connection, wanted: &Config) -> Result<(), StreamsError> {
    let metadata = HashMap::from([(STREAM_ID.to_owned(), new_id().to_string())]);
    let config = Config { metadata, ..wanted.clone() };
    match connection.jetstream().create_stream(config).await {
        Ok(_) => Ok(()),
        // Somebody made it at the same time; whether it is the same one, the next look says.
        Err(error)
            if matches!(error.kind(), CreateStreamErrorKind::JetStream(refused)
                if refused.error_code() == ErrorCode::STREAM_NAME_EXIST) =>
        {
            match find(connection, &wanted.name).await?.map(|found| compare(wanted, &found)) {
                Some(differences) if differences.is_empty() => Ok(()),
                Some(differences) => Err(StreamsError::Different(differences)),
                None => Err(server(&wanted.name, &error)),
            }
        }
        Err(error) => Err(server(&wanted.name, &error)),
    }
}

fn server(stream: &str, error: &dyn fmt::Display) -> StreamsError {
    StreamsError::Server { stream: stream.to_owned(), reason: error.to_string() }
}

#[expect(clippy::disallowed_methods, reason = "names a stream that is made now, once in its life")]
fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Where `found` is not as `wanted`, setting by setting as the server writes them.
fn compare(wanted: &Config, found: &Config) -> Vec<Difference> {
    let (expected, is) = (settings(wanted), settings(found));
    let mut differences: Vec<Difference> = COMPARED
        .iter()
        .filter(|setting| expected.get(**setting) != is.get(**setting))
        .map(|setting| {
            let text = |settings: &serde_json::Map<String, serde_json::Value>| {
                settings.get(*setting).map_or_else(|| "not set".to_owned(), ToString::to_string)
            };
            Difference {
                stream: wanted.name.clone(),
                setting: (*setting).to_owned(),
                expected: text(&expected),
                found: text(&is),
            }
        })
        .collect();
    // The server makes this stream itself when an MQTT client was first, so it may have no id.
    if wanted.name != MQTT_MESSAGES && id_of(found).is_none() {
        differences.push(Difference {
            stream: wanted.name.clone(),
            setting: format!("metadata.{STREAM_ID}"),
            expected: "a UUID".to_owned(),
            found: "not set".to_owned(),
        });
    }
    differences
}

/// Settings that decide what is kept and who is refused; sizes and descriptions are the operator's own.
const COMPARED: &[&str] = &[
    "subjects",
    "retention",
    "storage",
    "discard",
    "num_replicas",
    "max_age",
    "max_msgs",
    "max_msgs_per_subject",
    "duplicate_window",
    "subject_transform",
    "sources",
    "allow_rollup_hdrs",
    "deny_delete",
    "deny_purge",
    "allow_msg_ttl",
    "allow_msg_schedules",
    "allow_msg_counter",
    "allow_atomic",
    "mirror",
    "sealed",
    "no_ack",
];

fn settings(config: &Config) -> serde_json::Map<String, serde_json::Value> {
    match serde_json::to_value(config) {
        Ok(serde_json::Value::Object(settings)) => settings,
        other => unreachable!("a stream's settings are written as an object, not {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_stream_setting_and_both_values() {
        let layout = Layout::default();
        let wanted = layout.telemetry();
        let metadata = HashMap::from([(STREAM_ID.to_owned(), new_id().to_string())]);
        let same = Config { metadata, ..wanted.clone() };
        assert_eq!(compare(&wanted, &same), []);
        let other = Config { duplicate_window: DUPLICATE_WINDOW, ..same };
        let differences = compare(&wanted, &other);
        let [difference] = &differences[..] else { panic!("{differences:?}") };
        assert_eq!(
            difference.to_string(),
            "stream `TELEMETRY`: `duplicate_window` is 120000000000, expected 100000000"
        );
    }

    #[test]
    fn a_stream_that_somebody_else_made_is_told() {
        let wanted = Layout::default().telemetry();
        let differences = compare(&wanted, &wanted);
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].setting, "metadata.aurorasync-stream-id");
    }
}
