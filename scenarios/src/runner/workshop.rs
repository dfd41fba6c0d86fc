//! What workshops do: look and repair at the end of a visit, wait in vain, lose bays, people and days.

use super::doing::{Branch, Doing};
use super::play::{Halt, Story, failed};
use super::stage::StageError;
use crate::language::source::suggest;
use crate::language::template::Template;
use crate::language::{Action, Bays, Step, Workshop};
use crate::measure::Record;
use jiff::ToSpan;
use messages::booking::{NoShowRecorded, Slot};
use messages::centre::CentreRegistered;
use messages::finding::FindingRecorded;
use messages::{BookingId, CaseId, Timestamp};
use std::collections::BTreeMap;

/// A booking as the log has it.
struct Visit {
    network: String,
    case: CaseId,
    asset: String,
    booking: BookingId,
    centre: String,
    to: Timestamp,
}

/// Messages that give a booking its slot.
const SLOTS: [&str; 3] = ["booking.held", "booking.confirmed", "booking.moved"];

impl<'s> Story<'s> {
    /// Begins a step of a workshop.
    pub(super) fn workshop(
        &mut self,
        branch: &mut Branch<'s>,
        step: &'s Step,
        workshop: &Workshop,
    ) -> Result<(), Halt> {
        match workshop {
            Workshop::Complete { booking, .. } | Workshop::NoShow(booking) => {
                let visit = self.visit(step, booking)?;
                branch.state = Doing::Visiting(visit.to.max(self.stage.now()));
                self.in_time(branch, step, visit.to)
            }
            Workshop::DropBay { centre, bays } => self.change(centre, |centre| {
                let left = match bays {
                    Bays::Fewer(bays) => centre.bays.saturating_sub(*bays),
                    Bays::Left(left) => *left,
                };
                if left == 0 || left >= centre.bays {
                    return Err(format!("`{}` has {} bays", centre.centre, centre.bays));
                }
                centre.bays = left;
                Ok(())
            }),
            Workshop::DropTechnician { centre, technician } => {
                let technician = self.fill(technician)?;
                self.change(centre, |centre| {
                    let known: Vec<String> =
                        centre.technicians.iter().map(|it| it.id.clone()).collect();
                    centre.technicians.retain(|it| it.id != technician);
                    if centre.technicians.len() == known.len() {
                        let names: Vec<&str> = known.iter().map(String::as_str).collect();
                        let hint = suggest(&technician, &names);
                        return Err(format!("`{}` has no `{technician}`; {hint}", centre.centre));
                    }
                    Ok(())
                })
            }
            Workshop::Close { centre, days } => {
                let (now, days) = (self.stage.now(), *days);
                self.change(centre, |centre| {
                    centre.holidays.extend(dates(now, &centre.zone, days)?);
                    centre.holidays.sort();
                    centre.holidays.dedup();
                    Ok(())
                })
            }
            Workshop::Restore(centre) => {
                let first = self.stage.centres().to_vec();
                self.change(centre, |centre| {
                    let known = first.iter().find(|known| known.centre == centre.centre);
                    *centre = known.cloned().ok_or("it was not there at the beginning")?;
                    Ok(())
                })
            }
        }?;
        if matches!(branch.state, Doing::Nothing | Doing::Pausing(_)) {
            self.met(branch, step)?;
        }
        Ok(())
    }

    fn in_time(&self, branch: &Branch<'_>, step: &Step, to: Timestamp) -> Result<(), Halt> {
        let until = branch.began_at.saturating_add(step.within);
        if to > until {
            let message = format!("the booked time ends at {to}, after the step's time at {until}");
            return Err(failed(step, message, None));
        }
        Ok(())
    }

    /// The time of a visit may have come: unless it was moved, the workshop speaks.
    pub(super) fn visited(
        &mut self,
        branch: &mut Branch<'s>,
        step: &'s Step,
    ) -> Result<bool, Halt> {
        let Action::Workshop(workshop) = &step.action else { return Ok(false) };
        let (Workshop::Complete { booking, .. } | Workshop::NoShow(booking)) = workshop else {
            return Ok(false);
        };
        let visit = self.visit(step, booking)?;
        if visit.to > self.stage.now() {
            self.in_time(branch, step, visit.to)?;
            branch.state = Doing::Visiting(visit.to);
            return Ok(true);
        }
        match workshop {
            Workshop::Complete { found, .. } => self.complete(step, visit, found)?,
            _ => self.miss(visit)?,
        }
        self.met(branch, step)
    }

    fn visit(&self, step: &Step, booking: &Template) -> Result<Visit, Halt> {
        let id = self.fill(booking)?;
        let records = self.chronicle.records().iter().rev();
        let mut placed = records.filter(|record| SLOTS.contains(&record.name()));
        let record = placed.find(|record| record.text("booking") == Some(id.as_str()));
        let visit = record.and_then(visit);
        visit.ok_or_else(|| failed(step, format!("no booking is named `{id}`"), None))
    }

    /// The workshop looks, says what it finds, and repairs it.
    fn complete(
        &mut self,
        step: &Step,
        visit: Visit,
        wanted: &BTreeMap<&'static str, Template>,
    ) -> Result<(), Halt> {
        let id = visit.case.to_string();
        let opened =
            self.chronicle.newest("case.opened", |it| it.text("case") == Some(id.as_str()));
        let examined = opened.and_then(|record| record.text("component")).map(str::to_owned);
        let examined =
            examined.ok_or_else(|| failed(step, format!("case `{id}` was never opened"), None))?;
        let fleet = self.stage.fleet()?;
        let finding = fleet.finding(&visit.asset, &examined).map_err(StageError::from)?;
        let finding = FindingRecorded {
            network: Some(visit.network),
            booking: Some(visit.booking),
            case: Some(visit.case),
            by: format!("workshop {}", visit.centre),
            ..finding
        };
        self.compare(step, &finding, wanted)?;
        self.stage.say(&finding)?;
        // That work was done is the master's to say, from what was found.
        if finding.repaired {
            let component = finding.component.as_deref().unwrap_or(&examined);
            let fleet = self.stage.fleet()?;
            fleet.service(&visit.asset, component).map_err(StageError::from)?;
        }
        Ok(())
    }

    /// Holds what was found to what the script says.
    fn compare(
        &self,
        step: &Step,
        finding: &FindingRecorded,
        wanted: &BTreeMap<&'static str, Template>,
    ) -> Result<(), Halt> {
        for (field, text) in wanted {
            let wanted = self.fill(text)?;
            let found = match *field {
                "found" => Some(finding.component.as_deref().unwrap_or("nothing")),
                "cause" => finding.cause.as_deref(),
                "part" => finding.part.as_deref(),
                _ => finding.batch.as_deref(),
            };
            if found != Some(wanted.as_str()) {
                let found = found.unwrap_or("nothing");
                let message = format!("the workshop says `{field}` is `{found}`, not `{wanted}`");
                return Err(failed(step, message, None));
            }
        }
        Ok(())
    }

    fn miss(&mut self, visit: Visit) -> Result<(), Halt> {
        let Visit { network, case, asset, booking, .. } = visit;
        let by = "workshop".to_owned();
        Ok(self.stage.say(&NoShowRecorded { network, case, asset, booking, by })?)
    }

    /// Registers a centre, or each (`*`), anew with `change`.
    fn change(
        &mut self,
        centre: &Template,
        change: impl Fn(&mut CentreRegistered) -> Result<(), String>,
    ) -> Result<(), Halt> {
        let wanted = self.fill(centre)?;
        let mut names: Vec<String> =
            self.stage.centres().iter().map(|known| known.centre.clone()).collect();
        if wanted != "*" {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            if !known.contains(&wanted.as_str()) {
                let hint = suggest(&wanted, &known);
                let text = format!("no centre is named `{wanted}`; {hint}");
                return Err(StageError::impossible(text).into());
            }
            names.retain(|name| *name == wanted);
        }
        for name in names {
            let newest = self.chronicle.newest("centre.registered", |it| it.envelope.key == name);
            let newest = newest.ok_or_else(|| {
                StageError::impossible(format!("centre `{name}` is not on the log"))
            })?;
            let mut registered: CentreRegistered =
                newest.envelope.open().map_err(StageError::impossible)?;
            change(&mut registered).map_err(StageError::impossible)?;
            self.stage.say(&registered)?;
        }
        Ok(())
    }
}

fn visit(record: &Record) -> Option<Visit> {
    let slot: Slot = serde_json::from_value(record.fields().get("slot")?.clone()).ok()?;
    Some(Visit {
        network: record.text("network")?.to_owned(),
        case: record.text("case")?.parse().ok()?,
        asset: record.asset()?.to_owned(),
        booking: record.text("booking")?.parse().ok()?,
        centre: slot.centre,
        to: slot.to,
    })
}

/// The local dates of so many days from `now` on.
fn dates(now: Timestamp, zone: &str, days: u32) -> Result<Vec<String>, String> {
    let moment = jiff::Timestamp::from_millisecond(now.as_millis()).map_err(|it| it.to_string())?;
    let today = moment.in_tz(zone).map_err(|error| error.to_string())?.date();
    let dates = (0..i64::from(days)).map(|day| {
        let date = today.checked_add(day.days()).map_err(|error| error.to_string())?;
        Ok(date.to_string())
    });
    dates.collect()
}
