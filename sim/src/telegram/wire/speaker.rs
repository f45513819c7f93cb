//! The other end of a connection, and what is said to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use grammers_tl_types as tl;

use super::{
    messages::{self, Outgoing},
    salts,
    seal::{self, Header},
    service,
    session::{Origin, Session, bad},
};
use crate::telegram::state::Secret;

/// Who is at the other end: the key and the session of the newest packet.
#[derive(Clone)]
pub(super) struct Speaker {
    pub(super) secret: Arc<Secret>,
    pub(super) session_id: i64,
    pub(super) session: Arc<Mutex<Session>>,
}

impl Speaker {
    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers and encrypts what goes out together.
    pub(super) fn seal(&self, group: Vec<Outgoing>) -> Vec<u8> {
        let mut session = self.session();
        let header = |(msg_id, seq_no)| Header {
            salt: salts::current(&self.secret),
            session: self.session_id,
            msg_id,
            seq_no,
        };
        if let [message] = &group[..] {
            let header = header(session.number(message.origin, message.is_content));
            drop(session);
            return seal::seal(&self.secret, header, &message.body);
        }
        let mut body = Vec::new();
        tl::Serializable::serialize(&messages::CONTAINER, &mut body);
        tl::Serializable::serialize(&(group.len() as u32), &mut body);
        for message in &group {
            let (msg_id, seq_no) = session.number(message.origin, message.is_content);
            messages::append(&mut body, msg_id, seq_no, &message.body);
        }
        let holds_answer = group.iter().any(|message| message.origin == Origin::Answer);
        let header = header(session.number(if holds_answer { Origin::Answer } else { Origin::Other }, false));
        drop(session);
        seal::seal(&self.secret, header, &body)
    }

    /// Says that a message was ignored, and why.
    pub(super) fn ignored(&self, (msg_id, seq_no): (i64, i32), code: i32) -> Outgoing {
        service::ignored(msg_id, seq_no, code, (code == bad::SALT).then(|| salts::current(&self.secret)))
    }
}
