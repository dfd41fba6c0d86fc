//! `bench`: how fast readings go from the door to the agents, how fast the bare scoring loop is, what poison costs its
//! neighbours, and how many can look at the facade at once; how early failures and visits are foreseen, and how surely
//! and how soon attacks are found.
//!
//! What is compared runs in one process on the same cores, so that a ratio means something on any machine.

mod batches;
mod containment;
mod demand;
mod facade;
mod foresight;
mod guard;
mod pipeline;
mod poison;

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use clap::{Args, Subcommand};
use models::forest::Workload;
use serde_json::json;
use std::time::{Duration, Instant};

/// Rows scored in one round of the bare loop.
const SCORE_ROWS: usize = 64 * 1024;

/// What is measured.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Readings per second through bus, store and both agents, singly and in frames of 100.
    Pipeline(pipeline::PipelineArgs),
    /// What messages that cannot be handled cost their neighbours: time until handled, with and without.
    Poison(poison::PoisonArgs),
    /// How long before they happen failures are foreseen on simulated fleets, beside plain warning limits.
    Foresight(foresight::ForesightArgs),
    /// How surely and how soon attacks on the bus are found and contained, and how often nobody attacked.
    Guard(guard::GuardArgs),
    /// How soon misconduct is refused and contained on the wall's clock, and what the others feel of it.
    Containment(containment::ContainmentArgs),
    /// How well visits to workshops are foreseen, beside the same weekday a week before and what is booked already.
    Demand(demand::DemandArgs),
    /// Reads per second of the facade, and whether those who follow it miss an event or hear one twice.
    Facade(facade::FacadeArgs),
    /// The clients of `bench facade`, in a process of their own.
    #[command(hide = true)]
    FacadeClients(facade::ClientsArgs),
    /// How soon a bad batch among many vehicles opens a CAPA, and how many open where no batch is bad.
    Batches(batches::BatchesArgs),
    /// Rows per second of the bare scoring loop: 100 trees of 256 rows, 30 features, on every core.
    Score(ScoreArgs),
}

/// Flags of `bench score`.
#[derive(Args, Debug)]
pub struct ScoreArgs {
    /// How long to measure, in seconds.
    #[arg(long, default_value_t = 5, value_name = "N")]
    seconds: u64,
    /// Seed of the forest and the rows.
    #[arg(long, default_value_t = 7, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(command: BenchCommand, session: &Session) -> Result<Exit, CliError> {
    match command {
        BenchCommand::Pipeline(args) => pipeline::perform(&args, session),
        BenchCommand::Poison(args) => poison::perform(&args, session),
        BenchCommand::Facade(args) => facade::perform(&args, session),
        BenchCommand::FacadeClients(args) => facade::perform_clients(&args, session),
        BenchCommand::Foresight(args) => foresight::perform(&args, session),
        BenchCommand::Guard(args) => guard::perform(&args, session),
        BenchCommand::Containment(args) => containment::perform(&args, session),
        BenchCommand::Demand(args) => demand::perform(&args, session),
        BenchCommand::Batches(args) => batches::perform(&args, session),
        BenchCommand::Score(args) => {
            let rows_per_second = score(args.seed, Duration::from_secs(args.seconds))?;
            let cores = cores();
            let value = json!({ "rows_per_second": rows_per_second.round(), "cores": cores });
            let text = format!("{rows_per_second:.0} rows/s on {cores} cores");
            session.console.done(args.answer.output, text, &value)?;
            Ok(Exit::Ok)
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Rows per second of the bare loop, on every core at once.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time, on every core")]
fn score(seed: u64, time: Duration) -> Result<f64, CliError> {
    let workload = Workload::new(seed, SCORE_ROWS).map_err(CliError::failed)?;
    let rounds = std::thread::scope(|scope| {
        let one = || {
            let begun = Instant::now();
            let mut rounds = 0_u64;
            let mut sum = 0.0;
            while begun.elapsed() < time {
                sum += workload.score_in_blocks().map_err(CliError::failed)?;
                rounds += 1;
            }
            std::hint::black_box(sum);
            Ok::<f64, CliError>(rounds as f64 / begun.elapsed().as_secs_f64())
        };
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(one)).collect();
        let mut rounds = 0.0;
        for thread in threads {
            let ended = thread.join();
            rounds += ended.map_err(|_| CliError::failed("the scoring loop panicked"))??;
        }
        Ok::<f64, CliError>(rounds)
    })?;
    Ok(rounds * SCORE_ROWS as f64)
}
