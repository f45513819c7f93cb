//! The real binary, started, asked, killed and started again.

mod bad_input;
mod cli;
mod disk;
mod kill;
mod reload;
mod shutdown;
mod support;
