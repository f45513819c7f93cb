//! Who is told of a change, and under which number.

use grammers_tl_types as tl;
use tl::enums::Update;

use super::{Logged, Peer, Telegram, account::common_pts};

/// A message, as the box or the channel that holds it numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spot {
    Box { owner: i64, id: i32 },
    Channel { channel: i64, id: i32 },
}

impl Spot {
    pub fn id(self) -> i32 {
        match self {
            Self::Box { id, .. } | Self::Channel { id, .. } => id,
        }
    }
}

/// What was said to whom, with the numbers that it got.
#[derive(Debug, Default)]
pub(crate) struct Told(Vec<(i64, Update)>);

impl Told {
    /// What one account heard: its own call answers with that.
    pub(crate) fn to(self, user: i64) -> Vec<Update> {
        self.0.into_iter().filter(|(other, _)| *other == user).map(|(_, update)| update).collect()
    }

    /// The number and the count of the last numbered change that one account heard.
    pub(crate) fn numbers(&mut self, user: i64) -> Option<(i32, i32)> {
        let heard = self.0.iter_mut().rev().filter(|(other, _)| *other == user);
        heard.filter_map(|(_, update)| pts_of(update)).next()
    }
}

/// The number of a change, and by how much it counts.
pub(crate) fn pts_of(update: &mut Update) -> Option<(i32, i32)> {
    if let Some((pts, count)) = common_pts(update) {
        return Some((*pts, *count));
    }
    channel_pts(update).map(|(pts, count)| (*pts, *count))
}

/// Where an update of a channel keeps its number, and by how much it counts.
fn channel_pts(update: &mut Update) -> Option<(&mut i32, &mut i32)> {
    Some(match update {
        Update::NewChannelMessage(u) => (&mut u.pts, &mut u.pts_count),
        Update::EditChannelMessage(u) => (&mut u.pts, &mut u.pts_count),
        Update::DeleteChannelMessages(u) => (&mut u.pts, &mut u.pts_count),
        Update::PinnedChannelMessages(u) => (&mut u.pts, &mut u.pts_count),
        Update::ChannelWebPage(u) => (&mut u.pts, &mut u.pts_count),
        _ => return None,
    })
}

impl Telegram {
    pub(crate) fn has_box(&self, user: i64) -> bool {
        self.accounts.contains_key(&user)
    }

    /// The accounts that take part in a channel.
    pub(crate) fn accounts_in(&self, channel: i64) -> Vec<i64> {
        let Some(channel) = self.channels.get(&channel) else { return Vec::new() };
        self.accounts.keys().copied().filter(|user| channel.has(*user)).collect()
    }

    /// Tells an account, and remembers under which number.
    pub(crate) fn tell(&mut self, told: &mut Told, user: i64, update: impl Into<Update>) {
        if !self.has_box(user) {
            return;
        }
        let mut update = update.into();
        let number = self.push(user, update.clone());
        if let Some((pts, _)) = common_pts(&mut update) {
            *pts = number;
        }
        told.0.push((user, update));
    }

    /// Numbers a change of a channel and tells every account in it, and the one that caused it.
    pub(crate) fn tell_channel(
        &mut self,
        told: &mut Told,
        channel: i64,
        causer: Option<i64>,
        update: impl Into<Update>,
    ) {
        let (mut update, date) = (update.into(), self.now());
        let Some(known) = self.channels.get_mut(&channel) else { return };
        if let Some((pts, count)) = channel_pts(&mut update) {
            known.pts += *count;
            *pts = known.pts;
            let pts = known.pts;
            known.log.push(Logged { pts, date, update: update.clone() });
        }
        let mut viewers = self.accounts_in(channel);
        viewers.extend(causer.filter(|user| !viewers.contains(user)));
        for viewer in viewers {
            let update = self.update_for(viewer, update.clone());
            self.tell(told, viewer, update);
        }
    }

    /// A change of a channel as one account sees it.
    pub(crate) fn update_for(&self, viewer: i64, mut update: Update) -> Update {
        let shown = |message: &mut tl::enums::Message| {
            let peer = match message {
                tl::enums::Message::Message(message) => Peer::from(&message.peer_id),
                tl::enums::Message::Service(message) => Peer::from(&message.peer_id),
                tl::enums::Message::Empty(_) => return,
            };
            *message = self.shown(viewer, peer, std::borrow::Cow::Borrowed(message));
        };
        match &mut update {
            Update::NewChannelMessage(u) => shown(&mut u.message),
            Update::EditChannelMessage(u) => shown(&mut u.message),
            _ => {}
        }
        update
    }

    /// A message in every box that holds it.
    pub(crate) fn copies(&self, spot: Spot) -> Vec<Spot> {
        let Spot::Box { owner, id } = spot else { return vec![spot] };
        let twins = self.boxes.get(&owner).and_then(|mailbox| self.twins.get(mailbox.twins.get(&id)?));
        match twins {
            Some(twins) => twins.iter().map(|(owner, id)| Spot::Box { owner: *owner, id: *id }).collect(),
            None => vec![spot],
        }
    }

    /// The id that a message of one box has in another one.
    pub(crate) fn twin_in(&self, owner: i64, id: i32, other: i64) -> Option<i32> {
        self.copies(Spot::Box { owner, id }).into_iter().find_map(|spot| match spot {
            Spot::Box { owner, id } if owner == other => Some(id),
            _ => None,
        })
    }

    /// Whose view a spot is, and in which chat it is.
    pub(crate) fn place_of(&self, spot: Spot) -> Option<Peer> {
        match spot {
            Spot::Box { owner, id } => self.boxes.get(&owner)?.home(id),
            Spot::Channel { channel, .. } => Some(Peer::Channel(channel)),
        }
    }

    /// Changes a message where it is kept.
    pub(crate) fn at<T>(
        &mut self,
        spot: Spot,
        change: impl FnOnce(&mut tl::enums::Message) -> T,
    ) -> Option<T> {
        let peer = self.place_of(spot)?;
        match spot {
            Spot::Box { owner, id } => self.boxes.get_mut(&owner)?.histories.get_mut(&peer)?.edit(id, change),
            Spot::Channel { channel, id } => self.channels.get_mut(&channel)?.history.edit(id, change),
        }
    }

    /// A message as it is kept.
    pub fn stored(&self, spot: Spot) -> Option<tl::enums::Message> {
        let peer = self.place_of(spot)?;
        let owner = match spot {
            Spot::Box { owner, .. } => owner,
            Spot::Channel { .. } => 0,
        };
        self.history(owner, peer)?.get(spot.id()).map(std::borrow::Cow::into_owned)
    }
}
