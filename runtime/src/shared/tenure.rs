//! Which hosts a process may run, of those that several processes could.

use crate::store::HostId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Who may run here, and under which epoch. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tenures {
    /// `None` where nobody else could run anything.
    granted: Option<Arc<watch::Sender<BTreeMap<HostId, u64>>>>,
    /// Why hosts cannot run here that should.
    refused: Arc<Mutex<BTreeMap<HostId, String>>>,
}

impl Tenures {
    /// Nobody may run yet.
    #[must_use]
    pub fn none() -> Self {
        let granted = Some(Arc::new(watch::Sender::new(BTreeMap::new())));
        Self { granted, refused: Arc::default() }
    }

    /// `host` may run, under `epoch`, until that ends.
    pub fn grant(&self, host: &HostId, epoch: u64) {
        self.refuse(host, None);
        if let Some(granted) = &self.granted {
            granted.send_modify(|granted| {
                granted.insert(host.clone(), epoch);
            });
        }
    }

    /// `host` may not run any more.
    pub fn end(&self, host: &HostId) {
        if let Some(granted) = &self.granted {
            granted.send_if_modified(|granted| granted.remove(host).is_some());
        }
    }

    /// `host` cannot run here, for a `reason`; or there is none but that another process runs it.
    pub fn refuse(&self, host: &HostId, reason: Option<String>) {
        // Only whole values are ever put in.
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match reason {
            Some(reason) => refused.insert(host.clone(), reason),
            None => refused.remove(host),
        };
    }

    /// Why `host` cannot run here, if another process is not the reason.
    #[must_use]
    pub fn refusal(&self, host: &HostId) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned()
    }

    /// The epoch under which `host` may run now; `None` when it may not.
    #[must_use]
    pub fn epoch(&self, host: &HostId) -> Option<u64> {
        match &self.granted {
            Some(granted) => granted.borrow().get(host).copied(),
            None => Some(0),
        }
    }

    /// Waits until `host` may run; gives the epoch.
    pub(crate) async fn granted(&self, host: &HostId) -> u64 {
        let Some(granted) = &self.granted else { return 0 };
        let mut granted = granted.subscribe();
        // The sender is held here, so there is an end to the wait only when it is granted.
        let epoch = granted.wait_for(|granted| granted.contains_key(host)).await;
        match epoch.ok().and_then(|granted| granted.get(host).copied()) {
            Some(epoch) => epoch,
            None => std::future::pending().await,
        }
    }

    /// Waits until `host` may not run under `epoch` any more.
    pub(crate) async fn ended(&self, host: &HostId, epoch: u64) {
        let Some(granted) = &self.granted else { return std::future::pending().await };
        let mut granted = granted.subscribe();
        if granted.wait_for(|granted| granted.get(host) != Some(&epoch)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nobody_else_could_run_anything_everything_may() {
        let host = HostId { kind: "master".to_owned(), partition: 0 };
        assert_eq!(Tenures::default().epoch(&host), Some(0));
        let shared = Tenures::none();
        assert_eq!(shared.epoch(&host), None);
        shared.grant(&host, 7);
        assert_eq!(shared.epoch(&host), Some(7));
        shared.end(&host);
        assert_eq!(shared.epoch(&host), None);
    }
}
