//! `device`: what publishes to a server of NATS or MQTT, and by what the server knows it.

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use clap::{Args, Subcommand};
use nats::permissions::devices::{self, Device, KnownBy};
use serde_json::json;
use std::path::PathBuf;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Makes a credential for a device, prints it once, and puts what the server knows it by on the list of devices.
    Add(AddArgs),
}

/// Flags of `device add`.
#[derive(Args, Debug)]
pub struct AddArgs {
    /// Fleet of the asset.
    fleet: String,
    /// The asset that the device speaks for.
    asset: String,
    /// A user with a password, for MQTT, instead of an nkey.
    #[arg(long)]
    mqtt: bool,
    /// Takes the place of a credential that the device has; the server forgets that when it is told the new list.
    #[arg(long)]
    renew: bool,
    /// The list of devices, for `nats permissions`; made where there is none. Nothing secret is in it.
    #[arg(long, value_name = "FILE", default_value = "devices.jsonl")]
    devices: PathBuf,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(command: DeviceCommand, session: &Session) -> Result<Exit, CliError> {
    let DeviceCommand::Add(args) = command;
    let AddArgs { fleet, asset, mqtt, renew, devices, answer } = &args;
    let made = match mqtt {
        true => Device::with_password(fleet, asset, super::run::fill),
        false => Device::with_nkey(fleet, asset),
    };
    let (device, credential) = made.map_err(CliError::failed)?;
    devices::add(devices, &device, *renew).map_err(CliError::failed)?;
    let secret = match device.known_by {
        KnownBy::Nkey(_) => "seed",
        KnownBy::PasswordHash(_) => "password",
    };
    let value = json!({
        "device": device.name(),
        "user": credential.user,
        secret: credential.secret,
        "publishes": device.telemetry(),
        "hears": device.notice(),
        "inbox": device.inbox(),
    });
    session.console.object(answer.output, &value)?;
    session.console.note(&format!("the {secret} is shown this once: nothing here keeps it"));
    let list = devices.display();
    let next = format!(
        "aurorasync nats permissions --keys DIR --devices {list} --out permissions.conf; nats-server --signal reload"
    );
    session.console.next(answer.output, &next);
    Ok(Exit::Ok)
}
