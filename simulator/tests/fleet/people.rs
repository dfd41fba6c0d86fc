//! Owners and workshops as the registry sees them.

use crate::drive::{fleet, profile, start};
use messages::contact::Purpose;
use simulator::fleet::{Fleet, FleetConfig, FleetError, Heard, NamedAsset, Temperament};
use std::collections::BTreeSet;

#[test]
fn every_vehicle_is_registered_with_maker_and_owner_and_in_service_before_it_sends() {
    let fleet = fleet(40, 42);
    let owners: BTreeSet<String> = fleet.owners().into_iter().map(|owner| owner.id).collect();
    let registered = fleet.registrations();
    assert_eq!(registered.len(), 40);
    for asset in &registered {
        assert!(asset.model.is_some() && asset.supplier.is_some() && asset.batch.is_some());
        assert!(asset.in_service_since.unwrap() < start());
        assert!(owners.contains(asset.owner.as_ref().unwrap()));
    }
    let batches: BTreeSet<_> = registered.iter().map(|asset| asset.batch.clone()).collect();
    assert!(batches.len() > 3);
}

#[test]
fn owners_differ_in_temperament_and_what_is_laid_down_of_one_holds() {
    let fleet = fleet(200, 42);
    let temperaments: BTreeSet<_> =
        fleet.owners().into_iter().map(|owner| owner.temperament).collect();
    assert_eq!(temperaments.len(), 5);
    let mut config = FleetConfig::vehicles(2, 42, start());
    let named = |asset: &str, temperament| NamedAsset {
        asset: asset.to_owned(),
        owner: Some("OWN777".to_owned()),
        temperament,
        ..NamedAsset::default()
    };
    config.named = vec![named("VEH001", Some(Temperament::Angry)), named("VEH002", None)];
    let fleet = Fleet::new(config).unwrap();
    let owners = fleet.owners();
    assert_eq!((owners.len(), owners[0].temperament), (1, Temperament::Angry));
    let heard = Heard { purpose: Purpose::PredictedFailure, offered: 3, number: 1 };
    assert!(fleet.reply("OWN777", heard).unwrap().is_some());
    assert!(matches!(fleet.reply("OWN001", heard), Err(FleetError::UnknownOwner { .. })));
}

#[test]
fn a_vehicle_with_an_owner_lives_near_its_centre_and_each_somewhere_else() {
    let mut config = FleetConfig::vehicles(40, 42, start());
    config.named = vec![NamedAsset {
        asset: "VEH001".to_owned(),
        centre: Some("pune".to_owned()),
        ..NamedAsset::default()
    }];
    let fleet = Fleet::new(config).unwrap();
    let centres = fleet.centres("india");
    let mut homes = BTreeSet::new();
    for asset in fleet.registrations() {
        let of = asset.group.as_deref();
        let centre = centres.iter().find(|centre| Some(centre.centre.as_str()) == of).unwrap();
        let home = asset.home.unwrap();
        let (latitude, longitude) =
            (centre.latitude.unwrap().get(), centre.longitude.unwrap().get());
        // A quarter of a degree is 28 km of latitude, and less of longitude.
        assert!((home.latitude() - latitude).abs() < 0.25, "{asset:?}");
        assert!((home.longitude() - longitude).abs() < 0.3, "{asset:?}");
        homes.insert((home.latitude().to_bits(), home.longitude().to_bits()));
        assert!(asset.asset != "VEH001" || of == Some("pune"));
    }
    assert!(homes.len() > 30, "{} of 40", homes.len());
}

#[test]
fn workshops_have_hours_bays_and_technicians_for_all_that_they_repair() {
    let centres = fleet(1, 42).centres("india");
    assert_eq!(centres.len(), 5);
    for centre in &centres {
        assert!(centre.bays > 0 && centre.network == "india" && !centre.hours.is_empty());
        assert!(centre.hours.iter().all(|hours| hours.opens_minute < hours.closes_minute));
    }
    let skills: BTreeSet<&String> = centres
        .iter()
        .flat_map(|centre| centre.technicians.iter().flat_map(|technician| &technician.skills))
        .collect();
    for component in &profile().components {
        assert!(skills.contains(&component.id), "{}", component.id);
    }
}
