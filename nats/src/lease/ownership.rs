//! One process's part in sharing the partitions of a kind: it says that it lives, sees who else does, and holds leases.

use super::assign::assign;
use super::{Lease, LeaseError, Leases};
use messages::subject;
use std::collections::BTreeMap;
use std::num::NonZeroU16;

/// A process that hosts partitions of one kind. Call [`Ownership::round`] again and again, a few times within the time
/// of a lease.
#[derive(Debug)]
pub struct Ownership {
    leases: Leases,
    kind: String,
    partitions: NonZeroU16,
    /// That it lives.
    member: Option<Lease>,
    held: BTreeMap<u16, Lease>,
    /// Partitions that a round has said it gained, with the epoch of each.
    told: BTreeMap<u16, u64>,
}

/// What one round brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Partitions that are its own from now on, with the epoch of each.
    pub gained: Vec<(u16, u64)>,
    /// Partitions that are its own no more: whatever hosts them must have stopped already, for it asks its lease.
    pub lost: Vec<u16>,
    /// Partitions that others shall have: stop what hosts them, then [`Ownership::release`] them.
    pub surplus: Vec<u16>,
}

impl Ownership {
    /// A process that is to host partitions of `kind`; it holds none before the first round.
    #[must_use]
    pub fn new(leases: Leases, kind: impl Into<String>, partitions: NonZeroU16) -> Self {
        Self {
            leases,
            kind: kind.into(),
            partitions,
            member: None,
            held: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// The lease of `partition`, while it is held.
    #[must_use]
    pub fn lease(&self, partition: u16) -> Option<&Lease> {
        self.held.get(&partition).filter(|lease| lease.is_held())
    }

    /// Partitions that are surely held.
    #[must_use]
    pub fn held(&self) -> Vec<u16> {
        let held = self.held.iter().filter(|(_, lease)| lease.is_held());
        held.map(|(partition, _)| *partition).collect()
    }

    /// Renews what is due, takes what is its own and free, and says what is not its own any more.
    ///
    /// # Errors
    /// [`LeaseError`] when the server does not say who lives; what is held lasts as long as it did, and what has been
    /// gained or lost by then is said by the next round.
    pub async fn round(&mut self) -> Result<Round, LeaseError> {
        self.renew().await;
        self.live().await?;
        let owners = self.owners().await?;
        let members = self.leases.holders(&format!("member.{}", self.kind)).await?;
        let members = members.into_iter().map(|(_, process)| process).collect();
        let mine = assign(self.partitions, &members, &owners);
        let is_mine =
            |partition: &u16| mine.get(partition).is_some_and(|it| it == self.leases.process());
        let surplus = self.held.keys().copied().filter(|it| !is_mine(it)).collect();
        let free = (0..self.partitions.get()).filter(|it| !owners.contains_key(it));
        for partition in free.filter(is_mine).collect::<Vec<u16>>() {
            if self.held.contains_key(&partition) {
                continue;
            }
            if let Some(lease) = self.leases.acquire(&self.key(partition)).await? {
                self.held.insert(partition, lease);
            }
        }
        Ok(self.say(surplus))
    }

    /// What has changed since the last round that was told.
    fn say(&mut self, surplus: Vec<u16>) -> Round {
        let held: BTreeMap<u16, u64> =
            self.held.iter().map(|(partition, lease)| (*partition, lease.epoch())).collect();
        let told = std::mem::replace(&mut self.told, held.clone());
        // One that was lost and taken again is both.
        let lost = told.iter().filter(|(it, epoch)| held.get(it) != Some(epoch));
        let lost = lost.map(|(partition, _)| *partition).collect();
        let gained = held.into_iter().filter(|(it, epoch)| told.get(it) != Some(epoch)).collect();
        Round { gained, lost, surplus }
    }

    /// Gives `partition` back, so that another can have it at once.
    ///
    /// # Errors
    /// [`LeaseError`]; it then expires by itself.
    pub async fn release(&mut self, partition: u16) -> Result<(), LeaseError> {
        self.told.remove(&partition);
        match self.held.remove(&partition) {
            Some(lease) => lease.release().await,
            None => Ok(()),
        }
    }

    /// Gives everything back and is not there any more.
    ///
    /// # Errors
    /// The first [`LeaseError`]; the rest is given back all the same.
    pub async fn leave(mut self) -> Result<(), LeaseError> {
        let mut result = Ok(());
        for lease in std::mem::take(&mut self.held).into_values().chain(self.member.take()) {
            let released = lease.release().await;
            result = result.and(released);
        }
        result
    }

    async fn renew(&mut self) {
        let mut lost = Vec::new();
        for (partition, lease) in &mut self.held {
            let renewed = if lease.is_due() { lease.renew().await } else { Ok(()) };
            match renewed {
                Ok(()) => {}
                Err(LeaseError::Lost { .. }) => lost.push(*partition),
                Err(trouble) => tracing::warn!(%trouble, "a lease is not renewed yet"),
            }
        }
        for partition in &lost {
            self.held.remove(partition);
        }
    }

    /// Says that it lives.
    async fn live(&mut self) -> Result<(), LeaseError> {
        if let Some(member) = &mut self.member {
            match if member.is_due() { member.renew().await } else { Ok(()) } {
                Err(LeaseError::Lost { .. }) => self.member = None,
                renewed => return renewed,
            }
        }
        let process = self.leases.process();
        let token = subject::escape(process).map_err(|error| LeaseError::Refused {
            key: process.to_owned(),
            reason: error.to_string(),
        })?;
        self.member = self.leases.acquire(&format!("member.{}.{token}", self.kind)).await?;
        Ok(())
    }

    /// Who owns what.
    async fn owners(&self) -> Result<BTreeMap<u16, String>, LeaseError> {
        let holders = self.leases.holders(&format!("host.{}", self.kind)).await?;
        let numbered = |(token, process): (String, String)| Some((token.parse().ok()?, process));
        Ok(holders.into_iter().filter_map(numbered).collect())
    }

    fn key(&self, partition: u16) -> String {
        format!("host.{}.{partition}", self.kind)
    }
}
