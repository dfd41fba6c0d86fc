//! Figures of the reader that brings another log's telemetry in.

use super::{counter, gauge, sentence};
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use runtime::intake::Standing;
use std::fmt;

/// Writes what `standing` says.
pub(super) fn encode(standing: &Standing, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    for (name, help, value) in [
        (
            "intake_connected",
            "Whether the server that telemetry is read from answers",
            u64::from(standing.connected),
        ),
        ("intake_reading", "Whether telemetry is read from it", u64::from(standing.reading)),
        ("intake_position", "Position there of the last record brought in", standing.position),
        ("intake_lag_records", "Records there behind it, when last heard", standing.lag),
    ] {
        gauge(encoder, name, help, value)?;
    }
    for (name, help, value) in [
        ("intake_connects", "Connections made to it", standing.connects),
        ("intake_records", "Records brought in", standing.records),
        ("intake_samples", "Samples brought in", standing.samples),
        ("intake_missing_records", "Records gone there before they were read", standing.missing),
    ] {
        counter(encoder, name, help, value)?;
    }
    if standing.quarantined.is_empty() {
        return Ok(());
    }
    let help = sentence("Messages set aside on the way in, whole or in part, by reason");
    let mut descriptor =
        encoder.encode_descriptor("intake_quarantined", &help, None, MetricType::Counter)?;
    for (reason, &count) in &standing.quarantined {
        let labels = [("reason", reason.name())];
        ConstCounter::new(count).encode(descriptor.encode_family(&labels)?)?;
    }
    Ok(())
}
