//! What is wrong with a question that has no answer at all.

/// A centre, job, booking or setting that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Invalid {
    /// A weight that is not a number from 0 on.
    #[error("weight `{name}` is `{value}`; give a number from 0 on")]
    Weight {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A number outside its limits.
    #[error("`{name}` is `{value}`; give `{min}` to `{max}`")]
    OutOfLimits {
        /// What it counts.
        name: &'static str,
        /// Its value.
        value: u32,
        /// Least allowed.
        min: u32,
        /// Most allowed.
        max: u32,
    },
    /// A zone that the time zone database does not have.
    #[error("zone `{zone}` of `{of}` is unknown; give an IANA name like `Asia/Kolkata`")]
    Zone {
        /// The name as given.
        zone: String,
        /// The centre or case that has it.
        of: String,
    },
    /// Hours that end before they begin, or beyond the day.
    #[error(
        "hours `{open}`–`{close}` minutes of `{of}` are no part of a day; give 0 ≤ from < until ≤ 1440"
    )]
    Hours {
        /// Minutes after midnight at which they begin.
        open: u16,
        /// Minutes after midnight at which they end.
        close: u16,
        /// The centre or case that has them.
        of: String,
    },
    /// Two things with one name.
    #[error("{what} `{id}` is there twice; names are unique")]
    Twice {
        /// What it is.
        what: &'static str,
        /// Its name.
        id: String,
    },
    /// A number of a centre or job that it cannot have.
    #[error("`{name}` of `{of}` is `{value}`; give a number from `{min}` to `{max}`")]
    Number {
        /// What it is.
        name: &'static str,
        /// The centre or case that has it.
        of: String,
        /// Its value.
        value: f64,
        /// Least allowed.
        min: f64,
        /// Most allowed.
        max: f64,
    },
}
