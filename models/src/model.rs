//! A learned model as a file: what it says, which rows it may be asked about, what it was learned from and how well
//! it did, in bytes that cannot be cut, altered or mistaken for others unnoticed.
//!
//! [`MAGIC`], the version (2 bytes), the length of the contents (8 bytes, both little-endian), the contents in postcard,
//! and the CRC-32C of all before it (4 bytes). The same data, settings and seed make the same bytes: nothing of the
//! moment or the machine is among them.

use crate::assessed::Rows;
use crate::history::Plan;
use crate::regime::Regimes;
use crate::supervised::Table;
use crate::training::{Classifier, LifeModel, Settings};
use messages::profile::Derived;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

mod earlier;
#[cfg(test)]
mod tests;

/// First bytes of every model.
pub const MAGIC: [u8; 8] = *b"AURMODEL";
/// Version of the contents.
pub const VERSION: u16 = 2;

/// Bytes before the contents.
const HEAD_BYTES: usize = MAGIC.len() + 2 + 8;
/// Bytes behind the contents.
const TAIL_BYTES: usize = 4;

/// A learned model and what belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// What the rows are made of.
    pub schema: Schema,
    /// What it was learned from and with.
    pub origin: Origin,
    /// How well it did on rows that it has not seen, by name.
    pub figures: BTreeMap<String, f64>,
    /// What was learned.
    pub learned: Learned,
}

/// Which rows a model may be asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Name of the profile of the assets.
    pub profile: String,
    /// The features.
    pub plan: Plan,
    /// Channels of the plan that are computed from others.
    pub derived: Vec<Derived>,
    /// What channels are compared with at each of the settings at which assets are run; none where there is but one.
    pub regimes: Option<Regimes>,
    /// What samples are like, for whoever asks at work; absent where rows are not samples of an asset one after another.
    pub sampled: Option<Samples>,
}

/// What the samples are like that a model was learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    /// The usual time between two of an asset.
    pub every: Duration,
    /// Schema of the features of the profile, as assessments name it: units, ranges and windows are in it.
    pub features: u32,
}

impl Schema {
    /// What a sample says, by channel of the plan, of what was measured in it: with what is computed from that, compared
    /// with what is usual where assets are run at several settings.
    #[must_use]
    pub fn values(&self, measured: &[Option<f64>]) -> Vec<Option<f64>> {
        let mut values = self.with_derived(measured);
        if let Some(regimes) = &self.regimes {
            regimes.compare(&mut values);
        }
        values
    }

    /// Measured and derived values of a sample.
    #[must_use]
    pub fn with_derived(&self, measured: &[Option<f64>]) -> Vec<Option<f64>> {
        let mut values = measured.to_vec();
        let channel = |id: &str| *measured.get(self.measured().iter().position(|it| it == id)?)?;
        values.extend(self.derived.iter().map(|derived| derived.formula.value(channel)));
        values
    }

    /// Channels of the plan that are measured, in their order; the derived ones follow them.
    #[must_use]
    pub fn measured(&self) -> &[String] {
        let count = self.plan.channels.len().saturating_sub(self.derived.len());
        &self.plan.channels[..count]
    }
}

/// What a model was learned from and with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Name of the dataset.
    pub dataset: String,
    /// SHA-256 of the rows, as hexadecimal digits: see [`hash`].
    pub data: String,
    /// Number of the rows.
    pub rows: u64,
    /// Where all chance came from.
    pub seed: u64,
    /// How it was learned.
    pub settings: Settings,
}

/// What was learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Learned {
    /// Which components fail within a horizon.
    Failures {
        /// The horizon.
        within: Duration,
        /// One for each component.
        by_component: BTreeMap<String, Classifier>,
    },
    /// How much life is left.
    Life {
        /// What life is counted in.
        unit: Duration,
        /// The model.
        model: Box<LifeModel>,
    },
    /// Which components fail within a horizon, by what agents say of their assets: the plan of the schema is empty.
    Assessed {
        /// The horizon.
        within: Duration,
        /// What rows are made of.
        rows: Rows,
        /// One for each component.
        by_component: BTreeMap<String, Classifier>,
    },
}

/// Why bytes are no model, or a model is none for some rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Something else.
    #[error("it is no model: it does not begin with `AURMODEL`")]
    Foreign,
    /// Written by another version of the program.
    #[error("it is of version `{found}`, this program reads up to `{VERSION}`; train it anew")]
    Version {
        /// Version of the file.
        found: u16,
    },
    /// Cut, or something stands behind it.
    #[error("it has `{found}` bytes where `{expected}` belong; copy it again")]
    Length {
        /// Bytes that it says it has.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// Altered.
    #[error("its checksum is `{found:08x}`, not `{expected:08x}`: it was altered; copy it again")]
    Checksum {
        /// What is written in it.
        expected: u32,
        /// What its bytes have.
        found: u32,
    },
    /// Its checksum is right, what it says is not.
    #[error("its contents cannot be used: {detail}; train it anew")]
    Contents {
        /// What is wrong.
        detail: String,
    },
    /// Its features are not those of the rows.
    #[error(
        "the model's feature {place} is `{model}`, the data's is `{data}`; train a model on data like these"
    )]
    Schema {
        /// Number of the first feature that differs, from 1.
        place: usize,
        /// Its name in the model; empty if it has fewer.
        model: String,
        /// Its name in the data; empty if they have fewer.
        data: String,
    },
}

impl Model {
    /// The model as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let contents = postcard::to_allocvec(self).expect("a model is made of plain values");
        let mut bytes = Vec::with_capacity(HEAD_BYTES + contents.len() + TAIL_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((contents.len() as u64).to_le_bytes());
        bytes.extend(contents);
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    /// Reads a model.
    ///
    /// # Errors
    /// [`ModelError`] for bytes that [`Model::encode`] has not written so.
    pub fn decode(bytes: &[u8]) -> Result<Self, ModelError> {
        let (version, contents) = contents(bytes)?;
        let read = match version {
            1 => postcard::from_bytes::<earlier::ModelV1>(contents).map(Self::from),
            _ => postcard::from_bytes(contents),
        };
        let model = read.map_err(|error| ModelError::Contents { detail: error.to_string() })?;
        model.check()?;
        Ok(model)
    }

    /// Refuses rows of other features than the model's.
    ///
    /// # Errors
    /// [`ModelError::Schema`] with the first feature that differs.
    pub fn accept(&self, features: &[String]) -> Result<(), ModelError> {
        let ours = self.names();
        let name = |names: &[String], place: usize| names.get(place).cloned().unwrap_or_default();
        let differs = |place: &usize| ours.get(*place) != features.get(*place);
        match (0..ours.len().max(features.len())).find(differs) {
            None => Ok(()),
            Some(place) => Err(ModelError::Schema {
                place: place + 1,
                model: name(&ours, place),
                data: name(features, place),
            }),
        }
    }

    /// Names of the features, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match &self.learned {
            Learned::Assessed { rows, .. } => rows.names.clone(),
            Learned::Failures { .. } | Learned::Life { .. } => self.schema.plan.names(),
        }
    }

    fn check(&self) -> Result<(), ModelError> {
        let width = self.names().len();
        let whole = match &self.learned {
            Learned::Failures { by_component, .. } | Learned::Assessed { by_component, .. } => {
                by_component.values().all(|classifier| classifier.fits(width))
            }
            Learned::Life { model, .. } => model.fits(width),
        };
        if whole {
            return Ok(());
        }
        let detail = format!("its trees or calibration do not fit `{width}` features");
        Err(ModelError::Contents { detail })
    }
}

/// The version, and the contents between head and checksum.
fn contents(bytes: &[u8]) -> Result<(u16, &[u8]), ModelError> {
    if bytes.get(..MAGIC.len()) != Some(&MAGIC[..]) {
        return Err(ModelError::Foreign);
    }
    let found = bytes.len() as u64;
    let least = (HEAD_BYTES + TAIL_BYTES) as u64;
    let length = |expected: u64| ModelError::Length { expected, found };
    let head: &[u8; HEAD_BYTES] = bytes.first_chunk().ok_or_else(|| length(least))?;
    let version = u16::from_le_bytes([head[8], head[9]]);
    if !(1..=VERSION).contains(&version) {
        return Err(ModelError::Version { found: version });
    }
    let said = u64::from_le_bytes(*head.last_chunk().expect("a head has more than 8 bytes"));
    let expected = said.saturating_add(least);
    if expected != found {
        return Err(length(expected));
    }
    let (summed, tail) = bytes.split_last_chunk().expect("its length was compared");
    let (expected, found) = (u32::from_le_bytes(*tail), crc32c::crc32c(summed));
    if expected != found {
        return Err(ModelError::Checksum { expected, found });
    }
    Ok((version, &summed[HEAD_BYTES..]))
}

/// SHA-256 of what is learned from, as hexadecimal digits: names, values and outcomes in their order.
#[must_use]
pub fn hash(table: &Table, outcomes: &[&[f64]]) -> String {
    let mut digest = Sha256::new();
    for name in table.names() {
        digest.update((name.len() as u64).to_le_bytes());
        digest.update(name);
    }
    for index in 0..table.len() {
        for value in table.row(index) {
            digest.update(value.to_bits().to_le_bytes());
        }
    }
    for outcome in outcomes.iter().flat_map(|outcomes| outcomes.iter()) {
        digest.update(outcome.to_bits().to_le_bytes());
    }
    digest.finalize().iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").expect("a string takes what is written");
        digits
    })
}
