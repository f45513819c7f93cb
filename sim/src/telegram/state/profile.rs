use grammers_tl_types::enums::{Document, DocumentAttribute, MessageMedia};

use super::{File, Peer, Telegram, message};

/// What a profile shows besides the name.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub about: String,
    /// Photos by file id, the current one first.
    pub photos: Vec<i64>,
    /// Music by file id, the topmost first.
    pub music: Vec<i64>,
}

impl Telegram {
    /// Titles of the songs on somebody's profile, the topmost first.
    pub fn profile_songs(&self, user: i64) -> Vec<String> {
        let music = self.profiles.get(&user).map(|profile| profile.music.as_slice()).unwrap_or_default();
        music.iter().filter_map(|id| Some(title_of(&self.files.get(*id)?))).collect()
    }

    /// The songs in somebody's Saved Messages, oldest first: numbers of messages, and titles.
    pub fn saved_songs(&self, user: i64) -> Vec<(i32, String)> {
        let Some(history) = self.history(user, Peer::User(user)) else { return Vec::new() };
        let song = |id: i32| {
            let message = history.get(id)?;
            let MessageMedia::Document(media) = message::media_of(&message)? else { return None };
            let Some(Document::Document(document)) = &media.document else { return None };
            Some((id, title_of(&self.files.get(document.id)?)))
        };
        history.ids_from(0).filter_map(song).collect()
    }
}

/// Empty for what is no song.
pub fn title_of(file: &File) -> String {
    let title = file.attributes.iter().find_map(|it| match it {
        DocumentAttribute::Audio(audio) => audio.title.clone(),
        _ => None,
    });
    title.unwrap_or_default()
}
