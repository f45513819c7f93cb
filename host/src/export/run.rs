//! An export from its question to its place on the disk.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    choose::{Chosen, choose},
    error::ExportError,
    extent, increment,
    mark::Mark,
    media::{Carried, MediaMode, Porter},
    pages,
    pass::{Pass, Passed, Task},
    request::{FormatUse, Goal, Growth, Request},
    staging::{self, Staging},
};
use crate::{
    archive::{Ranges, SharedStore, StoredChat, media::Media},
    clock::SharedClock,
    model::{PeerId, counted},
    plugin_host::Plugins,
};

/// What every export needs.
#[derive(Clone, Debug)]
pub struct ExportParts {
    pub store: SharedStore,
    pub plugins: Plugins,
    /// Where the files of messages lie.
    pub media: Media,
    pub clock: SharedClock,
}

/// How far an export is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub messages: u64,
    /// Where that can be told before the end.
    pub total: Option<u64>,
    pub chat: String,
}

/// Who looks on, and may end it.
#[derive(Clone)]
pub struct Watch {
    pub stop: CancellationToken,
    pub report: Arc<dyn Fn(Progress) + Send + Sync>,
}

impl Watch {
    pub fn nobody() -> Self {
        Self { stop: CancellationToken::new(), report: Arc::new(|_| {}) }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("stop", &self.stop).finish_non_exhaustive()
    }
}

/// What an export came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Exported {
    pub chats: usize,
    pub messages: u64,
    /// Files that lie beside it now.
    pub files: u64,
    /// Files that do not, and say why.
    pub missing: u64,
    /// Of what exporters wrote and of files.
    pub bytes: u64,
    pub path: PathBuf,
    pub places: Vec<Place>,
    /// Nothing had changed since the last time, and nothing was written.
    pub is_unchanged: bool,
    /// Exports of before that were removed.
    pub removed: usize,
}

/// Where a format's file is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    pub format: String,
    pub path: PathBuf,
}

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unchanged {
            return write!(f, "nothing new for {}", self.path.display());
        }
        let Self { chats, messages, files, missing, .. } = self;
        let (messages, chats) = (counted(*messages, "message"), counted(*chats as u64, "chat"));
        write!(f, "{messages} of {chats} to {}", self.path.display())?;
        if *files > 0 {
            write!(f, ", {}", counted(*files, "file"))?;
        }
        if *missing > 0 {
            let verb = if *missing == 1 { "is" } else { "are" };
            write!(f, ", {} {verb} not there", counted(*missing, "file"))?;
        }
        Ok(())
    }
}

/// Writes an export. Needs a runtime of several threads.
pub async fn export(parts: &ExportParts, request: &Request, watch: &Watch) -> Result<Exported, ExportError> {
    let Request { account, chats, kinds, .. } = request;
    check_places(&request.formats)?;
    let chosen = choose(&*parts.store, account, chats, kinds).await?;
    if request.filter.query.is_some() {
        extent::index_all(&*parts.store).await?;
    }
    let goal = request.goal.path();
    match &request.goal {
        Goal::Folder(folder) => staging::check_ours(folder)?,
        Goal::File(file) => staging::check_no_archive(file)?,
    }
    let staging = Staging::begin(goal, &request.series)?;
    let known = Mark::read(staging.goal()).filter(|_| request.is_incremental);
    let known =
        known.filter(|mark| mark.version == Mark::VERSION && mark.question == increment::question(request));
    let writing = Writing { parts, request, watch };
    let mut exported = match increment::of_this_feed(&*parts.store, known).await? {
        Some(mark) => writing.append(staging, mark, chosen).await?,
        None => writing.whole(staging, chosen).await?,
    };
    if let (Some(keep), Goal::Folder(_)) = (request.keep, &request.goal) {
        exported.removed = staging::prune(&exported.path, &request.series, keep)?;
    }
    Ok(exported)
}

/// Each format has a folder of its own, by its name. Some disks do not tell large letters from small ones.
fn check_places(formats: &[FormatUse]) -> Result<(), ExportError> {
    for (at, one) in formats.iter().enumerate() {
        let same = |other: &&FormatUse| other.format.eq_ignore_ascii_case(&one.format);
        if let Some(other) = formats[..at].iter().find(same) {
            let (format, a, b) = (one.format.clone(), other.plugin.clone(), one.plugin.clone());
            return Err(ExportError::SamePlace { format, a, b });
        }
    }
    Ok(())
}

pub(super) struct Writing<'a> {
    pub(super) parts: &'a ExportParts,
    pub(super) request: &'a Request,
    pub(super) watch: &'a Watch,
}

impl Writing<'_> {
    /// Anew, in place of whatever we had written there.
    async fn whole(&self, staging: Staging, chosen: Chosen) -> Result<Exported, ExportError> {
        let sequence = self.parts.store.figures().await?.sequence;
        let goal = staging.goal().to_owned();
        let tasks = self.tasks(&staging, &self.request.formats, 1, 1)?;
        let count = chosen.chats.len();
        let chats = increment::everything(&*self.parts.store, self.request, chosen).await?;
        let is_single_chat = count == 1;
        let before = goal.is_dir().then(|| goal.clone());
        let porter = self.porter(staging.folder(), before).await?;
        let passed = self.pass(tasks.clone(), chats, None, is_single_chat, porter).await?;
        match &self.request.goal {
            Goal::File(path) => {
                let Some((task, filled)) = tasks.first().zip(passed.filled.first()) else {
                    return Err(ExportError::Cancelled);
                };
                if filled.files.len() > 1 || passed.files > 0 {
                    return Err(ExportError::ManyFiles {
                        format: task.format.format.clone(),
                        path: path.clone(),
                    });
                }
                staging.publish_file(&task.file_name)?;
            }
            Goal::Folder(_) => {
                self.mark(sequence, 1).await?.write(staging.folder())?;
                staging.publish_folder()?;
            }
        }
        let place = |task: &Task| {
            let path = match &self.request.goal {
                Goal::File(_) => goal.clone(),
                Goal::Folder(_) => self.room(&goal, &task.format).join(&task.file_name),
            };
            Place { format: task.format.format.clone(), path }
        };
        let places = tasks.iter().map(place).collect();
        Ok(told(count, passed, goal.clone(), places))
    }

    pub(super) async fn pass(
        &self,
        tasks: Vec<Task>,
        chats: Vec<(StoredChat, extent::Extent)>,
        counted: Option<BTreeMap<PeerId, Ranges>>,
        is_single_chat: bool,
        porter: Porter,
    ) -> Result<Passed, ExportError> {
        let Self { parts, request, watch } = *self;
        Pass { parts, request, watch, tasks, chats, counted, is_single_chat, porter }.run().await
    }

    /// `part` is that of the files, `mark` that of the export.
    pub(super) fn tasks(
        &self,
        staging: &Staging,
        formats: &[FormatUse],
        part: u32,
        mark: u32,
    ) -> Result<Vec<Task>, ExportError> {
        let task = |format: &FormatUse| {
            let name = (!self.is_flat()).then_some(format.format.as_str());
            let folder = staging.room(name)?;
            let is_added_to = self.request.is_incremental && format.growth == Growth::Pages;
            let book = is_added_to.then(|| pages::book_name(mark));
            let file_name = format.part_name(part);
            Ok(Task { folder, file_name, part, book, addition: None, format: format.clone() })
        };
        formats.iter().map(task).collect()
    }

    /// One format lies in the folder itself; several, and those that are appended to, in folders of their own.
    pub(super) fn is_flat(&self) -> bool {
        self.request.formats.len() == 1 && !self.request.is_incremental
    }

    pub(super) fn room(&self, goal: &Path, format: &FormatUse) -> PathBuf {
        if self.is_flat() { goal.to_owned() } else { goal.join(&format.format) }
    }

    pub(super) async fn porter(&self, folder: &Path, before: Option<PathBuf>) -> Result<Porter, ExportError> {
        let mode = self.request.media;
        let media = match mode {
            MediaMode::None => None,
            MediaMode::Link | MediaMode::Copy => Some(self.parts.media.store().await?),
        };
        Ok(Porter {
            media,
            mode,
            folder: folder.to_owned(),
            before,
            prefix: if self.is_flat() { "" } else { "../" },
            figures: Carried::default(),
        })
    }

    pub(super) async fn mark(&self, sequence: i64, parts: u32) -> Result<Mark, ExportError> {
        Ok(Mark {
            version: Mark::VERSION,
            series: self.request.series.clone(),
            made: self.parts.clock.now(),
            sequence,
            reached: increment::reached(&*self.parts.store, sequence).await?,
            parts,
            from: self.request.filter.from,
            question: increment::question(self.request),
        })
    }
}

pub(super) fn told(chats: usize, passed: Passed, path: PathBuf, places: Vec<Place>) -> Exported {
    let written: u64 = passed.filled.iter().map(|filled| filled.bytes).sum();
    Exported {
        chats,
        messages: passed.messages,
        files: passed.files,
        missing: passed.missing,
        bytes: written + passed.media_bytes,
        path,
        places,
        is_unchanged: false,
        removed: 0,
    }
}
