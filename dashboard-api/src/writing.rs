//! One thing said through the facade: validated against the views, durable before it is answered, and done once
//! however often it is sent under the same `Idempotency-Key`.
//!
//! A repeatable write's message is named by its key and its body, half of the name each. So the log itself
//! remembers which keys were used, and for what: a restart, a restore or a rebuild forgets none.

use crate::facade::{Facade, SOURCE};
use crate::problem::{Kind, Problem};
use crate::request::{Request, malformed};
use crate::views::LogView;
use messages::{CaseId, Envelope, Message, MessageId, Sequence};
use runtime::committer::{Entry, Receipt};
use runtime::store::Partition;
use tokio::sync::OwnedMutexGuard;

/// Longest key of a repeatable write, in bytes.
pub(crate) const KEY_BYTES_MAX: usize = 128;
/// Name of the header that carries it.
const KEY_HEADER: &str = "idempotency-key";

/// A write under way.
pub(crate) struct Writing<'f> {
    facade: &'f Facade,
    /// Everything as it stands now.
    pub(crate) view: OwnedMutexGuard<LogView>,
    id: MessageId,
    traceparent: Option<String>,
    keyed: bool,
    earlier: Option<Sequence>,
}

/// What was said, now or the first time.
pub(crate) struct Said<M> {
    pub(crate) message: M,
    pub(crate) id: MessageId,
    pub(crate) sequence: Sequence,
}

impl Facade {
    /// Begins a write.
    pub(crate) async fn writing(&self, request: &Request) -> Result<Writing<'_>, Problem> {
        let key = key(request)?;
        let view = self.views.log().await?;
        let id = key.map_or_else(|| self.new_id(), |key| named(&request.path, key, &request.body));
        let earlier = match view.written.find(id) {
            Some((first, sequence)) if key.is_some() => {
                if first != id {
                    return Err(Problem::new(
                        Kind::Unprocessable,
                        "header `Idempotency-Key` was used here with another body; send a new key, \
                         or the body that it was used with",
                    ));
                }
                Some(sequence)
            }
            _ => None,
        };
        let traceparent = request.traceparent();
        Ok(Writing { facade: self, view, id, traceparent, keyed: key.is_some(), earlier })
    }
}

impl Writing<'_> {
    /// What was said the first time, if this is a repetition.
    pub(crate) async fn earlier<M: Message>(&self) -> Result<Option<Said<M>>, Problem> {
        let Some(sequence) = self.earlier else { return Ok(None) };
        let gone =
            || Problem::new(Kind::Gone, "what was written under this key is not kept any more");
        let record = self.facade.record(Partition::LOG, sequence).await?.ok_or_else(gone)?;
        let message = record.envelope.open::<M>().map_err(|error| {
            Problem::new(Kind::Failed, format!("`log/0:{sequence}` cannot be read: {error}"))
        })?;
        Ok(Some(Said { message, id: self.id, sequence }))
    }

    /// Says `message`; nothing else is decided meanwhile, so what the view shows still holds.
    pub(crate) async fn say_alone<M: Message>(self, message: M) -> Result<Said<M>, Problem> {
        let envelope = self.envelope(self.id, &message)?;
        let receipt = self.facade.append_holding(vec![envelope.into()], self.view).await?;
        Ok(Said { message, id: self.id, sequence: home(&receipt)? })
    }

    /// Says `message`, together with others that follow from it.
    pub(crate) async fn say<M: Message>(
        self,
        message: M,
        also: Option<Envelope>,
    ) -> Result<Said<M>, Problem> {
        let mut entries: Vec<Entry> = vec![self.envelope(self.id, &message)?.into()];
        entries.extend(also.map(Entry::from));
        // A repetition must find the first one; whoever sends no key does not wait for others.
        let receipt = if self.keyed {
            self.facade.append_holding(entries, self.view).await?
        } else {
            drop(self.view);
            self.facade.append(entries).await?
        };
        Ok(Said { message, id: self.id, sequence: home(&receipt)? })
    }

    /// A message that follows from the one of this write.
    pub(crate) fn follower<M: Message>(&self, message: &M) -> Result<Envelope, Problem> {
        self.envelope(MessageId::output(SOURCE, self.id, 1), message)
    }

    fn envelope<M: Message>(&self, id: MessageId, message: &M) -> Result<Envelope, Problem> {
        let envelope = Envelope::new(id, SOURCE, message)?;
        let case = envelope.case_id.and_then(|case| self.view.cases.rows.get(CaseId(case)));
        let of_case = case.and_then(|case| case.traceparent.clone());
        let traceparent = of_case.or_else(|| self.traceparent.clone());
        Ok(Envelope { traceparent, ..envelope })
    }
}

/// Position of the first message in its own stream.
fn home(receipt: &Receipt) -> Result<Sequence, Problem> {
    let first = receipt.first().map(|(_, sequence)| *sequence);
    first.ok_or_else(|| Problem::new(Kind::Failed, "nothing was appended"))
}

/// The key under which the request may be repeated.
fn key(request: &Request) -> Result<Option<&str>, Problem> {
    let mut values = request.headers.get_all(KEY_HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let sound = value.to_str().ok().filter(|key| {
        (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    match (sound, values.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => Err(malformed(format!(
            "header `Idempotency-Key` is not one of 1 to {KEY_BYTES_MAX} visible ASCII letters; a UUID is a good one"
        ))),
    }
}

/// The name of what a request says: the first half by where it goes and its key, the second by its body.
fn named(path: &str, key: &str, body: &[u8]) -> MessageId {
    let by_key = MessageId::named("idempotency-key", &format!("{path} {key}")).0.into_bytes();
    let by_body = MessageId::named("body", &String::from_utf8_lossy(body)).0.into_bytes();
    let bytes =
        std::array::from_fn(|index| if index < 8 { by_key[index] } else { by_body[index - 8] });
    MessageId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facade::tests::{quiet, request};
    use messages::registry::AssetRetired;
    use runtime::committer::Request as Commit;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::time::Duration;
    use tokio::time::timeout;
    use warp::http::HeaderValue;

    /// A write under a key.
    fn keyed() -> Request {
        let mut request = request("/v1/assets/VEH001/retire");
        request.headers.insert(KEY_HEADER, HeaderValue::from_static("key-1"));
        request
    }

    #[tokio::test]
    async fn a_write_whose_client_went_away_is_found_by_the_one_that_repeats_it() {
        let folder = tempfile::tempdir().unwrap();
        let facade = quiet(folder.path()).await;
        let request = keyed();
        for alone in [false, true] {
            let head = facade.deployment.store().head(Partition::LOG);
            let request = Request { path: format!("{}/{alone}", request.path), ..keyed() };
            let (let_go, held) = mpsc::channel::<()>();
            let hold = Commit::Look(Box::new(move |_| held.recv().unwrap_or_default()));
            let holding = facade.deployment.committer().submit(hold).await.unwrap();
            let first = facade.writing(&request).await.unwrap();
            let message = AssetRetired { asset: "VEH001".to_owned(), reason: "sold".to_owned() };
            let said = async {
                match alone {
                    true => first.say_alone(message).await,
                    false => first.say(message, None).await,
                }
            };
            assert!(timeout(Duration::ZERO, said).await.is_err(), "nothing is durable yet");
            let mut again = pin!(facade.writing(&request));
            let early = timeout(Duration::ZERO, &mut again).await;
            drop(let_go);
            holding.await.unwrap().unwrap();
            let again = match early {
                Ok(again) => again.unwrap(),
                Err(_) => again.await.unwrap(),
            };
            assert!(again.earlier::<AssetRetired>().await.unwrap().is_some(), "it is done again");
            assert_eq!(facade.deployment.store().head(Partition::LOG), head + 1);
        }
    }

    #[test]
    fn a_name_is_halved_between_key_and_body() {
        let halves = |path: &str, key: &str, body: &[u8]| {
            let bytes = named(path, key, body).0.into_bytes();
            (bytes[..8].to_vec(), bytes[8..].to_vec())
        };
        let first = halves("/v1/replies", "key", b"{}");
        assert_eq!(first, halves("/v1/replies", "key", b"{}"));
        let (key, body) = halves("/v1/replies", "key", b"{ }");
        assert!(key == first.0 && body != first.1);
        let (key, body) = halves("/v1/replies", "other", b"{}");
        assert!(key != first.0 && body == first.1);
        assert_ne!(halves("/v1/centres", "key", b"{}").0, first.0);
    }
}
