//! Where a message stands: its key is made of its chat's key and its id, so that the messages of a chat lie together, in
//! order, and no index has to find them.

/// Where in a key the chat begins.
const CHAT: u32 = 32;
const LOWEST_ID: i64 = i32::MIN as i64;

/// Chats that there can be: the key of a file has to hold one.
pub(super) const MOST_CHATS: i64 = 1 << 18;

/// Bits of a file's key that tell its place in the message.
const FILE_BITS: u32 = 12;
/// Files of one message that are told apart.
pub(super) const MOST_FILES: usize = 1 << FILE_BITS;

pub(super) fn message_key(chat: i64, id: i32) -> i64 {
    chat << CHAT | (i64::from(id) - LOWEST_ID)
}

/// As far as an id goes; what is beyond all ids is the end of the chat.
pub(super) fn message_key_of(chat: i64, id: i64) -> i64 {
    let id = id.clamp(LOWEST_ID, i64::from(i32::MAX) + 1);
    (chat << CHAT) + (id - LOWEST_ID)
}

pub(super) fn chat_of(message: i64) -> i64 {
    message >> CHAT
}

pub(super) fn id_of(message: i64) -> i32 {
    i32::try_from((message & 0xffff_ffff) + LOWEST_ID).unwrap_or(i32::MAX)
}

/// The first and the last key that messages of a chat may have.
pub(super) fn keys_of(chat: i64) -> (i64, i64) {
    (message_key(chat, i32::MIN), message_key(chat, i32::MAX))
}

/// The keys that the files of a message may have.
pub(super) fn file_keys(message: i64) -> (i64, i64) {
    let first = message << FILE_BITS;
    (first, first | ((1 << FILE_BITS) - 1))
}

/// The keys that the files of a chat may have.
pub(super) fn file_keys_of(chat: i64) -> (i64, i64) {
    let (first, last) = keys_of(chat);
    (file_keys(first).0, file_keys(last).1)
}

/// The message that the file with this key hangs on.
pub(super) fn message_of(file: i64) -> i64 {
    file >> FILE_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_chat_and_id_and_tell_both() {
        let ids = [i32::MIN, -999_999_990, -1, 0, 1, 4_000_000, i32::MAX];
        let mut before = 0;
        for chat in [1, 2, 300, MOST_CHATS - 1] {
            for id in ids {
                let key = message_key(chat, id);
                assert!(key > before && keys_of(chat).0 <= key && key <= keys_of(chat).1);
                assert_eq!((chat_of(key), id_of(key)), (chat, id));
                assert_eq!(message_key_of(chat, i64::from(id)), key);
                let (first, last) = file_keys(key);
                assert!(first > 0 && (message_of(first), message_of(last)) == (key, key));
                before = key;
            }
            assert_eq!(message_key_of(chat, i64::from(i32::MAX) + 1), keys_of(chat + 1).0);
        }
    }
}
