//! Registers everybody before a story begins: vehicles, owners with their consent, centres, parts.

use super::{Stage, StageError};
use messages::centre::PartStocked;
use messages::consent::ConsentChanged;
use messages::registry::OwnerRegistered;
use messages::sealed::{KEY_BYTES, Key, Keyring, NONCE_BYTES, Sealed};
use messages::{MessageId, Timestamp};
use runtime::committer::Entry;
use simulator::fleet::Owner;
use std::collections::BTreeSet;

/// How many of each part a centre has when a story begins.
const PARTS_IN_STOCK: u32 = 50;

impl Stage {
    pub(super) fn found(&mut self, network: &str) -> Result<(), StageError> {
        let Some(fleet) = &self.fleet else { return Ok(()) };
        let (owners, assets) = (fleet.owners(), fleet.registrations());
        self.centres = fleet.centres(network);
        let mut entries = Vec::new();
        for owner in &owners {
            let (registered, consent) = self.owner(owner)?;
            entries.push(self.entry(&registered)?);
            entries.push(self.entry(&consent)?);
        }
        for asset in &assets {
            entries.push(self.entry(asset)?);
        }
        for centre in self.centres.clone() {
            entries.push(self.entry(&centre)?);
            let parts: BTreeSet<&String> =
                centre.technicians.iter().flat_map(|technician| &technician.skills).collect();
            for part in parts {
                let stocked = PartStocked {
                    network: network.to_owned(),
                    centre: centre.centre.clone(),
                    part: part.clone(),
                    quantity: PARTS_IN_STOCK,
                    available_at: Timestamp::EPOCH,
                };
                entries.push(self.entry(&stocked)?);
            }
        }
        self.append_in_parts(entries)?;
        self.settle()
    }

    fn append_in_parts(&mut self, entries: Vec<Entry>) -> Result<(), StageError> {
        for part in entries.chunks(ENTRIES_AT_ONCE) {
            self.conductor.append(part.to_vec())?;
        }
        Ok(())
    }

    fn owner(&self, owner: &Owner) -> Result<(OwnerRegistered, ConsentChanged), StageError> {
        let keyring = self.keyring(&owner.id)?;
        let mut sealed = 0;
        let mut seal = |text: &String| {
            sealed += 1;
            let nonce: [u8; NONCE_BYTES] =
                bytes(self.seed, &format!("nonce/{}/{sealed}", owner.id));
            Sealed::seal(text, &owner.id, nonce, &keyring).map_err(StageError::impossible)
        };
        let registered = OwnerRegistered {
            owner: owner.id.clone(),
            name: seal(&owner.name)?,
            phone: Some(seal(&owner.phone)?),
            email: Some(seal(&owner.email)?),
            zone: owner.zone.clone(),
            language: owner.language.clone(),
        };
        let consent = ConsentChanged {
            owner: owner.id.clone(),
            granted: owner.consent.clone(),
            revoked: Vec::new(),
            reason: "agreed when the vehicle was handed over".to_owned(),
        };
        Ok((registered, consent))
    }

    /// The key of an owner that nobody is.
    fn keyring(&self, owner: &str) -> Result<Keyring, StageError> {
        let mut keyring = Keyring::default();
        let key: [u8; KEY_BYTES] = bytes(self.seed, &format!("key/{owner}"));
        keyring.insert(owner, Key::new(key)).map_err(StageError::impossible)?;
        Ok(keyring)
    }
}

/// Registrations in one commit.
const ENTRIES_AT_ONCE: usize = 500;

/// Bytes that seed and name decide.
fn bytes<const N: usize>(seed: u64, name: &str) -> [u8; N] {
    let parts = (0..N.div_ceil(16)).flat_map(|part| {
        MessageId::named("scenario.secret", &format!("{seed}/{name}/{part}")).0.into_bytes()
    });
    let bytes: Vec<u8> = parts.take(N).collect();
    bytes.try_into().expect("as many bytes were taken")
}
