//! Answers that were made already: as long as their tag holds, they are sent again as they are.

use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Bytes of all answers that are kept.
pub(crate) const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The answers, by what was asked.
#[derive(Default)]
pub(crate) struct KeptAnswers {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_question: BTreeMap<String, (String, Bytes)>,
    /// Questions, the oldest answer first.
    order: VecDeque<String>,
    bytes: usize,
}

impl KeptAnswers {
    /// The answer to `question` called `tag`.
    pub(crate) fn get(&self, question: &str, tag: &str) -> Option<Bytes> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, body) = kept.by_question.get(question)?;
        (known == tag).then(|| body.clone())
    }

    /// Keeps an answer in place of the one before; the oldest go when there is too much.
    pub(crate) fn put(&self, question: String, tag: String, body: Bytes) {
        if body.len() > KEPT_BYTES_MAX / 4 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut *kept;
        kept.bytes += body.len();
        match kept.by_question.insert(question.clone(), (tag, body)) {
            Some((_, before)) => kept.bytes -= before.len(),
            None => kept.order.push_back(question),
        }
        while kept.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = kept.order.pop_front() else { return };
            if let Some((_, body)) = kept.by_question.remove(&oldest) {
                kept.bytes -= body.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_under_its_tag_alone_and_the_oldest_goes_first() {
        let kept = KeptAnswers::default();
        let body = Bytes::from(vec![b'x'; KEPT_BYTES_MAX / 5]);
        for number in 0..6 {
            kept.put(format!("/v1/{number}"), "1".to_owned(), body.clone());
        }
        assert_eq!(kept.get("/v1/0", "1"), None);
        assert_eq!(kept.get("/v1/5", "1"), Some(body.clone()));
        assert_eq!(kept.get("/v1/5", "2"), None);
        kept.put("/v1/5".to_owned(), "2".to_owned(), Bytes::from_static(b"y"));
        assert_eq!(kept.get("/v1/5", "1"), None);
        assert_eq!(kept.get("/v1/5", "2"), Some(Bytes::from_static(b"y")));
        let bytes = kept.kept.lock().unwrap().bytes;
        assert_eq!(bytes, 4 * body.len() + 1);
    }
}
