//! Which learned model an agent judges by: brought into use and out of it on the log.

use crate::finite::Finite;
use crate::message::{Class, Encoding, Message};
use crate::record::{DecodeError, Record, decode_body};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A learned model comes into use for the assets of a profile, or goes out of it.
///
/// It acts at its place in each host's own input: what was handled before was judged by the one before. The model's
/// bytes are kept in the store under their checksum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPromoted {
    /// The profile whose assets are judged.
    pub profile: String,
    /// Kind of the agent that judges by it.
    pub agent: String,
    /// The model; absent: the agent judges as it does without one.
    pub model: Option<ModelCard>,
    /// Checksum of the model that was in use until now, if one was.
    pub before: Option<String>,
    /// Whether it was in use earlier and comes back.
    pub rolled_back: bool,
    /// Why it is taken although it cannot be shown to be as good as the one in use, where that is so.
    pub forced: Option<String>,
    /// Who says so.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Whether it judges in the shadow of the one in use: what it says is recorded, and nobody acts on it. The model in
    /// use stays, and so does its shadow when another one comes into use, unless it is that one.
    #[serde(default)]
    pub shadow: bool,
}

impl ModelPromoted {
    /// What a host keeps the model under: the profile, or the profile's shadow.
    #[must_use]
    pub fn place(&self) -> String {
        if self.shadow { shadow_of(&self.profile) } else { self.profile.clone() }
    }
}

/// Under which name the shadow of the model for `profile` is kept; no profile is named so.
#[must_use]
pub fn shadow_of(profile: &str) -> String {
    format!("{profile}~shadow")
}

/// [`ModelPromoted`] as version 1 had it: there were no shadows.
#[derive(Deserialize)]
struct ModelPromotedV1 {
    profile: String,
    agent: String,
    model: Option<ModelCard>,
    before: Option<String>,
    rolled_back: bool,
    forced: Option<String>,
    by: String,
    reason: String,
}

impl From<ModelPromotedV1> for ModelPromoted {
    fn from(old: ModelPromotedV1) -> Self {
        Self {
            profile: old.profile,
            agent: old.agent,
            model: old.model,
            before: old.before,
            rolled_back: old.rolled_back,
            forced: old.forced,
            by: old.by,
            reason: old.reason,
            shadow: false,
        }
    }
}

/// Digits of a checksum that name a model in what it says.
const NAME_DIGITS: usize = 12;

/// What predictions of the model with this checksum say of their origin.
#[must_use]
pub fn spoken_name(checksum: &str) -> String {
    format!("learned/{}", checksum.get(..NAME_DIGITS).unwrap_or(checksum))
}

/// What is known of a model without opening it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// Name for people: of what it was learned from, and the beginning of the checksum.
    pub name: String,
    /// SHA-256 of its bytes, as hexadecimal digits.
    pub checksum: String,
    /// Schema of the features that it is asked about, as assessments name it.
    pub feature_schema: u32,
    /// SHA-256 of the rows that it was learned from, as hexadecimal digits.
    pub data: String,
    /// How well it did on rows that it has not seen, by name.
    pub figures: BTreeMap<String, Finite>,
}

/// By this figure two models are compared: the mean F1 over components, on rows that neither has learned from.
pub const COMPARED: &str = "macro_f1";

impl ModelCard {
    /// Why the model cannot be shown to be as good as `present`; none where it can.
    #[must_use]
    pub fn worse_than(&self, present: &ModelCard) -> Option<String> {
        let before = present.figures.get(COMPARED)?;
        let in_use = format!("that of `{}`, which is in use, {before}", present.name);
        match self.figures.get(COMPARED) {
            Some(now) if now >= before => None,
            Some(now) => Some(format!("its `{COMPARED}` is {now}, {in_use}")),
            None => Some(format!("its `{COMPARED}` is not known, {in_use}")),
        }
    }
}

impl Record for ModelPromoted {
    const SCHEMA: u16 = 225;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<ModelPromotedV1>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Message for ModelPromoted {
    const NAME: &'static str = "model.promoted";
    const CLASS: Class = Class::Control;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.profile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(macro_f1: Option<f64>) -> ModelCard {
        let figure = macro_f1.map(|it| (COMPARED.to_owned(), Finite::new(it).unwrap()));
        ModelCard {
            name: "north-0a".into(),
            checksum: "0a".into(),
            feature_schema: 1,
            data: "0b".into(),
            figures: figure.into_iter().collect(),
        }
    }

    #[test]
    fn a_model_is_worse_when_its_figure_is_lower_or_not_known() {
        let present = card(Some(0.5));
        assert_eq!(card(Some(0.5)).worse_than(&present), None);
        assert_eq!(card(Some(0.1)).worse_than(&card(None)), None, "there is nothing to compare");
        let lower = "its `macro_f1` is 0.25, that of `north-0a`, which is in use, 0.5";
        assert_eq!(card(Some(0.25)).worse_than(&present).as_deref(), Some(lower));
        let unknown = "its `macro_f1` is not known, that of `north-0a`, which is in use, 0.5";
        assert_eq!(card(None).worse_than(&present).as_deref(), Some(unknown));
    }
}
