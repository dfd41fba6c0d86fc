//! What a model says that judges in the shadow of the one in use, and how right it was: recorded, acted on by nobody.

use crate::finding::Outcome;
use crate::id::MessageId;
use crate::message::{Class, Encoding, Message};
use crate::prediction::{FailurePredicted, PredictionCleared};
use crate::record::Record;
use serde::{Deserialize, Serialize};

/// What would have been predicted had the shadow been in use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShadowPredicted(pub FailurePredicted);

/// What would have been taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShadowCleared(pub PredictionCleared);

/// Whether what the shadow said was right, judged by what the one in use is judged by.
///
/// What it did not foresee is not counted: of an asset about which it said nothing it is not known that it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShadowVerified {
    /// What is judged: the model and the component.
    pub detector: String,
    /// The asset.
    pub asset: String,
    /// The component.
    pub component: String,
    /// What it would have predicted.
    pub prediction: MessageId,
    /// How it was.
    pub outcome: Outcome,
    /// What it was judged by: a finding or a failure; absent where the horizon passed without either.
    pub judged_by: Option<MessageId>,
}

impl Record for ShadowPredicted {
    const SCHEMA: u16 = 226;
}

impl Message for ShadowPredicted {
    const NAME: &'static str = "shadow.predicted";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.0.asset
    }
}

impl Record for ShadowCleared {
    const SCHEMA: u16 = 227;
}

impl Message for ShadowCleared {
    const NAME: &'static str = "shadow.cleared";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.0.asset
    }
}

impl Record for ShadowVerified {
    const SCHEMA: u16 = 228;
}

impl Message for ShadowVerified {
    const NAME: &'static str = "shadow.verified";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.asset
    }
}
