//! A learned model at work: opened for the profile whose assets it judges, or refused, and asked about assessments.

use crate::assessed::Layout;
use crate::model::{Learned, Model, ModelError};
use crate::training::Classifier;
use messages::health::HealthAssessed;
use messages::profile::Profile;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// Features that are named as reasons; what the others add is one more.
pub const REASONS_MAX: usize = 8;

/// A model that says which components of the assets of a profile fail within its horizon.
#[derive(Clone, Debug)]
pub struct Foresight {
    layout: Layout,
    by_component: BTreeMap<String, Classifier>,
}

/// What is asked about: the numbers of one assessment, NaN where one is missing.
#[derive(Clone, Debug)]
pub struct Row(Vec<f32>);

/// Why something is as likely as it is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// A feature, `base rate` or `other features`.
    pub name: String,
    /// What was seen, with its unit.
    pub value: String,
    /// How much it adds to the score.
    pub amount: f64,
}

/// Why a model does not judge the assets of a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForesightError {
    /// It is no model, or its features are not those of the profile.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It was learned from something else than what agents say.
    #[error(
        "it was not learned from what agents say of assets, so they cannot ask it; train it with `aurorasync train --assessed`"
    )]
    Purpose,
    /// It is about other assets.
    #[error("it judges assets of `{found}`, not of `{asked}`; train one on recordings of these")]
    Profile {
        /// Its profile.
        found: String,
        /// The profile it was opened for.
        asked: String,
    },
    /// It has the features of the profile, but by name alone.
    #[error(
        "its features have the names of those of `{profile}`, but other units, windows, states or limits (schema `{found:08x}`, not `{expected:08x}`); train it anew"
    )]
    Layout {
        /// The profile.
        profile: String,
        /// Schema of the model.
        found: u32,
        /// Schema of the profile.
        expected: u32,
    },
    /// It looks ahead further, or less far.
    #[error(
        "it foresees `{found_hours}` hours, `{profile}` asks for `{asked_hours}`; train it on a dataset of this horizon"
    )]
    Horizon {
        /// The profile.
        profile: String,
        /// Horizon of the model.
        found_hours: u64,
        /// Horizon of the profile.
        asked_hours: u64,
    },
    /// It knows a component that assets of the profile do not have.
    #[error("it judges `{component}`, which assets of `{profile}` do not have; train it anew")]
    Component {
        /// The profile.
        profile: String,
        /// The component.
        component: String,
    },
}

impl Foresight {
    /// Opens a model for the assets of `profile`.
    ///
    /// # Errors
    /// [`ForesightError`] when the bytes are no model, or none for these assets.
    pub fn open(bytes: &[u8], profile: &Profile) -> Result<Self, ForesightError> {
        let model = Model::decode(bytes)?;
        let Model { schema, learned, .. } = &model;
        let Learned::Assessed { within, rows, by_component } = learned else {
            return Err(ForesightError::Purpose);
        };
        let asked = profile.name.clone();
        if schema.profile != asked {
            return Err(ForesightError::Profile { found: schema.profile.clone(), asked });
        }
        let layout = Layout::of(profile);
        let expected = layout.rows();
        model.accept(&expected.names)?;
        if rows.schema != expected.schema {
            let (found, expected) = (rows.schema, expected.schema);
            return Err(ForesightError::Layout { profile: asked, found, expected });
        }
        let hours = |span: std::time::Duration| span.as_secs() / 3_600;
        let horizon = profile.horizon.duration();
        if *within != horizon {
            let (found_hours, asked_hours) = (hours(*within), hours(horizon));
            return Err(ForesightError::Horizon { profile: asked, found_hours, asked_hours });
        }
        let strange = by_component.keys().find(|id| profile.component(id).is_none());
        if let Some(component) = strange.cloned() {
            return Err(ForesightError::Component { profile: asked, component });
        }
        Ok(Self { layout, by_component: by_component.clone() })
    }

    /// Whether it judges this component; too few failures of others were there to learn from.
    #[must_use]
    pub fn judges(&self, component: &str) -> bool {
        self.by_component.contains_key(component)
    }

    /// What is asked about an assessment; none when it was made by another schema of features.
    #[must_use]
    pub fn row(&self, assessed: &HealthAssessed) -> Option<Row> {
        let row = self.layout.row(assessed)?;
        Some(Row(row.into_iter().map(|value| value.unwrap_or(f32::NAN)).collect()))
    }

    /// Calibrated probability that the component fails within the horizon; none of one that is not judged.
    #[must_use]
    pub fn probability(&self, component: &str, row: &Row) -> Option<f64> {
        Some(self.by_component.get(component)?.probability(&row.0))
    }

    /// What the score of the component is made of, the greatest amount first; their sum is the score before calibration,
    /// the mean vote of the trees. Empty for a component that is not judged.
    #[must_use]
    pub fn reasons(&self, component: &str, row: &Row) -> Vec<Reason> {
        let Some(classifier) = self.by_component.get(component) else { return Vec::new() };
        let (base, parts) = classifier.contributions(&row.0);
        let mut order: Vec<usize> = (0..parts.len()).filter(|index| parts[*index] != 0.0).collect();
        order.sort_by(|a, b| parts[*b].abs().total_cmp(&parts[*a].abs()));
        let named = order.len().min(REASONS_MAX);
        let (named, others) = order.split_at(named);
        let mut reasons: Vec<Reason> =
            named.iter().map(|index| self.reason(*index, row, parts[*index])).collect();
        if !others.is_empty() {
            let amount = others.iter().map(|index| parts[*index]).sum();
            let value = format!("{} of them", others.len());
            reasons.push(Reason { name: "other features".to_owned(), value, amount });
        }
        let name = "base rate".to_owned();
        reasons.push(Reason { name, value: "of what was learned from".to_owned(), amount: base });
        reasons.sort_by(|a, b| b.amount.total_cmp(&a.amount));
        reasons
    }

    fn reason(&self, index: usize, row: &Row, amount: f64) -> Reason {
        let column = &self.layout.columns()[index];
        let value = row.0[index];
        let value = if value.is_nan() {
            "not known".to_owned()
        } else {
            format!("{:.3} {}", value, column.unit).trim_end().to_owned()
        };
        Reason { name: column.name.clone(), value, amount }
    }
}
