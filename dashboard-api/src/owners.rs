//! Owners: what is personal is sealed under the owner's own key before it comes near the log; what they allow, and
//! what was said to them.

use crate::facade::Facade;
use crate::feed::position;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Page, Response};
use crate::request::{Request, check_text, check_token, malformed};
use crate::views::owners::{OWNERS_MAX, Owner};
use crate::views::{LogView, Topic};
use jiff::tz::TimeZoneDatabase;
use messages::consent::{Channel, ConsentChanged};
use messages::contact::CustomerContacted;
use messages::registry::OwnerRegistered;
use messages::sealed::{KEY_BYTES, Key, Keyring, SealError, Sealed};
use messages::{MessageId, Sequence};
use runtime::committer::Request as Commit;
use runtime::store::{Delivery, Partition};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::Bound;
use warp::http::StatusCode;

/// Longest e-mail address, in bytes (RFC 5321).
const EMAIL_BYTES_MAX: usize = 254;
/// Most digits of a telephone number (E.164).
const PHONE_DIGITS_MAX: usize = 15;

/// An owner in plain; nothing of it is logged or kept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    owner: String,
    name: String,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    email: Option<String>,
    zone: String,
    language: String,
    /// Channels on which they may be spoken to from now on.
    #[serde(default)]
    consent: Vec<Channel>,
}

/// `POST /v1/owners`
pub(crate) async fn register(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let plain: Plain = request.json()?;
    check(&plain)?;
    let keyring = keyring(facade, &plain.owner).await?;
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            let known = &writing.view.owners.by_id;
            if known.len() >= OWNERS_MAX && !known.contains_key(&plain.owner) {
                let text = format!("{OWNERS_MAX} owners are registered; no more fit");
                return Err(Problem::new(Kind::Unprocessable, text));
            }
            let registered = sealed(facade, &plain, &keyring)?;
            let consent = match &plain.consent {
                granted if granted.is_empty() => None,
                granted => Some(writing.follower(&ConsentChanged {
                    owner: plain.owner.clone(),
                    granted: granted.clone(),
                    revoked: Vec::new(),
                    reason: "said with the registration".to_owned(),
                })?),
            };
            writing.say(registered, consent).await?
        }
    };
    let OwnerRegistered { owner, .. } = said.message;
    answer(&owner, said.id, said.sequence)
}

fn answer(owner: &str, id: MessageId, sequence: Sequence) -> Result<Response, Problem> {
    let body = json!({ "owner": owner, "id": id, "sequence": sequence });
    reply::json(StatusCode::CREATED, &body)
}

fn sealed(facade: &Facade, plain: &Plain, keyring: &Keyring) -> Result<OwnerRegistered, Problem> {
    let seal = |text: &String| {
        Sealed::seal(text, &plain.owner, facade.options.random.bytes(), keyring).map_err(refuse)
    };
    Ok(OwnerRegistered {
        name: seal(&plain.name)?,
        phone: plain.phone.as_ref().map(seal).transpose()?,
        email: plain.email.as_ref().map(seal).transpose()?,
        owner: plain.owner.clone(),
        zone: plain.zone.clone(),
        language: plain.language.clone(),
    })
}

/// `GET /v1/owners`: nothing personal.
pub(crate) async fn list(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let limit = request.limit()?;
    let after = request.query("cursor").map_or(Bound::Unbounded, Bound::Excluded);
    let view = facade.view(&request).await?;
    let mut owners = view.owners.by_id.range::<str, _>((after, Bound::Unbounded)).peekable();
    let page: Vec<(&String, &Owner)> = owners.by_ref().take(limit).collect();
    let next_cursor = match (owners.peek(), page.last()) {
        (Some(_), Some((id, _))) => (*id).clone(),
        _ => String::new(),
    };
    let items = page.into_iter().map(|(id, owner)| shown(id, owner)).collect::<Vec<_>>();
    let as_of = view.versions.as_of(&[Topic::Owners]);
    reply::json(StatusCode::OK, &Page { as_of, omitted: None, items, next_cursor })
}

fn shown(id: &str, owner: &Owner) -> Value {
    json!({
        "owner": id,
        "zone": owner.zone,
        "language": owner.language,
        "consent": owner.consent,
        "registered_at": owner.registered_at,
        "sequence": owner.sequence,
        "provenance": owner.provenance,
        "messages": owner.messages.len(),
    })
}

/// A change of what an owner allows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    granted: Vec<Channel>,
    #[serde(default)]
    revoked: Vec<Channel>,
    reason: String,
}

/// `POST /v1/owners/{owner}/consent`
pub(crate) async fn consent(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let Change { granted, revoked, reason } = request.json()?;
    let owner = request.token("owner")?.to_owned();
    check_text("reason", &reason)?;
    check_channels("granted", &granted)?;
    check_channels("revoked", &revoked)?;
    if granted.is_empty() && revoked.is_empty() {
        return Err(malformed("`granted` and `revoked` are both empty; name a channel in one"));
    }
    if let Some(both) = granted.iter().find(|channel| revoked.contains(channel)) {
        let text = format!("`{}` is both granted and revoked; say one", both.name());
        return Err(malformed(text));
    }
    let writing = facade.writing(&request).await?;
    let said = match writing.earlier().await? {
        Some(said) => said,
        None => {
            find(&writing.view, &owner)?;
            writing.say(ConsentChanged { owner, granted, revoked, reason }, None).await?
        }
    };
    let ConsentChanged { owner, .. } = said.message;
    answer(&owner, said.id, said.sequence)
}

/// Whether no channel is named twice; so the list is no longer than there are channels.
fn check_channels(field: &str, channels: &[Channel]) -> Result<(), Problem> {
    for (index, channel) in channels.iter().enumerate() {
        if channels[..index].contains(channel) {
            return Err(malformed(format!("`{field}` names `{}` twice", channel.name())));
        }
    }
    Ok(())
}

/// The owner `id`.
pub(crate) fn find<'v>(view: &'v LogView, id: &str) -> Result<&'v Owner, Problem> {
    view.owners.by_id.get(id).ok_or_else(|| {
        let text =
            format!("owner `{id}` is not registered; register them with `aurorasync owner add`");
        Problem::new(Kind::NotFound, text)
    })
}

/// `GET /v1/owners/{owner}/messages`: what was said to an owner, the oldest first.
pub(crate) async fn messages(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let id = request.token("owner")?.to_owned();
    let limit = request.limit()?;
    let channel = match request.query("channel") {
        None => None,
        Some(name) => Some(Channel::from_name(name).ok_or_else(|| {
            let known: Vec<&str> = Channel::ALL.iter().map(|it| it.name()).collect();
            malformed(format!("channel `{name}` is unknown; there are {}", known.join(", ")))
        })?),
    };
    let after = request.log_cursor()?.unwrap_or(0);
    let view = facade.view(&request).await?;
    let owner = find(&view, &id)?;
    let as_of = view.versions.as_of(&[Topic::Owners]);
    let mut wanted = owner
        .messages
        .iter()
        .filter(|(at, on)| *at > after && channel.is_none_or(|channel| channel == *on))
        .map(|(at, _)| *at);
    let page: Vec<Sequence> = wanted.by_ref().take(limit).collect();
    let more = wanted.next().is_some();
    let omitted = owner.omitted;
    drop(view);
    let next_cursor = match page.last() {
        Some(&last) if more => position(Partition::LOG, last),
        _ => String::new(),
    };
    let records = facade.records(Partition::LOG, page).await?;
    let items: Vec<Value> = records.iter().map(message).collect();
    reply::json(StatusCode::OK, &Page { as_of, omitted: Some(omitted), items, next_cursor })
}

fn message(delivery: &Delivery) -> Value {
    let envelope = &delivery.envelope;
    let mut item = json!({
        "id": envelope.id,
        "position": position(Partition::LOG, delivery.sequence),
        "at": envelope.time,
        "provenance": envelope.provenance,
    });
    match envelope.open::<CustomerContacted>() {
        Ok(said) => {
            item["case"] = json!(said.case);
            item["asset"] = said.asset.into();
            item["channel"] = said.channel.name().into();
            item["purpose"] = json!(said.purpose);
            item["text"] = said.text.into();
        }
        Err(error) => item["undecoded"] = error.to_string().into(),
    }
    item
}

/// The owner's key, made and made durable if there is none. An empty value stands for a destroyed key.
async fn keyring(facade: &Facade, owner: &str) -> Result<Keyring, Problem> {
    let name = format!("key/{owner}");
    let one_at_a_time = facade.keys.lock().await;
    let reading = name.clone();
    let kept = facade.blocking(move |store| store.blob(&reading)).await??;
    let mut keyring = Keyring::default();
    match kept {
        Some(bytes) if bytes.is_empty() => keyring.destroy(owner),
        Some(bytes) => {
            let bytes: [u8; KEY_BYTES] = bytes.try_into().map_err(|_| {
                Problem::new(Kind::Failed, format!("the key of owner `{owner}` is damaged"))
            })?;
            keyring.insert(owner, Key::new(bytes)).map_err(refuse)?;
        }
        None => {
            let key = Key::new(facade.options.random.bytes());
            let blob = (name, Some(key.expose().to_vec()));
            facade.deployment.committer().try_commit(Commit::Blobs(vec![blob])).await?;
            keyring.insert(owner, key).map_err(refuse)?;
        }
    }
    drop(one_at_a_time);
    Ok(keyring)
}

fn refuse(error: SealError) -> Problem {
    let kind = match error {
        SealError::Destroyed { .. } => Kind::Gone,
        _ => Kind::Failed,
    };
    Problem::new(kind, error.to_string())
}

/// Whether each field can be what it should be. What is wrong is named, what was sent is not repeated.
fn check(plain: &Plain) -> Result<(), Problem> {
    check_token("owner", &plain.owner)?;
    check_text("name", &plain.name)?;
    check_channels("consent", &plain.consent)?;
    let phone = plain.phone.as_deref();
    if !phone.is_none_or(is_phone) {
        return Err(malformed("`phone` is not E.164; write it like `+10000000000`"));
    }
    if !plain.email.as_deref().is_none_or(is_email) {
        return Err(malformed("`email` is not an address such as `name@example.org`"));
    }
    if !is_zone(&plain.zone) {
        return Err(malformed("`zone` is not an IANA time zone such as `Asia/Kolkata`"));
    }
    if !is_language(&plain.language) {
        return Err(malformed("`language` is not a BCP 47 tag such as `en` or `hi-IN`"));
    }
    Ok(())
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=PHONE_DIGITS_MAX).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_email(text: &str) -> bool {
    let printable = text.len() <= EMAIL_BYTES_MAX
        && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    printable
        && text.rsplit_once('@').is_some_and(|(name, host)| !name.is_empty() && host.len() > 1)
}

/// Whether there is such a zone, in the form in which agents look for it.
pub(crate) fn is_zone(text: &str) -> bool {
    TimeZoneDatabase::bundled().get(text).is_ok()
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let plain = |part: &str, range: std::ops::RangeInclusive<usize>| {
        range.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    plain(first, 2..=3)
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| plain(part, 1..=8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_what_their_standards_say() {
        assert!(is_phone("+10000000000") && is_email("name@example.org"));
        assert!(is_zone("Asia/Kolkata") && is_zone("UTC") && is_zone("Etc/GMT+5"));
        assert!(is_language("en") && is_language("hi-IN") && is_language("zh-Hant-TW"));
        for phone in ["10000000000", "+0123", "+1", "+1000000000000000", "+1 00", ""] {
            assert!(!is_phone(phone), "{phone}");
        }
        for email in ["", "@", "a@", "@b", "a b@c.d", "a@b\n"] {
            assert!(!is_email(email), "{email}");
        }
        for zone in ["", "/", "Asia/", "Asia Kolkata", "../etc", "Mars/Base", "Asia/Kolkatta"] {
            assert!(!is_zone(zone), "{zone}");
        }
        for language in ["", "e", "english", "en_GB", "1n", "en-"] {
            assert!(!is_language(language), "{language}");
        }
    }
}
