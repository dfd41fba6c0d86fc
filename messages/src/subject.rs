//! Where messages travel: NATS subjects, their tokens, and the partition that an asset belongs to.
//!
//! ```text
//! aurora.v1.telemetry.<fleet>.<asset>
//! aurora.v1.health.<producer>.<pp>.<asset>
//! aurora.v1.log.<producer>.<pp>.<class>.<noun>.<participle>.<key>
//! aurora.v1.dead.<agent>
//! ```
//! A message's name has exactly one dot, so it fills two tokens of a LOG subject and
//! `aurora.v1.log.*.*.event.booking.>` selects all that happened to bookings.
//! `<pp>` is the partition as a decimal number.
//!
//! # Tokens
//! A token is 1 to 64 characters of `[A-Za-z0-9_-]`. A text that is one, and does not begin with `--`, stands for
//! itself. Any other text is written as `--`, then its UTF-8 bytes: letters, digits and `_` as they are, every other
//! byte as `-` and two lower-case hexadecimal digits. `moto/7` becomes `--moto-2f7`. Each text has one token and each
//! token at most one text; a text whose token would be longer than 64 is an error, never shortened.

use crate::json::shorten;
use crate::message::{Class, Stream};
use std::borrow::Cow;
use std::fmt::Write;
use std::num::NonZeroU16;
use std::str::FromStr;

/// Tokens that begin so are the house's own (`_control`): no text has one, see `docs/adr/0006`.
const RESERVED: char = '_';
/// Longest token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 64;
/// What every subject begins with.
const ROOT: &str = "aurora.v1.";
/// What every escaped token begins with.
const ESCAPED: &str = "--";

/// Where a message travels. Fields hold the texts themselves; escaping happens when they are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// What a device sends.
    Telemetry {
        /// Fleet of the asset.
        fleet: String,
        /// The asset.
        asset: String,
    },
    /// One assessment per asset and window.
    Health {
        /// The kind that says it.
        producer: String,
        /// Partition of its host.
        partition: u16,
        /// The asset.
        asset: String,
    },
    /// Everything else that any agent hears.
    Log {
        /// The kind that says it.
        producer: String,
        /// Partition of its host.
        partition: u16,
        /// Class of the message; one whose stream is [`Stream::Log`].
        class: Class,
        /// Name of the message.
        name: String,
        /// What it is about.
        key: String,
    },
    /// What an agent could not handle.
    Dead {
        /// The agent.
        agent: String,
    },
}

/// Why a text and a token do not stand for each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing can be named by nothing.
    #[error("a name is empty; give it at least one character")]
    Empty,
    /// The token would not fit.
    #[error(
        "`{text}` needs {bytes} bytes as a token, more than the {TOKEN_BYTES_MAX} allowed; use a shorter name"
    )]
    TooLong {
        /// Beginning of the text.
        text: String,
        /// Length of its token, in bytes.
        bytes: usize,
    },
    /// No text has this token.
    #[error("`{token}` is not a token; expected 1 to 64 of `A-Z a-z 0-9 _ -`, escaped as `--`")]
    Malformed {
        /// Beginning of the token.
        token: String,
    },
}

/// Why a subject could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// One of its names.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// None of the four shapes.
    #[error(
        "`{subject}` is none of our subjects; expected `{ROOT}` and `telemetry`, `health`, `log` or `dead`"
    )]
    Shape {
        /// Beginning of the subject.
        subject: String,
    },
    /// The partition is not a plain number.
    #[error("partition `{token}` is not a number from 0 to 65535 without leading zeros")]
    Partition {
        /// Beginning of the token.
        token: String,
    },
    /// Not the token of a class that travels on LOG.
    #[error("`{token}` is not a class of messages on the log")]
    Class {
        /// Beginning of the token.
        token: String,
    },
    /// Not two words with one dot.
    #[error(
        "message name `{name}` is not two lower-case words joined by one dot, such as `booking.confirmed`"
    )]
    Name {
        /// Beginning of the name.
        name: String,
    },
}

impl Subject {
    /// Writes the subject.
    ///
    /// # Errors
    /// [`SubjectError`] naming the part that fits in no token.
    pub fn format(&self) -> Result<String, SubjectError> {
        let subject = match self {
            Subject::Telemetry { fleet, asset } => {
                format!("{ROOT}telemetry.{}.{}", escape(fleet)?, escape(asset)?)
            }
            Subject::Health { producer, partition, asset } => {
                format!("{ROOT}health.{}.{partition}.{}", escape(producer)?, escape(asset)?)
            }
            Subject::Log { producer, partition, class, name, key } => {
                check_class(*class)?;
                check_name(name)?;
                let (producer, key) = (escape(producer)?, escape(key)?);
                format!("{ROOT}log.{producer}.{partition}.{}.{name}.{key}", class.token())
            }
            Subject::Dead { agent } => format!("{ROOT}dead.{}", escape(agent)?),
        };
        Ok(subject)
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(subject: &str) -> Result<Self, SubjectError> {
        let shape = || SubjectError::Shape { subject: shorten(subject) };
        let tokens: Vec<&str> = subject.strip_prefix(ROOT).ok_or_else(shape)?.split('.').collect();
        let text = |token: &str| unescape(token).map(Cow::into_owned);
        Ok(match tokens[..] {
            ["telemetry", fleet, asset] => {
                Subject::Telemetry { fleet: text(fleet)?, asset: text(asset)? }
            }
            ["health", producer, partition, asset] => Subject::Health {
                producer: text(producer)?,
                partition: parse_partition(partition)?,
                asset: text(asset)?,
            },
            ["log", producer, partition, class, noun, participle, key] => Subject::Log {
                producer: text(producer)?,
                partition: parse_partition(partition)?,
                class: parse_class(class)?,
                name: parse_name(noun, participle)?,
                key: text(key)?,
            },
            ["dead", agent] => Subject::Dead { agent: text(agent)? },
            _ => return Err(shape()),
        })
    }
}

/// The token of `text`.
///
/// # Errors
/// [`TokenError`] when the text is empty or its token too long.
pub fn escape(text: &str) -> Result<Cow<'_, str>, TokenError> {
    if text.is_empty() {
        return Err(TokenError::Empty);
    }
    let is_plain = text.bytes().all(is_token_byte);
    let token = if is_plain && !text.starts_with(ESCAPED) && !text.starts_with(RESERVED) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(escape_bytes(text))
    };
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::TooLong { text: shorten(text), bytes: token.len() });
    }
    Ok(token)
}

/// The text of `token`.
///
/// # Errors
/// [`TokenError::Malformed`] when [`escape`] gives this token for no text.
pub fn unescape(token: &str) -> Result<Cow<'_, str>, TokenError> {
    let malformed = || TokenError::Malformed { token: shorten(token) };
    let fits = (1..=TOKEN_BYTES_MAX).contains(&token.len());
    if !fits || !token.bytes().all(is_token_byte) {
        return Err(malformed());
    }
    let Some(escaped) = token.strip_prefix(ESCAPED) else {
        if token.starts_with(RESERVED) {
            return Err(malformed());
        }
        return Ok(Cow::Borrowed(token));
    };
    let text = unescape_bytes(escaped).ok_or_else(malformed)?;
    // Two tokens for one text would be two keys for one asset.
    if escape(&text).as_deref() != Ok(token) {
        return Err(malformed());
    }
    Ok(Cow::Owned(text))
}

/// The partition of a token among `partitions`: FNV-1a (32 bit) modulo their number, as `partition()` of nats-server.
#[must_use]
pub fn partition(token: &str, partitions: NonZeroU16) -> u16 {
    let bucket = fnv1a32(token.as_bytes()) % u32::from(partitions.get());
    u16::try_from(bucket).expect("a remainder is below its 16-bit divisor")
}

/// Whether `name` is a message name: two words of `[a-z0-9_]`, each beginning with a letter, joined by one dot.
#[must_use]
pub fn is_message_name(name: &str) -> bool {
    let is_word = |word: &str| {
        word.len() <= TOKEN_BYTES_MAX
            && word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    name.split_once('.').is_some_and(|(noun, participle)| is_word(noun) && is_word(participle))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn escape_bytes(text: &str) -> String {
    let mut token = String::from(ESCAPED);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            token.push(char::from(byte));
        } else {
            write!(token, "-{byte:02x}").expect("writing to a string cannot fail");
        }
    }
    token
}

fn unescape_bytes(escaped: &str) -> Option<String> {
    let mut bytes = escaped.bytes();
    let mut text = Vec::with_capacity(escaped.len());
    while let Some(byte) = bytes.next() {
        if byte == b'-' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let value = digit(bytes.next()?)? * 16 + digit(bytes.next()?)?;
            text.push(u8::try_from(value).ok()?);
        } else {
            text.push(byte);
        }
    }
    String::from_utf8(text).ok()
}

/// Fowler, Noll and Vo's hash 1a, 32 bit.
fn fnv1a32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn check_class(class: Class) -> Result<(), SubjectError> {
    match class.stream() {
        Stream::Log => Ok(()),
        _ => Err(SubjectError::Class { token: class.token().to_owned() }),
    }
}

fn check_name(name: &str) -> Result<(), SubjectError> {
    if is_message_name(name) { Ok(()) } else { Err(SubjectError::Name { name: shorten(name) }) }
}

fn parse_class(token: &str) -> Result<Class, SubjectError> {
    let unknown = || SubjectError::Class { token: shorten(token) };
    let class = Class::from_token(token).ok_or_else(unknown)?;
    check_class(class).map(|()| class)
}

fn parse_name(noun: &str, participle: &str) -> Result<String, SubjectError> {
    let name = format!("{noun}.{participle}");
    check_name(&name).map(|()| name)
}

fn parse_partition(token: &str) -> Result<u16, SubjectError> {
    let number: Option<u16> = token.parse().ok();
    number
        .filter(|number| number.to_string() == token)
        .ok_or_else(|| SubjectError::Partition { token: shorten(token) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn partitions(count: u16) -> NonZeroU16 {
        NonZeroU16::new(count).unwrap()
    }

    #[test]
    fn no_text_has_a_token_of_the_houses_own() {
        let token = escape("_control").unwrap();
        assert!(!token.starts_with(RESERVED), "{token}");
        assert_eq!(unescape(&token).unwrap(), "_control");
        assert!(unescape("_control").is_err());
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a32(b""), 0x811c_9dc5);
        assert_eq!(fnv1a32(b"a"), 0xe40c_292c);
        assert_eq!(fnv1a32(b"foobar"), 0xbf9c_f968);
    }

    /// The table in the NATS documentation of `partition(3,1)`.
    #[test]
    fn partitions_are_those_of_nats_server() {
        let table = [(1, 0), (2, 2), (3, 1), (4, 2), (5, 1), (6, 0)];
        for (customer, expected) in table {
            assert_eq!(partition(&format!("customerid{customer}"), partitions(3)), expected);
        }
    }

    #[test]
    fn every_partition_is_below_their_number() {
        for count in [1, 4, 64, u16::MAX] {
            assert!((0..200).all(|i| partition(&format!("VEH{i:03}"), partitions(count)) < count));
        }
    }

    #[test]
    fn subjects_are_written_as_documented() {
        let telemetry = Subject::Telemetry { fleet: "demo".into(), asset: "moto/7".into() };
        assert_eq!(telemetry.format().unwrap(), "aurora.v1.telemetry.demo.--moto-2f7");
        let log = Subject::Log {
            producer: "scheduling".into(),
            partition: 0,
            class: Class::Event,
            name: "booking.confirmed".into(),
            key: "centre-4".into(),
        };
        let written = "aurora.v1.log.scheduling.0.event.booking.confirmed.centre-4";
        assert_eq!(log.format().unwrap(), written);
        assert_eq!(written.parse(), Ok(log));
    }

    #[test]
    fn a_text_that_looks_escaped_is_escaped_again() {
        assert_eq!(escape("--a").unwrap(), "---2d-2da");
        assert_eq!(unescape("---2d-2da").unwrap(), "--a");
    }

    #[test]
    fn a_second_spelling_of_a_text_is_refused() {
        for token in ["--VEH001", "--a-2F", "--a-2", "--", "--a-", "--a-61", "--a-ff", "a.b", ""] {
            assert!(unescape(token).is_err(), "{token}");
        }
    }

    #[test]
    fn a_name_that_needs_more_than_a_token_is_refused_not_shortened() {
        assert!(escape(&"a".repeat(64)).is_ok());
        let error = escape(&"é".repeat(11)).unwrap_err();
        assert_eq!(error, TokenError::TooLong { text: "é".repeat(11), bytes: 68 });
        assert_eq!(escape(""), Err(TokenError::Empty));
    }

    #[test]
    fn foreign_and_malformed_subjects_are_refused() {
        for subject in [
            "",
            "aurora.v1.",
            "aurora.v2.dead.a",
            "aurora.v1.telemetry.f",
            "aurora.v1.telemetry.f.a.b",
            "aurora.v1.health.p.01.a",
            "aurora.v1.health.p.65536.a",
            "aurora.v1.health.p.+1.a",
            "aurora.v1.log.p.0.health.a.b.k",
            "aurora.v1.log.p.0.gossip.a.b.k",
            "aurora.v1.log.p.0.event.A.b.k",
            "aurora.v1.log.p.0.event.a.b.*",
            "aurora.v1.dead.>",
        ] {
            assert!(subject.parse::<Subject>().is_err(), "{subject}");
        }
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof!["[A-Za-z0-9_-]{1,40}", "-{0,4}[a-f0-9-]{1,12}", "\\PC{1,5}", "(?s).{1,5}"]
    }

    fn subjects() -> impl Strategy<Value = Subject> {
        let log = (texts(), any::<u16>(), "[a-z][a-z0-9_]{0,9}\\.[a-z][a-z0-9_]{0,9}", texts());
        prop_oneof![
            (texts(), texts()).prop_map(|(fleet, asset)| Subject::Telemetry { fleet, asset }),
            (texts(), any::<u16>(), texts()).prop_map(|(producer, partition, asset)| {
                Subject::Health { producer, partition, asset }
            }),
            log.prop_map(|(producer, partition, name, key)| Subject::Log {
                producer,
                partition,
                class: Class::Command,
                name,
                key
            }),
            texts().prop_map(|agent| Subject::Dead { agent }),
        ]
    }

    proptest! {
        #[test]
        fn every_text_comes_back_from_its_token(text in texts()) {
            let token = escape(&text).unwrap();
            prop_assert!(token.len() <= TOKEN_BYTES_MAX && token.bytes().all(is_token_byte));
            prop_assert_eq!(&*unescape(&token).unwrap(), &*text);
        }

        #[test]
        fn every_token_comes_back_from_its_text(token in "[a-f0-9-]{1,12}|--[a-f0-9_-]{1,12}|\\PC{0,70}") {
            if let Ok(text) = unescape(&token) {
                prop_assert_eq!(&*escape(&text).unwrap(), &*token);
            }
        }

        #[test]
        fn every_subject_comes_back_from_its_text(subject in subjects()) {
            prop_assert_eq!(subject.format().unwrap().parse::<Subject>().unwrap(), subject);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(aurora\\.v1\\.)?(log|health|dead|telemetry)?[.\\PC]{0,80}") {
            if let Ok(subject) = text.parse::<Subject>() {
                prop_assert_eq!(subject.format().unwrap(), text);
            }
        }
    }
}
