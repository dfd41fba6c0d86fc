//! What an agent is: a deterministic state machine, one memory per key, whose only way out is [`Ctx`].

use crate::ctx::Ctx;
use crate::models::Models;
use crate::wiring::Wiring;
use messages::Record;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An agent type. It has no clock, no random source and no I/O of its own: effects are data.
pub trait Agent: Sized + Send + 'static {
    /// Its name: file, configuration table and subject token alike.
    const KIND: &'static str;
    /// Its settings; unknown fields are refused, every field has a default.
    type Config: Serialize + DeserializeOwned + Default + Clone + Send + 'static;
    /// What it remembers of one key.
    type State: Default + Clone + Record + Send + 'static;

    /// Builds the agent. Called at start, after a fault and when its configuration changes.
    ///
    /// # Errors
    /// [`ConfigError`] when the configuration cannot be used.
    fn new(config: Self::Config, models: &Models) -> Result<Self, ConfigError>;

    /// Declares what it hears, says and needs. What is not declared here is refused.
    fn wiring(wiring: &mut Wiring<Self>);
}

/// Handles one type of message, or one of the agent's own timers.
pub trait Handle<M>: Agent {
    /// Handles `message` for the key that the wiring found in it.
    ///
    /// # Errors
    /// [`AgentError::Reject`] when the message is bad, [`AgentError::Fault`] when the memory is.
    fn handle(&self, state: &mut Self::State, message: &M, ctx: &mut Ctx<'_, Self>) -> AgentResult;
}

/// A message of an agent to itself at a later time. It carries nothing: what to do is in the state.
pub trait Timer: Default + 'static {
    /// Its name within the agent; arming it again replaces the earlier one.
    const NAME: &'static str;
}

/// How handling ended.
pub type AgentResult = Result<(), AgentError>;

/// Why a message was not handled. Either way it becomes a dead letter and the next one is handled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// The message is bad; the memory of its key stays as this message found it.
    #[error("rejected: {0}")]
    Reject(String),
    /// The memory of the key is suspect; it goes back to what was last committed.
    #[error("fault: {0}")]
    Fault(String),
}

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("configuration of `{agent}`: {reason}")]
pub struct ConfigError {
    /// The agent.
    pub agent: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl ConfigError {
    /// A configuration of `agent` that is wrong because of `reason`.
    #[must_use]
    pub fn new(agent: &str, reason: impl ToString) -> Self {
        Self { agent: agent.to_owned(), reason: reason.to_string() }
    }
}
