//! A small client of our own: it can do what well-behaved ones never would.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use flate2::read::GzDecoder;
use grammers_crypto::{AuthKey, DequeBuffer, decrypt_data_v2, encrypt_data_v2};
use grammers_tl_types::{
    self as tl, Cursor, Deserializable as _, Identifiable as _, RemoteCall, Serializable as _,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Options, Refusal, Server, serve};
use crate::World;

const CONTAINER: u32 = 0x73f1_f8dc;
const GZIP_PACKED: u32 = 0x3072_cfa1;
const RPC_RESULT: u32 = 0xf35c_6d01;

pub(crate) type KeysByDc = BTreeMap<i32, [u8; 256]>;

/// A world with a listening Telegram: Ada (id 1) is at home in data centre 2, Grace (id 2) in 4.
pub(crate) async fn world() -> (World, Server) {
    let world = World::default();
    world.telegram(|t| {
        t.add_account(1, "Ada", "+15550001", 2);
        t.add_account(2, "Grace", "+15550002", 4);
    });
    let server = serve(&world, Options::default()).await.unwrap();
    (world, server)
}

/// Fresh keys; logged in where a user is given.
pub(crate) fn keys(world: &World, user: Option<i64>) -> KeysByDc {
    world.telegram(|t| {
        let keys = t.new_keys();
        if let Some(user) = user {
            t.log_in_keys(&keys, user);
        }
        keys
    })
}

/// A message from the server, out of its container.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) msg_id: i64,
    pub(crate) seq_no: i32,
    pub(crate) body: Vec<u8>,
    /// How many messages came in the same packet.
    pub(crate) together: usize,
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    pub(crate) key: AuthKey,
    pub(crate) session: i64,
    pub(crate) salt: i64,
    pub(crate) last_id: i64,
    pub(crate) content: i32,
    is_inited: bool,
    sent: u32,
    received: u32,
    inbox: VecDeque<Incoming>,
    /// What came while something else was waited for.
    pub(crate) aside: Vec<Incoming>,
}

impl Client {
    pub(crate) async fn connect(server: &Server, keys: &KeysByDc, dc: i32) -> Self {
        let address = server.servers().data_centers.iter().find(|center| center.id == dc).unwrap().address;
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            key: AuthKey::from_bytes(keys[&dc]),
            session: i64::from_le_bytes(keys[&dc][..8].try_into().unwrap()) ^ rand(),
            salt: 0,
            last_id: 0,
            content: 0,
            is_inited: false,
            sent: 0,
            received: 0,
            inbox: VecDeque::new(),
            aside: Vec::new(),
        }
    }

    /// A message id and a sequence number.
    pub(crate) fn number(&mut self, is_content: bool) -> (i64, i32) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let id = (now.as_secs() as i64) << 32 | i64::from(now.subsec_nanos()) << 2;
        self.last_id = id.max(self.last_id + 4);
        let seq_no = self.content * 2 + i32::from(is_content);
        self.content += i32::from(is_content);
        (self.last_id, seq_no)
    }

    /// The bytes of a packet: encrypted, but not framed.
    pub(crate) fn seal(&self, msg_id: i64, seq_no: i32, body: &[u8]) -> Vec<u8> {
        let mut buffer = DequeBuffer::with_capacity(body.len() + 64, 64);
        for number in [self.salt, self.session, msg_id] {
            buffer.extend(number.to_le_bytes());
        }
        buffer.extend(seq_no.to_le_bytes());
        buffer.extend((body.len() as u32).to_le_bytes());
        buffer.extend(body.iter().copied());
        encrypt_data_v2(&mut buffer, &self.key);
        buffer[..].to_vec()
    }

    pub(crate) async fn send_as(&mut self, msg_id: i64, seq_no: i32, body: &[u8]) {
        let sealed = self.seal(msg_id, seq_no, body);
        let mut packet = (sealed.len() as u32 + 12).to_le_bytes().to_vec();
        packet.extend(self.sent.to_le_bytes());
        packet.extend(sealed);
        packet.extend(crc32fast::hash(&packet).to_le_bytes());
        self.sent += 1;
        self.stream.write_all(&packet).await.unwrap();
    }

    pub(crate) async fn send(&mut self, body: &[u8]) -> i64 {
        let (msg_id, seq_no) = self.number(true);
        self.send_as(msg_id, seq_no, body).await;
        msg_id
    }

    /// Sends several messages in one container; returns their ids.
    pub(crate) async fn send_together(&mut self, bodies: &[Vec<u8>]) -> Vec<i64> {
        let mut container = Vec::new();
        CONTAINER.serialize(&mut container);
        (bodies.len() as u32).serialize(&mut container);
        let mut ids = Vec::new();
        for body in bodies {
            let (msg_id, seq_no) = self.number(true);
            msg_id.serialize(&mut container);
            seq_no.serialize(&mut container);
            (body.len() as u32).serialize(&mut container);
            container.extend(body);
            ids.push(msg_id);
        }
        let (msg_id, seq_no) = self.number(false);
        self.send_as(msg_id, seq_no, &container).await;
        ids
    }

    /// The next message, in order of arrival. `Err`: the connection ended, or the transport's code.
    pub(crate) async fn receive(&mut self) -> Result<Incoming, i32> {
        if let Some(message) = self.inbox.pop_front() {
            return Ok(message);
        }
        tokio::time::timeout(Duration::from_secs(10), self.read_packet())
            .await
            .expect("an answer in time")?;
        Ok(self.inbox.pop_front().expect("a packet holds a message"))
    }

    async fn read_packet(&mut self) -> Result<(), i32> {
        let length = self.stream.read_i32_le().await.map_err(|_| 0)?;
        if length < 0 {
            return Err(length);
        }
        let mut packet = length.to_le_bytes().to_vec();
        packet.resize(length as usize, 0);
        self.stream.read_exact(&mut packet[4..]).await.map_err(|_| 0)?;
        let end = packet.len() - 4;
        assert_eq!(packet[end..], crc32fast::hash(&packet[..end]).to_le_bytes());
        assert_eq!(packet[4..8], self.received.to_le_bytes());
        self.received += 1;
        let plain = decrypt_data_v2(&mut packet[8..end], &self.key).unwrap();
        assert_eq!(plain[8..16], self.session.to_le_bytes());
        let number = |at: usize| i64::from_le_bytes(plain[at..at + 8].try_into().unwrap());
        let seq_no = i32::from_le_bytes(plain[24..28].try_into().unwrap());
        let length = u32::from_le_bytes(plain[28..32].try_into().unwrap()) as usize;
        self.take(number(16), seq_no, &plain[32..32 + length]);
        Ok(())
    }

    fn take(&mut self, msg_id: i64, seq_no: i32, body: &[u8]) {
        let mut cursor = Cursor::from_slice(body);
        if u32::deserialize(&mut cursor).unwrap() != CONTAINER {
            self.inbox.push_back(Incoming { msg_id, seq_no, body: body.to_vec(), together: 1 });
            return;
        }
        let together = u32::deserialize(&mut cursor).unwrap() as usize;
        for _ in 0..together {
            let (inner_id, seq_no) =
                (i64::deserialize(&mut cursor).unwrap(), i32::deserialize(&mut cursor).unwrap());
            assert!(inner_id < msg_id, "a container is newer than what it holds");
            let mut body = vec![0; u32::deserialize(&mut cursor).unwrap() as usize];
            cursor.read_exact(&mut body).unwrap();
            self.inbox.push_back(Incoming { msg_id: inner_id, seq_no, body, together });
        }
    }

    /// The answer to a message; what else comes is put aside. A wrong salt is taken over, and the
    /// error says so.
    pub(crate) async fn answer_to(&mut self, msg_id: i64) -> Result<Result<Vec<u8>, Refusal>, i32> {
        loop {
            let message = self.receive().await?;
            let mut cursor = Cursor::from_slice(&message.body);
            match u32::deserialize(&mut cursor).unwrap() {
                RPC_RESULT if i64::deserialize(&mut cursor).unwrap() == msg_id => {
                    return Ok(result(&message.body[12..]));
                }
                tl::types::BadServerSalt::CONSTRUCTOR_ID => {
                    self.salt = tl::types::BadServerSalt::deserialize(&mut cursor).unwrap().new_server_salt;
                    return Err(48);
                }
                _ => self.aside.push(message),
            }
        }
    }

    /// Makes a call as a client would: introduces itself first, and says it again with a new salt.
    pub(crate) async fn call<F: RemoteCall + Clone>(&mut self, call: &F) -> Result<F::Return, Refusal> {
        self.try_call(call).await.expect("the connection holds")
    }

    /// `Err`: the connection ended, or the transport's code.
    pub(crate) async fn try_call<F: RemoteCall + Clone>(
        &mut self,
        call: &F,
    ) -> Result<Result<F::Return, Refusal>, i32> {
        loop {
            let body = if self.is_inited { call.to_bytes() } else { introduced(call.clone()) };
            let msg_id = self.send(&body).await;
            match self.answer_to(msg_id).await {
                Ok(answer) => {
                    self.is_inited = true;
                    return Ok(answer.map(|body| F::Return::from_bytes(&body).unwrap()));
                }
                Err(48) => {}
                Err(code) => return Err(code),
            }
        }
    }

    /// Asks for a code.
    pub(crate) async fn send_code(&mut self, phone: &str) -> Result<tl::types::auth::SentCode, Refusal> {
        let settings = super::blank::<tl::types::CodeSettings>().into();
        let (api_id, api_hash) = (1, "hash".to_owned());
        let call = tl::functions::auth::SendCode { phone_number: phone.into(), api_id, api_hash, settings };
        match self.call(&call).await? {
            tl::enums::auth::SentCode::Code(sent) => Ok(sent),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn sign_in(
        &mut self,
        phone: &str,
        sent: &tl::types::auth::SentCode,
        code: &str,
    ) -> Result<tl::enums::auth::Authorization, Refusal> {
        self.call(&tl::functions::auth::SignIn {
            phone_number: phone.into(),
            phone_code_hash: sent.phone_code_hash.clone(),
            phone_code: Some(code.into()),
            email_verification: None,
        })
        .await
    }

    /// The next updates, put aside or still to come.
    pub(crate) async fn updates(&mut self) -> tl::enums::Updates {
        loop {
            let message = match self.aside.pop() {
                Some(message) => message,
                None => self.receive().await.unwrap(),
            };
            if let Ok(updates) = tl::enums::Updates::from_bytes(&message.body) {
                return updates;
            }
        }
    }
}

/// The call as the first of a connection is made.
pub(crate) fn introduced<F: RemoteCall>(query: F) -> Vec<u8> {
    let text = |text: &str| text.to_owned();
    tl::functions::InvokeWithLayer {
        layer: tl::LAYER,
        query: tl::functions::InitConnection {
            api_id: 1,
            device_model: text("Model"),
            system_version: text("1"),
            app_version: text("2"),
            system_lang_code: text("en"),
            lang_pack: text(""),
            lang_code: text("en"),
            proxy: None,
            params: None,
            query,
        },
    }
    .to_bytes()
}

fn result(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut cursor = Cursor::from_slice(body);
    match u32::deserialize(&mut cursor).unwrap() {
        tl::types::RpcError::CONSTRUCTOR_ID => {
            let error = tl::types::RpcError::deserialize(&mut cursor).unwrap();
            Err(Refusal::named(error.error_code, error.error_message))
        }
        GZIP_PACKED => {
            let packed = Vec::<u8>::deserialize(&mut cursor).unwrap();
            let mut plain = Vec::new();
            std::io::Read::read_to_end(&mut GzDecoder::new(&packed[..]), &mut plain).unwrap();
            Ok(plain)
        }
        _ => Ok(body.to_vec()),
    }
}

fn rand() -> i64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    i64::from_le_bytes(bytes)
}
