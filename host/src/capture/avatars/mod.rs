//! The small pictures of chats and people: a new one is noticed by its number, and fetched once. Earlier ones are kept.

mod report;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};

pub use report::FetchedAvatars;

use super::{Capture, CaptureError, Tell};
use crate::{
    archive::{
        AvatarRecord, AvatarsOf, BlobHash, Source, Write,
        media::{Claim, MediaStore, avatar_link},
    },
    model::{Avatars, Extra, PeerId},
    telegram::{
        self, convert,
        download::{DownloadError, DownloadLimits, Downloads, Place, Wanted, Watcher},
        read::{MOST_PEOPLE, people},
    },
};

/// Pictures that are looked at together.
const PAGE: usize = 200;
/// On their way at the same time.
const TOGETHER: usize = 8;
const NOTE: &str = "avatars";

/// One run over one account.
#[derive(Debug)]
pub struct FetchAvatars {
    pub capture: Capture,
    pub media: Arc<MediaStore>,
    pub whose: Avatars,
    /// Whether everybody is asked for first: who only speaks in groups shows a new picture when they speak again.
    pub asks: bool,
    pub tell: Tell,
}

/// How often pictures could not be fetched, by peer and photo.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Failures(BTreeMap<String, u32>);

fn name(peer: PeerId, photo: i64) -> String {
    format!("{peer}/{photo}")
}

impl FetchAvatars {
    /// What was done, however it ended.
    pub async fn run(&self) -> (FetchedAvatars, Result<(), CaptureError>) {
        let mut done = FetchedAvatars::default();
        let ended = self.fetch(&mut done).await;
        (done, ended)
    }

    async fn fetch(&self, done: &mut FetchedAvatars) -> Result<(), CaptureError> {
        let whose = match self.whose {
            Avatars::Off => return Ok(()),
            Avatars::Chats => AvatarsOf::Chats,
            Avatars::All => AvatarsOf::Everybody,
        };
        if self.asks && whose == AvatarsOf::Everybody {
            self.ask(done).await?;
        }
        let Capture { store, account, section, .. } = &self.capture;
        let note = store.note(account.clone(), NOTE.to_owned()).await?;
        let before: Failures = note.and_then(|note| serde_json::from_value(note).ok()).unwrap_or_default();
        // Those that nobody wants any more are forgotten.
        let mut failures = Failures::default();
        let porter = Porter::of(&self.capture, &self.media, &self.tell);
        let mut after = None;
        loop {
            let wanted = store.wanted_avatars(account.clone(), whose, after, PAGE).await?;
            let Some((last, _)) = wanted.last() else { break };
            after = Some(*last);
            let mut open = Vec::new();
            for (peer, photo) in wanted {
                let tries = before.0.get(&name(peer, photo)).copied().unwrap_or(0);
                if tries > 0 {
                    failures.0.insert(name(peer, photo), tries);
                }
                if tries < section.media.attempts {
                    open.push((peer, photo));
                }
            }
            self.page(&porter, open, &mut failures, done).await?;
        }
        if failures.0 != before.0 {
            let value = (!failures.0.is_empty()).then(|| serde_json::to_value(&failures).unwrap_or_default());
            self.capture.write(Source::Sweep, vec![Write::Note { name: NOTE.to_owned(), value }]).await?;
        }
        Ok(())
    }

    async fn page(
        &self,
        porter: &Porter,
        wanted: Vec<(PeerId, i64)>,
        failures: &mut Failures,
        done: &mut FetchedAvatars,
    ) -> Result<(), CaptureError> {
        let mut brought = stream::iter(wanted)
            .map(|(peer, photo)| async move { (peer, photo, porter.bring(&self.capture, peer, photo).await) })
            .buffer_unordered(TOGETHER);
        while let Some((peer, photo, brought)) = brought.next().await {
            match brought {
                Ok(Some(picture)) => {
                    done.fetched += 1;
                    done.bytes += picture.bytes;
                    self.capture.write(Source::Sweep, picture.writes(peer)).await?;
                }
                Ok(None) => done.unknown += 1,
                Err(_) if self.tell.stop().is_cancelled() => return Err(CaptureError::Stopped),
                Err(CaptureError::Download(error)) if is_of_the_picture(&error) => {
                    done.failed += 1;
                    tracing::debug!(peer.id = peer.0, %error, "A picture could not be fetched");
                    *failures.0.entry(name(peer, photo)).or_default() += 1;
                }
                Err(error) => return Err(error),
            }
            self.tell.step(done.fetched, None, "pictures", done.to_string());
        }
        Ok(())
    }

    /// Who has which picture now.
    async fn ask(&self, done: &mut FetchedAvatars) -> Result<(), CaptureError> {
        let Capture { store, account, client, .. } = &self.capture;
        let mut after = None;
        loop {
            let ids = store.user_ids(account.clone(), after, MOST_PEOPLE).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = Some(*last);
            let told = self.tell.unless_stopped(people(client, &ids)).await??;
            done.asked += told.len() as u64;
            let users = told.into_iter().map(|user| Write::User(Box::new(convert::user(user))));
            self.capture.write(Source::Sweep, users.collect()).await?;
            self.tell.step(done.asked, None, "people", "Asking for people".to_owned());
        }
    }
}

/// Brings one picture to its place in the media store.
#[derive(Clone, Debug)]
pub(super) struct Porter {
    downloads: Downloads,
    media: Arc<MediaStore>,
    watcher: Watcher,
}

/// One that has come.
#[derive(Debug)]
pub(super) struct Picture {
    record: AvatarRecord,
    bytes: u64,
    /// To be kept until the archive speaks of it.
    _claim: Claim,
}

impl Picture {
    pub(super) fn hash(&self) -> BlobHash {
        self.record.hash
    }

    pub(super) fn writes(&self, peer: PeerId) -> Vec<Write> {
        let AvatarRecord { photo, hash, extension } = self.record.clone();
        vec![Write::Blob { hash, bytes: self.bytes }, Write::Avatar { peer, photo, hash, extension }]
    }
}

impl Porter {
    pub(super) fn of(capture: &Capture, media: &Arc<MediaStore>, tell: &Tell) -> Self {
        Self {
            downloads: Downloads::new(
                capture.client.clone(),
                capture.clock.clone(),
                DownloadLimits::default(),
            ),
            media: media.clone(),
            watcher: Watcher { cancel: tell.stop().clone(), progress: None },
        }
    }

    /// None: this login does not know how to ask for it.
    pub(super) async fn bring(
        &self,
        capture: &Capture,
        peer: PeerId,
        photo: i64,
    ) -> Result<Option<Picture>, CaptureError> {
        let Some(dc) = data_centre(capture, peer).await? else { return Ok(None) };
        let input = match capture.client.input_peer(peer).await {
            Ok(input) => input,
            Err(telegram::Error::UnknownPeer { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let path = self.media.arriving().join(format!("avatar-{peer}-{photo}"));
        let wanted = Wanted {
            place: Place::Avatar { peer: input, photo, is_big: false },
            dc,
            size_bytes: None,
            path: path.clone(),
            origin: None,
            told: capture.clock.now(),
        };
        self.downloads.fetch(&wanted, &self.watcher).await?;
        let extension = extension_of(&path).to_owned();
        let claim = self.media.claim().await?;
        let placed = self.media.put(path).await?;
        self.media.link(avatar_link(peer, photo, &extension), placed.hash).await?;
        let record = AvatarRecord { photo, hash: placed.hash, extension };
        Ok(Some(Picture { record, bytes: placed.bytes, _claim: claim }))
    }
}

/// Where the picture lies, as Telegram has said of its owner.
async fn data_centre(capture: &Capture, peer: PeerId) -> Result<Option<i32>, CaptureError> {
    let dc = |extra: &Extra| {
        let dc = extra.get("photo")?.get("dc_id")?.as_i64()?;
        i32::try_from(dc).ok()
    };
    if peer.0 > 0 {
        let users = capture.store.users(capture.account.clone(), vec![peer]).await?;
        return Ok(users.first().and_then(|user| dc(&user.extra)));
    }
    let stored = capture.store.chat(capture.key(peer)).await?;
    Ok(stored.and_then(|stored| dc(&stored.chat.extra)))
}

/// By its first bytes; nearly all are JPEG.
fn extension_of(path: &Path) -> &'static str {
    let mut start = [0; 12];
    let read = std::fs::File::open(path).and_then(|mut file| std::io::Read::read(&mut file, &mut start));
    match (read, &start) {
        (Ok(_), [0x89, b'P', b'N', b'G', ..]) => "png",
        (Ok(_), [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P']) => "webp",
        _ => "jpg",
    }
}

fn is_of_the_picture(error: &DownloadError) -> bool {
    match error {
        DownloadError::Disk { .. } | DownloadError::Cancelled => false,
        DownloadError::Telegram { source, .. } => {
            !source.is_temporary()
                && !matches!(source, telegram::Error::LoggedOut { .. } | telegram::Error::Closed)
        }
        _ => true,
    }
}
