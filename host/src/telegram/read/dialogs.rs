use grammers_tl_types::{
    enums::{Dialog, InputPeer, Message, messages::Dialogs as Answer},
    functions::messages::GetDialogs,
    types,
};

use crate::telegram::{Client, Error, convert};

const PAGE: i32 = 100;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Folder {
    #[default]
    Main,
    Archived,
}

/// Chats in the order of the list, with the newest message of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DialogPage {
    pub dialogs: Vec<types::Dialog>,
    pub messages: Vec<Message>,
    pub chats: Vec<grammers_tl_types::enums::Chat>,
    pub users: Vec<grammers_tl_types::enums::User>,
    /// In the whole list.
    pub total: Option<i32>,
}

/// Reads the list of chats page by page. What it says of where channels' updates are is left to
/// the one who reads updates: taking it over here would hide what was missed before.
#[derive(Debug)]
pub struct Dialogs {
    client: Client,
    next: GetDialogs,
    is_over: bool,
}

impl Dialogs {
    pub fn new(client: &Client, folder: Folder) -> Self {
        let next = GetDialogs {
            exclude_pinned: false,
            folder_id: Some(match folder {
                Folder::Main => 0,
                Folder::Archived => 1,
            }),
            offset_date: 0,
            offset_id: 0,
            offset_peer: InputPeer::Empty,
            limit: PAGE,
            hash: 0,
        };
        Self { client: client.clone(), next, is_over: false }
    }

    /// `None` at the end.
    pub async fn next_page(&mut self) -> Result<Option<DialogPage>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let (page, is_last) = match self.client.invoke(&self.next).await? {
            Answer::Dialogs(types::messages::Dialogs { dialogs, messages, chats, users }) => {
                let total = i32::try_from(dialogs.len()).ok();
                (DialogPage { dialogs: plain(dialogs), messages, chats, users, total }, true)
            }
            Answer::Slice(types::messages::DialogsSlice { count, dialogs, messages, chats, users }) => {
                let total = Some(count);
                (DialogPage { dialogs: plain(dialogs), messages, chats, users, total }, false)
            }
            // Only sent to those who ask with a hash.
            Answer::NotModified(_) => (DialogPage::default(), true),
        };
        self.client.learn(&page.users, &page.chats).await?;
        self.is_over = is_last || !self.move_behind(&page).await?;
        Ok((!page.dialogs.is_empty()).then_some(page))
    }

    /// The next page begins below the last chat whose newest message is known. Says whether there
    /// is one.
    async fn move_behind(&mut self, page: &DialogPage) -> Result<bool, Error> {
        for dialog in page.dialogs.iter().rev() {
            let newest = page.messages.iter().find(|message| {
                message.id() == dialog.top_message
                    && place(message).is_some_and(|(peer, _)| *peer == dialog.peer)
            });
            if let Some((peer, date)) = newest.and_then(place) {
                let offset_peer = match self.client.input_peer(convert::peer(peer.clone())).await {
                    Ok(peer) => peer,
                    // Somebody who is gone comes without an access hash: one chat up will do.
                    Err(Error::UnknownPeer { .. }) => continue,
                    Err(error) => return Err(error),
                };
                let is_same = self.next.offset_id == dialog.top_message && self.next.offset_date == date;
                self.next.offset_id = dialog.top_message;
                self.next.offset_date = date;
                self.next.offset_peer = offset_peer;
                // Pinned ones come on the first page, wherever they would be by date.
                self.next.exclude_pinned = true;
                return Ok(!is_same);
            }
        }
        Ok(false)
    }
}

/// Folders among the chats stand for the archive, which is read by itself.
fn plain(dialogs: Vec<Dialog>) -> Vec<types::Dialog> {
    let plain = dialogs.into_iter().filter_map(|dialog| match dialog {
        Dialog::Dialog(dialog) => Some(dialog),
        Dialog::Folder(_) | Dialog::Community(_) => None,
    });
    plain.collect()
}

fn place(message: &Message) -> Option<(&grammers_tl_types::enums::Peer, i32)> {
    match message {
        Message::Message(message) => Some((&message.peer_id, message.date)),
        Message::Service(message) => Some((&message.peer_id, message.date)),
        Message::Empty(_) => None,
    }
}
