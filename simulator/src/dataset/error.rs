//! Why a dataset folder cannot be used: each reason names the file, the key or line, its value and a remedy.

use std::path::{Path, PathBuf};

/// Why a dataset cannot be loaded or replayed.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file cannot be opened or read, or its gzip stream is damaged.
    #[error("cannot read `{}`; check that it exists and is whole", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// `dataset.toml` is not TOML, or has a key or a type that it may not have.
    #[error("`{}` is not a valid dataset: {detail}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Line, key and what was expected.
        detail: String,
    },
    /// A key has a value that cannot be used.
    #[error("`{}`: key `{key}` is `{value}`; {remedy}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key, with its table.
        key: String,
        /// Its value.
        value: String,
        /// What to write instead.
        remedy: String,
    },
    /// A key that is understood, but that replay cannot use yet.
    #[error("`{}`: `{key}` cannot be used by a replay yet: {why}", path.display())]
    NotYet {
        /// The file.
        path: PathBuf,
        /// The key, with its table.
        key: String,
        /// What is missing and what to do without it.
        why: &'static str,
    },
    /// A pattern or name matches no file.
    #[error("`{}`: key `{key}` is `{pattern}`, which matches no file in `{}`; check the name, or give the folder with `--data`", path.display(), folder.display())]
    NoFiles {
        /// `dataset.toml`.
        path: PathBuf,
        /// The key, with its table.
        key: &'static str,
        /// The pattern.
        pattern: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// More files than may be read in one dataset.
    #[error("`{}`: telemetry has {files} files, more than the {} allowed; join them or narrow `telemetry.files`", path.display(), super::FILES_MAX)]
    TooManyFiles {
        /// `dataset.toml`.
        path: PathBuf,
        /// How many.
        files: usize,
    },
    /// A file lacks a column that `dataset.toml` names.
    #[error("`{}` has no column `{column}` (named by `{key}`); it has {}", path.display(), list(found))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The key that names it, with its table.
        key: String,
        /// The column.
        column: String,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// Two columns of a file have the name of one that is needed.
    #[error("`{}` has two columns `{column}`; rename one of them, or give the file's columns with `header`", path.display())]
    ColumnTwice {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// A file has no row that can be used.
    #[error("`{}` has no usable row among {rows}{}; check `delimiter`, `header`, `time` and `format`", path.display(), after(first))]
    NoRows {
        /// The file.
        path: PathBuf,
        /// Rows that were looked at.
        rows: u64,
        /// The first reason, with its line.
        first: Option<String>,
    },
    /// A row of a table other than telemetry cannot be read.
    #[error("`{}` line {line}: {detail}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong with it.
        detail: String,
    },
    /// A file is not in the order of time and too long to be put in order in memory.
    #[error("`{}` is not in the order of time (line {line} is earlier than the row before it) and has {rows} rows, more than the {rows_sorted_max} that are sorted in memory; sort it by time, or split it", path.display())]
    Unsorted {
        /// The file.
        path: PathBuf,
        /// The first line out of order.
        line: u64,
        /// Its rows.
        rows: u64,
        /// The limit.
        rows_sorted_max: u64,
    },
    /// More assets than may be replayed together.
    #[error("`{}`: more than {} assets; narrow `telemetry.files` or make fewer `copies`", path.display(), super::ASSETS_MAX)]
    TooManyAssets {
        /// `dataset.toml`.
        path: PathBuf,
    },
    /// A file was changed between the two passes over it.
    #[error("`{}` changed while it was being read; replay it again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The profile gives no limit at which an overlaid channel counts as failed.
    #[error("`{}`: overlay `{overlay}` needs to know when `{channel}` has failed; give `fails_at`, or a critical limit in the profile", path.display())]
    NoLimit {
        /// `dataset.toml`.
        path: PathBuf,
        /// The overlay.
        overlay: String,
        /// Its channel.
        channel: String,
    },
}

impl DatasetError {
    /// A [`DatasetError::Value`].
    pub(crate) fn value(
        path: &Path,
        key: impl Into<String>,
        value: impl ToString,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Value {
            path: path.to_owned(),
            key: key.into(),
            value: value.to_string(),
            remedy: remedy.into(),
        }
    }

    /// A [`DatasetError::Read`].
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Read { path: path.to_owned(), source }
    }
}

/// Names in backticks, cut to what fits a line or two.
fn list(names: &[String]) -> String {
    const NAMES_SHOWN_MAX: usize = 30;
    let shown = names.iter().take(NAMES_SHOWN_MAX).map(|name| format!("`{name}`"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if names.len() > NAMES_SHOWN_MAX {
        text.push_str(", …");
    }
    text
}

fn after(first: &Option<String>) -> String {
    first.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default()
}
