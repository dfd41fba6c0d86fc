//! Who may say and read what on the server, written from what the agents declare: the bus's contracts, once more, where
//! no process of ours can pass them over.
//!
//! One user per agent. What it may publish is exact: the subjects of the messages that its wiring publishes, under its
//! own name. What it may read is its one stream, by the filters that readers use; the heads of its own on others. Inboxes
//! are its own too, so that nobody hears another's answers.

pub mod attempt;
pub mod devices;
pub mod keys;

use crate::bus::place;
use crate::connection::{Credentials, Options};
use crate::services;
use crate::streams::CONFIG;
use devices::Device;
use messages::dead::DeadLettered;
use messages::{Class, Message, Stream, subject};
use runtime::effects;
use runtime::guard::principal;
use runtime::store::Partition;
use runtime::wiring::Contract;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// The operator's user: makes, trims and looks at streams.
pub const OPERATOR: &str = "operator";
/// The user of a process that reads what devices publish.
pub const INGEST: &str = crate::devices::message::SOURCE;
/// The account of a deployment unless it is named otherwise.
pub const ACCOUNT: &str = "AURORA";

/// What one user may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The user: a principal's name.
    pub user: String,
    /// Subjects that it may publish to.
    pub publish: BTreeSet<String>,
    /// Subjects that it may subscribe to.
    pub subscribe: BTreeSet<String>,
}

/// The beginning of the inboxes of `user`, a principal's name; its connection must be opened with it.
#[must_use]
pub fn inbox(user: &str) -> String {
    format!("_INBOX_{user}")
}

/// How `user`, a principal's name, connects to `url` with its key of `keys_folder`.
#[must_use]
pub fn options(url: impl Into<String>, keys_folder: &Path, user: &str) -> Options {
    let credentials = Credentials::Nkey(keys::path(keys_folder, user));
    Options { credentials, inbox: Some(inbox(user)), ..Options::new(url, user) }
}

/// What every principal of a deployment with agents of these `contracts` may do, in the order of their names.
#[must_use]
pub fn grants<'c>(contracts: impl IntoIterator<Item = &'c Contract>) -> Vec<Grant> {
    let contracts: Vec<&Contract> = contracts.into_iter().collect();
    let mut grants: Vec<Grant> =
        contracts.iter().map(|contract| agent(contract, &contracts)).collect();
    grants.extend([effects_ledger(), facade(), ingest(), operator()]);
    grants.sort_by(|a, b| a.user.cmp(&b.user));
    grants
}

fn agent(contract: &Contract, all: &[&Contract]) -> Grant {
    let mut rights = Rights::of(&contract.kind);
    rights.serves();
    for (name, class) in &contract.publishes {
        rights.says(name, *class);
        for stream in copied_to(name, *class, all) {
            rights.copies(stream);
        }
    }
    if !contract.timers.is_empty() {
        rights.says(runtime::timers::TimerFired::NAME, Class::Timer);
    }
    if contract.hears.is_empty() && contract.timers.is_empty() {
        return rights.grant;
    }
    rights.publish(format!("aurora.v1.dead.{}", rights.token));
    rights.reads(contract.stream);
    rights.owns_partitions();
    rights.grant
}

/// The ledger of effects.
fn effects_ledger() -> Grant {
    let mut rights = Rights::of(effects::SOURCE);
    for name in [messages::effect::EffectAttempted::NAME, messages::effect::EffectConcluded::NAME] {
        rights.says(name, Class::Effect);
    }
    rights.reads(Stream::Log);
    rights.owns_partitions();
    rights.grant
}

/// People and programs that come through the facade: it says what people may say, and reads all but AUDIT.
fn facade() -> Grant {
    let mut rights = Rights::of(principal::FACADE);
    let producer = rights.token.clone();
    for class in [Class::Event, Class::Command, Class::Registry, Class::Control] {
        rights.publish(format!("aurora.v1.log.{producer}.*.{}.>", class.token()));
    }
    rights.writes_head(Stream::Log);
    rights.copies(Stream::Health);
    rights.copies(Stream::Telemetry);
    rights.publish("aurora.v1.telemetry.*.*".to_owned());
    for stream in [Stream::Telemetry, Stream::Health, Stream::Log, Stream::Dead] {
        rights.reads(stream);
    }
    rights.reads_configurations();
    rights.owns_partitions();
    rights.grant
}

/// Reads what devices publish, tells each what became of it, and hears what agents are told.
fn ingest() -> Grant {
    let mut rights = Rights::of(INGEST);
    let telemetry = place::stream_name(Stream::Telemetry);
    rights.publish(format!("$JS.API.STREAM.INFO.{telemetry}"));
    // Nothing is filtered: what is missing between two records is gone.
    rights.publish(format!("$JS.API.CONSUMER.CREATE.{telemetry}"));
    rights.publish(format!("$JS.API.CONSUMER.MSG.NEXT.{telemetry}.*"));
    rights.publish("aurora.v1.notice.*.*".to_owned());
    rights.reads_configurations();
    rights.grant
}

/// Makes and trims streams, configures agents and asks them how they are. AUDIT denies deleting and purging to everybody.
fn operator() -> Grant {
    let mut rights = Rights::of(OPERATOR);
    rights.publish("$JS.API.>".to_owned());
    rights.publish("aurora.v1.head.>".to_owned());
    rights.publish("$SRV.>".to_owned());
    rights.publish(format!("$KV.{CONFIG}.*"));
    rights.grant
}

/// Streams besides LOG whose readers hear `name`.
fn copied_to(name: &str, class: Class, all: &[&Contract]) -> BTreeSet<Stream> {
    if !matches!(class, Class::Registry | Class::Control) {
        return BTreeSet::new();
    }
    let hearers = all.iter().filter(|contract| contract.hears.contains_key(name));
    hearers.map(|contract| contract.stream).filter(|stream| *stream != Stream::Log).collect()
}

/// A grant that is being put together.
struct Rights {
    grant: Grant,
    /// The user's name as a token.
    token: String,
}

impl Rights {
    fn of(user: &str) -> Self {
        let token = subject::escape(user).expect("names of agents are tokens").into_owned();
        let subscribe = BTreeSet::from([format!("{}.>", inbox(user))]);
        let grant = Grant { user: user.to_owned(), publish: BTreeSet::new(), subscribe };
        Self { grant, token }
    }

    fn publish(&mut self, subject: String) {
        self.grant.publish.insert(subject);
    }

    /// May be asked as a micro-service of its own name.
    fn serves(&mut self) {
        self.grant.subscribe.extend(services::subjects(&self.token, "*"));
    }

    /// May say `name`.
    fn says(&mut self, name: &str, class: Class) {
        let token = self.token.clone();
        if name == DeadLettered::NAME {
            return;
        }
        match class.stream() {
            Stream::Health => self.publish(format!("aurora.v1.health.{token}.*.*")),
            Stream::Log => {
                self.publish(format!("aurora.v1.log.{token}.*.{}.{name}.*", class.token()));
            }
            stream => unreachable!("no agent says what travels on `{stream}`"),
        }
        self.writes_head(class.stream());
    }

    /// May put copies of what readers of `stream` must know there.
    fn copies(&mut self, stream: Stream) {
        if stream == Stream::Telemetry {
            self.publish("aurora.v1.telemetry._control.*".to_owned());
            self.publish("aurora.v1.telemetry._control.*.*".to_owned());
            return;
        }
        self.publish(format!("aurora.v1.{stream}.{}.*.*", self.token));
        self.writes_head(stream);
    }

    /// May write its head on `stream`, and read it.
    fn writes_head(&mut self, stream: Stream) {
        let head = format!("aurora.v1.head.{stream}.{}.*", self.token);
        self.pulls(place::stream_name(stream), &head);
        self.publish(head);
    }

    /// May read `stream`, by the filters of readers.
    fn reads(&mut self, stream: Stream) {
        let name = place::stream_name(stream);
        let filter = place::filter(Partition { stream, index: 0 });
        let filter = if stream.is_partitioned() { filter.replace(".0.", ".*.") } else { filter };
        self.pulls(name, &filter);
        self.publish(format!("$JS.API.STREAM.INFO.{name}"));
        self.publish(format!("$JS.API.STREAM.MSG.GET.{name}"));
    }

    /// May hold leases of its own partitions.
    fn owns_partitions(&mut self) {
        use crate::streams::{OWNERSHIP, OWNERSHIP_STREAM};
        let user = self.token.clone();
        for what in ["host", "member"] {
            self.publish(format!("$KV.{OWNERSHIP}.{what}.{user}.*"));
            self.pulls(OWNERSHIP_STREAM, &format!("$KV.{OWNERSHIP}.{what}.{user}.*"));
        }
        self.publish(format!("$JS.API.STREAM.MSG.GET.{OWNERSHIP_STREAM}"));
    }

    /// May read what is said about agents' configurations.
    fn reads_configurations(&mut self) {
        let stream = format!("KV_{CONFIG}");
        self.publish(format!("$JS.API.STREAM.INFO.{stream}"));
        self.publish(format!("$JS.API.CONSUMER.CREATE.{stream}.*.$KV.{CONFIG}.>"));
        self.publish(format!("$JS.API.DIRECT.GET.{stream}.$KV.{CONFIG}.*"));
        self.publish(format!("$JS.FC.{stream}.>"));
    }

    /// May make consumers of `stream` with this one filter, and pull from those whose names it knows.
    fn pulls(&mut self, stream: &str, filter: &str) {
        self.publish(format!("$JS.API.CONSUMER.CREATE.{stream}.*.{filter}"));
        self.publish(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.*"));
    }
}

/// The server's configuration of one `account`: its users by the public keys that `keys` has for them, the `devices`, and
/// the rights of each.
///
/// # Errors
/// The first user without a key.
pub fn configuration(
    account: &str,
    grants: &[Grant],
    keys: &BTreeMap<String, String>,
    devices: &[Device],
) -> Result<String, String> {
    let mut text =
        String::from("# Written by `aurorasync nats permissions` from what the agents declare.\n");
    let mut line = |indent: usize, what: &str| {
        writeln!(text, "{:indent$}{what}", "").expect("writing to a string cannot fail");
    };
    line(0, "accounts {");
    line(2, &format!("{account} {{"));
    line(4, "jetstream: enabled");
    line(4, "users: [");
    for grant in grants {
        let key = keys.get(&grant.user).ok_or_else(|| grant.user.clone())?;
        // Whoever asks a micro-service is answered, wherever its inbox is.
        let answers = "allow_responses: { max: 1, expires: \"5s\" }";
        user(&mut line, grant, &format!("nkey: {key}"), answers);
    }
    for device in devices {
        user(&mut line, &device.grant(), &device.user(), "");
    }
    line(4, "]");
    line(2, "}");
    line(0, "}");
    Ok(text)
}

/// One user with its rights.
fn user(line: &mut impl FnMut(usize, &str), grant: &Grant, known_by: &str, more: &str) {
    line(6, &format!("# {}", grant.user));
    line(6, &format!("{{ {known_by}, permissions: {{"));
    line(8, &format!("publish: {{ allow: {} }}", list(&grant.publish)));
    line(8, &format!("subscribe: {{ allow: {} }}", list(&grant.subscribe)));
    if !more.is_empty() {
        line(8, more);
    }
    line(6, "} }");
}

fn list(subjects: &BTreeSet<String>) -> String {
    let quoted: Vec<String> = subjects.iter().map(|subject| format!("{subject:?}")).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::wiring::Durability;

    fn contract(
        kind: &str,
        stream: Stream,
        hears: &[(&str, Class)],
        says: &[(&str, Class)],
    ) -> Contract {
        let map = |names: &[(&str, Class)]| {
            names.iter().map(|(name, class)| ((*name).to_owned(), *class)).collect()
        };
        Contract {
            kind: kind.to_owned(),
            stream,
            hears: map(hears),
            publishes: map(says),
            performs: BTreeMap::new(),
            timers: Vec::new(),
            durability: Durability::Turn,
        }
    }

    #[test]
    fn an_agent_may_say_what_it_declared_and_read_its_stream() {
        let hears = [("health.assessed", Class::Health)];
        let says = [("failure.predicted", Class::Event)];
        let diagnosis = contract("diagnosis", Stream::Health, &hears, &says);
        let grants = grants([&diagnosis]);
        let grant = grants.iter().find(|grant| grant.user == "diagnosis").unwrap();
        let subjects: Vec<&str> = grant.publish.iter().map(String::as_str).collect();
        assert_eq!(
            subjects,
            [
                "$JS.API.CONSUMER.CREATE.HEALTH.*.aurora.v1.health.*.*.*",
                "$JS.API.CONSUMER.CREATE.KV_ownership.*.$KV.ownership.host.diagnosis.*",
                "$JS.API.CONSUMER.CREATE.KV_ownership.*.$KV.ownership.member.diagnosis.*",
                "$JS.API.CONSUMER.CREATE.LOG.*.aurora.v1.head.log.diagnosis.*",
                "$JS.API.CONSUMER.MSG.NEXT.HEALTH.*",
                "$JS.API.CONSUMER.MSG.NEXT.KV_ownership.*",
                "$JS.API.CONSUMER.MSG.NEXT.LOG.*",
                "$JS.API.STREAM.INFO.HEALTH",
                "$JS.API.STREAM.MSG.GET.HEALTH",
                "$JS.API.STREAM.MSG.GET.KV_ownership",
                "$KV.ownership.host.diagnosis.*",
                "$KV.ownership.member.diagnosis.*",
                "aurora.v1.dead.diagnosis",
                "aurora.v1.head.log.diagnosis.*",
                "aurora.v1.log.diagnosis.*.event.failure.predicted.*",
            ]
        );
        let subjects: Vec<&str> = grant.subscribe.iter().map(String::as_str).collect();
        assert_eq!(
            subjects,
            [
                "$SRV.INFO",
                "$SRV.INFO.diagnosis",
                "$SRV.INFO.diagnosis.*",
                "$SRV.PING",
                "$SRV.PING.diagnosis",
                "$SRV.PING.diagnosis.*",
                "$SRV.STATS",
                "$SRV.STATS.diagnosis",
                "$SRV.STATS.diagnosis.*",
                "_INBOX_diagnosis.>",
            ]
        );
    }

    #[test]
    fn a_user_without_a_key_is_named() {
        let missing = configuration(ACCOUNT, &grants([]), &BTreeMap::new(), &[]);
        assert_eq!(missing, Err("effects".to_owned()));
    }
}
