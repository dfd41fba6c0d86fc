//! `verify`: looks at a store that no process uses, down to the last bit.

use crate::cli::{Answer, Session};
use crate::config::{self, Sources};
use crate::error::CliError;
use crate::exit::Exit;
use crate::upkeep::store_folder;
use clap::Args;
use runtime::Models;
use runtime::deployment::partitions_of;
use runtime::recompute::{Report, recompute};
use runtime::store::sled::SledStore;
use runtime::store::{Store, StoreError, Verified};
use serde_json::json;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Flags of `verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The data folder; the configured one where not given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    from: super::config::From,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(args: &VerifyArgs, session: &Session) -> Result<Exit, CliError> {
    let data = data_folder(args.data.as_deref(), &args.from, session)?;
    let folder = existing(&data)?;
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&folder)?);
    let verified = store.verify()?;
    let reports = match partitions(&*store, &folder)? {
        Some(partitions) => {
            recompute(&session.catalog, &Arc::new(Models::default()), &store, partitions)?
        }
        None => Vec::new(),
    };
    answer(args, session, verified, &reports)
}

fn answer(
    args: &VerifyArgs,
    session: &Session,
    verified: Verified,
    reports: &[Report],
) -> Result<Exit, CliError> {
    let equal = reports.iter().all(Report::is_equal);
    let value = json!({ "equal": equal, "verified": verified, "hosts": reports });
    let Verified { records, states, blobs } = verified;
    let mut text = format!("{records} records, {states} states, {blobs} values: intact");
    for report in reports {
        text.push_str(&format!("\n{}", line(report)));
        for example in &report.examples {
            text.push_str(&format!("\n  {example}"));
        }
    }
    session.console.done(args.answer.output, text, &value)?;
    Ok(if equal { Exit::Ok } else { Exit::No })
}

fn line(report: &Report) -> String {
    let Report { host, head, keys, said, differences, not_compared, .. } = report;
    match not_compared {
        Some(reason) => format!("{host}: not compared: {reason}"),
        None => format!(
            "{host}: {keys} states and {said} messages compared at {head}: {differences} differences"
        ),
    }
}

/// The data folder named, else the configured one.
pub(crate) fn data_folder(
    named: Option<&Path>,
    from: &super::config::From,
    session: &Session,
) -> Result<PathBuf, CliError> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let loaded = config::load(&session.catalog, &Sources::of_process(from.config.clone()))?;
    Ok(loaded.settings.store.path)
}

/// The store's folder in `data`; opening one that is not there would make it.
pub(crate) fn existing(data: &Path) -> Result<PathBuf, CliError> {
    let folder = store_folder(data);
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(CliError::Input {
        text: format!("there is no store in `{}`", data.display()),
        help: "name the data folder with --data; `aurorasync run` makes one".to_owned(),
    })
}

fn partitions(store: &dyn Store, folder: &Path) -> Result<Option<NonZeroU16>, StoreError> {
    let Some(found) = partitions_of(store)? else { return Ok(None) };
    NonZeroU16::new(found).map(Some).ok_or_else(|| StoreError::Corrupt {
        path: folder.to_owned(),
        what: "the number of partitions cannot be read".to_owned(),
    })
}
