//! What Telegram does not tell as updates any more: found by comparing the newest message of each
//! chat with the newest that is stored.

use grammers_session::{
    Session as _,
    types::{ChannelState, UpdateState},
    updates::MessageBoxes,
};
use grammers_tl_types::{
    enums::{self, updates as answers},
    functions::{messages::GetPeerDialogs, updates::GetState},
    types,
};

use super::{NewestKnown, Update, Updates, session_error};
use crate::{
    model::{MessageId, PeerId},
    telegram::{
        Error, convert,
        read::{Dialogs, Folder},
    },
};

impl Updates {
    /// Starts from what Telegram says is now. Channels stay where they were, and are asked.
    pub(super) async fn begin_anew(&mut self) -> Result<(), Error> {
        let enums::updates::State::State(state) = self.client.invoke(&GetState {}).await?;
        let channels = self.boxes.session_state().channels;
        let since = state.date;
        let mut boxes = MessageBoxes::new();
        boxes.set_state(state);
        for channel in channels {
            boxes.try_set_channel_state(channel.id, channel.pts);
        }
        // Compared after asking for the state: what arrives in between is told twice, not never.
        let gaps = self.compare_all().await?;
        self.boxes = boxes;
        self.since = since;
        self.ask_all_channels();
        if !self.has_state {
            // Nothing was told before, so nothing can be skipped by writing it down at once.
            let state = self.boxes.session_state();
            let written = self.client.session().set_update_state(UpdateState::All(state)).await;
            written.map_err(session_error)?;
            self.has_state = true;
        }
        self.tell(Vec::new(), Vec::new(), Vec::new(), gaps);
        Ok(())
    }

    /// Reads the list of chats, for those with something newer than what is stored.
    pub(super) async fn compare_all(&mut self) -> Result<Vec<Update>, Error> {
        let mut gaps = Vec::new();
        for folder in [Folder::Main, Folder::Archived] {
            let mut dialogs = Dialogs::new(&self.client, folder);
            while let Some(page) = dialogs.next_page().await? {
                for dialog in &page.dialogs {
                    let peer = convert::peer(dialog.peer.clone());
                    gaps.extend(self.gap(peer, dialog.top_message).await);
                }
            }
        }
        self.has_read_dialogs = true;
        Ok(gaps)
    }

    /// The gap of a chat whose newest message is `top`.
    pub(super) async fn gap(&self, peer: PeerId, top: i32) -> Option<Update> {
        gap(&self.newest_known, peer, top).await
    }

    /// The same for a difference. It teaches no new channels: what they push may be on its way, and
    /// would be taken for old.
    pub(super) async fn soften_difference(&mut self, updates: &mut Vec<enums::Update>) -> Vec<Update> {
        let places = self.boxes.session_state().channels;
        let gaps = soften_too_long(&self.newest_known, &places, updates).await;
        updates.retain(|update| !matches!(update, enums::Update::ChannelTooLong(told) if told.pts.is_some()));
        gaps
    }

    /// An answer of "too long" becomes an empty one with the new place, and a gap for the caller.
    pub(super) async fn soften_channel_too_long(
        &mut self,
        peer: PeerId,
        answer: answers::ChannelDifference,
    ) -> Result<(answers::ChannelDifference, Vec<Update>), Error> {
        match answer {
            answers::ChannelDifference::TooLong(answer) => {
                self.client.learn(&answer.users, &answer.chats).await?;
                tracing::warn!(chat.id = peer.0, "Too much was missed in a channel for Telegram to tell");
                let (pts, top) = match answer.dialog {
                    enums::Dialog::Dialog(dialog) => (dialog.pts, dialog.top_message),
                    enums::Dialog::Folder(_) | enums::Dialog::Community(_) => (None, i32::MAX),
                };
                let gaps = self.gap(peer, top).await.into_iter().collect();
                let Some(pts) = pts else { return Ok((self.skip_channel(peer).await?, gaps)) };
                let empty =
                    types::updates::ChannelDifferenceEmpty { r#final: true, pts, timeout: answer.timeout };
                Ok((empty.into(), gaps))
            }
            answers::ChannelDifference::Difference(mut answer) => {
                self.client.learn(&answer.users, &answer.chats).await?;
                let gaps = self.soften_difference(&mut answer.other_updates).await;
                Ok((answer.into(), gaps))
            }
            empty @ answers::ChannelDifference::Empty(_) => Ok((empty, Vec::new())),
        }
    }

    /// "Too long" for a channel whose difference cannot be had: its dialog has the new place.
    pub(super) async fn skip_channel(&mut self, peer: PeerId) -> Result<answers::ChannelDifference, Error> {
        let input = self.client.input_peer(peer).await?;
        let call = GetPeerDialogs { peers: vec![types::InputDialogPeer { peer: input }.into()] };
        let enums::messages::PeerDialogs::Dialogs(answer) = self.client.invoke(&call).await?;
        let types::messages::PeerDialogs { mut dialogs, messages, chats, users, .. } = answer;
        let dialog = dialogs
            .pop()
            .filter(|dialog| matches!(dialog, enums::Dialog::Dialog(dialog) if dialog.pts.is_some()));
        let dialog = dialog.ok_or(Error::UnknownPeer { peer })?;
        Ok(types::updates::ChannelDifferenceTooLong {
            r#final: true,
            timeout: None,
            dialog,
            messages,
            chats,
            users,
        }
        .into())
    }

    /// The channel with its access hash; the list of chats is read once to find it.
    pub(super) async fn find_channel(&mut self, peer: PeerId) -> Result<Option<enums::InputChannel>, Error> {
        loop {
            match self.client.input_channel(peer).await {
                Ok(channel) => return Ok(Some(channel)),
                Err(Error::UnknownPeer { .. }) if !self.has_read_dialogs => {
                    let gaps = self.compare_all().await?;
                    self.tell(Vec::new(), Vec::new(), Vec::new(), gaps);
                }
                Err(Error::UnknownPeer { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

async fn gap(newest_known: &NewestKnown, peer: PeerId, top: i32) -> Option<Update> {
    let known = newest_known(peer).await?;
    (top > known.0).then_some(Update::Gap { peer, after: known })
}

/// Takes the new place out of "too long": the message boxes would jump there and call what lies
/// between done. From the place that they know, the difference is asked for, unless they are
/// there already; of channels that they do not know, the caller is told.
pub(super) async fn soften_too_long(
    newest_known: &NewestKnown,
    places: &[ChannelState],
    updates: &mut Vec<enums::Update>,
) -> Vec<Update> {
    if !updates.iter().any(|update| matches!(update, enums::Update::ChannelTooLong(_))) {
        return Vec::new();
    }
    let place = |id| places.iter().find(|channel| channel.id == id).map(|channel| channel.pts);
    let mut gaps = Vec::new();
    for update in updates.iter_mut() {
        let enums::Update::ChannelTooLong(told) = update else { continue };
        match (place(told.channel_id), told.pts) {
            (Some(here), Some(there)) if here >= there => {}
            (Some(_), _) => told.pts = None,
            (None, _) => gaps.extend(gap(newest_known, PeerId::channel(told.channel_id), i32::MAX).await),
        }
    }
    updates.retain(|update| {
        let enums::Update::ChannelTooLong(told) = update else { return true };
        told.pts.is_none() || place(told.channel_id).is_none()
    });
    gaps
}

impl Update {
    pub(super) fn told(update: enums::Update) -> Self {
        Self::Telegram(Box::new(update))
    }

    pub(super) fn missed(update: enums::Update) -> Self {
        Self::Missed(Box::new(update))
    }

    /// Where something is missing, and from which message on.
    pub fn gap(&self) -> Option<(PeerId, MessageId)> {
        match self {
            Self::Gap { peer, after } => Some((*peer, *after)),
            Self::Telegram(_) | Self::Missed(_) => None,
        }
    }
}
