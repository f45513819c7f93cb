//! What the jobs of `tapedeck demo` run: a program that looks busy, in the protocol of the kind
//! `command`.

use std::time::Duration;

use super::{Context, Exit, Failure};
use crate::model::Period;

/// Files that are never read.
const NAMES: [&str; 8] = [
    "letters/1999.txt",
    "photos/beach.jpg",
    "photos/café.jpg",
    "music/side-a.flac",
    "music/side-b.flac",
    "notes/Καλημέρα.md",
    "notes/東京.md",
    "taxes.ods",
];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How long it takes
    #[arg(long, default_value = "5s")]
    takes: Period,
    /// Lines to print on the way
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    lines: u32,
    /// What each line says it does
    #[arg(long, default_value = "copied")]
    verb: String,
    /// Wait for something half-way
    #[arg(long)]
    wait: Option<Period>,
    /// Fail at the end of every attempt up to this one
    #[arg(long, default_value_t = 0)]
    fail_attempts: u32,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let output = &context.output;
    let pause = args.takes.0 / args.lines;
    for line in 1..=args.lines {
        std::thread::sleep(pause);
        let name = NAMES[line as usize % NAMES.len()];
        output.line(format!("{} {name}", args.verb))?;
        output.line(format!("::progress {line}/{} files {name}", args.lines))?;
        if let Some(wait) = args.wait.filter(|_| line == args.lines / 2) {
            output.line(format!("::waiting {} the other side asks for patience", one_word(wait)))?;
            std::thread::sleep(wait.0);
            output.line("::waiting over")?;
        }
    }
    let attempt = context.environment.get("TAPEDECK_ATTEMPT").and_then(|text| text.to_str()?.parse().ok());
    if attempt.unwrap_or(1) <= args.fail_attempts {
        return Err(Failure::new(Exit::Failed, "the tape is tangled").into());
    }
    Ok(())
}

fn one_word(period: Period) -> String {
    format!("{}ms", Duration::as_millis(&period.0))
}
