//! What an agent declares: at once its subscriptions, its rights and the table that runs it.

use crate::agent::{Agent, AgentResult, Handle, Timer};
use crate::ctx::Ctx;
use crate::effects::{self, Registered};
use messages::effect::{Effect, Policy};
use messages::model::ModelPromoted;
use messages::{Class, DecodeError, Envelope, Message, Stream};
use serde::Serialize;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// An agent's declaration, filled by [`Agent::wiring`].
pub struct Wiring<A: Agent> {
    contract: Contract,
    decoders: BTreeMap<&'static str, Decoder<A>>,
    timers: BTreeMap<&'static str, Fire<A>>,
    effects: BTreeMap<&'static str, RecordedEffect>,
}

/// Makes a performer that does an effect by its being on the log.
pub(crate) type RecordedEffect = fn() -> Arc<dyn Registered>;

/// What became of reading an envelope.
type Decoded<A> = Result<Box<dyn Heard<A>>, DecodeError>;

/// Makes the message of a timer.
type Fire<A> = fn() -> Box<dyn Heard<A>>;

type Decoder<A> = Box<dyn Fn(&Envelope) -> Decoded<A> + Send>;

/// A decoded message, or a timer, ready to be handled as often as a re-run needs it.
pub(crate) trait Heard<A: Agent> {
    /// Key of the memory it belongs to; `None` for a timer, whose firing names the key.
    fn key(&self) -> Option<&str>;
    fn handle(&self, agent: &A, state: &mut A::State, ctx: &mut Ctx<'_, A>) -> AgentResult;
}

/// What an agent may hear and say, as data: for the bus, for documents and for tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contract {
    /// The agent.
    pub kind: String,
    /// The one stream it reads.
    pub stream: Stream,
    /// Messages it hears, by name.
    pub hears: BTreeMap<String, Class>,
    /// Messages it may publish, by name; commands and effects among them.
    pub publishes: BTreeMap<String, Class>,
    /// Effects it may perform, by name.
    pub performs: BTreeMap<String, Policy>,
    /// Its timers.
    pub timers: Vec<String>,
    /// When its states are saved.
    pub durability: Durability,
}

/// When states are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// With every turn, in the same commit as its outputs.
    Turn,
    /// At intervals; what was said since is not said again.
    Checkpoint {
        /// Longest time between two checkpoints.
        interval: Duration,
    },
}

/// A declaration that contradicts itself or another agent's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WiringError {
    /// An agent hears messages of two streams.
    #[error(
        "agent `{kind}` hears `{name}`, which travels on `{found}`, but it reads `{reads}`; split the agent"
    )]
    TwoStreams {
        /// The agent.
        kind: String,
        /// The message.
        name: String,
        /// Where the message travels.
        found: Stream,
        /// What the agent reads.
        reads: Stream,
    },
    /// A checkpointed agent commands.
    #[error(
        "agent `{kind}` commands `{name}` but saves its states at checkpoints only; remove one of them"
    )]
    CommandsFromCheckpoint {
        /// The agent.
        kind: String,
        /// The command.
        name: String,
    },
    /// A checkpointed agent performs.
    #[error(
        "agent `{kind}` performs `{name}` but saves its states at checkpoints only; remove one of them"
    )]
    PerformsFromCheckpoint {
        /// The agent.
        kind: String,
        /// The effect.
        name: String,
    },
    /// An agent publishes what only the ledger of effects may say, or an effect without declaring it as one.
    #[error("agent `{kind}` publishes `{name}`, which is an effect; declare it with `performs`")]
    EffectPublished {
        /// The agent.
        kind: String,
        /// The message.
        name: String,
    },
    /// An agent performs an effect that nobody does.
    #[error(
        "agent `{kind}` performs `{name}`, which nobody is registered for; add a performer to the effects that are started with"
    )]
    NotPerformed {
        /// The agent.
        kind: String,
        /// The effect.
        name: String,
    },
    /// A command is handled by two kinds, or by none.
    #[error("command `{name}` is handled by {handlers:?}; exactly one kind must handle it")]
    CommandHandlers {
        /// The command.
        name: String,
        /// Who handles it.
        handlers: Vec<String>,
    },
    /// Several agents contain others.
    #[error("{kinds:?} all publish `principal.contained`; one kind decides who is contained")]
    Containers {
        /// Who.
        kinds: Vec<String>,
    },
    /// Two agents have the same name.
    #[error("two agents are named `{kind}`; rename one")]
    KindTwice {
        /// The name.
        kind: String,
    },
}

impl<A: Agent> Wiring<A> {
    /// The declaration of `A`.
    #[must_use]
    pub(crate) fn of() -> Self {
        let contract = Contract {
            kind: A::KIND.to_owned(),
            stream: Stream::Log,
            hears: BTreeMap::new(),
            publishes: BTreeMap::new(),
            performs: BTreeMap::new(),
            timers: Vec::new(),
            durability: Durability::Turn,
        };
        let (decoders, timers, effects) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut wiring = Self { contract, decoders, timers, effects };
        A::wiring(&mut wiring);
        wiring.contract.stream = stream_of(&wiring.contract.hears);
        wiring
    }

    /// Hears `M`; the returned [`On`] asks for the key of the memory it belongs to.
    pub fn on<M: Message>(&mut self) -> On<'_, A, M>
    where
        A: Handle<M>,
    {
        On { wiring: self, message: PhantomData }
    }

    /// May publish `M`.
    pub fn publishes<M: Message>(&mut self) -> &mut Self {
        self.contract.publishes.insert(M::NAME.to_owned(), M::CLASS);
        self
    }

    /// May perform `E`.
    pub fn performs<E: Effect>(&mut self) -> &mut Self {
        self.contract.performs.insert(E::NAME.to_owned(), E::POLICY);
        self.effects.insert(E::NAME, effects::recorded::<E>);
        self.publishes::<E>()
    }

    /// May set the timer `T`.
    pub fn timer<T: Timer>(&mut self) -> &mut Self
    where
        A: Handle<T>,
    {
        self.contract.timers.push(T::NAME.to_owned());
        self.timers.insert(T::NAME, || Box::new(Fired::<T>(T::default())));
        self
    }

    /// Judges by the models that are promoted for it: [`Models::promoted`](crate::Models::promoted) has them when the
    /// agent is built, and it is built anew at each [`ModelPromoted`] of its kind on its own input.
    pub fn judges_by_promoted_models(&mut self) -> &mut Self {
        self.contract.hears.insert(ModelPromoted::NAME.to_owned(), ModelPromoted::CLASS);
        self
    }

    /// Saves states at checkpoints at most `interval` apart instead of with every turn.
    pub fn checkpoints(&mut self, interval: Duration) -> &mut Self {
        self.contract.durability = Durability::Checkpoint { interval };
        self
    }

    /// The declaration as data.
    #[must_use]
    pub(crate) fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The effects it declares.
    pub(crate) fn effects(&self) -> &BTreeMap<&'static str, RecordedEffect> {
        &self.effects
    }

    /// Whether the agent hears messages called `name`.
    pub(crate) fn hears(&self, name: &str) -> bool {
        self.contract.hears.contains_key(name)
    }

    /// Whether it is built anew when a model is promoted, and does not handle that itself.
    pub(crate) fn judges_by_models(&self) -> bool {
        self.hears(ModelPromoted::NAME) && !self.decoders.contains_key(ModelPromoted::NAME)
    }

    /// Reads `envelope` if the agent hears it.
    pub(crate) fn decode(&self, envelope: &Envelope) -> Option<Decoded<A>> {
        self.decoders.get(envelope.name.as_str()).map(|decode| decode(envelope))
    }

    /// The timer `name`, if the agent has it.
    pub(crate) fn fired(&self, name: &str) -> Option<Box<dyn Heard<A>>> {
        self.timers.get(name).map(|make| make())
    }
}

/// The stream on which the most voluminous of `hears` travels.
fn stream_of(hears: &BTreeMap<String, Class>) -> Stream {
    hears.values().map(|class| class.stream()).min().unwrap_or(Stream::Log)
}

impl Contract {
    /// Checks that everything it hears can be had from its one stream, and that it may command.
    ///
    /// # Errors
    /// [`WiringError`] naming the message that does not fit.
    pub fn check(&self) -> Result<(), WiringError> {
        for (name, class) in &self.hears {
            let copied = matches!(class, Class::Registry | Class::Control);
            if class.stream() != self.stream && !copied {
                return Err(WiringError::TwoStreams {
                    kind: self.kind.clone(),
                    name: name.clone(),
                    found: class.stream(),
                    reads: self.stream,
                });
            }
        }
        self.check_effects()?;
        let command = self.publishes.iter().find(|(_, class)| **class == Class::Command);
        match (self.durability, command) {
            (Durability::Checkpoint { .. }, Some((name, _))) => {
                Err(WiringError::CommandsFromCheckpoint {
                    kind: self.kind.clone(),
                    name: name.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    fn check_effects(&self) -> Result<(), WiringError> {
        let kind = self.kind.clone();
        let effects = self.publishes.iter().filter(|(_, class)| **class == Class::Effect);
        let undeclared =
            effects.map(|(name, _)| name).find(|name| !self.performs.contains_key(*name));
        if let Some(name) = undeclared {
            return Err(WiringError::EffectPublished { kind, name: name.clone() });
        }
        match (self.durability, self.performs.keys().next()) {
            (Durability::Checkpoint { .. }, Some(name)) => {
                Err(WiringError::PerformsFromCheckpoint { kind, name: name.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// A message type being wired.
#[must_use = "a message is wired only once its key is known"]
pub struct On<'w, A: Agent, M: Message> {
    wiring: &'w mut Wiring<A>,
    message: PhantomData<M>,
}

impl<'w, A: Agent + Handle<M>, M: Message> On<'w, A, M> {
    /// Which memory a message belongs to.
    pub fn key(self, key: fn(&M) -> &str) -> &'w mut Wiring<A> {
        self.wiring.contract.hears.insert(M::NAME.to_owned(), M::CLASS);
        let decoder: Decoder<A> = Box::new(move |envelope| {
            let message = envelope.open::<M>()?;
            Ok(Box::new(Opened { message, key }))
        });
        self.wiring.decoders.insert(M::NAME, decoder);
        self.wiring
    }
}

struct Opened<M> {
    message: M,
    key: fn(&M) -> &str,
}

impl<A: Agent + Handle<M>, M: Message> Heard<A> for Opened<M> {
    fn key(&self) -> Option<&str> {
        Some((self.key)(&self.message))
    }

    fn handle(&self, agent: &A, state: &mut A::State, ctx: &mut Ctx<'_, A>) -> AgentResult {
        agent.handle(state, &self.message, ctx)
    }
}

struct Fired<T>(T);

impl<A: Agent + Handle<T>, T: Timer> Heard<A> for Fired<T> {
    fn key(&self) -> Option<&str> {
        None
    }

    fn handle(&self, agent: &A, state: &mut A::State, ctx: &mut Ctx<'_, A>) -> AgentResult {
        agent.handle(state, &self.0, ctx)
    }
}
