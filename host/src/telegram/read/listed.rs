//! The list of chats in our own terms, asked for whole or by the chats that one has in mind.

use grammers_tl_types::{
    enums::{self, Message},
    functions::{
        contacts::ResolveUsername,
        messages::{GetDialogFilters, GetPeerDialogs},
    },
    types,
};
use jiff::Timestamp;

use super::DialogPage;
use crate::{
    model::{Chat, FolderRecord, MessageId, PeerId, User},
    telegram::{Client, Error, convert},
};

/// Telegram takes no more in one call.
pub const MOST_DIALOGS: usize = 100;

/// A chat in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub chat: Chat,
    /// Who it is with, if it is a private one.
    pub user: Option<User>,
    /// The number of its newest message; 0 when there is none.
    pub top: MessageId,
    /// When that was sent.
    pub date: Option<Timestamp>,
    pub is_pinned: bool,
    pub is_archived: bool,
}

impl DialogPage {
    /// In the order of the list. Chats of which Telegram says nothing are left out.
    pub fn listed(&self) -> Vec<Listed> {
        let users: Vec<User> = self.users.iter().cloned().map(convert::user).collect();
        let chats: Vec<Chat> = self.chats.iter().cloned().map(convert::chat).collect();
        let one = |dialog: &types::Dialog| {
            let id = convert::peer(dialog.peer.clone());
            let user = users.iter().find(|user| user.id == id).cloned();
            let chat = match &user {
                Some(user) => Chat::private(user.clone()),
                None => chats.iter().find(|chat| chat.id == id)?.clone(),
            };
            let newest = self.messages.iter().find_map(|message| date_of(message, dialog));
            Some(Listed {
                chat,
                user,
                top: MessageId(dialog.top_message),
                date: newest,
                is_pinned: dialog.pinned,
                is_archived: dialog.folder_id == Some(1),
            })
        };
        self.dialogs.iter().filter_map(one).collect()
    }
}

fn date_of(message: &Message, dialog: &types::Dialog) -> Option<Timestamp> {
    let (id, peer, date) = match message {
        Message::Message(it) => (it.id, &it.peer_id, it.date),
        Message::Service(it) => (it.id, &it.peer_id, it.date),
        Message::Empty(_) => return None,
    };
    let is_it = id == dialog.top_message && *peer == dialog.peer;
    is_it.then(|| Timestamp::from_second(date.into()).ok()).flatten()
}

/// Where these chats stand, without reading the list: at most [`MOST_DIALOGS`] of them.
pub async fn peer_dialogs(client: &Client, chats: &[PeerId]) -> Result<DialogPage, Error> {
    let mut peers = Vec::with_capacity(chats.len());
    for chat in chats {
        let peer = client.input_peer(*chat).await?;
        peers.push(types::InputDialogPeer { peer }.into());
    }
    let enums::messages::PeerDialogs::Dialogs(answer) = client.invoke(&GetPeerDialogs { peers }).await?;
    let types::messages::PeerDialogs { dialogs, messages, chats, users, .. } = answer;
    client.learn(&users, &chats).await?;
    let dialogs = dialogs.into_iter().filter_map(|dialog| match dialog {
        enums::Dialog::Dialog(dialog) => Some(dialog),
        enums::Dialog::Folder(_) | enums::Dialog::Community(_) => None,
    });
    Ok(DialogPage { dialogs: dialogs.collect(), messages, chats, users, total: None })
}

/// Whose public name it is, without the `@`; `None` when it is nobody's.
pub async fn resolve(client: &Client, username: &str) -> Result<Option<PeerId>, Error> {
    let call = ResolveUsername { username: username.to_owned(), referer: None };
    let enums::contacts::ResolvedPeer::Peer(answer) = match client.invoke(&call).await {
        Ok(answer) => answer,
        Err(error) if error.is("USERNAME_*") => return Ok(None),
        Err(error) => return Err(error),
    };
    client.learn(&answer.users, &answer.chats).await?;
    Ok(Some(convert::peer(answer.peer)))
}

/// The folders of the account, in their order.
pub async fn folders(client: &Client) -> Result<Vec<FolderRecord>, Error> {
    let enums::messages::DialogFilters::Filters(answer) = client.invoke(&GetDialogFilters {}).await?;
    let me = client.session().me().map(|me| PeerId::user(me.id));
    Ok(answer.filters.into_iter().filter_map(|filter| convert::folder(filter, me)).collect())
}
