//! Where the updates of channels are. Each channel counts its own, and whoever has never learned
//! where the count is cannot ask later what was missed.

use super::{Batch, Missing, Updates};
use crate::{
    model::{BarePeer, PeerId},
    telegram::{
        Error, convert,
        read::{DialogPage, MOST_DIALOGS, peer_dialogs},
    },
};

impl Updates {
    /// Learns of these chats where their updates are, as far as it is not known: what happens from
    /// now on will be told, also after a pause, however quiet a channel was before. Those that are
    /// known stay: what they have missed has still to be asked for. Those that cannot be asked
    /// about are left out, and chats that are no channels count with the account. What was missed should have been told
    /// before ([`Self::next_missed`]): whatever is still missing is told in one piece.
    ///
    /// Says of which chats this login knows nothing yet: somebody else may find them.
    pub async fn learn_channels(&mut self, chats: &[PeerId]) -> Result<Vec<PeerId>, Error> {
        self.pause().await;
        if !self.has_state {
            self.begin_anew().await?;
        }
        let (unknown, strange) = self.unknown(chats).await?;
        if unknown.is_empty() {
            return Ok(strange);
        }
        let (mut places, mut gaps) = (Vec::new(), Vec::new());
        for some in unknown.chunks(MOST_DIALOGS) {
            for page in self.ask_where(some).await? {
                for dialog in &page.dialogs {
                    let peer = convert::peer(dialog.peer.clone());
                    let BarePeer::Channel(id) = peer.bare() else { continue };
                    places.extend(dialog.pts.map(|pts| (id, pts)));
                    gaps.extend(self.gap(peer, dialog.top_message).await);
                }
            }
        }
        // What was pushed before the answer would be taken for old if the place were known.
        loop {
            while matches!(self.fill_missing().await?, Missing::Filled) {}
            if !self.receive_arrived() {
                break;
            }
            self.take().await?;
        }
        for (id, pts) in places {
            self.boxes.try_set_channel_state(id, pts);
        }
        self.tell(Vec::new(), Vec::new(), Vec::new(), gaps);
        // One word: who has stored any of it knows the places too.
        self.ready = Batch::joined(std::mem::take(&mut self.ready)).into_iter().collect();
        Ok(strange)
    }

    /// The channels of these whose place is unknown, and that this login can ask about; and those that it cannot.
    async fn unknown(&self, chats: &[PeerId]) -> Result<(Vec<PeerId>, Vec<PeerId>), Error> {
        let known = self.boxes.session_state().channels;
        let (mut unknown, mut strange) = (Vec::new(), Vec::new());
        for chat in chats {
            let BarePeer::Channel(id) = chat.bare() else { continue };
            if known.iter().any(|channel| channel.id == id) || self.out_of_reach.contains(chat) {
                continue;
            }
            match self.client.input_peer(*chat).await {
                Ok(_) => unknown.push(*chat),
                Err(Error::UnknownPeer { .. }) => strange.push(*chat),
                Err(error) => return Err(error),
            }
        }
        Ok((unknown, strange))
    }

    /// One that refuses would spoil the answer for all: then each is asked about by itself.
    async fn ask_where(&mut self, channels: &[PeerId]) -> Result<Vec<DialogPage>, Error> {
        match peer_dialogs(&self.client, channels).await {
            Ok(page) => return Ok(vec![page]),
            Err(error @ Error::Rpc { .. }) if !error.is_temporary() => {}
            Err(error) => return Err(error),
        }
        let mut pages = Vec::new();
        for channel in channels {
            match peer_dialogs(&self.client, &[*channel]).await {
                Ok(page) => pages.push(page),
                Err(error @ Error::Rpc { .. }) if !error.is_temporary() => {
                    tracing::info!(%error, chat.id = channel.0, "A channel does not say where its updates are");
                    self.out_of_reach.insert(*channel);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(pages)
    }
}

impl Batch {
    /// All of these as one that reaches as far as the last.
    fn joined(batches: impl IntoIterator<Item = Self>) -> Option<Self> {
        batches.into_iter().reduce(|mut all, next| {
            all.append(next);
            all
        })
    }

    /// What came next becomes part of it.
    pub fn append(&mut self, next: Self) {
        self.updates.extend(next.updates);
        self.users.extend(next.users);
        self.chats.extend(next.chats);
        self.token = next.token;
    }
}
