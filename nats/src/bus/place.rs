//! Where records are on the server: the stream, the subjects they are written to, and the filter they are read by.

use super::Producer;
use crate::streams;
use messages::subject::{self, Subject, SubjectError, TokenError};
use messages::telemetry::Telemetry;
use messages::{Class, Envelope, Message, MessageId, Stream};
use runtime::guard::principal;
use runtime::store::Partition;

/// Stands for the key of a message that is about nothing; no text has this token.
const NO_KEY: &str = "_none";
/// What stands for a key that fits in no token begins with; no text has such a token.
const LONG_KEY: &str = "_long-";
/// Stands in the place of a fleet for what readers of TELEMETRY must know besides.
const CONTROL: &str = "_control";
/// What names of devices begin with.
const DEVICE: &str = "device/";

/// The stream's name on the server.
pub(crate) fn stream_name(stream: Stream) -> &'static str {
    match stream {
        Stream::Telemetry => streams::TELEMETRY,
        Stream::Health => streams::HEALTH,
        Stream::Log => streams::LOG,
        Stream::Dead => streams::DEAD,
        Stream::Audit => streams::AUDIT,
    }
}

/// What a reader of `partition` asks for; heads are not among it.
pub(crate) fn filter(partition: Partition) -> String {
    let Partition { stream, index } = partition;
    match stream {
        Stream::Telemetry | Stream::Health => format!("aurora.v1.{stream}.*.{index}.*"),
        Stream::Log | Stream::Dead | Stream::Audit => format!("aurora.v1.{stream}.>"),
    }
}

/// What a reader of all of `stream` asks for; heads are not among it.
pub(crate) fn everything(stream: Stream) -> String {
    format!("aurora.v1.{stream}.>")
}

/// Whether what is written to `stream` is fenced by a head record.
pub(crate) fn is_fenced(stream: Stream) -> bool {
    matches!(stream, Stream::Log | Stream::Health)
}

/// All heads of `stream`.
pub(crate) fn heads(stream: Stream) -> String {
    format!("aurora.v1.head.{stream}.>")
}

/// The head of what `producer`, a token, writes to `stream` as the owner of `partition`.
pub(crate) fn head(stream: Stream, producer: &str, partition: u16) -> String {
    format!("aurora.v1.head.{stream}.{producer}.{partition}")
}

/// Which of the producer's heads fences what it writes to `target`.
pub(crate) fn head_index(producer: &Producer, target: Partition) -> u16 {
    if target.stream == Stream::Health { target.index } else { producer.partition }
}

/// The subject that `envelope`, said by `producer`, is written to.
///
/// # Errors
/// [`SubjectError`] naming the part that fits in no token.
pub(crate) fn subject(
    producer: &Producer,
    target: Partition,
    envelope: &Envelope,
) -> Result<String, SubjectError> {
    let token = subject::escape(&producer.name)?;
    let key = key_token(envelope)?;
    Ok(match target.stream {
        Stream::Telemetry => match device(&envelope.source) {
            Some((fleet, asset)) if envelope.class == Class::Telemetry => {
                let (fleet, asset) = (fleet.to_owned(), asset.to_owned());
                Subject::Telemetry { fleet, asset }.format()?
            }
            _ => format!("aurora.v1.telemetry.{CONTROL}.{key}"),
        },
        Stream::Health => format!("aurora.v1.health.{token}.{}.{key}", target.index),
        Stream::Log => {
            let (class, name, index) = (envelope.class.token(), &envelope.name, producer.partition);
            if !subject::is_message_name(name) {
                return Err(SubjectError::Name { name: name.clone() });
            }
            format!("aurora.v1.log.{token}.{index}.{class}.{name}.{key}")
        }
        Stream::Dead => Subject::Dead { agent: envelope.source.clone() }.format()?,
        Stream::Audit => format!("aurora.v1.audit.{token}"),
    })
}

/// What is wrong with `envelope` standing under `subject`, which the server let its writer use: nothing that a record
/// says about itself counts beyond that.
pub(crate) fn mismatch(subject: &str, envelope: &Envelope) -> Option<String> {
    let tokens: Vec<&str> = subject.split('.').skip(2).collect();
    let speaks = |token: &str| {
        let name = subject::unescape(token).ok();
        name.is_some_and(|name| name == envelope.source || name == principal::FACADE)
    };
    let key = key_token(envelope).unwrap_or_default();
    let is_right = match tokens[..] {
        ["log", producer, _, class, noun, participle, about] => {
            speaks(producer)
                && class == envelope.class.token()
                && envelope.name == format!("{noun}.{participle}")
                && about == key
        }
        ["health", producer, _, about] => speaks(producer) && about == key,
        ["telemetry", CONTROL, _, _] => envelope.class != Class::Telemetry,
        ["telemetry", fleet, _, asset] => {
            let text = |token| subject::unescape(token).unwrap_or_default();
            envelope.source == format!("{DEVICE}{}/{}", text(fleet), text(asset))
                && (envelope.class, envelope.name.as_str()) == (Telemetry::CLASS, Telemetry::NAME)
                && envelope.key == text(asset)
        }
        ["dead", agent] => subject::unescape(agent).is_ok_and(|agent| agent == envelope.source),
        ["audit", _] => true,
        _ => false,
    };
    (!is_right).then(|| {
        let Envelope { source, name, key, .. } = envelope;
        format!("`{name}` of `{source}` about `{key}` stands under `{subject}`")
    })
}

fn key_token(envelope: &Envelope) -> Result<String, SubjectError> {
    if envelope.key.is_empty() {
        return Ok(NO_KEY.to_owned());
    }
    match subject::escape(&envelope.key) {
        Ok(token) => Ok(token.into_owned()),
        // The record itself has the whole key; its subject only tells keys apart.
        Err(TokenError::TooLong { .. }) => {
            let name = MessageId::named("key", &envelope.key).0.simple();
            Ok(format!("{LONG_KEY}{name}"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Fleet and asset of a device's name.
fn device(source: &str) -> Option<(&str, &str)> {
    source.strip_prefix(DEVICE)?.split_once('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::registry::AssetRetired;

    const LOG: Partition = Partition::LOG;

    fn producer() -> Producer {
        Producer { name: "master".to_owned(), partition: 0, epoch: 1 }
    }

    fn said(source: &str) -> Envelope {
        let retired = AssetRetired { asset: "moto/7".into(), reason: "sold".into() };
        Envelope::new(MessageId::named("test", "a"), source, &retired).unwrap()
    }

    #[test]
    fn a_record_is_written_under_its_producers_own_subject() {
        let subject = subject(&producer(), LOG, &said("master")).unwrap();
        assert_eq!(subject, "aurora.v1.log.master.0.registry.asset.retired.--moto-2f7");
        assert_eq!(mismatch(&subject, &said("master")), None);
    }

    #[test]
    fn nobody_speaks_in_anothers_name_under_his_own_subject() {
        let written = subject(&producer(), LOG, &said("master")).unwrap();
        assert!(mismatch(&written, &said("diagnosis")).is_some());
        let facade = Producer { name: "facade".to_owned(), ..producer() };
        let written = subject(&facade, LOG, &said("master")).unwrap();
        assert_eq!(mismatch(&written, &said("master")), None, "people release what others said");
    }

    #[test]
    fn a_device_cannot_pass_a_control_record_for_a_sample() {
        let forged = said("device/demo/moto-7");
        assert!(mismatch("aurora.v1.telemetry.demo.3.moto-7", &forged).is_some());
        assert_eq!(mismatch("aurora.v1.telemetry._control.3.moto-7", &forged), None);
    }

    #[test]
    fn a_key_too_long_for_a_token_is_told_apart_all_the_same() {
        let about = |key: String| Envelope { key, ..said("master") };
        let (one, other) = (about("x".repeat(65)), about("x".repeat(66)));
        let subject_of = |it: &Envelope| subject(&producer(), LOG, it).unwrap();
        assert_ne!(subject_of(&one), subject_of(&other));
        assert_eq!(mismatch(&subject_of(&one), &one), None);
        assert!(mismatch(&subject_of(&one), &other).is_some());
    }

    #[test]
    fn a_partition_is_read_by_one_filter() {
        let partition = Partition { stream: Stream::Health, index: 3 };
        assert_eq!(filter(partition), "aurora.v1.health.*.3.*");
        assert_eq!(filter(LOG), "aurora.v1.log.>");
    }
}
