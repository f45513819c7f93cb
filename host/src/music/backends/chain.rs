use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use tempfile::{NamedTempFile, TempPath};
use tokio_util::sync::CancellationToken;

use super::{
    Attempts, Backend, BackendError, Delivery, Outcome,
    check::{self, Limits, Unfit},
    command::CommandBackend,
    files::FilesBackend,
    plugin::PluginBackend,
};
use crate::{
    clock::SharedClock,
    config::{BackendKind, BackendSection},
    gauge::Gauge,
    model::{Candidate, PluginName, Recording, Track},
    plugin_host::Plugins,
    state::{MusicMiss, State},
};

/// Candidates of one backend that are fetched before it is given up: the first may be gone or wrong.
const MOST_FETCHES: usize = 3;

/// Backends in the operator's order. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Chain {
    pub(super) links: Arc<[Link]>,
    pub(super) limits: Limits,
    pub(super) remember_misses: Duration,
    pub(super) state: State,
    pub(super) clock: SharedClock,
    pub(super) attempts: Attempts,
    /// Where files lie until they are up.
    pub(super) folder: PathBuf,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) backend: Box<dyn Backend>,
}

/// What a chain is made of.
#[derive(Clone, Debug)]
pub struct ChainParts {
    pub plugins: Plugins,
    /// Our own backends, by name; any other name is a plugin's.
    pub own: BTreeMap<PluginName, BackendSection>,
    pub state: State,
    pub clock: SharedClock,
    pub attempts: Attempts,
    /// For files on their way.
    pub folder: PathBuf,
    /// Relative paths in settings count from here.
    pub base_folder: PathBuf,
    /// Variables that programs do not get.
    pub private_variables: Arc<BTreeSet<String>>,
    /// How much longer or shorter than the track a recording may be.
    pub tolerance: Duration,
    pub most_bytes: u64,
    /// How long a backend that had nothing is not asked again.
    pub remember_misses: Duration,
}

#[derive(Debug, thiserror::Error)]
#[error("`{name}` cannot be a backend: {reason}")]
pub struct UnknownBackend {
    pub name: String,
    pub reason: String,
}

/// A recording, checked.
#[derive(Debug)]
pub struct Found {
    pub backend: String,
    /// The backend's place in the chain, from 0.
    pub rank: usize,
    /// Removed when it is dropped.
    pub file: TempPath,
    pub recording: Recording,
    pub candidate: Candidate,
    /// The backend says that it is not the song: another should take its place.
    pub is_placeholder: bool,
}

/// What a chain answers.
#[derive(Debug)]
pub enum Answer {
    Found(Box<Found>),
    /// No backend has it.
    Nothing {
        /// None of them is asked before; `None`: what was in the way may pass at any time.
        not_before: Option<Timestamp>,
    },
}

impl Chain {
    /// `names` in the order in which they are asked.
    pub fn new(names: &[String], parts: ChainParts) -> Result<Self, UnknownBackend> {
        let build = |name: &String| {
            let backend = backend(name, &parts);
            let backend = backend.map_err(|reason| UnknownBackend { name: name.clone(), reason })?;
            Ok(Link { name: name.clone(), backend })
        };
        let links = names.iter().map(build).collect::<Result<_, _>>()?;
        let limits = Limits { tolerance: parts.tolerance, most_bytes: parts.most_bytes };
        let ChainParts { state, clock, attempts, folder, remember_misses, .. } = parts;
        Ok(Self { links, limits, remember_misses, state, clock, attempts, folder })
    }

    /// Asks the backends from the `from`th on, until one has the track. `key` is the track's own, the
    /// same after a restart.
    pub async fn ask(&self, key: &str, track: &Track, from: usize, stop: &CancellationToken) -> Answer {
        // The first of them that may be asked again.
        let mut not_before = Some(self.not_again_before());
        for (rank, link) in self.links.iter().enumerate().skip(from) {
            if stop.is_cancelled() {
                return Answer::Nothing { not_before: None };
            }
            match self.ask_one(key, track, (rank, link), stop).await {
                Ok(Some(found)) => return Answer::Found(Box::new(found)),
                // It is asked whenever the others are.
                Ok(None) if !link.backend.remembers_misses() => {}
                Ok(None) => not_before = not_before.min(self.miss_until(key, link)),
                Err(error) if error.is_temporary => not_before = None,
                Err(_) => not_before = not_before.min(self.miss_until(key, link)),
            }
        }
        Answer::Nothing { not_before }
    }

    /// `None`: nothing is remembered.
    fn miss_until(&self, key: &str, link: &Link) -> Option<Timestamp> {
        self.missed(key, link).ok().flatten().map(|miss| miss.until)
    }

    /// In the order in which they are asked.
    pub fn names(&self) -> Vec<String> {
        self.links.iter().map(|link| link.name.clone()).collect()
    }

    /// Asks one backend what it would choose among, and fetches nothing. `None`: it is not in the chain.
    pub async fn look(
        &self,
        key: &str,
        track: &Track,
        backend: &str,
        stop: &CancellationToken,
    ) -> Option<Result<Vec<Candidate>, BackendError>> {
        let link = self.links.iter().find(|link| link.name == backend)?;
        // Whoever asks by hand knows of a reason to.
        if let Err(error) = self.forget_miss(key, backend) {
            return Some(Err(error));
        }
        let found = link.backend.find(track, stop).await;
        Some(found.and_then(|found| {
            let noted = self.attempts.looked((key, backend), track, &self.clock, &found);
            noted.map(|()| found).map_err(BackendError::temporary)
        }))
    }

    /// The operator's choice, if there is one, says which of the backends it is.
    pub fn rank_of_choice(&self, key: &str) -> Option<usize> {
        let chosen = self.state.music_choices.get(key).ok().flatten()?;
        self.links.iter().position(|link| link.name == chosen.backend)
    }

    async fn ask_one(
        &self,
        key: &str,
        track: &Track,
        (rank, link): (usize, &Link),
        stop: &CancellationToken,
    ) -> Result<Option<Found>, BackendError> {
        let name = link.name.as_str();
        let attempt = self.attempts.begin((key, name), track, &self.clock);
        let chosen = self.choice(key, link)?;
        // What was tried in vain for another recording says nothing of this one, nor this one of others.
        let is_chosen = chosen.is_some();
        let mut edition = None;
        let (outcome, found) = match self.missed(key, link)?.filter(|_| !is_chosen) {
            Some(miss) => (Outcome::NotAgain { until: miss.until, reason: miss.reason }, Ok(None)),
            None => {
                // It may be replaced while it is at work.
                edition = link.backend.edition();
                let found = self.find_and_fetch(key, track, (rank, link), (chosen, stop)).await;
                edition = edition.or_else(|| link.backend.edition());
                (outcome(&found, stop), found)
            }
        };
        if let Outcome::Failed { reason } = &outcome {
            tracing::warn!(track = %track.title, backend = name, reason, "A backend failed");
        }
        if !matches!(outcome, Outcome::NotAgain { .. }) && !is_chosen && !stop.is_cancelled() {
            self.note_miss(key, (link, edition), &found)?;
        }
        attempt.end(outcome);
        found
    }

    async fn find_and_fetch(
        &self,
        key: &str,
        track: &Track,
        (rank, link): (usize, &Link),
        (chosen, stop): (Option<Candidate>, &CancellationToken),
    ) -> Result<Option<Found>, BackendError> {
        let is_chosen = chosen.is_some();
        let candidates = match chosen {
            Some(chosen) => vec![chosen],
            None => self.candidates(key, track, link, stop).await?,
        };
        let mut refused = None;
        for candidate in candidates.into_iter().take(MOST_FETCHES) {
            let gauge = self.attempts.fetching(key, &link.name, name_of(&candidate));
            // Whoever chose another length meant it.
            let length = if is_chosen { None } else { track.duration };
            match self.fetch(track, &candidate, (link, length), (&gauge, stop)).await {
                Ok((file, recording)) => {
                    let is_placeholder = is_placeholder(&candidate);
                    let backend = link.name.clone();
                    self.attempts.taken(key, &link.name, &candidate.id);
                    return Ok(Some(Found { backend, rank, file, recording, candidate, is_placeholder }));
                }
                Err(error) if stop.is_cancelled() => return Err(error),
                Err(error) => {
                    tracing::info!(backend = %link.name, candidate = %candidate.id, %error, "Not this one");
                    self.attempts.refused(key, &link.name, &candidate.id, error.to_string());
                    // One that may be had later is a reason to ask again.
                    let is_reason = |before: &BackendError| before.is_temporary && !error.is_temporary;
                    refused = refused.filter(is_reason).or(Some(error));
                }
            }
        }
        refused.map_or(Ok(None), Err)
    }

    /// The recording that somebody has chosen, if it is one of this backend's.
    fn choice(&self, key: &str, link: &Link) -> Result<Option<Candidate>, BackendError> {
        let chosen = self.state.music_choices.get(key).map_err(BackendError::temporary)?;
        Ok(chosen.filter(|chosen| chosen.backend == link.name).map(|chosen| chosen.candidate))
    }

    async fn candidates(
        &self,
        key: &str,
        track: &Track,
        link: &Link,
        stop: &CancellationToken,
    ) -> Result<Vec<Candidate>, BackendError> {
        let found = link.backend.find(track, stop).await?;
        self.attempts.candidates(key, &link.name, &found);
        Ok(found)
    }

    async fn fetch(
        &self,
        track: &Track,
        candidate: &Candidate,
        (link, length): (&Link, Option<Duration>),
        (gauge, stop): (&Gauge, &CancellationToken),
    ) -> Result<(TempPath, Recording), BackendError> {
        let file = self.new_file().map_err(BackendError::temporary)?;
        let recording = link.backend.fetch(track, candidate, &Delivery { file: &file, gauge, stop }).await?;
        let wanted = Track { duration: length, ..track.clone() };
        let (limits, is_placeholder) = (self.limits, is_placeholder(candidate));
        let until = stop.clone();
        let check = move || {
            let checked = check::check(&file, &wanted, &limits, is_placeholder, &until);
            checked.map(|checked| (file, checked))
        };
        // A decoder that gives up does so each time.
        let checked = tokio::task::spawn_blocking(check).await.unwrap_or_else(|error| {
            Err(Unfit::Unplayable { reason: format!("its decoder gave up: {error}") })
        });
        if stop.is_cancelled() {
            return Err(BackendError::temporary(anyhow!("it was stopped")));
        }
        let (file, checked) = checked.map_err(BackendError::permanent)?;
        let recording = Recording { bytes: checked.bytes, duration: Some(checked.duration), ..recording };
        Ok((file, recording))
    }

    fn new_file(&self) -> anyhow::Result<TempPath> {
        let made = std::fs::create_dir_all(&self.folder).and_then(|()| NamedTempFile::new_in(&self.folder));
        let made = made.with_context(|| format!("cannot make a file in {}", self.folder.display()));
        Ok(made?.into_temp_path())
    }

    /// What another edition of the backend missed says nothing of this one.
    fn missed(&self, key: &str, link: &Link) -> Result<Option<MusicMiss>, BackendError> {
        let miss = self.state.music_misses.get(key, &link.name).map_err(BackendError::temporary)?;
        let edition = link.backend.edition();
        let is_of_this = |miss: &MusicMiss| edition.is_none() || miss.edition == edition;
        Ok(miss.filter(|miss| {
            link.backend.remembers_misses() && miss.until > self.clock.now() && is_of_this(miss)
        }))
    }

    /// Only what trying again cannot help is remembered.
    fn note_miss(
        &self,
        key: &str,
        (link, edition): (&Link, Option<String>),
        found: &Result<Option<Found>, BackendError>,
    ) -> Result<(), BackendError> {
        let reason = match found {
            Ok(Some(_)) => return self.forget_miss(key, &link.name),
            _ if !link.backend.remembers_misses() => return Ok(()),
            Err(error) if error.is_temporary => return Ok(()),
            Ok(None) => "it has no such recording".to_owned(),
            Err(error) => error.to_string(),
        };
        let until = self.not_again_before();
        // They are as many as the songs of such a while.
        self.state.music_misses.remove_over(self.clock.now()).map_err(BackendError::temporary)?;
        let (track, backend) = (key.to_owned(), link.name.clone());
        let miss = MusicMiss { track, backend, edition, until, reason };
        self.state.music_misses.put(&miss).map_err(BackendError::temporary)
    }

    fn not_again_before(&self) -> Timestamp {
        self.clock.now().checked_add(signed(self.remember_misses)).unwrap_or(Timestamp::MAX)
    }

    fn forget_miss(&self, key: &str, backend: &str) -> Result<(), BackendError> {
        self.state.music_misses.remove(key, backend).map(drop).map_err(BackendError::temporary)
    }
}

/// A plugin that gives silence says so by its score.
fn is_placeholder(candidate: &Candidate) -> bool {
    candidate.score <= 0.0
}

/// One that somebody named by its id may have no title.
fn name_of(candidate: &Candidate) -> &str {
    if candidate.title.is_empty() { &candidate.id } else { &candidate.title }
}

fn outcome(found: &Result<Option<Found>, BackendError>, stop: &CancellationToken) -> Outcome {
    match found {
        Ok(Some(found)) => {
            let candidate = name_of(&found.candidate).to_owned();
            Outcome::Found { candidate, is_placeholder: found.is_placeholder }
        }
        Ok(None) => Outcome::Nothing,
        Err(_) if stop.is_cancelled() => Outcome::Cancelled,
        Err(error) => Outcome::Failed { reason: error.to_string() },
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// Whether tables of ours that these name can be built from. Nothing is read or started.
pub fn check_own(names: &[String], own: &BTreeMap<PluginName, BackendSection>) -> Result<(), UnknownBackend> {
    let of_ours = names.iter().filter_map(|name| Some((name, own.get(name.as_str())?)));
    of_ours.into_iter().try_for_each(|(name, section)| {
        let checked = match section.kind {
            BackendKind::Files => FilesBackend::check(section).map(drop),
            BackendKind::Command => CommandBackend::check(section),
        };
        checked.map_err(|error| UnknownBackend { name: name.clone(), reason: format!("{error:#}") })
    })
}

fn backend(name: &str, parts: &ChainParts) -> Result<Box<dyn Backend>, String> {
    let name: PluginName = name.parse().map_err(|error| format!("{error}"))?;
    let Some(section) = parts.own.get(&name) else {
        let handle = parts.plugins.backend(&name);
        return Ok(Box::new(PluginBackend { handle, most_bytes: parts.most_bytes }));
    };
    let base = &parts.base_folder;
    let built = match section.kind {
        BackendKind::Files => {
            FilesBackend::new(section, base, parts.state.folder()).map(|it| Box::new(it) as Box<dyn Backend>)
        }
        BackendKind::Command => CommandBackend::new(section, base, Arc::clone(&parts.private_variables))
            .map(|it| Box::new(it) as Box<dyn Backend>),
    };
    built.map_err(|error| format!("{error:#}"))
}

/// For a backend whose file system work belongs on another thread.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| anyhow!("the work ended early: {error}"))?
}
