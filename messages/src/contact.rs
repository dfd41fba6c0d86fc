//! Talking to owners: what is to be said, what was said, and what they meant.

mod earlier;

use crate::consent::Channel;
use crate::effect::{Effect, Policy};
use crate::finite::Finite;
use crate::id::{CaseId, MessageId, OfferId};
use crate::message::{Class, Encoding, Message, Stage};
use crate::prediction::{Driving, Severity};
use crate::record::{DecodeError, Record, decode_body};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest text that an owner may say at once, in bytes of UTF-8; longer ones are refused where they enter.
pub const REPLY_BYTES_MAX: usize = 4_000;

/// Speak to the owner about a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactOwner {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The owner.
    pub owner: String,
    /// Which contact of the case this is: names its effects, the same however often it is attempted. While it is held
    /// back, the newest command of the step says what is to be said.
    pub step: String,
    /// Why the owner is spoken to.
    pub purpose: Purpose,
    /// How grave it is; decides the channel and whether quiet hours hold.
    pub severity: Severity,
    /// What may be said. Nothing else is.
    pub facts: Facts,
    /// Slots to choose from, at most [`OFFERS_MAX`](crate::booking::OFFERS_MAX).
    pub slots: Vec<OfferedSlot>,
    /// The owner asked to be called now; it does not count towards the caps.
    pub asked_for: bool,
    /// After this there is no point in it.
    pub expires_at: Timestamp,
}

/// Do not make what was not made yet: the case has ended, or is no longer this owner's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawContact {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The owner.
    pub owner: String,
    /// Why, in words.
    pub reason: String,
}

/// Why an owner is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A failure is foreseen.
    PredictedFailure,
    /// A failure is foreseen that cannot wait.
    UrgentAlert,
    /// The owner has not answered.
    Reminder,
    /// The owner asked to be contacted at this time.
    Callback,
    /// The owner declined once: one easier offer.
    BookingRecovery,
    /// A slot is confirmed.
    BookingConfirmed,
    /// The workshop had to move a booking.
    BookingMoved,
    /// A booking fell through.
    BookingCancelled,
    /// The work is done.
    PostServiceFeedback,
    /// A failure is foreseen that cannot wait, and no slot is there: a person was asked to call about one.
    UrgentWarning,
}

impl Purpose {
    /// Whether it tells of the owner's own booking, and wants nothing.
    #[must_use]
    pub fn tells_of_a_booking(self) -> bool {
        matches!(self, Self::BookingConfirmed | Self::BookingMoved | Self::BookingCancelled)
    }
}

/// What may be said about a case; every number in a text comes from here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The component, in words.
    pub component: String,
    /// What is wrong with it, in words.
    pub issue: String,
    /// Calibrated probability of failure within the horizon, 0 to 1.
    pub probability: Finite,
    /// The horizon.
    pub horizon_hours: Finite,
    /// Median time until failure, if the trend reaches its limit.
    pub time_left_hours: Option<Finite>,
    /// What speaks for it, in words, the weightiest first.
    pub reasons: Vec<String>,
    /// How far it may still be driven.
    pub driving: Driving,
    /// What the repair costs and what it saves, where the profile says so.
    pub costs: Option<Costs>,
    /// The booking that the contact is about.
    pub booked: Option<OfferedSlot>,
}

/// What a repair costs and what it saves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// ISO 4217 code.
    pub currency: String,
    /// Least cost of the repair.
    pub repair_min: Finite,
    /// Greatest cost of the repair.
    pub repair_max: Finite,
    /// What acting now saves against a failure.
    pub saving: Finite,
}

/// A slot as an owner hears of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferedSlot {
    /// The offer; choosing it holds exactly this slot.
    pub offer: OfferId,
    /// The centre.
    pub centre: String,
    /// The centre, in words.
    pub centre_name: String,
    /// IANA zone in which the centre's times are said.
    pub zone: String,
    /// Start.
    pub from: Timestamp,
    /// End.
    pub to: Timestamp,
}

/// Hand a text to the owner on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactSend {
    /// `case:step:channel`.
    pub effect_key: String,
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The owner.
    pub owner: String,
    /// The channel.
    pub channel: Channel,
    /// Why.
    pub purpose: Purpose,
    /// The text, without name and address: the channel adds them.
    pub text: String,
    /// How grave it is.
    pub severity: Severity,
    /// The owner asked to be contacted now.
    pub asked_for: bool,
    /// The time that the owner named for it: only in this span what was asked for comes in quiet hours, too.
    pub promised: Option<Promised>,
    /// After this it is not begun.
    pub expires_at: Timestamp,
}

/// A span of time in which an owner asked to be contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promised {
    /// From this moment.
    pub from: Timestamp,
    /// Before this moment.
    pub to: Timestamp,
}

impl ContactSend {
    /// Whether the owner asked to be contacted just at `now`.
    #[must_use]
    pub fn is_promised(&self, now: Timestamp) -> bool {
        self.asked_for && self.promised.is_some_and(|span| span.from <= now && now < span.to)
    }
}

/// The owner was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerContacted {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The owner.
    pub owner: String,
    /// [`ContactOwner::step`].
    pub step: String,
    /// On which channel.
    pub channel: Channel,
    /// Why.
    pub purpose: Purpose,
    /// What was said.
    pub text: String,
    /// The `contact.send` that did it.
    pub intent: MessageId,
}

/// An owner said something, on their own or in answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerReplied {
    /// The owner.
    pub owner: String,
    /// The case that it answers, where the channel knows.
    pub case: Option<CaseId>,
    /// On which channel.
    pub channel: Channel,
    /// What was said, as it was said; at most [`REPLY_BYTES_MAX`].
    pub text: String,
}

/// What an owner meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerResponded {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The owner.
    pub owner: String,
    /// What the owner wants.
    pub intent: Intent,
    /// The offer that was chosen.
    pub offer: Option<OfferId>,
    /// The time that was named, if one was.
    pub when: Option<TimeWindow>,
    /// −1 angry to 1 glad.
    pub sentiment: Finite,
    /// What was said.
    pub text: String,
    /// The words that decided.
    pub evidence: Vec<String>,
}

/// What an owner wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Agrees; a slot is not named or does not matter.
    Accept,
    /// Agrees to one of the offered slots.
    ChooseSlot,
    /// Not now, later.
    Defer,
    /// No.
    Decline,
    /// What does it cost?
    AskCost,
    /// May I drive?
    AskSafety,
    /// Why do you think so?
    AskReason,
    /// Another time than the booked one.
    Reschedule,
    /// Not the owner.
    WrongPerson,
    /// Never again.
    OptOut,
    /// A person, please; or angry.
    Human,
    /// Not understood. Asking again is better than a wrong action.
    Unclear,
}

impl Intent {
    /// Name for people and labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Intent::Accept => "accept",
            Intent::ChooseSlot => "choose_slot",
            Intent::Defer => "defer",
            Intent::Decline => "decline",
            Intent::AskCost => "ask_cost",
            Intent::AskSafety => "ask_safety",
            Intent::AskReason => "ask_reason",
            Intent::Reschedule => "reschedule",
            Intent::WrongPerson => "wrong_person",
            Intent::OptOut => "opt_out",
            Intent::Human => "human",
            Intent::Unclear => "unclear",
        }
    }
}

/// A span of time that somebody named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeWindow {
    /// From.
    pub from: Timestamp,
    /// To.
    pub to: Timestamp,
    /// The words it was named with.
    pub words: String,
}

/// The owner was not contacted because that is not allowed; a person may have to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactSuppressed {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The owner.
    pub owner: String,
    /// [`ContactOwner::step`].
    pub step: String,
    /// Why, for programs.
    pub reason: SuppressedReason,
    /// Why, in words.
    pub detail: String,
    /// When it would be allowed, if what forbids it passes with time.
    pub until: Option<Timestamp>,
}

/// Why an owner was not contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressedReason {
    /// Nobody allowed it on any channel.
    NoConsent,
    /// As many contacts as a case may have.
    CapReached,
    /// The quiet hours last longer than there is a point in it.
    QuietHours,
    /// The owner is not registered.
    UnknownOwner,
    /// The owner's data was erased.
    Erased,
    /// It was withdrawn before it could be made.
    CaseEnded,
}

/// The owner could not be reached on any allowed channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactFailed {
    /// The case.
    pub case: CaseId,
    /// The asset.
    pub asset: String,
    /// The owner.
    pub owner: String,
    /// [`ContactOwner::step`].
    pub step: String,
    /// The last failure, in words.
    pub reason: String,
    /// The attempt that may have happened and may not have: a person must find out.
    pub uncertain: Option<MessageId>,
}

impl Record for ContactOwner {
    const SCHEMA: u16 = 80;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<earlier::ContactOwnerV1>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Record for WithdrawContact {
    const SCHEMA: u16 = 87;
}

impl Record for ContactSend {
    const SCHEMA: u16 = 81;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<earlier::ContactSendV1>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Effect for ContactSend {
    // The providers that people are reached through cannot be asked what became of a call.
    const POLICY: Policy = Policy::AtMostOnce;

    fn effect_key(&self) -> &str {
        &self.effect_key
    }

    fn urgency(&self) -> Severity {
        self.severity
    }

    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl Record for CustomerContacted {
    const SCHEMA: u16 = 82;
}

impl Record for CustomerReplied {
    const SCHEMA: u16 = 83;
}

impl Message for CustomerReplied {
    const NAME: &'static str = "customer.replied";
    const CLASS: Class = Class::Event;
    const ENCODING: Encoding = Encoding::Json;

    fn key(&self) -> &str {
        &self.owner
    }

    fn case(&self) -> Option<CaseId> {
        self.case
    }
}

impl Record for CustomerResponded {
    const SCHEMA: u16 = 84;
}

impl Record for ContactSuppressed {
    const SCHEMA: u16 = 85;
    const VERSION: u16 = 2;

    fn upcast(version: u16, body: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => decode_body::<earlier::ContactSuppressedV1>(body).map(Self::from),
            _ => Err(DecodeError::unknown_version::<Self>(version)),
        }
    }
}

impl Record for ContactFailed {
    const SCHEMA: u16 = 86;
}

/// Makes messages that are JSON, kept by owner and about a case.
macro_rules! messages {
    ($($message:ident $name:literal $class:ident $stage:expr),* $(,)?) => {$(
        impl Message for $message {
            const NAME: &'static str = $name;
            const CLASS: Class = Class::$class;
            const ENCODING: Encoding = Encoding::Json;
            const STAGE: Option<Stage> = $stage;

            fn key(&self) -> &str {
                &self.owner
            }

            fn case(&self) -> Option<CaseId> {
                Some(self.case)
            }
        }
    )*};
}

messages! {
    ContactOwner "owner.contact" Command Some(Stage::Ag),
    WithdrawContact "contact.withdraw" Command Some(Stage::Ag),
    ContactSend "contact.send" Effect None,
    CustomerContacted "customer.contacted" Event None,
    CustomerResponded "customer.responded" Event None,
    ContactSuppressed "contact.suppressed" Event None,
    ContactFailed "contact.failed" Event None,
}
