//! How long something may stand still before that is strange: learned from how long it usually does.

use serde::{Deserialize, Serialize};

/// Bounds of what is believed of a stand. All but `factor` in the exposures that are counted (windows, changes
/// of state).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandLimits {
    /// Exposures after which only what was seen counts.
    pub learn: u32,
    /// Longest stand that is taken for granted before anything was seen; fades until `learn`.
    pub prior: u32,
    /// A stand is strange when it is this many times the longest that was seen.
    pub factor: u32,
    /// No shorter stand is strange.
    pub min: u32,
    /// Every longer stand is strange, whatever was seen: the bound on how late a fault is found.
    pub max: u32,
}

/// A stand that goes on, and the longest that ended. 12 bytes.
///
/// Stands end by chance, so their lengths have an exponential tail: among n of them of mean m the longest is
/// about m ln n, and one of three times that length has a probability of n⁻³.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stand {
    current: u32,
    longest: u32,
    exposures: u32,
}

impl Stand {
    /// One more moment at which a change could have been, `stood` if there was none.
    pub(super) fn expose(&mut self, stood: bool) {
        self.exposures = self.exposures.saturating_add(1);
        if stood {
            self.current = self.current.saturating_add(1);
        }
    }

    /// A change: the stand is over, and usual if `learn`.
    pub(super) fn end(&mut self, learn: bool) {
        if learn {
            self.longest = self.longest.max(self.current);
        }
        self.current = 0;
    }

    /// Whether the stand that goes on is strange.
    pub(super) fn is_beyond(&self, limits: &StandLimits) -> bool {
        self.current > self.limit(limits)
    }

    pub(super) fn limit(&self, limits: &StandLimits) -> u32 {
        let unseen = limits.learn.saturating_sub(self.exposures);
        let prior = u64::from(limits.prior) * u64::from(unseen) / u64::from(limits.learn.max(1));
        let usual = u64::from(self.longest).max(prior);
        let limit = usual.saturating_mul(limits.factor.into()).min(limits.max.into());
        u32::try_from(limit).unwrap_or(limits.max).max(limits.min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: StandLimits = StandLimits { learn: 100, prior: 30, factor: 3, min: 5, max: 240 };

    #[test]
    fn the_limit_goes_from_the_prior_to_what_was_seen() {
        let mut stand = Stand::default();
        assert_eq!(stand.limit(&LIMITS), 90);
        (0..50).for_each(|_| stand.expose(false));
        assert_eq!(stand.limit(&LIMITS), 45);
        (0..50).for_each(|_| stand.expose(false));
        assert_eq!(stand.limit(&LIMITS), 5);
        (0..20).for_each(|_| stand.expose(true));
        assert_eq!(stand.limit(&LIMITS), 5, "a stand that goes on is not yet usual");
        stand.end(true);
        assert_eq!(stand.limit(&LIMITS), 60);
    }

    #[test]
    fn a_stand_during_a_fault_is_not_learned() {
        let mut stand = Stand { exposures: 100, ..Stand::default() };
        (0..20).for_each(|_| stand.expose(true));
        stand.end(false);
        assert_eq!(stand, Stand { current: 0, longest: 0, exposures: 120 });
    }

    proptest! {
        #[test]
        fn no_stand_is_strange_below_min_and_none_is_usual_above_max(
            lengths in prop::collection::vec(0_u32..500, 0..50),
        ) {
            let mut stand = Stand::default();
            for length in lengths {
                for at in 1..=length {
                    stand.expose(true);
                    prop_assert!(at > LIMITS.min || !stand.is_beyond(&LIMITS));
                    prop_assert!(at <= LIMITS.max || stand.is_beyond(&LIMITS));
                }
                stand.end(true);
            }
        }
    }
}
