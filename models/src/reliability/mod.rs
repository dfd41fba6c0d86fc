//! What many assets together say: how often a component fails, in which batches more often than chance, after how
//! long, and which failures are alike.
//!
//! Life is counted in any unit that the caller likes (days here); a life that is still under way is a suspension. Each
//! part says "unknown" where there is too little to say anything.

pub mod alike;
pub mod compare;
pub mod pareto;
pub mod rate;
pub mod remaining;
pub mod weibull;
