//! Merges the files of a dataset by time. A file is opened when its first moment has come, and closed at its end.

use crate::dataset::{Dataset, DatasetError, FileSurvey, Reading, RowTally, Source, Telemetry};
use messages::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

pub(super) struct Merge {
    telemetry: Arc<Telemetry>,
    rows_sorted_max: u64,
    files: Vec<MergedFile>,
    /// The next moment of each file that has one, and the file's place: earlier files come first among equals.
    next: BinaryHeap<Reverse<(Timestamp, usize)>>,
    pub(super) tally: RowTally,
}

enum MergedFile {
    Waiting(FileSurvey),
    Open { source: Box<Source>, next: Reading },
    Finished,
}

impl Merge {
    pub(super) fn new(dataset: &Dataset, surveys: Vec<FileSurvey>, rows_sorted_max: u64) -> Self {
        let next =
            surveys.iter().enumerate().map(|(file, survey)| Reverse((survey.first_at, file)));
        Self {
            telemetry: Arc::clone(&dataset.telemetry),
            rows_sorted_max,
            next: next.collect(),
            files: surveys.into_iter().map(MergedFile::Waiting).collect(),
            tally: RowTally::default(),
        }
    }

    /// The next reading of all files.
    pub(super) fn next(&mut self) -> Result<Option<Reading>, DatasetError> {
        while let Some(Reverse((_, file))) = self.next.pop() {
            match std::mem::replace(&mut self.files[file], MergedFile::Finished) {
                MergedFile::Waiting(survey) => {
                    let source = self.telemetry.read(&survey, self.rows_sorted_max)?;
                    self.refill(file, Box::new(source))?;
                }
                MergedFile::Open { source, next } => {
                    self.refill(file, source)?;
                    return Ok(Some(next));
                }
                MergedFile::Finished => {}
            }
        }
        Ok(None)
    }

    /// Reads a file's next reading and puts the file back in line, or lets it go.
    fn refill(&mut self, file: usize, mut source: Box<Source>) -> Result<(), DatasetError> {
        let next = source.next()?;
        self.tally.absorb(&mut source.tally);
        if let Some(next) = next {
            self.next.push(Reverse((next.at, file)));
            self.files[file] = MergedFile::Open { source, next };
        }
        Ok(())
    }
}
