//! Reads the arguments, runs the command, says what went wrong, and ends with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    tapedeck::cli::main(std::env::args_os(), tapedeck::config::Environment::capture())
}
