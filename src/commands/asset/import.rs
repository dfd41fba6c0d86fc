//! What a file of assets looks like.

use crate::import::Table;
use messages::registry::AssetRegistered;
use serde_json::{Map, Value, json};

/// A line for each asset.
pub(super) const ASSETS: Table = Table {
    noun: "asset",
    path: "/v1/assets",
    columns: &[
        "asset",
        "fleet",
        "profile",
        "model",
        "in_service_since",
        "supplier",
        "batch",
        "owner",
        "group",
        "latitude",
        "longitude",
    ],
    required: 3,
    next: "aurorasync asset ls",
    body,
};

fn body(mut fields: Map<String, Value>) -> Result<Value, String> {
    if let Some(home) = home(&mut fields)? {
        fields.insert("home".to_owned(), home);
    }
    let body = Value::Object(fields);
    match serde_json::from_value::<AssetRegistered>(body.clone()) {
        Ok(_) => Ok(body),
        Err(error) => Err(error.to_string()),
    }
}

/// Where it usually stands, from two columns.
fn home(fields: &mut Map<String, Value>) -> Result<Option<Value>, String> {
    let mut degrees = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => match text.parse::<f64>() {
            Ok(degrees) => Ok(Some(degrees)),
            Err(_) => Err(format!("`{name}` is `{text}`, not a number")),
        },
        _ => Ok(None),
    };
    match (degrees("latitude")?, degrees("longitude")?) {
        (Some(latitude), Some(longitude)) => {
            Ok(Some(json!({ "latitude": latitude, "longitude": longitude })))
        }
        (None, None) => Ok(None),
        _ => Err("a home needs both `latitude` and `longitude`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::ASSETS;
    use serde_json::json;

    #[test]
    fn a_sound_file_is_read_and_empty_fields_are_absent() {
        let text = "asset,fleet,profile,owner,in_service_since\n\
                    VEH001,north,vehicle,,2024-05-01T00:00:00Z\n\n\
                    VEH002, north ,vehicle,o-1,\n";
        let bodies = ASSETS.bodies(text);
        let second =
            json!({"asset": "VEH002", "fleet": "north", "profile": "vehicle", "owner": "o-1"});
        assert_eq!((bodies.len(), &bodies[1]), (2, &second));
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text = "asset,fleet,profile,in_service_since\n\
                    VEH001,north,vehicle,\n\n\
                    ,north,vehicle,\n\
                    VEH003,north,vehicle,yesterday\n\
                    VEH001,north,vehicle,\n\
                    VEH005,north\n";
        let found = ASSETS.faults(text);
        let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [4, 5, 6, 7], "{found:?}");
        assert_eq!(found[0].1, "`asset` is empty");
        assert!(found[1].1.contains("`yesterday`"), "{found:?}");
        assert_eq!(found[2].1, "asset `VEH001` is on line 2 already");
        assert_eq!(found[3].1, "2 fields where the head has 4");
    }

    #[test]
    fn a_home_is_two_columns() {
        let head = "asset,fleet,profile,latitude,longitude\n";
        let bodies = ASSETS.bodies(&format!("{head}VEH001,north,vehicle,18.52,73.86\n"));
        assert_eq!(bodies[0]["home"], json!({"latitude": 18.52, "longitude": 73.86}));
        let text = format!(
            "{head}VEH001,n,vehicle,18.52,\nVEH002,n,vehicle,north,1\nVEH003,n,vehicle,91,1\n"
        );
        let found = ASSETS.faults(&text);
        let reasons: Vec<&str> = found.iter().map(|(_, reason)| reason.as_str()).collect();
        assert_eq!(reasons[0], "a home needs both `latitude` and `longitude`");
        assert_eq!(reasons[1], "`latitude` is `north`, not a number");
        assert_eq!(reasons[2], "`latitude` is `91`; give a number from -90 to 90");
    }

    #[test]
    fn columns_are_judged_before_lines() {
        let found = ASSETS.faults("asset,flet,profile,profile,colour\nVEH001,a,b,c,d\n");
        let reasons: Vec<&str> = found.iter().map(|(_, reason)| reason.as_str()).collect();
        assert!(reasons[0].ends_with("did you mean `fleet`?"), "{reasons:?}");
        assert_eq!(reasons[1], "column `profile` is there twice");
        assert!(reasons[2].contains("there are asset, fleet"), "{reasons:?}");
        assert_eq!(reasons[3], "column `fleet` is missing");
    }
}
