//! What calls mean: the routing table, and one file per family of methods.

mod answers;
mod auth;
mod chats;
mod contacts;
mod dialogs;
mod edit;
mod extras;
mod files;
mod forward;
mod help;
mod history;
mod inputs;
mod matching;
mod media;
mod music;
mod paging;
mod password;
mod qr;
mod reactions;
mod read;
mod search;
mod send;
mod takeout;
mod topics;
mod updates;
mod upload;
mod users;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use grammers_tl_types::{
    self as tl, Cursor, Deserializable, Identifiable as _, RemoteCall, Serializable,
    deserialize::Error as DecodeError,
};

use super::Telegram;

/// Who makes a call, and from where.
#[derive(Clone, Debug)]
pub struct Caller {
    pub key_id: i64,
    /// The connection it came on.
    pub connection: u64,
    /// Who is logged in with the key.
    pub user: Option<i64>,
    /// Somebody has proven the phone, but not the password.
    pub owes_password: bool,
    pub dc: i32,
    /// The takeout session it was wrapped in.
    pub takeout: Option<i64>,
}

impl Caller {
    /// A call of a logged-in user, for tests of what calls do.
    #[cfg(test)]
    pub(crate) fn of(user: i64) -> Self {
        Self { key_id: 1, connection: 1, user: Some(user), owes_password: false, dc: 1, takeout: None }
    }

    /// Who makes the call; refused when nobody is logged in.
    pub fn me(&self) -> Result<i64, Refusal> {
        let why = if self.owes_password { "SESSION_PASSWORD_NEEDED" } else { "AUTH_KEY_UNREGISTERED" };
        self.user.ok_or(Refusal::new(401, why))
    }
}

/// Why a call is not done: Telegram's code and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: i32,
    pub name: Cow<'static, str>,
}

impl Refusal {
    pub const fn new(code: i32, name: &'static str) -> Self {
        Self { code, name: Cow::Borrowed(name) }
    }

    /// A name that holds a number.
    pub fn named(code: i32, name: String) -> Self {
        Self { code, name: Cow::Owned(name) }
    }

    pub fn flood(seconds: u32) -> Self {
        Self::named(420, format!("FLOOD_WAIT_{seconds}"))
    }

    pub fn flood_premium(seconds: u32) -> Self {
        Self::named(420, format!("FLOOD_PREMIUM_WAIT_{seconds}"))
    }

    /// Another data centre has to be asked; `what` is `USER`, `PHONE`, `NETWORK` or `FILE`.
    pub fn migrate(what: &str, dc: i32) -> Self {
        Self::named(303, format!("{what}_MIGRATE_{dc}"))
    }
}

/// Writes the answer; apart from the call, so that it needs no lock.
pub(crate) type Answer = Box<dyn FnOnce(&mut Vec<u8>) + Send>;

/// A decoded call, ready to be done.
pub(crate) type Call = Box<dyn FnOnce(&mut Telegram, &Caller) -> Result<Answer, Refusal> + Send>;

type Handler<F> = fn(&mut Telegram, &Caller, F) -> Result<<F as RemoteCall>::Return, Refusal>;

/// Ties a handler's value to what the method returns: a wrong type does not compile.
fn prepare<F>(cursor: &mut Cursor, handler: Handler<F>) -> Result<Call, DecodeError>
where
    F: RemoteCall + Deserializable + Send + 'static,
    F::Return: Serializable + Send + 'static,
{
    let call = F::deserialize(cursor)?;
    Ok(Box::new(move |telegram, caller| {
        takeout::check(telegram, caller)?;
        let value = handler(telegram, caller, call)?;
        Ok(Box::new(move |out: &mut Vec<u8>| value.serialize(out)))
    }))
}

macro_rules! routes {
    ($($space:ident :: $method:ident => $file:ident :: $handler:ident,)*) => {
        /// Decodes a call whose id has been read. `None`: nobody here knows the id.
        pub(crate) fn decode(id: u32, cursor: &mut Cursor) -> Option<Result<Call, DecodeError>> {
            Some(match id {
                $(tl::functions::$space::$method::CONSTRUCTOR_ID => {
                    prepare::<tl::functions::$space::$method>(cursor, $file::$handler)
                })*
                _ => return None,
            })
        }
    };
}

routes! {
    account::FinishTakeoutSession => takeout::finish_takeout_session,
    account::GetAuthorizations => auth::get_authorizations,
    account::GetPassword => password::get_password,
    account::GetSavedMusicIds => music::get_saved_music_ids,
    account::InitTakeoutSession => takeout::init_takeout_session,
    account::ResetAuthorization => auth::reset_authorization,
    account::SaveMusic => music::save_music,
    account::UpdateProfile => users::update_profile,
    account::UpdateStatus => users::update_status,
    auth::AcceptLoginToken => qr::accept_login_token,
    auth::CancelCode => auth::cancel_code,
    auth::CheckPassword => password::check_password,
    auth::ExportAuthorization => auth::export_authorization,
    auth::ExportLoginToken => qr::export_login_token,
    auth::ImportAuthorization => auth::import_authorization,
    auth::ImportLoginToken => qr::import_login_token,
    auth::LogOut => auth::log_out,
    auth::ResendCode => auth::resend_code,
    auth::ResetAuthorizations => auth::reset_authorizations,
    auth::SendCode => auth::send_code,
    auth::SignIn => auth::sign_in,
    auth::SignUp => auth::sign_up,
    channels::DeleteMessages => edit::delete_channel_messages,
    channels::GetChannels => chats::get_channels,
    channels::GetFullChannel => chats::get_full_channel,
    channels::GetLeftChannels => chats::get_left_channels,
    channels::GetMessages => history::get_channel_messages,
    channels::GetParticipant => chats::get_participant,
    channels::GetParticipants => chats::get_participants,
    channels::JoinChannel => chats::join_channel,
    channels::LeaveChannel => chats::leave_channel,
    channels::ReadHistory => read::read_channel_history,
    channels::ReadMessageContents => read::read_channel_message_contents,
    contacts::GetContacts => contacts::get_contacts,
    contacts::ResolvePhone => contacts::resolve_phone,
    contacts::ResolveUsername => contacts::resolve_username,
    contacts::Search => contacts::search,
    help::GetAppConfig => extras::get_app_config,
    help::GetConfig => help::get_config,
    help::GetNearestDc => help::get_nearest_dc,
    messages::DeleteHistory => edit::delete_history,
    messages::DeleteMessages => edit::delete_messages,
    messages::EditMessage => edit::edit_message,
    messages::ForwardMessages => forward::forward_messages,
    messages::GetChats => chats::get_chats,
    messages::GetCustomEmojiDocuments => extras::get_custom_emoji_documents,
    messages::GetDialogFilters => dialogs::get_dialog_filters,
    messages::GetDialogUnreadMarks => dialogs::get_dialog_unread_marks,
    messages::GetDialogs => dialogs::get_dialogs,
    messages::GetDiscussionMessage => history::get_discussion_message,
    messages::GetForumTopics => topics::get_forum_topics,
    messages::GetForumTopicsById => topics::get_forum_topics_by_id,
    messages::GetFullChat => chats::get_full_chat,
    messages::GetHistory => history::get_history,
    messages::GetMessageReactionsList => reactions::get_message_reactions_list,
    messages::GetMessages => history::get_messages,
    messages::GetMessagesReactions => reactions::get_messages_reactions,
    messages::GetMessagesViews => edit::get_messages_views,
    messages::GetPeerDialogs => dialogs::get_peer_dialogs,
    messages::GetPeerSettings => extras::get_peer_settings,
    messages::GetPinnedDialogs => dialogs::get_pinned_dialogs,
    messages::GetPollResults => reactions::get_poll_results,
    messages::GetPollVotes => reactions::get_poll_votes,
    messages::GetReplies => history::get_replies,
    messages::GetScheduledHistory => edit::get_scheduled_history,
    messages::GetSearchCounters => search::get_search_counters,
    messages::GetSplitRanges => takeout::get_split_ranges,
    messages::GetStickerSet => extras::get_sticker_set,
    messages::GetUnreadMentions => search::get_unread_mentions,
    messages::GetUnreadReactions => search::get_unread_reactions,
    messages::GetWebPage => extras::get_web_page,
    messages::ReadDiscussion => read::read_discussion,
    messages::ReadHistory => read::read_history,
    messages::ReadMentions => read::read_mentions,
    messages::ReadMessageContents => read::read_message_contents,
    messages::ReadReactions => read::read_reactions,
    messages::SaveDraft => edit::save_draft,
    messages::Search => search::search,
    messages::SearchGlobal => search::search_global,
    messages::SendMedia => send::send_media,
    messages::SendMessage => send::send_message,
    messages::SendMultiMedia => send::send_multi_media,
    messages::SendReaction => reactions::send_reaction,
    messages::SendVote => reactions::send_vote,
    messages::SetTyping => edit::set_typing,
    messages::UnpinAllMessages => edit::unpin_all_messages,
    messages::UpdatePinnedMessage => edit::update_pinned_message,
    messages::UploadMedia => media::upload_media,
    photos::GetUserPhotos => users::get_user_photos,
    updates::GetChannelDifference => updates::get_channel_difference,
    updates::GetDifference => updates::get_difference,
    updates::GetState => updates::get_state,
    upload::GetFile => files::get_file,
    upload::GetFileHashes => files::get_file_hashes,
    upload::SaveBigFilePart => upload::save_big_file_part,
    upload::SaveFilePart => upload::save_file_part,
    users::GetFullUser => users::get_full_user,
    users::GetSavedMusic => music::get_saved_music,
    users::GetSavedMusicById => music::get_saved_music_by_id,
    users::GetUsers => users::get_users,
}

/// The method's name in the scheme; `(unknown)` when the layer has none.
pub(crate) fn name(id: u32) -> &'static str {
    tl::name_for_id(id)
}
