//! One small value of every catalogued message type.

use crate::{assessments, behaviours, bookings, cases, contacts, findings, guards, insights};
use messages::catalogue::Entry;
use messages::dead::{Cause, DeadLettered};
use messages::redelivery::{MessageRedelivered, TelemetryReleased};
use messages::registry::{AssetRegistered, AssetRetired, MaintenanceRecorded, OwnerRegistered};
use messages::sealed::{Key, Keyring, Sealed};
use messages::telemetry::{Sample, Signal, Telemetry, TroubleCode};
use messages::{
    DecodeError, Encoding, Envelope, Finite, Message, MessageId, Origin, Provenance, Stream,
    Timestamp, record,
};
use uuid::Uuid;

/// A sample of some message type.
pub(crate) trait AnyMessage {
    /// Its type.
    fn entry(&self) -> Entry;
    /// Its bytes in `encoding`.
    fn encoded(&self, encoding: Encoding) -> Vec<u8>;
    /// Whether `data` is this very value, or why it is none of this type.
    fn is_in(&self, encoding: Encoding, data: &[u8]) -> Result<bool, DecodeError>;
    /// Whether both are the same value of this type, or why one is none.
    fn agree(&self, postcard: &[u8], json: &[u8]) -> Result<bool, DecodeError>;
}

impl<M: Message> AnyMessage for M {
    fn entry(&self) -> Entry {
        Entry::of::<M>()
    }

    fn encoded(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Postcard => record::encode(self).unwrap(),
            Encoding::Json => serde_json::to_vec(self).unwrap(),
        }
    }

    fn is_in(&self, encoding: Encoding, data: &[u8]) -> Result<bool, DecodeError> {
        M::from_data(encoding, data).map(|value| value == *self)
    }

    fn agree(&self, postcard: &[u8], json: &[u8]) -> Result<bool, DecodeError> {
        Ok(M::from_data(Encoding::Postcard, postcard)? == M::from_data(Encoding::Json, json)?)
    }
}

/// A sample of every type.
pub(crate) fn all() -> Vec<Box<dyn AnyMessage>> {
    let mut all: Vec<Box<dyn AnyMessage>> = vec![
        Box::new(telemetry()),
        Box::new(asset_registered()),
        Box::new(AssetRetired { asset: "VEH001".into(), reason: "sold".into() }),
        Box::new(MaintenanceRecorded {
            asset: "VEH001".into(),
            component: "brake".into(),
            performed_at: at("2026-03-02T06:00:00Z"),
        }),
        Box::new(owner_registered()),
        Box::new(dead_lettered()),
        Box::new(assessments::health_assessed()),
        Box::new(assessments::anomaly_detected()),
        Box::new(assessments::sensor_faulted()),
        Box::new(assessments::asset_silent()),
        Box::new(assessments::telemetry_quarantined()),
        Box::new(assessments::failure_predicted()),
        Box::new(assessments::prediction_cleared()),
        Box::new(assessments::prediction_withheld()),
        Box::new(TelemetryReleased {
            fleet: "demo".into(),
            asset: "VEH001".into(),
            quarantined: MessageId::named("golden", "quarantined"),
            frames: vec![MessageId::named("golden", "frame")],
        }),
        Box::new(MessageRedelivered {
            agent: "data-analysis".into(),
            dead: MessageId::named("golden", "dead"),
            redelivery: MessageId::named("golden", "redelivery"),
            count: 1,
        }),
    ];
    let others = [cases::all(), contacts::all(), bookings::all(), findings::all(), guards::all()];
    for more in others.into_iter().chain([behaviours::all(), insights::all()]) {
        all.extend(more);
    }
    all
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn telemetry() -> Telemetry {
    let number = |value| Some(number(value));
    Telemetry {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        boot: Some(3),
        signals: vec![
            Signal { name: "coolant_temperature".into(), unit: None },
            Signal { name: "tyre_pressure".into(), unit: Some("psi".into()) },
        ],
        samples: vec![
            Sample {
                sampled_at: at("2026-03-02T06:00:00Z"),
                seq: Some(17),
                values: vec![number(96.5), number(-31.25)],
                codes: vec![
                    TroubleCode::Obd2 { code: "P0217".into() },
                    TroubleCode::J1939 { spn: 110, fmi: 0, oc: 1 },
                ],
            },
            Sample {
                sampled_at: at("2026-03-02T06:00:05.250Z"),
                seq: None,
                values: vec![None, number(0.0)],
                codes: vec![],
            },
        ],
    }
}

pub(crate) fn number(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

fn asset_registered() -> AssetRegistered {
    AssetRegistered {
        asset: "VEH001".into(),
        fleet: "demo".into(),
        profile: "vehicle".into(),
        model: Some("hatchback".into()),
        in_service_since: Some(at("2024-01-15T00:00:00Z")),
        supplier: None,
        batch: Some("Q2-2025".into()),
        owner: Some("owner-1".into()),
        group: None,
        home: Some(messages::Place::near(18.52, 73.86).unwrap()),
    }
}

fn owner_registered() -> OwnerRegistered {
    let mut keyring = Keyring::default();
    keyring.insert("owner-1", Key::new([7; 32])).unwrap();
    let seal =
        |text: &str, nonce| Sealed::seal(&text.to_owned(), "owner-1", nonce, &keyring).unwrap();
    OwnerRegistered {
        owner: "owner-1".into(),
        name: seal("Sample Owner", [1; 12]),
        phone: Some(seal("+10000000000", [2; 12])),
        email: None,
        zone: "Asia/Kolkata".into(),
        language: "en".into(),
    }
}

pub(crate) fn envelope() -> Envelope {
    let id = MessageId::named("golden", "telemetry");
    Envelope {
        key: "VEH001".into(),
        time: at("2026-03-02T06:00:00.250Z"),
        provenance: Provenance::Simulated,
        case_id: Some(Uuid::from_u128(0x1234)),
        causation_id: Some(MessageId::named("golden", "cause")),
        origin: Some(Origin { stream: Stream::Health, partition: 2, sequence: 300, index: 1 }),
        addressed_to: Some("diagnosis".into()),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        ..Envelope::new(id, "simulator", &telemetry()).unwrap()
    }
}

fn dead_lettered() -> DeadLettered {
    DeadLettered {
        agent: "data-analysis".into(),
        original: envelope(),
        position: Origin { stream: Stream::Telemetry, partition: 0, sequence: 41, index: 0 },
        cause: Cause::Rejected,
        reason: "asset `VEH001` is not registered".into(),
        attempts: 1,
    }
}

/// An envelope whose data is JSON.
pub(crate) fn asset_retired_in_json() -> Envelope {
    let retired = AssetRetired { asset: "VEH001".into(), reason: "sold".into() };
    let id = MessageId::named("golden", "retired");
    Envelope {
        encoding: Encoding::Json,
        data: serde_json::to_vec(&retired).unwrap().into(),
        ..Envelope::new(id, "operator", &retired).unwrap()
    }
}
