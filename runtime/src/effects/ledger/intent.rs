//! One intent that is not done with: what is known of it, and what may be done about it next.

use super::{ASKS_MAX, ATTEMPTS_MAX, RETRY_PAUSE_MAX, RETRY_PAUSE_MIN, SOURCE};
use crate::effects::registry::{Registered, Terms};
use crate::effects::{Admission, Reach};
use messages::effect::{Conclusion, EffectAttempted, EffectConcluded, Policy};
use messages::{CaseId, Envelope, Message, MessageId, Provenance, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// How far an intent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Something will be done about it.
    Waiting,
    /// It waits for an earlier one under the same key.
    Following,
    /// Its provider is being called or asked.
    Calling,
    /// Its conclusion is on the way to the log.
    Saying,
    /// A person must find out what became of it.
    Uncertain,
}

/// What the log says of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tried {
    /// How many there were.
    pub(super) attempts: u32,
    /// When the last one was noted.
    pub(super) at: Timestamp,
    /// One of them may have happened.
    pub(super) doubt: bool,
}

impl Default for Tried {
    fn default() -> Self {
        Self { attempts: 0, at: Timestamp::MIN, doubt: false }
    }
}

/// One intent.
pub(super) struct Intent {
    pub(super) envelope: Arc<Envelope>,
    pub(super) registered: Arc<dyn Registered>,
    pub(super) terms: Terms,
    pub(super) stage: Stage,
    /// It was concluded as uncertain; what is said next is what a person found out.
    pub(super) was_uncertain: bool,
    pub(super) tried: Tried,
    /// Questions without an answer, and when the last one was asked.
    pub(super) asks: u32,
    pub(super) asked_at: Timestamp,
    /// What is known of the last failure.
    pub(super) failure: Option<String>,
    /// How it ends; said as soon as may be.
    pub(super) verdict: Option<Conclusion>,
}

/// What may be done about an intent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Conclude(Conclusion),
    WaitUntil(Timestamp),
    Ask,
    Attempt,
}

/// The pause after so many attempts or questions: doubles twice each time.
fn pause(times: u32) -> Duration {
    let factor = 4_u32.saturating_pow(times.saturating_sub(1));
    RETRY_PAUSE_MIN.saturating_mul(factor).min(RETRY_PAUSE_MAX)
}

impl Intent {
    pub(super) fn id(&self) -> MessageId {
        self.envelope.id
    }

    /// Whether it may be left on the log for later: nothing was done about it yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.stage == Stage::Waiting && self.tried.attempts == 0 && self.verdict.is_none()
    }

    /// From when on something can be done about it.
    pub(super) fn wake_at(&self) -> Timestamp {
        let tried = &self.tried;
        let settled = self.verdict.is_some() || tried.attempts == 0;
        match self.terms.policy {
            _ if settled => Timestamp::MIN,
            Policy::AtMostOnce if tried.doubt => Timestamp::MIN,
            Policy::QueryThenRetry if tried.doubt => match self.asks {
                0 => Timestamp::MIN,
                asks => self.asked_at.saturating_add(pause(asks)),
            },
            _ if tried.attempts >= ATTEMPTS_MAX => Timestamp::MIN,
            _ => tried.at.saturating_add(pause(tried.attempts)).min(self.terms.expires_at),
        }
    }

    /// Whether its end is certain without its provider.
    pub(super) fn is_past(&self, now: Timestamp) -> bool {
        self.verdict.is_some() || now >= self.terms.expires_at
    }

    /// What may be done at `now`; `admit` asks the rules.
    pub(super) fn next(
        &self,
        now: Timestamp,
        simulated_stays_inside: bool,
        admit: impl FnOnce() -> Admission,
    ) -> Next {
        if let Some(verdict) = &self.verdict {
            return Next::Conclude(verdict.clone());
        }
        match self.terms.policy {
            Policy::AtMostOnce if self.tried.doubt => {
                return Next::Conclude(self.uncertain("it must not be tried again"));
            }
            Policy::QueryThenRetry if self.tried.doubt => {
                return if self.asks < ASKS_MAX {
                    Next::Ask
                } else {
                    Next::Conclude(self.uncertain(&format!("{ASKS_MAX} questions had no answer")))
                };
            }
            _ => {}
        }
        let simulated = self.envelope.provenance != Provenance::Measured;
        if self.tried.attempts >= ATTEMPTS_MAX {
            self.end(Conclusion::Unreachable { reason: self.last_failure() })
        } else if now >= self.terms.expires_at {
            self.end(self.expired())
        } else if simulated && simulated_stays_inside && self.terms.reach == Reach::Outside {
            let provenance = self.envelope.provenance.name();
            let reason = format!("what is {provenance} reaches nobody outside");
            self.end(Conclusion::Refused { reason })
        } else {
            match admit() {
                Admission::NotBefore(moment) if moment > now => {
                    Next::WaitUntil(moment.min(self.terms.expires_at))
                }
                Admission::Now | Admission::NotBefore(_) => Next::Attempt,
                Admission::Never { reason } => self.end(Conclusion::Refused { reason }),
            }
        }
    }

    /// Ends with `conclusion`, which says that it did not happen, unless it may have happened.
    fn end(&self, conclusion: Conclusion) -> Next {
        // Of what does no harm twice, the outcome on the log is all that counts.
        let matters = self.terms.policy != Policy::Repeatable;
        Next::Conclude(match conclusion {
            Conclusion::Refused { reason } | Conclusion::Unreachable { reason }
                if self.tried.doubt && matters =>
            {
                self.uncertain(&reason)
            }
            Conclusion::Expired if self.tried.doubt && matters => {
                self.uncertain("its time has passed")
            }
            other => other,
        })
    }

    fn expired(&self) -> Conclusion {
        match self.tried.attempts {
            0 => Conclusion::Expired,
            _ => Conclusion::Unreachable { reason: self.last_failure() },
        }
    }

    fn last_failure(&self) -> String {
        self.failure.clone().unwrap_or_else(|| "the process ended during the call".to_owned())
    }

    fn uncertain(&self, why: &str) -> Conclusion {
        Conclusion::Uncertain { reason: format!("{}; {why}", self.last_failure()) }
    }

    /// That it is attempted once more.
    pub(super) fn attempted(&self) -> Envelope {
        let attempt = self.tried.attempts + 1;
        let attempted = EffectAttempted {
            intent: self.id(),
            effect: self.envelope.name.clone(),
            effect_key: self.terms.effect_key.clone(),
            key: self.envelope.key.clone(),
            case: self.case(),
            attempt,
        };
        self.say(&format!("{}/attempted/{attempt}", self.id()), &attempted)
    }

    /// That it ended so.
    pub(super) fn concluded(&self, conclusion: Conclusion) -> Envelope {
        let concluded = EffectConcluded {
            intent: self.id(),
            effect: self.envelope.name.clone(),
            effect_key: self.terms.effect_key.clone(),
            key: self.envelope.key.clone(),
            case: self.case(),
            attempts: self.tried.attempts,
            conclusion,
        };
        let end = if self.was_uncertain { "resolved" } else { "concluded" };
        let envelope = self.say(&format!("{}/{end}", self.id()), &concluded);
        Envelope { addressed_to: Some(self.envelope.source.clone()), ..envelope }
    }

    pub(super) fn case(&self) -> Option<CaseId> {
        self.envelope.case_id.map(CaseId)
    }

    fn say<M: Message>(&self, name: &str, message: &M) -> Envelope {
        let id = MessageId::named("effect", name);
        let said = Envelope::new(id, SOURCE, message)
            .expect("keys, reasons and replies are held within what a message takes");
        Envelope {
            provenance: self.envelope.provenance,
            case_id: self.envelope.case_id,
            causation_id: Some(self.id()),
            traceparent: self.envelope.traceparent.clone(),
            ..said
        }
    }
}
