//! Where something usually stands: near enough to know the way to a workshop, too coarse to be an address.

use serde::{Deserialize, Serialize};

/// Parts of a degree that are told apart.
const PARTS: f64 = 100.0;

/// A place on earth to a hundredth of a degree, which is about a kilometre; what is said more exactly is rounded.
/// In JSON `{"latitude": 18.52, "longitude": 73.86}`, degrees of WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Degrees", into = "Degrees")]
pub struct Place {
    /// Hundredths of a degree north.
    north: i16,
    /// Hundredths of a degree east.
    east: i16,
}

/// Degrees that are of no place on earth.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("`{name}` is `{value}`; give a number from -{most} to {most}")]
pub struct NotOnEarth {
    name: &'static str,
    value: f64,
    most: f64,
}

/// A place as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Degrees {
    latitude: f64,
    longitude: f64,
}

impl Place {
    /// The place nearest to these degrees north and east.
    ///
    /// # Errors
    /// [`NotOnEarth`] for degrees beyond the poles or the date line, and for what is not a number.
    pub fn near(latitude: f64, longitude: f64) -> Result<Self, NotOnEarth> {
        let north = parts("latitude", latitude, 90.0)?;
        Ok(Self { north, east: parts("longitude", longitude, 180.0)? })
    }

    /// Degrees north.
    #[must_use]
    pub fn latitude(self) -> f64 {
        f64::from(self.north) / PARTS
    }

    /// Degrees east.
    #[must_use]
    pub fn longitude(self) -> f64 {
        f64::from(self.east) / PARTS
    }
}

#[expect(clippy::cast_possible_truncation, reason = "180 degrees are 18,000 parts, which fit")]
fn parts(name: &'static str, value: f64, most: f64) -> Result<i16, NotOnEarth> {
    if (-most..=most).contains(&value) {
        Ok((value * PARTS).round() as i16)
    } else {
        Err(NotOnEarth { name, value, most })
    }
}

impl TryFrom<Degrees> for Place {
    type Error = NotOnEarth;

    fn try_from(degrees: Degrees) -> Result<Self, NotOnEarth> {
        Self::near(degrees.latitude, degrees.longitude)
    }
}

impl From<Place> for Degrees {
    fn from(place: Place) -> Self {
        Self { latitude: place.latitude(), longitude: place.longitude() }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_place_is_kept_to_about_a_kilometre() {
        let exact = r#"{"latitude":18.520430,"longitude":-73.856744}"#;
        let place: Place = serde_json::from_str(exact).unwrap();
        let kept = serde_json::to_string(&place).unwrap();
        assert_eq!(kept, r#"{"latitude":18.52,"longitude":-73.86}"#);
    }

    #[test]
    fn degrees_that_are_nowhere_are_refused() {
        for (latitude, longitude) in [(90.01, 0.0), (0.0, -180.01), (f64::NAN, 0.0)] {
            let error = Place::near(latitude, longitude).unwrap_err().to_string();
            assert!(error.contains("itude` is `"), "{error}");
        }
        assert!(Place::near(-90.0, 180.0).is_ok());
    }
}
