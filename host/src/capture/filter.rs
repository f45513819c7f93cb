//! Filters in their order: what one drops, the next does not see; what one redacts, the next sees redacted.

use std::sync::Arc;

use super::CaptureError;
use crate::{
    model::{Chat, FilterUse, Message, MessageId, OnError},
    plugin_host::{Decision, FilterHandle, Names, Plugins, Verdict, redact, settle},
};

/// All filters of an account.
#[derive(Debug, Default)]
pub(super) struct Filters {
    filters: Vec<Filter>,
}

#[derive(Debug)]
struct Filter {
    handle: FilterHandle,
    on_error: OnError,
    /// Whether the chat at hand is of interest to it.
    is_wanted: bool,
}

/// What they made of messages.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) kept: Vec<Message>,
    /// And why.
    pub(super) dropped: Vec<(MessageId, String)>,
}

impl Filters {
    pub(super) fn new(plugins: Option<&Plugins>, uses: &[FilterUse]) -> Result<Self, CaptureError> {
        if uses.is_empty() {
            return Ok(Self::default());
        }
        let plugins = plugins
            .ok_or_else(|| CaptureError::Setting("`capture.filters` needs a daemon's plugins".to_owned()))?;
        let filter = |FilterUse { plugin, on_error }: &FilterUse| Filter {
            handle: plugins.filter(plugin),
            on_error: on_error.unwrap_or_else(|| plugins.on_error(plugin)),
            is_wanted: true,
        };
        Ok(Self { filters: uses.iter().map(filter).collect() })
    }

    /// Asks each whether it wants to see this chat at all.
    pub(super) async fn begin(&mut self, chat: &Chat) -> Result<(), CaptureError> {
        for filter in &mut self.filters {
            filter.is_wanted = match (filter.handle.selects(chat.clone()).await, filter.on_error) {
                (Ok(is_wanted), _) => is_wanted,
                (Err(error), OnError::FailRun) => return Err(error.into()),
                // It is asked again with the messages, where this says what that means.
                (Err(_), OnError::Keep | OnError::Drop) => true,
            };
        }
        Ok(())
    }

    /// Messages of the chat that was begun with.
    pub(super) async fn judge(&self, messages: Vec<Message>, names: &Names) -> Result<Judged, CaptureError> {
        let mut judged = Judged { kept: messages, dropped: Vec::new() };
        for filter in self.filters.iter().filter(|filter| filter.is_wanted) {
            if judged.kept.is_empty() {
                break;
            }
            let batch: Arc<[Message]> = judged.kept.iter().cloned().collect();
            let count = batch.len();
            let answer = filter.handle.judge(batch, Some(Arc::new(names.clone()))).await;
            if let Err(error) = &answer
                && filter.on_error != OnError::FailRun
            {
                tracing::warn!(plugin.name = %filter.handle.name(), messages = count, %error, "A filter has failed on messages");
            }
            filter.carry_out(settle(answer, count, filter.on_error)?, &mut judged);
        }
        Ok(judged)
    }
}

impl Filter {
    fn carry_out(&self, decisions: Vec<Decision>, judged: &mut Judged) {
        let mut is_dropped = vec![false; judged.kept.len()];
        for Decision { index, verdict, .. } in decisions {
            match verdict {
                Verdict::Drop => {
                    is_dropped[index] = true;
                    judged.dropped.push((judged.kept[index].id, format!("filter {}", self.handle.name())));
                }
                Verdict::Redact(cuts) => redact(&mut judged.kept[index], &cuts),
            }
        }
        let mut is_dropped = is_dropped.into_iter();
        judged.kept.retain(|_| !is_dropped.next().unwrap_or(false));
    }
}
