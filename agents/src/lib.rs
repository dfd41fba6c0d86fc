//! The agents of AuroraSync, one module each, and [`catalog`]: the one list of them.
//!
//! They see messages, models and the runtime's traits. No clock, no I/O, no other agent.

pub mod data_analysis;
pub mod diagnosis;
pub mod engagement;
pub mod feedback;
pub mod manufacturing_insights;
pub mod master;
mod profiles;
pub mod scheduling;
pub mod ueba;

pub use data_analysis::DataAnalysis;
pub use diagnosis::Diagnosis;
pub use engagement::Engagement;
pub use feedback::Feedback;
pub use manufacturing_insights::ManufacturingInsights;
pub use master::Master;
pub use scheduling::Scheduling;
pub use ueba::Ueba;

use runtime::Catalog;

/// Every agent of the house.
#[must_use]
pub fn catalog() -> Catalog {
    Catalog::default()
        .with::<DataAnalysis>()
        .with::<Diagnosis>()
        .with::<Engagement>()
        .with::<Feedback>()
        .with::<ManufacturingInsights>()
        .with::<Master>()
        .with::<Scheduling>()
        .with::<Ueba>()
}
