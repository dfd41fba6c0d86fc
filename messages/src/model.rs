//! Which learned model an agent judges by: brought into use and out of it on the log.

use crate::finite::Finite;
use crate::message::{Class, Encoding, Message};
use crate::record::Record;
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
