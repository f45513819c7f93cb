//! The message: sent once, then edited; pinned once; gone when there is nothing to say any more.

use super::{
    NoticeRules, NowPlaying, NowPlayingError, Order, WhenDeleted,
    memory::Memory,
    scene::Scene,
    template::LONGEST_MESSAGE,
    work::{Done, Next},
};
use crate::{
    model::{LinkedText, PeerId},
    state::NoticeRecord,
    telegram::{
        Error,
        notice::{Edited, Notices},
        read::{FindError, find_chats},
        upload::SendError,
    },
};

/// Saved Messages, in the configuration.
const ME: &str = "me";

/// The job's message, as it is handled for one step.
struct Keeper<'a> {
    of: &'a NowPlaying,
    notices: Notices,
    memory: &'a mut Memory,
}

/// Does the next thing, if there is one and it is time.
pub(super) async fn step(
    of: &NowPlaying,
    order: &Order<NoticeRules>,
    scene: &Scene,
    memory: &mut Memory,
) -> Result<Next, NowPlayingError> {
    let rules = match order {
        Order::Leave => return Ok(Next::Nothing),
        Order::TakeBack => None,
        Order::Keep(rules) => Some(rules),
    };
    let notices = Notices::new(of.client.clone(), of.state.clone(), of.clock.clone());
    let record = of.state.notices.get(of.account.as_str(), &of.job)?;
    let mut keeper = Keeper { of, notices, memory };
    let said = rules.and_then(|rules| {
        let (template, words) = scene.said(&rules.text, rules.idle.as_ref())?;
        Some((rules, template.render(words, LONGEST_MESSAGE)?))
    });
    let Some(record) = record else {
        return match said {
            Some((rules, text)) if scene.is_playing() => keeper.begin(rules, text).await,
            _ => Ok(Next::Nothing),
        };
    };
    if rules.is_none_or(|rules| rules.chat != record.chat_name) {
        return keeper.end(record).await;
    }
    if let (Some(text), Some(rules)) = (record.sending.clone(), rules) {
        return keeper.send(record, text, rules).await;
    }
    let Some((rules, text)) = said else {
        let is_left = record.is_deleted && rules.is_some_and(|it| it.when_deleted == WhenDeleted::Leave);
        // What somebody did not want is remembered, but for the end of it all.
        return if is_left && *scene != Scene::Nothing {
            Ok(Next::Nothing)
        } else {
            keeper.end(record).await
        };
    };
    keeper.keep(record, rules, text, scene.is_playing()).await
}

impl Keeper<'_> {
    async fn begin(&mut self, rules: &NoticeRules, text: LinkedText) -> Result<Next, NowPlayingError> {
        let chat = self.find(&rules.chat).await?;
        let record = NoticeRecord {
            account: self.of.account.to_string(),
            job: self.of.job.clone(),
            chat_name: rules.chat.clone(),
            chat,
            sends: 0,
            sending: None,
            message: None,
            says: None,
            is_to_be_pinned: false,
            is_deleted: false,
            changed: None,
        };
        self.send_new(record, text, rules).await
    }

    async fn find(&self, name: &str) -> Result<PeerId, NowPlayingError> {
        if name == ME {
            return self.notices.own_chat().map_err(NowPlayingError::Notice);
        }
        let found = find_chats(&self.of.client, &[name.to_owned()]).await?.pop();
        let missing = || FindError::Missing { names: format!("`{name}`") };
        Ok(found.ok_or_else(missing)?.id)
    }

    async fn send_new(
        &mut self,
        mut record: NoticeRecord,
        text: LinkedText,
        rules: &NoticeRules,
    ) -> Result<Next, NowPlayingError> {
        if let Some(due) = self.due(&record, rules) {
            return Ok(due);
        }
        record.sends += 1;
        record.sending = Some(text.clone());
        record.changed = Some(self.of.clock.now());
        self.of.state.notices.put(&record)?;
        // Nothing is sent before this is on the disk.
        self.of.state.flushed().await?;
        self.memory.notice_changed = record.changed;
        self.send(record, text, rules).await
    }

    /// Also of a message that a crash has left open: it is sent as it was meant to be, under its number, and
    /// changed afterwards.
    async fn send(
        &mut self,
        mut record: NoticeRecord,
        text: LinkedText,
        rules: &NoticeRules,
    ) -> Result<Next, NowPlayingError> {
        let intent = record.intent();
        let next = match self.notices.send(&intent, record.chat, &text, rules.preview).await {
            Ok(message) => {
                (record.message, record.says) = (Some(message), Some(text));
                (record.is_to_be_pinned, record.is_deleted) = (rules.pin, false);
                Next::Did(Done::Sent)
            }
            Err(SendError::Vanished { .. }) => {
                record.is_deleted = true;
                Next::Again
            }
            Err(error @ SendError::Telegram { source: Error::Rpc { .. }, .. }) if !error.is_temporary() => {
                self.notices.forget(&intent)?;
                record.sending = None;
                self.of.state.notices.put(&record)?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        };
        record.sending = None;
        self.of.state.notices.put(&record)?;
        self.of.state.flushed().await?;
        self.notices.forget(&intent)?;
        Ok(next)
    }

    async fn keep(
        &mut self,
        mut record: NoticeRecord,
        rules: &NoticeRules,
        text: LinkedText,
        is_playing: bool,
    ) -> Result<Next, NowPlayingError> {
        let Some(message) = record.message else {
            let is_left = record.is_deleted && rules.when_deleted == WhenDeleted::Leave;
            let may_send = is_playing && !is_left;
            return if may_send { self.send_new(record, text, rules).await } else { Ok(Next::Nothing) };
        };
        if record.is_to_be_pinned {
            return self.pin(record).await;
        }
        if record.says.as_ref() == Some(&text) {
            return Ok(Next::Nothing);
        }
        if let Some(due) = self.due(&record, rules) {
            return Ok(due);
        }
        let edited = self.notices.edit(record.chat, message, &text, rules.preview).await;
        let next = match edited.map_err(NowPlayingError::Notice)? {
            Edited::Done => {
                record.says = Some(text);
                record.changed = Some(self.of.clock.now());
                self.memory.notice_changed = record.changed;
                Next::Did(Done::Edited)
            }
            Edited::Gone => {
                tracing::info!(job = self.of.job, "Somebody deleted the message that says what plays");
                (record.message, record.says, record.is_deleted) = (None, None, true);
                Next::Again
            }
            Edited::TooOld => {
                self.notices.delete(record.chat, message).await.map_err(NowPlayingError::Notice)?;
                (record.message, record.says) = (None, None);
                Next::Did(Done::Deleted)
            }
        };
        self.of.state.notices.put(&record)?;
        Ok(next)
    }

    /// Once. Where we may not, it stays as it is.
    async fn pin(&mut self, mut record: NoticeRecord) -> Result<Next, NowPlayingError> {
        let Some(message) = record.message else { return Ok(Next::Again) };
        let is_pinned = match self.notices.pin(record.chat, message).await {
            Ok(is_pinned) => is_pinned,
            Err(error @ Error::Rpc { .. }) if !error.is_temporary() => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(job = self.of.job, error, "The message that says what plays is not pinned");
                false
            }
            Err(error) => return Err(NowPlayingError::Notice(error)),
        };
        record.is_to_be_pinned = false;
        self.of.state.notices.put(&record)?;
        Ok(if is_pinned { Next::Did(Done::Pinned) } else { Next::Again })
    }

    /// The message goes, and what was known of it.
    async fn end(&mut self, mut record: NoticeRecord) -> Result<Next, NowPlayingError> {
        if let Some(text) = &record.sending {
            // It may be there all the same: under its number it is sent once, and known then.
            let sent = self.notices.send(&record.intent(), record.chat, text, false).await;
            match sent {
                Ok(message) => record.message = Some(message),
                Err(SendError::Telegram { source, .. }) if source.is_temporary() => {
                    return Err(NowPlayingError::Notice(source));
                }
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "There is no message to delete")
                }
            }
        }
        let mut was_there = false;
        if let Some(message) = record.message {
            was_there = match self.notices.delete(record.chat, message).await {
                Ok(()) => true,
                // Nobody can do it then: we may have been sent out of the chat.
                Err(error @ (Error::Rpc { .. } | Error::UnknownPeer { .. })) if !error.is_temporary() => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(job = self.of.job, error, "The message that said what plays stays");
                    false
                }
                Err(error) => return Err(NowPlayingError::Notice(error)),
            };
        }
        self.notices.forget(&record.intent())?;
        self.of.state.notices.remove(&record.account, &record.job)?;
        self.memory.notice_changed = record.changed.max(self.memory.notice_changed);
        Ok(if was_there { Next::Did(Done::Deleted) } else { Next::Again })
    }

    fn due(&self, record: &NoticeRecord, rules: &NoticeRules) -> Option<Next> {
        let changed = record.changed.max(self.memory.notice_changed);
        Next::not_before(changed, rules.min_interval, self.of.clock.now())
    }
}
