//! Who can be called by id: the session knows the access hashes that calls need.

use grammers_session::{
    Session as _,
    types::{PeerId as Key, PeerInfo, PeerRef},
};
use grammers_tl_types as tl;

use super::Client;
use crate::{
    model::{BarePeer, PeerId},
    telegram::Error,
};

impl Client {
    pub async fn input_peer(&self, peer: PeerId) -> Result<tl::enums::InputPeer, Error> {
        // One can always speak of oneself.
        if self.is_me(peer) {
            return Ok(tl::enums::InputPeer::PeerSelf);
        }
        Ok(self.peer_ref(peer).await?.into())
    }

    pub async fn input_channel(&self, peer: PeerId) -> Result<tl::enums::InputChannel, Error> {
        Ok(self.peer_ref(peer).await?.into())
    }

    pub async fn input_user(&self, peer: PeerId) -> Result<tl::enums::InputUser, Error> {
        Ok(self.peer_ref(peer).await?.into())
    }

    fn is_me(&self, peer: PeerId) -> bool {
        self.session().me().is_some_and(|me| PeerId::user(me.id) == peer)
    }

    async fn peer_ref(&self, peer: PeerId) -> Result<PeerRef, Error> {
        let unknown = || Error::UnknownPeer { peer };
        let key = key_of(peer).ok_or_else(unknown)?;
        let found = self.session().peer_ref(key).await;
        let found = found.map_err(|error| Error::Session { source: error.into() })?;
        found
            // Basic groups have no hash: their id is enough.
            .or_else(|| matches!(peer.bare(), BarePeer::Group(_)).then(|| key.to_ambient_ref()))
            .ok_or_else(unknown)
    }

    /// Notes the users and chats that came with an answer. Those that came without an access hash
    /// of their own (`min`) take nothing away from what is known.
    pub async fn learn(&self, users: &[tl::enums::User], chats: &[tl::enums::Chat]) -> Result<(), Error> {
        let peers = users.iter().map(PeerInfo::from).chain(chats.iter().map(PeerInfo::from));
        for peer in peers {
            let learned = self.session().cache_peer(peer).await;
            learned.map_err(|error| Error::Session { source: error.into() })?;
        }
        Ok(())
    }
}

fn key_of(peer: PeerId) -> Option<Key> {
    match peer.bare() {
        BarePeer::User(id) => Key::user(id),
        BarePeer::Group(id) => Key::chat(id),
        BarePeer::Channel(id) => Key::channel(id),
    }
}
