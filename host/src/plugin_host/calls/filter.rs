//! Filters: which chats are of interest to one, and what it makes of messages.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{
    Crew, Decision, Names,
    extra::Material,
    seat::{Idle, Seat},
};
use crate::{
    model::{Chat, Message, PluginName},
    plugin_host::{
        PluginError, Plugins,
        bounded::is_spent,
        registry::{Loaded, is_its_own_fault},
    },
};

/// More in one call would gain nothing.
const MOST_MESSAGES: usize = 1_000;

/// A filter by name. Cheap to clone. Each call runs the code that is current when it begins.
#[derive(Clone, Debug)]
pub struct FilterHandle {
    plugins: Plugins,
    name: PluginName,
    crew: Crew,
    cancel: CancellationToken,
}

impl FilterHandle {
    pub(crate) fn new(plugins: Plugins, name: PluginName, crew: Crew) -> Self {
        Self { plugins, name, crew, cancel: CancellationToken::new() }
    }

    /// Its calls on threads that are there for it end with this token, and answer when they have ended.
    pub fn cancelled_by(self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self }
    }

    pub fn name(&self) -> &PluginName {
        &self.name
    }

    /// Judges messages on threads that are there for it. What has no decision is kept. Who drops the future
    /// ends the call too.
    pub async fn judge(
        &self,
        messages: Arc<[Message]>,
        names: Option<Arc<Names>>,
    ) -> Result<Vec<Decision>, PluginError> {
        self.on_crew(move |this, cancel| this.judge_until(&messages, names.as_deref(), Some(cancel))).await
    }

    /// The same on this thread, which must be none of the runtime's: it is busy until the plugin
    /// has answered.
    pub fn judge_here(
        &self,
        messages: &[Message],
        names: Option<&Names>,
    ) -> Result<Vec<Decision>, PluginError> {
        self.judge_until(messages, names, None)
    }

    /// An instance by itself with its settings, as a call starts one when none waits. It goes with the answer: this is
    /// for measuring.
    pub fn start_here(&self) -> Result<impl Sized + use<>, PluginError> {
        let loaded = self.plugins.current(&self.name)?;
        Seat::start(&loaded)
    }

    fn judge_until(
        &self,
        messages: &[Message],
        names: Option<&Names>,
        cancel: Option<&CancellationToken>,
    ) -> Result<Vec<Decision>, PluginError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let mut decisions = Vec::new();
        self.with_seat(|loaded, seat| {
            for (number, part) in messages.chunks(MOST_MESSAGES).enumerate() {
                let material = Material { names, ..Material::of(part) };
                let first = number * MOST_MESSAGES;
                let judged = seat.judge(loaded, &material, cancel)?;
                decisions.extend(judged.into_iter().map(|it| Decision { index: first + it.index, ..it }));
            }
            Ok(())
        })?;
        Ok(decisions)
    }

    /// Whether the messages of this chat should be judged; those of others are kept.
    pub async fn selects(&self, chat: Chat) -> Result<bool, PluginError> {
        self.on_crew(move |this, cancel| {
            this.with_seat(|loaded, seat| seat.selects(loaded, &chat, cancel.clone()))
        })
        .await
    }

    async fn on_crew<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &CancellationToken) -> Result<T, PluginError> + Send + 'static,
    ) -> Result<T, PluginError> {
        let lane = self.plugins.open_lane(&self.name)?;
        let (this, own) = (self.clone(), lane.clone());
        let cancel = self.cancel.child_token();
        let _until_dropped = cancel.clone().drop_guard();
        let work = move || {
            let result = work(&this, &cancel);
            own.keep_behind(result.as_ref().is_err_and(|error| is_its_own_fault(&error.failure)));
            result
        };
        self.crew.run(&lane, work).await
    }

    fn with_seat<T>(
        &self,
        work: impl FnOnce(&Loaded, &mut Seat) -> Result<T, PluginError>,
    ) -> Result<T, PluginError> {
        let loaded = self.plugins.current(&self.name)?;
        let idle: &Idle = &loaded.idle;
        let mut seat = idle.take(&loaded)?;
        let result = work(&loaded, &mut seat);
        if !result.as_ref().is_err_and(is_spent) {
            idle.put_back(seat);
        }
        result
    }
}
