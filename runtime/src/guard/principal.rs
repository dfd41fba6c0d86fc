//! Who holds a session on the bus, and what it may say and read there.

use super::Denied;
use crate::control::ConfigApplied;
use crate::store::Partition;
use crate::wiring::Contract;
use messages::dead::DeadLettered;
use messages::effect::{EffectAttempted, EffectConcluded};
use messages::guard::{
    AccessDenied, Action, ActivityMeasured, AuditRecorded, PrincipalContained, PrincipalReleased,
    Refusal,
};
use messages::telemetry::Telemetry;
use messages::{Class, Envelope, Message, Stream, catalogue};
use std::collections::BTreeMap;

/// Name of people and programs that come through the facade.
pub const FACADE: &str = "facade";
/// Name under which the guard itself speaks.
pub const GUARD: &str = "guard";
/// Name under which the runtime speaks.
const RUNTIME: &str = "runtime";
/// What names of devices begin with.
const DEVICE: &str = "device/";

/// Messages that the runtime says by itself, whatever a contract declares.
const RESERVED: [&str; 5] = [
    AccessDenied::NAME,
    ActivityMeasured::NAME,
    AuditRecorded::NAME,
    ConfigApplied::NAME,
    DeadLettered::NAME,
];

/// Whoever holds a session. Its name is the `source` of what it says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal {
    name: String,
    role: Role,
}

/// What kind of rights a principal has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// Those of its wiring.
    Agent,
    /// To send what its own asset measures.
    Device { asset: String },
    /// To say what people may say.
    Facade,
    /// To say what came of effects.
    Effects,
    /// Everything, in anybody's name: the world outside as a simulator, a replay or a test plays it.
    Outside,
}

impl Principal {
    /// The principal called `name`, as people write it: an agent's kind, `device/<fleet>/<asset>`, `facade` or `effects`.
    /// One that nobody knows may do nothing.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let role = match name {
            FACADE => Role::Facade,
            crate::effects::SOURCE => Role::Effects,
            _ => match name.strip_prefix(DEVICE).and_then(|device| device.split_once('/')) {
                Some((_, asset)) => Role::Device { asset: asset.to_owned() },
                None => Role::Agent,
            },
        };
        Self { name: name.to_owned(), role }
    }

    /// The device of `asset` in `fleet`.
    #[must_use]
    pub fn device(fleet: &str, asset: &str) -> Self {
        let role = Role::Device { asset: asset.to_owned() };
        Self { name: format!("{DEVICE}{fleet}/{asset}"), role }
    }

    /// People and programs that come through the facade.
    #[must_use]
    pub fn facade() -> Self {
        Self { name: FACADE.to_owned(), role: Role::Facade }
    }

    /// The ledger of effects.
    #[must_use]
    pub(crate) fn effects() -> Self {
        Self { name: crate::effects::SOURCE.to_owned(), role: Role::Effects }
    }

    /// The world outside as `name` plays it: it may say everything, as everybody.
    #[must_use]
    pub fn outside(name: &str) -> Self {
        Self { name: name.to_owned(), role: Role::Outside }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a device.
    #[must_use]
    pub fn is_device(&self) -> bool {
        matches!(self.role, Role::Device { .. })
    }

    /// Whether it is people.
    pub(super) fn is_people(&self) -> bool {
        self.role == Role::Facade
    }

    /// Whether it says everything in anybody's name.
    pub(super) fn is_outside(&self) -> bool {
        self.role == Role::Outside
    }
}

/// Whether `name` may be contained: whoever keeps the others in order may not.
#[must_use]
pub fn is_containable(name: &str) -> bool {
    ![GUARD, RUNTIME, crate::effects::SOURCE].contains(&name)
}

/// What everybody may do.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    contracts: BTreeMap<String, Contract>,
}

impl Rights {
    pub(super) fn new(contracts: BTreeMap<String, Contract>) -> Self {
        Self { contracts }
    }

    /// Whether anybody hears `name`.
    pub(super) fn is_heard(&self, name: &str) -> bool {
        self.contracts.values().any(|contract| contract.hears.contains_key(name))
    }

    /// Whether a principal called `name` has rights of its own.
    pub(super) fn has_session(&self, name: &str) -> bool {
        let role = Principal::named(name).role;
        self.contracts.contains_key(name) || matches!(role, Role::Device { .. } | Role::Facade)
    }

    /// Whether the host of `kind` may say `said`; a kind without a contract has no host in a deployment.
    pub(super) fn output(&self, kind: &str, said: &Envelope) -> Option<Refusal> {
        let contract = self.contracts.get(kind)?;
        let declared = said.name == DeadLettered::NAME
            || said.class == Class::Timer
            || contract.publishes.contains_key(&said.name);
        if said.source != kind {
            return Some(Refusal::NotYours);
        }
        (!declared).then_some(Refusal::NotDeclared)
    }

    /// Whether `principal` may have `said` appended through a session.
    pub(super) fn publish(&self, principal: &Principal, said: &Envelope) -> Option<Refusal> {
        match &principal.role {
            Role::Outside => None,
            Role::Agent => self.by_agent(principal, said),
            Role::Device { asset } => by_device(principal, asset, said),
            Role::Facade => by_facade(said),
            Role::Effects => by_effects(principal, said),
        }
    }

    fn by_agent(&self, principal: &Principal, said: &Envelope) -> Option<Refusal> {
        let Some(contract) = self.contracts.get(&principal.name) else {
            return Some(Refusal::UnknownPrincipal);
        };
        if said.source != principal.name || said.origin.is_some() || said.addressed_to.is_some() {
            return Some(Refusal::NotYours);
        }
        let reserved = RESERVED.contains(&said.name.as_str());
        let declared = contract.publishes.get(&said.name) == Some(&said.class) && !reserved;
        (!declared).then_some(Refusal::NotDeclared)
    }

    /// Whether `principal` may read `what`: a stream or a message, by its name.
    pub(super) fn read(&self, principal: &Principal, what: &str) -> Option<Refusal> {
        let allowed = match &principal.role {
            Role::Outside => true,
            Role::Facade => what != Stream::Audit.name(),
            Role::Device { .. } => false,
            Role::Effects => what == Stream::Log.name(),
            Role::Agent => match self.contracts.get(&principal.name) {
                None => return Some(Refusal::UnknownPrincipal),
                Some(contract) => {
                    what == contract.stream.name() || contract.hears.contains_key(what)
                }
            },
        };
        (!allowed).then_some(Refusal::NotDeclared)
    }

    /// Whether a session of `principal` is handed `heard`: an agent, only what it declared.
    pub(crate) fn hands_over(&self, principal: &Principal, heard: &Envelope) -> bool {
        match &principal.role {
            Role::Agent => self.contracts.get(&principal.name).is_some_and(|contract| {
                let addressee = heard.addressed_to.as_deref();
                contract.hears.contains_key(&heard.name)
                    && addressee.is_none_or(|kind| kind == principal.name)
            }),
            _ => true,
        }
    }
}

fn by_device(principal: &Principal, asset: &str, said: &Envelope) -> Option<Refusal> {
    if said.name != Telemetry::NAME || said.class != Telemetry::CLASS {
        return Some(Refusal::NotDeclared);
    }
    let own =
        said.source == principal.name && said.key == asset && speaks_of(&principal.name, said);
    let posed = said.addressed_to.is_some() || said.origin.is_some();
    (!own || posed).then_some(Refusal::NotYours)
}

/// Whether the frame itself names `device`: readers go by that. One that nobody can read says nothing of anybody.
fn speaks_of(device: &str, said: &Envelope) -> bool {
    let Some((fleet, asset)) = Telemetry::sender(said.encoding, &said.data) else { return true };
    device.strip_prefix(DEVICE).and_then(|name| name.split_once('/')) == Some((&*fleet, &*asset))
}

/// People speak in their own name; what they release or replay keeps the name of who said it first.
fn by_facade(said: &Envelope) -> Option<Refusal> {
    let again = said.causation_id.is_some()
        && (said.addressed_to.is_some() || said.class == Class::Telemetry);
    if again {
        return None;
    }
    if said.source != FACADE {
        return Some(Refusal::NotYours);
    }
    let reserved = RESERVED.contains(&said.name.as_str());
    let machine = matches!(said.class, Class::Timer | Class::Effect | Class::Health);
    (reserved || machine).then_some(Refusal::NotDeclared)
}

fn by_effects(principal: &Principal, said: &Envelope) -> Option<Refusal> {
    if said.source != principal.name {
        return Some(Refusal::NotYours);
    }
    let own = [EffectAttempted::NAME, EffectConcluded::NAME];
    (!own.contains(&said.name.as_str())).then_some(Refusal::NotDeclared)
}

/// Whether saying `said` changes who is contained.
pub(crate) fn contains_or_releases(said: &Envelope) -> bool {
    said.name == PrincipalContained::NAME || said.name == PrincipalReleased::NAME
}

/// What saying `said` is called.
pub(super) fn action(said: &Envelope) -> Action {
    if said.class == Class::Command { Action::Ask } else { Action::Publish }
}

/// The refusal of `said` to `principal`.
pub(super) fn refused(principal: &str, said: &Envelope, reason: Refusal) -> Denied {
    Denied {
        principal: principal.to_owned(),
        action: action(said),
        what: said.name.clone(),
        reason,
        key: Some(said.key.clone()),
        claimed: (said.source != principal).then(|| said.source.clone()),
        example: Some(said.id),
        retry_at: None,
    }
}

/// The stream that holds `what`: a stream or a message, by its name.
#[must_use]
pub fn stream_of(what: &str) -> Option<Stream> {
    if what == DeadLettered::NAME {
        return Some(Partition::DEAD.stream);
    }
    Stream::from_name(what).or_else(|| catalogue::find(what).map(|entry| entry.class.stream()))
}
