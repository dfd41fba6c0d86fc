//! What the views showed at a moment of the past: the log read again up to it.

use super::{LogView, Views};
use crate::facade::Facade;
use crate::facade::blocking;
use crate::problem::{Kind, Problem};
use crate::request::{Request, malformed};
use messages::Timestamp;
use runtime::store::{Partition, ReadLimit, Store};
use std::ops::Deref;
use tokio::sync::OwnedMutexGuard;

/// Records that are read to answer from the past; beyond it a question is refused.
pub(crate) const PAST_RECORDS_MAX: u64 = 2_000_000;
/// Questions about the past that are answered at once; others wait.
pub(crate) const PAST_READERS_MAX: usize = 2;

/// The views as they stand, or as they stood.
pub(crate) enum Seen {
    /// Now; nothing changes while it is held.
    Now(OwnedMutexGuard<LogView>),
    /// At a moment of the past.
    Then(Box<LogView>),
}

impl Deref for Seen {
    type Target = LogView;

    fn deref(&self) -> &LogView {
        match self {
            Seen::Now(view) => view,
            Seen::Then(view) => view,
        }
    }
}

impl Facade {
    /// The views that the request asks for: those of now, or of `?at=`.
    pub(crate) async fn view(&self, request: &Request) -> Result<Seen, Problem> {
        let Some(text) = request.query("at") else { return Ok(Seen::Now(self.views.log().await?)) };
        let at: Timestamp = text.parse().map_err(|_| {
            malformed(format!("`at` is `{text}`, not a time such as `2026-03-02T06:00:00Z`"))
        })?;
        if at > self.now() {
            let text = format!("`at` is `{at}`, which has not come yet");
            return Err(Problem::new(Kind::Unprocessable, text));
        }
        Ok(Seen::Then(Box::new(self.views.at(at).await?)))
    }
}

impl Views {
    /// The view as it was at `at`: of everything that had been appended by then.
    async fn at(&self, at: Timestamp) -> Result<LogView, Problem> {
        let turn = self.past.acquire().await;
        let turn = turn.map_err(|error| Problem::new(Kind::Failed, error.to_string()))?;
        let view = blocking(self.store.clone(), move |store| replay(store, at)).await?;
        drop(turn);
        view
    }
}

/// Reads the log up to `at`; its times never go back.
fn replay(store: &dyn Store, at: Timestamp) -> Result<LogView, Problem> {
    let mut view = LogView::default();
    let first = store.first(Partition::LOG);
    view.cursor = first.saturating_sub(1);
    loop {
        let batch = store.read(Partition::LOG, view.cursor, ReadLimit::default())?;
        if batch.is_empty() {
            return Ok(view);
        }
        for delivery in &batch {
            if delivery.envelope.time > at {
                return Ok(view);
            }
            view.apply(delivery);
            view.cursor = delivery.sequence;
        }
        if view.cursor - (first - 1) > PAST_RECORDS_MAX {
            return Err(Problem::new(
                Kind::Unprocessable,
                format!(
                    "more than {PAST_RECORDS_MAX} records lie before `{at}`; restore an export and ask there, \
                     or read `/v1/events` from a position on"
                ),
            ));
        }
    }
}
