//! How far a partition of TELEMETRY has been read, and what must be known of its assets to read on.

use messages::record::decode_body;
use messages::registry::AssetRegistered;
use messages::telemetry::Telemetry;
use messages::{DecodeError, Record, Sequence};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a partition has been read, and what must be known to read on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) cursor: Sequence,
    /// Records that were forgotten before they were read.
    pub(super) missed: u64,
    profile_by_asset: BTreeMap<String, String>,
    /// Not known of an asset that was registered last before version 2.
    fleet_by_asset: BTreeMap<String, String>,
}

/// [`Place`] before fleets were told apart.
#[derive(Deserialize)]
struct PlaceV1 {
    cursor: Sequence,
    missed: u64,
    profile_by_asset: BTreeMap<String, String>,
}

impl Record for Place {
    const SCHEMA: u16 = 282;
    const VERSION: u16 = 2;
    const BYTES_MAX: usize = 16 * 1024 * 1024;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        let PlaceV1 { cursor, missed, profile_by_asset } = match version {
            1 => decode_body(body)?,
            _ => {
                let (schema, known) = (Self::SCHEMA, Self::VERSION);
                return Err(DecodeError::UnknownVersion { schema, version, known });
            }
        };
        Ok(Self { cursor, missed, profile_by_asset, fleet_by_asset: BTreeMap::new() })
    }
}

impl Place {
    pub(super) fn register(&mut self, registered: AssetRegistered) {
        let AssetRegistered { asset, fleet, profile, .. } = registered;
        self.fleet_by_asset.insert(asset.clone(), fleet);
        self.profile_by_asset.insert(asset, profile);
    }

    /// Profile of the asset, where it is registered and `telemetry` is not sent for another fleet's.
    pub(super) fn profile_of(&self, telemetry: &Telemetry) -> Option<&str> {
        let fleet = self.fleet_by_asset.get(&telemetry.asset);
        let is_its_own = fleet.is_none_or(|fleet| *fleet == telemetry.fleet);
        self.profile_by_asset.get(&telemetry.asset).filter(|_| is_its_own).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::record::{HEADER_BYTES, encode};

    /// A place as version 1 wrote it.
    #[derive(Serialize, Deserialize)]
    struct Before(Sequence, u64, BTreeMap<String, String>);

    impl Record for Before {
        const SCHEMA: u16 = Place::SCHEMA;
    }

    fn telemetry(fleet: &str) -> Telemetry {
        let (fleet, asset) = (fleet.to_owned(), "VEH001".to_owned());
        Telemetry { fleet, asset, boot: None, signals: Vec::new(), samples: Vec::new() }
    }

    #[test]
    fn a_place_of_version_1_is_read_on_and_knows_no_fleets() {
        let profiles = BTreeMap::from([("VEH001".to_owned(), "vehicle".to_owned())]);
        let bytes = encode(&Before(7, 2, profiles)).unwrap();
        assert!(bytes.len() > HEADER_BYTES);
        let place: Place = messages::record::decode(&bytes).unwrap();
        assert_eq!((place.cursor, place.missed), (7, 2));
        assert_eq!(place.profile_of(&telemetry("any")), Some("vehicle"));
    }

    #[test]
    fn what_another_fleet_sends_for_an_asset_is_not_its_own() {
        let mut place = Place::default();
        assert_eq!(place.profile_of(&telemetry("demo")), None, "nobody registered it");
        let registered = r#"{"asset":"VEH001","fleet":"demo","profile":"vehicle"}"#;
        place.register(serde_json::from_str(registered).unwrap());
        assert_eq!(place.profile_of(&telemetry("demo")), Some("vehicle"));
        assert_eq!(place.profile_of(&telemetry("other")), None);
    }
}
