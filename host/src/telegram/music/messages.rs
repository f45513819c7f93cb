use std::{collections::BTreeMap, fmt, path::Path};

use grammers_tl_types::{enums as tl, functions as f, types};

use super::{Music, input};
use crate::{
    model::{Document, Fetched, File, Message, MessageId},
    telegram::{
        Error, convert,
        download::Watcher,
        read,
        upload::{Content, Post, SendError, Upload, UploadError},
    },
};

/// As many as Telegram deletes in one call.
const MOST: usize = 100;

/// A file that is up, and not yet part of anything.
#[derive(Clone)]
pub struct Uploaded {
    file: tl::InputFile,
    thumb: Option<tl::InputFile>,
}

#[derive(Clone, Debug)]
pub enum SongMedia {
    Uploaded(Uploaded),
    /// One that was sent before.
    Known(Document),
    /// Not there any more: the message can only be looked for.
    Lost,
}

/// A song as its message shows it.
#[derive(Clone, Debug)]
pub struct SongPost {
    pub media: SongMedia,
    pub title: String,
    pub performer: String,
    pub seconds: u32,
    pub mime: String,
    pub file_name: String,
    pub bytes: u64,
}

impl Music {
    /// Brings a song up, with its picture: a JPEG of at most 320 pixels and 200 kB.
    pub async fn upload(
        &self,
        song: &Path,
        file_name: &str,
        thumb: Option<&Path>,
        watcher: &Watcher,
    ) -> Result<Uploaded, UploadError> {
        let file = self.bring_up(song, file_name, watcher).await?;
        let thumb = match thumb {
            Some(thumb) => Some(self.bring_up(thumb, "cover.jpg", watcher).await?),
            None => None,
        };
        Ok(Uploaded { file, thumb })
    }

    async fn bring_up(
        &self,
        path: &Path,
        name: &str,
        watcher: &Watcher,
    ) -> Result<tl::InputFile, UploadError> {
        let (path, name) = (path.to_owned(), name.to_owned());
        let opened = tokio::task::spawn_blocking(move || Upload::open(&path, &name)).await;
        let mut upload = opened.map_err(|_| UploadError::Cancelled)??;
        self.uploads.run(&mut upload, watcher).await
    }

    /// Sends a song to Saved Messages, once for each `intent`; says which message and document it is.
    pub async fn post(
        &self,
        intent: &str,
        song: &SongPost,
    ) -> Result<(MessageId, Option<Document>), SendError> {
        let sent = self.sends.send_and_see(intent, &self.as_post(intent, song)?).await?;
        let document = sent.message.as_deref().and_then(song_of).map(Document::of);
        Ok((sent.id, document))
    }

    /// The message of an intent that was begun before, if it went out at all.
    pub async fn look_for(&self, intent: &str, song: &SongPost) -> Result<Option<MessageId>, SendError> {
        self.sends.look_for(intent, &self.as_post(intent, song)?).await
    }

    /// Forgets an intent whose message is noted elsewhere or gone.
    pub fn forget(&self, intent: &str) -> Result<(), SendError> {
        self.sends.forget(intent)
    }

    /// The songs that these messages carry; those that are gone, or carry none, are left out.
    pub async fn carried(&self, messages: &[MessageId]) -> Result<BTreeMap<MessageId, File>, Error> {
        if messages.is_empty() {
            return Ok(BTreeMap::new());
        }
        let page = read::by_ids(&self.client, self.own_chat()?, messages).await?;
        let mut carried = BTreeMap::new();
        for message in page.messages {
            if let Fetched::Message(message) = convert::fetched(message)
                && let Some(song) = song_of(&message)
            {
                carried.insert(message.id, song.clone());
            }
        }
        Ok(carried)
    }

    /// Deletes messages of Saved Messages; those that are gone already do no harm.
    pub async fn delete(&self, messages: &[MessageId]) -> Result<(), Error> {
        for some in messages.chunks(MOST) {
            let id = some.iter().map(|id| id.0).collect();
            self.client.invoke(&f::messages::DeleteMessages { revoke: true, id }).await?;
        }
        Ok(())
    }

    fn as_post(&self, intent: &str, song: &SongPost) -> Result<Post, SendError> {
        let failed = |source| SendError::Telegram { intent: intent.to_owned(), source };
        Ok(Post {
            chat: self.own_chat().map_err(failed)?,
            content: Content::File {
                media: Box::new(media(song)),
                document: Some((song.file_name.clone(), song.bytes)),
            },
            caption: String::new(),
            entities: Vec::new(),
            is_silent: true,
        })
    }
}

fn song_of(message: &Message) -> Option<&File> {
    message.media.as_ref()?.file.as_deref()
}

fn media(song: &SongPost) -> tl::InputMedia {
    match &song.media {
        SongMedia::Uploaded(Uploaded { file, thumb }) => types::InputMediaUploadedDocument {
            nosound_video: false,
            force_file: false,
            spoiler: false,
            file: file.clone(),
            thumb: thumb.clone(),
            mime_type: song.mime.clone(),
            attributes: attributes(song),
            stickers: None,
            video_cover: None,
            video_timestamp: None,
            ttl_seconds: None,
        }
        .into(),
        SongMedia::Known(document) => types::InputMediaDocument {
            spoiler: false,
            id: input(document),
            video_cover: None,
            video_timestamp: None,
            ttl_seconds: None,
            query: None,
        }
        .into(),
        SongMedia::Lost => tl::InputMedia::Empty,
    }
}

fn attributes(song: &SongPost) -> Vec<tl::DocumentAttribute> {
    let audio = types::DocumentAttributeAudio {
        voice: false,
        duration: i32::try_from(song.seconds).unwrap_or(i32::MAX),
        title: Some(song.title.clone()),
        performer: (!song.performer.is_empty()).then(|| song.performer.clone()),
        waveform: None,
    };
    let name = types::DocumentAttributeFilename { file_name: song.file_name.clone() };
    vec![audio.into(), name.into()]
}

impl fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploaded").field("has_thumb", &self.thumb.is_some()).finish_non_exhaustive()
    }
}
