//! `nats permissions`: the server's account, users and permissions, from what the agents declare.

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use nats::permissions::{self, ACCOUNT, devices, keys};
use serde_json::json;
use std::path::PathBuf;

/// Flags of `nats permissions`.
#[derive(Args, Debug)]
pub struct PermissionsArgs {
    /// Folder of the users' seeds, `<user>.nk`; those that are missing are made.
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// The account that the users belong to; one for each tenant.
    #[arg(long, value_name = "NAME", default_value = ACCOUNT)]
    account: String,
    /// The list of devices, as `device add` writes it: they are users, too.
    #[arg(long, value_name = "FILE")]
    devices: Option<PathBuf>,
    /// The file to write, for the server's configuration to `include`; standard output where not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(args: &PermissionsArgs, session: &Session) -> Result<Exit, CliError> {
    let grants = permissions::grants(session.catalog.contracts());
    let users: Vec<&str> = grants.iter().map(|grant| grant.user.as_str()).collect();
    let public = keys::public_keys(&args.keys, users.iter().copied()).map_err(CliError::failed)?;
    let devices = args.devices.as_deref().map_or(Ok(Vec::new()), devices::read);
    let devices = devices.map_err(CliError::failed)?;
    let text = permissions::configuration(&args.account, &grants, &public, &devices)
        .map_err(|user| CliError::failed(format!("user `{user}` has no key")))?;
    let said = match &args.out {
        None => text.clone(),
        Some(path) => {
            std::fs::write(path, &text)
                .map_err(|error| CliError::failed(format!("file `{}`: {error}", path.display())))?;
            let users = users.len() + devices.len();
            format!("{users} users written to `{}`", path.display())
        }
    };
    let value = json!({ "account": args.account, "users": public, "configuration": text });
    session.console.done(args.answer.output, said, &value)?;
    Ok(Exit::Ok)
}
