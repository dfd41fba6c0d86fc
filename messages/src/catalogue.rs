//! The one list of message types; documents, golden bytes and checks are made from it.

use crate::agent::{AgentDegraded, AgentRecovered, CommandAnswered, CommandUnanswered};
use crate::behaviour::{BaselineLearned, BehaviourFlagged};
use crate::booking::{
    BookingCancelled, BookingCompleted, BookingConfirmed, BookingExpired, BookingHeld,
    BookingMissed, BookingMoved, BookingRefused, BookingStarted, CancelBooking, ConfirmBooking,
    DemandForecast, HoldSlot, MoveBooking, NoShowRecorded, OfferSlots, SlotsOffered,
};
use crate::capa::{
    CapaClosed, CapaOpened, CapaRefused, CapaReopened, CapaSigned, CapaUpdated, RecallSuggested,
};
use crate::case::{CaseAdvanced, CaseClosed, CaseDecided, CaseEscalated, CaseOpened};
use crate::centre::{CentreRegistered, PartStocked};
use crate::consent::ConsentChanged;
use crate::contact::{
    ContactFailed, ContactOwner, ContactSend, ContactSuppressed, CustomerContacted,
    CustomerReplied, CustomerResponded, WithdrawContact,
};
use crate::dead::DeadLettered;
use crate::effect::{EffectAttempted, EffectConcluded};
use crate::finding::{
    DetectorDemoted, DetectorPromoted, FailureRecorded, FindingRecorded, PredictionVerified,
};
use crate::guard::{
    AccessDenied, ActivityMeasured, AuditRecorded, PrincipalContained, PrincipalReleased,
};
use crate::health::{
    AnomalyDetected, AssetSilent, HealthAssessed, SensorFaulted, TelemetryQuarantined,
};
use crate::message::{Class, Encoding, Message, Stage};
use crate::model::ModelPromoted;
use crate::pattern::{AssetCounted, ComponentReported, PatternFound, PopulationReviewed};
use crate::prediction::{FailurePredicted, PredictionCleared, PredictionWithheld};
use crate::record::DecodeError;
use crate::redelivery::{MessageRedelivered, TelemetryReleased};
use crate::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded, OwnerRegistered};
use crate::schema::{SchemaError, schema_of};
use crate::shadow::{ShadowCleared, ShadowPredicted, ShadowVerified};
use crate::telemetry::Telemetry;

/// What is known of one message type.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// [`Message::NAME`].
    pub name: &'static str,
    /// [`Message::CLASS`].
    pub class: Class,
    /// [`Record::SCHEMA`](crate::Record::SCHEMA).
    pub schema: u16,
    /// [`Record::VERSION`](crate::Record::VERSION): the newest.
    pub version: u16,
    /// [`Message::ENCODING`].
    pub encoding: Encoding,
    /// [`Message::STAGE`].
    pub stage: Option<Stage>,
    /// Shows data of this type as JSON, in whichever encoding and version it was written.
    pub show: Show,
    /// JSON Schema of this type as JSON.
    pub describe: Describe,
}

/// Data of one type, decoded and written as JSON.
pub type Show = fn(Encoding, &[u8]) -> Result<serde_json::Value, DecodeError>;

/// JSON Schema of one type.
pub type Describe = fn() -> Result<serde_json::Value, SchemaError>;

/// All message types, in the order of their schema numbers.
pub const CATALOGUE: &[Entry] = &[
    Entry::of::<Telemetry>(),
    Entry::of::<AssetRegistered>(),
    Entry::of::<AssetRetired>(),
    Entry::of::<MaintenanceRecorded>(),
    Entry::of::<OwnerRegistered>(),
    Entry::of::<ConsentChanged>(),
    Entry::of::<CentreRegistered>(),
    Entry::of::<PartStocked>(),
    Entry::of::<DeadLettered>(),
    Entry::of::<HealthAssessed>(),
    Entry::of::<AnomalyDetected>(),
    Entry::of::<SensorFaulted>(),
    Entry::of::<AssetSilent>(),
    Entry::of::<TelemetryQuarantined>(),
    Entry::of::<FailurePredicted>(),
    Entry::of::<PredictionCleared>(),
    Entry::of::<PredictionWithheld>(),
    Entry::of::<TelemetryReleased>(),
    Entry::of::<MessageRedelivered>(),
    Entry::of::<EffectAttempted>(),
    Entry::of::<EffectConcluded>(),
    Entry::of::<CaseOpened>(),
    Entry::of::<CaseAdvanced>(),
    Entry::of::<CaseEscalated>(),
    Entry::of::<CaseClosed>(),
    Entry::of::<CaseDecided>(),
    Entry::of::<ContactOwner>(),
    Entry::of::<ContactSend>(),
    Entry::of::<CustomerContacted>(),
    Entry::of::<CustomerReplied>(),
    Entry::of::<CustomerResponded>(),
    Entry::of::<ContactSuppressed>(),
    Entry::of::<ContactFailed>(),
    Entry::of::<WithdrawContact>(),
    Entry::of::<CommandUnanswered>(),
    Entry::of::<CommandAnswered>(),
    Entry::of::<AgentDegraded>(),
    Entry::of::<AgentRecovered>(),
    Entry::of::<OfferSlots>(),
    Entry::of::<SlotsOffered>(),
    Entry::of::<HoldSlot>(),
    Entry::of::<BookingHeld>(),
    Entry::of::<BookingExpired>(),
    Entry::of::<ConfirmBooking>(),
    Entry::of::<BookingConfirmed>(),
    Entry::of::<MoveBooking>(),
    Entry::of::<BookingMoved>(),
    Entry::of::<CancelBooking>(),
    Entry::of::<BookingCancelled>(),
    Entry::of::<BookingRefused>(),
    Entry::of::<BookingStarted>(),
    Entry::of::<BookingCompleted>(),
    Entry::of::<NoShowRecorded>(),
    Entry::of::<BookingMissed>(),
    Entry::of::<FindingRecorded>(),
    Entry::of::<FailureRecorded>(),
    Entry::of::<PredictionVerified>(),
    Entry::of::<DetectorDemoted>(),
    Entry::of::<DetectorPromoted>(),
    Entry::of::<ModelPromoted>(),
    Entry::of::<ShadowPredicted>(),
    Entry::of::<ShadowCleared>(),
    Entry::of::<ShadowVerified>(),
    Entry::of::<AccessDenied>(),
    Entry::of::<ActivityMeasured>(),
    Entry::of::<PrincipalContained>(),
    Entry::of::<PrincipalReleased>(),
    Entry::of::<AuditRecorded>(),
    Entry::of::<BehaviourFlagged>(),
    Entry::of::<BaselineLearned>(),
    Entry::of::<AssetCounted>(),
    Entry::of::<ComponentReported>(),
    Entry::of::<PopulationReviewed>(),
    Entry::of::<PatternFound>(),
    Entry::of::<CapaOpened>(),
    Entry::of::<CapaUpdated>(),
    Entry::of::<CapaClosed>(),
    Entry::of::<CapaReopened>(),
    Entry::of::<RecallSuggested>(),
    Entry::of::<CapaSigned>(),
    Entry::of::<CapaRefused>(),
    Entry::of::<DemandForecast>(),
];

impl Entry {
    /// The entry of a message type; also for types of others that are in no list of ours.
    #[must_use]
    pub const fn of<M: Message>() -> Self {
        Self {
            name: M::NAME,
            class: M::CLASS,
            schema: M::SCHEMA,
            version: M::VERSION,
            encoding: M::ENCODING,
            stage: M::STAGE,
            show: show::<M>,
            describe: schema_of::<M>,
        }
    }
}

fn show<M: Message>(encoding: Encoding, data: &[u8]) -> Result<serde_json::Value, DecodeError> {
    let message = M::from_data(encoding, data)?;
    serde_json::to_value(message).map_err(|error| DecodeError::Invalid(error.to_string()))
}

/// The entry of the type called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::is_message_name;

    #[test]
    fn schemas_rise_so_none_is_used_twice() {
        assert!(CATALOGUE.is_sorted_by(|one, next| one.schema < next.schema));
    }

    #[test]
    fn names_are_two_words_and_unique() {
        for (index, entry) in CATALOGUE.iter().enumerate() {
            assert!(is_message_name(entry.name), "{}", entry.name);
            assert!(CATALOGUE[..index].iter().all(|other| other.name != entry.name));
        }
    }

    #[test]
    fn versions_begin_with_one() {
        assert!(CATALOGUE.iter().all(|entry| entry.version >= 1));
    }
}
