//! Wire compatibility: what was ever written is read, and what is not right is refused with a typed error.

mod cloudevents;
mod golden;
mod hostile;
mod roundtrip;
mod samples;
mod telemetry;
mod upcast;
