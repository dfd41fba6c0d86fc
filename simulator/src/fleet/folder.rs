//! Writes a simulated fleet as a dataset folder, truth included, that can be replayed and judged like a recording.

use super::config::{FleetConfig, FleetError};
use super::event::Event;
use super::signals::CHANNELS;
use super::{FaultRecord, Fleet};
use crate::replay::Frame;
use flate2::Compression;
use flate2::write::GzEncoder;
use messages::Timestamp;
use messages::telemetry::{Sample, TroubleCode};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest simulation that is written, in days; a day is a file.
pub const FOLDER_DAYS_MAX: u32 = 3_650;

/// Why a folder could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The fleet cannot be simulated.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// Something is there already.
    #[error("folder `{}` is not empty; name another one", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("`{}` cannot be written: {source}; free space or name another folder", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Samples of telemetry.
    pub samples: u64,
    /// Faults that began.
    pub faults: usize,
    /// Components that failed.
    pub failures: usize,
    /// Components that were replaced.
    pub services: usize,
    /// Trouble codes that were set.
    pub codes: usize,
}

/// Simulates so many days from the start and writes them into the empty or new folder `out`.
///
/// # Errors
/// [`FolderError`] when the fleet cannot be simulated or a file cannot be written.
pub fn write(config: FleetConfig, days: u32, out: &Path) -> Result<Written, FolderError> {
    if !(1..=FOLDER_DAYS_MAX).contains(&days) {
        let remedy = format!("write 1 to {FOLDER_DAYS_MAX}");
        return Err(FleetError::Value { key: "days", value: days.to_string(), remedy }.into());
    }
    // One sample a frame keeps the rows in the order of time.
    let config = FleetConfig { batch: Duration::from_millis(1), history: None, ..config };
    let description = description(&config, days);
    let start = config.start;
    // A fleet that cannot be leaves no folder behind.
    let fleet = Fleet::new(config)?;
    let telemetry = out.join("telemetry");
    std::fs::create_dir_all(&telemetry).map_err(failed(&telemetry))?;
    let mut entries = std::fs::read_dir(out).map_err(failed(out))?.flatten();
    let is_used = entries.any(|entry| entry.path() != telemetry)
        || std::fs::read_dir(&telemetry).map_err(failed(out))?.next().is_some();
    if is_used {
        return Err(FolderError::NotEmpty { path: out.to_owned() });
    }
    let mut folder = Folder { out, fleet, tables: Tables::default() };
    for day in 0..days {
        folder.write_day(start, day)?;
    }
    folder.write_tables()?;
    text(&out.join("dataset.toml"), &description)?;
    Ok(folder.tables.written)
}

struct Folder<'a> {
    out: &'a Path,
    fleet: Fleet,
    tables: Tables,
}

/// Rows of everything but telemetry.
#[derive(Default)]
struct Tables {
    maintenance: String,
    codes: String,
    set_by_asset: BTreeMap<String, BTreeSet<TroubleCode>>,
    written: Written,
}

impl Folder<'_> {
    fn write_day(&mut self, start: Timestamp, day: u32) -> Result<(), FolderError> {
        let path = self.out.join("telemetry").join(format!("day-{:04}.csv.gz", day + 1));
        let file = File::create_new(&path).map_err(failed(&path))?;
        let mut rows = BufWriter::new(GzEncoder::new(file, Compression::fast()));
        writeln!(rows, "asset,time,{}", CHANNELS.join(",")).map_err(failed(&path))?;
        let until = start.saturating_add(Duration::from_secs(86_400) * (day + 1));
        for event in self.fleet.step(until) {
            match event {
                Event::Telemetry(frame) => {
                    self.tables.take(&frame, &mut rows).map_err(failed(&path))?
                }
                Event::Serviced(done) => {
                    let row = format!("{},{},{}\n", done.asset, done.performed_at, done.component);
                    self.tables.maintenance += &row;
                    self.tables.written.services += 1;
                }
                Event::Failed(_) | Event::Found(_) => {}
            }
        }
        let encoder = rows.into_inner().map_err(|error| failed(&path)(error.into_error()))?;
        encoder.finish().map_err(failed(&path))?;
        Ok(())
    }

    fn write_tables(&mut self) -> Result<(), FolderError> {
        let mut failures = "asset,time,component\n".to_owned();
        let mut truth = TRUTH.to_owned();
        for fault in self.fleet.truth() {
            truth += &truth_row(fault);
            if let (Some(failed_at), Some(component)) = (fault.failed_at, &fault.component) {
                failures += &format!("{},{failed_at},{component}\n", fault.asset);
                self.tables.written.failures += 1;
            }
            self.tables.written.faults += 1;
        }
        let mut assets = "asset,model,in_service_since,supplier,batch,group\n".to_owned();
        for asset in self.fleet.registrations() {
            let or_none = |text: Option<String>| text.unwrap_or_default();
            let since = asset.in_service_since.map(|since| since.to_string());
            let attributes = [asset.model, since, asset.supplier, asset.batch, asset.group];
            let attributes = attributes.map(or_none).join(",");
            assets += &format!("{},{attributes}\n", asset.asset);
        }
        text(&self.out.join("assets.csv"), &assets)?;
        text(&self.out.join("failures.csv"), &failures)?;
        text(&self.out.join("truth.csv"), &truth)?;
        let maintenance = format!("asset,time,component\n{}", self.tables.maintenance);
        text(&self.out.join("maintenance.csv"), &maintenance)?;
        let codes = format!("asset,time,code\n{}", self.tables.codes);
        text(&self.out.join("codes.csv"), &codes)
    }
}

impl Tables {
    fn take(&mut self, frame: &Frame, rows: &mut impl Write) -> std::io::Result<()> {
        let asset = &frame.telemetry.asset;
        for sample in &frame.telemetry.samples {
            write!(rows, "{asset},{}", sample.sampled_at)?;
            for value in &sample.values {
                match value {
                    Some(value) => write!(rows, ",{}", rounded(value.get()))?,
                    None => write!(rows, ",")?,
                }
            }
            writeln!(rows)?;
            self.take_codes(asset, sample);
            self.written.samples += 1;
        }
        Ok(())
    }

    /// A code is a row when it is set, and again when it was gone in between.
    fn take_codes(&mut self, asset: &str, sample: &Sample) {
        let set: BTreeSet<TroubleCode> = sample.codes.iter().cloned().collect();
        let before = match self.set_by_asset.get_mut(asset) {
            Some(known) => std::mem::replace(known, set.clone()),
            None if set.is_empty() => return,
            None => self.set_by_asset.insert(asset.to_owned(), set.clone()).unwrap_or_default(),
        };
        for code in set.difference(&before) {
            let code = match code {
                TroubleCode::Obd2 { code } => code.clone(),
                TroubleCode::J1939 { spn, fmi, .. } => format!("SPN {spn} FMI {fmi}"),
            };
            self.codes += &format!("{asset},{},{code}\n", sample.sampled_at);
            self.written.codes += 1;
        }
    }
}

/// Steps such as 0.1 leave a tail in binary that no sensor sent.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

const TRUTH: &str =
    "asset,fault,component,channel,cause,batch,started_at,developed_at,to,failed_at,cleared_at\n";

fn truth_row(fault: &FaultRecord) -> String {
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let FaultRecord { asset, fault: kind, component, channel, cause, batch, .. } = fault;
    let FaultRecord { started_at, developed_at, to, failed_at, cleared_at, .. } = fault;
    let component = component.clone().unwrap_or_default();
    let (failed_at, cleared_at) = (moment(*failed_at), moment(*cleared_at));
    format!(
        "{asset},{kind},{component},{channel},{cause},{batch},{started_at},{developed_at},{to},{failed_at},{cleared_at}\n"
    )
}

fn description(config: &FleetConfig, days: u32) -> String {
    let channels: Vec<String> = CHANNELS.iter().map(|id| format!("{id} = \"{id}\"")).collect();
    let FleetConfig { size, seed, start, profile, wear, noise, spontaneous, .. } = config;
    format!(
        r#"# A simulated fleet: {size} vehicles, {days} days from {start}, a sample every {sample:?} while driven.
# Seed {seed}; wear {wear}, noise {noise}, spontaneous faults {spontaneous}, as compared with the parameters.
#
# truth.csv lists every fault and codes.csv every trouble code that was set; a replay reads neither.

profile = "{profile}"
horizon = "7d"

[telemetry]
files = ["telemetry/*.csv.gz"]
asset = "asset"
time = "time"
format = "rfc3339"

[telemetry.channels]
{channels}

# Idling engines turn at 700 rpm and more.
[running]
channel = "engine_speed"
above = 400.0
gap_max = "{gap}s"

[assets]
file = "assets.csv"
asset = "asset"
attributes = {{ model = "model", in_service_since = "in_service_since", supplier = "supplier", batch = "batch", group = "group" }}

[failures]
file = "failures.csv"
asset = "asset"
time = "time"
component = "component"

[maintenance]
file = "maintenance.csv"
asset = "asset"
time = "time"
component = "component"
"#,
        sample = config.sample,
        channels = channels.join("\n"),
        gap = (config.sample.as_secs() * 2).max(10),
    )
}

fn text(path: &Path, content: &str) -> Result<(), FolderError> {
    let mut file = File::create_new(path).map_err(failed(path))?;
    file.write_all(content.as_bytes()).map_err(failed(path))
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> FolderError {
    let path = path.to_owned();
    |source| FolderError::Write { path, source }
}
