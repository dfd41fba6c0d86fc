//! One case can be followed by its trace: from the device's message through every hop to the CAPA.

use crate::script::text;
use crate::theatre::{failure, performed_on};
use messages::capa::CapaUpdated;
use messages::{Class, Envelope, Stream};
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::memory::MemoryStore;
use runtime::store::{Partition, ReadLimit, Store};
use std::collections::BTreeSet;
use std::sync::Arc;

const ASSET: &str = "VEH003";

fn read(store: &dyn Store, stream: Stream) -> Vec<Arc<Envelope>> {
    let partitions = if stream.is_partitioned() { PARTITIONS_EMBEDDED.get() } else { 1 };
    let mut all = Vec::new();
    for index in 0..partitions {
        let partition = Partition { stream, index };
        let mut after = store.first(partition).saturating_sub(1);
        loop {
            let batch = store.read(partition, after, ReadLimit::default());
            let batch = batch.expect("a store in memory is read");
            let Some(last) = batch.last() else { break };
            after = last.sequence;
            all.extend(batch.into_iter().map(|delivery| delivery.envelope));
        }
    }
    all
}

#[test]
fn a_case_is_followed_by_its_trace_from_the_devices_message_to_the_capa() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let name = "brake-to-capa";
    let played = performed_on(name, text(name), 42, agents::catalog(), None, store.clone());
    assert_eq!(failure(&played), None);
    let log = read(&*store, Stream::Log);
    let is_opened = |it: &&Arc<Envelope>| it.name == "case.opened" && it.key == ASSET;
    let opened = log.iter().find(is_opened).unwrap();
    let trace = opened.traceparent.as_deref();

    let traced = |stream| {
        let all = read(&*store, stream).into_iter();
        all.filter(|it| it.traceparent.as_deref() == trace).collect::<Vec<_>>()
    };
    let sent = traced(Stream::Telemetry);
    let sent: Vec<&str> =
        sent.iter().filter(|it| it.class == Class::Telemetry).map(|it| &*it.key).collect();
    assert_eq!(sent, [ASSET], "the device's message, besides what the log copies to its stream");
    assert!(traced(Stream::Health).iter().any(|it| it.name == "health.assessed"));
    let hops = traced(Stream::Log);
    let names: BTreeSet<&str> = hops.iter().map(|hop| &*hop.name).collect();
    for hop in [
        "failure.predicted",
        "case.opened",
        "owner.contact",
        "timer.fired",
        "customer.contacted",
        "customer.replied",
        "slots.offered",
        "booking.held",
        "booking.confirmed",
        "finding.recorded",
        "prediction.verified",
        "case.closed",
        "capa.updated",
    ] {
        assert!(names.contains(hop), "`{hop}` is not in the trace: {names:?}");
    }
    let updated = hops.iter().find(|hop| hop.name == "capa.updated").unwrap();
    assert_eq!(updated.open::<CapaUpdated>().unwrap().asset.as_deref(), Some(ASSET));
    let untraced = log.iter().filter(|it| it.case_id == opened.case_id && it.traceparent.is_none());
    let untraced: Vec<&str> = untraced.map(|it| &*it.name).collect();
    assert_eq!(untraced, Vec::<&str>::new(), "each message about the case has a trace");
}
