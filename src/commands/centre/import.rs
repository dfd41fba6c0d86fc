//! What a file of centres looks like, and how technicians and hours are written in one field.

use crate::import::Table;
use messages::centre::{CentreRegistered, OpeningHours, Technician};
use serde_json::{Map, Value, json};
use std::ops::RangeInclusive;

/// A line for each centre.
pub(super) const CENTRES: Table = Table {
    noun: "centre",
    path: "/v1/centres",
    columns: &[
        "centre",
        "network",
        "name",
        "zone",
        "bays",
        "technicians",
        "hours",
        "skills",
        "emergency_slots_per_day",
        "holidays",
        "latitude",
        "longitude",
        "rating",
    ],
    required: 7,
    next: "aurorasync centre ls",
    body,
};

/// Days of the week as they are written, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn body(mut fields: Map<String, Value>) -> Result<Value, String> {
    let mut take = |column: &str| match fields.remove(column) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let (centre, technicians, skills) = (take("centre"), take("technicians"), take("skills"));
    let (hours, holidays) = (take("hours"), take("holidays"));
    let mut body = json!({
        "technicians": read_technicians(&centre, &technicians, &words(&skills))?,
        "hours": read_hours(&hours)?,
        "holidays": words(&holidays),
        "emergency_slots_per_day": 0,
        "centre": centre,
    });
    for (column, value) in fields {
        let text = value.as_str().unwrap_or_default().to_owned();
        let value = match column.as_str() {
            "name" | "network" | "zone" => Value::from(text),
            _ => serde_json::from_str::<serde_json::Number>(&text)
                .map(Value::from)
                .map_err(|_| format!("`{column}` is `{text}`, not a number"))?,
        };
        body[column] = value;
    }
    match serde_json::from_value::<CentreRegistered>(body.clone()) {
        Ok(_) => Ok(body),
        Err(error) => Err(error.to_string()),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Either how many there are, who all have the centre's `skills`, or who they are: `asha: brake tyre; ravi: engine`.
fn read_technicians(
    centre: &str,
    text: &str,
    skills: &[String],
) -> Result<Vec<Technician>, String> {
    if let Ok(count) = text.parse::<u16>() {
        if skills.is_empty() {
            return Err("`skills` is empty; say what the technicians can repair".to_owned());
        }
        let technician =
            |number| Technician { id: format!("{centre}-{number}"), skills: skills.to_vec() };
        return Ok((1..=count).map(technician).collect());
    }
    let each = text.split(';').map(str::trim).filter(|it| !it.is_empty());
    each.map(|technician| match technician.split_once(':') {
        Some((id, own)) if !own.trim().is_empty() => {
            Ok(Technician { id: id.trim().to_owned(), skills: words(own) })
        }
        _ => Err(format!(
            "`technicians` holds `{technician}`; write how many, or each as `name: skill skill`"
        )),
    })
    .collect()
}

/// Spans of days with their hours: `mon-fri 08:00-20:00; sat 09:00-13:00`.
fn read_hours(text: &str) -> Result<Vec<OpeningHours>, String> {
    let mut hours = Vec::new();
    for span in text.split(';').map(str::trim).filter(|it| !it.is_empty()) {
        let wrong = || format!("`hours` holds `{span}`; write it like `mon-fri 08:00-20:00`");
        let (days, times) = span.split_once(' ').ok_or_else(wrong)?;
        let (opens, closes) = times.trim().split_once('-').ok_or_else(wrong)?;
        let opens_minute = minute(opens).ok_or_else(wrong)?;
        let closes_minute = minute(closes).ok_or_else(wrong)?;
        for weekday in weekdays(days).ok_or_else(wrong)? {
            hours.push(OpeningHours { weekday, opens_minute, closes_minute });
        }
    }
    Ok(hours)
}

/// Days as ISO 8601 counts them, from one name or two.
fn weekdays(text: &str) -> Option<RangeInclusive<u8>> {
    let day = |name: &str| {
        let at = DAYS.iter().position(|day| day.eq_ignore_ascii_case(name))?;
        u8::try_from(at + 1).ok()
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    (first <= last).then_some(first..=last)
}

/// Minute of the day of `08:30`; `24:00` is its end.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let sound = hour < 24 && minute < 60 || (hour, minute) == (24, 0);
    sound.then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "centre,network,name,zone,bays,technicians,hours,skills,latitude,holidays\n";

    fn faults(line: &str) -> Vec<String> {
        let faults = CENTRES.faults(&format!("{HEAD}{line}\n"));
        faults.into_iter().map(|(_, reason)| reason).collect()
    }

    #[test]
    fn a_line_is_a_centre() {
        let line = "pune,demo,Pune,Asia/Kolkata,4,2,mon-sat 09:00-19:00,brake engine,18.52,2026-03-25 2026-08-15";
        let body = &CENTRES.bodies(&format!("{HEAD}{line}\n"))[0];
        assert_eq!(body["bays"], 4);
        assert_eq!(
            body["technicians"][1],
            json!({ "id": "pune-2", "skills": ["brake", "engine"] })
        );
        assert_eq!(body["hours"].as_array().map(Vec::len), Some(6));
        let saturday = json!({ "weekday": 6, "opens_minute": 540, "closes_minute": 1140 });
        assert_eq!(body["hours"][5], saturday);
        assert_eq!(body["holidays"], json!(["2026-03-25", "2026-08-15"]));
        assert_eq!(
            (&body["latitude"], &body["emergency_slots_per_day"]),
            (&json!(18.52), &json!(0))
        );
    }

    #[test]
    fn technicians_may_have_names_and_skills_of_their_own() {
        let named = read_technicians("pune", "asha: brake tyre; ravi: engine", &[]).unwrap();
        assert_eq!(named[1], Technician { id: "ravi".into(), skills: vec!["engine".into()] });
        assert!(read_technicians("pune", "asha", &[]).unwrap_err().contains("`asha`"));
        assert!(read_technicians("pune", "3", &[]).unwrap_err().contains("`skills` is empty"));
    }

    #[test]
    fn hours_are_spans_of_days() {
        let hours = read_hours("mon-fri 08:00-20:00; sat 09:30-24:00").unwrap();
        assert_eq!(hours.len(), 6);
        assert_eq!(
            (hours[5].weekday, hours[5].opens_minute, hours[5].closes_minute),
            (6, 570, 1440)
        );
        for wrong in
            ["mon", "mon 8-20", "fri-mon 08:00-20:00", "day 08:00-20:00", "mon 24:30-25:00"]
        {
            assert!(read_hours(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_field() {
        let wrong = faults("pune,demo,Pune,Asia/Kolkata,four,2,mon-sat 09:00-19:00,brake,,");
        assert_eq!(wrong, ["`bays` is `four`, not a number"]);
        let wrong = faults("pune,demo,Pune,Asia/Kolkata,-4,2,mon-sat 09:00-19:00,brake,,");
        assert!(wrong[0].contains("`-4`"), "{wrong:?}");
        let wrong = faults("pune,demo,Pune,Asia/Kolkata,4,2,always,brake,,");
        assert!(wrong[0].contains("`always`"), "{wrong:?}");
    }

    #[test]
    fn the_example_is_a_sound_file() {
        let bodies = CENTRES.bodies(include_str!("../../../profiles/centres.csv"));
        assert_eq!(bodies.len(), 5);
    }
}
