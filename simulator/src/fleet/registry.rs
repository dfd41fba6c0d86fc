//! Who the vehicles are, as they would be registered: makers, owners, homes.

use super::chance::Chance;
use super::config::{FleetError, NamedAsset};
use super::herd::timestamp;
use super::traits::Traits;
use super::world::World;
use messages::registry::AssetRegistered;

const DAY_MS: i64 = super::climate::DAY_MS;
/// Longest time from a batch's quarter to the first day of use, in days.
const SOLD_WITHIN_DAYS: f64 = 60.0;

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
    AssetRegistered {
        asset,
        fleet: fleet.to_owned(),
        profile: world.parameters.profile.clone(),
        model: Some(makers.models[usize::from(traits.model)].0.clone()),
        in_service_since: Some(timestamp(since.div_euclid(DAY_MS) * DAY_MS)),
        supplier: Some(makers.suppliers[usize::from(traits.supplier)].0.clone()),
        batch: Some(batch.clone()),
        owner,
        group: Some(world.parameters.centre[usize::from(traits.centre)].id.clone()),
    }
}

/// The end of a quarter that is written like `Q2-2025`, in milliseconds since the epoch.
fn quarter_end(batch: &str) -> Option<i64> {
    let (quarter, year) = batch.strip_prefix('Q')?.split_once('-')?;
    let quarter: i8 = quarter.parse().ok().filter(|quarter| (1..=4).contains(quarter))?;
    let first = jiff::civil::date(year.parse().ok()?, quarter * 3, 1);
    let midnight = first.last_of_month().to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_millisecond())
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
