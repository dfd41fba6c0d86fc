//! Bookings as calendar entries (RFC 5545), so that a workshop or an owner sees them in their own calendar.

use crate::bookings;
use crate::facade::Facade;
use crate::problem::Problem;
use crate::reply::{self, Response};
use crate::request::Request;
use crate::views::bookings::{Booking, BookingState};
use messages::{BookingId, Timestamp};
use warp::http::StatusCode;

/// What is produced.
pub(crate) const CONTENT_TYPE: &str = "text/calendar";
/// Longest line, in bytes, before it is folded.
const LINE_BYTES_MAX: usize = 75;

/// `GET /v1/bookings/{id}/calendar.ics`
pub(crate) async fn show(facade: &Facade, request: Request) -> Result<Response, Problem> {
    let id = bookings::id_of(&request)?;
    let view = facade.view(&request).await?;
    let booking = bookings::find(&view, id)?;
    let component = view.cases.rows.get(booking.case).map(|case| case.component.as_str());
    Ok(reply::typed(StatusCode::OK, CONTENT_TYPE, written(id, booking, component)))
}

fn written(id: BookingId, booking: &Booking, component: Option<&str>) -> String {
    let status = match booking.state {
        BookingState::Held => "TENTATIVE",
        BookingState::Confirmed | BookingState::InService | BookingState::Completed => "CONFIRMED",
        BookingState::Cancelled | BookingState::Missed | BookingState::Expired => "CANCELLED",
    };
    let slot = &booking.slot;
    let what = component.map_or_else(String::new, |component| format!(": {component}"));
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//AuroraSync//bookings//EN".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{id}@aurorasync"),
        format!("DTSTAMP:{}", time(booking.updated_at)),
        format!("DTSTART:{}", time(slot.from)),
        format!("DTEND:{}", time(slot.to)),
        format!("SUMMARY:{}", text(&format!("{}{what}", booking.asset))),
        format!("LOCATION:{}", text(&format!("{}, bay {}", slot.centre_name, slot.bay))),
        format!("DESCRIPTION:{}", text(&format!("case {}", booking.case))),
        format!("STATUS:{status}"),
        format!("X-AURORASYNC-PROVENANCE:{}", booking.provenance.name()),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    lines.iter().map(|line| folded(line) + "\r\n").collect()
}

/// A moment as RFC 5545 writes it: `20260302T060000Z`.
fn time(at: Timestamp) -> String {
    let text = at.to_string();
    let whole = text.split(['.', 'Z']).next().unwrap_or_default();
    format!("{}Z", whole.replace(['-', ':'], ""))
}

/// Text with what has a meaning in a calendar escaped.
fn text(plain: &str) -> String {
    let mut escaped = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            '\\' | ';' | ',' => escaped.extend(['\\', letter]),
            '\n' => escaped.push_str("\\n"),
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A line in pieces of at most [`LINE_BYTES_MAX`]; what goes on begins with a space.
fn folded(line: &str) -> String {
    let mut folded = String::new();
    let mut bytes = 0;
    for letter in line.chars() {
        if bytes + letter.len_utf8() > LINE_BYTES_MAX {
            folded.push_str("\r\n ");
            bytes = 1;
        }
        bytes += letter.len_utf8();
        folded.push(letter);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_texts_are_written_as_calendars_read_them() {
        assert_eq!(time("2026-03-02T06:07:08.9Z".parse().unwrap()), "20260302T060708Z");
        assert_eq!(text("a,b;c\\d\ne\u{7}"), "a\\,b\\;c\\\\d\\ne");
    }

    #[test]
    fn a_long_line_is_folded_between_letters() {
        let folded = folded(&"ä".repeat(80));
        for line in folded.split("\r\n") {
            assert!(line.len() <= LINE_BYTES_MAX, "{} bytes", line.len());
        }
        assert_eq!(folded.replace("\r\n ", ""), "ä".repeat(80));
    }
}
