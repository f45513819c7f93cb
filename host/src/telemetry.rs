//! Log format.
