use std::sync::Arc;

use tokio::sync::watch;

use super::{
    ledger::Ledger,
    player::{Inbox, Window},
};
use crate::{config::PlayerSection, event::Bus, state::State};

/// What jobs, the page and clients share while the daemon runs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Music {
    pub ledger: Ledger,
    pub inbox: Inbox,
    pub window: Window,
    rules: Arc<watch::Sender<Arc<PlayerSection>>>,
}

impl Music {
    pub fn new(state: State, bus: Bus, rules: PlayerSection) -> Self {
        Self {
            ledger: Ledger::new(state),
            inbox: Inbox::default(),
            window: Window::new(bus),
            rules: Arc::new(watch::Sender::new(Arc::new(rules))),
        }
    }

    /// From now on, for a player that runs too.
    pub fn configure(&self, rules: &PlayerSection) {
        self.rules.send_if_modified(|in_force| {
            let has_changed = **in_force != *rules;
            if has_changed {
                *in_force = Arc::new(rules.clone());
            }
            has_changed
        });
    }

    pub fn rules(&self) -> watch::Receiver<Arc<PlayerSection>> {
        self.rules.subscribe()
    }
}
