use grammers_tl_types::{enums as tl, functions as f};

use super::{Music, input};
use crate::{
    model::{Document, File, FileRole},
    telegram::{Error, convert},
};

const PAGE: i32 = 100;

impl Music {
    /// The songs on the profile, the topmost first. `None`: they are those that are `known`.
    pub async fn songs(&self, known: &[i64]) -> Result<Option<Vec<File>>, Error> {
        let call = f::account::GetSavedMusicIds { hash: hash_of(known) };
        let ids = match self.client.invoke(&call).await? {
            tl::account::SavedMusicIds::NotModified => return Ok(None),
            tl::account::SavedMusicIds::Ids(it) => it.ids,
        };
        if ids.is_empty() || ids == known {
            return Ok((ids != known).then(Vec::new));
        }
        // Only this list says in which order they are.
        let mut songs = Vec::new();
        loop {
            let page = self.page(i32::try_from(songs.len()).unwrap_or(i32::MAX)).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            songs.extend(page);
            if is_last {
                return Ok(Some(songs));
            }
        }
    }

    async fn page(&self, offset: i32) -> Result<Vec<File>, Error> {
        let call = f::users::GetSavedMusic { id: tl::InputUser::UserSelf, offset, limit: PAGE, hash: 0 };
        Ok(files(self.client.invoke(&call).await?))
    }

    /// Puts a song on top, or below another one. A song that is there already only moves.
    pub async fn save(&self, song: &Document, after: Option<&Document>) -> Result<(), Error> {
        self.change(song, after, false).await
    }

    pub async fn unsave(&self, song: &Document) -> Result<(), Error> {
        self.change(song, None, true).await
    }

    async fn change(&self, song: &Document, after: Option<&Document>, unsave: bool) -> Result<(), Error> {
        let call = f::account::SaveMusic { unsave, id: input(song), after_id: after.map(input) };
        // The answer says no more than that it was heard.
        self.client.invoke(&call).await.map(drop)
    }

    /// Songs of the profile with fresh references; those that are not there are left out.
    pub async fn renewed(&self, songs: &[Document]) -> Result<Vec<Document>, Error> {
        let mut renewed = Vec::new();
        for some in songs.chunks(usize::try_from(PAGE).unwrap_or(1)) {
            let documents = some.iter().map(input).collect();
            let call = f::users::GetSavedMusicById { id: tl::InputUser::UserSelf, documents };
            renewed.extend(files(self.client.invoke(&call).await?).iter().map(Document::of));
        }
        Ok(renewed)
    }
}

fn files(answer: tl::users::SavedMusic) -> Vec<File> {
    match answer {
        tl::users::SavedMusic::Music(it) => {
            it.documents.into_iter().filter_map(|it| convert::document(it, FileRole::Main).ok()).collect()
        }
        tl::users::SavedMusic::NotModified(_) => Vec::new(),
    }
}

/// How Telegram sums up a list that one has.
fn hash_of(ids: &[i64]) -> i64 {
    let mix = |hash: u64, id: &i64| {
        let hash = hash ^ (hash >> 21);
        let hash = hash ^ (hash << 35);
        let hash = hash ^ (hash >> 4);
        hash.wrapping_add(id.cast_unsigned())
    };
    ids.iter().fold(0, mix).cast_signed()
}
