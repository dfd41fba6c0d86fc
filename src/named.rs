//! Finds what an operator means by the beginning of an id, or by the asset it is about.

use crate::client::{Client, ClientError};
use crate::error::CliError;
use crate::shown;
use serde_json::Value;
use uuid::Uuid;

/// Fewest letters of an id that can stand for it.
const LETTERS_MIN: usize = 4;

/// One kind of thing that has ids.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it is called, and the field that holds its id.
    pub name: &'static str,
    /// Where they are listed.
    pub path: &'static str,
    /// Lists those that have ended, too.
    pub ended: &'static str,
    /// The command that lists them.
    pub command: &'static str,
}

/// Cases.
pub const CASE: Kind = Kind {
    name: "case",
    path: "/v1/cases",
    ended: "closed",
    command: "aurorasync case ls --closed",
};
/// Bookings.
pub const BOOKING: Kind = Kind {
    name: "booking",
    path: "/v1/bookings",
    ended: "ended",
    command: "aurorasync booking ls --ended",
};

/// The id that `text` stands for: itself, the only one that begins so, or that of the asset's only live one.
///
/// # Errors
/// [`CliError::Input`] when there is none or more than one.
pub fn find(client: &Client, kind: Kind, text: &str) -> Result<String, CliError> {
    if Uuid::try_parse(text).is_ok() {
        return Ok(text.to_owned());
    }
    let of_asset = client.list(kind.path, &[("asset", text)])?;
    if !of_asset.is_empty() {
        return one(kind, text, &of_asset);
    }
    let all = client.list(kind.path, &[(kind.ended, "true")])?;
    one(kind, text, &beginning(kind, text, all))
}

/// The newest that `text` stands for, be it over or not, and the others of the same asset, the newest first.
///
/// # Errors
/// [`CliError::Input`] when there is none, or several begin so and are not of one asset.
pub fn newest(client: &Client, kind: Kind, text: &str) -> Result<(String, Vec<Value>), CliError> {
    let mut of_asset = client.list(kind.path, &[("asset", text), (kind.ended, "true")])?;
    let Some(last) = of_asset.pop() else {
        return Ok((find(client, kind, text)?, Vec::new()));
    };
    of_asset.reverse();
    Ok((one(kind, text, &[last])?, of_asset))
}

fn beginning(kind: Kind, text: &str, all: Vec<Value>) -> Vec<Value> {
    let begins = |item: &Value| {
        text.len() >= LETTERS_MIN
            && item[kind.name].as_str().is_some_and(|id| id.starts_with(&text.to_lowercase()))
    };
    all.into_iter().filter(begins).collect()
}

fn one(kind: Kind, text: &str, found: &[Value]) -> Result<String, CliError> {
    let name = kind.name;
    match found {
        [one] => one[name].as_str().map(str::to_owned).ok_or_else(|| {
            let (url, reason) = (kind.path.to_owned(), format!("no `{name}` in an item"));
            ClientError::Strange { url, status: 200, reason }.into()
        }),
        [] => Err(CliError::Input {
            text: format!("no {name} begins with `{text}`, and none of an asset `{text}` is open"),
            help: format!("list them with `{}`", kind.command),
        }),
        many => {
            let pointer = format!("/{name}");
            let each = many.iter().map(|item| {
                let (id, asset) = (shown::text(item, &pointer), shown::text(item, "/asset"));
                format!("\n  {id}  {asset}  {}", shown::text(item, "/state"))
            });
            let listed: String = each.collect();
            Err(CliError::Input {
                text: format!("`{text}` stands for {} {name}s:{listed}", many.len()),
                help: "give more letters of the id".to_owned(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cases() -> Vec<Value> {
        ["a1632", "a163f", "b0000"].iter().map(|id| json!({ "case": id, "asset": "V" })).collect()
    }

    #[test]
    fn enough_letters_stand_for_an_id_and_too_few_for_none() {
        let found = |text: &str| one(CASE, text, &beginning(CASE, text, cases()));
        assert_eq!(found("b000").unwrap(), "b0000");
        assert_eq!(found("A1632").unwrap(), "a1632");
        assert!(found("b00").unwrap_err().to_string().contains("no case begins with `b00`"));
        let several = found("a163").unwrap_err().to_string();
        assert!(several.contains("stands for 2 cases") && several.contains("a163f"), "{several}");
    }
}
