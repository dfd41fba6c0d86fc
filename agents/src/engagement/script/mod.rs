//! Words what is to be said to an owner, from facts alone.
