//! `audit`: who did or was denied what, and whether that is still as it was written.

use super::verify::{data_folder, existing};
use crate::cli::{Answer, Remote, Session};
use crate::client::Client;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Column;
use clap::{Args, Subcommand};
use runtime::guard::audit::{Verdict, verify};
use runtime::store::sled::SledStore;
use serde_json::json;
use std::path::PathBuf;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Lists links of AUDIT of a running process, the oldest first.
    Ls {
        /// Only of this principal.
        #[arg(long, value_name = "NAME")]
        principal: Option<String>,
        /// Only of this action: publish, read, ask, write, configure, contain, release, checkpoint, damage.
        #[arg(long, value_name = "NAME")]
        action: Option<String>,
        #[command(flatten)]
        remote: Remote,
        #[command(flatten)]
        answer: Answer,
    },
    /// Checks AUDIT in a store that no process uses: every link, every signature, and that no tail is cut.
    Verify(VerifyArgs),
}

/// Flags of `audit verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The data folder; the configured one where not given.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Public key noted earlier, in hexadecimal; the one in the data folder where not given.
    #[arg(long, value_name = "HEX")]
    public_key: Option<String>,
    #[command(flatten)]
    from: super::config::From,
    #[command(flatten)]
    answer: Answer,
}

const COLUMNS: [Column; 7] = [
    Column("LINK", "/sequence"),
    Column("AT", "/at"),
    Column("PRINCIPAL", "/principal"),
    Column("ACTION", "/action"),
    Column("OBJECT", "/object"),
    Column("OUTCOME", "/outcome"),
    Column("REASON", "/details/reason"),
];

pub(crate) fn perform(command: AuditCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        AuditCommand::Ls { principal, action, remote, answer } => {
            let mut query = Vec::new();
            query.extend(principal.as_deref().map(|name| ("principal", name)));
            query.extend(action.as_deref().map(|name| ("action", name)));
            let links = Client::new(&remote)?.list("/v1/audit", &query)?;
            session.console.list(answer.output, &COLUMNS, &links)?;
            Ok(Exit::Ok)
        }
        AuditCommand::Verify(args) => verify_offline(&args, session),
    }
}

fn verify_offline(args: &VerifyArgs, session: &Session) -> Result<Exit, CliError> {
    let data = data_folder(args.data.as_deref(), &args.from, session)?;
    let store = SledStore::open(&existing(&data)?)?;
    let verdict =
        verify(&store, Some(&data), args.public_key.as_deref()).map_err(CliError::failed)?;
    let intact = verdict.is_intact();
    let value = json!({ "intact": intact, "verdict": verdict });
    session.console.done(args.answer.output, text(&verdict), &value)?;
    Ok(if intact { Exit::Ok } else { Exit::No })
}

fn text(verdict: &Verdict) -> String {
    let Verdict { links, signatures, public_key, problems, findings, .. } = verdict;
    let key = public_key.as_deref().unwrap_or("none");
    let mut text = format!("{links} links, {signatures} signatures, public key {key}: ");
    text.push_str(&match (problems, public_key) {
        (0, Some(_)) => "intact".to_owned(),
        (0, None) => "each link follows from the one before; nobody's signature was checked, name the key with --public-key"
            .to_owned(),
        (problems, _) => format!("{problems} wrong"),
    });
    for finding in findings {
        text.push_str(&format!("\nlink {}: {}", finding.sequence, finding.what));
    }
    text
}
