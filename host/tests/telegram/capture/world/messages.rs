//! Messages, their senders' names, and their files.

use tapedeck::{
    archive::{FileKey, FileState, Stored, StoredFile},
    model::{AccountName, Fetched, Message, MessageId},
    telegram::convert,
};
use tapedeck_sim::telegram::{Peer, Telegram, tl};

use super::Met;

/// A message as the world has it.
pub(super) struct Theirs {
    raw: Option<tl::enums::Message>,
    message: Option<Message>,
    /// What its sender is called.
    name: Option<String>,
}

impl Theirs {
    pub(super) fn of(t: &Telegram, me: i64, peer: Peer, id: MessageId) -> Self {
        let raw = t.message(me, peer, id.0);
        let name = raw.as_ref().and_then(sender_of).map(|sender| name_of(t, sender));
        let message = raw.clone().and_then(|raw| match convert::fetched(raw) {
            Fetched::Message(message) => Some(*message),
            Fetched::Missing { .. } => None,
        });
        Self { raw, message, name: name.filter(|name| !name.is_empty()) }
    }

    pub(super) fn note(&self, met: &mut Met) {
        let (Some(raw), Some(message)) = (&self.raw, &self.message) else { return };
        met.seen.message(raw);
        met.files += self.files().len();
        met.reactions += usize::from(message.reactions.is_some());
        met.pinned += usize::from(message.marks.is_pinned);
        met.names += usize::from(self.name.is_some());
    }

    /// Nobody has asked for any of them yet. The same file may be there twice, as its own preview.
    fn files(&self) -> Vec<StoredFile> {
        let mut files: Vec<StoredFile> = Vec::new();
        let Some(message) = &self.message else { return files };
        for file in message.files() {
            let key = FileKey { chat: message.chat, id: message.id, file: file.id };
            if files.iter().all(|known| known.key != key) {
                files.push(StoredFile {
                    account: AccountName::main(),
                    key,
                    file: file.clone(),
                    state: FileState::Wanted,
                    attempts: 0,
                });
            }
        }
        files
    }
}

pub(super) fn are_as(page: &[Stored], files: Vec<StoredFile>, theirs: &[Theirs]) -> Result<(), String> {
    page.iter().zip(theirs).try_for_each(|(stored, theirs)| is_as(stored, theirs))?;
    let expected: Vec<StoredFile> = theirs.iter().flat_map(Theirs::files).collect();
    if files == expected { Ok(()) } else { Err(format!("the files {files:?} are {expected:?}")) }
}

fn is_as(stored: &Stored, theirs: &Theirs) -> Result<(), String> {
    let is_same = Some(&stored.message) == theirs.message.as_ref() && stored.sender_name == theirs.name;
    if is_same && stored.deleted.is_none() && stored.versions == 0 {
        return Ok(());
    }
    Err(format!("{stored:?} is {:?} by {:?}", theirs.message, theirs.name))
}

/// Posts come from the channel; what is not ours in a private chat is theirs.
fn sender_of(message: &tl::enums::Message) -> Option<Peer> {
    let (from, peer, is_post, is_out) = match message {
        tl::enums::Message::Message(it) => (&it.from_id, &it.peer_id, it.post, it.out),
        tl::enums::Message::Service(it) => (&it.from_id, &it.peer_id, it.post, it.out),
        tl::enums::Message::Empty(_) => return None,
    };
    let chat = Peer::from(peer);
    let is_theirs = is_post || matches!(chat, Peer::User(_)) && !is_out;
    from.as_ref().map(Peer::from).or(is_theirs.then_some(chat))
}

fn name_of(t: &Telegram, peer: Peer) -> String {
    match peer {
        Peer::User(id) => t.users.get(&id).map(|user| {
            let names = [&user.first_name, &user.last_name];
            names.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
        }),
        Peer::Group(id) => t.groups.get(&id).map(|group| group.chat.title.clone()),
        Peer::Channel(id) => t.channels.get(&id).map(|channel| channel.chat.title.clone()),
    }
    .unwrap_or_default()
}
