//! Reads signals from standard input, a JSON object a line, and brings each to the server.

use clap::Parser;
use serde_json::{Map, Value};
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use store_and_forward::forward::Device;
use store_and_forward::wal::Wal;
use tokio::sync::watch;

/// A device that keeps each reading on disk until the server has it.
#[derive(Parser)]
struct Args {
    /// Fleet of the asset.
    fleet: String,
    /// The asset that it measures.
    asset: String,
    /// The server.
    #[arg(long, default_value = "nats://127.0.0.1:4222")]
    server: String,
    /// File with the seed that `aurorasync device add` printed.
    #[arg(long)]
    seed: Option<PathBuf>,
    /// Where readings wait.
    #[arg(long, default_value = "readings")]
    folder: PathBuf,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let seed = args.seed.as_ref().map(std::fs::read_to_string).transpose()?;
    let device = Device {
        fleet: args.fleet.clone(),
        asset: args.asset.clone(),
        seed: seed.map(|seed| seed.trim().to_owned()),
    };
    let wal = Arc::new(Mutex::new(Wal::open(&args.folder)?));
    let (more, has_more) = watch::channel(true);
    let threads = tokio::runtime::Runtime::new()?;
    let client = threads.block_on(device.connect(&args.server))?;
    let (listener, listening) = (device.clone(), client.clone());
    threads.spawn(async move {
        if let Err(error) = listener.listen(&listening, complain).await {
            complain(&error.to_string());
        }
    });
    let shared = wal.clone();
    let forwarding = threads.spawn(async move { device.forward(&client, &shared, has_more).await });
    take(&wal)?;
    more.send_replace(false);
    Ok(threads.block_on(forwarding)??)
}

/// Takes every line; says the name of each reading once it is on disk.
fn take(wal: &Mutex<Wal>) -> Result<(), Box<dyn Error>> {
    for line in io::stdin().lock().lines() {
        let signals: Map<String, Value> = match serde_json::from_str(&line?) {
            Ok(signals) => signals,
            Err(error) => {
                complain(&format!("a line that is no JSON object is left out: {error}"));
                continue;
            }
        };
        let taken = wal.lock().unwrap_or_else(PoisonError::into_inner).take(&now(), &signals);
        match taken {
            Ok(name) => writeln!(io::stdout(), "{}/{}", name.boot, name.seq)?,
            Err(error) => complain(&format!("a reading is not taken: {error}")),
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a device reads its own clock")]
fn now() -> String {
    jiff::Timestamp::now().to_string()
}

/// Says it on standard error; when that is gone, nobody is there to be told.
fn complain(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}
