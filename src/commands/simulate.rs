//! `simulate`: writes days of a simulated fleet as a dataset, with what is true about it.

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use messages::Timestamp;
use messages::profile::Span;
use serde_json::json;
use simulator::fleet::{self, FleetConfig, Written};
use std::path::PathBuf;

/// Flags of `simulate`.
#[derive(Args, Debug)]
pub struct SimulateArgs {
    /// How many vehicles.
    #[arg(long, default_value_t = 10, value_name = "N")]
    vehicles: u32,
    /// How many days.
    #[arg(long, default_value_t = 30, value_name = "N")]
    days: u32,
    /// Where all chance comes from.
    #[arg(long, default_value_t = 42, value_name = "N")]
    seed: u64,
    /// How often a driven vehicle is sampled.
    #[arg(long, default_value = "5s", value_name = "DURATION")]
    sample: Span,
    /// The first moment.
    #[arg(long, default_value = "2026-01-01T00:00:00Z", value_name = "TIME")]
    start: Timestamp,
    /// How fast everything wears, compared with usual vehicles.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    wear: f64,
    /// How noisy sensors are, compared with usual ones.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    noise: f64,
    /// How often faults begin, compared with usual vehicles.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    faults: f64,
    /// The folder to write, new or empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(args: &SimulateArgs, session: &Session) -> Result<Exit, CliError> {
    let config = FleetConfig {
        sample: args.sample.duration(),
        wear: args.wear,
        noise: args.noise,
        spontaneous: args.faults,
        repairs: true,
        ..FleetConfig::vehicles(args.vehicles, args.seed, args.start)
    };
    let written = fleet::write(config, args.days, &args.out).map_err(CliError::failed)?;
    let Written { samples, faults, failures, services, codes } = written;
    let folder = args.out.display();
    let text = format!(
        "{folder}: {} vehicles, {} days, {samples} samples; {faults} faults began, {failures} failed, \
         {services} repairs, {codes} trouble codes",
        args.vehicles, args.days
    );
    let value = json!({
        "folder": args.out, "vehicles": args.vehicles, "days": args.days, "seed": args.seed,
        "samples": samples, "faults": faults, "failures": failures, "services": services,
        "codes": codes,
    });
    session.console.done(args.answer.output, text, &value)?;
    session.console.next(args.answer.output, &format!("aurorasync replay {folder}"));
    Ok(Exit::Ok)
}
