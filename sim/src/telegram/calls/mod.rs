//! What calls mean: the routing table, and one file per family of methods.

mod answers;
mod auth;
mod dialogs;
mod help;
mod history;
mod inputs;
mod paging;
mod password;
mod qr;
mod read;
mod search;
mod topics;
mod updates;
mod users;

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
    account::GetAuthorizations => auth::get_authorizations,
    account::GetPassword => password::get_password,
    account::ResetAuthorization => auth::reset_authorization,
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
    help::GetConfig => help::get_config,
    help::GetNearestDc => help::get_nearest_dc,
    users::GetUsers => users::get_users,
    messages::GetDialogs => dialogs::get_dialogs,
    messages::GetPinnedDialogs => dialogs::get_pinned_dialogs,
    messages::GetPeerDialogs => dialogs::get_peer_dialogs,
    messages::GetDialogFilters => dialogs::get_dialog_filters,
    messages::GetDialogUnreadMarks => dialogs::get_dialog_unread_marks,
    messages::GetHistory => history::get_history,
    messages::GetMessages => history::get_messages,
    channels::GetMessages => history::get_channel_messages,
    messages::GetReplies => history::get_replies,
    messages::GetDiscussionMessage => history::get_discussion_message,
    messages::Search => search::search,
    messages::SearchGlobal => search::search_global,
    messages::GetSearchCounters => search::get_search_counters,
    messages::GetUnreadMentions => search::get_unread_mentions,
    messages::GetUnreadReactions => search::get_unread_reactions,
    messages::GetForumTopics => topics::get_forum_topics,
    messages::GetForumTopicsById => topics::get_forum_topics_by_id,
    messages::ReadHistory => read::read_history,
    channels::ReadHistory => read::read_channel_history,
    messages::ReadMessageContents => read::read_message_contents,
    channels::ReadMessageContents => read::read_channel_message_contents,
    messages::ReadDiscussion => read::read_discussion,
    messages::ReadMentions => read::read_mentions,
    messages::ReadReactions => read::read_reactions,
    updates::GetState => updates::get_state,
    updates::GetDifference => updates::get_difference,
    updates::GetChannelDifference => updates::get_channel_difference,
}

/// The method's name in the scheme; `(unknown)` when the layer has none.
pub(crate) fn name(id: u32) -> &'static str {
    tl::name_for_id(id)
}
