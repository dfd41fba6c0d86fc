//! Reads a model as the agents of this deployment would, before it comes into use.

use dashboard_api::{Judged, ModelReader};
use messages::Finite;
use messages::model::ModelCard;
use messages::profile::Profile;
use models::foresight::Foresight;
use models::model::{Learned, Model};
use runtime::models::checksum;
use std::collections::BTreeMap;

/// Digits of a checksum that tell two models of one dataset apart.
const NAME_DIGITS: usize = 8;

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
    Foresight::open(bytes, profile).map_err(|error| error.to_string())?;
    Ok(Judged { profile: name.clone(), card: card(&model, bytes) })
}

fn card(model: &Model, bytes: &[u8]) -> ModelCard {
    let checksum = checksum(bytes);
    let figure = |(name, value): (&String, &f64)| Some((name.clone(), Finite::new(*value).ok()?));
    let feature_schema = match &model.learned {
        Learned::Assessed { rows, .. } => rows.schema,
        Learned::Failures { .. } | Learned::Life { .. } => {
            unreachable!("such a model was refused when it was opened")
        }
    };
    ModelCard {
        name: format!("{}-{}", model.origin.dataset, &checksum[..NAME_DIGITS]),
        feature_schema,
        data: model.origin.data.clone(),
        figures: model.figures.iter().filter_map(figure).collect(),
        checksum,
    }
}
