//! Where each thing stands in the one ordered key space.

use crate::store::{HostId, Partition};
use messages::{Sequence, Stream};

/// Kinds of key, by first byte.
pub(super) const COMMIT: u8 = b'c';
pub(super) const ROOT: u8 = b'r';
pub(super) const PARTITION: u8 = b'p';
pub(super) const LOG: u8 = b'l';
pub(super) const HOST: u8 = b'h';
pub(super) const STATE: u8 = b's';
pub(super) const BLOB: u8 = b'b';

/// Where the root stands.
pub(super) fn root() -> Vec<u8> {
    vec![ROOT]
}

/// `COMMIT` + slot of the ring.
pub(super) fn commit(slot: u16) -> Vec<u8> {
    [&[COMMIT][..], &slot.to_be_bytes()].concat()
}

/// `PARTITION` + partition.
pub(super) fn partition(partition: Partition) -> Vec<u8> {
    prefix(PARTITION, partition)
}

/// The partition of a [`partition`] or [`log`] key.
pub(super) fn parse_partition(key: &[u8]) -> Option<Partition> {
    let stream = *Stream::ALL.get(usize::from(*key.get(1)?))?;
    let index = u16::from_be_bytes(key.get(2..4)?.try_into().ok()?);
    Some(Partition { stream, index })
}

/// `LOG` + partition + first position of the block.
pub(super) fn log(partition: Partition, first: Sequence) -> Vec<u8> {
    [&prefix(LOG, partition)[..], &first.to_be_bytes()].concat()
}

/// The first position in a [`log`] key, chunk number or not.
pub(super) fn parse_log(key: &[u8]) -> Option<Sequence> {
    Some(u64::from_be_bytes(key.get(4..12)?.try_into().ok()?))
}

fn prefix(kind: u8, partition: Partition) -> Vec<u8> {
    let stream = Stream::ALL.iter().position(|stream| *stream == partition.stream);
    let stream = u8::try_from(stream.expect("every stream is listed")).expect("few streams");
    [&[kind, stream][..], &partition.index.to_be_bytes()].concat()
}

/// `HOST` + kind + partition.
pub(super) fn host(host: &HostId) -> Vec<u8> {
    let mut key = vec![HOST];
    text(&mut key, &host.kind);
    key.extend(host.partition.to_be_bytes());
    key
}

/// The host of a [`host`] key.
pub(super) fn parse_host(key: &[u8]) -> Option<HostId> {
    let (kind, rest) = parse_text(key.get(1..)?)?;
    Some(HostId { kind, partition: u16::from_be_bytes(rest.try_into().ok()?) })
}

/// `STATE` + kind + partition: what all states of a host begin with.
pub(super) fn states(host: &HostId) -> Vec<u8> {
    let mut key = self::host(host);
    key[0] = STATE;
    key
}

/// The key of one state.
pub(super) fn state(host: &HostId, name: &str) -> Vec<u8> {
    let mut key = states(host);
    text(&mut key, name);
    key
}

/// The name in the key of a state or of a named value, given what its like begin with.
pub(super) fn parse_name(key: &[u8], prefix: &[u8]) -> Option<String> {
    match parse_text(key.get(prefix.len()..)?)? {
        (name, []) => Some(name),
        _ => None,
    }
}

/// The key of a named value.
pub(super) fn blob(name: &str) -> Vec<u8> {
    let mut key = vec![BLOB];
    text(&mut key, name);
    key
}

/// What the keys of those named values begin with whose names begin with `beginning`.
pub(super) fn blobs(beginning: &str) -> Vec<u8> {
    let mut key = vec![BLOB];
    letters(&mut key, beginning);
    key
}

/// Appends a text so that order is kept and no text is the beginning of another: zero bytes are
/// written `00 FF`, the end `00 01`.
fn text(key: &mut Vec<u8>, text: &str) {
    letters(key, text);
    key.extend([0, 1]);
}

fn letters(key: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        key.push(byte);
        if byte == 0 {
            key.push(0xFF);
        }
    }
}

fn parse_text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let mut text = Vec::new();
    let mut rest = bytes;
    loop {
        match rest {
            [0, 0xFF, tail @ ..] => {
                text.push(0);
                rest = tail;
            }
            [0, 1, tail @ ..] => return Some((String::from_utf8(text).ok()?, tail)),
            [byte, tail @ ..] if *byte != 0 => {
                text.push(*byte);
                rest = tail;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_comes_back_and_order_is_kept(a in ".*", b in ".*") {
            let key = |name: &str| blob(name);
            let whole = key(&a);
            prop_assert_eq!(parse_name(&whole, &[BLOB]), Some(a.clone()));
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.as_bytes().cmp(b.as_bytes()));
        }

        #[test]
        fn a_key_begins_with_a_beginning_exactly_when_its_name_does(
            a in "[ab\0]{0,3}",
            b in "[ab\0]{0,3}",
        ) {
            prop_assert_eq!(blob(&a).starts_with(&blobs(&b)), a.starts_with(&b));
        }
    }
}
