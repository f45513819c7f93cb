//! Messages of the protocol itself: pings, salts, sessions, acknowledgements.

use std::time::Duration;

use grammers_tl_types::{self as tl, Cursor, Deserializable, Identifiable as _, functions as f, types};

use super::messages::{Message, Outgoing, constructor};

const MSGS_ACK: u32 = types::MsgsAck::CONSTRUCTOR_ID;
const HTTP_WAIT: u32 = types::HttpWait::CONSTRUCTOR_ID;

/// What a client may say that is not a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Service {
    Ping {
        ping_id: i64,
        disconnect_after: Option<Duration>,
    },
    GetFutureSalts {
        wanted: i32,
    },
    DestroySession {
        session_id: i64,
    },
    StateRequest {
        msg_ids: Vec<i64>,
    },
    DropAnswer {
        of: i64,
    },
    /// Acknowledgements, and what only other transports need.
    NoAnswer,
}

impl Service {
    /// `None`: it is a call, or cannot be read, which is for the call to say.
    pub(super) fn read(message: &Message) -> Option<Self> {
        let id = constructor(&message.body)?;
        let mut rest = Cursor::from_slice(&message.body[4..]);
        Some(match id {
            f::Ping::CONSTRUCTOR_ID => {
                Self::Ping { ping_id: f::Ping::deserialize(&mut rest).ok()?.ping_id, disconnect_after: None }
            }
            f::PingDelayDisconnect::CONSTRUCTOR_ID => {
                let ping = f::PingDelayDisconnect::deserialize(&mut rest).ok()?;
                let after = Duration::from_secs(ping.disconnect_delay.unsigned_abs().into());
                Self::Ping { ping_id: ping.ping_id, disconnect_after: Some(after) }
            }
            f::GetFutureSalts::CONSTRUCTOR_ID => {
                Self::GetFutureSalts { wanted: f::GetFutureSalts::deserialize(&mut rest).ok()?.num }
            }
            f::DestroySession::CONSTRUCTOR_ID => Self::DestroySession {
                session_id: f::DestroySession::deserialize(&mut rest).ok()?.session_id,
            },
            f::RpcDropAnswer::CONSTRUCTOR_ID => {
                Self::DropAnswer { of: f::RpcDropAnswer::deserialize(&mut rest).ok()?.req_msg_id }
            }
            types::MsgsStateReq::CONSTRUCTOR_ID => {
                Self::StateRequest { msg_ids: types::MsgsStateReq::deserialize(&mut rest).ok()?.msg_ids }
            }
            // Nothing is kept to be sent again: what is known of the messages is the answer.
            types::MsgResendReq::CONSTRUCTOR_ID => {
                Self::StateRequest { msg_ids: types::MsgResendReq::deserialize(&mut rest).ok()?.msg_ids }
            }
            MSGS_ACK
            | HTTP_WAIT
            | types::MsgsStateInfo::CONSTRUCTOR_ID
            | types::MsgsAllInfo::CONSTRUCTOR_ID => Self::NoAnswer,
            _ => return None,
        })
    }

    /// Acknowledgements never count; of the rest clients differ in what they think.
    pub(super) fn is_content(&self, seq_no: i32) -> bool {
        *self != Self::NoAnswer && seq_no & 1 == 1
    }
}

/// Bare, not in `rpc_result`: so are the next three.
pub(super) fn pong(msg_id: i64, ping_id: i64) -> Outgoing {
    Outgoing::service(&tl::enums::Pong::Pong(types::Pong { msg_id, ping_id }))
}

pub(super) fn future_salts(req_msg_id: i64, salts: Vec<types::FutureSalt>) -> Outgoing {
    let now = i32::try_from(super::salts::wire_now()).unwrap_or(i32::MAX);
    let salts = tl::RawVec(salts);
    Outgoing::service(&tl::enums::FutureSalts::Salts(types::FutureSalts { req_msg_id, now, salts }))
}

pub(super) fn destroyed(session_id: i64, was_known: bool) -> Outgoing {
    let answer: tl::enums::DestroySessionRes = if was_known {
        types::DestroySessionOk { session_id }.into()
    } else {
        types::DestroySessionNone { session_id }.into()
    };
    Outgoing::service(&answer)
}

pub(super) fn state_info(req_msg_id: i64, info: Vec<u8>) -> Outgoing {
    Outgoing::service(&tl::enums::MsgsStateInfo::Info(types::MsgsStateInfo { req_msg_id, info }))
}

/// In `rpc_result`, as the only one here.
pub(super) fn answer_dropped(msg_id: i64, how: tl::enums::RpcDropAnswer) -> Outgoing {
    Outgoing::answer(msg_id, false, |out| tl::Serializable::serialize(&how, out))
}

/// With a salt: `bad_server_salt`, else `bad_msg_notification`.
pub(super) fn ignored(bad_msg_id: i64, bad_msg_seqno: i32, error_code: i32, salt: Option<i64>) -> Outgoing {
    let notification: tl::enums::BadMsgNotification = match salt {
        Some(new_server_salt) => {
            types::BadServerSalt { bad_msg_id, bad_msg_seqno, error_code, new_server_salt }.into()
        }
        None => types::BadMsgNotification { bad_msg_id, bad_msg_seqno, error_code }.into(),
    };
    Outgoing::service(&notification)
}
