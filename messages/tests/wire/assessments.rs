//! Samples of what is concluded from telemetry.

use crate::samples::{at, number, telemetry};
use bytes::Bytes;
use messages::envelope::Named;
use messages::health::{
    Anomaly, AnomalyDetected, AsSent, AssetSilent, Comparison, HealthAssessed, QuarantineReason,
    SensorFault, SensorFaultKind, SensorFaulted, TelemetryQuarantined, Trend,
};
use messages::prediction::{
    Advice, CannotSay, ClearedReason, Contribution, Driving, FailurePredicted, Hypothesis,
    PredictionCleared, PredictionWithheld, RemainingLife, Severity, WithheldReason,
};
use messages::profile::Reach;
use messages::telemetry::TroubleCode;

pub(crate) fn health_assessed() -> HealthAssessed {
    HealthAssessed {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        profile: "vehicle".into(),
        window_start: at("2026-03-02T06:00:00Z"),
        window_end: at("2026-03-02T06:01:00Z"),
        revision: 1,
        operating_state: Some("cruise".into()),
        samples: 12,
        feature_schema: 0xfeed_beef,
        features: vec![Some(number(96.5)), None],
        feature_ages: vec![Some(5), None],
        anomaly: Some(Anomaly { score: number(0.75), alarm: true }),
        trends: vec![trend()],
        sensor_faults: vec![SensorFault {
            channel: "fuel_level".into(),
            kind: SensorFaultKind::Stuck,
            since: at("2026-03-02T05:00:00Z"),
        }],
        codes: vec![TroubleCode::Obd2 { code: "P0217".into() }],
        comparisons: vec![Comparison {
            channel: "coolant_temperature".into(),
            peer: "ambient_temperature".into(),
            value: number(31.0),
            peer_value: number(22.5),
        }],
    }
}

fn trend() -> Trend {
    Trend {
        channel: "coolant_temperature".into(),
        reach: Reach::Week,
        level: number(97.25),
        level_error: Some(number(0.5)),
        slope_per_hour: Some(number(1.5)),
        slope_error: None,
        deviation: Some(number(0.25)),
        panes: 7,
        span_hours: number(84.0),
        age_seconds: 30,
    }
}

pub(crate) fn anomaly_detected() -> AnomalyDetected {
    AnomalyDetected {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        window_end: at("2026-03-02T06:01:00Z"),
        operating_state: None,
        score: number(0.75),
        threshold: number(0.625),
        unusual: vec![Named { name: "coolant_temperature.mean".into(), value: Some(number(96.5)) }],
    }
}

pub(crate) fn sensor_faulted() -> SensorFaulted {
    SensorFaulted {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        channel: "fuel_level".into(),
        kind: SensorFaultKind::OutOfRange,
        since: at("2026-03-02T05:00:00Z"),
        cleared_at: Some(at("2026-03-02T06:00:00Z")),
        detail: "`fuel_level` is 255 %, beyond 100 %".into(),
    }
}

pub(crate) fn asset_silent() -> AssetSilent {
    AssetSilent {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        last_sampled_at: at("2026-03-02T06:00:00Z"),
        last_heard_at: at("2026-03-02T06:00:01Z"),
    }
}

pub(crate) fn telemetry_quarantined() -> TelemetryQuarantined {
    TelemetryQuarantined {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        reason: QuarantineReason::UnknownSignal,
        detail: "signal `coolant_temp` is not in profile `vehicle`".into(),
        nearest: Some("coolant_temperature".into()),
        remedy: "rename the signal or add an alias to the profile".into(),
        telemetry: telemetry(),
        as_sent: Some(AsSent {
            position: "TELEMETRY/17".into(),
            body: Bytes::from_static(b"{"),
            bytes: 1,
        }),
    }
}

pub(crate) fn failure_predicted() -> FailurePredicted {
    FailurePredicted {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        profile: "vehicle".into(),
        window_end: at("2026-03-02T06:01:00Z"),
        horizon_hours: number(168.0),
        severity: Severity::High,
        hypotheses: vec![Hypothesis {
            component: "cooling".into(),
            failure_mode: "overheating".into(),
            probability: number(0.75),
            score: number(1.125),
            contributions: vec![Contribution {
                name: "coolant_temperature".into(),
                value: "rising 1.5 °C/h".into(),
                amount: number(1.125),
            }],
            remaining_useful_life: Some(RemainingLife {
                low_hours: number(6.0),
                median_hours: number(12.5),
                high_hours: None,
            }),
            advice: Advice {
                severity: Severity::High,
                act_within_hours: Some(number(24.0)),
                driving: Driving::Limited { km_max: 50 },
            },
        }],
        cannot_say: vec![cannot_say()],
        model: "limits-1".into(),
    }
}

fn cannot_say() -> CannotSay {
    CannotSay {
        component: "brake".into(),
        reason: WithheldReason::NotMeasured,
        detail: "no channel of `brake` is measured".into(),
    }
}

pub(crate) fn prediction_cleared() -> PredictionCleared {
    PredictionCleared {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        component: "cooling".into(),
        window_end: at("2026-03-02T07:00:00Z"),
        reason: ClearedReason::Maintained,
    }
}

pub(crate) fn prediction_withheld() -> PredictionWithheld {
    PredictionWithheld {
        fleet: "demo".into(),
        asset: "VEH001".into(),
        window_end: at("2026-03-02T06:01:00Z"),
        components: vec![cannot_say()],
    }
}
