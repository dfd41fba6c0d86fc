//! How well scheduling foresees visits to workshops, beside the same weekday a week before and what is booked already.
//!
//! Failures of a simulated population are cases that ask for slots; their owners take the best a while later, and the
//! workshops do the work. Scheduling alone plays, so that its forecasts meet visits that it arranged itself.

mod desk;
mod errors;

use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Format;
use clap::Args;
use desk::{Desk, Want};
use errors::Errors;
use messages::{MessageId, Place, Timestamp};
use serde_json::json;
use simulator::fleet::{Event, Fleet, FleetConfig, History};
use std::collections::BTreeMap;
use std::time::Duration;

const SOURCE: &str = "simulator";
const NETWORK: &str = "main";
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// Days that only teach.
const TAUGHT_DAYS: u32 = 35;
/// Longest that an owner takes to answer, in hours.
const ANSWER_HOURS_MAX: u64 = 36;

/// Flags of `bench demand`.
#[derive(Args, Debug)]
pub struct DemandArgs {
    /// Vehicles whose failures ask for visits.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    vehicles: u32,
    /// Days; the first five weeks only teach.
    #[arg(long, default_value_t = 180, value_name = "N")]
    days: u32,
    /// Seed of the population.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    answer: Answer,
}

pub(crate) fn perform(args: &DemandArgs, session: &Session) -> Result<Exit, CliError> {
    if args.days <= TAUGHT_DAYS {
        let text = format!("`--days` is {}; give more than {TAUGHT_DAYS}", args.days);
        return Err(CliError::failed(text));
    }
    let start: Timestamp = "2026-07-06T00:00:00Z".parse().map_err(CliError::failed)?;
    let config = FleetConfig {
        history: Some(History { days: args.days, population: args.vehicles }),
        ..FleetConfig::vehicles(1, args.seed, start)
    };
    let mut fleet = Fleet::new(config).map_err(CliError::failed)?;
    let mut desk = Desk::new(&fleet)?;
    let begun = fleet.begins_at();
    let wants = wants(&mut fleet);
    for want in &wants {
        desk.play(want)?;
    }
    desk.until(start)?;
    let errors = Errors::of(&desk.heard, begun.saturating_add(DAY * TAUGHT_DAYS), start)?;
    tell(args, session, wants.len(), &errors)
}

/// What fails in the population, in the order of time, each as a case that asks for slots then.
fn wants(fleet: &mut Fleet) -> Vec<Want> {
    let centres = fleet.centres(NETWORK).into_iter();
    let places: BTreeMap<String, Option<Place>> = centres
        .map(|centre| {
            let position = centre.latitude.zip(centre.longitude);
            let place =
                position.and_then(|(north, east)| Place::near(north.get(), east.get()).ok());
            (centre.centre, place)
        })
        .collect();
    let registered = fleet.registrations().into_iter();
    let groups: BTreeMap<String, Option<String>> =
        registered.map(|asset| (asset.asset, asset.group)).collect();
    let failed = fleet.history().filter_map(|event| match event {
        Event::Failed(failed) => Some(failed),
        _ => None,
    });
    let want = |(number, failed): (usize, messages::finding::FailureRecorded)| {
        let (chance, _) = MessageId::named(SOURCE, &format!("answer-{number}")).0.as_u64_pair();
        let hours = u32::try_from(chance % (ANSWER_HOURS_MAX + 1)).unwrap_or(0);
        let group = groups.get(&failed.asset).and_then(Option::as_ref);
        Want {
            place: group.and_then(|group| places.get(group).copied().flatten()),
            asset: failed.asset,
            component: failed.component,
            asked_at: failed.failed_at,
            answered_after: HOUR * hours,
        }
    };
    failed.enumerate().map(want).collect()
}

fn tell(
    args: &DemandArgs,
    session: &Session,
    cases: usize,
    errors: &Errors,
) -> Result<Exit, CliError> {
    let format = args.answer.output;
    if format == Format::Text {
        for line in errors.lines() {
            session.console.line(line)?;
        }
    } else {
        let value = json!({
            "vehicles": args.vehicles, "days": args.days, "seed": args.seed, "cases": cases,
            "visits": errors.visits, "errors": errors.rows(),
        });
        session.console.object(format, &value)?;
    }
    Ok(Exit::Ok)
}
