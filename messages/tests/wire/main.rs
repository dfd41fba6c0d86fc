//! Wire compatibility: what was ever written is read, and what is not right is refused with a typed error.

#![expect(clippy::unwrap_used, reason = "in a test a failed step is the finding")]

mod assessments;
mod behaviours;
mod bookings;
mod cases;
mod cloudevents;
mod contacts;
mod described;
mod findings;
mod forms;
mod golden;
mod guards;
mod hostile;
mod insights;
mod roundtrip;
mod samples;
mod telemetry;
mod upcast;
