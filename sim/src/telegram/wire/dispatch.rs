//! Does calls: unwraps them, asks the fault plan, locks the world for the call alone.

use std::time::{Duration, SystemTime};

use grammers_tl_types as tl;

use super::{
    answer,
    envelope::Envelope,
    messages::{Message, Outgoing},
};
use crate::{
    World,
    telegram::{
        CallMade, Caller, Refusal, Silence, Telegram,
        calls::{self, Answer, Call},
        state::What,
    },
};

/// A call that is ready to be done.
pub(super) struct Request {
    msg_id: i64,
    method: &'static str,
    envelope: Envelope,
    call: Result<Call, Refusal>,
}

/// What the connection has to do about a call.
pub(super) enum Outcome {
    Answer(Outgoing),
    /// After a while; what comes after it is not held up.
    Later(Duration, Outgoing),
    /// Never.
    Silent,
    Close,
}

/// What concerns a packet as a whole.
pub(super) enum PacketFault {
    WrongSalt,
    KeyUnknown,
}

/// Where a call came from.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    pub(super) connection: u64,
    pub(super) key_id: i64,
    pub(super) dc: i32,
}

impl Request {
    /// Decodes a call, without the world.
    pub(super) fn read(message: Message) -> Self {
        let msg_id = message.msg_id;
        let unreadable = || Err(Refusal::new(400, "INPUT_FETCH_ERROR"));
        let Ok(envelope) = Envelope::peel(message.body) else {
            return Self {
                msg_id,
                method: "(unreadable)",
                envelope: Envelope::default(),
                call: unreadable(),
            };
        };
        let (method, call) = match super::messages::constructor(&envelope.call) {
            Some(id) => {
                let mut cursor = tl::Cursor::from_slice(&envelope.call[4..]);
                let call = match calls::decode(id, &mut cursor) {
                    Some(decoded) => decoded.or_else(|_| unreadable()),
                    None => Err(unknown(id)),
                };
                (calls::name(id), call)
            }
            None => ("(unreadable)", unreadable()),
        };
        Self { msg_id, method, envelope, call }
    }

    /// Does the call as the fault plan will have it.
    pub(super) fn run(self, world: &World, origin: Origin, struck: Option<What>) -> Outcome {
        let Self { msg_id, method, envelope, call } = self;
        match struck {
            Some(What::Close { done: false }) => return Outcome::Close,
            Some(What::Silent) => return Outcome::Silent,
            _ => {}
        }
        let (done, is_plain) = world
            .telegram(|t| (t.do_call(method, &envelope, call, origin, struck.as_ref()), t.plain_answers));
        // File parts are packed already.
        let may_pack = !is_plain && method != "upload.getFile";
        let answer = match done {
            Ok(write) => Outgoing::answer(msg_id, may_pack, write),
            Err(refusal) => refused(msg_id, &refusal),
        };
        match struck {
            Some(What::Close { done: true }) => Outcome::Close,
            Some(What::Delay(by)) => Outcome::Later(by, answer),
            _ => Outcome::Answer(answer),
        }
    }
}

/// Records the calls of a packet. Says what the fault plan wants of each of a packet, and about the packet itself.
pub(super) fn strike(
    world: &World,
    origin: Origin,
    requests: &[Request],
) -> (Vec<Option<What>>, Option<PacketFault>) {
    world.telegram(|t| {
        let Origin { key_id, dc, .. } = origin;
        let user = t.keys.get(key_id).and_then(|key| key.user);
        let is_silent = t.faults.silent.get(&dc) == Some(&Silence::OnCalls);
        let struck: Vec<_> = requests
            .iter()
            .map(|request| match is_silent {
                true => Some(What::Silent),
                false => t.faults.strike(request.method, dc, user),
            })
            .collect();
        let whole = struck.iter().flatten().find_map(|what| match what {
            What::WrongSalt => Some(PacketFault::WrongSalt),
            What::KeyUnknown => Some(PacketFault::KeyUnknown),
            _ => None,
        });
        if matches!(whole, Some(PacketFault::KeyUnknown)) {
            t.keys.forget(key_id);
        }
        if whole.is_none() {
            let at = SystemTime::now();
            for (Request { method, .. }, what) in requests.iter().zip(&struck) {
                let is_lost = matches!(what, Some(What::Silent | What::Close { done: false }));
                t.calls.add(CallMade { method, user, dc, key_id, is_lost, at });
            }
        }
        (struck, whole)
    })
}

fn unknown(id: u32) -> Refusal {
    Refusal::named(400, format!("INPUT_METHOD_INVALID_{}", calls::name(id)))
}

pub(super) fn refused(msg_id: i64, refusal: &Refusal) -> Outgoing {
    let error: tl::enums::RpcError =
        tl::types::RpcError { error_code: refusal.code, error_message: refusal.name.to_string() }.into();
    Outgoing::answer(msg_id, false, |out| tl::Serializable::serialize(&error, out))
}

impl Telegram {
    fn do_call(
        &mut self,
        method: &'static str,
        envelope: &Envelope,
        call: Result<Call, Refusal>,
        origin: Origin,
        struck: Option<&What>,
    ) -> Result<Answer, Refusal> {
        let caller = self.caller(envelope, origin)?;
        if let Err(refusal) = &call
            && refusal.name.starts_with("INPUT_METHOD_INVALID")
        {
            eprintln!("the simulated Telegram does not know the call {method} (data centre {})", origin.dc);
            self.calls.add_unknown(method.to_owned());
        }
        match struck {
            Some(What::Refuse(refusal)) => return Err(refusal.clone()),
            Some(What::ExpiredReference) => {
                self.files.expire_references();
                return Err(Refusal::new(400, "FILE_REFERENCE_EXPIRED"));
            }
            _ => {}
        }
        self.check_place(method, &caller)?;
        let call = call?;
        self.set_calling(Some(origin.connection));
        let answer = call(self, &caller);
        self.set_calling(None);
        match struck {
            Some(What::UnknownConstructor { message }) => {
                self.damage(method, answer?, |page| answer::with_unknown_constructor(page, *message))
            }
            Some(What::Misaligned) => self.damage(method, answer?, answer::misaligned),
            Some(What::ShortPart { bytes }) => {
                self.damage(method, answer?, |part| answer::shortened(part, *bytes))
            }
            _ if self.faults.unreadable.is_empty() => answer,
            _ => {
                let mut whole = Vec::new();
                answer?(&mut whole);
                let given = answer::without_readable(&whole, &self.faults.unreadable).unwrap_or(whole);
                Ok(Box::new(move |out| out.extend_from_slice(&given)))
            }
        }
    }

    /// Learns what the envelope says, and tells who the caller is.
    fn caller(&mut self, envelope: &Envelope, origin: Origin) -> Result<Caller, Refusal> {
        let Origin { connection, key_id, dc } = origin;
        let key = self.keys.get_mut(key_id).ok_or(Refusal::new(401, "AUTH_KEY_UNREGISTERED"))?;
        if let Some(device) = &envelope.device {
            key.device = crate::telegram::Device { layer: key.device.layer, ..device.clone() };
        }
        if let Some(layer) = envelope.layer {
            key.device.layer = layer;
        }
        if let Some(connection) = self.connections.get_mut(connection) {
            connection.key_id = Some(key_id);
            connection.wants_updates |= !envelope.without_updates;
        }
        if key.device.layer == 0 {
            return Err(Refusal::new(400, "CONNECTION_NOT_INITED"));
        }
        let owes_password = key.owes_password.is_some();
        Ok(Caller { key_id, connection, user: key.user, owes_password, dc, takeout: envelope.takeout })
    }

    /// What belongs to an account is done where the account is at home; files, keys and
    /// configuration are to be had everywhere.
    fn check_place(&self, method: &str, caller: &Caller) -> Result<(), Refusal> {
        let family = method.split('.').next().unwrap_or_default();
        let Some(account) = caller.user.and_then(|user| self.accounts.get(&user)) else { return Ok(()) };
        if account.home_dc == caller.dc || matches!(family, "auth" | "help" | "upload") {
            return Ok(());
        }
        Err(Refusal::migrate("USER", account.home_dc))
    }

    fn damage(
        &mut self,
        method: &str,
        answer: Answer,
        how: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<Answer, Refusal> {
        let mut whole = Vec::new();
        answer(&mut whole);
        let damaged = how(&whole).unwrap_or_else(|| {
            let accident = format!("a fault for pages or file parts struck {method}, {}", Self::BLANK);
            self.accidents.push(accident);
            whole
        });
        Ok(Box::new(move |out| out.extend_from_slice(&damaged)))
    }
}
