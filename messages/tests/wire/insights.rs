//! Samples of what many assets say together, and of CAPAs.

use crate::samples::{AnyMessage, at, number};
use messages::capa::{
    CapaClosed, CapaOpened, CapaRefused, CapaReopened, CapaSigned, CapaState, CapaUpdated,
    Criterion, Effectiveness, Fmea, Gate, IsIsNot, Priority, RecallSuggested, Statement,
};
use messages::pattern::{
    Alike, AssetCounted, Bar, CauseReported, Change, ComponentReported, ComponentReview, Estimate,
    Explanation, Group, LifeSpan, PatternFound, PopulationReviewed, Query, Rate, Report,
};
use messages::{CapaId, MessageId};
use std::collections::BTreeMap;

pub(crate) fn all() -> Vec<Box<dyn AnyMessage>> {
    let mut all = counted();
    all.extend(capas());
    all
}

fn group() -> Group {
    Group { model: None, supplier: Some("S-102".into()), batch: Some("Q2-2025".into()) }
}

fn capa() -> CapaId {
    CapaId::of(MessageId::named("golden", "review"), "brake")
}

fn estimate(value: f64) -> Estimate {
    Estimate { low: Some(number(0.5 * value)), value: number(value), high: None }
}

fn rate() -> Rate {
    Rate {
        group: group(),
        failures: 18,
        assets: 100,
        life_days: number(12_000.0),
        per_1000_years: Some(estimate(512.0)),
        ratio: Some(number(8.5)),
        p_raw: Some(number(0.000_001)),
        p_value: Some(number(0.001)),
        query: Query {
            counted: vec!["failure.recorded".into()],
            condition: "component == 'brake' && supplier == 'S-102'".into(),
            from: at("2025-09-03T02:30:00Z"),
            until: at("2026-01-07T02:30:00Z"),
            records: 18,
            first: Some(MessageId::named("golden", "first")),
            last: None,
        },
    }
}

fn life() -> LifeSpan {
    LifeSpan {
        failures: 18,
        suspensions: 82,
        shape: estimate(1.5),
        scale_days: estimate(900.0),
        b10_days: estimate(200.0),
        age_step_days: 15,
    }
}

fn cause() -> CauseReported {
    CauseReported {
        cause: "pad_compound".into(),
        part: Some("brake pads".into()),
        workshops: 3,
        of_workshops: 5,
        failures: 14,
    }
}

fn counted() -> Vec<Box<dyn AnyMessage>> {
    let born_at = at("2025-06-30T00:00:00Z");
    let watched_from = at("2025-09-03T02:30:00Z");
    let explanation = Explanation {
        cause: Some("pad_compound".into()),
        part: None,
        by: "workshop pune".into(),
        finding: MessageId::named("golden", "finding"),
    };
    vec![
        Box::new(AssetCounted {
            population: "vehicle".into(),
            asset: "VEH003".into(),
            group: group(),
            born_at,
            watched_from,
            renewed: BTreeMap::from([("tyre".to_owned(), watched_from)]),
            change: Change::Left,
        }),
        Box::new(ComponentReported {
            population: "vehicle".into(),
            asset: "VEH003".into(),
            component: "brake".into(),
            group: group(),
            born_at,
            watched_from,
            in_service_since: born_at,
            at: at("2025-12-24T12:00:00Z"),
            failure: Some(MessageId::named("golden", "failure")),
            report: Report::Explained(explanation),
        }),
        Box::new(reviewed()),
        Box::new(PatternFound {
            population: "vehicle".into(),
            component: "brake".into(),
            rate: rate(),
            rest: rate(),
            causes: vec![cause()],
        }),
    ]
}

fn reviewed() -> PopulationReviewed {
    let bar = || Bar { name: "brake".into(), value: number(18.0), covered: number(1.0) };
    PopulationReviewed {
        population: "vehicle".into(),
        assets: 2_010,
        compared: 150,
        components: vec![ComponentReview {
            component: "brake".into(),
            all: rate(),
            groups: vec![rate()],
            life: Some(life()),
            life_unknown: None,
            causes: vec![cause()],
            alike: vec![Alike {
                failures: 12,
                age_days: number(190.0),
                from: at("2025-11-01T00:00:00Z"),
                until: at("2025-12-24T12:00:00Z"),
                batch: Some(("Q2-2025".into(), 11)),
                cause: None,
            }],
            alike_note: "KMeans on age and time of 18 failures, silhouette 0.75".into(),
        }],
        by_count: vec![bar()],
        by_cost: vec![bar()],
    }
}

fn effectiveness() -> Effectiveness {
    Effectiveness {
        assets: 40,
        life_days: number(3_600.0),
        failures: 1,
        per_year_max: number(0.25),
        per_year_below: Some(number(0.375)),
        failures_max: 2,
        met: Some(true),
    }
}

fn capas() -> Vec<Box<dyn AnyMessage>> {
    let (population, component) = (|| "vehicle".to_owned(), || "brake".to_owned());
    let criterion = Criterion { ratio_max: number(0.5), life_days: 3_600, level: number(0.75) };
    let action = Statement::Action { action: "alarm at the oven".into(), criterion };
    vec![
        Box::new(opened()),
        Box::new(CapaUpdated {
            capa: capa(),
            population: population(),
            component: component(),
            state: CapaState::Action,
            reason: "quality desk signed D5".into(),
            gate: Some(Gate::D5),
            statement: Some(action.clone()),
            by: Some("quality desk".into()),
            asset: None,
            rate: None,
            effectiveness: Some(Effectiveness { met: None, ..effectiveness() }),
        }),
        Box::new(CapaClosed {
            capa: capa(),
            population: population(),
            component: component(),
            by: "quality desk".into(),
            summary: "cured warm enough since".into(),
            effectiveness: effectiveness(),
        }),
        Box::new(CapaReopened {
            capa: capa(),
            population: population(),
            component: component(),
            reason: "4 failures of later assets, at most 2 would do".into(),
            effectiveness: Effectiveness { met: Some(false), ..effectiveness() },
        }),
        Box::new(RecallSuggested {
            capa: capa(),
            population: population(),
            component: component(),
            group: group(),
            assets: 100,
            rate: rate(),
            reason: "brake is a safety component".into(),
        }),
        Box::new(CapaSigned {
            capa: capa(),
            population: population(),
            by: "quality desk".into(),
            statement: action,
        }),
        Box::new(CapaRefused {
            capa: capa(),
            population: population(),
            gate: Gate::D4,
            by: "quality desk".into(),
            reason: "D4 waits for D3; sign D3 first".into(),
        }),
    ]
}

fn opened() -> CapaOpened {
    CapaOpened {
        capa: capa(),
        population: "vehicle".into(),
        component: "brake".into(),
        group: group(),
        failures: 18,
        p_value: number(0.001),
        rate: rate(),
        rest: rate(),
        safety: true,
        is_is_not: vec![IsIsNot {
            about: "which".into(),
            is: "supplier S-102, batch Q2-2025".into(),
            is_not: "batch Q2-2025, other suppliers: 2 failures of 200 assets".into(),
        }],
        contain_by: at("2026-01-08T02:30:00Z"),
        causes: vec![cause()],
        life: Some(life()),
        fmea: Fmea {
            severity: 10,
            occurrence: 10,
            detection: 8,
            priority: Priority::High,
            because: vec!["occurrence 10: 180.0 failures per 1,000 assets of the group".into()],
        },
    }
}
