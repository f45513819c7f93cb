//! Asks again for messages that could not be read, because somebody wants to know.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::PoisonOfChat;
use crate::{
    archive::{Poison, Source, Write},
    capture::{Capture, CaptureError, Tell, access::is_out_of_reach, intake::Intake},
    model::{MessageId, PeerId},
};

/// As many as Telegram takes in one call.
const CHUNK: usize = 100;

/// All that could not be read of an account, or of one chat, or one message.
#[derive(Debug)]
pub struct RetryPoison {
    pub capture: Capture,
    pub chat: Option<PeerId>,
    pub id: Option<MessageId>,
    pub tell: Tell,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Retried {
    /// Messages that were asked for again.
    pub asked: u64,
    /// Of these, messages that could be read now, or that Telegram has no more.
    pub healed: u64,
    /// Still listed, with the reason of now.
    pub unreadable: u64,
    /// In chats that the account may not read any more.
    pub out_of_reach: u64,
}

impl fmt::Display for Retried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, healed, unreadable, out_of_reach } = self;
        write!(f, "{asked} messages asked for again: {healed} are well, {unreadable} still cannot be read")?;
        if *out_of_reach > 0 {
            write!(f, "; {out_of_reach} are out of reach")?;
        }
        Ok(())
    }
}

impl RetryPoison {
    /// What was done, however it ended.
    pub async fn run(&self) -> (Retried, Result<(), CaptureError>) {
        let mut done = Retried::default();
        let ended = self.retry(&mut done).await;
        (done, ended)
    }

    async fn retry(&self, done: &mut Retried) -> Result<(), CaptureError> {
        let Capture { store, account, .. } = &self.capture;
        let mut by_chat: BTreeMap<PeerId, Vec<Poison>> = BTreeMap::new();
        for (_, poison) in store.poison(Some(account.clone()), self.chat).await? {
            if self.id.is_none_or(|id| id == poison.id) {
                by_chat.entry(poison.chat).or_default().push(poison);
            }
        }
        let mut intake = Intake::new(&self.capture)?;
        for (chat, known) in by_chat {
            let count = known.len() as u64;
            done.asked += count;
            match self.capture.retry_poison(&self.tell, &mut intake, chat, known).await {
                Ok(healed) => {
                    done.healed += healed;
                    done.unreadable += count.saturating_sub(healed);
                }
                Err(CaptureError::Telegram(error)) if is_out_of_reach(&error) => done.out_of_reach += count,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Capture {
    /// Says how many are well now.
    pub(in crate::capture) async fn retry_poison(
        &self,
        tell: &Tell,
        intake: &mut Intake,
        chat: PeerId,
        known: Vec<Poison>,
    ) -> Result<u64, CaptureError> {
        if known.is_empty() {
            return Ok(0);
        }
        if let Some(stored) = self.store.chat(self.key(chat)).await? {
            intake.begin(&stored.chat).await?;
        }
        let ids: Vec<MessageId> = known.iter().map(|poison| poison.id).collect();
        let mut poison = PoisonOfChat::new(known);
        let mut healed = 0;
        for ids in ids.chunks(CHUNK) {
            let asked = poison.ask_again(self, intake, chat, ids);
            let writes = tell.unless_stopped(asked).await??;
            healed += writes.iter().filter(|write| matches!(write, Write::Healed { .. })).count() as u64;
            self.write(Source::Recheck, writes).await?;
        }
        Ok(healed)
    }
}
