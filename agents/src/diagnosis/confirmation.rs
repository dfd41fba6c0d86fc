//! Lets the trend of one sensor alone wait until that sensor has been compared with its peer.
//!
//! A drifting sensor and a failing component look alike until the asset rests. Waiting costs at most
//! [`Config::confirmation_max`](super::Config), so it is done only where that is harmless and of use: what is graver than
//! HIGH does not wait, nor does what a trouble code or a supporting channel speaks for, nor a component of which a
//! prediction stands, nor an asset whose sensor was not compared within that time before.

use messages::Timestamp;
use messages::health::HealthAssessed;
use messages::prediction::Severity;
use messages::profile::Profile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Share of the allowed difference within which a comparison confirms what the sensor says: of one that is farther off
/// it is not known yet whether it drifts.
const CONFIRMING_SHARE: f64 = 0.5;

/// What is known of sensors that have peers, by channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Confirmations {
    by_channel: BTreeMap<String, Confirmation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Confirmation {
    /// When it was last compared.
    compared_at: Timestamp,
    /// When it was last found to agree with its peer.
    confirmed_at: Option<Timestamp>,
    /// Since when its trend alone has said that a component fails.
    claimed_since: Option<Timestamp>,
}

impl Confirmations {
    /// Takes in the comparisons of a window.
    pub(super) fn note(&mut self, profile: &Profile, assessed: &HealthAssessed) {
        let compared_at = assessed.window_end;
        for comparison in &assessed.comparisons {
            let Some(index) = profile.channel_named(&comparison.channel) else { continue };
            let Some(peer) = &profile.channels[index].peer else { continue };
            let confirms = comparison.difference().abs() <= CONFIRMING_SHARE * peer.within.get();
            let known = self.by_channel.entry(comparison.channel.clone()).or_insert(Confirmation {
                compared_at,
                confirmed_at: None,
                claimed_since: None,
            });
            known.compared_at = compared_at;
            if confirms {
                known.confirmed_at = Some(compared_at);
            }
        }
    }

    /// Whether what the trend of `channel` alone says in the window that ends at `at` has to wait.
    pub(super) fn must_wait(
        &mut self,
        channel: &str,
        severity: Severity,
        at: Timestamp,
        wait_max: Duration,
    ) -> bool {
        let Some(known) = self.by_channel.get_mut(channel) else { return false };
        let Some(since) = known.claimed_since else {
            let is_expected = known.compared_at.saturating_add(wait_max) >= at;
            let waits = is_expected && (Severity::Medium..Severity::Critical).contains(&severity);
            known.claimed_since = waits.then_some(at);
            return waits;
        };
        let is_over = known.confirmed_at.is_some_and(|confirmed_at| confirmed_at > since)
            || since.saturating_add(wait_max) <= at;
        if is_over && severity < Severity::Medium {
            // The next claim is another one.
            known.claimed_since = None;
        }
        !is_over && severity < Severity::Critical
    }
}
