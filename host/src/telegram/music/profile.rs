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
        let (mut songs, mut seen) = (Vec::new(), 0);
        loop {
            let offset = i32::try_from(seen).unwrap_or(i32::MAX);
            let call = f::users::GetSavedMusic { id: tl::InputUser::UserSelf, offset, limit: PAGE, hash: 0 };
            let (all, page) = documents(self.client.invoke(&call).await?);
            // What cannot be read has its place in the list all the same.
            seen += page.len();
            let is_last = page.is_empty() || seen >= all;
            songs.extend(files(page));
            if is_last {
                return Ok(Some(songs));
            }
        }
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
            let call = f::users::GetSavedMusicById {
                id: tl::InputUser::UserSelf,
                documents: some.iter().map(input).collect(),
            };
            let (_, found) = documents(self.client.invoke(&call).await?);
            renewed.extend(files(found).map(|file| Document::of(&file)));
        }
        Ok(renewed)
    }
}

/// How many there are in all, and those of the answer.
fn documents(answer: tl::users::SavedMusic) -> (usize, Vec<tl::Document>) {
    match answer {
        tl::users::SavedMusic::Music(it) => (usize::try_from(it.count).unwrap_or(0), it.documents),
        tl::users::SavedMusic::NotModified(_) => (0, Vec::new()),
    }
}

fn files(documents: Vec<tl::Document>) -> impl Iterator<Item = File> {
    documents.into_iter().filter_map(|it| convert::document(it, FileRole::Main).ok())
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
