use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::json;

use super::{Context, Failure};
use crate::config::{Sources, load_places};

const STARTER: &str = include_str!("starter.toml");

/// Write a configuration to start from, and make the data folder
///
/// Nothing that exists is touched: an existing configuration is replaced only with --force, and then
/// kept beside the new one as config.toml.old.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck init
  tapedeck init --folder ~/tapedeck
  tapedeck --config /etc/tapedeck/config.toml init")]
pub(super) struct Args {
    /// Put config.toml and the data folder here [default: the folder of --config, else this one]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Replace an existing configuration; the old one is kept as config.toml.old
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let file = match &args.folder {
        Some(folder) => folder.join(Sources::DEFAULT_FILE),
        None => context.sources().file,
    };
    let sources = Sources::new(Some(file.clone()), context.environment.clone());
    let folder = sources.folder();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let kept = write(&file, args.force)?;
    let data = load_places(&sources).data_folder;
    make_private(&data)?;
    if context.is_json() {
        return context.output.json(&json!({ "config": file, "data": data, "kept": kept }));
    }
    context.output.line(format!("Wrote {}", file.display()))?;
    if let Some(kept) = kept {
        context.output.line(format!("Kept the old one as {}", kept.display()))?;
    }
    context.output.line(format!("Made {}", data.display()))?;
    next_steps(&file, context)
}

/// Returns where the file that was there before is kept.
fn write(file: &Path, is_forced: bool) -> anyhow::Result<Option<PathBuf>> {
    let create = || {
        let mut created = fs::File::create_new(file)?;
        std::io::Write::write_all(&mut created, STARTER.as_bytes())
    };
    let mut kept = None;
    let written = match create() {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && is_forced => {
            let mut name = file.as_os_str().to_owned();
            name.push(".old");
            let old = PathBuf::from(name);
            fs::rename(file, &old).with_context(|| format!("cannot rename {}", file.display()))?;
            kept = Some(old);
            create()
        }
        result => result,
    };
    match written {
        Ok(()) => Ok(kept),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let failure = Failure::usage(format!("{} exists already", file.display()));
            Err(failure.fix("edit it, or use --force: the old one is then kept beside it").into())
        }
        Err(error) => Err(error).with_context(|| format!("cannot write {}", file.display())),
    }
}

/// What is in there belongs to the user that runs the daemon alone.
fn make_private(folder: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the data folder {}", folder.display()))
}

fn next_steps(file: &Path, context: &Context) -> anyhow::Result<()> {
    let option = match file == Path::new(Sources::DEFAULT_FILE) {
        true => String::new(),
        false => format!(" --config {}", file.display()),
    };
    context.output.line("")?;
    context.output.line("Next:")?;
    for (command, what) in [
        ("check", "explains what the file says, and when each job runs"),
        ("run", "starts the daemon; its page is at http://127.0.0.1:8484"),
        ("jobs list", "shows the jobs from another terminal"),
    ] {
        context.output.line(format!("  tapedeck {:<28}{what}", format!("{command}{option}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::Exit,
        config::{Environment, load},
        jobs,
    };

    fn args(folder: &Path, force: bool) -> Args {
        Args { folder: Some(folder.to_owned()), force }
    }

    #[test]
    fn starter_is_valid_and_teaches() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::for_tests(&[]);
        run(&args(&folder.path().join("new"), false), &context).unwrap();
        let file = folder.path().join("new/config.toml");
        let loaded = load(&Sources::new(Some(file), Environment::default()), &jobs::vocabulary());
        assert!(loaded.problems.is_empty(), "{:#?}", loaded.problems);
        assert!(!loaded.config.unwrap().jobs.is_empty());
        assert!(folder.path().join("new/tapedeck-data").is_dir());
        assert!(context.output.written().contains("tapedeck check"));
    }

    #[test]
    fn data_folder_may_come_from_a_variable() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("elsewhere");
        let mut context = Context::for_tests(&[]);
        context.environment = [("TAPEDECK__DATA__FOLDER", &data)].into_iter().collect();
        run(&args(&folder.path().join("new"), false), &context).unwrap();
        assert!(data.is_dir() && !folder.path().join("new/tapedeck-data").exists());
    }

    #[test]
    fn keeps_what_exists() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, "mine").unwrap();
        let context = Context::for_tests(&[]);
        let error = run(&args(folder.path(), false), &context).unwrap_err();
        assert_eq!(error.downcast::<Failure>().unwrap().exit, Exit::Usage);
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        run(&args(folder.path(), true), &context).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), STARTER);
        assert_eq!(fs::read_to_string(folder.path().join("config.toml.old")).unwrap(), "mine");
    }
}
