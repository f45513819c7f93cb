//! Each step as calls of Telegram. A reference that has run out is renewed once.

use super::{
    ProfileError,
    journal::{Outcome, Songs},
    plan::Step,
};
use crate::{
    model::{Document, MessageId},
    state::ProfileSong,
    telegram::music::{Music, SongMedia, SongPost, Uploaded},
};

/// A step with all that it takes, so that it borrows nothing while it is done.
#[derive(Debug)]
pub(super) enum Call {
    Settle { intent: String, post: SongPost },
    Send { intent: String, post: SongPost },
    Save { song: Named, after: Option<Named> },
    Unsave { song: Named },
    Delete { messages: Vec<MessageId> },
}

/// A document, and the message that gives it a fresh reference.
#[derive(Clone, Debug)]
pub(super) struct Named {
    document: Document,
    message: Option<MessageId>,
}

impl Call {
    /// `None`: the step names what is not there.
    pub(super) fn of(step: &Step, songs: &Songs, uploaded: Option<&Uploaded>, mime: &str) -> Option<Self> {
        let named = |id: &String| {
            let song = songs.get(id)?;
            Some(Named { document: song.document.clone()?, message: song.message.id() })
        };
        Some(match step {
            Step::Settle { song } => {
                let song = songs.get(song)?;
                Self::Settle { intent: song.intent(), post: post(song, SongMedia::Lost, mime) }
            }
            Step::Send { song } => {
                let (song, media) = (songs.get(song)?, SongMedia::Uploaded(uploaded?.clone()));
                Self::Send { intent: song.intent(), post: post(song, media, mime) }
            }
            Step::Resend { song } => {
                let song = songs.get(song)?;
                let media = SongMedia::Known(song.document.clone()?);
                Self::Send { intent: song.intent(), post: post(song, media, mime) }
            }
            Step::Save { song, after } => Self::Save {
                song: named(song)?,
                after: match after {
                    Some(after) => Some(named(after)?),
                    None => None,
                },
            },
            Step::Unsave { song } => Self::Unsave { song: named(song)? },
            Step::Delete { songs: ids } => {
                let messages = ids.iter().filter_map(|id| songs.get(id)?.message.id()).collect();
                Self::Delete { messages }
            }
        })
    }

    pub(super) async fn done(self, music: &Music) -> Result<Outcome, ProfileError> {
        match self {
            Self::Settle { intent, post } => match music.look_for(&intent, &post).await? {
                Some(message) => found(music, message, None).await,
                None => Ok(Outcome::NotSent),
            },
            Self::Send { intent, mut post } => {
                let sent = music.post(&intent, &post).await.map_err(ProfileError::Send);
                let (message, document) = match (sent, &post.media) {
                    (Err(error), SongMedia::Known(document)) if is_old(&error) => {
                        let renewed = music.renewed(std::slice::from_ref(document)).await?;
                        let Some(renewed) = renewed.into_iter().next() else { return Err(error) };
                        post.media = SongMedia::Known(renewed);
                        music.post(&intent, &post).await?
                    }
                    (sent, _) => sent?,
                };
                found(music, message, document).await
            }
            Self::Save { song, after } => {
                match music.save(&song.document, after.as_ref().map(|it| &it.document)).await {
                    Err(error) if error.is("FILE_REFERENCE_*") => {
                        let song = song.renewed(music).await?;
                        let after = match after {
                            Some(after) => Some(after.renewed(music).await?),
                            None => None,
                        };
                        music.save(&song.document, after.as_ref().map(|it| &it.document)).await?;
                    }
                    saved => saved?,
                }
                Ok(Outcome::Done)
            }
            Self::Unsave { song } => {
                match music.unsave(&song.document).await {
                    Err(error) if error.is("FILE_REFERENCE_*") => {
                        music.unsave(&song.renewed(music).await?.document).await?;
                    }
                    unsaved => unsaved?,
                }
                Ok(Outcome::Done)
            }
            Self::Delete { messages } => {
                music.delete(&messages).await?;
                Ok(Outcome::Done)
            }
        }
    }
}

impl Named {
    /// From its message, or from the profile; as it was where neither has it.
    async fn renewed(self, music: &Music) -> Result<Self, ProfileError> {
        let mut found = None;
        if let Some(message) = self.message {
            found = music.carried(&[message]).await?.remove(&message).map(|file| Document::of(&file));
        }
        if found.is_none() {
            found = music.renewed(std::slice::from_ref(&self.document)).await?.into_iter().next();
        }
        Ok(Self { document: found.unwrap_or(self.document), ..self })
    }
}

/// The document of a message that is there; a message without it is none of ours.
async fn found(
    music: &Music,
    message: MessageId,
    document: Option<Document>,
) -> Result<Outcome, ProfileError> {
    let document = match document {
        Some(document) => Some(document),
        None => music.carried(&[message]).await?.remove(&message).map(|file| Document::of(&file)),
    };
    Ok(document.map_or(Outcome::NotSent, |document| Outcome::Sent { message, document }))
}

fn post(song: &ProfileSong, media: SongMedia, mime: &str) -> SongPost {
    SongPost {
        media,
        title: song.title.clone(),
        performer: song.performer.clone(),
        seconds: song.seconds,
        mime: mime.to_owned(),
        file_name: song.file_name.clone(),
        bytes: song.bytes,
    }
}

/// Its reference has run out.
fn is_old(error: &ProfileError) -> bool {
    error.telegram().is_some_and(|error| error.is("FILE_REFERENCE_*"))
}
