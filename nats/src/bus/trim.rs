//! Forgets what every reader has behind it: heads are carried forward first, then the stream is purged from below.

use super::ask::{Ask, Outgoing, Trouble, Written};
use super::head::Head;
use super::{denied, place};
use futures_util::TryStreamExt;
use messages::guard::Action;
use messages::{Sequence, Stream};
use runtime::bus::BusError;

/// Forgets the records of `stream` up to and including `through`, in the name of `principal`.
pub(super) async fn trim(
    ask: &Ask,
    principal: &str,
    stream: Stream,
    through: Sequence,
) -> Result<(), BusError> {
    let name = place::stream_name(stream);
    let failed = |trouble: Trouble| failure(principal, stream, trouble);
    if place::is_fenced(stream) {
        for subject in heads(ask, stream).await.map_err(failed)? {
            carry(ask, name, &subject, through).await.map_err(failed)?;
        }
    }
    let purge = async {
        let jetstream = ask.connection().jetstream();
        let stream = jetstream.get_stream_no_info(name).await;
        let stream = stream.map_err(|error| Trouble::Refused(error.to_string()))?;
        let purged = stream.purge().sequence(through + 1).await;
        purged.map_err(|error| Trouble::Unanswered(format!("`{name}` is not purged: {error}")))
    };
    let subject = format!("$JS.API.STREAM.PURGE.{name}");
    ask.answered(&[subject], purge).await.map_err(failed)?;
    Ok(())
}

fn failure(principal: &str, stream: Stream, trouble: Trouble) -> BusError {
    match trouble {
        Trouble::Denied(said) => {
            denied(principal, Action::Publish, &format!("a trim of `{stream}`"), &said)
        }
        Trouble::Refused(said) => BusError::Refused(said),
        Trouble::Unanswered(said) => BusError::Overloaded(format!("{said}; trim again later")),
    }
}

/// Subjects of all heads of `stream`.
async fn heads(ask: &Ask, stream: Stream) -> Result<Vec<String>, Trouble> {
    let name = place::stream_name(stream);
    let list = async {
        let unanswered = |error: &dyn std::fmt::Display| Trouble::Unanswered(error.to_string());
        let stream_asked = ask.connection().jetstream().get_stream_no_info(name).await;
        let stream_asked = stream_asked.map_err(|error| Trouble::Refused(error.to_string()))?;
        let listed = stream_asked.info_with_subjects(place::heads(stream)).await;
        let listed = listed.map_err(|error| unanswered(&error))?;
        let counts: Vec<(String, usize)> =
            listed.try_collect().await.map_err(|error| unanswered(&error))?;
        let mut subjects: Vec<String> = counts.into_iter().map(|(subject, _)| subject).collect();
        subjects.sort_unstable();
        Ok(subjects)
    };
    ask.answered(&[format!("$JS.API.STREAM.INFO.{name}")], list).await
}

/// Writes the head under `subject` again, as it is, if it would be forgotten. Its owner knows it by its name.
async fn carry(ask: &Ask, stream: &str, subject: &str, through: Sequence) -> Result<(), Trouble> {
    loop {
        let Some(head) = ask.last(stream, subject).await?.filter(|it| it.sequence <= through)
        else {
            return Ok(());
        };
        let again = Head::from_headers(&head.headers);
        let again = again.map_err(|error| Trouble::Refused(error.to_string()))?;
        let carried_from = again.carried_from.or(Some(head.sequence));
        let headers = Head { carried_from, ..again }.to_headers();
        let outgoing = Outgoing { subject: subject.to_owned(), headers, payload: head.payload };
        match ask.write(Some((subject, head.sequence)), vec![outgoing]).await {
            Written::Stored(_) => return Ok(()),
            Written::Denied(said) => return Err(Trouble::Denied(said)),
            Written::Refused(said) | Written::Full(said) => return Err(Trouble::Refused(said)),
            Written::Fenced => {}
            Written::Busy | Written::Unclear(_) => ask.pause().await,
        }
    }
}
