use std::sync::Arc;

use tokio::sync::watch;

use super::{Inbox, Window};
use crate::{config::PlayerSection, event::Bus};

/// What the player shares with the page and with scrobblers, also while no player runs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Players {
    pub inbox: Inbox,
    pub window: Window,
    rules: Arc<watch::Sender<Arc<PlayerSection>>>,
}

impl Players {
    pub fn new(bus: Bus, rules: PlayerSection) -> Self {
        let rules = Arc::new(watch::Sender::new(Arc::new(rules)));
        Self { inbox: Inbox::default(), window: Window::new(bus), rules }
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
