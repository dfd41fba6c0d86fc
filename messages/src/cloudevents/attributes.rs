//! The attributes of one event, and what they say about an envelope.

use super::{ATTRIBUTE_BYTES_MAX, CloudEventError, SPEC_VERSION};
use crate::catalogue;
use crate::envelope::{Envelope, Origin, Provenance};
use crate::json::shorten;
use crate::message::{Class, Encoding, Stream};
use crate::record;
use crate::trace;
use bytes::Bytes;
use std::str::FromStr;

/// The attributes that are read and written, in the order in which they are written.
pub(super) const ATTRIBUTES: [&str; 19] = [
    "specversion",
    "id",
    "type",
    "source",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
    "class",
    "provenance",
    "stage",
    "caseid",
    "causationid",
    "originstream",
    "originpartition",
    "originsequence",
    "originindex",
    "addressedto",
    "traceparent",
];

/// What `dataschema` begins with.
const SCHEMA_URN: &str = "urn:aurorasync:schema:";

/// The attributes of one event, decoded; of those that nobody here knows none is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    values: [Option<String>; ATTRIBUTES.len()],
    /// `Content-Type`, which in HTTP stands for `datacontenttype` and everywhere marks structured mode.
    pub(super) content_type: Option<String>,
    /// `traceparent` of the message around the event.
    pub(super) carried: Option<String>,
}

/// Position of a known attribute.
pub(super) fn position(attribute: &str) -> Option<usize> {
    ATTRIBUTES.iter().position(|known| *known == attribute)
}

impl Attributes {
    /// The attributes that say what `envelope` says.
    ///
    /// # Errors
    /// [`CloudEventError`] when a required one would be empty, or one does not fit.
    pub fn of(envelope: &Envelope) -> Result<Self, CloudEventError> {
        let mut attributes = Self::default();
        attributes.set("specversion", SPEC_VERSION)?;
        attributes.set("id", envelope.id.to_string())?;
        attributes.set("type", &*envelope.name)?;
        attributes.set("source", &*envelope.source)?;
        attributes.set("subject", &*envelope.key)?;
        attributes.set("time", envelope.time.to_string())?;
        attributes.set("datacontenttype", envelope.encoding.content_type())?;
        attributes.set("dataschema", schema_of(envelope.encoding, &envelope.data))?;
        attributes.set("class", envelope.class.token())?;
        attributes.set("provenance", envelope.provenance.name())?;
        let stage = catalogue::find(&envelope.name).and_then(|entry| entry.stage);
        attributes.set("stage", stage.map_or("", crate::message::Stage::token))?;
        attributes.set_optional("caseid", envelope.case_id)?;
        attributes.set_optional("causationid", envelope.causation_id)?;
        if let Some(origin) = envelope.origin {
            attributes.set("originstream", origin.stream.name())?;
            attributes.set("originpartition", origin.partition.to_string())?;
            attributes.set("originsequence", origin.sequence.to_string())?;
            attributes.set("originindex", origin.index.to_string())?;
        }
        attributes.set_optional("addressedto", envelope.addressed_to.as_deref())?;
        attributes.set_optional("traceparent", envelope.traceparent.as_deref())?;
        attributes.required("type")?;
        attributes.required("source")?;
        Ok(attributes)
    }

    /// The envelope that these attributes and `data` describe.
    ///
    /// # Errors
    /// [`CloudEventError`] naming the attribute that is missing or wrong.
    pub fn into_envelope(
        self,
        encoding: Encoding,
        data: Bytes,
    ) -> Result<Envelope, CloudEventError> {
        self.require_version()?;
        self.check_schema(encoding, &data)?;
        let provenance = Provenance::from_name(self.required("provenance")?);
        Ok(Envelope {
            id: self.parsed("id", "a UUID")?.ok_or(CloudEventError::Missing { attribute: "id" })?,
            name: self.required("type")?.to_owned(),
            class: Class::from_token(self.required("class")?)
                .ok_or_else(|| self.invalid("class", "a class such as `event` or `command`"))?,
            encoding,
            source: self.required("source")?.to_owned(),
            key: self.get("subject").unwrap_or_default().to_owned(),
            time: self
                .parsed("time", "RFC 3339 such as `2026-03-02T06:00:00Z`")?
                .ok_or(CloudEventError::Missing { attribute: "time" })?,
            provenance: provenance.ok_or_else(|| {
                self.invalid("provenance", "`measured`, `replayed` or `simulated`")
            })?,
            case_id: self.parsed("caseid", "a UUID")?,
            causation_id: self.parsed("causationid", "a UUID")?,
            origin: self.origin()?,
            addressed_to: self.get("addressedto").map(str::to_owned),
            traceparent: self.get("traceparent").map(str::to_owned),
            data,
        })
    }

    /// The value of an attribute; an empty one counts as absent.
    #[must_use]
    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.values[position(attribute)?].as_deref()
    }

    /// The W3C trace context: the event's own, else that of the message around it; `None` when it is not sound.
    #[must_use]
    pub fn trace(&self) -> Option<String> {
        let text = self.get("traceparent").or(self.carried.as_deref());
        text.and_then(trace::sound).map(str::to_owned)
    }

    /// The value of an attribute that must be there.
    ///
    /// # Errors
    /// [`CloudEventError::Missing`] when it is not.
    pub fn required(&self, attribute: &'static str) -> Result<&str, CloudEventError> {
        self.get(attribute).ok_or(CloudEventError::Missing { attribute })
    }

    /// Whether the headers carry an event in binary mode.
    #[must_use]
    pub fn is_binary_mode(&self) -> bool {
        !self.is_structured_mode() && self.get("specversion").is_some()
    }

    /// Whether the headers announce an event in structured mode.
    #[must_use]
    pub fn is_structured_mode(&self) -> bool {
        const STRUCTURED: &str = "application/cloudevents";
        let start = self.content_type.as_deref().and_then(|it| it.get(..STRUCTURED.len()));
        start.is_some_and(|start| start.eq_ignore_ascii_case(STRUCTURED))
    }

    /// How the data is written: `datacontenttype`, else `Content-Type`, else JSON.
    ///
    /// # Errors
    /// [`CloudEventError::Invalid`] when it is neither of the two encodings.
    pub fn encoding(&self) -> Result<Encoding, CloudEventError> {
        let in_header = || self.content_type.as_deref().filter(|_| !self.is_structured_mode());
        match self.get("datacontenttype").or_else(in_header) {
            None => Ok(Encoding::Json),
            Some(content_type) => {
                Encoding::from_content_type(content_type).ok_or_else(|| CloudEventError::Invalid {
                    attribute: "datacontenttype",
                    value: shorten(content_type),
                    wanted: "`application/json` or `application/vnd.aurorasync.postcard`",
                })
            }
        }
    }

    /// Refuses every version but [`SPEC_VERSION`].
    ///
    /// # Errors
    /// [`CloudEventError`] when `specversion` is missing or another.
    pub fn require_version(&self) -> Result<(), CloudEventError> {
        if self.required("specversion")? == SPEC_VERSION {
            Ok(())
        } else {
            Err(self.invalid("specversion", "`1.0`"))
        }
    }

    /// The attributes that are there, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = self.values.iter().map(Option::as_deref);
        ATTRIBUTES
            .into_iter()
            .zip(values)
            .filter_map(|(attribute, value)| Some((attribute, value?)))
    }

    /// Adds what came from outside; an empty value counts as absent, a second one is refused.
    pub(super) fn add(&mut self, position: usize, value: String) -> Result<(), CloudEventError> {
        let attribute = ATTRIBUTES[position];
        if self.values[position].is_some() {
            return Err(CloudEventError::Duplicate { attribute });
        }
        self.set(attribute, value)
    }

    fn set(
        &mut self,
        attribute: &'static str,
        value: impl Into<String>,
    ) -> Result<(), CloudEventError> {
        let value = value.into();
        if value.len() > ATTRIBUTE_BYTES_MAX {
            return Err(CloudEventError::TooLong { attribute, bytes: value.len() });
        }
        if value.chars().any(char::is_control) {
            return Err(CloudEventError::NotText { attribute });
        }
        let position = position(attribute).expect("only known attributes are set");
        self.values[position] = (!value.is_empty()).then_some(value);
        Ok(())
    }

    fn set_optional(
        &mut self,
        attribute: &'static str,
        value: Option<impl ToString>,
    ) -> Result<(), CloudEventError> {
        self.set(attribute, value.map(|value| value.to_string()).unwrap_or_default())
    }

    fn parsed<T: FromStr>(
        &self,
        attribute: &'static str,
        wanted: &'static str,
    ) -> Result<Option<T>, CloudEventError> {
        let parse = |value: &str| value.parse().map_err(|_| self.invalid(attribute, wanted));
        self.get(attribute).map(parse).transpose()
    }

    fn origin(&self) -> Result<Option<Origin>, CloudEventError> {
        const PARTS: [&str; 4] =
            ["originstream", "originpartition", "originsequence", "originindex"];
        if PARTS.iter().all(|part| self.get(part).is_none()) {
            return Ok(None);
        }
        for part in PARTS {
            self.required(part)?;
        }
        let stream = self.get("originstream").and_then(Stream::from_name);
        Ok(Some(Origin {
            stream: stream.ok_or_else(|| self.invalid("originstream", "the name of a stream"))?,
            partition: self.number("originpartition")?,
            sequence: self.number("originsequence")?,
            index: self.number("originindex")?,
        }))
    }

    fn number<T: FromStr>(&self, attribute: &'static str) -> Result<T, CloudEventError> {
        let number = self.parsed(attribute, "a whole number from 0 on")?;
        number.ok_or(CloudEventError::Missing { attribute })
    }

    /// Refuses data of another schema or version than announced.
    fn check_schema(&self, encoding: Encoding, data: &[u8]) -> Result<(), CloudEventError> {
        match self.get("dataschema") {
            Some(said) if encoding == Encoding::Postcard && said != schema_of(encoding, data) => {
                Err(self.invalid("dataschema", "the schema and version of the data"))
            }
            _ => Ok(()),
        }
    }

    fn invalid(&self, attribute: &'static str, wanted: &'static str) -> CloudEventError {
        let value = shorten(self.get(attribute).unwrap_or_default());
        CloudEventError::Invalid { attribute, value, wanted }
    }
}

/// `dataschema` of postcard data; JSON names no version, its readers tolerate what is left out.
fn schema_of(encoding: Encoding, data: &[u8]) -> String {
    match (encoding, record::peek(data)) {
        (Encoding::Postcard, Some((schema, version))) => format!("{SCHEMA_URN}{schema}:{version}"),
        _ => String::new(),
    }
}
