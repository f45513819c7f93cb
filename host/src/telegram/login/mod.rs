//! How an account gets its login.

pub mod import;
