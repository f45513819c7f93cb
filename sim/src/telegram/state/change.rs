//! What happens to messages later: edits, pins, deletions.

use grammers_tl_types as tl;
use tl::enums::Message;

use super::{Peer, Spot, Telegram, told::Told};

impl Telegram {
    /// The author changes the text.
    pub fn edit(&mut self, spot: Spot, text: &str) -> bool {
        let text = text.to_owned();
        self.change(&mut Told::default(), spot, move |message| message.message.clone_from(&text))
    }

    /// Changes a message in every box, with the date of the edit. `false`: there is none.
    pub(crate) fn change(
        &mut self,
        told: &mut Told,
        spot: Spot,
        change: impl Fn(&mut tl::types::Message),
    ) -> bool {
        let now = self.now();
        let mut is_known = false;
        for spot in self.copies(spot) {
            let changed = self.at(spot, |message| {
                let Message::Message(content) = message else { return None };
                change(content);
                content.edit_date = Some(now);
                Some(message.clone())
            });
            let Some(message) = changed.flatten() else { continue };
            is_known = true;
            self.tell_edit(told, spot, message);
        }
        is_known
    }

    /// Tells of a message that looks different now.
    pub(crate) fn tell_edit(&mut self, told: &mut Told, spot: Spot, message: Message) {
        match spot {
            Spot::Box { owner, .. } => {
                let peer = self.place_of(spot).unwrap_or(Peer::User(owner));
                let message = self.shown(owner, peer, std::borrow::Cow::Owned(message));
                self.tell(told, owner, tl::types::UpdateEditMessage { message, pts: 0, pts_count: 1 });
            }
            Spot::Channel { channel, .. } => {
                let update = tl::types::UpdateEditChannelMessage { message, pts: 0, pts_count: 1 };
                self.tell_channel(told, channel, None, update);
            }
        }
    }

    /// Deletes a message for everybody.
    pub fn delete(&mut self, spot: Spot) {
        match spot {
            Spot::Box { owner, id } => self.delete_in_box(&mut Told::default(), owner, &[id], true),
            Spot::Channel { channel, id } => {
                self.delete_in_channel(&mut Told::default(), channel, None, &[id]);
            }
        }
    }

    /// Deletes messages of a box, with `revoke` their copies too.
    pub(crate) fn delete_in_box(&mut self, told: &mut Told, owner: i64, ids: &[i32], revoke: bool) {
        let mut gone: std::collections::BTreeMap<i64, Vec<i32>> = std::collections::BTreeMap::new();
        for id in ids {
            let spot = Spot::Box { owner, id: *id };
            let copies = if revoke { self.copies(spot) } else { vec![spot] };
            for copy in copies {
                if let Spot::Box { owner, id } = copy
                    && self.mailbox(owner).remove(id).is_some()
                {
                    gone.entry(owner).or_default().push(id);
                }
            }
        }
        for (owner, messages) in gone {
            let pts_count = i32::try_from(messages.len()).unwrap_or(i32::MAX);
            self.tell(told, owner, tl::types::UpdateDeleteMessages { messages, pts: 0, pts_count });
        }
    }

    pub(crate) fn delete_in_channel(
        &mut self,
        told: &mut Told,
        channel: i64,
        causer: Option<i64>,
        ids: &[i32],
    ) {
        let Some(known) = self.channels.get_mut(&channel) else { return };
        let messages: Vec<i32> = ids.iter().copied().filter(|id| known.history.remove(*id)).collect();
        for id in &messages {
            known.reactors.remove(id);
            known.authors.remove(id);
        }
        let pts_count = i32::try_from(messages.len()).unwrap_or(i32::MAX);
        if pts_count > 0 {
            let update =
                tl::types::UpdateDeleteChannelMessages { channel_id: channel, messages, pts: 0, pts_count };
            self.tell_channel(told, channel, causer, update);
        }
    }

    /// Pins a message in every box that holds it, or takes the pin away.
    pub fn pin(&mut self, spot: Spot, pinned: bool) {
        for spot in self.copies(spot) {
            self.pin_here(&mut Told::default(), spot, pinned);
        }
    }

    /// Pins in one box, or in a channel. `false`: there is no such message, or it is so already.
    pub(crate) fn pin_here(&mut self, told: &mut Told, spot: Spot, pinned: bool) -> bool {
        let is_new = self.at(spot, |message| match message {
            Message::Message(message) => std::mem::replace(&mut message.pinned, pinned) != pinned,
            _ => false,
        });
        if is_new != Some(true) {
            return false;
        }
        let (messages, pts, pts_count) = (vec![spot.id()], 0, 1);
        match spot {
            Spot::Box { owner, id } => {
                let peer = self.mailbox(owner).home(id).unwrap_or(Peer::User(owner)).tl();
                let update = tl::types::UpdatePinnedMessages { pinned, peer, messages, pts, pts_count };
                self.tell(told, owner, update);
            }
            Spot::Channel { channel: channel_id, .. } => {
                let update =
                    tl::types::UpdatePinnedChannelMessages { pinned, channel_id, messages, pts, pts_count };
                self.tell_channel(told, channel_id, None, update);
            }
        }
        true
    }
}
