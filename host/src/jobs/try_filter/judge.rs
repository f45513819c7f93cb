//! Filters in their order: what one drops, the next does not see; what one redacts, the next sees
//! redacted.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use crate::{
    model::{Chat, FilterUse, Message, OnError, PluginName},
    plugin_host::{Decision, FilterHandle, Names, PluginError, Plugins, Verdict, redact, settle},
};

/// So many verdicts of each filter are logged: enough to see what it is about.
const EXAMPLES: u64 = 5;

pub(super) struct Judges {
    filters: Vec<Judge>,
}

struct Judge {
    handle: FilterHandle,
    on_error: OnError,
    /// Whether the chat at hand is of interest to it.
    is_wanted: bool,
    figures: Judged,
}

/// What one filter made of what it saw.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Judged {
    pub(super) judged: u64,
    pub(super) dropped: u64,
    pub(super) redacted: u64,
    /// In batches on which it failed.
    pub(super) failed: u64,
}

#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) dropped: u64,
    /// And not dropped later.
    pub(super) redacted: u64,
}

impl Judges {
    pub(super) fn new(plugins: &Plugins, filters: &[FilterUse]) -> Self {
        let judge = |filter: &FilterUse| Judge {
            handle: plugins.filter(&filter.plugin),
            on_error: filter.on_error.unwrap_or_else(|| plugins.on_error(&filter.plugin)),
            is_wanted: true,
            figures: Judged::default(),
        };
        Self { filters: filters.iter().map(judge).collect() }
    }

    /// Asks each whether it wants to see this chat at all.
    pub(super) async fn begin(&mut self, chat: &Chat) -> Result<(), PluginError> {
        for filter in &mut self.filters {
            filter.is_wanted = match (filter.handle.selects(chat.clone()).await, filter.on_error) {
                (Ok(is_wanted), _) => is_wanted,
                (Err(error), OnError::FailRun) => return Err(error),
                // It is asked again with the messages, where this says what that means.
                (Err(_), OnError::Keep | OnError::Drop) => true,
            };
        }
        Ok(())
    }

    /// Messages of the chat that was begun with.
    pub(super) async fn judge(
        &mut self,
        messages: Vec<Message>,
        names: Arc<Names>,
    ) -> Result<Outcome, PluginError> {
        let mut outcome = Outcome::default();
        let mut left: Vec<(Message, bool)> = messages.into_iter().map(|message| (message, false)).collect();
        for filter in &mut self.filters {
            if !filter.is_wanted || left.is_empty() {
                continue;
            }
            let batch: Arc<[Message]> = left.iter().map(|(message, _)| message.clone()).collect();
            let count = batch.len();
            let judged = filter.handle.judge(batch, Some(names.clone())).await;
            filter.figures.judged += count as u64;
            if let Err(error) = &judged {
                filter.figures.failed += count as u64;
                if filter.on_error != OnError::FailRun {
                    tracing::warn!(plugin.name = %filter.handle.name(), messages = count, "{error}");
                }
            }
            let decisions = settle(judged, count, filter.on_error)?;
            left = filter.carry_out(decisions, left, &mut outcome);
        }
        outcome.redacted = left.iter().filter(|(_, is_redacted)| *is_redacted).count() as u64;
        Ok(outcome)
    }

    pub(super) fn figures(&self) -> BTreeMap<PluginName, Judged> {
        let each = self.filters.iter().map(|filter| (filter.handle.name().clone(), filter.figures.clone()));
        each.collect()
    }
}

impl Judge {
    /// Gives back what is left for the next one.
    fn carry_out(
        &mut self,
        decisions: Vec<Decision>,
        mut messages: Vec<(Message, bool)>,
        outcome: &mut Outcome,
    ) -> Vec<(Message, bool)> {
        let mut is_dropped = vec![false; messages.len()];
        for Decision { index, verdict, reason } in decisions {
            let (message, is_redacted) = &mut messages[index];
            let (figure, would) = match verdict {
                Verdict::Drop => {
                    is_dropped[index] = true;
                    outcome.dropped += 1;
                    (&mut self.figures.dropped, "be dropped")
                }
                Verdict::Redact(cuts) => {
                    redact(message, &cuts);
                    *is_redacted = true;
                    (&mut self.figures.redacted, "be redacted")
                }
            };
            *figure += 1;
            if *figure <= EXAMPLES {
                let (chat, id) = (message.chat, message.id);
                tracing::info!(chat.id = chat.0, message.id = id.0, plugin.name = %self.handle.name(), reason, "Would {would}");
            }
        }
        let mut is_dropped = is_dropped.into_iter();
        messages.retain(|_| !is_dropped.next().expect("one for each"));
        messages
    }
}
