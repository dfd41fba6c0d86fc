//! Reads a model as the agents of this deployment would, before it comes into use; and brings one into use before
//! anything else happens, where recordings, stories or fleets are played.

use crate::error::CliError;
use agents::Diagnosis;
use clap::Args;
use dashboard_api::{Judged, ModelReader};
use messages::model::{ModelCard, ModelPromoted};
use messages::profile::Profile;
use messages::{Envelope, Finite, MessageId, Provenance};
use models::foresight::Foresight;
use models::model::Model;
use runtime::Agent;
use runtime::committer::Entry;
use runtime::models::{checksum, kept_as};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Digits of a checksum that tell two models of one dataset apart.
const NAME_DIGITS: usize = 8;

/// By which model assets are judged, where something is played.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct JudgedBy {
    /// Judges by this model, promoted before anything else, in place of trends.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
}

impl JudgedBy {
    /// The model that was asked for, read as diagnosis would read it for assets of `profiles`.
    ///
    /// # Errors
    /// [`CliError`] when it cannot be read, or does not judge such assets.
    pub(crate) fn promotion(
        &self,
        profiles: &BTreeMap<String, Profile>,
    ) -> Result<Option<Promotion>, CliError> {
        self.model.as_deref().map(|file| Promotion::read(file, profiles)).transpose()
    }
}

/// A model that comes into use before anything else happens.
#[derive(Clone, Debug)]
pub(crate) struct Promotion {
    bytes: Vec<u8>,
    profile: String,
    card: ModelCard,
}

impl Promotion {
    fn read(file: &Path, profiles: &BTreeMap<String, Profile>) -> Result<Self, CliError> {
        let failed = |source| CliError::File { path: file.to_owned(), source };
        let bytes = std::fs::read(file).map_err(failed)?;
        let Judged { profile, card } = judged(&bytes, profiles)
            .map_err(|why| CliError::failed(format!("model `{}`: {why}", file.display())))?;
        Ok(Self { bytes, profile, card })
    }

    /// Name and bytes of what the store must keep before the log says that the model is in use.
    pub(crate) fn blob(&self) -> (String, Option<Vec<u8>>) {
        (kept_as(&self.card.checksum), Some(self.bytes.clone()))
    }

    /// What the log says.
    ///
    /// # Errors
    /// [`CliError::Failed`] when it cannot be encoded.
    pub(crate) fn entry(&self, provenance: Provenance) -> Result<Entry, CliError> {
        let promoted = ModelPromoted {
            profile: self.profile.clone(),
            agent: Diagnosis::KIND.to_owned(),
            model: Some(self.card.clone()),
            before: None,
            rolled_back: false,
            forced: None,
            by: "aurorasync".to_owned(),
            reason: "asked for with `--model`".to_owned(),
            shadow: false,
        };
        let id = MessageId::named("promoted", &self.card.checksum);
        let envelope = Envelope::new(id, "aurorasync", &promoted).map_err(CliError::failed)?;
        Ok(envelope.with_provenance(provenance).into())
    }

    /// The profile whose assets it judges, and the model's name.
    pub(crate) fn named(&self) -> (String, String) {
        (self.profile.clone(), self.card.name.clone())
    }
}

/// Reads models for assets of these `profiles`.
pub(crate) fn reader(profiles: BTreeMap<String, Profile>) -> ModelReader {
    ModelReader::new(move |bytes| judged(bytes, &profiles))
}

/// What a model judges, or why agents cannot judge by it.
pub(crate) fn judged(bytes: &[u8], profiles: &BTreeMap<String, Profile>) -> Result<Judged, String> {
    let model = Model::decode(bytes).map_err(|error| error.to_string())?;
    let name = &model.schema.profile;
    let Some(profile) = profiles.get(name) else {
        let known: Vec<&str> = profiles.keys().map(String::as_str).collect();
        return Err(format!(
            "it judges assets of `{name}`, a profile that is not in use here; there are {}",
            known.join(", ")
        ));
    };
    let foresight = Foresight::open(bytes, profile).map_err(|error| error.to_string())?;
    Ok(Judged { profile: name.clone(), card: card(&model, foresight.schema(), bytes) })
}

fn card(model: &Model, feature_schema: u32, bytes: &[u8]) -> ModelCard {
    let checksum = checksum(bytes);
    let figure = |(name, value): (&String, &f64)| Some((name.clone(), Finite::new(*value).ok()?));
    ModelCard {
        name: format!("{}-{}", model.origin.dataset, &checksum[..NAME_DIGITS]),
        feature_schema,
        data: model.origin.data.clone(),
        figures: model.figures.iter().filter_map(figure).collect(),
        checksum,
    }
}
