//! A call on its way: its bytes, its name, and what kind of call it is.

use grammers_session::types::PeerRef;
use grammers_tl_types::{self as tl, Deserializable as _, RemoteCall};

use crate::telegram::Error;

/// A longer request would end the connection.
const LONGEST_BODY: usize = 1_000_000;
/// A longer part of a file would end the connection when it arrives.
const LONGEST_PART: i32 = 512 * 1024;

#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) body: Vec<u8>,
}

impl Call {
    pub(super) fn of(call: &impl RemoteCall) -> Result<Self, Error> {
        let body = call.to_bytes();
        let id = body.first_chunk().map_or(0, |id| u32::from_le_bytes(*id));
        let call = Self { method: tl::name_for_id(id), body };
        if call.body.len() > LONGEST_BODY || call.asks_for_too_long_a_part() {
            return Err(Error::TooLarge { method: call.method });
        }
        Ok(call)
    }

    /// Whether it may be sent again when nobody knows if the first one arrived. These would send a
    /// second code, use a code up, or make a second chat.
    pub(super) fn is_repeatable(&self) -> bool {
        !matches!(
            self.method,
            "auth.sendCode"
                | "auth.resendCode"
                | "auth.signIn"
                | "auth.checkPassword"
                | "auth.importLoginToken"
                | "auth.acceptLoginToken"
                | "auth.logOut"
                | "messages.createChat"
                | "channels.createChannel"
                | "account.initTakeoutSession"
        )
    }

    pub(super) fn carries_a_file(&self) -> bool {
        matches!(self.method, "upload.getFile" | "upload.saveFilePart" | "upload.saveBigFilePart")
    }

    /// Names the chat whose slow mode could hold this call back.
    pub(super) fn slow_chat(&self) -> Option<String> {
        if !matches!(self.method, "messages.sendMessage" | "messages.sendMedia" | "messages.sendMultiMedia") {
            return None;
        }
        // The constructor, the flags, then the chat.
        let peer = tl::enums::InputPeer::from_bytes(self.body.get(8..)?).ok()?;
        Some(format!("slow-{}", PeerRef::from(peer).id.bot_api_dialog_id()?))
    }

    /// The limit is the last field of `upload.getFile`.
    fn asks_for_too_long_a_part(&self) -> bool {
        let limit = self.body.last_chunk().map(|limit| i32::from_le_bytes(*limit));
        self.method == "upload.getFile" && limit.is_some_and(|limit| limit > LONGEST_PART)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(limit: i32) -> tl::functions::upload::GetFile {
        let location = tl::types::InputTakeoutFileLocation {}.into();
        tl::functions::upload::GetFile { precise: false, cdn_supported: false, location, offset: 0, limit }
    }

    #[test]
    fn parts_of_a_mebibyte_are_never_asked_for() {
        assert!(matches!(Call::of(&part(1024 * 1024)), Err(Error::TooLarge { method: "upload.getFile" })));
        let call = Call::of(&part(512 * 1024)).unwrap();
        assert!(call.carries_a_file() && call.is_repeatable());
    }

    #[test]
    fn bodies_over_a_megabyte_are_refused() {
        let bytes = vec![0; 1_000_001];
        let call = tl::functions::upload::SaveFilePart { file_id: 1, file_part: 0, bytes };
        assert!(matches!(Call::of(&call), Err(Error::TooLarge { .. })));
    }
}
