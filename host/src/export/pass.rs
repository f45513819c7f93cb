//! One pass over chats, for all exporters at once.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use super::{
    error::ExportError,
    extent::Extent,
    facts::{self, Wants},
    media::{MediaMode, Porter},
    pages::Addition,
    people::Acquaintances,
    reader::Reader,
    request::{FormatUse, Request},
    run::{ExportParts, Progress, Watch},
    sheet::{Filled, Sheet},
    writer::{Page, Step, Writer},
};
use crate::{
    archive::{ChatKey, Ranges, Stored, StoredChat},
    model::{Message, PeerId, User},
    plugin_host::{Apart, ExportOptions, ExporterSession},
};

/// What one format writes, and where.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) format: FormatUse,
    pub(super) folder: PathBuf,
    pub(super) file_name: String,
    /// Which part of an export that is appended to.
    pub(super) part: u32,
    /// Where the exporter writes down its pages, in an export that is added to.
    pub(super) book: Option<String>,
    /// What there was before, of pages that are added to.
    pub(super) addition: Option<Addition>,
}

/// What a pass is made with.
pub(super) struct Pass<'a> {
    pub(super) parts: &'a ExportParts,
    pub(super) request: &'a Request,
    pub(super) watch: &'a Watch,
    pub(super) tasks: Vec<Task>,
    /// With what is read of each.
    pub(super) chats: Vec<(StoredChat, Extent)>,
    /// Of messages that are read again for the sake of their pages, only these count.
    pub(super) counted: Option<BTreeMap<PeerId, Ranges>>,
    pub(super) is_single_chat: bool,
    pub(super) porter: Porter,
}

#[derive(Debug, Default)]
pub(super) struct Passed {
    /// In the order of the tasks.
    pub(super) filled: Vec<Filled>,
    pub(super) messages: u64,
    pub(super) files: u64,
    pub(super) missing: u64,
    pub(super) media_bytes: u64,
}

impl Pass<'_> {
    pub(super) async fn run(mut self) -> Result<Passed, ExportError> {
        let owner = self.parts.store.owner(self.request.account.clone()).await?;
        let sessions = self.open(owner.as_ref()).await?;
        let wants = Wants {
            replied: sessions.iter().any(|session| session.reads("replied")),
            versions: sessions.iter().any(|session| session.reads("versions")),
            details: sessions.iter().any(|session| !session.is_plain()),
        };
        let writers: Vec<Writer> = self
            .tasks
            .iter()
            .zip(sessions)
            .map(|(task, session)| {
                let sheet = Sheet::new(task.folder.clone(), task.file_name.clone());
                Writer::spawn(task.format.format.clone(), session, sheet)
            })
            .collect();
        let mut passed = Passed::default();
        let fed = self.feed(&writers, wants, owner.as_ref(), &mut passed).await;
        // All threads have ended before anybody looks at their files. Why one of them failed tells more than
        // that it took nothing any more.
        let mut why = None;
        for writer in writers {
            match writer.end().await {
                Ok(filled) => passed.filled.push(filled),
                Err(error) if why.is_none() || matches!(why, Some(ExportError::Cancelled)) => {
                    why = Some(error)
                }
                Err(_) => {}
            }
        }
        match (fed, why) {
            (Ok(true), None) => Ok(passed),
            (Err(error), _) => Err(error),
            (Ok(_), why) => Err(why.unwrap_or(ExportError::Cancelled)),
        }
    }

    /// Plugins begin on a thread that may wait.
    async fn open(&self, owner: Option<&User>) -> Result<Vec<ExporterSession>, ExportError> {
        let plugins = self.parts.plugins.clone();
        let stop = self.watch.stop.clone();
        let created = self.parts.clock.now();
        let wanted: Vec<_> = self
            .tasks
            .iter()
            .map(|task| {
                let mut extra = vec![
                    ("file_name".to_owned(), Value::from(task.file_name.as_str())),
                    ("part".to_owned(), Value::from(task.part)),
                ];
                extra.extend(
                    task.book.iter().map(|name| ("pages_file".to_owned(), Value::from(name.as_str()))),
                );
                if let Some(Addition { before, anew }) = &task.addition {
                    extra.push(("pages_before".to_owned(), before.clone()));
                    extra.push(("pages_anew".to_owned(), json!(anew)));
                }
                let options = ExportOptions {
                    format: task.format.format.clone(),
                    parameters: task.format.parameters.clone(),
                    created,
                    account: owner.cloned(),
                    is_single_chat: self.is_single_chat,
                    // What files are and where they lie is told whenever they come along.
                    has_facts_if_full: task.format.has_facts_if_full && self.request.media == MediaMode::None,
                    extra,
                };
                (task.format.plugin.clone(), options)
            })
            .collect();
        let opening = Apart::spawn(move || {
            let open = |(name, options): &(_, ExportOptions)| {
                plugins.exporter(name).cancelled_by(stop.clone()).open(options)
            };
            wanted.iter().map(open).collect::<Result<Vec<_>, _>>()
        });
        let format =
            || self.tasks.iter().map(|task| task.format.format.as_str()).collect::<Vec<_>>().join(", ");
        Ok(opening.ended().await.map_err(|_| ExportError::Died { format: format() })??)
    }

    /// False if a writer takes no more.
    async fn feed(
        &mut self,
        writers: &[Writer],
        wants: Wants,
        owner: Option<&User>,
        passed: &mut Passed,
    ) -> Result<bool, ExportError> {
        let mut people = Acquaintances::default();
        owner.iter().for_each(|user| people.greet(user));
        let total = self.total();
        for (chat, extent) in std::mem::take(&mut self.chats) {
            let key = ChatKey { account: chat.account.clone(), chat: chat.chat.id };
            let topics =
                if chat.chat.is_forum { self.parts.store.topics(key.clone()).await? } else { Vec::new() };
            if !tell(writers, Step::Chat(Arc::new((chat.chat.clone(), topics)))).await {
                return Ok(false);
            }
            let store = self.parts.store.clone();
            let mut reader = Reader::new(&*store, key.clone(), &self.request.filter, wants.details, extent);
            while let Some(page) = reader.next_page().await? {
                if self.watch.stop.is_cancelled() {
                    return Err(ExportError::Cancelled);
                }
                passed.messages += self.count(&key, &page);
                let (messages, archived) = facts::archived(&*store, &chat, page, wants, &people).await?;
                let met = people.meet(&*store, &chat.account, &messages).await?;
                if !met.is_empty() && !tell(writers, Step::People(Arc::new(met))).await {
                    return Ok(false);
                }
                let files = self.files(&key, &messages).await?;
                if !tell(writers, Step::Page(Arc::new(Page { messages, archived, files }))).await {
                    return Ok(false);
                }
                let title = chat.chat.title.clone();
                (self.watch.report)(Progress { messages: passed.messages, total, chat: title });
            }
        }
        let carried = self.porter.figures;
        (passed.files, passed.missing, passed.media_bytes) = (carried.files, carried.missing, carried.bytes);
        Ok(tell(writers, Step::End).await)
    }

    fn count(&self, key: &ChatKey, page: &[Stored]) -> u64 {
        let Some(counted) = &self.counted else { return page.len() as u64 };
        let Some(ids) = counted.get(&key.chat) else { return 0 };
        page.iter().filter(|stored| ids.contains(stored.message.id)).count() as u64
    }

    /// As far as that can be told before everything was read.
    fn total(&self) -> Option<u64> {
        let is_whole =
            self.counted.is_none() && self.chats.iter().all(|(_, extent)| *extent == Extent::Whole);
        let messages = || self.chats.iter().map(|(chat, _)| chat.figures.messages).sum();
        (is_whole && self.request.filter.is_everything()).then(messages)
    }

    async fn files(
        &mut self,
        key: &ChatKey,
        messages: &[Message],
    ) -> Result<Option<Vec<Value>>, ExportError> {
        if self.request.media == MediaMode::None {
            return Ok(None);
        }
        let with: Vec<_> = messages.iter().filter(|it| !it.files().is_empty()).map(|it| it.id).collect();
        let mut told = vec![Value::Null; messages.len()];
        if !with.is_empty() {
            for file in self.parts.store.files_of(key.clone(), with).await? {
                let Ok(place) = messages.binary_search_by_key(&file.key.id, |message| message.id) else {
                    continue;
                };
                // A copy may take long: the other tasks of this thread go on meanwhile.
                let entry = tokio::task::block_in_place(|| self.porter.bring(&file))?;
                match &mut told[place] {
                    Value::Array(list) => list.push(entry),
                    empty => *empty = Value::Array(vec![entry]),
                }
            }
        }
        Ok(Some(told))
    }
}

async fn tell(writers: &[Writer], step: Step) -> bool {
    for writer in writers {
        if !writer.take(step.clone()).await {
            return false;
        }
    }
    true
}
