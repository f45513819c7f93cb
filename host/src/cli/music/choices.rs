use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::Asked;
use crate::{
    cli::{Cell, Context, Exit, Failure, client::Client, show::plain},
    music::profile::{ChoiceRule, ChoiceView, ChoicesFile, ImportReport},
};

/// See, keep and bring back the recordings that you have chosen
///
/// `tapedeck music use` chooses one. A choice belongs to a song, and counts on every profile.
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the recordings that were chosen by hand
    List,
    /// Let the backends choose a song's recording again
    Undo {
        /// The key of its track, its place on the profile, or a part of its name
        song: String,
    },
    /// Write all choices into a file
    Export {
        /// The file, or - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Take over the choices of such a file
    ///
    /// All of them, or none when something is wrong with the file. Choices of other songs stay.
    Import {
        /// The file, or - for standard input
        file: PathBuf,
        /// Which counts where both have a choice for a song
        #[arg(long, value_enum, default_value_t = Rule::Newest)]
        rule: Rule,
        /// Only say what would become of each
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Rule {
    /// The one that was made later
    Newest,
    /// The file's
    File,
    /// The one that is here
    Here,
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    match args.command {
        Command::List => list(&client.get(&["music", "choices"], &[]).await?, context),
        Command::Undo { song } => {
            let asked: Asked = client.post(&["music", "choices", "undo"], &json!({ "song": song })).await?;
            asked.tell("backends choose again", context)
        }
        Command::Export { file } => export(&client.get(&["music", "choices"], &[]).await?, &file, context),
        Command::Import { file, rule, dry_run } => {
            let rule = match rule {
                Rule::Newest => ChoiceRule::Newest,
                Rule::File => ChoiceRule::File,
                Rule::Here => ChoiceRule::Here,
            };
            let wish = json!({ "file": read(&file)?, "rule": rule, "dry_run": dry_run });
            tell(&client.post(&["music", "choices", "import"], &wish).await?, context)
        }
    }
}

fn list(file: &ChoicesFile, context: &Context) -> anyhow::Result<()> {
    if context.is_json() {
        return context.output.json(file);
    }
    if file.choices.is_empty() {
        context.output.note("no recording was chosen by hand");
        return Ok(());
    }
    let rows = file.choices.iter().map(|choice| row(choice, context)).collect();
    context.output.table(&["song", "backend", "recording", "chosen"], rows)
}

fn row(choice: &ChoiceView, context: &Context) -> Vec<Cell> {
    let title = if choice.title.is_empty() { &choice.track } else { &choice.title };
    vec![
        plain(title).into(),
        plain(&choice.backend).into(),
        plain(&choice.candidate.id).into(),
        context.local(choice.chosen).into(),
    ]
}

fn export(file: &ChoicesFile, path: &Path, context: &Context) -> anyhow::Result<()> {
    if path == Path::new("-") {
        return context.output.json(file);
    }
    let mut text = serde_json::to_vec_pretty(file)?;
    text.push(b'\n');
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed =
        || Failure::new(Exit::Failed, format!("cannot write {}", path.display())).fix("name another file");
    // A file that is there stays whole until the new one is.
    let mut written = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed().caused_by(error))?;
    written.write_all(&text).map_err(|error| failed().caused_by(error))?;
    written.persist(path).map_err(|error| failed().caused_by(error.error))?;
    let count = file.choices.len();
    let what = if count == 1 { "1 choice is".to_owned() } else { format!("{count} choices are") };
    context.output.note(format!("{what} in {}", path.display()));
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<ChoicesFile> {
    let unread =
        |error| Failure::new(Exit::Usage, format!("cannot read {}", path.display())).caused_by(error);
    let mut text = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut text).map_err(unread)?;
    } else {
        text = std::fs::read(path).map_err(unread)?;
    }
    serde_json::from_slice(&text).map_err(|error| {
        let bad = Failure::new(Exit::Usage, format!("{} is no file of choices", path.display()));
        bad.fix("give a file that `tapedeck music choices export` has written").caused_by(error).into()
    })
}

fn tell(report: &ImportReport, context: &Context) -> anyhow::Result<()> {
    if context.is_json() {
        return context.output.json(report);
    }
    for choice in &report.choices {
        let title = if choice.title.is_empty() { &choice.track } else { &choice.title };
        context.output.line(format!("{:<8} {}", choice.what, plain(title)))?;
    }
    let ImportReport { is_dry_run, added, replaced, kept, same, .. } = report;
    let would = if *is_dry_run { "nothing is changed yet: " } else { "" };
    context.output.note(format!(
        "{would}{added} added, {replaced} replaced, {kept} kept as they are here, {same} the same"
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("choices.json");
        let context = Context::for_tests(&[]);
        let file = ChoicesFile { version: 1, choices: Vec::new() };
        std::fs::write(&path, "older").unwrap();
        export(&file, &path, &context).unwrap();
        assert_eq!(read(&path).unwrap(), file);
        assert!(context.output.said().contains("0 choices are in"));
        std::fs::write(&path, "[]").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("no file of choices"));
    }
}
