//! Workshops: where they are, and what they find when they look at a vehicle.

use super::fault::FaultKind;
use super::herd::timestamp;
use super::parameters::Centre;
use super::record::FaultRecord;
use super::vehicle::Vehicle;
use super::wear::Wear;
use super::world::World;
use messages::centre::{CentreRegistered, OpeningHours, Technician};
use messages::finding::FindingRecorded;
use messages::finite::Finite;

/// The centres of the parameters, as one network.
pub(super) fn centres(world: &World, network: &str) -> Vec<CentreRegistered> {
    let finite = |value| Finite::new(value).ok();
    let registered = |centre: &Centre| CentreRegistered {
        centre: centre.id.clone(),
        network: network.to_owned(),
        name: centre.name.clone(),
        zone: world.parameters.zone.name.clone(),
        bays: centre.bays,
        technicians: technicians(centre),
        emergency_slots_per_day: centre.emergency_slots_per_day,
        hours: hours(centre, &world.parameters.zone.weekdays),
        holidays: Vec::new(),
        latitude: finite(centre.position[0]),
        longitude: finite(centre.position[1]),
        rating: None,
    };
    world.parameters.centre.iter().map(registered).collect()
}

/// Each technician has two of the centre's skills, all skills as evenly as can be.
fn technicians(centre: &Centre) -> Vec<Technician> {
    let skill = |place: u16| centre.skills[usize::from(place) % centre.skills.len()].clone();
    let technician = |number: u16| Technician {
        id: format!("{}-{:02}", centre.id, number + 1),
        skills: vec![skill(number), skill(number + 1)],
    };
    (0..centre.technicians).map(technician).collect()
}

fn hours(centre: &Centre, weekdays: &[u8]) -> Vec<OpeningHours> {
    let [opens, closes] = centre.hours;
    let on = |weekday: &u8| OpeningHours {
        weekday: *weekday,
        opens_minute: opens * 60,
        closes_minute: closes * 60,
    };
    weekdays.iter().map(on).collect()
}

/// What a workshop finds that was asked to look at a component.
///
/// The component itself if it is visibly worn; else another one that is half way to failure; else no component, and
/// as cause the sensor that lied about this one, if one did.
pub(super) fn finding(
    world: &World,
    records: &[FaultRecord],
    vehicle: &Vehicle,
    asset: &str,
    examined: &str,
) -> FindingRecorded {
    let found = worst(world, vehicle, |component| component == examined)
        .filter(|(severity, _)| *severity >= world.parameters.upkeep.found_from)
        .or_else(|| worst(world, vehicle, |_| true).filter(|(severity, _)| *severity >= 0.5));
    let none = FindingRecorded {
        asset: asset.to_owned(),
        network: None,
        booking: None,
        case: None,
        examined: examined.to_owned(),
        component: None,
        cause: None,
        part: None,
        batch: None,
        repaired: false,
        found_at: timestamp(vehicle.now),
        by: format!("workshop {}", world.parameters.centre[usize::from(vehicle.traits.centre)].id),
    };
    if let Some((_, wear)) = found {
        let record = &records[wear.record as usize];
        return FindingRecorded {
            component: record.component.clone(),
            cause: Some(record.cause.clone()),
            part: Some(world.parameters.fault[&wear.kind].part.clone()),
            batch: Some(record.batch.clone()),
            repaired: true,
            ..none
        };
    }
    if examined == "brake" && vehicle.body.pad_worn >= world.parameters.upkeep.pads_found_from {
        let pads = &world.parameters.fault[&FaultKind::BrakePadWear];
        return FindingRecorded {
            component: Some(examined.to_owned()),
            cause: Some(pads.cause.clone()),
            part: Some(pads.part.clone()),
            repaired: true,
            ..none
        };
    }
    let lying = sensors(world, vehicle, examined).next();
    let cause = lying.map(|wear| format!("sensor:{}", records[wear.record as usize].channel));
    FindingRecorded { repaired: cause.is_some(), cause, ..none }
}

/// The most developed fault of the vehicle among these components.
fn worst<'a>(
    world: &World,
    vehicle: &'a Vehicle,
    is_of: impl Fn(&str) -> bool,
) -> Option<(f64, &'a Wear)> {
    let growth = &world.parameters.growth;
    let own = vehicle.wears.iter().filter(|wear| world.component(wear.kind).is_some_and(&is_of));
    own.map(|wear| (wear.severity(growth, vehicle.now), wear))
        .max_by(|one, other| one.0.total_cmp(&other.0))
}

/// Faults of sensors that are evidence about a component.
pub(super) fn sensors<'a>(
    world: &'a World,
    vehicle: &'a Vehicle,
    component: &str,
) -> impl Iterator<Item = &'a Wear> {
    let modes = world.profile.component(component).map_or(&[][..], |known| &known.modes);
    let is_evidence = move |place: u8| {
        let channel = super::signals::CHANNELS[usize::from(place)];
        modes.iter().flat_map(|mode| &mode.evidence).any(|evidence| evidence.channel == channel)
    };
    vehicle
        .wears
        .iter()
        .filter(move |wear| wear.kind.sensor_fault().is_some() && is_evidence(wear.channel))
}
