//! How soon a bad batch opens a CAPA among many vehicles that are simulated event by event: what failed, what workshops
//! found and what was serviced, through manufacturing-insights as it would come over the log.
//!
//! Each seed is a population that no model has seen. What is true comes from the simulator and meets what was said only
//! here.

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use crate::replaying::Listener;
use agents::ManufacturingInsights;
use clap::Args;
use messages::capa::CapaOpened;
use messages::pattern::Group;
use messages::registry::AssetRegistered;
use messages::{Envelope, Message, MessageId, Provenance, Timestamp};
use runtime::conductor::Conductor;
use runtime::effects::Effects;
use runtime::router::PARTITIONS_EMBEDDED;
use runtime::store::Store;
use runtime::store::memory::MemoryStore;
use runtime::{Catalog, Models};
use serde::Serialize;
use serde_json::json;
use simulator::fleet::{Event, Fleet, FleetConfig, History, Weakness};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Source of what is appended.
const SOURCE: &str = "simulator";
const DAY: Duration = Duration::from_secs(86_400);
/// Messages in one commit.
const ENTRIES_AT_ONCE: usize = 500;
/// From this failure of the bad batch on the days are counted.
const COUNTED_FROM: usize = 20;

/// Flags of `bench batches`.
#[derive(Args, Debug)]
pub struct BatchesArgs {
    /// How many populations with a bad batch, and as many without, one a seed.
    #[arg(long, default_value_t = 5, value_name = "N")]
    seeds: u64,
    /// Seed of the first; the next ones follow.
    #[arg(long, default_value_t = 1, value_name = "N")]
    first_seed: u64,
    /// Vehicles of each population.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    vehicles: u32,
    /// How often the brakes of the bad batch begin to fail, compared with others.
    #[arg(long, default_value_t = 3.0, value_name = "FACTOR")]
    rate: f64,
    /// Days that a population is followed; one with a bad batch until its CAPA opens.
    #[arg(long, default_value_t = 365, value_name = "N")]
    days: u32,
    /// Days after the 20th failure of the bad batch within which its CAPA counts as in time.
    #[arg(long, default_value_t = 60, value_name = "N")]
    within: u32,
    #[command(flatten)]
    answer: Answer,
}

/// What became of one population.
#[derive(Debug, Default, Serialize)]
struct Followed {
    seed: u64,
    vehicles: u32,
    /// Vehicles of the bad batch; 0 where there is none.
    bad_vehicles: u32,
    days: f64,
    failures: u64,
    /// Days until the 20th failure of the bad batch.
    counted_from_day: Option<f64>,
    /// Days until the first CAPA for the brakes of the bad batch.
    opened_on_day: Option<f64>,
    /// Days from the 20th failure to that CAPA; negative when it opened before.
    days_after: Option<f64>,
    /// CAPAs that opened, with their p-values.
    capas: Vec<String>,
    /// CAPAs for anything but the brakes of the bad batch.
    false_capas: u32,
}

pub(crate) fn perform(args: &BatchesArgs, session: &Session) -> Result<Exit, CliError> {
    let seeds = args.first_seed..args.first_seed + args.seeds;
    let mut bad = Vec::new();
    let mut clean = Vec::new();
    for seed in seeds {
        for (is_bad, followed) in [(true, &mut bad), (false, &mut clean)] {
            let one = follow(args, seed, is_bad)?;
            session.console.note(&line(&one, is_bad));
            followed.push(one);
        }
    }
    let within = f64::from(args.within);
    let in_time = bad.iter().filter(|it| it.days_after.is_some_and(|days| days <= within)).count();
    let false_capas: u32 = bad.iter().chain(&clean).map(|it| it.false_capas).sum();
    let alarmed = clean.iter().filter(|it| it.false_capas > 0).count();
    let text = format!(
        "{in_time} of {} bad batches had a CAPA within {} days of their 20th failure; \
         {alarmed} of {} clean populations had one; {false_capas} false CAPAs in all",
        bad.len(),
        args.within,
        clean.len()
    );
    let value = json!({
        "rate": args.rate, "days": args.days, "within_days": args.within, "in_time": in_time,
        "clean_alarmed": alarmed, "false_capas": false_capas, "bad": bad, "clean": clean,
    });
    match args.answer.output {
        Format::Text => session.console.line(text)?,
        format => session.console.object(format, &value)?,
    }
    Ok(Exit::Ok)
}

fn line(followed: &Followed, is_bad: bool) -> String {
    let day = |day: Option<f64>| day.map_or("never".to_owned(), |day| format!("day {day:.0}"));
    let Followed { seed, failures, days, .. } = followed;
    let capas = followed.capas.join("; ");
    if is_bad {
        let (twentieth, opened) = (day(followed.counted_from_day), day(followed.opened_on_day));
        format!("seed {seed}: 20th failure {twentieth}, CAPA {opened}: {capas}")
    } else {
        format!("seed {seed}, no bad batch: {failures} failures in {days:.0} days: {capas}")
    }
}

/// Follows one population.
fn follow(args: &BatchesArgs, seed: u64, is_bad: bool) -> Result<Followed, CliError> {
    let begins: Timestamp = "2026-01-05T00:00:00Z".parse().map_err(CliError::failed)?;
    let weakness = Weakness {
        supplier: Some("S-102".to_owned()),
        batch: Some("Q2-2025".to_owned()),
        component: "brake".to_owned(),
        rate: args.rate,
        ramp: 1.0,
        cause: None,
    };
    let config = FleetConfig {
        history: Some(History { days: args.days, population: args.vehicles }),
        weaknesses: Some(if is_bad { vec![weakness.clone()] } else { Vec::new() }),
        ..FleetConfig::vehicles(1, seed, begins.saturating_add(DAY * args.days))
    };
    let mut fleet = Fleet::new(config).map_err(CliError::failed)?;
    fleet.listen(false);
    let mut following = Following::new(&fleet, begins, is_bad.then_some(&weakness))?;
    let end = begins.saturating_add(DAY * args.days);
    let last = f64::from(args.within);
    while fleet.now() < end && !following.is_over(last) {
        let to = fleet.now().saturating_add(DAY).min(end);
        following.day(fleet.step(to), to)?;
    }
    let mut followed = following.followed;
    followed.seed = seed;
    followed.vehicles = args.vehicles;
    followed.days = fleet.now().since(begins).as_secs_f64() / DAY.as_secs_f64();
    Ok(followed)
}

/// A population that is followed.
struct Following {
    begins: Timestamp,
    store: Arc<MemoryStore>,
    conductor: Conductor,
    listener: Listener,
    appended: u64,
    /// Vehicles of the bad batch.
    bad: BTreeSet<String>,
    group: Option<Group>,
    bad_failures: usize,
    followed: Followed,
}

impl Following {
    fn new(
        fleet: &Fleet,
        begins: Timestamp,
        weakness: Option<&Weakness>,
    ) -> Result<Self, CliError> {
        let store = Arc::new(MemoryStore::default());
        let conductor = Conductor::new(
            Catalog::default().with::<ManufacturingInsights>(),
            &BTreeMap::new(),
            Arc::new(Models::default()),
            store.clone(),
            begins,
            PARTITIONS_EMBEDDED,
            Effects::default(),
        )
        .map_err(CliError::failed)?;
        let group = weakness.map(|weakness| Group {
            model: None,
            supplier: weakness.supplier.clone(),
            batch: weakness.batch.clone(),
        });
        let mut following = Self {
            begins,
            store,
            conductor,
            listener: Listener::default(),
            appended: 0,
            bad: BTreeSet::new(),
            group,
            bad_failures: 0,
            followed: Followed::default(),
        };
        following.register(&fleet.registrations())?;
        Ok(following)
    }

    fn register(&mut self, assets: &[AssetRegistered]) -> Result<(), CliError> {
        let of = |asset: &AssetRegistered| Group {
            model: asset.model.clone(),
            supplier: asset.supplier.clone(),
            batch: asset.batch.clone(),
        };
        if let Some(group) = &self.group {
            let bad = assets.iter().filter(|asset| group.holds(&of(asset)));
            self.bad = bad.map(|asset| asset.asset.clone()).collect();
        }
        self.followed.bad_vehicles = u32::try_from(self.bad.len()).unwrap_or(u32::MAX);
        for some in assets.chunks(ENTRIES_AT_ONCE) {
            let entries = some.iter().map(|asset| self.entry(asset)).collect::<Result<_, _>>()?;
            self.conductor.append(entries).map_err(CliError::failed)?;
            self.conductor.settle().map_err(CliError::failed)?;
        }
        Ok(())
    }

    fn entry<M: Message>(&mut self, message: &M) -> Result<runtime::committer::Entry, CliError> {
        self.appended += 1;
        let id = MessageId::named(SOURCE, &self.appended.to_string());
        let envelope = Envelope::new(id, SOURCE, message).map_err(CliError::failed)?;
        Ok(envelope.with_provenance(Provenance::Simulated).into())
    }

    fn day_of(&self, at: Timestamp) -> f64 {
        at.since(self.begins).as_secs_f64() / DAY.as_secs_f64()
    }

    /// Whether nothing more is to be learned: the CAPA opened, or is too late by now.
    fn is_over(&self, within: f64) -> bool {
        let late = self.followed.counted_from_day.map(|day| day + within);
        let now = self.day_of(self.conductor.now());
        let opened = self.followed.opened_on_day.is_some() && self.bad_failures >= COUNTED_FROM;
        self.group.is_some() && (opened || late.is_some_and(|late| now > late))
    }

    /// Says what happened on a day, once it is over.
    fn day(&mut self, events: Vec<Event>, to: Timestamp) -> Result<(), CliError> {
        let mut entries = Vec::new();
        for event in events {
            entries.push(match &event {
                Event::Telemetry(_) => continue,
                Event::Failed(failed) => {
                    self.followed.failures += 1;
                    if failed.component == "brake" && self.bad.contains(&failed.asset) {
                        self.bad_failures += 1;
                        if self.bad_failures == COUNTED_FROM {
                            self.followed.counted_from_day = Some(self.day_of(failed.failed_at));
                        }
                    }
                    self.entry(failed)?
                }
                Event::Found(found) => self.entry(found)?,
                Event::Serviced(serviced) => self.entry(serviced)?,
            });
        }
        self.conductor.advance_to(to).map_err(CliError::failed)?;
        if !entries.is_empty() {
            self.conductor.append(entries).map_err(CliError::failed)?;
        }
        self.conductor.settle().map_err(CliError::failed)?;
        self.listen()
    }

    fn listen(&mut self) -> Result<(), CliError> {
        let mut opened: Vec<(CapaOpened, Timestamp)> = Vec::new();
        let store: &dyn Store = &*self.store;
        self.listener.listen(store, &mut |envelope| {
            if envelope.name == CapaOpened::NAME {
                opened.push((envelope.open()?, envelope.time));
            }
            Ok(())
        })?;
        for (capa, at) in opened {
            let day = self.day_of(at);
            let told =
                format!("{} of {}, p {:.1e}", capa.component, capa.group, capa.p_value.get());
            self.followed.capas.push(told);
            let is_bad = self.group.as_ref().is_some_and(|bad| capa.group.holds(bad));
            if is_bad && capa.component == "brake" {
                self.followed.opened_on_day.get_or_insert(day);
            } else {
                self.followed.false_capas += 1;
            }
        }
        let days = (self.followed.opened_on_day, self.followed.counted_from_day);
        self.followed.days_after = days.0.zip(days.1).map(|(opened, from)| opened - from);
        Ok(())
    }
}
