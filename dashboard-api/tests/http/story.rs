//! What agents would say about one case, put on the log by hand, each because of the one before.

use crate::client::Ask;
use crate::site::{Site, sample, telemetry_of};
use messages::booking::{BookingConfirmed, BookingHeld, Slot, SlotOffer, SlotsOffered};
use messages::case::{CaseAdvanced, CaseOpened, CaseState, Evidence};
use messages::consent::Channel;
use messages::contact::{CustomerContacted, Purpose};
use messages::health::HealthAssessed;
use messages::prediction::{
    Advice, Contribution, Driving, FailurePredicted, Hypothesis, RemainingLife, Severity,
};
use messages::{
    BookingId, CaseId, Envelope, Finite, Message, MessageId, OfferId, Origin, Sequence, Timestamp,
};
use runtime::bus::Bus;
use runtime::store::{Partition, ReadLimit, Store};
use serde_json::{Value, json};

pub(crate) const OWNER: &str = "owner-1";
pub(crate) const ASSET: &str = "VEH003";
/// The trace that the device began with its readings.
pub(crate) const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A record on its stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) id: MessageId,
    partition: Partition,
    pub(crate) sequence: Sequence,
}

/// One case of `VEH003`, opened.
pub(crate) struct Story {
    pub(crate) case: CaseId,
    pub(crate) booking: BookingId,
    pub(crate) offer: OfferId,
    pub(crate) opened: Placed,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn number(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

/// Appends what agent `kind` says because of `cause`.
pub(crate) async fn say<M: Message>(
    site: &Site,
    kind: &str,
    cause: Option<Placed>,
    message: &M,
) -> Placed {
    let name = format!("{kind}/{}/{cause:?}/{message:?}", M::NAME);
    let id = MessageId::named("story", &name);
    let mut envelope = Envelope::new(id, kind, message).unwrap();
    if let Some(cause) = cause {
        let Placed { id, partition, sequence } = cause;
        let limit = ReadLimit { records: 1, bytes: 1 };
        let caused_by = site.store.read(partition, sequence - 1, limit).unwrap().remove(0);
        envelope.traceparent = caused_by.envelope.traceparent.clone();
        envelope.causation_id = Some(id);
        envelope.origin = Some(Origin {
            stream: partition.stream,
            partition: partition.index,
            sequence,
            index: 0,
        });
    }
    let receipt = site.deployment.bus().append(vec![envelope.into()]).await.unwrap();
    let (partition, sequence) = receipt[0];
    Placed { id, partition, sequence }
}

/// Registers what the story is about.
pub(crate) async fn register(site: &Site) {
    let owner = json!({
        "owner": OWNER, "name": "Sample Owner", "zone": "Asia/Kolkata", "language": "en", "consent": ["app"],
    });
    site.post("/v1/owners", owner.to_string()).await.expect(201);
    let asset = json!({ "asset": ASSET, "fleet": "demo", "profile": "vehicle", "owner": OWNER });
    site.post("/v1/assets", asset.to_string()).await.expect(201);
}

/// The newest record of the asset's telemetry.
fn newest_reading(site: &Site) -> Placed {
    let partitions = site.deployment.router().partitions_of(messages::Stream::Telemetry);
    let read = |partition: Partition| {
        let all = site.store.read(partition, 0, ReadLimit::default()).unwrap();
        all.into_iter().map(move |it| (partition, it))
    };
    let all = partitions.flat_map(read).filter(|(_, it)| it.envelope.key == ASSET);
    let (partition, delivery) = all.max_by_key(|(_, it)| it.sequence).unwrap();
    Placed { id: delivery.envelope.id, partition, sequence: delivery.sequence }
}

impl Story {
    /// From a reading to the opening of the case.
    pub(crate) async fn open(site: &Site) -> Self {
        register(site).await;
        for second in [5, 10] {
            let ask = Ask::post(telemetry_of(ASSET), sample(second, &[]));
            site.ask(ask.header("traceparent", TRACE)).await.expect(202);
        }
        let reading = newest_reading(site);
        let assessment = say(site, "data-analysis", Some(reading), &assessed()).await;
        let prediction = say(site, "diagnosis", Some(assessment), &predicted()).await;
        let case = CaseId::of(prediction.id, "VEH003/brake");
        let opened = CaseOpened {
            case,
            asset: ASSET.into(),
            fleet: "demo".into(),
            owner: Some(OWNER.into()),
            component: "brake".into(),
            severity: Severity::High,
            evidence: Evidence {
                prediction: prediction.id,
                window_end: at("2026-03-02T06:01:00Z"),
                profile: "vehicle".into(),
                hypothesis: hypothesis(),
                model: "trend-to-limit/1".into(),
            },
            due_at: at("2026-03-04T06:01:00Z"),
        };
        let opened = say(site, "master", Some(prediction), &opened).await;
        let offer = OfferId::of(opened.id, "0");
        Self { case, booking: BookingId::of(opened.id, "0"), offer, opened }
    }

    pub(crate) fn path(&self) -> String {
        format!("/v1/cases/{}", self.case)
    }

    pub(crate) fn booking_path(&self) -> String {
        format!("/v1/bookings/{}", self.booking)
    }

    pub(crate) async fn advance(&self, site: &Site, from: CaseState, to: CaseState, reason: &str) {
        let advanced = CaseAdvanced {
            case: self.case,
            asset: ASSET.into(),
            from,
            to,
            reason: reason.into(),
            deadline: Some(at("2026-03-03T06:00:00Z")),
            severity: None,
            due_at: None,
        };
        say(site, "master", Some(self.opened), &advanced).await;
    }

    pub(crate) async fn contact(&self, site: &Site, step: &str, channel: Channel) {
        let contacted = CustomerContacted {
            case: self.case,
            asset: ASSET.into(),
            owner: OWNER.into(),
            step: step.into(),
            channel,
            purpose: Purpose::PredictedFailure,
            text: "The brakes of VEH003 may fail within a week.".into(),
            intent: MessageId::named("story", step),
        };
        say(site, "engagement", Some(self.opened), &contacted).await;
    }

    /// Slots are offered, one is held and confirmed.
    pub(crate) async fn book(&self, site: &Site) {
        let (network, case, asset) = (|| "demo".to_owned(), self.case, || ASSET.to_owned());
        let offered = SlotsOffered {
            network: network(),
            case,
            asset: asset(),
            offers: vec![SlotOffer {
                offer: self.offer,
                slot: slot(),
                penalties: vec!["far away".into()],
            }],
            relax: vec![],
            valid_until: at("2026-03-03T06:00:00Z"),
            cause: None,
        };
        let offered = say(site, "scheduling", Some(self.opened), &offered).await;
        let held = BookingHeld {
            network: network(),
            case,
            asset: asset(),
            booking: self.booking,
            slot: slot(),
            held_until: at("2026-03-02T06:10:00Z"),
        };
        let held = say(site, "scheduling", Some(offered), &held).await;
        let confirmed = BookingConfirmed {
            network: network(),
            case,
            asset: asset(),
            booking: self.booking,
            slot: slot(),
        };
        say(site, "scheduling", Some(held), &confirmed).await;
    }

    /// The case as the facade shows it.
    pub(crate) async fn shown(&self, site: &Site) -> Value {
        site.get(&self.path()).await.expect(200)
    }
}

pub(crate) fn slot() -> Slot {
    Slot {
        centre: "pune".into(),
        centre_name: "Pune".into(),
        zone: "Asia/Kolkata".into(),
        bay: 2,
        technician: "pune-3".into(),
        from: at("2026-03-02T05:00:00Z"),
        to: at("2026-03-02T07:00:00Z"),
    }
}

fn assessed() -> HealthAssessed {
    HealthAssessed {
        fleet: "demo".into(),
        asset: ASSET.into(),
        profile: "vehicle".into(),
        window_start: at("2026-03-02T06:00:00Z"),
        window_end: at("2026-03-02T06:01:00Z"),
        revision: 0,
        operating_state: Some("warm".into()),
        samples: 2,
        feature_schema: 7,
        features: vec![Some(number(81.5)), None],
        feature_ages: vec![Some(5), None],
        anomaly: None,
        trends: vec![],
        sensor_faults: vec![],
        codes: vec![],
        comparisons: vec![],
    }
}

fn hypothesis() -> Hypothesis {
    Hypothesis {
        component: "brake".into(),
        failure_mode: "parameter_deviation".into(),
        probability: number(0.8125),
        score: number(0.9),
        contributions: vec![Contribution {
            name: "brake_pad_wear".into(),
            value: "81.5 %, rising 1.2 % a day".into(),
            amount: number(0.9),
        }],
        remaining_useful_life: Some(RemainingLife {
            low_hours: number(60.0),
            median_hours: number(100.0),
            high_hours: None,
        }),
        advice: Advice {
            severity: Severity::High,
            act_within_hours: Some(number(48.0)),
            driving: Driving::WithCare { km_max: 50 },
        },
    }
}

fn predicted() -> FailurePredicted {
    FailurePredicted {
        fleet: "demo".into(),
        asset: ASSET.into(),
        profile: "vehicle".into(),
        window_end: at("2026-03-02T06:01:00Z"),
        horizon_hours: number(168.0),
        severity: Severity::High,
        hypotheses: vec![hypothesis()],
        cannot_say: vec![],
        model: "trend-to-limit/1".into(),
    }
}
