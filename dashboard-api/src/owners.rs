//! Owners: what is personal is sealed under the owner's own key before it comes near the log.

use crate::facade::Facade;
use crate::problem::{Kind, Problem};
use crate::reply::{self, Response};
use crate::request::{Request, check_text, check_token, malformed};
use messages::registry::OwnerRegistered;
use messages::sealed::{KEY_BYTES, Key, Keyring, SealError, Sealed};
use runtime::committer::Request as Commit;
use serde::Deserialize;
use serde_json::json;
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
}

/// `POST /v1/owners`
pub(crate) async fn register(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let plain: Plain = request.json()?;
    check(&plain)?;
    let keyring = keyring(facade, &plain.owner).await?;
    let seal = |text: &String| {
        Sealed::seal(text, &plain.owner, facade.options.random.bytes(), &keyring).map_err(refuse)
    };
    let registered = OwnerRegistered {
        name: seal(&plain.name)?,
        phone: plain.phone.as_ref().map(seal).transpose()?,
        email: plain.email.as_ref().map(seal).transpose()?,
        owner: plain.owner.clone(),
        zone: plain.zone,
        language: plain.language,
    };
    let sequence = facade.append_one(facade.said(&request, &registered)?).await?;
    reply::json(StatusCode::CREATED, &json!({ "owner": registered.owner, "sequence": sequence }))
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

/// The form of a zone's name; whether there is such a zone is for whoever has the zones.
fn is_zone(text: &str) -> bool {
    let letters = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
    };
    text.len() <= 64 && text.split('/').all(letters)
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
        for zone in ["", "/", "Asia/", "Asia Kolkata", "../etc"] {
            assert!(!is_zone(zone), "{zone}");
        }
        for language in ["", "e", "english", "en_GB", "1n", "en-"] {
            assert!(!is_language(language), "{language}");
        }
    }
}
