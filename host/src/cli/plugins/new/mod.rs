//! `tapedeck plugins new`: a project that builds and passes its own tests at once. Everything that
//! it needs comes out of this binary; only tools and packages come from their registries.

mod files;

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::json;

use crate::cli::{Context, Failure};

/// Start a plugin of your own: a folder that builds and passes its tests at once
///
/// The folder holds the contract with the daemon, an example that does something small, its tests
/// and a README with the commands. Nothing that exists is touched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck plugins new quiet --kind chat-filter
  tapedeck plugins new quiet --kind chat-filter --lang python
  tapedeck plugins new archive-lines --kind exporter --lang js --folder ~/plugins/archive-lines")]
pub(in crate::cli) struct Args {
    /// The plugin's name: lower-case letters, digits and dashes
    #[arg(value_parser = parse_name)]
    name: String,
    /// What it is going to do
    #[arg(long)]
    kind: Kind,
    /// What it is written in
    #[arg(long, visible_alias = "language", default_value = "rust")]
    lang: Language,
    /// Make this folder [default: one of the plugin's name, here]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Finds recordings of tracks and fetches them
    TrackBackend,
    /// Keeps, drops or redacts messages before they are stored
    ChatFilter,
    /// Writes messages in a format of its own
    Exporter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Fastest; you need rustup
    Rust,
    /// You need Python 3.10 or newer
    Python,
    /// You need Node.js 20.19 or newer
    #[value(alias = "javascript")]
    Js,
}

impl Kind {
    const fn folder(self) -> &'static str {
        match self {
            Self::TrackBackend => "track-backend",
            Self::ChatFilter => "chat-filter",
            Self::Exporter => "exporter",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::TrackBackend => "track backend",
            Self::ChatFilter => "chat filter",
            Self::Exporter => "exporter",
        }
    }

    /// What the example in the project does.
    const fn summary(self) -> &'static str {
        match self {
            Self::TrackBackend => "Fetches recordings by their ISRC",
            Self::ChatFilter => "Drops or blacks out messages by their words",
            Self::Exporter => "Writes messages as lines of text",
        }
    }
}

impl Language {
    const fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Js => "js",
        }
    }

    /// The commands that test it and build it, and where its component then lies.
    fn steps(self, name: &str) -> ([&'static str; 2], String) {
        match self {
            Self::Rust => (
                ["cargo test", "cargo build --release --target wasm32-wasip2"],
                format!("target/wasm32-wasip2/release/{}.wasm", name.replace('-', "_")),
            ),
            Self::Python => {
                (["python3 -m unittest discover src", "python3 build.py"], format!("{name}.wasm"))
            }
            Self::Js => (["npm install && npm test", "npm run build"], format!("{name}.wasm")),
        }
    }
}

pub(in crate::cli) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    make(&folder)?;
    for file in files::of(args.language_and_kind(), &args.name) {
        write(&folder.join(&file.path), &file.content)?;
    }
    let (commands, component) = args.lang.steps(&args.name);
    let test = format!("tapedeck plugins test {component}");
    let steps = [format!("cd {}", folder.display()), commands[0].into(), commands[1].into(), test];
    if context.is_json() {
        return context.output.json(&json!({ "folder": folder, "component": component, "next": steps }));
    }
    context.output.line(format!(
        "Made {}: a {} with an example inside",
        folder.display(),
        args.kind.words()
    ))?;
    context.output.line("")?;
    context.output.line("Next:")?;
    steps.iter().try_for_each(|step| context.output.line(format!("  {step}")))
}

impl Args {
    const fn language_and_kind(&self) -> (Language, Kind) {
        (self.lang, self.kind)
    }
}

/// A new folder, or one that is there and empty.
fn make(folder: &Path) -> anyhow::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
    }
    let is_there = match fs::create_dir(folder) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot make the folder {}", folder.display()));
        }
    };
    if is_there {
        return Ok(());
    }
    let failure = Failure::usage(format!("{} exists already", folder.display()));
    Err(failure.fix("choose another name, or another place with --folder").into())
}

fn write(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}

/// A name is an id of a plugin, a package of each language, and part of a file's name.
fn parse_name(name: &str) -> Result<String, String> {
    const LONGEST: usize = 40;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(is_plain) {
        return Err("a name begins with a lower-case letter; letters, digits and dashes follow".into());
    }
    if name.ends_with('-') || name.contains("--") {
        return Err("a dash stands between two words".into());
    }
    if name.len() > LONGEST {
        return Err(format!("at most {LONGEST} letters"));
    }
    // Names that a compiler or a module of the project has already.
    if matches!(
        name,
        "test" | "core" | "std" | "alloc" | "proc-macro" | "tapedeck-plugin" | "self" | "super" | "crate"
    ) {
        return Err("this name has a meaning of its own to Rust's tools".into());
    }
    Ok(name.into())
}

#[cfg(test)]
mod tests;
