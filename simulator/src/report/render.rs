//! Findings as text for a terminal of 80 columns.

use super::{ComponentFinding, FaultFinding, Findings, SensorFinding, Spread};
use messages::Timestamp;
use serde::Serialize;
use std::fmt;

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary().write(f)?;
        if !self.rows.bad_first.is_empty() {
            writeln!(f)?;
            for row in &self.rows.bad_first {
                writeln!(f, "  {row}")?;
            }
        }
        writeln!(f, "\nfailure alarms")?;
        let mut table = Table::new(&[
            "component",
            "said",
            "alarms",
            "true",
            "early",
            "false",
            "undecided",
            "false/month",
        ]);
        self.components.iter().for_each(|component| table.add(alarm_row(component)));
        table.write(f)?;
        self.write_withheld(f)?;
        writeln!(f, "\nfailures (found: an alarm stands within {} before it)", self.horizon)?;
        let mut table =
            Table::new(&["component", "failures", "found", "precision", "recall", "lead h"]);
        self.components.iter().for_each(|component| table.add(failure_row(component)));
        table.write(f)?;
        if !self.sensors.is_empty() {
            writeln!(f, "\nsensor faults")?;
            let mut table =
                Table::new(&["channel", "reported", "false", "faults", "found", "delay h"]);
            self.sensors.iter().for_each(|sensor| table.add(sensor_row(sensor)));
            table.write(f)?;
        }
        self.write_faults(f)
    }
}

impl Findings {
    fn summary(&self) -> Table {
        let mut table = Table::new(&["", ""]);
        let mut add = |name: &str, value: String| table.add(vec![name.to_owned(), value]);
        add("dataset", self.dataset.clone());
        add("assets", self.assets.to_string());
        add(
            "observed",
            format!("{:.1} h in {:.1} asset-months", self.observed_hours, self.asset_months),
        );
        if let Some(from) = self.judged_from {
            let until = self.judged_until.map_or("the end".to_owned(), |until| until.to_string());
            add("judged", format!("{from} to {until}"));
        }
        add("rows", self.rows.to_string());
        let samples = &self.samples;
        add("samples sent", samples.sent.to_string());
        add("  assessed", samples.assessed.to_string());
        for (reason, count) in &samples.quarantined {
            add("  quarantined", format!("{count} {}", reason.name()));
        }
        for (reason, count) in &samples.partly_quarantined {
            add("  in part", format!("{count} {}", reason.name()));
        }
        if samples.unaccounted != 0 {
            add("  unaccounted", samples.unaccounted.to_string());
        }
        add("windows", format!("{}, {} revised", self.windows, self.windows_revised));
        add("anomalies", self.anomalies.to_string());
        add("silences", self.silences.to_string());
        table
    }

    fn write_faults(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut assets = Table::new(&["asset", "component", "began", "failed", "found", "lead h"]);
        let mut sensors = Table::new(&["asset", "channel", "began", "found", "delay h"]);
        for fault in &self.faults {
            let FaultFinding { asset, target, hours, .. } = fault;
            let [began, failed, found] =
                [fault.started_at, fault.failed_at, fault.found_at].map(hour_of);
            let hours = hours.map_or(none(), |hours| format!("{hours:.1}"));
            if fault.is_of_sensor {
                sensors.add(vec![asset.clone(), target.clone(), began, found, hours]);
            } else {
                assets.add(vec![asset.clone(), target.clone(), began, failed, found, hours]);
            }
        }
        for table in [assets, sensors].iter().filter(|table| !table.rows.is_empty()) {
            writeln!(f)?;
            table.write(f)?;
        }
        Ok(())
    }

    fn write_withheld(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for component in &self.components {
            for (reason, count) in &component.withheld {
                let reason = written(reason);
                writeln!(f, "  {} not judged, said {count} times: {reason}", component.component)?;
            }
        }
        Ok(())
    }
}

fn alarm_row(finding: &ComponentFinding) -> Vec<String> {
    vec![
        finding.component.clone(),
        finding.predictions.to_string(),
        finding.alarms.to_string(),
        finding.alarms_true.to_string(),
        finding.alarms_early.to_string(),
        finding.alarms_false.to_string(),
        finding.alarms_undecided.to_string(),
        finding.alarms_false_per_asset_month.map_or(none(), |rate| format!("{rate:.2}")),
    ]
}

fn failure_row(finding: &ComponentFinding) -> Vec<String> {
    let rate = |rate: Option<f64>| rate.map_or(none(), |rate| format!("{rate:.2}"));
    vec![
        finding.component.clone(),
        finding.failures.to_string(),
        finding.found.to_string(),
        rate(finding.precision),
        rate(finding.recall),
        spread(finding.lead_hours),
    ]
}

fn sensor_row(finding: &SensorFinding) -> Vec<String> {
    vec![
        finding.channel.clone(),
        finding.reported.values().sum::<u64>().to_string(),
        finding.reports_false.to_string(),
        finding.faults.to_string(),
        finding.found.to_string(),
        spread(finding.delay_hours),
    ]
}

/// Month, day and hour.
fn hour_of(at: Option<Timestamp>) -> String {
    at.map_or(none(), |at| at.to_string().chars().skip(5).take(8).collect())
}

/// Least, median and greatest.
fn spread(spread: Option<Spread>) -> String {
    spread.map_or(none(), |Spread { least, median, most }| {
        format!("{least:.1} {median:.1} {most:.1}")
    })
}

/// A name as it is written in JSON.
fn written(name: &impl Serialize) -> String {
    let quoted = serde_json::to_string(name).unwrap_or_else(|_| none());
    quoted.trim_matches('"').to_owned()
}

fn none() -> String {
    "–".to_owned()
}

/// Text in columns as wide as their widest cell; a head of empty names is not written.
struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    fn add(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_head = self.head.iter().any(|name| !name.is_empty());
        let lines = || has_head.then_some(&self.head).into_iter().chain(&self.rows);
        let width = |column: usize| lines().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> =
            (0..self.head.len()).map(|column| width(column).unwrap_or(0)).collect();
        for row in lines() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            writeln!(f, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}
