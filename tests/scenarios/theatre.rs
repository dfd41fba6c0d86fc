//! Plays stories with all agents of the program, as `scenario run` does.

use aurorasync::config::{self, Sources};
use aurorasync::effects;
use messages::profile;
use runtime::effects::Effects;
use runtime::store::Store;
use runtime::store::memory::MemoryStore;
use runtime::{Catalog, Models};
use scenarios::language::{Known, Scenario, ScriptError, Source, load};
use scenarios::runner::{Cast, Ending, Nobody, Played, play};
use scenarios::scripts::Shipped;
use simulator::fleet::FaultKind;
use std::sync::Arc;

/// The script that `text` is.
pub(crate) fn read(name: &str, text: &str) -> Result<Scenario, ScriptError> {
    let catalog = agents::catalog();
    let known = Known {
        agents: catalog.iter().map(|(kind, _)| kind.to_owned()).collect(),
        faults: FaultKind::ALL.iter().map(|kind| kind.name().to_owned()).collect(),
        profiles: profile::NAMES.iter().map(|name| (*name).to_owned()).collect(),
        events: Vec::new(),
    };
    load(Source::new(name, text), &Shipped, &known)
}

/// Plays `text` with `seed`, without the agents named.
pub(crate) fn told(name: &str, text: &str, seed: u64, without: &[&str]) -> Played {
    let catalog = agents::catalog();
    let kinds = catalog.iter().map(|(kind, _)| kind.to_owned());
    let left: Vec<String> = kinds.filter(|kind| !without.contains(&kind.as_str())).collect();
    performed(name, text, seed, catalog.only(&left).expect("the agents are known"), None)
}

/// Plays `text` with `seed`; `catalog` has the agents, `effects` who performs what they intend in place of the
/// program's own.
pub(crate) fn performed(
    name: &str,
    text: &str,
    seed: u64,
    catalog: Catalog,
    effects: Option<Effects>,
) -> Played {
    let store = Arc::new(MemoryStore::default());
    performed_on(name, text, seed, catalog, effects, store)
}

/// The same with everything kept in `store`.
pub(crate) fn performed_on(
    name: &str,
    text: &str,
    seed: u64,
    catalog: Catalog,
    effects: Option<Effects>,
    store: Arc<dyn Store>,
) -> Played {
    let scenario = read(name, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let loaded = config::load(&catalog, &Sources::default()).expect("the defaults are sound");
    let own = || effects::effects(&loaded.settings.effects, &loaded.agents);
    let cast = Cast {
        catalog,
        effects: effects.unwrap_or_else(own),
        configs: loaded.agents,
        models: Arc::new(Models::default()),
        promoted: Vec::new(),
        store,
        network: "main".to_owned(),
    };
    play(&scenario, seed, cast, &mut Nobody).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What went wrong in a story, in a line; nothing when it passed.
pub(crate) fn failure(played: &Played) -> Option<String> {
    match &played.ending {
        Ending::Passed => None,
        Ending::Interrupted => Some("it was interrupted".to_owned()),
        Ending::Failed { step, place, message, nearest } => Some(format!(
            "{step} ({place}): {message}; nearest: {}",
            nearest.as_deref().unwrap_or("nothing")
        )),
    }
}
