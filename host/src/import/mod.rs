//! What other programs have kept becomes part of the archive: exports of Telegram Desktop, the databases of the tools that
//! are replaced, our own exports, another archive.
//!
//! Desired properties:
//! - A source is read as a stream in bounded memory, on a thread of its own; its kind is found out by looking.
//! - An import that is cut short goes on where it was; one that is repeated changes nothing.
//! - Messages have the same keys as captured ones, so there is one row of each, whichever comes first
//!   (`archive/secondhand.rs` says how they meet).
//! - Coverage and cursors stay as they are: no export says that it left nothing out. Only another archive of ours
//!   has proof of what it holds, and its coverage is taken over.
//! - Nothing outside the source's folder is read, whatever paths and links it names.

mod blank;
mod desktop;
mod engine;
mod error;
mod fields;
mod folder;
mod json;
mod kind;
mod limited;
mod media;
mod scraper;
mod source;
mod sqlite;
mod telegram_archive;
#[cfg(test)]
mod tests;
pub mod transfer;

use std::{collections::HashMap, path::PathBuf};

use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use engine::ImportSummary;
pub use error::ImportError;
pub use kind::{InvalidKind, Kind};
pub use source::{Meter, Unreadable};

use engine::{Engine, Files};
use source::{Asked, Fingerprint, Source};

use crate::{
    archive::{ChatOrder, ChatsPage, SharedStore},
    clock::SharedClock,
    model::{AccountName, PeerId},
};

/// What is wanted of an import.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: PathBuf,
    /// None: whatever it turns out to be.
    pub from: Option<Kind>,
    pub account: AccountName,
    /// Only this chat; the one that a source without ids speaks of.
    pub chat: Option<PeerId>,
    /// Of dates that do not say theirs.
    pub timezone: Option<TimeZone>,
    pub media: Media,
}

#[derive(Clone, Copy, Debug)]
pub enum Media {
    Skip,
    /// Counted only, for a rehearsal.
    Count,
}

/// A source that has been found and looked at.
pub struct Import {
    request: Request,
    kind: Kind,
    source: Box<dyn Source>,
    fingerprint: Fingerprint,
    meter: Meter,
    owner: Option<PeerId>,
    store: SharedStore,
    clock: SharedClock,
}

impl Import {
    pub async fn open(request: Request, store: SharedStore, clock: SharedClock) -> Result<Self, ImportError> {
        let kind = match request.from {
            Some(kind) => kind,
            None => kind::detect(&request.path)?,
        };
        let meter = Meter::default();
        let asked = Asked {
            chat: request.chat,
            timezone: request.timezone.clone(),
            former: former_groups(&store, &request.account).await?,
            owner: store.owner(request.account.clone()).await?.map(|owner| owner.id),
            meter: meter.clone(),
        };
        let owner = asked.owner;
        let (source, files) = find(kind, &request, asked)?;
        let choice = format!(
            "{kind} {:?} {:?} {}",
            request.chat,
            request.timezone,
            matches!(request.media, Media::Skip)
        );
        let fingerprint = Fingerprint::of(&files)?.with(&choice);
        Ok(Self { request, kind, source, fingerprint, meter, owner, store, clock })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How much of the source has been read while [`Self::run`] runs.
    pub fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Blocks until all is imported. Stopped by `token` between two batches; the same call goes on there.
    pub async fn run(
        self,
        token: CancellationToken,
        progress: watch::Sender<ImportSummary>,
    ) -> Result<ImportSummary, ImportError> {
        let files = match self.request.media {
            Media::Skip => Files::Skip,
            Media::Count => Files::Count,
        };
        let (account, path) = (self.request.account.clone(), self.request.path.clone());
        let (store, clock, owner) = (self.store, self.clock, self.owner);
        let engine = Engine { store, clock, path, account, owner, files, token, progress };
        engine.run(self.source, self.meter, &self.fingerprint).await
    }
}

/// The reader, and the files that decide what it will say.
fn find(kind: Kind, request: &Request, asked: Asked) -> Result<(Box<dyn Source>, Vec<PathBuf>), ImportError> {
    let path = &request.path;
    Ok(match kind {
        Kind::TelegramDesktop => {
            let source = desktop::json::JsonExport::open(path, asked)?;
            let files = vec![source.file().to_owned()];
            (Box::new(source), files)
        }
        Kind::TelegramDesktopHtml => {
            let source = desktop::html::HtmlExport::open(path, asked)?;
            let files = source.files().to_vec();
            (Box::new(source), files)
        }
        Kind::TelegramArchive => {
            let source = telegram_archive::ArchiveDatabase::open(path, request.account.clone(), asked)?;
            let files = vec![source.file().to_owned()];
            (Box::new(source), files)
        }
        Kind::ScraperServer => {
            let source = scraper::ScraperData::open(path, asked)?;
            let files = source.files().to_vec();
            (Box::new(source), files)
        }
        Kind::Json => (Box::new(json::JsonMessages::open(path, asked)?), vec![path.clone()]),
    })
}

const CHATS_PER_PAGE: usize = 500;

/// Supergroups, and the basic groups that the archive knows they were.
async fn former_groups(
    store: &SharedStore,
    account: &AccountName,
) -> Result<HashMap<PeerId, PeerId>, ImportError> {
    let mut former = HashMap::new();
    let mut after = None;
    loop {
        let account = Some(account.clone());
        let page = ChatsPage { account, title: None, order: ChatOrder::Title, after, limit: CHATS_PER_PAGE };
        let chats = store.chats(page).await?;
        former.extend(chats.iter().filter_map(|it| Some((it.chat.moved_to?, it.chat.id))));
        let Some(last) = chats.last().filter(|_| chats.len() == CHATS_PER_PAGE) else { return Ok(former) };
        after = Some(crate::archive::ChatKey { account: last.account.clone(), chat: last.chat.id });
    }
}
