//! Who the vehicles are, as they would be registered: makers, owners, homes.

use super::chance::{Chance, key};
use super::config::{FleetError, NamedAsset};
use super::herd::timestamp;
use super::owner::{Heard, Owner, Reply};
use super::simulation::{Fleet, VehicleIndex};
use super::traits::Traits;
use super::workshop;
use super::world::World;
use messages::Place;
use messages::centre::CentreRegistered;
use messages::registry::AssetRegistered;
use std::collections::BTreeSet;

const DAY_MS: i64 = super::climate::DAY_MS;
/// Longest time from a batch's quarter to the first day of use, in days.
const SOLD_WITHIN_DAYS: f64 = 60.0;
/// Farthest that a vehicle with an owner lives from its centre, by the straight line, in kilometres.
const HOME_KM_MAX: f64 = 25.0;
/// Kilometres of a degree of latitude (a great circle of the earth's mean radius, IUGG).
const DEGREE_KM: f64 = 111.2;

/// Puts what is laid down of a vehicle in place of what was drawn.
pub(super) fn lay_down(
    world: &World,
    named: &NamedAsset,
    traits: &mut Traits,
) -> Result<(), FleetError> {
    let (makers, centres) = (&world.parameters.makers, &world.parameters.centre);
    let models = makers.models.iter().map(|model| &model.0);
    let suppliers = makers.suppliers.iter().map(|supplier| &supplier.0);
    put("named.model", &named.model, models, &mut traits.model)?;
    put("named.supplier", &named.supplier, suppliers, &mut traits.supplier)?;
    put("named.batch", &named.batch, makers.batches.iter(), &mut traits.batch)?;
    let centres = centres.iter().map(|centre| &centre.id);
    put("named.centre", &named.centre, centres, &mut traits.centre)
}

fn put<'a>(
    key: &'static str,
    wanted: &Option<String>,
    known: impl Iterator<Item = &'a String> + Clone,
    place: &mut u8,
) -> Result<(), FleetError> {
    let Some(wanted) = wanted else { return Ok(()) };
    match known.clone().position(|known| known == wanted) {
        Some(found) => {
            *place = u8::try_from(found).expect("there are few of each");
            Ok(())
        }
        None => {
            let known: Vec<&str> = known.map(String::as_str).collect();
            let remedy = format!("the parameters have {}", known.join(", "));
            Err(FleetError::Value { key, value: wanted.clone(), remedy })
        }
    }
}

/// The registration of a vehicle.
pub(super) fn registration(
    world: &World,
    fleet: &str,
    asset: String,
    owner: Option<String>,
    key: u64,
    traits: &Traits,
    begins: i64,
) -> AssetRegistered {
    let makers = &world.parameters.makers;
    let batch = &makers.batches[usize::from(traits.batch)];
    let sold = Chance::of(key, "sold", 0).unit() * SOLD_WITHIN_DAYS;
    let made = quarter_end(batch).expect("batches are named after their quarter");
    // Whoever sends telemetry is in service.
    let since = (made + (sold * DAY_MS as f64) as i64).min(begins - 30 * DAY_MS);
    let centre = &world.parameters.centre[usize::from(traits.centre)];
    AssetRegistered {
        asset,
        fleet: fleet.to_owned(),
        profile: world.parameters.profile.clone(),
        model: Some(makers.models[usize::from(traits.model)].0.clone()),
        in_service_since: Some(timestamp(since.div_euclid(DAY_MS) * DAY_MS)),
        supplier: Some(makers.suppliers[usize::from(traits.supplier)].0.clone()),
        batch: Some(batch.clone()),
        home: owner.as_ref().and_then(|_| home(centre.position, key)),
        owner,
        group: Some(centre.id.clone()),
    }
}

/// Where a vehicle usually stands: somewhere around its centre, evenly over the area.
fn home([latitude, longitude]: [f64; 2], key: u64) -> Option<Place> {
    let mut chance = Chance::of(key, "home", 0);
    let away = HOME_KM_MAX * chance.unit().sqrt() / DEGREE_KM;
    let (north, east) = (std::f64::consts::TAU * chance.unit()).sin_cos();
    Place::near(latitude + away * north, longitude + away * east / latitude.to_radians().cos()).ok()
}

/// The end of a quarter that is written like `Q2-2025`, in milliseconds since the epoch.
fn quarter_end(batch: &str) -> Option<i64> {
    let (quarter, year) = batch.strip_prefix('Q')?.split_once('-')?;
    let quarter: i8 = quarter.parse().ok().filter(|quarter| (1..=4).contains(quarter))?;
    let first = jiff::civil::date(year.parse().ok()?, quarter * 3, 1);
    let midnight = first.last_of_month().to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_millisecond())
}

impl Fleet {
    /// Registrations of all vehicles, the population's too.
    #[must_use]
    pub fn registrations(&self) -> Vec<AssetRegistered> {
        let herds = self.herds.iter().enumerate();
        let places = herds.flat_map(|(herd, known)| {
            (0..known.vehicles.len() as u32).map(move |place| (herd, place))
        });
        places.map(|place| self.registration(place)).collect()
    }

    fn registration(&self, place: VehicleIndex) -> AssetRegistered {
        let herd = &self.herds[place.0];
        let vehicle = &herd.vehicles[place.1 as usize];
        registration(
            &self.world,
            &self.config.fleet,
            herd.asset(place.1),
            self.owner_id(place),
            vehicle.key,
            &vehicle.traits,
            self.begins,
        )
    }

    /// Owners of the fleet's vehicles, by id; the population's are not spoken to.
    #[must_use]
    pub fn owners(&self) -> Vec<Owner> {
        let ids: BTreeSet<String> =
            (0..self.config.size).filter_map(|place| self.owner_id((0, place))).collect();
        ids.iter().map(|id| self.known_owner(id)).collect()
    }

    fn owner_id(&self, (herd, place): VehicleIndex) -> Option<String> {
        let named = self.herds[herd].named.get(&place);
        let own = || format!("OWN{:03}", place + 1);
        (herd == 0).then(|| named.and_then(|named| named.owner.clone()).unwrap_or_else(own))
    }

    fn known_owner(&self, id: &str) -> Owner {
        let mut named = self.herds[0].named.iter();
        let temperament = named.find_map(|(place, named)| {
            named.temperament.filter(|_| self.owner_id((0, *place)).as_deref() == Some(id))
        });
        self.owners.owner(id, key(self.config.seed, id), &self.world.parameters.zone, temperament)
    }

    /// What an owner answers to what they hear, and after how long; nothing when they do not.
    ///
    /// # Errors
    /// [`FleetError::UnknownOwner`] when the owner has no vehicle here.
    pub fn reply(&self, owner: &str, heard: Heard) -> Result<Option<Reply>, FleetError> {
        let mut places = 0..self.config.size;
        if !places.any(|place| self.owner_id((0, place)).as_deref() == Some(owner)) {
            let (owner, fleet) = (owner.to_owned(), self.config.fleet.clone());
            return Err(FleetError::UnknownOwner { owner, fleet });
        }
        let known = self.known_owner(owner);
        Ok(self.owners.reply(known.temperament, key(self.config.seed, owner), heard))
    }

    /// The workshops, as one network of this name.
    #[must_use]
    pub fn centres(&self, network: &str) -> Vec<CentreRegistered> {
        workshop::centres(&self.world, network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_read_as_quarters() {
        let at = |text: &str| text.parse::<messages::Timestamp>().unwrap().as_millis();
        assert_eq!(quarter_end("Q2-2025"), Some(at("2025-06-30T00:00:00Z")));
        assert_eq!(quarter_end("Q5-2025"), None);
        assert_eq!(quarter_end("2025"), None);
    }
}
