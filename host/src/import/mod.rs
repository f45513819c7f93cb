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
mod exported;
mod fields;
mod folder;
mod json;
mod kind;
mod limited;
mod media;
mod postgres;
mod rows;
mod scraper;
mod source;
mod sqlite;
mod stream;
mod telegram_archive;
#[cfg(test)]
mod tests;
pub mod transfer;
mod twice;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::tz::TimeZone;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use engine::ImportSummary;
pub use error::ImportError;
pub use kind::{InvalidKind, Kind};
pub use source::{Meter, Unreadable};

use engine::{Engine, Files};
use media::Keeper;
use rows::Rows as _;
use source::{Asked, Fingerprint, Source};

use crate::{
    archive::{self, ChatOrder, ChatsPage, SharedStore, media::MediaStore},
    clock::SharedClock,
    model::{AccountName, PeerId},
};

/// Where a source is.
#[derive(Clone, Debug)]
pub enum Place {
    Path(PathBuf),
    /// The address of a PostgreSQL database.
    Server(SecretString),
}

impl Place {
    /// An address, or else a path.
    pub fn of(text: &str) -> Self {
        if archive::is_address(text) { Self::Server(text.into()) } else { Self::Path(text.into()) }
    }

    /// What lies there, or what was looked for in vain.
    pub async fn kind(&self) -> Result<Kind, ImportError> {
        match self {
            Self::Path(path) => {
                let path = path.clone();
                on_thread(move || kind::detect(&path)).await
            }
            Self::Server(_) => Ok(Kind::TelegramArchive),
        }
    }
}

/// What is wanted of an import.
#[derive(Clone, Debug)]
pub struct Request {
    pub place: Place,
    pub kind: Kind,
    pub account: AccountName,
    /// Only this chat; the one that a source without ids speaks of.
    pub chat: Option<PeerId>,
    /// Of dates that do not say theirs.
    pub timezone: Option<TimeZone>,
    /// Where the source's files are, when that is not beside it.
    pub files_from: Option<PathBuf>,
    pub media: Media,
}

#[derive(Clone, Debug)]
pub enum Media {
    /// Into this store.
    Take(Arc<MediaStore>),
    Skip,
    /// Counted only, for a rehearsal.
    Count,
}

/// A source that has been found and looked at.
pub struct Import {
    request: Request,
    found: FoundSource,
    meter: Meter,
    owner: Option<PeerId>,
    store: SharedStore,
    clock: SharedClock,
}

/// The reader, and what tells whether it will say the same the next time.
struct FoundSource {
    source: Box<dyn Source>,
    fingerprint: Fingerprint,
    /// For people.
    place: PathBuf,
}

impl Import {
    /// Fails for what is no source, or leaves something open: before anything is made for it.
    pub async fn look(request: &Request) -> Result<(), ImportError> {
        match &request.place {
            Place::Path(path) => {
                let (path, request) = (path.clone(), request.clone());
                on_thread(move || {
                    let (chat, timezone) = (request.chat, request.timezone.clone());
                    in_files(&path, &request, Asked { chat, timezone, ..Asked::default() }).map(drop)
                })
                .await
            }
            Place::Server(address) => visit(address, request).await.map(drop),
        }
    }

    pub async fn open(request: Request, store: SharedStore, clock: SharedClock) -> Result<Self, ImportError> {
        let meter = Meter::default();
        let asked = Asked {
            chat: request.chat,
            timezone: request.timezone.clone(),
            former: former_groups(&store, &request.account).await?,
            owner: store.owner(request.account.clone()).await?.map(|owner| owner.id),
            meter: meter.clone(),
        };
        let owner = asked.owner;
        let choice = format!(
            "{} {:?} {:?} {:?} {}",
            request.kind,
            request.chat,
            request.timezone,
            request.files_from,
            matches!(request.media, Media::Skip)
        );
        let mut found = match &request.place {
            Place::Path(path) => {
                let (path, request) = (path.clone(), request.clone());
                on_thread(move || in_files(&path, &request, asked)).await?
            }
            Place::Server(address) => on_server(address, &request, asked).await?,
        };
        found.fingerprint = found.fingerprint.with(&choice);
        Ok(Self { request, found, meter, owner, store, clock })
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
        let files = match &self.request.media {
            Media::Take(media) => Files::Take(Keeper::new(media.clone())),
            Media::Skip => Files::Skip,
            Media::Count => Files::Count,
        };
        let FoundSource { source, fingerprint, place } = self.found;
        let account = self.request.account;
        let (store, clock, owner) = (self.store, self.clock, self.owner);
        let engine = Engine { store, clock, path: place, account, owner, files, token, progress };
        engine.run(source, self.meter, &fingerprint).await
    }
}

/// A disk may not answer for long, as one of another machine: others of this process do not wait for it.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImportError> + Send + 'static,
) -> Result<T, ImportError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ImportError::Broken(error.to_string()))?
}

fn in_files(path: &Path, request: &Request, asked: Asked) -> Result<FoundSource, ImportError> {
    kind::refuse_special(path)?;
    let (source, files): (Box<dyn Source>, Vec<PathBuf>) = match request.kind {
        Kind::TelegramDesktop => {
            let source = desktop::json::JsonExport::open(path, asked)?;
            let files = source.files().to_vec();
            (Box::new(source), files)
        }
        Kind::TelegramDesktopHtml => {
            let source = desktop::html::HtmlExport::open(path, asked)?;
            let files = source.files().to_vec();
            (Box::new(source), files)
        }
        Kind::TelegramArchive => {
            let (media, account) = (request.files_from.as_deref(), request.account.clone());
            let source = telegram_archive::ArchiveDatabase::open(path, media, account, asked)?;
            let files = source.file().map(Path::to_owned).into_iter().collect();
            (Box::new(source), files)
        }
        Kind::ScraperServer => {
            let source = scraper::ScraperData::open(path, asked)?;
            let files = source.files().to_vec();
            (Box::new(source), files)
        }
        Kind::Json => {
            let source = json::JsonMessages::open(path, asked)?;
            let files = source.files().to_vec();
            (Box::new(source), files)
        }
    };
    Ok(FoundSource { source, fingerprint: Fingerprint::of(&files)?, place: path.to_owned() })
}

async fn on_server(
    address: &SecretString,
    request: &Request,
    asked: Asked,
) -> Result<FoundSource, ImportError> {
    let rows = visit(address, request).await?;
    let place = rows.place().to_owned();
    let fingerprint = rows.fingerprint(&telegram_archive::TABLES).await?;
    let (media, account) = (request.files_from.as_deref(), request.account.clone());
    let source = telegram_archive::ArchiveDatabase::on_server(rows, media, account, asked)?;
    Ok(FoundSource { source: Box::new(source), fingerprint, place })
}

/// A database that has what is read of it.
async fn visit(address: &SecretString, request: &Request) -> Result<postgres::PostgresRows, ImportError> {
    let rows = postgres::PostgresRows::open(address.expose_secret()).await?;
    if request.kind != Kind::TelegramArchive {
        let reason = format!("{} is never kept on a server: leave `--from` out", request.kind);
        return Err(ImportError::Unknown { path: rows.place().to_owned(), reason });
    }
    on_thread(move || telegram_archive::check(&rows).map(|()| rows)).await
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
        after = Some(archive::ChatKey { account: last.account.clone(), chat: last.chat.id });
    }
}
