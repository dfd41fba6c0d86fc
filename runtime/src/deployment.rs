//! A whole deployment in one process: store, committer, bus, and every host under its supervisors.

use crate::board::Board;
use crate::bus::embedded::Embedded;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::committer::{CommitError, Committer, Request, Writer};
use crate::configuration::{self, ConfigureError, Overlay, configure};
use crate::effects::Effects;
use crate::effects::running::{self, Running};
use crate::flight::FlightRecorder;
use crate::guard::audit::{Seal, SealError};
use crate::guard::{Principal, Session};
use crate::host::Spec;
use crate::models::Models;
use crate::router::{PARTITIONS_EMBEDDED, Router};
use crate::shared::{self, OwnershipError, Shared};
use crate::store::{Change, HostId, Store, StoreError};
use crate::supervisor::Fleet;
use crate::upgrade::{UpgradeError, upgrade};
use crate::wiring::WiringError;
use messages::guard::PrincipalContained;
use messages::{Class, Message, Stream};
use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Stored value that exists while a process has the store open.
const RUNNING: &str = "running";

/// What a deployment is started with.
pub struct Options {
    /// The agents.
    pub catalog: Catalog,
    /// Their configurations as JSON by kind; defaults where absent.
    pub configs: BTreeMap<String, serde_json::Value>,
    /// Who performs the effects that agents declare.
    pub effects: Effects,
    /// Models by id.
    pub models: Models,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Folder for what is neither log nor state: markers.
    pub folder: PathBuf,
    /// The time.
    pub clock: Clock,
    /// Partitions of TELEMETRY and HEALTH; fixed for the life of a store.
    pub partitions: NonZeroU16,
    /// Where to record what is in flight, for tests that kill the process.
    pub recorder: FlightRecorder,
    /// Longest time between two checkpoints, in place of what agents declare: shorter means less to
    /// replay after a crash and more to write.
    pub checkpoint_interval: Option<Duration>,
    /// How the log is shared with other processes; `None` where it is this one's own.
    pub shared: Option<shared::Options>,
}

impl Options {
    /// `catalog` over `store` by the machine's clock, with a log of its own, and nothing else asked for.
    #[must_use]
    pub fn new(catalog: Catalog, store: Arc<dyn Store>, folder: impl Into<PathBuf>) -> Self {
        Self {
            catalog,
            configs: BTreeMap::new(),
            effects: Effects::default(),
            models: Models::default(),
            store,
            folder: folder.into(),
            clock: Clock::Real,
            partitions: PARTITIONS_EMBEDDED,
            recorder: FlightRecorder::default(),
            checkpoint_interval: None,
            shared: None,
        }
    }
}

/// Why a deployment does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The declarations do not fit together.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// A configuration cannot be used.
    #[error(transparent)]
    Configure(#[from] ConfigureError),
    /// Stored states cannot be used.
    #[error(transparent)]
    Upgrade(#[from] UpgradeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit was refused.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The store was made with another number of partitions.
    #[error(
        "the store has {found} partitions per stream, {asked} were asked for; they are fixed when a store is made"
    )]
    Partitions {
        /// In the store.
        found: u16,
        /// Asked for.
        asked: u16,
    },
    /// The store belongs to another kind of log.
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
    /// The key or the head of AUDIT cannot be used.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The supervisors could not be started.
    #[error("supervisors cannot be started: {0}")]
    Supervisors(String),
}

/// A running deployment.
pub struct Deployment {
    store: Arc<dyn Store>,
    committer: Committer,
    bus: Embedded,
    router: Arc<Router>,
    board: Board,
    fleet: Fleet,
    agents: Agents,
    effects: Option<Running>,
    clock: Clock,
    shared: Option<Shared>,
}

/// Who there is, and what they were told when they were started.
struct Agents {
    catalog: Catalog,
    /// Their configurations by kind.
    configs: BTreeMap<String, serde_json::Value>,
    models: Arc<Models>,
}

impl Deployment {
    /// Starts everything; hosts begin to replay at once.
    ///
    /// # Errors
    /// [`StartError`] naming what does not fit.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        options.catalog.check()?;
        options.effects.check(&options.catalog)?;
        let router = Arc::new(Router::new(options.partitions, options.catalog.contracts()));
        let store = options.store;
        check_partitions(&*store, options.partitions)?;
        let unclean = store.blob(RUNNING)?.is_some();
        let catalog = &options.catalog;
        let performs = !options.effects.is_empty()
            && (options.shared.is_none() || catalog.iter().any(|(_, it)| it.performs()));
        let (shared, mut changes) = join(options.shared, catalog, performs, &router, &*store)?;
        let mut writer = Writer::new(store.clone(), options.clock.clone(), router.clone());
        if let Some(shared) = &shared {
            writer.share(shared.clone(), container(catalog), reads_telemetry(catalog));
        }
        if let Some(seal) = Seal::open(&options.folder)? {
            writer.seal(seal)?;
        }
        let due_at = writer.due_at().clone();
        let committer = Committer::start(writer, options.recorder)?;
        committer.look_after(options.clock.clone(), due_at);
        let bus = Embedded::new(committer.clone(), store.clone());
        changes.extend([
            (RUNNING.to_owned(), Some(Vec::new())),
            (PARTITIONS.to_owned(), Some(options.partitions.get().to_le_bytes().to_vec())),
        ]);
        committer.commit(Request::Blobs(changes)).await?;
        for request in upgrade(catalog, &*store, &router)? {
            committer.commit(request).await?;
        }
        for request in configure(catalog, &options.configs, &options.models, &*store, &router)? {
            committer.commit(request).await?;
        }
        let board = Board::default();
        let tenures = shared.as_ref().map(|shared| shared.tenures.clone()).unwrap_or_default();
        let models = Arc::new(options.models);
        let specs = catalog.hosts(&router).map(|(id, _, entry)| Spec {
            id,
            entry: entry.clone(),
            store: store.clone(),
            bus: bus.clone(),
            committer: committer.clone(),
            models: models.clone(),
            clock: options.clock.clone(),
            board: board.clone(),
            unclean: unclean.then(|| options.folder.join("markers")),
            checkpoint_interval: options.checkpoint_interval,
            tenures: tenures.clone(),
        });
        let specs = specs.collect();
        let spec = running::Spec {
            effects: options.effects,
            store: store.clone(),
            committer: committer.clone(),
            clock: options.clock.clone(),
            board: board.clone(),
            tenures,
        };
        let effects = performs.then(|| Running::start(spec)).flatten();
        let fleet = Fleet::start(specs).await.map_err(StartError::Supervisors)?;
        let Options { catalog, configs, clock, .. } = options;
        let agents = Agents { catalog, configs, models };
        Ok(Self { store, committer, bus, router, board, fleet, agents, effects, clock, shared })
    }

    /// Saves everything, stops every host and notes that the exit was orderly.
    ///
    /// # Errors
    /// [`CommitError`] when the last commit was refused.
    pub async fn drain(&self) -> Result<(), CommitError> {
        // Effects first: hosts can still handle how those under way ended.
        if let Some(effects) = &self.effects {
            effects.drain().await;
        }
        self.fleet.drain().await;
        self.committer.commit(Request::Blobs(vec![(RUNNING.to_owned(), None)])).await?;
        Ok(())
    }

    /// Lays `overlay` over the configuration of agent `kind`, from its next message on. An agent that does not work in
    /// this process is left to those in which it does.
    ///
    /// # Errors
    /// [`ConfigureError`] when it cannot be used; the configuration stays as it is.
    pub async fn reconfigure(&self, kind: &str, overlay: &Overlay) -> Result<(), ConfigureError> {
        let Agents { catalog, configs, models } = &self.agents;
        let Some(entry) = catalog.get(kind) else {
            return match catalog.resting().find(|(resting, _)| *resting == kind) {
                Some(_) => Ok(()),
                None => Err(configuration::unknown(kind, catalog).into()),
            };
        };
        let base = configs.get(kind).unwrap_or(&entry.defaults);
        let (store, router) = (&*self.store, &*self.router);
        let agent = (kind, entry);
        for request in configuration::reconfigure(agent, base, overlay, models, store, router)? {
            self.committer.commit(request).await?;
        }
        Ok(())
    }

    /// The state of `key` in agent `kind` as JSON; `None` when there is none.
    ///
    /// # Errors
    /// Why it cannot be had, in words.
    pub async fn inspect(
        &self,
        kind: &str,
        key: &str,
    ) -> Result<Option<serde_json::Value>, String> {
        let entry = self.agents.catalog.get(kind).ok_or_else(|| {
            let known: Vec<&str> = self.agents.catalog.iter().map(|(kind, _)| kind).collect();
            format!("no agent is named `{kind}`; there are {}", known.join(", "))
        })?;
        let partition = self.router.partition(entry.contract.stream, key).index;
        self.fleet.inspect(HostId { kind: kind.to_owned(), partition }, key).await
    }

    /// The bus as `principal` has it: what it says and reads is checked.
    #[must_use]
    pub fn session(&self, principal: Principal) -> Session {
        Session::new(principal, self.bus.clone(), self.committer.clone())
    }

    /// The bus as the runtime itself has it: what is appended is taken as it is.
    #[must_use]
    pub fn bus(&self) -> &Embedded {
        &self.bus
    }

    /// The store, for reading.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The committer.
    #[must_use]
    pub fn committer(&self) -> &Committer {
        &self.committer
    }

    /// The routes.
    #[must_use]
    pub fn router(&self) -> &Arc<Router> {
        &self.router
    }

    /// Who runs and how it fares.
    #[must_use]
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Its part in a shared log, if the log is shared.
    #[must_use]
    pub fn shared(&self) -> Option<&Shared> {
        self.shared.as_ref()
    }

    /// The agents.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.agents.catalog
    }
}

/// Takes part in a shared log if `options` say so; gives what is to be committed first.
fn join(
    options: Option<shared::Options>,
    catalog: &Catalog,
    performs: bool,
    router: &Router,
    store: &dyn Store,
) -> Result<(Option<Shared>, Vec<Change>), StartError> {
    let Some(options) = options else {
        return match shared::process_of(store)? {
            Some(process) => Err(OwnershipError::SharedLog { process }.into()),
            None => Ok((None, Vec::new())),
        };
    };
    let hosts = catalog.hosts(router).map(|(host, _, entry)| {
        let assesses = entry.contract.publishes.values().any(|class| *class == Class::Health);
        (host, assesses)
    });
    let ledger = performs.then(|| (running::id(), false));
    let (shared, changes) = shared::join(options, hosts.chain(ledger), store)??;
    Ok((Some(shared), changes))
}

/// The host that decides who is contained; there is one at most.
fn container(catalog: &Catalog) -> Option<HostId> {
    let mut contracts = catalog.contracts();
    let found = contracts.find(|it| it.publishes.contains_key(PrincipalContained::NAME))?;
    Some(HostId { kind: found.kind.clone(), partition: 0 })
}

fn reads_telemetry(catalog: &Catalog) -> bool {
    catalog.iter().any(|(_, entry)| entry.contract.stream == Stream::Telemetry)
}

/// Stored value that names the number of partitions.
const PARTITIONS: &str = "partitions";

/// Partitions that `store` was made with; 0 when it does not say so readably, `None` when it is new.
///
/// # Errors
/// [`StoreError`] when the store failed.
pub fn partitions_of(store: &dyn Store) -> Result<Option<u16>, StoreError> {
    let bytes = store.blob(PARTITIONS)?;
    Ok(bytes.map(|bytes| bytes.try_into().map_or(0, u16::from_le_bytes)))
}

fn check_partitions(store: &dyn Store, asked: NonZeroU16) -> Result<(), StartError> {
    let Some(found) = partitions_of(store)? else { return Ok(()) };
    if found == asked.get() {
        Ok(())
    } else {
        Err(StartError::Partitions { found, asked: asked.get() })
    }
}
