//! A town with workshops and one owner with one asset.

use messages::booking::{BookingConfirmed, BookingStarted};
use messages::case::{CaseAdvanced, CaseClosed, CaseOpened, CaseState};
use messages::centre::{CentreRegistered, OpeningHours, PartStocked, Technician};
use messages::consent::{Channel, ConsentChanged};
use messages::contact::{CustomerContacted, CustomerReplied, Purpose};
use messages::finding::FindingRecorded;
use messages::prediction::{
    Advice, Driving, FailurePredicted, Hypothesis, RemainingLife, Severity,
};
use messages::registry::{AssetRegistered, OwnerRegistered};
use messages::sealed::{KEY_BYTES, Key, Keyring, NONCE_BYTES, Sealed};
use messages::{CaseId, Finite, Message, Stream, Timestamp};
use runtime::conductor::Faults;
use runtime::effects::Effects;
use runtime::testkit::World;
use std::fmt::Write;
use std::time::Duration;

const ASSET: &str = "VEH003";
const OWNER: &str = "OWN-7";
const NETWORK: &str = "main";

pub(crate) struct Town {
    pub(crate) world: World,
}

pub(crate) fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

/// The beginning of the day so many days after the first.
pub(crate) fn day(days: u64) -> Timestamp {
    let first: Timestamp = "2026-03-02T00:00:00Z".parse().expect("a valid moment");
    first.saturating_add(hours(24 * days))
}

fn finite(value: f64) -> Finite {
    Finite::new(value).expect("a finite value")
}

impl Town {
    /// Monday before noon, with so many workshops.
    pub(crate) fn begin(centres: usize, faults: Option<Faults>) -> Self {
        let catalog = agents::catalog();
        let effects = Effects::recorded(&catalog);
        let mut world = World::seeded(7).catalog(catalog).effects(effects);
        if let Some(faults) = faults {
            world = world.faults(faults);
        }
        let mut town = Self { world };
        town.settle_in(centres);
        town
    }

    fn settle_in(&mut self, centres: usize) {
        for name in ["Pune", "Mumbai", "Delhi"].into_iter().take(centres) {
            self.open(name);
        }
        let mut keyring = Keyring::default();
        keyring.insert(OWNER.to_owned(), Key::new([1; KEY_BYTES])).expect("a first key");
        let name = Sealed::seal(&"Asha".to_owned(), OWNER, [0; NONCE_BYTES], &keyring);
        self.world.append(&OwnerRegistered {
            owner: OWNER.into(),
            name: name.expect("a key"),
            phone: None,
            email: None,
            zone: "Asia/Kolkata".into(),
            language: "en-IN".into(),
        });
        self.world.append(&ConsentChanged {
            owner: OWNER.into(),
            granted: Channel::ALL.to_vec(),
            revoked: Vec::new(),
            reason: "asked when registered".into(),
        });
        self.world.publish(AssetRegistered {
            asset: ASSET.into(),
            fleet: "demo".into(),
            profile: "vehicle".into(),
            model: None,
            in_service_since: None,
            supplier: None,
            batch: None,
            owner: Some(OWNER.into()),
            group: None,
            home: None,
        });
    }

    fn open(&mut self, name: &str) {
        let skills = ["brake", "engine", "battery", "tyre"];
        let technician = |number: u16| Technician {
            id: format!("T{number}"),
            skills: skills.map(str::to_owned).to_vec(),
        };
        let hours = |weekday| OpeningHours { weekday, opens_minute: 540, closes_minute: 1140 };
        self.world.append(&CentreRegistered {
            centre: name.to_lowercase(),
            network: NETWORK.into(),
            name: name.into(),
            zone: "Asia/Kolkata".into(),
            bays: 2,
            technicians: (1..=3).map(technician).collect(),
            emergency_slots_per_day: 1,
            hours: (1..=6).map(hours).collect(),
            holidays: Vec::new(),
            latitude: None,
            longitude: None,
            rating: None,
        });
        let available_at = self.world.conductor().now();
        for part in skills {
            self.world.append(&PartStocked {
                network: NETWORK.into(),
                centre: name.to_lowercase(),
                part: part.into(),
                quantity: 5,
                available_at,
            });
        }
    }

    /// Diagnosis foresees a failure.
    pub(crate) fn predict(&mut self, component: &str, severity: Severity) {
        let probability = if severity == Severity::Emergency { 0.97 } else { 0.8 };
        self.foresee(component, severity, probability);
    }

    /// Diagnosis foresees a failure, as likely as that.
    pub(crate) fn foresee(&mut self, component: &str, severity: Severity, probability: f64) {
        let window_end = self.world.conductor().now();
        let (act_within, driving) = match severity {
            Severity::Emergency => (2.0, Driving::Stop),
            _ => (48.0, Driving::WithCare { km_max: 50 }),
        };
        let mode = if component == "brake" { "brake_pad_wear" } else { "coolant_pump_wear" };
        self.world.publish(FailurePredicted {
            fleet: "demo".into(),
            asset: ASSET.into(),
            profile: "vehicle".into(),
            window_end,
            horizon_hours: finite(168.0),
            severity,
            hypotheses: vec![Hypothesis {
                component: component.into(),
                failure_mode: mode.into(),
                probability: finite(probability),
                score: finite(0.8),
                contributions: Vec::new(),
                remaining_useful_life: Some(RemainingLife {
                    low_hours: finite(40.0),
                    median_hours: finite(90.0),
                    high_hours: None,
                }),
                advice: Advice { severity, act_within_hours: Some(finite(act_within)), driving },
            }],
            cannot_say: Vec::new(),
            model: agents::diagnosis::MODEL.into(),
        });
    }

    pub(crate) fn reply(&mut self, text: &str) {
        let case = Some(self.case());
        let (owner, text) = (OWNER.into(), text.into());
        self.world.publish(CustomerReplied { owner, case, channel: Channel::Voice, text });
    }

    pub(crate) fn pass(&mut self, duration: Duration) {
        self.world.advance(duration);
    }

    /// Lets time pass until the booked time has come.
    pub(crate) fn pass_until_started(&mut self) {
        let confirmed = self.world.published::<BookingConfirmed>().pop();
        let slot = confirmed.unwrap_or_else(|| panic!("nothing is booked: {}", self.told())).slot;
        let left = slot.from.since(self.world.conductor().now());
        self.pass(left);
        assert!(!self.world.published::<BookingStarted>().is_empty(), "{}", self.told());
    }

    /// The workshop looked at `examined` and found `faulty`.
    pub(crate) fn find(&mut self, examined: &str, faulty: Option<&str>) {
        let confirmed = self.world.published::<BookingConfirmed>().pop().expect("a booking");
        let found_at = self.world.conductor().now();
        self.world.publish(FindingRecorded {
            asset: ASSET.into(),
            network: Some(NETWORK.into()),
            booking: Some(confirmed.booking),
            case: Some(confirmed.case),
            examined: examined.into(),
            component: faulty.map(str::to_owned),
            cause: None,
            part: None,
            batch: None,
            repaired: faulty.is_some(),
            found_at,
            by: confirmed.slot.centre_name,
        });
    }

    pub(crate) fn case(&self) -> CaseId {
        self.world.published::<CaseOpened>().last().expect("a case was opened").case
    }

    pub(crate) fn state(&self) -> CaseState {
        *self.path().last().expect("a case has a state")
    }

    pub(crate) fn path(&self) -> Vec<CaseState> {
        let mut path = vec![CaseState::Opened];
        for advanced in self.world.published::<CaseAdvanced>() {
            if path.last() != Some(&advanced.to) {
                path.push(advanced.to);
            }
        }
        path
    }

    pub(crate) fn closed(&self) -> CaseClosed {
        let closed = self.world.published::<CaseClosed>().pop();
        closed.unwrap_or_else(|| panic!("no case has ended: {}", self.told()))
    }

    pub(crate) fn purposes(&self) -> Vec<Purpose> {
        self.world.published::<CustomerContacted>().into_iter().map(|one| one.purpose).collect()
    }

    pub(crate) fn count<M: Message>(&self) -> usize {
        self.world.published::<M>().len()
    }

    /// What happened, for whoever reads a failed test.
    pub(crate) fn told(&self) -> String {
        let mut told = String::new();
        for envelope in self.world.envelopes(Stream::Log) {
            let reason = envelope.open::<CaseAdvanced>().map(|advanced| {
                let state = advanced.to.name();
                format!("-> {state}: {}", advanced.reason)
            });
            let data = reason.unwrap_or_else(|_| String::from_utf8_lossy(&envelope.data).into());
            let line = writeln!(told, "{} {} {data}", envelope.time, envelope.name);
            line.expect("a string takes every line");
        }
        told
    }
}
