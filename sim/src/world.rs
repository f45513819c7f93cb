use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::{hooks::Hooks, spotify::Spotify, telegram::Telegram, youtube::YouTube};

/// The state of everything outside. Cheap to clone; all clones are one world.
#[derive(Clone, Debug, Default)]
pub struct World {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    /// Counts changes made from outside the test, so that a test can wait for one.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    hooks: Hooks,
    telegram: Telegram,
    spotify: Spotify,
    youtube: YouTube,
}

/// What happened although nobody expected it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct Unexpected(pub Vec<String>);

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the simulated world saw what nobody expected: {}", self.0.join("; "))
    }
}

impl World {
    /// Reads or changes what the hook receiver knows.
    pub fn hooks<T>(&self, look: impl FnOnce(&mut Hooks) -> T) -> T {
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut state.hooks)
    }

    /// Reads or changes the simulated Telegram.
    pub fn telegram<T>(&self, look: impl FnOnce(&mut Telegram) -> T) -> T {
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut state.telegram)
    }

    /// Reads or changes the simulated Spotify.
    pub fn spotify<T>(&self, look: impl FnOnce(&mut Spotify) -> T) -> T {
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut state.spotify)
    }

    /// Reads or changes the simulated YouTube Music.
    pub fn youtube<T>(&self, look: impl FnOnce(&mut YouTube) -> T) -> T {
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut state.youtube)
    }

    /// Tells everybody who waits that a service has changed something.
    pub(crate) fn has_changed(&self) {
        self.inner.changes.send_modify(|count| *count += 1);
    }

    /// Waits until the receiver's state satisfies the claim.
    pub async fn wait_for_hooks(&self, claim: impl Fn(&Hooks) -> bool) {
        self.wait_until(|| self.hooks(|hooks| claim(hooks))).await;
    }

    /// Waits until the simulated Telegram satisfies the claim.
    pub async fn wait_for_telegram(&self, claim: impl Fn(&Telegram) -> bool) {
        self.wait_until(|| self.telegram(|telegram| claim(telegram))).await;
    }

    /// Waits until the simulated Spotify satisfies the claim.
    pub async fn wait_for_spotify(&self, claim: impl Fn(&Spotify) -> bool) {
        self.wait_until(|| self.spotify(|spotify| claim(spotify))).await;
    }

    /// Waits until the simulated YouTube Music satisfies the claim.
    pub async fn wait_for_youtube(&self, claim: impl Fn(&YouTube) -> bool) {
        self.wait_until(|| self.youtube(|youtube| claim(youtube))).await;
    }

    async fn wait_until(&self, is_so: impl Fn() -> bool) {
        let mut changes = self.inner.changes.subscribe();
        loop {
            changes.borrow_and_update();
            if is_so() {
                return;
            }
            // The sender lives in the world that we borrow: it cannot be gone.
            let _ = changes.changed().await;
        }
    }

    /// The end of every test: fails when something happened that nobody expected.
    pub fn finish(&self) -> Result<(), Unexpected> {
        let mut unexpected = self.hooks(|hooks| hooks.unexpected());
        unexpected.extend(self.telegram(|telegram| telegram.unexpected()));
        unexpected.extend(self.spotify(|spotify| spotify.unexpected()));
        unexpected.extend(self.youtube(|youtube| youtube.unexpected()));
        if unexpected.is_empty() { Ok(()) } else { Err(Unexpected(unexpected)) }
    }
}
