//! Takes connections: not more than it can hold, not longer than they speak, and none from afar.
//!
//! warp's own server sets no read timeout and takes any number of connections, so its filters are
//! served by hyper directly.

use crate::door::{self, Door};
use crate::facade::Facade;
use crate::guard::Guard;
use crate::slow::Patient;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use runtime::store::Partition;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use warp::hyper::server::conn::http1;

/// Connections at a time; further ones wait in the system's own queue.
pub(crate) const CONNECTIONS_MAX: usize = 4_096;
/// Bytes of a request's line and headers.
pub(crate) const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Longest time that requests under way are waited for at the end.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Least time between two times at which followers are told of what is new.
pub(crate) const FOLLOW_INTERVAL: Duration = Duration::from_millis(50);
/// Time between two times at which the history is read on, whoever asks or not.
pub(crate) const KEEP_INTERVAL: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection, for want of file handles for instance.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why an address cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Someone else serves there.
    #[error("`{address}` is in use by another process; stop it or give another address")]
    Busy {
        /// The address.
        address: SocketAddr,
    },
    /// There is no login, so nobody else may reach it.
    #[error(
        "`{address}` can be reached from other machines, but nobody would have to log in; use 127.0.0.1"
    )]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The operating system refused.
    #[error("`{address}` cannot be served: {source}")]
    Io {
        /// The address.
        address: SocketAddr,
        /// What it said.
        source: io::Error,
    },
}

/// A facade with an address, not yet serving.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    door: Door,
}

impl Facade {
    /// Takes `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// [`BindError`], which always names the address.
    pub async fn bind(self: &Arc<Self>, address: SocketAddr) -> Result<Bound, BindError> {
        if !address.ip().is_loopback() {
            return Err(BindError::NotLoopback { address });
        }
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Busy { address },
            _ => BindError::Io { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(|source| BindError::Io { address, source })?;
        let guard = Arc::new(Guard::new(address, &self.options.allowed_hosts));
        Ok(Bound { listener, address, door: Door { facade: self.clone(), guard } })
    }
}

impl Bound {
    /// Where it is served, with the port that was taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is done, then lets requests under way finish for `DRAIN_TIMEOUT`.
    ///
    /// Nothing of the deployment is held any more when it returns.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) {
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        let mut following = JoinSet::new();
        following.spawn(follow(self.door.facade.clone()));
        following.spawn(keep(self.door.facade.clone()));
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = accept(&self.listener, &slots) => accepted,
            };
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, peer, slot)) => {
                    let connection = serve(stream, peer, self.door.clone(), graceful.watcher());
                    connections.spawn(async move {
                        connection.await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not taken");
                    pause().await;
                }
            }
        }
        drop(self.listener);
        self.door.facade.stop_waiting();
        if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests still under way after {DRAIN_TIMEOUT:?} were cut off");
        }
        connections.shutdown().await;
        let ended = async { while following.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_TIMEOUT, ended).await.is_err() {
            tracing::warn!("history was not saved within {DRAIN_TIMEOUT:?}; it is read again");
            following.shutdown().await;
        }
    }
}

/// Keeps the history, and saves it at the end.
async fn keep(facade: Arc<Facade>) {
    let mut stopping = facade.stopping();
    while !*stopping.borrow_and_update() {
        facade.history.keep(&facade, false).await;
        if let Ok(Err(_)) = tokio::time::timeout(KEEP_INTERVAL, stopping.changed()).await {
            break;
        }
    }
    facade.history.keep(&facade, true).await;
}

/// Keeps the views at the log's head, whoever asks or not, and wakes those who follow.
async fn follow(facade: Arc<Facade>) {
    let mut stopping = facade.stopping();
    let Some(mut head) = facade.deployment.committer().watch_head(Partition::LOG) else { return };
    while !*stopping.borrow_and_update() {
        head.borrow_and_update();
        match facade.views.log().await {
            Ok(view) => drop(view),
            Err(problem) => tracing::error!(detail = %problem.detail, "the log was not read"),
        }
        facade.views.ring.publish();
        // What comes in quick succession is passed on together: a thousand followers are woken once.
        if tokio::time::timeout(FOLLOW_INTERVAL, stopping.changed()).await.is_ok() {
            return;
        }
        tokio::select! {
            biased;
            _ = stopping.changed() => {}
            moved = head.changed() => if moved.is_err() { return },
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the system does not say when it has handles again")]
async fn pause() {
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// The next connection, once there is room for it.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> io::Result<Accepted> {
    let slot = slots.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, slot))
}

/// Serves one connection until it ends.
async fn serve(stream: TcpStream, peer: SocketAddr, door: Door, watcher: Watcher) {
    let timeouts = door.facade.options.timeouts;
    let stream = Patient::new(stream, timeouts.write);
    let service = TowerToHyperService::new(warp::service(door::filter(door, peer)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.header)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
