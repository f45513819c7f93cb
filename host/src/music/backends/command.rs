//! A program of the operator's that leaves a recording in the folder where it is started. No shell.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail, ensure};
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Command,
};
use tokio_util::sync::CancellationToken;

use super::{Backend, BackendError, Delivery};
use crate::{
    config::BackendSection,
    gauge::{Gauge, PercentReader},
    model::{Candidate, Recording, Track},
    process::Process,
};

/// What is kept of its output, to say why it failed.
const MOST_OUTPUT: usize = 2_000;
const KILL_AFTER: Duration = Duration::from_secs(5);
/// Where it came from is known; how good it is nobody says.
const SCORE: f64 = 50.0;

const PLACEHOLDERS: [&str; 10] =
    ["query", "title", "artist", "artists", "album", "year", "isrc", "duration", "spotify_url", "folder"];

/// The endings of files that may be the recording, with their media types.
pub(super) const ENDINGS: [(&str, &str); 9] = [
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("wav", "audio/wav"),
    ("aac", "audio/aac"),
    ("aiff", "audio/aiff"),
    ("wma", "audio/x-ms-wma"),
];

#[derive(Debug)]
pub(super) struct CommandBackend {
    program: PathBuf,
    args: Vec<String>,
    environment: Vec<(String, SecretString)>,
    private_variables: Arc<BTreeSet<String>>,
    timeout: Duration,
}

impl CommandBackend {
    pub(super) fn new(
        section: &BackendSection,
        base_folder: &Path,
        private_variables: Arc<BTreeSet<String>>,
    ) -> anyhow::Result<Self> {
        Self::check(section)?;
        Ok(Self {
            program: program_of(section, base_folder).context("`program` was just checked")?,
            args: section.args.clone(),
            environment: section.environment.clone().into_iter().collect(),
            private_variables,
            timeout: section.timeout.0,
        })
    }

    /// What can be told without starting the program.
    pub(super) fn check(section: &BackendSection) -> anyhow::Result<()> {
        ensure!(
            program_of(section, Path::new("")).is_some(),
            "`program` is missing: name the program to run"
        );
        section.args.iter().try_for_each(|arg| check_placeholders(arg))
    }

    async fn run(&self, track: &Track, to: &Delivery<'_>) -> Result<Recording, BackendError> {
        let beside = to.file.parent().unwrap_or(Path::new("."));
        let folder = tempfile::tempdir_in(beside).map_err(BackendError::temporary)?;
        let args = self.args.iter().map(|arg| render(arg, track, folder.path()));
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(folder.path());
        for name in self.private_variables.iter() {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value.expose_secret())));
        let (status, output) = self.follow(&mut command, to).await?;
        if !status.success() {
            // Only people know what it means: it may be old, or want a login, or lack the network.
            return Err(BackendError::temporary(anyhow!(
                "{} ended with {status}{}",
                self.name(),
                said(&output)
            )));
        }
        let found = recording_in(folder.path()).map_err(BackendError::temporary)?;
        let Some((path, extension, mime)) = found else {
            let text = said(&output);
            return Err(BackendError::permanent(anyhow!(
                "{} left no recording in its folder{text}",
                self.name()
            )));
        };
        std::fs::rename(&path, to.file).map_err(BackendError::temporary)?;
        Ok(Recording { mime: mime.into(), extension: extension.into(), ..Recording::default() })
    }

    /// To its end, in time.
    async fn follow(
        &self,
        command: &mut Command,
        Delivery { gauge, stop, .. }: &Delivery<'_>,
    ) -> Result<(ExitStatus, String), BackendError> {
        let started = Process::start(command, false);
        let mut process = started
            .with_context(|| format!("cannot start {}: install it, or correct `program`", self.name()))
            .map_err(BackendError::temporary)?;
        let (_, stdout, stderr) = process
            .take_pipes()
            .ok_or_else(|| BackendError::temporary(anyhow!("its output is not connected")))?;
        let over = stop.child_token();
        let timer = async {
            tokio::time::sleep(self.timeout).await;
            over.cancel();
            std::future::pending::<std::convert::Infallible>().await
        };
        let work = async {
            let (ended, out, err) =
                tokio::join!(process.wait(&over, KILL_AFTER), tail(stdout, gauge), tail(stderr, gauge));
            ended.map(|ended| (ended, if err.is_empty() { out } else { err }))
        };
        let (ended, output) = tokio::select! {
            done = work => done.map_err(BackendError::temporary)?,
            never = timer => match never {},
        };
        if ended.was_stopped && !stop.is_cancelled() {
            let error = anyhow!("{} took longer than {} s", self.name(), self.timeout.as_secs());
            return Err(BackendError::temporary(error));
        }
        if ended.was_stopped {
            return Err(BackendError::temporary(anyhow!("it was stopped")));
        }
        Ok((ended.status, output))
    }

    fn name(&self) -> std::path::Display<'_> {
        self.program.display()
    }
}

impl Backend for CommandBackend {
    /// Only running it can tell.
    fn find<'a>(
        &'a self,
        track: &'a Track,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<Candidate>, BackendError>> {
        let candidate = Candidate {
            id: self.name().to_string(),
            title: track.title.clone(),
            artists: track.artists.clone(),
            duration: track.duration,
            score: SCORE,
            ..Candidate::default()
        };
        Box::pin(async move { Ok(vec![candidate]) })
    }

    fn fetch<'a>(
        &'a self,
        track: &'a Track,
        _: &'a Candidate,
        to: &'a Delivery<'a>,
    ) -> BoxFuture<'a, Result<Recording, BackendError>> {
        Box::pin(self.run(track, to))
    }

    /// Secrets may be among the variables, so only the hash is shown.
    fn edition(&self) -> Option<String> {
        let variables = self.environment.iter().map(|(name, value)| (name, value.expose_secret()));
        let all = serde_json::json!([&self.program, &self.args, variables.collect::<Vec<_>>()]);
        Some(blake3::hash(all.to_string().as_bytes()).to_string())
    }
}

/// A name alone is looked up in `PATH`; a path counts from the base folder.
pub fn program_of(section: &BackendSection, base_folder: &Path) -> Option<PathBuf> {
    let program = section.program.as_deref().map(str::trim).filter(|program| !program.is_empty())?;
    Some(if program.contains('/') { base_folder.join(program) } else { program.into() })
}

/// The last of what a program says: it may say any amount.
async fn tail(mut output: impl AsyncRead + Unpin, gauge: &Gauge) -> String {
    let (mut kept, mut percents) = (Vec::new(), PercentReader::default());
    let mut chunk = [0; 4096];
    // A pipe that breaks has said all that it can.
    while let Ok(length @ 1..) = output.read(&mut chunk).await {
        if let Some(percent) = percents.read(&chunk[..length]) {
            gauge.percent(percent);
        }
        kept.extend_from_slice(&chunk[..length]);
        if kept.len() > 2 * MOST_OUTPUT {
            kept.drain(..kept.len() - MOST_OUTPUT);
        }
    }
    let start = kept.len().saturating_sub(MOST_OUTPUT);
    String::from_utf8_lossy(&kept[start..]).trim().to_owned()
}

fn said(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!(": {output}") }
}

fn check_placeholders(arg: &str) -> anyhow::Result<()> {
    let mut rest = arg;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, end)) = after.split_once("}}") else { break };
        if !PLACEHOLDERS.contains(&name.trim()) {
            bail!("`{{{{{name}}}}}` is no placeholder: use one of {}", PLACEHOLDERS.join(", "));
        }
        rest = end;
    }
    Ok(())
}

/// One argument stays one argument, whatever the track is called.
fn render(arg: &str, track: &Track, folder: &Path) -> String {
    let mut text = String::new();
    let mut rest = arg;
    while let Some((before, after)) = rest.split_once("{{")
        && let Some((name, end)) = after.split_once("}}")
    {
        text.push_str(before);
        text.push_str(&value(name.trim(), track, folder));
        rest = end;
    }
    text.push_str(rest);
    text
}

fn value(name: &str, track: &Track, folder: &Path) -> String {
    let id = |scheme: &str| {
        let id = track.ids.iter().find(|id| id.scheme == scheme);
        id.map(|id| id.value.clone()).unwrap_or_default()
    };
    let main = || track.artists.first().cloned().unwrap_or_default();
    match name {
        "query" if track.artists.is_empty() => track.title.clone(),
        "query" => format!("{} - {}", track.artists.join(", "), track.title),
        "title" => track.title.clone(),
        "artist" => main(),
        "artists" => track.artists.join(", "),
        "album" => track.album.clone().unwrap_or_default(),
        "year" => track.release_date.as_deref().unwrap_or_default().chars().take(4).collect(),
        "isrc" => id("isrc"),
        "duration" => track.duration.map(|it| it.as_secs().to_string()).unwrap_or_default(),
        "spotify_url" => match id("spotify") {
            id if id.is_empty() => id,
            id => format!("https://open.spotify.com/track/{id}"),
        },
        _ => folder.display().to_string(),
    }
}

/// The largest file that looks like one: programs leave covers and lyrics too.
fn recording_in(folder: &Path) -> std::io::Result<Option<(PathBuf, &'static str, &'static str)>> {
    let mut largest = None;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
                continue;
            }
            let ending = path.extension().and_then(|it| it.to_str()).map(str::to_ascii_lowercase);
            let known = ENDINGS.iter().find(|(known, _)| ending.as_deref() == Some(known));
            let (true, Some((extension, mime))) = (kind.is_file(), known) else { continue };
            let bytes = entry.metadata()?.len();
            if largest.as_ref().is_none_or(|(most, _)| bytes > *most) {
                largest = Some((bytes, (path, *extension, *mime)));
            }
        }
    }
    Ok(largest.map(|(_, found)| found))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        config::BackendKind,
        model::{Period, TrackId},
    };

    fn backend(script: &str, timeout: &str) -> CommandBackend {
        let section = BackendSection {
            kind: BackendKind::Command,
            folder: None,
            likeness: 85,
            program: Some("sh".into()),
            args: vec!["-c".into(), script.into(), "sh".into(), "{{query}}".into(), "{{spotify_url}}".into()],
            environment: [("KEY".to_owned(), "k3y".into())].into(),
            timeout: timeout.parse::<Period>().unwrap(),
        };
        let private = Arc::new(BTreeSet::from(["HOME".to_owned()]));
        CommandBackend::new(&section, Path::new("/"), private).unwrap()
    }

    fn track() -> Track {
        Track {
            title: "$(id); \"B\"".into(),
            artists: vec!["A".into(), "C".into()],
            ids: vec![TrackId { scheme: "spotify".into(), value: "42".into() }],
            ..Track::default()
        }
    }

    async fn fetch(script: &str, timeout: &str) -> (Result<Recording, BackendError>, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out");
        let stop = CancellationToken::new();
        let to = Delivery { file: &file, gauge: &Gauge::default(), stop: &stop };
        let fetched = backend(script, timeout).run(&track(), &to).await;
        assert!(
            std::fs::read_dir(&folder).unwrap().all(|it| it.unwrap().path() == file),
            "its folder is gone"
        );
        (fetched, std::fs::read_to_string(&file).unwrap_or_default())
    }

    #[tokio::test]
    async fn arguments_arrive_as_they_are() {
        let script =
            r#"mkdir a && printf '%s|%s|%s|%s' "$1" "$2" "$KEY" "$HOME" > a/x.MP3; echo cover > cover.jpg"#;
        let (fetched, content) = fetch(script, "10s").await;
        assert_eq!(fetched.unwrap().mime, "audio/mpeg");
        assert_eq!(content, "A, C - $(id); \"B\"|https://open.spotify.com/track/42|k3y|");
    }

    #[tokio::test]
    async fn says_why_it_failed() {
        let (failed, _) = fetch("echo no such song >&2; exit 3", "10s").await;
        let failed = failed.unwrap_err();
        assert!(failed.is_temporary && failed.to_string().contains("no such song"), "{failed}");
        let (nothing, _) = fetch("echo LookupError", "10s").await;
        let nothing = nothing.unwrap_err();
        assert!(!nothing.is_temporary, "a program that ends well without a file has looked, and has none");
        let nothing = nothing.to_string();
        assert!(nothing.contains("left no recording") && nothing.contains("LookupError"), "{nothing}");
    }

    #[tokio::test]
    async fn program_that_is_installed_later_is_asked_again() {
        let mut missing = backend("", "10s");
        missing.program = "/nowhere/to/be/found".into();
        let folder = tempfile::tempdir().unwrap();
        let (file, gauge, stop) = (folder.path().join("out"), Gauge::default(), CancellationToken::new());
        let to = Delivery { file: &file, gauge: &gauge, stop: &stop };
        let failed = missing.run(&track(), &to).await.unwrap_err();
        assert!(failed.is_temporary && failed.to_string().contains("install it"), "{failed}");
    }

    #[tokio::test]
    async fn time_limit_ends_all_of_it() {
        let began = Instant::now();
        let (failed, content) = fetch("echo half > half.mp3; sleep 60 & sleep 60", "100ms").await;
        assert!(failed.unwrap_err().is_temporary);
        assert!(began.elapsed() < Duration::from_secs(5));
        assert_eq!(content, "", "what it had written is nobody's");
    }

    #[tokio::test]
    async fn percentages_are_heard_while_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let heard = folder.path().join("heard");
        let told = heard.clone();
        let gauge = Gauge::telling(move |shown| {
            if shown.is_some_and(|shown| shown.percent == 42) {
                std::fs::write(&told, "").unwrap();
            }
        });
        let stop = CancellationToken::new();
        let script = format!(
            "printf ' 7%%|#\\r42.3%% of' >&2; until [ -e {} ]; do sleep 0.01; done; echo x > x.mp3",
            heard.display()
        );
        let file = folder.path().join("out");
        let to = Delivery { file: &file, gauge: &gauge, stop: &stop };
        backend(&script, "10s").run(&track(), &to).await.unwrap();
        assert_eq!(gauge.read().map(|it| it.percent), Some(42));
    }

    #[test]
    fn misspelt_placeholders_are_refused() {
        assert!(check_placeholders("{{titel}}").unwrap_err().to_string().contains("title"));
        check_placeholders("--out={{folder}}/{{title}} {x}").unwrap();
    }
}
