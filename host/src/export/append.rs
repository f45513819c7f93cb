//! What is new, added to an export of before.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{
    choose::Chosen,
    error::{ExportError, disk},
    increment::{self, New},
    mark::Mark,
    media::MediaMode,
    pages::{self, Book},
    pass::{Passed, Task},
    request::{FormatUse, Growth},
    run::{Exported, Place, Writing, told},
    sheet::Filled,
    staging::{self, Staging},
};
use crate::model::EXPORT_MEDIA;

/// An export of before, and what is new for it.
struct Addition<'a> {
    writing: &'a Writing<'a>,
    staging: &'a Staging,
    goal: PathBuf,
    before: Mark,
    /// The number of parts that it has afterwards.
    part: u32,
    chosen: Chosen,
    new: New,
}

/// How a format takes what is new this time, and what was written of its pages.
struct Growing {
    format: FormatUse,
    growth: Growth,
    book: Option<Book>,
}

/// What waits in the staging folder.
struct Ready {
    task: Task,
    growth: Growth,
    filled: Filled,
}

impl Writing<'_> {
    /// Only what is new: as one more part, or on the pages that it belongs to. Formats that have to be whole are
    /// written anew.
    pub(super) async fn append(
        &self,
        staging: Staging,
        before: Mark,
        chosen: Chosen,
    ) -> Result<Exported, ExportError> {
        let goal = staging.goal().to_owned();
        let new = increment::since(&*self.parts.store, self.request, chosen.clone(), before.sequence).await?;
        if new.chats.is_empty() {
            // Nothing is written, not even how far the feed was read, unless that is far.
            if new.sequence - before.sequence > increment::FAR {
                let reached = increment::reached(&*self.parts.store, new.sequence).await?;
                Mark { sequence: new.sequence, reached, ..before }.write(&goal)?;
            }
            return Ok(Exported { path: goal, is_unchanged: true, ..Exported::default() });
        }
        let part = before.parts + 1;
        let addition = Addition { writing: self, staging: &staging, goal, before, part, chosen, new };
        addition.write().await
    }
}

impl Addition<'_> {
    async fn write(self) -> Result<Exported, ExportError> {
        let (mut exported, mut ready) = (Exported::default(), Vec::new());
        let mut left: Vec<Growing> =
            self.writing.request.formats.iter().map(|it| self.growing(it.clone())).collect();
        for growth in [Growth::Parts, Growth::Pages, Growth::Anew] {
            let (now, later): (Vec<Growing>, Vec<Growing>) =
                left.into_iter().partition(|it| it.growth == growth);
            left = later;
            if now.is_empty() {
                continue;
            }
            // Those with pages differ in their books: each goes through the archive by itself.
            let groups: Vec<(Vec<FormatUse>, Option<Book>)> = match growth {
                Growth::Pages => now.into_iter().map(|it| (vec![it.format], it.book)).collect(),
                Growth::Parts | Growth::Anew => {
                    vec![(now.into_iter().map(|it| it.format).collect(), None)]
                }
            };
            for (formats, book) in groups {
                let (tasks, mut passed) = self.pass(&formats, growth, book).await?;
                let filled = std::mem::take(&mut passed.filled);
                let bytes: u64 = filled.iter().map(|it| it.bytes).sum();
                let tasks = tasks.into_iter().zip(filled);
                ready.extend(tasks.map(|(task, filled)| Ready { task, growth, filled }));
                let more = told(self.new.chats.len(), passed, self.goal.clone(), Vec::new());
                exported.messages = exported.messages.max(more.messages);
                exported.files = exported.files.max(more.files);
                exported.missing = exported.missing.max(more.missing);
                exported.bytes += bytes + more.bytes;
            }
        }
        let mark = self.writing.mark(self.new.sequence, self.part).await?;
        self.publish(&ready, &mark, &mut exported)?;
        Ok(Exported { chats: self.new.chats.len(), path: self.goal.clone(), ..exported })
    }

    /// As its exporter says, if that can be done.
    fn growing(&self, format: FormatUse) -> Growing {
        let has_moved = self.before.from != self.writing.request.filter.from;
        let read = || Book::read(&self.writing.room(&self.goal, &format), self.before.parts);
        // Older messages would go from the pages that are written anew, and stay on the others.
        let book = if format.growth == Growth::Pages && !has_moved { read() } else { None };
        let growth = match format.growth {
            Growth::Pages if book.is_none() => Growth::Anew,
            growth => growth,
        };
        Growing { format, growth, book }
    }

    async fn pass(
        &self,
        formats: &[FormatUse],
        growth: Growth,
        book: Option<Book>,
    ) -> Result<(Vec<Task>, Passed), ExportError> {
        let Self { writing, new, chosen, .. } = self;
        let (store, request) = (&*writing.parts.store, writing.request);
        let number = if growth == Growth::Parts { self.part } else { 1 };
        let mut tasks = writing.tasks(self.staging, formats, number, self.part)?;
        let (chats, counted) = match (growth, book) {
            (Growth::Parts, _) => (new.chats.clone(), None),
            (Growth::Pages, Some(book)) => {
                let (chats, addition) = book.extents(store, &request.filter, new).await?;
                tasks.iter_mut().for_each(|task| task.addition = Some(addition.clone()));
                (chats, Some(new.changed.clone()))
            }
            _ => (increment::everything(store, request, chosen.clone()).await?, None),
        };
        let is_single_chat = chosen.chats.len() == 1;
        let porter = writing.porter(&self.goal, None).await?;
        let passed = writing.pass(tasks.clone(), chats, counted, is_single_chat, porter).await?;
        let several = tasks.iter().zip(&passed.filled).find(|(_, filled)| filled.files.len() > 1);
        if let Some((task, _)) = several.filter(|_| growth == Growth::Parts) {
            return Err(ExportError::ManyParts { format: task.format.format.clone() });
        }
        Ok((tasks, passed))
    }

    /// Files take their places one by one, the mark at the end: what has no mark yet is written again, under the same
    /// names.
    fn publish(&self, ready: &[Ready], mark: &Mark, exported: &mut Exported) -> Result<(), ExportError> {
        let Self { writing, goal, part, .. } = self;
        let media = goal.join(EXPORT_MEDIA);
        if writing.request.media != MediaMode::None && media.is_dir() {
            staging::sync_tree(&media)?;
        }
        for Ready { task, growth, filled } in ready {
            let room = writing.room(goal, &task.format);
            if *growth == Growth::Anew {
                staging::sync_tree(&task.folder)?;
                staging::replace(&task.folder, &room)?;
            } else {
                let mut folders = BTreeSet::new();
                for name in pages::in_order(&filled.files, &task.file_name, *part) {
                    let to = room.join(name);
                    take_place(&task.folder.join(name), &to)?;
                    folders.extend(to.parent().map(Path::to_owned));
                }
                folders.insert(room.clone());
                folders.iter().try_for_each(|folder| staging::sync_folder(folder))?;
            }
            let path = room.join(&task.file_name);
            exported.places.push(Place { format: task.format.format.clone(), path });
        }
        mark.write(goal)?;
        for Ready { task, .. } in ready.iter().filter(|ready| ready.task.book.is_some()) {
            // Nobody reads it any more; if it stays, that does no harm.
            let _ =
                fs::remove_file(writing.room(goal, &task.format).join(pages::book_name(self.before.parts)));
        }
        Ok(())
    }
}

fn take_place(from: &Path, to: &Path) -> Result<(), ExportError> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(disk("make", folder))?;
    }
    fs::rename(from, to).map_err(disk("write", to))
}
