//! AUDIT: a stream of its own whose records are links of a chain, so that nothing can be changed in it unseen.
//!
//! `chain` makes links, `seal` signs where the chain ends and keeps that outside the database, `trail` does both as the
//! writer goes, `verify` reads it all and says where it was touched.

mod chain;
mod seal;
mod trail;
mod verify;

pub use chain::{Deed, GENESIS};
pub use seal::{HEAD_FILE, Head, KEY_FILE, Seal, SealError};
pub use trail::CHECKPOINT_LINKS;
pub(crate) use trail::Trail;
pub use verify::{FINDINGS_LISTED_MAX, Finding, Verdict, VerifyError, verify};
