//! AsyncAPI 3.0: one channel per message, one operation per agent and message that it declared to say or to hear.

use super::VERSION;
use messages::catalogue::{self, CATALOGUE};
use messages::{Class, Encoding, Stream};
use runtime::Catalog;
use runtime::wiring::Contract;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The document.
pub(super) fn document(catalog: &Catalog) -> Value {
    let contracts: Vec<&Contract> = catalog.contracts().collect();
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for (name, class) in names(&contracts) {
        channels.insert(name.to_owned(), channel(name, class));
        messages.insert(name.to_owned(), message(name));
    }
    for contract in contracts {
        for name in contract.publishes.keys() {
            operations.insert(
                format!("{}.says.{name}", contract.kind),
                operation("send", name, contract),
            );
        }
        for name in contract.hears.keys() {
            operations.insert(
                format!("{}.hears.{name}", contract.kind),
                operation("receive", name, contract),
            );
        }
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "AuroraSync",
            "version": VERSION,
            "description": "Messages as CloudEvents 1.0 in binary mode. What an agent does not declare here it may neither say nor hear.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages },
    })
}

/// Every message with its class: those of the catalogue, and those that only an agent's contract names.
fn names<'c>(contracts: &[&'c Contract]) -> BTreeMap<&'c str, Class> {
    let mut names: BTreeMap<&str, Class> =
        CATALOGUE.iter().map(|entry| (entry.name, entry.class)).collect();
    for contract in contracts {
        let both = contract.hears.iter().chain(&contract.publishes);
        names.extend(both.map(|(name, class)| (name.as_str(), *class)));
    }
    names
}

fn channel(name: &str, class: Class) -> Value {
    let address = match class.stream() {
        Stream::Telemetry => "aurora.v1.telemetry.{fleet}.{asset}".to_owned(),
        Stream::Health => "aurora.v1.health.{producer}.{partition}.{asset}".to_owned(),
        Stream::Dead => "aurora.v1.dead.{agent}".to_owned(),
        Stream::Audit => "aurora.v1.audit.{principal}".to_owned(),
        Stream::Log => {
            format!("aurora.v1.log.{{producer}}.{{partition}}.{}.{name}.{{key}}", class.token())
        }
    };
    let parameters: Map<String, Value> = address
        .split('.')
        .filter_map(|token| token.strip_prefix('{')?.strip_suffix('}'))
        .map(|parameter| (parameter.to_owned(), json!({})))
        .collect();
    json!({
        "address": address,
        "parameters": parameters,
        "messages": { name: { "$ref": format!("#/components/messages/{name}") } },
    })
}

fn message(name: &str) -> Value {
    let Some(entry) = catalogue::find(name) else { return json!({ "name": name }) };
    let mut message = json!({
        "name": name,
        "contentType": entry.encoding.content_type(),
        "headers": headers(name),
        "x-schema": entry.schema,
        "x-version": entry.version,
        "x-class": entry.class,
    });
    if let Some(stage) = entry.stage {
        message["x-iso13374-stage"] = stage.token().into();
    }
    if entry.encoding == Encoding::Json {
        let schema = (entry.describe)();
        message["payload"] = schema.expect("every message of the catalogue has a schema");
    }
    message
}

/// CloudEvents' attributes, and ours.
fn headers(name: &str) -> Value {
    json!({
        "type": "object",
        "required": ["ce-specversion", "ce-id", "ce-source", "ce-type"],
        "properties": {
            "ce-specversion": { "const": "1.0" },
            "ce-id": { "type": "string", "format": "uuid" },
            "ce-source": { "type": "string" },
            "ce-type": { "const": name },
            "ce-subject": { "type": "string" },
            "ce-time": { "type": "string", "format": "date-time" },
            "ce-datacontenttype": { "type": "string" },
            "ce-provenance": { "enum": ["measured", "replayed", "simulated"] },
            "ce-caseid": { "type": "string", "format": "uuid" },
            "ce-causationid": { "type": "string", "format": "uuid" },
        },
    })
}

fn operation(action: &str, name: &str, contract: &Contract) -> Value {
    json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{name}") },
        "messages": [{ "$ref": format!("#/channels/{name}/messages/{name}") }],
        "tags": [{ "name": contract.kind }],
    })
}
