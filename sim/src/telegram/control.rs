//! What a person, or a test in another language, asks a running world over HTTP: the code that was sent, a
//! scanned QR code, what is in which chat. On the same port as the keys.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde::{Deserialize, Serialize};

use super::{Peer, Telegram, tl};
use crate::World;

/// How many messages are listed at most.
const MOST_MESSAGES: usize = 10_000;

pub(super) fn routes() -> Router<World> {
    Router::new()
        .route("/code", post(code))
        .route("/scan", post(scan))
        .route("/chats", post(chats))
        .route("/messages", post(messages))
        .route("/say", post(say))
}

/// Why a question has no answer, in words.
#[derive(Debug)]
struct Complaint(String);

impl IntoResponse for Complaint {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(self.0)).into_response()
    }
}

type Answer<T> = Result<Json<T>, Complaint>;

/// Which account is meant; none: the only one there is.
#[derive(Debug, Default, Deserialize)]
struct Whose {
    phone: Option<String>,
}

impl Whose {
    fn account(&self, t: &Telegram) -> Result<i64, Complaint> {
        match &self.phone {
            Some(phone) => {
                t.user_with_phone(phone).ok_or_else(|| Complaint(format!("no account has the phone {phone}")))
            }
            None if t.accounts.len() > 1 => {
                Err(Complaint("there are several accounts: say whose `phone`".into()))
            }
            None => t.accounts.keys().next().copied().ok_or_else(|| Complaint("there is no account".into())),
        }
    }
}

async fn code(State(world): State<World>, Json(whose): Json<Whose>) -> Answer<String> {
    world.telegram(|t| {
        let phone = whose.account(t).map(|user| t.accounts[&user].phone.clone())?;
        let code = t.last_code(&phone);
        code.map(Json).ok_or_else(|| Complaint(format!("no code was sent to {phone}: begin a login first")))
    })
}

#[derive(Debug, Deserialize)]
struct Scanned {
    url: String,
    #[serde(flatten)]
    whose: Whose,
}

async fn scan(State(world): State<World>, Json(scanned): Json<Scanned>) -> Answer<&'static str> {
    world.telegram(|t| {
        let user = scanned.whose.account(t)?;
        let refused =
            |refusal: super::Refusal| Complaint(format!("the QR code is refused: {}", refusal.name));
        t.scan(&scanned.url, user).map_err(refused)?;
        Ok(Json("accepted"))
    })
}

/// A chat of the list.
#[derive(Debug, Serialize)]
struct Listed {
    id: i64,
    kind: &'static str,
    title: String,
    messages: usize,
    newest: i32,
}

async fn chats(State(world): State<World>, Json(whose): Json<Whose>) -> Answer<Vec<Listed>> {
    world.telegram(|t| {
        let owner = whose.account(t)?;
        let peers: Vec<Peer> = t.mailbox(owner).talks.keys().copied().collect();
        let listed = peers.into_iter().filter_map(|peer| {
            let history = t.history(owner, peer)?;
            let (kind, title) = name(t, peer);
            Some(Listed { id: peer.id(), kind, title, messages: history.len(), newest: history.top() })
        });
        Ok(Json(listed.collect()))
    })
}

fn name(t: &Telegram, peer: Peer) -> (&'static str, String) {
    match peer {
        Peer::User(id) => {
            let names = t.users.get(&id).map(|user| [user.first_name.as_deref(), user.last_name.as_deref()]);
            let names: Vec<&str> = names.into_iter().flatten().flatten().collect();
            ("user", names.join(" "))
        }
        Peer::Group(id) => {
            ("group", t.groups.get(&id).map(|group| group.chat.title.clone()).unwrap_or_default())
        }
        Peer::Channel(id) => {
            ("channel", t.channels.get(&id).map(|channel| channel.chat.title.clone()).unwrap_or_default())
        }
    }
}

/// A chat of an account's list.
#[derive(Debug, Deserialize)]
struct Which {
    chat: i64,
    #[serde(flatten)]
    whose: Whose,
}

impl Which {
    fn find(&self, t: &mut Telegram) -> Result<(i64, Peer), Complaint> {
        let owner = self.whose.account(t)?;
        let found = t.mailbox(owner).talks.keys().find(|peer| peer.id() == self.chat).copied();
        let missing = || Complaint(format!("no chat of the list has the id {}", self.chat));
        found.map(|peer| (owner, peer)).ok_or_else(missing)
    }
}

/// A message, as far as a person wants to see it.
#[derive(Debug, Serialize)]
struct Brief {
    id: i32,
    date: i32,
    text: String,
    /// The constructor of what happened, for service messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<&'static str>,
}

async fn messages(State(world): State<World>, Json(which): Json<Which>) -> Answer<Vec<Brief>> {
    world.telegram(|t| {
        let (owner, peer) = which.find(t)?;
        let history = t.history(owner, peer).ok_or_else(|| Complaint("the chat has no history".into()))?;
        let newest = history.ids_below(i32::MAX).take(MOST_MESSAGES);
        Ok(Json(newest.filter_map(|id| history.get(id)).map(|message| brief(&message)).collect()))
    })
}

fn brief(message: &tl::enums::Message) -> Brief {
    use tl::Serializable as _;
    let name = |bytes: Vec<u8>| tl::name_for_id(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let (action, media) = match message {
        tl::enums::Message::Service(service) => (Some(name(service.action.to_bytes())), None),
        tl::enums::Message::Message(said) => (None, said.media.as_ref().map(|media| name(media.to_bytes()))),
        tl::enums::Message::Empty(_) => (None, None),
    };
    Brief {
        id: message.id(),
        date: super::message::date_of(message),
        text: super::message::text_of(message).to_owned(),
        action,
        media,
    }
}

#[derive(Debug, Deserialize)]
struct Said {
    text: String,
    #[serde(flatten)]
    which: Which,
}

#[derive(Debug, Serialize)]
struct Sent {
    id: i32,
}

/// Somebody else in the chat says something.
async fn say(State(world): State<World>, Json(said): Json<Said>) -> Answer<Sent> {
    world.telegram(|t| {
        let (owner, peer) = said.which.find(t)?;
        let other = |members: &std::collections::BTreeMap<i64, super::Member>| {
            members.iter().find(|(id, member)| **id != owner && member.is_in()).map(|(id, _)| *id)
        };
        let spot = match peer {
            Peer::User(other) => t.say(Peer::User(owner), other, &said.text),
            Peer::Group(id) => {
                let from = t.groups.get(&id).and_then(|group| other(&group.members)).unwrap_or(owner);
                t.say(peer, from, &said.text)
            }
            Peer::Channel(id) => {
                let from = t.channels.get(&id).and_then(|channel| other(&channel.members)).unwrap_or(owner);
                t.say(peer, from, &said.text)
            }
        };
        Ok(Json(Sent { id: spot.id() }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::make;

    fn world() -> State<World> {
        State(make::world(&make::Recipe { everything: false, ..make::Recipe::default() }))
    }

    #[tokio::test]
    async fn code_is_that_of_the_login() {
        let world = world();
        let Complaint(why) = code(world.clone(), Json(Whose::default())).await.unwrap_err();
        assert!(why.contains("begin a login first"), "{why}");
        let stranger = Whose { phone: Some("+1".into()) };
        assert!(code(world.clone(), Json(stranger)).await.is_err());
        world.telegram(|t| t.send_code("34600000001", super::super::state::SentBy::Sms, None));
        let sent = world.telegram(|t| t.last_code("+34 600 000 001").unwrap());
        assert_eq!(code(world, Json(Whose::default())).await.unwrap().0, sent);
    }

    #[tokio::test]
    async fn chats_and_messages_are_listed() {
        let world = world();
        let listed = chats(world.clone(), Json(Whose::default())).await.unwrap().0;
        assert_eq!(listed.iter().map(|chat| chat.messages).sum::<usize>(), 1_000);
        for chat in listed {
            let which = Which { chat: chat.id, whose: Whose::default() };
            let all = messages(world.clone(), Json(which)).await.unwrap().0;
            assert_eq!((all.len(), all[0].id), (chat.messages, chat.newest));
        }
        let which = Which { chat: 3, whose: Whose::default() };
        assert!(messages(world, Json(which)).await.is_err());
    }

    #[tokio::test]
    async fn somebody_else_says_it() {
        let world = world();
        for chat in chats(world.clone(), Json(Whose::default())).await.unwrap().0 {
            let which = || Which { chat: chat.id, whose: Whose::default() };
            let sent =
                say(world.clone(), Json(Said { text: "Hello".into(), which: which() })).await.unwrap().0;
            let all = messages(world.clone(), Json(which())).await.unwrap().0;
            assert_eq!((all[0].id, all[0].text.as_str()), (sent.id, "Hello"), "{chat:?}");
        }
    }

    #[tokio::test]
    async fn foreign_links_are_refused() {
        let scanned = Scanned { url: "https://example.org".into(), whose: Whose::default() };
        let Complaint(why) = scan(world(), Json(scanned)).await.unwrap_err();
        assert_eq!(why, "the QR code is refused: AUTH_TOKEN_INVALID");
    }
}
