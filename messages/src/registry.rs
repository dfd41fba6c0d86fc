//! What exists: assets and their owners. Registered once, copied to every reader that needs it.

use crate::message::{Class, Message};
use crate::place::Place;
use crate::record::{DecodeError, Record, decode_body};
use crate::sealed::Sealed;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// An asset is known from now on, or known better: the newest registration holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetRegistered {
    /// The asset.
    pub asset: String,
    /// Fleet that it belongs to.
    pub fleet: String,
    /// Name of its profile.
    pub profile: String,
    /// Model, as its maker calls it.
    #[serde(default)]
    pub model: Option<String>,
    /// When it was made or first used.
    #[serde(default)]
    pub in_service_since: Option<Timestamp>,
    /// Who made the part or asset.
    #[serde(default)]
    pub supplier: Option<String>,
    /// Production batch.
    #[serde(default)]
    pub batch: Option<String>,
    /// Its owner.
    #[serde(default)]
    pub owner: Option<String>,
    /// Group within the fleet.
    #[serde(default)]
    pub group: Option<String>,
    /// Where it usually stands; workshops are looked for around it.
    #[serde(default)]
    pub home: Option<Place>,
}

/// Version 1 knew of no home.
#[derive(Deserialize)]
struct AssetRegisteredV1 {
    asset: String,
    fleet: String,
    profile: String,
    model: Option<String>,
    in_service_since: Option<Timestamp>,
    supplier: Option<String>,
    batch: Option<String>,
    owner: Option<String>,
    group: Option<String>,
}

impl From<AssetRegisteredV1> for AssetRegistered {
    fn from(old: AssetRegisteredV1) -> Self {
        Self {
            asset: old.asset,
            fleet: old.fleet,
            profile: old.profile,
            model: old.model,
            in_service_since: old.in_service_since,
            supplier: old.supplier,
            batch: old.batch,
            owner: old.owner,
            group: old.group,
            home: None,
        }
    }
}

/// An asset is no longer watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetRetired {
    /// The asset.
    pub asset: String,
    /// Why.
    pub reason: String,
}

/// Work was done on an asset; what is remembered of the component's wear starts again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceRecorded {
    /// The asset.
    pub asset: String,
    /// The component that was replaced or repaired.
    pub component: String,
    /// When.
    pub performed_at: Timestamp,
}

/// An owner is known from now on, or known better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerRegistered {
    /// The owner.
    pub owner: String,
    /// Name.
    pub name: Sealed<String>,
    /// Telephone number, E.164.
    pub phone: Option<Sealed<String>>,
    /// E-mail address.
    pub email: Option<Sealed<String>>,
    /// IANA time zone in which quiet hours and "tonight" are meant.
    pub zone: String,
    /// BCP 47 language tag.
    pub language: String,
}

impl Record for AssetRegistered {
    const SCHEMA: u16 = 10;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<AssetRegisteredV1>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Message for AssetRegistered {
    const NAME: &'static str = "asset.registered";
    const CLASS: Class = Class::Registry;

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for AssetRetired {
    const SCHEMA: u16 = 11;
}

impl Message for AssetRetired {
    const NAME: &'static str = "asset.retired";
    const CLASS: Class = Class::Registry;

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for MaintenanceRecorded {
    const SCHEMA: u16 = 12;
}

impl Message for MaintenanceRecorded {
    const NAME: &'static str = "maintenance.recorded";
    const CLASS: Class = Class::Registry;

    fn key(&self) -> &str {
        &self.asset
    }
}

impl Record for OwnerRegistered {
    const SCHEMA: u16 = 13;
}

impl Message for OwnerRegistered {
    const NAME: &'static str = "owner.registered";
    const CLASS: Class = Class::Registry;

    fn key(&self) -> &str {
        &self.owner
    }
}
