//! Registers the assets of a recording, with what `[assets]` knows of them.

use super::config::{AssetKey, Delimiter};
use super::rows::{Columns, Row, Rows};
use super::{Dataset, DatasetError};
use csv::StringRecord;
use messages::Timestamp;
use messages::registry::AssetRegistered;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Attributes that an asset may have, as `[assets] attributes` names them.
const ATTRIBUTES: [&str; 6] =
    ["model", "age_years", "in_service_since", "supplier", "batch", "group"];
/// Mean year of the Gregorian calendar.
const YEAR_SECONDS: f64 = 365.2425 * 86_400.0;

/// Attributes of one asset, by name.
pub(super) type Attributes = BTreeMap<String, String>;

/// Where a row of the table names its asset.
enum IdPlace {
    Column(usize),
    Row(String),
}

impl IdPlace {
    fn of(key: &AssetKey, columns: &Columns, path: &Path) -> Result<Self, DatasetError> {
        match key {
            AssetKey::Column(column) => Ok(Self::Column(columns.place(column, "assets.asset")?)),
            AssetKey::Row { row } => Ok(Self::Row(row.clone())),
            AssetKey::File { .. } => {
                let remedy = "name a column, or `{ row = \"PREFIX\" }`";
                Err(DatasetError::value(path, "assets.asset", "{ file = \"stem\" }", remedy))
            }
        }
    }

    fn of_row(&self, fields: &StringRecord, row: u64) -> String {
        match self {
            Self::Column(place) => fields[*place].trim().to_owned(),
            Self::Row(prefix) => format!("{prefix}{row}"),
        }
    }
}

impl Dataset {
    /// Registrations of the assets in `first_at_by_asset`, by id. An asset that the telemetry lacks is not registered.
    pub(crate) fn registrations(
        &self,
        first_at_by_asset: &BTreeMap<String, Timestamp>,
    ) -> Result<Vec<AssetRegistered>, DatasetError> {
        let known = self.read_attributes()?;
        first_at_by_asset
            .iter()
            .map(|(asset, first_at)| match known.get(asset) {
                Some((line, attributes)) => self
                    .with_attributes(asset, attributes, *first_at)
                    .map_err(|detail| self.bad_asset_row(*line, detail)),
                None => Ok(self.registered(asset)),
            })
            .collect()
    }

    /// The registration of an asset of which nothing else is known.
    pub(crate) fn registered(&self, asset: &str) -> AssetRegistered {
        AssetRegistered {
            asset: asset.to_owned(),
            fleet: self.name().to_owned(),
            profile: self.profile().name(),
            model: None,
            in_service_since: None,
            supplier: None,
            batch: None,
            owner: None,
            group: None,
            home: None,
        }
    }

    /// `age_years` counts back from the asset's first sample.
    fn with_attributes(
        &self,
        asset: &str,
        attributes: &Attributes,
        first_at: Timestamp,
    ) -> Result<AssetRegistered, String> {
        let text = |name: &str| attributes.get(name).filter(|text| !text.is_empty()).cloned();
        let mut in_service_since = None;
        if let Some(years) = text("age_years") {
            let years: f64 = years
                .parse()
                .ok()
                .filter(|years| (0.0..1_000.0).contains(years))
                .ok_or_else(|| format!("has age `{years}`, which is no number of years"))?;
            in_service_since =
                Some(first_at.saturating_sub(Duration::from_secs_f64(years * YEAR_SECONDS)));
        }
        if let Some(since) = text("in_service_since") {
            let parsed = self.telemetry.format.parse(&since).or_else(|| since.parse().ok());
            in_service_since = Some(
                parsed
                    .ok_or_else(|| format!("has in_service_since `{since}`, which is no time"))?,
            );
        }
        Ok(AssetRegistered {
            model: text("model"),
            in_service_since,
            supplier: text("supplier"),
            batch: text("batch"),
            group: text("group"),
            ..self.registered(asset)
        })
    }

    /// Line and attributes of each asset in the file of `[assets]`.
    pub(super) fn read_attributes(
        &self,
    ) -> Result<BTreeMap<String, (u64, Attributes)>, DatasetError> {
        let Some(config) = &self.config.assets else { return Ok(BTreeMap::new()) };
        let (mut rows, columns) = Rows::open(&self.file(&config.file), Delimiter::default(), None)?;
        let id = IdPlace::of(&config.asset, &columns, &self.path)?;
        let mut places = Vec::new();
        for (column, attribute) in &config.attributes {
            let key = format!("assets.attributes.{column}");
            if !ATTRIBUTES.contains(&attribute.as_str()) {
                let remedy = format!("an asset has only {}", ATTRIBUTES.join(", "));
                return Err(DatasetError::value(&self.path, key, attribute, remedy));
            }
            places.push((columns.place(column, &key)?, attribute));
        }
        let (mut known, mut row) = (BTreeMap::new(), 0_u64);
        while let Some(Row { line, fields }) = rows.next()? {
            row += 1;
            let fields = fields.map_err(|detail| self.bad_asset_row(line, detail))?;
            let attributes = places
                .iter()
                .map(|(place, attribute)| ((*attribute).clone(), fields[*place].trim().to_owned()))
                .collect();
            let asset = id.of_row(&fields, row);
            if known.insert(asset.clone(), (line, attributes)).is_some() {
                return Err(self.bad_asset_row(line, format!("has asset `{asset}` a second time")));
            }
        }
        Ok(known)
    }

    fn bad_asset_row(&self, line: u64, detail: String) -> DatasetError {
        let file = self.config.assets.as_ref().map_or("", |assets| &assets.file);
        DatasetError::Row { path: self.file(file), line, detail }
    }
}
