//! How long before it happens a failure is foreseen on simulated fleets, beside the plain rule of warning limits.
//!
//! Each seed is a fleet that no model has seen, with faults that begin by themselves, played through data-analysis and
//! diagnosis as devices would send it. What is true comes from the simulator and meets what was said only here.

mod judge;

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use crate::promoting::{JudgedBy, Promotion};
use crate::replaying::Listener;
use agents::{DataAnalysis, Diagnosis};
use clap::Args;
use judge::{Alarms, Score};
use messages::prediction::{FailurePredicted, PredictionCleared};
use messages::profile::{self, Profile, Span};
use messages::{Envelope, Message, MessageId, Provenance, Timestamp};
use runtime::conductor::Conductor;
use runtime::effects::Effects;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::memory::MemoryStore;
use runtime::store::{Batch, Store};
use runtime::{Agent, Catalog, Models};
use serde::Serialize;
use serde_json::json;
use simulator::fleet::{Event, Fleet, FleetConfig};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Source of what is appended.
const SOURCE: &str = "simulator";
/// How often the agents' words are collected.
const LISTEN: Duration = Duration::from_secs(3_600);

/// Flags of `bench foresight`.
#[derive(Args, Debug)]
pub struct ForesightArgs {
    /// How many fleets, one a seed.
    #[arg(long, default_value_t = 20, value_name = "N")]
    seeds: u64,
    /// Seed of the first fleet; the next ones follow.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    first_seed: u64,
    /// Vehicles in each fleet.
    #[arg(long, default_value_t = 10, value_name = "N")]
    vehicles: u32,
    /// Days of each fleet.
    #[arg(long, default_value_t = 90, value_name = "N")]
    days: u32,
    /// How often a driven vehicle is sampled.
    #[arg(long, default_value = "5s", value_name = "DURATION")]
    sample: Span,
    /// How fast everything wears, compared with usual vehicles.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    wear: f64,
    /// How noisy sensors are, compared with usual ones.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    noise: f64,
    /// How often faults begin, compared with usual vehicles: a healthy fleet would tell nothing about recall.
    #[arg(long, default_value_t = 5.0, value_name = "FACTOR")]
    faults: f64,
    /// The component.
    #[arg(long, default_value = "brake", value_name = "ID")]
    component: String,
    #[command(flatten)]
    judged_by: JudgedBy,
    /// How long before the failure it must be foreseen.
    #[arg(long, default_value = "7d", value_name = "DURATION")]
    lead: Span,
    #[command(flatten)]
    answer: Answer,
}

/// What both detectors did on all fleets.
#[derive(Debug, Serialize)]
struct Outcome {
    vehicle_months: f64,
    samples: u64,
    agents: Score,
    limits: Score,
}

pub(crate) fn perform(args: &ForesightArgs, session: &Session) -> Result<Exit, CliError> {
    let text =
        profile::embedded("vehicle").ok_or_else(|| CliError::failed("no vehicle profile"))?;
    let profile = Profile::parse(text).map_err(CliError::failed)?;
    if profile.component(&args.component).is_none() {
        let known: Vec<&str> = profile.components.iter().map(|known| known.id.as_str()).collect();
        let (component, known) = (&args.component, known.join(", "));
        return Err(CliError::failed(format!("no component `{component}`; there are {known}")));
    }
    let mut outcome = Outcome {
        vehicle_months: 0.0,
        samples: 0,
        agents: Score::default(),
        limits: Score::default(),
    };
    for seed in args.first_seed..args.first_seed + args.seeds {
        one_fleet(args, seed, &profile, text, &mut outcome)?;
        session
            .console
            .note(&format!("seed {seed}: {}", line("agents", &outcome, &outcome.agents)));
    }
    let format = args.answer.output;
    let value = json!({
        "component": args.component, "lead": args.lead, "seeds": args.seeds, "wear": args.wear,
        "noise": args.noise, "sample": args.sample, "faults": args.faults, "model": args.judged_by.model,
        "outcome": outcome,
    });
    match format {
        Format::Text => {
            session.console.line(line("agents", &outcome, &outcome.agents))?;
            session.console.line(line("warning limits", &outcome, &outcome.limits))?;
        }
        Format::Json | Format::Jsonl => session.console.object(format, &value)?,
    }
    Ok(Exit::Ok)
}

fn line(who: &str, outcome: &Outcome, score: &Score) -> String {
    let Score { failures, foreseen, early_enough, alarms, false_alarms, .. } = score;
    let per_100 = *false_alarms as f64 / outcome.vehicle_months * 100.0;
    let lead = score.median_lead_days().map_or("–".to_owned(), |days| format!("{days:.1}"));
    format!(
        "{who}: {early_enough} of {failures} failures foreseen early enough ({foreseen} at all, median lead {lead} days), \
         {false_alarms} of {alarms} alarms false, {per_100:.2} per 100 vehicle-months of {:.0}",
        outcome.vehicle_months
    )
}

/// Plays one fleet and adds what came of it.
fn one_fleet(
    args: &ForesightArgs,
    seed: u64,
    profile: &Profile,
    text: &str,
    outcome: &mut Outcome,
) -> Result<(), CliError> {
    let start: Timestamp = "2026-01-05T00:00:00Z".parse().map_err(CliError::failed)?;
    let config = FleetConfig {
        sample: args.sample.duration(),
        wear: args.wear,
        noise: args.noise,
        spontaneous: args.faults,
        repairs: true,
        ..FleetConfig::vehicles(args.vehicles, seed, start)
    };
    let mut fleet = Fleet::new(config).map_err(CliError::failed)?;
    let mut heard = Heard::new(profile, &args.component, &fleet, text, start)?;
    let profiles = BTreeMap::from([(profile.name.clone(), profile.clone())]);
    if let Some(promotion) = args.judged_by.promotion(&profiles)? {
        heard.promote(&promotion)?;
    }
    let until = start.saturating_add(Duration::from_secs(86_400) * args.days);
    while fleet.now() < until {
        let to = fleet.now().saturating_add(LISTEN).min(until);
        for event in fleet.step(to) {
            heard.take(&event)?;
        }
        heard.listen()?;
    }
    let truth = fleet.truth();
    let lead = args.lead.duration();
    outcome.samples += heard.samples;
    outcome.vehicle_months += f64::from(args.vehicles) * f64::from(args.days) / 30.436_875;
    outcome.agents.add(&heard.agents, truth, &args.component, lead);
    outcome.limits.add(&heard.limits, truth, &args.component, lead);
    Ok(())
}

/// The agents, and both detectors' alarms about one component.
struct Heard<'p> {
    profile: &'p Profile,
    component: &'p str,
    store: Arc<MemoryStore>,
    conductor: Conductor,
    listener: Listener,
    appended: u64,
    samples: u64,
    agents: Alarms,
    limits: Alarms,
}

impl<'p> Heard<'p> {
    fn new(
        profile: &'p Profile,
        component: &'p str,
        fleet: &Fleet,
        text: &str,
        start: Timestamp,
    ) -> Result<Self, CliError> {
        let profiles = json!({ "profiles": { profile.name.clone(): text } });
        let configs: BTreeMap<String, serde_json::Value> = [DataAnalysis::KIND, Diagnosis::KIND]
            .map(|kind| (kind.to_owned(), profiles.clone()))
            .into();
        let store = Arc::new(MemoryStore::default());
        let conductor = Conductor::new(
            Catalog::default().with::<DataAnalysis>().with::<Diagnosis>(),
            &configs,
            Arc::new(Models::default()),
            store.clone(),
            start,
            PARTITIONS_EMBEDDED,
            Effects::default(),
        )
        .map_err(CliError::failed)?;
        let mut heard = Self {
            profile,
            component,
            store,
            conductor,
            listener: Listener::default(),
            appended: 0,
            samples: 0,
            agents: Alarms::default(),
            limits: Alarms::default(),
        };
        for asset in fleet.registrations() {
            heard.append(&asset)?;
        }
        Ok(heard)
    }

    fn promote(&mut self, promotion: &Promotion) -> Result<(), CliError> {
        self.store.commit(Batch { blobs: vec![promotion.blob()], ..Batch::default() })?;
        let promoted = vec![promotion.entry(Provenance::Simulated)?];
        self.conductor.append(promoted).map_err(CliError::failed)?;
        self.conductor.settle().map_err(CliError::failed)
    }

    fn append<M: Message>(&mut self, message: &M) -> Result<(), CliError> {
        self.appended += 1;
        let id = MessageId::named(SOURCE, &self.appended.to_string());
        let envelope = Envelope::new(id, SOURCE, message).map_err(CliError::failed)?;
        let envelope = envelope.with_provenance(Provenance::Simulated);
        self.conductor.append(vec![envelope.into()]).map_err(CliError::failed)?;
        self.conductor.settle().map_err(CliError::failed)
    }

    fn take(&mut self, event: &Event) -> Result<(), CliError> {
        self.conductor.advance_to(event.at()).map_err(CliError::failed)?;
        match event {
            Event::Telemetry(frame) => {
                self.samples += frame.telemetry.samples.len() as u64;
                self.limits.watch(self.profile, self.component, &frame.telemetry);
                self.append(&frame.telemetry)
            }
            Event::Serviced(done) => {
                if done.component == self.component {
                    self.limits.end(&done.asset, done.performed_at);
                    self.agents.end(&done.asset, done.performed_at);
                }
                self.append(done)
            }
            // What failed and what was found is the label; neither agent hears it.
            Event::Failed(_) | Event::Found(_) => Ok(()),
        }
    }

    fn listen(&mut self) -> Result<(), CliError> {
        let (agents, profile, component) = (&mut self.agents, self.profile, self.component);
        let store: &dyn Store = &*self.store;
        self.listener.listen(store, &mut |envelope| {
            match envelope.name.as_str() {
                FailurePredicted::NAME => {
                    agents.predicted(profile, component, &envelope.open()?, envelope.time)
                }
                PredictionCleared::NAME => {
                    let cleared: PredictionCleared = envelope.open()?;
                    if cleared.component == component {
                        agents.end(&cleared.asset, envelope.time);
                    }
                }
                _ => {}
            }
            Ok(())
        })
    }
}
