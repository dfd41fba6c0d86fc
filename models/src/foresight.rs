//! A learned model at work: opened for the profile whose assets it judges, or refused, and asked about assessments.
//!
//! A model that was learned from assessments is asked about each of them as it is. One that was learned from samples is
//! asked about an asset's past as the assessments tell it, by the code that made its rows: see [`sampled`].

pub mod sampled;
#[cfg(test)]
mod tests;

use crate::assessed::Layout;
use crate::model::{Learned, Model, ModelError};
use crate::training::Classifier;
use messages::health::HealthAssessed;
use messages::profile::Profile;
use sampled::{Memory, Sampled};
use std::collections::BTreeMap;
use std::time::Duration;

/// Features that are named as reasons; what the others add is one more.
pub const REASONS_MAX: usize = 8;

/// A model that says which components of the assets of a profile fail within its horizon.
#[derive(Clone, Debug)]
pub struct Foresight {
    form: Form,
    /// Names and units of the numbers of a row.
    columns: Vec<(String, String)>,
    by_component: BTreeMap<String, Classifier>,
}

/// What rows are made of.
#[derive(Clone, Debug)]
enum Form {
    Assessed(Box<Layout>),
    Sampled(Box<Sampled>),
}

/// What is asked about: the numbers of one row, NaN where one is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(Vec<f32>);

/// What an assessment gives a model to judge.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// This row.
    Row(Row),
    /// Nothing: it was made by another schema of features.
    OtherForm,
    /// Nothing new: none of the channels that the model asks for was measured in its window.
    NothingMeasured,
}

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
    /// It says something else than what fails, or its rows are not samples of an asset one after another.
    #[error("it does not say which components of an asset fail soon, so agents cannot ask it")]
    Purpose,
    /// It was learned from samples that agents do not tell apart.
    #[error(
        "it was learned from samples `{every_seconds}` seconds apart, which windows of `{window_seconds}` put together; train it with `aurorasync train --assessed`"
    )]
    Dense {
        /// Seconds between two samples.
        every_seconds: u64,
        /// Seconds of a window.
        window_seconds: u64,
    },
    /// It asks for something that agents do not know.
    #[error("it asks for `{name}`, which {why}")]
    Unknown {
        /// Name of a channel, quantity or attribute.
        name: String,
        /// Why it is not known, and the remedy.
        why: &'static str,
    },
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
        let (form, columns) = Form::of(&model, profile)?;
        let (Learned::Assessed { within, by_component, .. }
        | Learned::Failures { within, by_component }) = model.learned
        else {
            return Err(ForesightError::Purpose);
        };
        let asked = profile.name.clone();
        let hours = |span: Duration| span.as_secs() / 3_600;
        let horizon = profile.horizon.duration();
        if within != horizon {
            let (found_hours, asked_hours) = (hours(within), hours(horizon));
            return Err(ForesightError::Horizon { profile: asked, found_hours, asked_hours });
        }
        let strange = by_component.keys().find(|id| profile.component(id).is_none());
        if let Some(component) = strange.cloned() {
            return Err(ForesightError::Component { profile: asked, component });
        }
        Ok(Self { form, columns, by_component })
    }

    /// Schema of the features that it is asked about.
    #[must_use]
    pub fn schema(&self) -> u32 {
        match &self.form {
            Form::Assessed(layout) => layout.rows().schema,
            Form::Sampled(sampled) => sampled.features(),
        }
    }

    /// Whether each of its answers stands for itself: its rows are as far apart as its samples, and its threshold was
    /// chosen by what single ones said.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        matches!(self.form, Form::Sampled(_))
    }

    /// Whether it judges this component; too few failures of others were there to learn from.
    #[must_use]
    pub fn judges(&self, component: &str) -> bool {
        self.by_component.contains_key(component)
    }

    /// What an assessment gives to be judged; what a model of samples needs of it later is put into `memory`.
    pub fn ask(&self, memory: &mut Memory, assessed: &HealthAssessed) -> Asked {
        let row = match &self.form {
            Form::Assessed(layout) => layout.row(assessed).ok_or(Asked::OtherForm),
            Form::Sampled(sampled) => sampled.row(memory, assessed),
        };
        let number = |value: Option<f32>| value.unwrap_or(f32::NAN);
        row.map_or_else(|none| none, |row| Asked::Row(Row(row.into_iter().map(number).collect())))
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
        let (name, unit) = &self.columns[index];
        let value = row.0[index];
        let value = if value.is_nan() {
            "not known".to_owned()
        } else {
            format!("{value:.3} {unit}").trim_end().to_owned()
        };
        Reason { name: name.clone(), value, amount }
    }
}

impl Form {
    /// The form of the model's rows, with names and units of their numbers.
    fn of(
        model: &Model,
        profile: &Profile,
    ) -> Result<(Self, Vec<(String, String)>), ForesightError> {
        let (asked, schema) = (profile.name.clone(), &model.schema);
        if schema.profile != asked {
            return Err(ForesightError::Profile { found: schema.profile.clone(), asked });
        }
        let layout_of = |found: u32, expected: u32| match found == expected {
            true => Ok(()),
            false => Err(ForesightError::Layout { profile: asked, found, expected }),
        };
        match &model.learned {
            Learned::Assessed { rows, .. } => {
                let layout = Layout::of(profile);
                let expected = layout.rows();
                model.accept(&expected.names)?;
                layout_of(rows.schema, expected.schema)?;
                let columns = layout.columns().iter();
                let columns = columns.map(|it| (it.name.clone(), it.unit.clone())).collect();
                Ok((Self::Assessed(Box::new(layout)), columns))
            }
            Learned::Failures { .. } => {
                let samples = schema.sampled.ok_or(ForesightError::Purpose)?;
                let sampled = Sampled::of(schema.clone(), samples, profile)?;
                layout_of(samples.features, sampled.features())?;
                let columns = sampled.columns(profile);
                Ok((Self::Sampled(Box::new(sampled)), columns))
            }
            Learned::Life { .. } => Err(ForesightError::Purpose),
        }
    }
}
