//! Says where the agents are that do not work in this process.

use super::{Context, pause};
use crate::lease::Leases;
use runtime::board::HostState;
use runtime::store::HostId;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at who runs what.
pub const WHEREABOUTS_INTERVAL: Duration = Duration::from_secs(2);

/// Looks who runs the agents that this process does not.
pub(super) struct Whereabouts {
    context: Arc<Context>,
    leases: Leases,
    kinds: Vec<String>,
}

impl Whereabouts {
    pub(super) fn new(context: Arc<Context>, leases: Leases, kinds: Vec<String>) -> Self {
        Self { context, leases, kinds }
    }

    pub(super) async fn run(self) {
        loop {
            for kind in &self.kinds {
                let state = match self.leases.holders(&format!("host.{kind}")).await {
                    Ok(holders) if holders.is_empty() => HostState::Nowhere,
                    Ok(_) => HostState::Elsewhere,
                    Err(trouble) => {
                        tracing::debug!(kind, %trouble, "nobody says who runs it");
                        continue;
                    }
                };
                let id = HostId { kind: kind.clone(), partition: 0 };
                self.context.board.note(&id, state, None);
            }
            pause(WHEREABOUTS_INTERVAL).await;
        }
    }
}
