use grammers_tl_types::{
    enums::{Chat, ForumTopic, InputPeer, Message, User, messages::ForumTopics as Answer},
    functions::messages::GetForumTopics,
    types,
};

use crate::telegram::{Client, Error};

const PAGE: i32 = 100;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPage {
    pub topics: Vec<ForumTopic>,
    pub messages: Vec<Message>,
    pub chats: Vec<Chat>,
    pub users: Vec<User>,
    pub total: i32,
}

/// Reads the topics of a forum page by page.
#[derive(Debug)]
pub struct Topics {
    client: Client,
    next: GetForumTopics,
    is_over: bool,
}

impl Topics {
    pub fn new(client: &Client, peer: InputPeer) -> Self {
        let next =
            GetForumTopics { peer, q: None, offset_date: 0, offset_id: 0, offset_topic: 0, limit: PAGE };
        Self { client: client.clone(), next, is_over: false }
    }

    /// `None` at the end.
    pub async fn next_page(&mut self) -> Result<Option<TopicPage>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let Answer::Topics(answer) = self.client.invoke(&self.next).await?;
        let types::messages::ForumTopics { count, topics, messages, chats, users, .. } = answer;
        let page = TopicPage { topics, messages, chats, users, total: count };
        self.client.learn(&page.users, &page.chats).await?;
        self.is_over = !self.move_behind(&page);
        Ok((!page.topics.is_empty()).then_some(page))
    }

    /// Says whether there may be more.
    fn move_behind(&mut self, page: &TopicPage) -> bool {
        let last = page.topics.iter().rev().find_map(|topic| match topic {
            ForumTopic::Topic(topic) => Some(topic),
            ForumTopic::Deleted(_) => None,
        });
        let Some(last) = last else { return false };
        let newest = page.messages.iter().find(|message| message.id() == last.top_message);
        let date = newest.and_then(|message| match message {
            Message::Message(message) => Some(message.date),
            Message::Service(message) => Some(message.date),
            Message::Empty(_) => None,
        });
        let is_same = self.next.offset_topic == last.id;
        self.next.offset_topic = last.id;
        self.next.offset_id = last.top_message;
        self.next.offset_date = date.unwrap_or(last.date);
        !is_same && i32::try_from(page.topics.len()).is_ok_and(|length| length < page.total)
    }
}
