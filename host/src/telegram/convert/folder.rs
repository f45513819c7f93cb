//! Folders of chats.

use grammers_session::types::PeerRef;
use grammers_tl_types::{enums as tl, types};

use crate::model::{ChatKind, FolderRecord, PeerId};

/// `None` for the list of everything, which Telegram counts among them. `me` stands for what is called
/// "self" in there.
pub fn folder(source: tl::DialogFilter, me: Option<PeerId>) -> Option<FolderRecord> {
    let text = |title: tl::TextWithEntities| {
        let tl::TextWithEntities::Entities(title) = title;
        title.text
    };
    let peers = |all: Vec<tl::InputPeer>| all.into_iter().filter_map(|one| chosen(one, me)).collect();
    match source {
        tl::DialogFilter::Default => None,
        tl::DialogFilter::Filter(it) => {
            let mut kinds = Vec::new();
            if it.groups {
                kinds.extend([ChatKind::Group, ChatKind::Supergroup]);
            }
            if it.broadcasts {
                kinds.push(ChatKind::Channel);
            }
            if it.bots {
                kinds.push(ChatKind::Bot);
            }
            Some(FolderRecord {
                id: it.id,
                title: text(it.title),
                emoticon: it.emoticon,
                included: peers(it.include_peers),
                pinned: peers(it.pinned_peers),
                excluded: peers(it.exclude_peers),
                kinds,
                has_contacts: it.contacts,
                has_non_contacts: it.non_contacts,
                excludes_archived: it.exclude_archived,
                excludes_muted: it.exclude_muted,
                excludes_read: it.exclude_read,
            })
        }
        tl::DialogFilter::Chatlist(types::DialogFilterChatlist {
            id,
            title,
            emoticon,
            pinned_peers,
            include_peers,
            ..
        }) => Some(FolderRecord {
            id,
            title: text(title),
            emoticon,
            included: peers(include_peers),
            pinned: peers(pinned_peers),
            ..FolderRecord::default()
        }),
    }
}

fn chosen(source: tl::InputPeer, me: Option<PeerId>) -> Option<PeerId> {
    match source {
        tl::InputPeer::Empty => None,
        tl::InputPeer::PeerSelf => me,
        other => PeerRef::from(other).id.bot_api_dialog_id().map(PeerId),
    }
}
