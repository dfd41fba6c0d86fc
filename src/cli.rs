//! The verbs and their flags.

use crate::commands::{
    agent, asset, audit, backup, bench, booking, capa, case, centre, check, completions, config,
    dead, demo, device, doctor, evaluate, events, facade, ingest, model, nats, owner, principal,
    quarantine, replay, reply, run, scenario, simulate, train, verify, version,
};
use crate::error::CliError;
use crate::exit::{Exit, TABLE};
use crate::output::{Color, Console, Format};
use clap::{ArgAction, Args, Parser, Subcommand};
use messages::profile::{Span, SpanError};
use runtime::Catalog;
use std::time::Duration;

/// AuroraSync: watches a fleet and foresees what is going to fail.
#[derive(Debug, Parser)]
#[command(name = "aurorasync", version, after_help = TABLE, arg_required_else_help = true)]
pub struct Cli {
    /// What every verb takes.
    #[command(flatten)]
    pub common: Common,
    /// The verb.
    #[command(subcommand)]
    pub command: Command,
}

/// What every verb takes.
#[derive(Args, Debug)]
pub struct Common {
    /// When to use colours; `NO_COLOR` is heeded.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
    /// Prints nothing but answers and errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Says more; twice: everything.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the agents and the HTTP facade until told to stop.
    Run(run::RunArgs),
    /// Adds, imports, lists and retires assets.
    #[command(subcommand)]
    Asset(asset::AssetCommand),
    /// Adds, imports and lists owners, what they allow and what was said to them.
    #[command(subcommand)]
    Owner(owner::OwnerCommand),
    /// Imports and lists centres and the parts they have.
    #[command(subcommand)]
    Centre(centre::CentreCommand),
    /// Lists and explains what is going to fail, and takes decisions about it.
    #[command(subcommand)]
    Case(case::CaseCommand),
    /// Lists, shows, signs and exports corrective actions.
    #[command(subcommand)]
    Capa(capa::CapaCommand),
    /// Lists, moves and cancels bookings, and takes what the workshop says.
    #[command(subcommand)]
    Booking(booking::BookingCommand),
    /// Takes what an owner says.
    Reply(reply::ReplyArgs),
    /// Lists, shows and releases telemetry that was set aside.
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Lists and describes agents and shows what they remember.
    #[command(subcommand)]
    Agent(agent::AgentCommand),
    /// Lists, shows and replays messages that an agent could not handle.
    #[command(subcommand)]
    Dead(dead::DeadCommand),
    /// Lists who uses the bus, and contains and releases them.
    #[command(subcommand)]
    Principal(principal::PrincipalCommand),
    /// Lists and verifies who did or was denied what.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Follows what is said on the log.
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Says what becomes of what a device sends, before it is sent and after.
    #[command(subcommand)]
    Ingest(ingest::IngestCommand),
    /// Makes credentials for what publishes to a server of NATS or MQTT.
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// Makes and checks the streams of a server that devices publish to.
    #[command(subcommand)]
    Nats(nats::NatsCommand),
    /// Builds the read model anew, and writes the documents that describe the interface.
    #[command(subcommand)]
    Facade(facade::FacadeCommand),
    /// Writes, shows and checks the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Looks for what keeps this machine from running agents, and says what to do.
    Doctor(doctor::DoctorArgs),
    /// Makes, checks and restores exports of the store.
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Answers yes or no about the running process, by exit code.
    #[command(subcommand)]
    Check(check::CheckCommand),
    /// Checks a store that no process uses: every record, then every state against one pass over the log.
    Verify(verify::VerifyArgs),
    /// Plays recordings through the agents and says what they found.
    Replay(replay::ReplayArgs),
    /// Learns from one part of a dataset and says how well it foresees what happens in the other.
    Evaluate(evaluate::EvaluateArgs),
    /// Learns from a dataset and keeps what was learned as a file.
    Train(train::TrainArgs),
    /// Models in files: list, check, show; and those in use: promote, roll back, list.
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Writes days of a simulated fleet as a dataset, with what is true about it.
    Simulate(simulate::SimulateArgs),
    /// Plays, checks and lists scripts that tell and test the whole.
    #[command(subcommand)]
    Scenario(scenario::ScenarioCommand),
    /// Plays a story with a simulated fleet, says who decides what and why, and serves what it left.
    Demo(demo::DemoArgs),
    /// Measures speed, and how long ahead failures are foreseen.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Prints completions for a shell.
    Completions(completions::CompletionsArgs),
    /// Prints the version.
    Version(version::VersionArgs),
}

/// What a verb is performed with.
pub struct Session {
    /// The agents there are.
    pub catalog: Catalog,
    /// Where answers go.
    pub console: Console,
}

impl Command {
    /// Performs the verb.
    ///
    /// # Errors
    /// [`CliError`] saying what failed.
    pub fn perform(self, session: &Session) -> Result<Exit, CliError> {
        match self {
            Command::Run(args) => run::perform(args, session),
            Command::Asset(command) => asset::perform(command, session),
            Command::Owner(command) => owner::perform(command, session),
            Command::Centre(command) => centre::perform(command, session),
            Command::Case(command) => case::perform(command, session),
            Command::Capa(command) => capa::perform(command, session),
            Command::Booking(command) => booking::perform(command, session),
            Command::Reply(args) => reply::perform(args, session),
            Command::Quarantine(command) => quarantine::perform(command, session),
            Command::Agent(command) => agent::perform(command, session),
            Command::Dead(command) => dead::perform(command, session),
            Command::Principal(command) => principal::perform(command, session),
            Command::Audit(command) => audit::perform(command, session),
            Command::Events(command) => events::perform(command, session),
            Command::Ingest(command) => ingest::perform(command, session),
            Command::Device(command) => device::perform(command, session),
            Command::Nats(command) => nats::perform(command, session),
            Command::Facade(command) => facade::perform(command, session),
            Command::Config(command) => config::perform(command, session),
            Command::Doctor(args) => doctor::perform(&args, session),
            Command::Backup(command) => backup::perform(command, session),
            Command::Check(command) => check::perform(command, session),
            Command::Verify(args) => verify::perform(&args, session),
            Command::Replay(args) => replay::perform(&args, session),
            Command::Evaluate(args) => evaluate::perform(&args, session),
            Command::Train(args) => train::perform(&args, session),
            Command::Model(command) => model::perform(&command, session),
            Command::Simulate(args) => simulate::perform(&args, session),
            Command::Scenario(command) => scenario::perform(command, session),
            Command::Demo(args) => demo::perform(&args, session),
            Command::Bench(command) => bench::perform(command, session),
            Command::Completions(args) => completions::perform(&args),
            Command::Version(args) => version::perform(&args, session),
        }
    }
}

/// How a verb answers.
#[derive(Args, Clone, Copy, Debug)]
pub struct Answer {
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Format,
}

/// Where the running process is.
#[derive(Args, Clone, Debug)]
pub struct Remote {
    /// Address of the process that is asked, where it is not http://127.0.0.1:7380.
    #[arg(long, env = "AURORASYNC_URL", value_name = "URL")]
    pub url: Option<String>,
    /// How long an answer is waited for.
    #[arg(long, default_value = "10s", value_name = "DURATION", value_parser = duration)]
    pub timeout: Duration,
}

/// How what is said can be said again without being done twice.
#[derive(Args, Clone, Debug)]
pub struct Repeat {
    /// Sent again under the same key, it is answered again and done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
}

fn duration(text: &str) -> Result<Duration, SpanError> {
    text.parse::<Span>().map(Span::duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// Verbs that print no answer: two serve, one writes a script.
    const WITHOUT_ANSWER: [&str; 3] = ["run", "demo", "completions"];

    #[test]
    fn the_declarations_fit_together() {
        Cli::command().debug_assert();
    }

    fn leaves<'c>(
        command: &'c clap::Command,
        path: &str,
        found: &mut Vec<(String, &'c clap::Command)>,
    ) {
        let mut below = command.get_subcommands().filter(|it| it.get_name() != "help").peekable();
        if below.peek().is_none() {
            found.push((path.trim().to_owned(), command));
        }
        for child in below {
            leaves(child, &format!("{path} {}", child.get_name()), found);
        }
    }

    #[test]
    fn every_verb_that_answers_takes_the_format() {
        let root = Cli::command();
        let mut verbs = Vec::new();
        leaves(&root, "", &mut verbs);
        assert!(verbs.len() > 20);
        for (path, verb) in verbs {
            let format = verb.get_arguments().find(|argument| argument.get_id() == "output");
            let answers = !WITHOUT_ANSWER.contains(&path.as_str());
            assert_eq!(format.is_some(), answers, "{path}");
            let Some(format) = format else { continue };
            assert_eq!(format.get_short(), Some('o'), "{path}");
            let values: Vec<_> = format.get_possible_values();
            let names: Vec<&str> =
                values.iter().map(clap::builder::PossibleValue::get_name).collect();
            assert_eq!(names, ["text", "json", "jsonl"], "{path}");
        }
    }

    #[test]
    fn every_verb_and_every_flag_says_what_it_is() {
        let root = Cli::command();
        let mut verbs = Vec::new();
        leaves(&root, "", &mut verbs);
        for (path, verb) in verbs {
            assert!(verb.get_about().is_some(), "{path}");
            for argument in verb.get_arguments() {
                assert!(argument.get_help().is_some(), "{path} {}", argument.get_id());
            }
        }
    }
}
