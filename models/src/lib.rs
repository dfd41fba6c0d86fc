//! Placeholder map; replaced as the crate is built.
