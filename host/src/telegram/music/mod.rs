//! The songs that an account's profile shows, and the messages in Saved Messages that carry them.

mod messages;
mod profile;

use std::fmt;

use grammers_tl_types::{enums as tl, types};

pub use messages::{SongMedia, SongPost, Uploaded};

use super::{
    Client, Error,
    upload::{Sends, Uploads},
};
use crate::{
    clock::SharedClock,
    model::{Document, PeerId},
    state::State,
};

/// One account's. Cheap to clone.
#[derive(Clone)]
pub struct Music {
    client: Client,
    sends: Sends,
    uploads: Uploads,
}

impl Music {
    pub fn new(client: Client, state: State, clock: SharedClock) -> Self {
        let sends = Sends::new(client.clone(), state, clock);
        let uploads = Uploads::new(client.clone());
        Self { client, sends, uploads }
    }

    /// Saved Messages.
    fn own_chat(&self) -> Result<PeerId, Error> {
        let me = self.client.session().me();
        let me = me.ok_or_else(|| Error::LoggedOut { reason: "NOBODY".into() })?;
        Ok(PeerId::user(me.id))
    }
}

impl fmt::Debug for Music {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Music").field("client", &self.client).finish_non_exhaustive()
    }
}

fn input(song: &Document) -> tl::InputDocument {
    let Document { id, access_hash, reference } = song;
    types::InputDocument { id: *id, access_hash: *access_hash, file_reference: reference.0.clone() }.into()
}
