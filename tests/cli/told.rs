//! Puts on the log of a store at rest what agents would have said about one case.

use messages::booking::{
    BookingConfirmed, BookingHeld, BookingStarted, Slot, SlotOffer, SlotsOffered,
};
use messages::capa::CapaOpened;
use messages::case::{
    CaseAdvanced, CaseClosed, CaseEscalated, CaseOpened, CaseOutcome, CaseState, Evidence,
};
use messages::consent::Channel;
use messages::contact::{CustomerContacted, Purpose};
use messages::effect::{Conclusion, EffectConcluded};
use messages::health::HealthAssessed;
use messages::prediction::{
    Advice, Contribution, Driving, FailurePredicted, Hypothesis, RemainingLife, Severity,
};
use messages::profile::{Profile, embedded};
use messages::{
    BookingId, CaseId, Envelope, Finite, Message, MessageId, OfferId, Origin, Sequence, Stream,
    Timestamp,
};
use models::features::Features;
use runtime::clock::Clock;
use runtime::committer::{Request, Writer};
use runtime::router::{PARTITIONS_EMBEDDED, Router};
use runtime::store::sled::SledStore;
use runtime::store::{Partition, ReadLimit, Store};
use std::path::Path;
use std::sync::Arc;

pub(crate) const ASSET: &str = "VEH003";
pub(crate) const OWNER: &str = "o-3";

/// A record on its stream.
#[derive(Clone, Copy, Debug)]
struct Placed {
    id: MessageId,
    partition: Partition,
    sequence: Sequence,
}

/// The log of a store that no process uses.
struct Log {
    store: Arc<SledStore>,
    writer: Writer,
    case: CaseId,
}

/// What was told.
pub(crate) struct Told {
    pub(crate) case: String,
    pub(crate) booking: String,
    pub(crate) offer: String,
}

fn number(value: f64) -> Finite {
    Finite::new(value).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Log {
    fn at(data: &Path) -> Self {
        let store = Arc::new(SledStore::open(&data.join("store")).unwrap());
        let router = Arc::new(Router::new(PARTITIONS_EMBEDDED, agents::catalog().contracts()));
        let writer = Writer::new(store.clone(), Clock::Real, router);
        let case = CaseId::of(MessageId::named("told", "prediction"), "VEH003/brake");
        Self { store, writer, case }
    }

    fn say<M: Message>(&mut self, kind: &str, cause: Placed, message: &M) -> Placed {
        let head = self.store.head(Partition::LOG);
        let id = MessageId::named("told", &format!("{kind}/{}/{head}", M::NAME));
        let mut envelope = Envelope::new(id, kind, message).unwrap();
        envelope.causation_id = Some(cause.id);
        envelope.origin = Some(Origin {
            stream: cause.partition.stream,
            partition: cause.partition.index,
            sequence: cause.sequence,
            index: 0,
        });
        let requests = vec![Request::Append(vec![envelope.into()])];
        let receipt = self.writer.commit(requests).unwrap().remove(0).unwrap();
        let (partition, sequence) = receipt[0];
        Placed { id, partition, sequence }
    }

    /// The newest reading of the asset.
    fn reading(&self) -> Placed {
        let partitions = self.store.partitions();
        let telemetry = partitions.into_iter().filter(|it| it.stream == Stream::Telemetry);
        let all = telemetry.flat_map(|partition| {
            let read = self.store.read(partition, 0, ReadLimit::default()).unwrap();
            read.into_iter().map(move |delivery| (partition, delivery))
        });
        let (partition, newest) =
            all.filter(|(_, it)| it.envelope.key == ASSET).last().expect("a reading was sent");
        Placed { id: newest.envelope.id, partition, sequence: newest.sequence }
    }

    fn advance(&mut self, cause: Placed, from: CaseState, to: CaseState, reason: &str) -> Placed {
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
        self.say("master", cause, &advanced)
    }

    /// Slots are offered; one is held, confirmed, and its time has come.
    fn book(&mut self, cause: Placed, booking: BookingId, offer: OfferId) {
        let (case, network, asset) = (self.case, || "demo".to_owned(), || ASSET.to_owned());
        let offered = SlotsOffered {
            network: network(),
            case,
            asset: asset(),
            offers: vec![SlotOffer { offer, slot: slot(), penalties: vec!["far away".into()] }],
            relax: vec![],
            valid_until: at("2026-03-03T06:00:00Z"),
            cause: None,
        };
        let cause = self.say("scheduling", cause, &offered);
        let held_until = at("2026-03-02T06:12:00Z");
        let held = BookingHeld {
            network: network(),
            case,
            asset: asset(),
            booking,
            slot: slot(),
            held_until,
        };
        let cause = self.say("scheduling", cause, &held);
        let confirmed =
            BookingConfirmed { network: network(), case, asset: asset(), booking, slot: slot() };
        self.say("scheduling", cause, &confirmed);
    }
}

/// Tells of a case of `VEH003` whose owner was perhaps reached, and of a booking; `started` when its time has come.
pub(crate) fn tell(data: &Path, started: bool) -> Told {
    let mut log = Log::at(data);
    let case = log.case;
    let reading = log.reading();
    let assessment = log.say("data-analysis", reading, &assessed());
    let prediction = log.say("diagnosis", assessment, &predicted());
    let opened = log.say("master", prediction, &opened(case, prediction.id));
    let advanced = log.advance(opened, CaseState::Opened, CaseState::Contacting, "slots are there");
    let intent = MessageId::named("told", "intent");
    let contacted = CustomerContacted {
        case,
        asset: ASSET.into(),
        owner: OWNER.into(),
        step: "first".into(),
        channel: Channel::App,
        purpose: Purpose::PredictedFailure,
        text: "The brakes of VEH003 may fail within a week. Shall we book the workshop?".into(),
        intent,
    };
    let contacted = log.say("engagement", advanced, &contacted);
    let booking = BookingId::of(opened.id, "0");
    let offer = OfferId::of(opened.id, "0");
    log.book(contacted, booking, offer);
    let (from, to) = (CaseState::Contacting, CaseState::Booked);
    let mut last = log.advance(contacted, from, to, "Pune on Monday");
    if started {
        let (network, asset) = ("demo".into(), ASSET.into());
        last = log.say("scheduling", last, &BookingStarted { network, case, asset, booking });
    }
    uncertain(&mut log, last, intent);
    Told { case: case.to_string(), booking: booking.to_string(), offer: offer.to_string() }
}

/// Tells of a CAPA.
pub(crate) fn tell_capa(data: &Path, capa: &CapaOpened) {
    let mut log = Log::at(data);
    let reading = log.reading();
    log.say("manufacturing-insights", reading, capa);
}

/// Tells of two cases of `VEH003`, one after the other, which are closed; gives their ids in this order.
pub(crate) fn tell_closed(data: &Path) -> [String; 2] {
    let mut log = Log::at(data);
    let reading = log.reading();
    ["first", "second"].map(|name| {
        let assessment = log.say("data-analysis", reading, &assessed());
        let prediction = log.say("diagnosis", assessment, &predicted());
        let case = CaseId::of(MessageId::named("told", name), "VEH003/brake");
        let cause = log.say("master", prediction, &opened(case, prediction.id));
        let closed = CaseClosed {
            case,
            asset: ASSET.into(),
            outcome: CaseOutcome::Recovered,
            reason: format!("the {name} was over by itself"),
            network: None,
        };
        log.say("master", cause, &closed);
        case.to_string()
    })
}

/// The confirmation was perhaps sent; a person is asked to find out.
fn uncertain(log: &mut Log, cause: Placed, intent: MessageId) {
    let case = log.case;
    let concluded = EffectConcluded {
        intent,
        effect: "contact.send".into(),
        effect_key: format!("{case}:confirmed:sms"),
        key: OWNER.into(),
        case: Some(case),
        attempts: 1,
        conclusion: Conclusion::Uncertain { reason: "the provider's answer was lost".into() },
    };
    let cause = log.say("effects", cause, &concluded);
    let (from, reason) = (CaseState::Booked, "the owner may or may not have been told");
    let cause = log.advance(cause, from, CaseState::Uncertain, reason);
    let escalated = CaseEscalated {
        case,
        asset: ASSET.into(),
        reason: reason.into(),
        remedy: "ask them, then `aurorasync case resolve`".into(),
        reminder: 0,
    };
    log.say("master", cause, &escalated);
}

fn slot() -> Slot {
    Slot {
        centre: "pune".into(),
        centre_name: "Pune".into(),
        zone: "Asia/Kolkata".into(),
        bay: 2,
        technician: "pune-3".into(),
        from: at("2026-03-02T11:30:00Z"),
        to: at("2026-03-02T13:30:00Z"),
    }
}

fn assessed() -> HealthAssessed {
    let profile = Profile::parse(embedded("vehicle").unwrap()).unwrap();
    let known = Features::of(&profile);
    let value = |name: &str| match name {
        "brake_pad_wear" => Some(number(81.5)),
        "coolant_temperature" => Some(number(90.25)),
        _ => None,
    };
    let features: Vec<_> = known.features().iter().map(|it| value(&it.name)).collect();
    assert!(features.iter().any(Option::is_some));
    HealthAssessed {
        fleet: "north".into(),
        asset: ASSET.into(),
        profile: "vehicle".into(),
        window_start: at("2026-03-02T06:00:00Z"),
        window_end: at("2026-03-02T06:11:00Z"),
        revision: 0,
        operating_state: Some("warm".into()),
        samples: 2,
        feature_schema: known.schema(),
        feature_ages: features.iter().map(|it| it.map(|_| 5)).collect(),
        features,
        anomaly: None,
        trends: vec![],
        sensor_faults: vec![],
        codes: vec![],
        comparisons: vec![],
    }
}

fn hypothesis() -> Hypothesis {
    let part = |name: &str, value: &str, amount| Contribution {
        name: name.into(),
        value: value.into(),
        amount: number(amount),
    };
    Hypothesis {
        component: "brake".into(),
        failure_mode: "parameter_deviation".into(),
        probability: number(0.8125),
        score: number(0.9),
        contributions: vec![
            part("brake_pad_wear", "81.5 % worn, rising 1.2 % a day", 1.31),
            part("base rate", "40 of 100 faults are brakes", -0.41),
        ],
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
        fleet: "north".into(),
        asset: ASSET.into(),
        profile: "vehicle".into(),
        window_end: at("2026-03-02T06:11:00Z"),
        horizon_hours: number(168.0),
        severity: Severity::High,
        hypotheses: vec![hypothesis()],
        cannot_say: vec![],
        model: "trend-to-limit/1".into(),
    }
}

fn opened(case: CaseId, prediction: MessageId) -> CaseOpened {
    CaseOpened {
        case,
        asset: ASSET.into(),
        fleet: "north".into(),
        owner: Some(OWNER.into()),
        component: "brake".into(),
        severity: Severity::High,
        evidence: Evidence {
            prediction,
            window_end: at("2026-03-02T06:11:00Z"),
            profile: "vehicle".into(),
            hypothesis: hypothesis(),
            model: "trend-to-limit/1".into(),
        },
        due_at: at("2026-03-04T06:02:00Z"),
    }
}
