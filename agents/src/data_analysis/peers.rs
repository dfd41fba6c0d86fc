//! Compares sensors with their peers when both measure the same, and says which one has drifted, once.

use super::window::Told;
use super::{Analyser, DataAnalysis, State};
use messages::Timestamp;
use messages::health::Comparison;
use messages::profile::Peer;
use messages::unit::Unit;
use models::sensor::{Drift, Fault};
use runtime::Ctx;
use serde::{Deserialize, Serialize};

/// What comparisons of one channel's sensor have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Compared {
    channel: u16,
    drift: Drift,
}

impl State {
    /// Judges the sensors that were compared in the window that ends at `end`.
    pub(super) fn test_peers(
        &mut self,
        analyser: &Analyser,
        comparisons: &[Comparison],
        end: Timestamp,
        ctx: &mut Ctx<'_, DataAnalysis>,
    ) {
        for comparison in comparisons {
            let Some(index) = analyser.profile.channel_named(&comparison.channel) else { continue };
            let Some(peer) = &analyser.profile.channels[index].peer else { continue };
            let drift = self.drift_of(index);
            if let Some(is_raised) = drift.compare(comparison.difference(), peer.within.get()) {
                let detail = detail(analyser.units[index], peer, comparison);
                let told = Told { index, fault: Fault::Drift, is_raised, detail };
                self.tell_fault(analyser, told, end, ctx);
            }
        }
    }

    fn drift_of(&mut self, index: usize) -> &mut Drift {
        let channel = u16::try_from(index).unwrap_or(u16::MAX);
        let place = match self.compared.iter().position(|known| known.channel == channel) {
            Some(place) => place,
            None => {
                self.compared.push(Compared { channel, drift: Drift::default() });
                self.compared.len() - 1
            }
        };
        &mut self.compared[place].drift
    }
}

/// What was seen, for people.
fn detail(unit: Unit, peer: &Peer, comparison: &Comparison) -> String {
    let Comparison { value, peer_value, .. } = comparison;
    let settled = match (&peer.settle, peer.states.join(" or ")) {
        (Some(settle), states) => format!(" after {settle} {states}"),
        (None, states) if states.is_empty() => String::new(),
        (None, states) => format!(" while {states}"),
    };
    format!(
        "reads {value} where `{}` reads {peer_value}{settled}: {:.1} {} apart, at most {} is sound",
        peer.channel,
        comparison.difference().abs(),
        unit.symbol(),
        peer.within,
    )
}

#[cfg(test)]
mod tests;
