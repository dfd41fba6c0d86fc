//! Why a case came about: from the readings over features and contributions to each message and decision, in order.
//!
//! Each step names where it lies on its stream, who said it and because of what. What is no longer kept is said to be
//! gone; nothing is made up in its place.

use crate::cases;
use crate::facade::{Facade, read_each};
use crate::feed::position;
use crate::options::Feature;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::Request;
use crate::words;
use messages::case::CaseOpened;
use messages::health::HealthAssessed;
use messages::prediction::{FailurePredicted, Hypothesis};
use messages::telemetry::Telemetry;
use messages::{CaseId, Envelope, Message, MessageId, Origin, Sequence, Stream};
use runtime::store::{Delivery, Partition, ReadLimit, Store, StoreError};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use warp::http::StatusCode;

/// Samples that are shown; the newest of the window.
const SAMPLES_MAX: usize = 64;
/// Records of the asset's partition that are looked through for the samples of the window.
const SCAN_RECORDS_MAX: u64 = 8_192;

/// Where the parts of a case's story lie.
struct Story {
    case: CaseId,
    predicted: Option<Sequence>,
    opened: Sequence,
    records: Vec<Sequence>,
    omitted: u64,
}

/// `GET /v1/cases/{id}/why`
pub(crate) async fn why(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let id = cases::id_of(&request)?;
    let view = facade.views.log().await?;
    let case = cases::find(&view, id)?;
    let story = Story {
        case: id,
        predicted: case.predicted,
        opened: case.opened,
        records: case.records.iter().copied().collect(),
        omitted: case.omitted,
    };
    let mut answer = json!({
        "case": id,
        "asset": case.asset,
        "component": case.component,
        "severity": case.severity,
        "state": case.state.name(),
        "provenance": case.provenance,
    });
    drop(view);
    let features = facade.options.features.clone();
    let told = facade.blocking(move |store| tell(store, &story, &features)).await??;
    let Some(told) = told else {
        let text = format!("the opening of case `{id}` cannot be read from the log");
        return Err(Problem::new(Kind::Failed, text));
    };
    for (name, value) in told {
        answer[name] = value;
    }
    reply::json(StatusCode::OK, &answer)
}

/// The parts of the answer, or `None` when the opening itself cannot be read.
fn tell(
    store: &dyn Store,
    story: &Story,
    features: &BTreeMap<u32, Vec<Feature>>,
) -> Result<Option<Vec<(&'static str, Value)>>, StoreError> {
    let opening = read_each(store, Partition::LOG, &[story.opened])?;
    let Some(opening) = opening.first() else { return Ok(None) };
    let Ok(opened) = opening.envelope.open::<CaseOpened>() else { return Ok(None) };
    let prediction = find_prediction(store, story, opening, &opened)?;
    let assessment = match &prediction {
        Some(prediction) => cause(store, &prediction.envelope, Stream::Health)?,
        None => None,
    };
    let assessed = assessment
        .as_ref()
        .and_then(|(_, delivery)| delivery.envelope.open::<HealthAssessed>().ok());
    let readings = match (&assessment, &assessed) {
        (Some((_, delivery)), Some(assessed)) => readings(store, delivery, assessed)?,
        _ => {
            json!({ "missing": "the assessment that the prediction rests on is not kept any more" })
        }
    };
    let assessment = match (&assessment, &assessed) {
        (Some((partition, delivery)), Some(assessed)) => {
            assessment_shown(*partition, delivery, assessed, features)
        }
        _ => Value::Null,
    };
    let told = vec![
        ("readings", readings),
        ("assessment", assessment),
        ("prediction", prediction_shown(prediction.as_ref(), &opened)),
        ("steps", steps(store, story, prediction)?),
        ("steps_omitted", story.omitted.into()),
    ];
    Ok(Some(told))
}

/// The prediction that opened the case: where the view saw it, else what the opening was an answer to.
fn find_prediction(
    store: &dyn Store,
    story: &Story,
    opening: &Delivery,
    opened: &CaseOpened,
) -> Result<Option<Delivery>, StoreError> {
    let id = opened.evidence.prediction;
    let origin = opening.envelope.origin.filter(|origin| origin.stream == Stream::Log);
    let at = story.predicted.or(origin.map(|origin| origin.sequence));
    let found = read_each(store, Partition::LOG, at.as_slice())?;
    Ok(found.into_iter().find(|delivery| delivery.envelope.id == id))
}

/// The record on `stream` that `envelope` was an answer to, if it is still there.
fn cause(
    store: &dyn Store,
    envelope: &Envelope,
    stream: Stream,
) -> Result<Option<(Partition, Delivery)>, StoreError> {
    let Some(origin) = envelope.origin.filter(|origin| origin.stream == stream) else {
        return Ok(None);
    };
    let partition = partition_of(origin);
    let found = read_each(store, partition, &[origin.sequence])?;
    let cause = found.into_iter().find(|it| Some(it.envelope.id) == envelope.causation_id);
    Ok(cause.map(|delivery| (partition, delivery)))
}

fn partition_of(origin: Origin) -> Partition {
    Partition { stream: origin.stream, index: origin.partition }
}

/// The samples of the assessed window, as they lie on TELEMETRY.
fn readings(
    store: &dyn Store,
    assessment: &Delivery,
    assessed: &HealthAssessed,
) -> Result<Value, StoreError> {
    let missing = |why: &str| json!({ "missing": why });
    let origin = assessment.envelope.origin.filter(|origin| origin.stream == Stream::Telemetry);
    let Some(origin) = origin else {
        return Ok(missing("the assessment does not say which reading it was made after"));
    };
    let partition = partition_of(origin);
    let begin = origin.sequence.saturating_sub(SCAN_RECORDS_MAX);
    let mut after = begin.max(store.first(partition).saturating_sub(1));
    let mut samples = Vec::new();
    while after < origin.sequence {
        let batch = store.read(partition, after, ReadLimit::default())?;
        let Some(last) = batch.last() else { break };
        after = last.sequence;
        let until = batch.iter().filter(|delivery| delivery.sequence <= origin.sequence);
        for delivery in until.filter(|delivery| delivery.envelope.key == assessed.asset) {
            samples.extend(samples_of(partition, delivery, assessed));
        }
    }
    if samples.is_empty() {
        return Ok(missing(match (store.first(partition) > 1, begin > 0) {
            (true, _) => "the readings of the window are not kept any more",
            (false, true) => "the readings of the window lie too far back to be looked for",
            (false, false) => "no reading lies within the window",
        }));
    }
    let total = samples.len();
    let shown = samples.split_off(total.saturating_sub(SAMPLES_MAX));
    Ok(json!({
        "window_start": assessed.window_start,
        "window_end": assessed.window_end,
        "found": total,
        "items": shown,
    }))
}

/// Those samples of a frame that lie within the assessed window.
fn samples_of(partition: Partition, delivery: &Delivery, assessed: &HealthAssessed) -> Vec<Value> {
    if delivery.envelope.name != Telemetry::NAME {
        return Vec::new();
    }
    let Ok(telemetry) = delivery.envelope.open::<Telemetry>() else { return Vec::new() };
    let within = assessed.window_start..assessed.window_end;
    let samples = telemetry.samples.iter().filter(|sample| within.contains(&sample.sampled_at));
    samples
        .map(|sample| {
            let values: Vec<Value> = telemetry
                .signals
                .iter()
                .zip(&sample.values)
                .filter_map(|(signal, value)| {
                    let value = (*value)?;
                    Some(json!({ "name": signal.name, "value": value, "unit": signal.unit }))
                })
                .collect();
            json!({
                "position": position(partition, delivery.sequence),
                "id": delivery.envelope.id,
                "by": delivery.envelope.source,
                "sampled_at": sample.sampled_at,
                "received_at": delivery.envelope.time,
                "values": values,
                "codes": sample.codes,
            })
        })
        .collect()
}

fn head(partition: Partition, delivery: &Delivery) -> Value {
    json!({
        "position": position(partition, delivery.sequence),
        "id": delivery.envelope.id,
        "at": delivery.envelope.time,
        "by": delivery.envelope.source,
    })
}

fn assessment_shown(
    partition: Partition,
    delivery: &Delivery,
    assessed: &HealthAssessed,
    known: &BTreeMap<u32, Vec<Feature>>,
) -> Value {
    let names =
        known.get(&assessed.feature_schema).filter(|it| it.len() == assessed.features.len());
    let features: Vec<Value> = (0..assessed.features.len())
        .filter_map(|index| {
            let value = assessed.features[index]?;
            let feature = names.map(|names| &names[index]);
            Some(json!({
                "name": feature.map_or_else(|| format!("feature {index}"), |it| it.name.clone()),
                "value": value,
                "unit": feature.map(|it| &it.unit).filter(|unit| !unit.is_empty()),
                "age_seconds": assessed.feature_ages.get(index).copied().flatten(),
            }))
        })
        .collect();
    let mut shown = head(partition, delivery);
    shown["window_start"] = json!(assessed.window_start);
    shown["window_end"] = json!(assessed.window_end);
    shown["operating_state"] = json!(assessed.operating_state);
    shown["samples"] = assessed.samples.into();
    shown["anomaly"] = json!(assessed.anomaly);
    shown["features"] = features.into();
    shown["trends"] = json!(assessed.trends);
    shown["sensor_faults"] = json!(assessed.sensor_faults);
    shown["codes"] = json!(assessed.codes);
    shown
}

/// What was predicted: as it lies on the log, else as the case has copied it.
fn prediction_shown(prediction: Option<&Delivery>, opened: &CaseOpened) -> Value {
    let evidence = &opened.evidence;
    let mut shown = match prediction {
        Some(delivery) => head(Partition::LOG, delivery),
        None => json!({ "id": evidence.prediction, "position": null, "at": null, "by": null }),
    };
    let predicted = prediction.and_then(|it| it.envelope.open::<FailurePredicted>().ok());
    let Hypothesis {
        component,
        failure_mode,
        probability,
        score,
        contributions,
        remaining_useful_life,
        advice,
    } = &evidence.hypothesis;
    shown["window_end"] = json!(evidence.window_end);
    shown["profile"] = json!(evidence.profile);
    shown["model"] = json!(evidence.model);
    shown["horizon_hours"] = json!(predicted.map(|it| it.horizon_hours));
    shown["component"] = json!(component);
    shown["failure_mode"] = json!(failure_mode);
    shown["probability"] = json!(probability);
    shown["score"] = json!(score);
    shown["contributions"] = json!(contributions);
    shown["remaining_useful_life"] = json!(remaining_useful_life);
    shown["advice"] = json!(advice);
    shown
}

/// Each message and decision, the prediction first.
fn steps(
    store: &dyn Store,
    story: &Story,
    prediction: Option<Delivery>,
) -> Result<Value, StoreError> {
    let mut records: Vec<Delivery> = prediction.into_iter().collect();
    records.extend(read_each(store, Partition::LOG, &[story.opened])?);
    records.extend(read_each(store, Partition::LOG, &story.records)?);
    records.sort_by_key(|delivery| delivery.sequence);
    let step_by_id: BTreeMap<MessageId, usize> =
        records.iter().zip(1..).map(|(delivery, step)| (delivery.envelope.id, step)).collect();
    let shown = records.iter().zip(1..).map(|(delivery, step)| {
        let envelope = &delivery.envelope;
        let mut shown = head(Partition::LOG, delivery);
        shown["step"] = step.into();
        shown["name"] = envelope.name.as_str().into();
        shown["provenance"] = json!(envelope.provenance);
        shown["because"] = because(envelope, &step_by_id);
        shown["says"] = words::say(story.case, envelope).into();
        shown
    });
    Ok(shown.collect())
}

/// What a message was an answer to: an earlier step, or a record that belongs to no case.
fn because(envelope: &Envelope, step_by_id: &BTreeMap<MessageId, usize>) -> Value {
    let Some(id) = envelope.causation_id else { return Value::Null };
    let place = envelope.origin.map(|origin| position(partition_of(origin), origin.sequence));
    json!({ "id": id, "step": step_by_id.get(&id), "position": place })
}
