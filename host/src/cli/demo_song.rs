//! Where the songs of `tapedeck demo` come from: a program that leaves a recording in its folder, as the backend
//! `command` wants it.

use anyhow::Context as _;
use tapedeck_sim::melody;

use super::Context;
use crate::model::Period;

const FILE: &str = "melody.wav";

/// Leave a melody in this folder, as the demo's backend does
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How long it takes
    #[arg(long, default_value = "5s")]
    takes: Period,
    /// How long the song is
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// What it is called
    name: String,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    std::thread::sleep(args.takes.0);
    let recording = melody::wav(&args.name, args.seconds * 1_000);
    std::fs::write(FILE, recording).context("cannot leave the recording here")?;
    context.output.line(format!("played {}", args.name))
}
