//! Registers everybody before a story begins: vehicles, owners with their consent, centres, parts.

use super::{Stage, StageError};
use crate::language::Fleet as Described;
use messages::centre::PartStocked;
use messages::consent::{Channel, ConsentChanged};
use messages::registry::{AssetRegistered, OwnerRegistered};
use messages::sealed::{KEY_BYTES, Key, Keyring, NONCE_BYTES, Sealed};
use messages::{MessageId, Timestamp};
use runtime::committer::Entry;
use simulator::fleet::Owner;
use std::collections::{BTreeMap, BTreeSet};

/// How many of each part a centre has when a story begins.
const PARTS_IN_STOCK: u32 = 50;

impl Stage {
    pub(super) fn found(
        &mut self,
        network: &str,
        described: Option<&Described>,
    ) -> Result<(), StageError> {
        let Some(fleet) = &self.fleet else { return Ok(()) };
        let (owners, assets) = (fleet.owners(), fleet.registrations());
        self.centres = fleet.centres(network);
        let mut entries = Vec::new();
        let laid_down = described.map(|described| consents(described, &assets)).unwrap_or_default();
        for owner in &owners {
            let allowed = laid_down.get(owner.id.as_str()).copied().unwrap_or(&owner.consent);
            let (registered, consent) = self.owner(owner, allowed)?;
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

    fn owner(
        &self,
        owner: &Owner,
        allowed: &[Channel],
    ) -> Result<(OwnerRegistered, ConsentChanged), StageError> {
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
            granted: allowed.to_vec(),
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

/// What the script says that owners allow, by owner.
fn consents<'d>(
    described: &'d Described,
    assets: &'d [AssetRegistered],
) -> BTreeMap<&'d str, &'d [Channel]> {
    let said = described.assets.iter().filter_map(|it| Some((&it.asset, it.consent.as_deref()?)));
    said.filter_map(|(asset, allowed)| {
        let registered = assets.iter().find(|registered| registered.asset == *asset)?;
        Some((registered.owner.as_deref()?, allowed))
    })
    .collect()
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
