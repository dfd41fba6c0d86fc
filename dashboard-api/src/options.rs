//! What the edge decides for the facade: time, chance, limits, and which names are ours.

use crate::backup::Backup;
use crate::models::ModelReader;
use messages::profile::Profile;
use runtime::clock::Clock;
use runtime::intake::Standing;
use runtime::rate::RateLimit;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What a facade is built with.
#[derive(Clone, Debug)]
pub struct FacadeOptions {
    /// The time.
    pub clock: Clock,
    /// Random bytes, for ids, keys and nonces.
    pub random: Random,
    /// The profiles that an asset may be registered with, by name.
    pub profiles: BTreeMap<String, Profile>,
    /// What the lists of features in an assessment hold, by their schema.
    pub features: BTreeMap<u32, Vec<Feature>>,
    /// Hosts (`name` or `name:port`) that a request may be addressed to, besides the bound address itself.
    pub allowed_hosts: BTreeSet<String>,
    /// How often one asset may send; `None` for as often as it likes.
    pub rate_limit: Option<RateLimit>,
    /// How long a client may take.
    pub timeouts: Timeouts,
    /// Writes an export of the running deployment; `None` where that cannot be had.
    pub backup: Option<Backup>,
    /// Reads models that are to be promoted; `None` where none can be.
    pub models: Option<ModelReader>,
    /// How the reader of another log fares; `None` where telemetry comes through this door alone.
    pub intake: Option<watch::Receiver<Standing>>,
}

/// What one number in a list of features is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Its unit; empty for a bare number.
    pub unit: String,
}

/// How long a client may take to say what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a request's line and headers; also how long a connection may idle.
    pub header: Duration,
    /// For the body.
    pub body: Duration,
    /// For taking some of an answer; a client that takes nothing for so long is cut off.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(30),
            body: Duration::from_secs(10),
            write: Duration::from_secs(30),
        }
    }
}

/// A source of random bytes, given by the edge: nothing in here makes its own.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Random {
    /// A source that fills what it is given. It must be fit for keys.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// `N` random bytes.
    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random(..)")
    }
}
