//! One connection: reads packets, answers each when it is due, sends updates.

use std::{
    collections::{HashSet, VecDeque},
    future::pending,
    sync::Arc,
    time::Duration,
};

use bytes::BytesMut;
use grammers_tl_types as tl;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    dispatch::{self, Outcome, PacketFault, Request},
    frame::{Packet, Transport},
    listener::Shared,
    messages::{self, Message, Outgoing},
    salts,
    seal::{self, Opened},
    service::{self, Service},
    session::bad,
    speaker::Speaker,
};
use crate::telegram::{
    Silence,
    state::{Secret, What},
};

/// Packets that may wait for their turn before no more are read.
const MOST_WAITING: usize = 1024;
const SILENCE_LOOKS_AGAIN: Duration = Duration::from_millis(20);
const READ_AT_ONCE: usize = 64 * 1024;

/// The connection has come to its end.
#[derive(Debug)]
struct Closed;

struct Connection {
    shared: Arc<Shared>,
    place: Place,
    stream: TcpStream,
    transport: Option<Transport>,
    inbox: BytesMut,
    /// Packets that arrived, and when they are due to be heard: the data centre's latency.
    waiting: VecDeque<(Instant, Packet)>,
    /// Answers that are held back, and what they answer.
    later: Vec<(Instant, i64, Outgoing)>,
    /// Calls that are never answered.
    held: HashSet<i64>,
    speaker: Option<Speaker>,
    /// How many bytes may still be sent before the connection is cut.
    budget: Option<u64>,
    disconnect_at: Option<Instant>,
}

/// The connection's entry in the world, removed when the connection ends in whatever way.
struct Place {
    shared: Arc<Shared>,
    id: u64,
    dc: i32,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.world.telegram(|t| t.connections.close(self.id));
        self.shared.world.has_changed();
    }
}

pub(super) async fn converse(shared: Arc<Shared>, dc: i32, stream: TcpStream) {
    // Answers are small and waited for. A socket that refuses is only slower.
    let _ = stream.set_nodelay(true);
    let bell = Arc::new(Notify::new());
    let id = shared.world.telegram(|t| t.connections.open(dc, Arc::clone(&bell)));
    let place = Place { shared: Arc::clone(&shared), id, dc };
    shared.world.has_changed();
    let mut connection = Connection {
        shared,
        place,
        stream,
        transport: None,
        inbox: BytesMut::with_capacity(READ_AT_ONCE),
        waiting: VecDeque::new(),
        later: Vec::new(),
        held: HashSet::new(),
        speaker: None,
        budget: None,
        disconnect_at: None,
    };
    // The only way out: the connection is closed.
    while let Ok(()) = connection.turn(&bell).await {}
}

impl Connection {
    /// Waits for whatever comes first, and does what is due.
    async fn turn(&mut self, bell: &Notify) -> Result<(), Closed> {
        let due = self.next_due();
        self.inbox.reserve(READ_AT_ONCE / 4);
        tokio::select! {
            read = self.stream.read_buf(&mut self.inbox), if self.waiting.len() < MOST_WAITING => {
                if read.map_err(|_| Closed)? == 0 {
                    return Err(Closed);
                }
            }
            () = bell.notified() => {}
            () = wait_until(due) => {}
        }
        let (silence, latency) = self.shared.world.telegram(|t| {
            let dc = &self.place.dc;
            (t.faults.silent.get(dc).copied(), t.faults.latency.get(dc).copied().unwrap_or_default())
        });
        if silence == Some(Silence::OnAccept) {
            // Nothing tells when the silence ends.
            tokio::time::sleep(SILENCE_LOOKS_AGAIN).await;
            return Ok(());
        }
        self.collect(latency)?;
        self.work().await
    }

    fn next_due(&self) -> Option<Instant> {
        let waiting = self.waiting.front().map(|(due, _)| *due);
        let later = self.later.iter().map(|(due, ..)| *due).min();
        [waiting, later, self.disconnect_at].into_iter().flatten().min()
    }

    /// Takes whole packets out of what has arrived.
    fn collect(&mut self, latency: Duration) -> Result<(), Closed> {
        if self.transport.is_none() {
            self.transport = Transport::detect(&mut self.inbox);
        }
        let Some(transport) = &mut self.transport else { return Ok(()) };
        let due = Instant::now() + latency;
        while let Some(packet) = transport.unframe(&mut self.inbox).map_err(|_| Closed)? {
            self.waiting.push_back((due, packet));
        }
        Ok(())
    }

    async fn work(&mut self) -> Result<(), Closed> {
        let now = Instant::now();
        if self.disconnect_at.is_some_and(|at| at <= now) {
            return Err(Closed);
        }
        while self.waiting.front().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, packet)) = self.waiting.pop_front() {
                self.hear(packet).await?;
            }
        }
        let mut ready: Vec<_> = self.later.extract_if(.., |(due, ..)| *due <= now).collect();
        ready.sort_by_key(|(due, ..)| *due);
        let mut messages: Vec<_> = ready.into_iter().map(|(.., answer)| answer).collect();
        let updates = self
            .shared
            .world
            .telegram(|t| t.connections.get_mut(self.place.id).map(crate::telegram::Connection::take_outbox));
        messages.extend(updates.unwrap_or_default().iter().map(Outgoing::notice));
        if let Some(speaker) = self.speaker.clone() {
            self.send(&speaker, messages).await?;
        }
        Ok(())
    }

    /// Hears one packet and answers what it asks.
    async fn hear(&mut self, packet: Packet) -> Result<(), Closed> {
        let key_id = seal::key_id(&packet.bytes).ok_or(Closed)?;
        let Some(secret) = self.secret(key_id) else { return self.fail(-404).await };
        let opened = seal::open(&secret, packet.bytes).ok_or(Closed)?;
        let ack = self.transport.as_ref().and_then(|transport| transport.quick_ack(opened.token));
        if let Some(ack) = ack.filter(|_| packet.wants_quick_ack) {
            self.write(&ack).await?;
        }
        let session = self.shared.session(key_id, opened.session);
        let speaker = Speaker { secret, session_id: opened.session, session };
        self.speaker = Some(speaker.clone());
        let outer = (opened.msg_id, opened.seq_no);
        match self.accept(&speaker, opened) {
            Ok((greeting, messages)) => self.answer(&speaker, outer, greeting, messages).await,
            Err(code) => self.send(&speaker, vec![speaker.ignored(outer, code)]).await,
        }
    }

    /// Checks a packet as a whole. The error is the code of `bad_msg_notification`.
    fn accept(&self, speaker: &Speaker, opened: Opened) -> Result<(Option<Outgoing>, Vec<Message>), i32> {
        if !salts::is_good(&speaker.secret, opened.salt) {
            return Err(bad::SALT);
        }
        let is_container = messages::constructor(&opened.body) == Some(messages::CONTAINER);
        let outer = Message { msg_id: opened.msg_id, seq_no: opened.seq_no, body: opened.body };
        let mut session = speaker.session();
        session.check_id(outer.msg_id, is_container)?;
        if is_container && outer.seq_no & 1 == 1 {
            return Err(bad::SEQ_ODD);
        }
        let outer_id = outer.msg_id;
        let messages = messages::unpack(outer).map_err(|_| bad::CONTAINER)?;
        if is_container {
            session.remember(outer_id);
        }
        let greeting = session.greet().then(|| {
            let first_msg_id = messages.first().map_or(outer_id, |message| message.msg_id);
            let created: tl::enums::NewSession = tl::types::NewSessionCreated {
                first_msg_id,
                unique_id: speaker.session_id.rotate_left(17) ^ speaker.secret.id,
                server_salt: salts::current(&speaker.secret),
            }
            .into();
            Outgoing::notice(&created)
        });
        Ok((greeting, messages))
    }

    async fn answer(
        &mut self,
        speaker: &Speaker,
        outer: (i64, i32),
        greeting: Option<Outgoing>,
        messages: Vec<Message>,
    ) -> Result<(), Closed> {
        let mut answers = Vec::from_iter(greeting);
        let mut requests = Vec::new();
        for message in messages {
            let (msg_id, seq_no) = (message.msg_id, message.seq_no);
            let service = Service::read(&message);
            let is_content = service.as_ref().is_none_or(|service| service.is_content(seq_no));
            match speaker.session().receive(msg_id, seq_no, is_content) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(code) => {
                    answers.push(speaker.ignored((msg_id, seq_no), code));
                    continue;
                }
            }
            match service {
                Some(service) => answers.extend(self.serve(speaker, msg_id, service)),
                None => requests.push((msg_id, Request::read(message))),
            }
        }
        let is_over = self.call(speaker, outer, requests, &mut answers).await?;
        self.send(speaker, answers).await?;
        if is_over { Err(Closed) } else { Ok(()) }
    }

    /// Does the calls of a packet. True: the connection is to be closed after the answers.
    async fn call(
        &mut self,
        speaker: &Speaker,
        outer: (i64, i32),
        requests: Vec<(i64, Request)>,
        answers: &mut Vec<Outgoing>,
    ) -> Result<bool, Closed> {
        if requests.is_empty() {
            return Ok(false);
        }
        let world = self.shared.world.clone();
        let origin =
            dispatch::Origin { connection: self.place.id, key_id: speaker.secret.id, dc: self.place.dc };
        let (ids, requests): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
        let (struck, whole) = dispatch::strike(&world, origin, &requests);
        match whole {
            Some(PacketFault::WrongSalt) => {
                speaker.secret.renew_salts();
                answers.push(speaker.ignored(outer, bad::SALT));
                return Ok(false);
            }
            Some(PacketFault::KeyUnknown) => {
                self.fail(-404).await?;
            }
            None => {}
        }
        for ((msg_id, request), struck) in ids.into_iter().zip(requests).zip(struck) {
            if let Some(What::CloseAfterBytes(bytes)) = struck {
                self.budget = Some(bytes);
            }
            match request.run(&world, origin, struck) {
                Outcome::Answer(answer) => answers.push(answer),
                Outcome::Later(by, answer) => self.later.push((Instant::now() + by, msg_id, answer)),
                Outcome::Silent => {
                    self.held.insert(msg_id);
                }
                Outcome::Close => {
                    world.has_changed();
                    return Ok(true);
                }
            }
        }
        world.has_changed();
        Ok(false)
    }

    fn serve(&mut self, speaker: &Speaker, msg_id: i64, service: Service) -> Option<Outgoing> {
        match service {
            Service::Ping { ping_id, disconnect_after } => {
                if let Some(after) = disconnect_after {
                    self.disconnect_at = Some(Instant::now() + after);
                }
                Some(service::pong(msg_id, ping_id))
            }
            Service::GetFutureSalts { wanted } => {
                Some(service::future_salts(msg_id, salts::future(&speaker.secret, wanted)))
            }
            Service::DestroySession { session_id } => {
                let is_known = session_id != speaker.session_id
                    && self.shared.forget_session(speaker.secret.id, session_id);
                Some(service::destroyed(session_id, is_known))
            }
            Service::StateRequest { msg_ids } => {
                let session = speaker.session();
                let info = msg_ids.into_iter().map(|id| session.state_of(id)).collect();
                Some(service::state_info(msg_id, info))
            }
            Service::DropAnswer { of } => {
                Some(service::answer_dropped(msg_id, self.drop_answer(speaker, of)))
            }
            Service::NoAnswer => None,
        }
    }

    /// Takes back an answer that was not sent yet.
    fn drop_answer(&mut self, speaker: &Speaker, of: i64) -> tl::enums::RpcDropAnswer {
        if let Some(held) = self.later.extract_if(.., |(_, answers, _)| *answers == of).next() {
            let (_, _, answer) = held;
            let (msg_id, seq_no) = speaker.session().number(answer.origin, answer.is_content);
            let bytes = i32::try_from(answer.body.len()).unwrap_or(i32::MAX);
            return tl::types::RpcAnswerDropped { msg_id, seq_no, bytes }.into();
        }
        match self.held.remove(&of) {
            true => tl::enums::RpcDropAnswer::RpcAnswerDroppedRunning,
            false => tl::enums::RpcDropAnswer::RpcAnswerUnknown,
        }
    }

    /// The key of a packet, if it is this data centre's.
    fn secret(&self, key_id: i64) -> Option<Arc<Secret>> {
        if let Some(speaker) = &self.speaker
            && speaker.secret.id == key_id
            && speaker.secret.is_known()
        {
            return Some(Arc::clone(&speaker.secret));
        }
        self.shared.world.telegram(|t| {
            let key = t.keys.get(key_id)?;
            (key.dc == self.place.dc).then(|| Arc::clone(&key.secret))
        })
    }

    /// Numbers messages, packs what is small into containers, and sends all.
    async fn send(&mut self, speaker: &Speaker, messages: Vec<Outgoing>) -> Result<(), Closed> {
        for group in messages::group(messages) {
            let mut packet = speaker.seal(group);
            let Some(transport) = &mut self.transport else { return Err(Closed) };
            let start = transport.frame(&mut packet);
            self.write(&packet[start..]).await?;
        }
        Ok(())
    }

    /// Sends an error of the transport, and closes.
    async fn fail(&mut self, code: i32) -> Result<(), Closed> {
        let Some(transport) = &mut self.transport else { return Err(Closed) };
        let error = transport.error(code);
        self.write(&error).await?;
        Err(Closed)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Closed> {
        let allowed = match &mut self.budget {
            Some(budget) => {
                let allowed = usize::try_from(*budget).unwrap_or(usize::MAX).min(bytes.len());
                *budget -= allowed as u64;
                allowed
            }
            None => bytes.len(),
        };
        self.stream.write_all(&bytes[..allowed]).await.map_err(|_| Closed)?;
        if allowed < bytes.len() { Err(Closed) } else { Ok(()) }
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
