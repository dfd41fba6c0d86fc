//! What a file of owners looks like.

use crate::import::Table;
use messages::consent::Channel;
use serde_json::{Map, Value};

/// A line for each owner.
pub(super) const OWNERS: Table = Table {
    noun: "owner",
    path: "/v1/owners",
    columns: &["owner", "name", "zone", "language", "phone", "email", "consent"],
    required: 4,
    next: "aurorasync owner ls",
    body,
};

fn body(mut fields: Map<String, Value>) -> Result<Value, String> {
    if let Some(Value::String(text)) = fields.remove("consent") {
        fields.insert("consent".to_owned(), channels(&text)?.into());
    }
    Ok(Value::Object(fields))
}

/// Channels as they stand in one field: `app sms`.
fn channels(text: &str) -> Result<Vec<&str>, String> {
    let names = text.split([' ', ',', '|']).filter(|name| !name.is_empty());
    names
        .map(|name| match Channel::from_name(name) {
            Some(channel) => Ok(channel.name()),
            None => {
                let known: Vec<&str> = Channel::ALL.iter().map(|it| it.name()).collect();
                Err(format!("`consent` names `{name}`; there are {}", known.join(", ")))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::OWNERS;
    use serde_json::json;

    #[test]
    fn consent_is_a_list_in_one_field() {
        let text = "owner,name,zone,language,consent\n\
                    o-1,One,Asia/Kolkata,en,app sms\n\
                    o-2,Two,Asia/Kolkata,hi,\n";
        let bodies = OWNERS.bodies(text);
        assert_eq!(bodies[0]["consent"], json!(["app", "sms"]));
        assert!(bodies[1].get("consent").is_none(), "nothing said is nothing allowed");
        let text = "owner,name,zone,language,consent\no-1,One,Asia/Kolkata,en,pigeon\n";
        let expected = "`consent` names `pigeon`; there are voice, sms, email, app";
        assert_eq!(OWNERS.faults(text), [(2, expected.to_owned())]);
    }
}
