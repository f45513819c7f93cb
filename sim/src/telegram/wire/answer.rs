//! Faults in answers: what is right in the world, damaged on its way out.

use std::collections::BTreeSet;

use grammers_tl_types::{self as tl, Deserializable as _, Serializable as _};

/// An id that no layer has.
const NO_CONSTRUCTOR: u32 = 0xdead_beef;

/// Replaces the id with which a message of a page begins, leaving every length as it was.
pub(super) fn with_unknown_constructor(page: &[u8], message: usize) -> Option<Vec<u8>> {
    let wanted = messages_of(page)?.get(message)?.to_bytes();
    let mut damaged = page.to_vec();
    spoil(&mut damaged, &wanted)?;
    Some(damaged)
}

/// The same for the messages with these ids; `None` when the answer holds none.
pub(super) fn without_readable(page: &[u8], ids: &BTreeSet<i32>) -> Option<Vec<u8>> {
    let messages = messages_of(page)?;
    let wanted = messages.iter().filter(|message| ids.contains(&message.id()));
    let mut damaged = page.to_vec();
    let spoiled = wanted.filter_map(|message| spoil(&mut damaged, &message.to_bytes())).count();
    (spoiled > 0).then_some(damaged)
}

fn messages_of(page: &[u8]) -> Option<Vec<tl::enums::Message>> {
    match tl::enums::messages::Messages::from_bytes(page).ok()? {
        tl::enums::messages::Messages::Messages(page) => Some(page.messages),
        tl::enums::messages::Messages::Slice(page) => Some(page.messages),
        tl::enums::messages::Messages::ChannelMessages(page) => Some(page.messages),
        tl::enums::messages::Messages::NotModified(_) => None,
    }
}

fn spoil(page: &mut [u8], message: &[u8]) -> Option<()> {
    let at = page.windows(message.len()).position(|window| window == message)?;
    page[at..at + 4].copy_from_slice(&NO_CONSTRUCTOR.to_le_bytes());
    Some(())
}

/// Leaves out the first message of a page and tells the others backwards.
pub(super) fn misaligned(page: &[u8]) -> Option<Vec<u8>> {
    use tl::enums::messages::Messages as Page;
    let mut page = Page::from_bytes(page).ok()?;
    let messages = match &mut page {
        Page::Messages(page) => &mut page.messages,
        Page::Slice(page) => &mut page.messages,
        Page::ChannelMessages(page) => &mut page.messages,
        Page::NotModified(_) => return None,
    };
    if messages.is_empty() {
        return None;
    }
    messages.remove(0);
    messages.reverse();
    Some(page.to_bytes())
}

/// Cuts a file part short.
pub(super) fn shortened(part: &[u8], bytes: usize) -> Option<Vec<u8>> {
    match tl::enums::upload::File::from_bytes(part).ok()? {
        tl::enums::upload::File::File(mut file) => {
            file.bytes.truncate(bytes);
            Some(tl::enums::upload::File::File(file).to_bytes())
        }
        tl::enums::upload::File::CdnRedirect(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Vec<u8> {
        let message = |id| tl::types::MessageEmpty { id, peer_id: None }.into();
        tl::enums::messages::Messages::Messages(tl::types::messages::Messages {
            messages: vec![message(3), message(2), message(1)],
            topics: Vec::new(),
            chats: Vec::new(),
            users: Vec::new(),
        })
        .to_bytes()
    }

    #[test]
    fn one_message_gets_an_unknown_id() {
        let page = page();
        let damaged = with_unknown_constructor(&page, 1).unwrap();
        assert_eq!(damaged.len(), page.len());
        assert_eq!(damaged.iter().zip(&page).filter(|(left, right)| left != right).count(), 4);
        let error = tl::enums::messages::Messages::from_bytes(&damaged).unwrap_err();
        assert!(error.to_string().contains("deadbeef"), "{error}");
        assert_eq!(with_unknown_constructor(&page, 3), None);
        assert_eq!(without_readable(&page, &BTreeSet::from([2, 7])), Some(damaged));
        assert_eq!(without_readable(&page, &BTreeSet::from([7])), None);
    }

    #[test]
    fn one_message_is_left_out_and_the_others_come_backwards() {
        let damaged = misaligned(&page()).unwrap();
        let left: Vec<i32> = messages_of(&damaged).unwrap().iter().map(tl::enums::Message::id).collect();
        assert_eq!(left, [1, 2]);
        assert_eq!(misaligned(&[1, 2, 3, 4]), None);
    }

    #[test]
    fn parts_are_cut_short() {
        let file = |bytes: Vec<u8>| {
            let r#type = tl::enums::storage::FileType::FileJpeg;
            tl::enums::upload::File::File(tl::types::upload::File { r#type, mtime: 0, bytes }).to_bytes()
        };
        assert_eq!(shortened(&file(vec![1; 100]), 40), Some(file(vec![1; 40])));
        assert_eq!(shortened(&page(), 40), None);
    }
}
