//! Somebody oversteps, a sensor lies, somebody is contained and released, somebody signs: what watchers and the
//! factory hear of.

use messages::capa::{CapaSigned, Statement};
use messages::guard::{Backlog, Level, PrincipalContained, PrincipalReleased};
use messages::health::{SensorFaultKind, SensorFaulted};
use messages::registry::AssetRetired;
use messages::{CapaId, Envelope, Finite, MessageId};
use runtime::guard::Principal;
use runtime::testkit::World;

/// A device that nothing else is about.
const DEVICE: &str = "device/demo/VEH099";

pub(crate) fn script(world: &mut World) {
    let retired = AssetRetired { asset: "VEH003".into(), reason: "it says so".into() };
    let id = MessageId::named("misconduct", "scheduling");
    let envelope = Envelope::new(id, "scheduling", &retired).expect("it fits");
    let said = world.conductor().say_as(&Principal::named("scheduling"), vec![envelope.into()]);
    assert!(said.is_err(), "no contract of `scheduling` names it");
    let evidence_from = world.conductor().now();
    world.append(&SensorFaulted {
        fleet: "demo".into(),
        asset: "VEH004".into(),
        channel: "coolant_temperature".into(),
        kind: SensorFaultKind::Drift,
        since: evidence_from,
        cleared_at: None,
        detail: "reads 40 where its peer reads 20".into(),
    });
    world.append(&PrincipalContained {
        principal: DEVICE.into(),
        level: Level::Refused,
        until: None,
        finding: None,
        reason: "it lies".into(),
        evidence_from,
        by: "facade".into(),
    });
    world.append(&PrincipalReleased {
        principal: DEVICE.into(),
        by: "facade".into(),
        reason: "it was mended".into(),
        backlog: Backlog::Heard,
    });
    world.append(&CapaSigned {
        capa: CapaId::of(MessageId::named("misconduct", "capa"), "brake"),
        population: "vehicle".into(),
        by: "quality desk".into(),
        statement: Statement::Containment {
            measures: "stock is blocked".into(),
            effective_percent: Finite::new(80.0).expect("a finite value"),
        },
    });
}
