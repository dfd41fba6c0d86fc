//! Devices as users of the server. Each may publish its own readings, hear what is said to it, and nothing else.
//!
//! Kept of a device is what the server needs to know it by: the public key of an nkey, or the hash of a password, which
//! is what MQTT has. The secret is handed out once, when it is made, and is nowhere else.

use super::Grant;
use bcrypt::{Version, hash_with_salt};
use messages::subject::{self, TokenError};
use nkeys::KeyPair;
use runtime::guard::Principal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What a password is made of: that much chance cannot be tried out, so its hash need not be slow.
pub const PASSWORD_BYTES: usize = 32;
/// The least that bcrypt has: a server that a thousand devices come back to at once has to check each.
const HASH_COST: u32 = 4;
/// Bytes of a hash's salt.
const SALT_BYTES: usize = 16;
/// Devices that one server's configuration may name.
pub const DEVICES_MAX: usize = 100_000;

/// A device that the server is to let in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its fleet.
    pub fleet: String,
    /// The asset that it speaks for.
    pub asset: String,
    /// How the server knows it.
    pub known_by: KnownBy,
}

/// What of a credential the server knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// The public key of an nkey, for NATS.
    Nkey(String),
    /// The bcrypt hash of a password, for MQTT; NATS takes it, too.
    PasswordHash(String),
}

/// What is handed to a device, once.
pub struct Credential {
    /// Its user: a public key, or a name.
    pub user: String,
    /// A seed, or a password.
    pub secret: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Why there is no device, or no list of them.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// No subject can name it.
    #[error("`{name}` cannot be part of a subject: {source}")]
    Name {
        /// The fleet or the asset.
        name: String,
        /// Why not.
        source: TokenError,
    },
    /// It has one already.
    #[error(
        "device `{0}` has such a credential; --renew makes another, and the server forgets the old one when it is told"
    )]
    Known(String),
    /// There are too many.
    #[error("the list has {DEVICES_MAX} devices; no more fit")]
    Full,
    /// The system refused.
    #[error("list of devices `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// A line is none of ours.
    #[error("list of devices `{path}`, line {line}: {source}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// No key could be made.
    #[error("no key can be made: {0}")]
    Key(#[from] nkeys::error::Error),
}

impl Device {
    /// A device with a new nkey.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn with_nkey(fleet: &str, asset: &str) -> Result<(Self, Credential), DeviceError> {
        let pair = KeyPair::new_user();
        let credential = Credential { user: pair.public_key(), secret: pair.seed()? };
        let device = Self::new(fleet, asset, KnownBy::Nkey(pair.public_key()))?;
        Ok((device, credential))
    }

    /// A device with a new password, made of what `fill` fills in.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn with_password(
        fleet: &str,
        asset: &str,
        fill: impl Fn(&mut [u8]),
    ) -> Result<(Self, Credential), DeviceError> {
        let (mut bytes, mut salt) = ([0; PASSWORD_BYTES], [0; SALT_BYTES]);
        fill(&mut bytes);
        fill(&mut salt);
        let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let hash = hash_with_salt(&secret, HASH_COST, salt)
            .expect("cost and length are within those that bcrypt has")
            .format_for_version(Version::TwoA);
        let device = Self::new(fleet, asset, KnownBy::PasswordHash(hash))?;
        let credential = Credential { user: device.user_name(), secret };
        Ok((device, credential))
    }

    fn new(fleet: &str, asset: &str, known_by: KnownBy) -> Result<Self, DeviceError> {
        for name in [fleet, asset] {
            let named = |source| DeviceError::Name { name: name.to_owned(), source };
            subject::escape(name).map_err(named)?;
        }
        Ok(Self { fleet: fleet.to_owned(), asset: asset.to_owned(), known_by })
    }

    /// The principal's name.
    #[must_use]
    pub fn name(&self) -> String {
        Principal::device(&self.fleet, &self.asset).name().to_owned()
    }

    /// Where it publishes.
    #[must_use]
    pub fn telemetry(&self) -> String {
        format!("aurora.v1.telemetry.{}", self.tokens())
    }

    /// Where it hears what became of what it published.
    #[must_use]
    pub fn notice(&self) -> String {
        notice(&self.fleet, &self.asset)
    }

    /// What its inboxes begin with.
    #[must_use]
    pub fn inbox(&self) -> String {
        format!("_DEVICE.{}", self.tokens())
    }

    /// What it may do.
    #[must_use]
    pub fn grant(&self) -> Grant {
        Grant {
            user: self.user_name(),
            publish: BTreeSet::from([self.telemetry()]),
            subscribe: BTreeSet::from([self.notice(), format!("{}.>", self.inbox())]),
        }
    }

    /// What the server's configuration knows it by.
    pub(super) fn user(&self) -> String {
        match &self.known_by {
            KnownBy::Nkey(key) => format!("nkey: {key}"),
            KnownBy::PasswordHash(hash) => {
                format!("user: {:?}, password: {hash:?}", self.user_name())
            }
        }
    }

    /// Its name, in characters that every configuration has.
    fn user_name(&self) -> String {
        format!("device/{}", self.tokens().replace('.', "/"))
    }

    fn tokens(&self) -> String {
        tokens(&self.fleet, &self.asset)
    }

    fn is_known_like(&self, other: &Self) -> bool {
        let way = |device: &Self| std::mem::discriminant(&device.known_by);
        (&self.fleet, &self.asset) == (&other.fleet, &other.asset) && way(self) == way(other)
    }
}

/// Where the device of `asset` in `fleet` hears what became of what it published.
#[must_use]
pub fn notice(fleet: &str, asset: &str) -> String {
    format!("aurora.v1.notice.{}", tokens(fleet, asset))
}

fn tokens(fleet: &str, asset: &str) -> String {
    let token = |name| subject::escape(name).unwrap_or_default();
    format!("{}.{}", token(fleet), token(asset))
}

/// The devices of a list, a line each.
///
/// # Errors
/// [`DeviceError::Io`] and [`DeviceError::Malformed`].
pub fn read(path: &Path) -> Result<Vec<Device>, DeviceError> {
    let failed = |source| DeviceError::Io { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(failed)?;
    let mut devices = Vec::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let malformed = |source| DeviceError::Malformed { path: path.to_owned(), line, source };
        devices.push(serde_json::from_str(text).map_err(malformed)?);
    }
    Ok(devices)
}

/// Puts `device` on the list; in the place of its last credential of the same kind with `renew`.
///
/// # Errors
/// [`DeviceError`]; the list is then as it was.
pub fn add(path: &Path, device: &Device, renew: bool) -> Result<(), DeviceError> {
    let mut devices = if path.exists() { read(path)? } else { Vec::new() };
    let known = devices.iter().position(|other| other.is_known_like(device));
    match known {
        Some(_) if !renew => return Err(DeviceError::Known(device.name())),
        Some(place) => devices[place] = device.clone(),
        None if devices.len() >= DEVICES_MAX => return Err(DeviceError::Full),
        None => devices.push(device.clone()),
    }
    write(path, &devices)
}

/// Writes the list beside its place and moves it there, so that it is never half a list.
fn write(path: &Path, devices: &[Device]) -> Result<(), DeviceError> {
    let failed = |source| DeviceError::Io { path: path.to_owned(), source };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = fs::File::create(&beside).map_err(failed)?;
    for device in devices {
        let line = serde_json::to_string(device).expect("names and keys can be written");
        writeln!(file, "{line}").map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(bytes: &mut [u8]) {
        bytes.fill(7);
    }

    #[test]
    fn what_is_kept_of_a_device_is_not_its_secret() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("devices.jsonl");
        let (nkey, key) = Device::with_nkey("demo", "VEH001").unwrap();
        let (mqtt, password) = Device::with_password("demo", "VEH001", fill).unwrap();
        add(&list, &nkey, false).unwrap();
        add(&list, &mqtt, false).unwrap();
        let kept = fs::read_to_string(&list).unwrap();
        assert!(!kept.contains(&key.secret) && !kept.contains(&password.secret), "{kept}");
        assert_eq!(read(&list).unwrap(), [nkey, mqtt]);
        assert!(!format!("{key:?}{password:?}").contains(&password.secret));
    }

    #[test]
    fn a_device_has_one_credential_of_a_kind_and_another_only_when_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("devices.jsonl");
        let (first, _) = Device::with_nkey("demo", "VEH001").unwrap();
        let (other, _) = Device::with_nkey("demo", "VEH002").unwrap();
        let (second, _) = Device::with_nkey("demo", "VEH001").unwrap();
        add(&list, &first, false).unwrap();
        add(&list, &other, false).unwrap();
        let refused = add(&list, &second, false).unwrap_err();
        assert!(refused.to_string().contains("`device/demo/VEH001`"), "{refused}");
        add(&list, &second, true).unwrap();
        assert_eq!(read(&list).unwrap(), [second, other]);
    }

    #[test]
    fn a_device_may_use_its_own_subjects_only_however_it_is_called() {
        let (device, _) = Device::with_nkey("demo", "moto/7").unwrap();
        let grant = device.grant();
        let subjects = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
        assert_eq!(subjects(&grant.publish), ["aurora.v1.telemetry.demo.--moto-2f7"]);
        assert_eq!(
            subjects(&grant.subscribe),
            ["_DEVICE.demo.--moto-2f7.>", "aurora.v1.notice.demo.--moto-2f7"]
        );
        for name in ["", "*", ">"] {
            let made = Device::with_nkey("demo", name);
            let is_plain = made.is_ok_and(|(it, _)| !it.telemetry().contains(['*', '>']));
            assert!(is_plain || name.is_empty(), "{name}");
        }
        assert!(Device::with_nkey("demo", &"x".repeat(65)).is_err());
    }

    #[test]
    fn a_list_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("devices.jsonl");
        fs::write(&list, "\n{\"fleet\":\"demo\"}\n").unwrap();
        let error = read(&list).unwrap_err().to_string();
        assert!(error.contains("devices.jsonl`, line 2"), "{error}");
        // A name that was misspelt must not end the access of every device.
        assert!(read(&folder.path().join("device.jsonl")).is_err());
    }
}
