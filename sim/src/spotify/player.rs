use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde_json::{Value, json};

use super::item::{Item, Tells};

/// What happens to a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// These, from now on, the first one at once.
    Play(Vec<Item>),
    /// After what plays now.
    Next(Item),
    Pause,
    Resume,
    Skip,
    Seek(Duration),
    /// The device is gone: nothing is known any more.
    Stop,
    /// Another device goes on, after a while in which nothing is known.
    HandOver {
        to: String,
        gap: Duration,
    },
    Private(bool),
    Market(String),
    Repeat(Repeat),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    #[default]
    Off,
    One,
    All,
}

#[derive(Clone, Debug)]
struct Current {
    item: Item,
    /// How far it was at `since`.
    progress: Duration,
    since: Duration,
    is_playing: bool,
}

/// One listener's player: what plays is a function of time, and of a script.
#[derive(Clone, Debug)]
pub struct Player {
    pub device: String,
    pub is_private: bool,
    /// Where the listener is.
    pub market: String,
    /// How long a paused player is remembered.
    pub forget_after: Duration,
    repeat: Repeat,
    current: Option<Current>,
    queue: VecDeque<Item>,
    script: BTreeMap<(Duration, usize), Action>,
    scripted: usize,
    /// Nothing is known before.
    silent_until: Duration,
    settled: Duration,
    /// What has begun, and when: the truth that tests compare with.
    history: Vec<(Duration, Item)>,
}

impl Default for Player {
    fn default() -> Self {
        Self {
            device: "Kitchen".into(),
            is_private: false,
            market: "ES".into(),
            forget_after: Duration::from_secs(600),
            repeat: Repeat::Off,
            current: None,
            queue: VecDeque::new(),
            script: BTreeMap::new(),
            scripted: 0,
            silent_until: Duration::ZERO,
            settled: Duration::ZERO,
            history: Vec::new(),
        }
    }
}

impl Player {
    /// Lets something happen at a time of the world.
    pub(super) fn at(&mut self, at: Duration, action: Action) {
        self.scripted += 1;
        self.script.insert((at, self.scripted), action);
    }

    /// What has begun until now, and when.
    pub fn history(&self) -> &[(Duration, Item)] {
        &self.history
    }

    /// What plays now, how far it is, and whether it goes on.
    pub fn current(&self) -> Option<(&Item, Duration, bool)> {
        let current = self.current.as_ref().filter(|_| self.settled >= self.silent_until)?;
        Some((&current.item, current.progress_at(self.settled), current.is_playing))
    }

    /// Lets everything happen that happens until `now`.
    pub(super) fn settle(&mut self, now: Duration) {
        loop {
            let scripted = self.script.keys().next().map(|(at, _)| *at);
            let ends = self.current.as_ref().and_then(Current::ends);
            let next = scripted.into_iter().chain(ends).min().filter(|at| *at <= now);
            let Some(at) = next else { break };
            self.settled = self.settled.max(at);
            if scripted == Some(at) {
                if let Some((_, action)) = self.script.pop_first() {
                    self.act(self.settled, action);
                }
            } else {
                self.next(at, false);
            }
        }
        self.settled = self.settled.max(now);
        let is_forgotten = |current: &mut Current| {
            !current.is_playing && now.saturating_sub(current.since) >= self.forget_after
        };
        self.current.take_if(is_forgotten);
    }

    pub(super) fn act(&mut self, now: Duration, action: Action) {
        match action {
            Action::Play(items) => {
                self.queue = items.into();
                self.next(now, true);
            }
            Action::Next(item) => self.queue.push_front(item),
            Action::Pause => self.change(now, |current| current.is_playing = false),
            Action::Resume => self.change(now, |current| current.is_playing = true),
            Action::Skip => self.next(now, true),
            Action::Seek(to) => {
                self.change(now, |current| current.progress = to.min(current.item.duration()))
            }
            Action::Stop => self.current = None,
            Action::HandOver { to, gap } => {
                self.device = to;
                self.silent_until = now + gap;
            }
            Action::Private(is_private) => self.is_private = is_private,
            Action::Market(market) => self.market = market,
            Action::Repeat(repeat) => self.repeat = repeat,
        }
    }

    fn change(&mut self, now: Duration, change: impl FnOnce(&mut Current)) {
        if let Some(current) = &mut self.current {
            current.progress = current.progress_at(now);
            current.since = now;
            change(current);
        }
    }

    fn next(&mut self, now: Duration, is_asked_for: bool) {
        let last = self.current.take();
        let again = match (&last, self.repeat) {
            (Some(last), Repeat::One) if !is_asked_for => Some(last.item.clone()),
            (Some(last), Repeat::All) => {
                self.queue.push_back(last.item.clone());
                None
            }
            _ => None,
        };
        match again.or_else(|| self.queue.pop_front()) {
            Some(item) => {
                self.history.push((now, item.clone()));
                self.current = Some(Current { item, progress: Duration::ZERO, since: now, is_playing: true });
            }
            // At the end of the list, the last one stands at its beginning.
            None => {
                self.current = last.map(|last| Current {
                    progress: Duration::ZERO,
                    since: now,
                    is_playing: false,
                    ..last
                });
            }
        }
    }

    /// `None`: no content.
    pub(super) fn to_json(&self, tells: Tells, is_full: bool, unix_ms: u64) -> Option<Value> {
        let (item, progress, is_playing) = self.current()?;
        let disallows = if is_playing { json!({ "resuming": true }) } else { json!({ "pausing": true }) };
        let is_known = !matches!(item, Item::Ad(_) | Item::Unknown(_));
        let mut answer = json!({
            "timestamp": unix_ms, "context": null,
            "progress_ms": u64::try_from(progress.as_millis()).unwrap_or(u64::MAX),
            "item": if is_known { item.to_json(&self.market, tells) } else { Value::Null },
            "currently_playing_type": item.kind(), "actions": { "disallows": disallows }, "is_playing": is_playing,
            // Of tomorrow.
            "smart_shuffle": false, "a_field_that_nobody_knows": { "yet": [1, null] },
        });
        if is_full {
            answer["device"] = json!({
                "id": "0d1841b0976bae2a3a310dd74c0f3df354899bc8", "is_active": true,
                "is_private_session": self.is_private, "is_restricted": false, "name": self.device,
                "supports_volume": true, "type": "Hologram", "volume_percent": 40,
            });
            answer["shuffle_state"] = false.into();
            answer["repeat_state"] = match self.repeat {
                Repeat::Off => "off",
                Repeat::One => "track",
                Repeat::All => "context",
            }
            .into();
        }
        Some(answer)
    }
}

impl Current {
    fn progress_at(&self, now: Duration) -> Duration {
        let passed = if self.is_playing { now.saturating_sub(self.since) } else { Duration::ZERO };
        (self.progress + passed).min(self.item.duration())
    }

    fn ends(&self) -> Option<Duration> {
        self.is_playing.then(|| self.since + self.item.duration().saturating_sub(self.progress))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spotify::Song;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn songs(count: usize) -> Vec<Item> {
        (1..=count).map(|number| Song::numbered(number, 100).into()).collect()
    }

    fn title(player: &Player) -> String {
        match player.current() {
            Some((Item::Song(song), progress, is_playing)) => {
                format!("{} {} {is_playing}", song.title, progress.as_secs())
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn songs_follow_one_another() {
        let mut player = Player::default();
        player.act(seconds(0), Action::Play(songs(2)));
        for (at, expected) in [(99, "Song 1 99 true"), (100, "Song 2 0 true"), (250, "Song 2 0 false")] {
            player.settle(seconds(at));
            assert_eq!(title(&player), expected, "{at}");
        }
        player.settle(seconds(800));
        assert_eq!(title(&player), "None", "paused players are forgotten");
        assert_eq!(player.history().len(), 2);
    }

    #[test]
    fn scripts_run_in_time() {
        let mut player = Player::default();
        player.at(seconds(10), Action::Play(songs(3)));
        player.at(seconds(30), Action::Pause);
        player.at(seconds(50), Action::Resume);
        player.at(seconds(60), Action::Next(Item::Ad(seconds(15))));
        player.at(seconds(60), Action::Skip);
        player.at(seconds(200), Action::HandOver { to: "Phone".into(), gap: seconds(20) });
        for (at, expected) in
            [(5, "None"), (40, "Song 1 20 false"), (55, "Song 1 25 true"), (80, "Song 2 5 true")]
        {
            player.settle(seconds(at));
            assert_eq!(title(&player), expected, "{at}");
        }
        player.settle(seconds(210));
        assert_eq!(title(&player), "None", "between two devices");
        player.settle(seconds(220));
        assert_eq!((title(&player).as_str(), player.device.as_str()), ("Song 3 45 true", "Phone"));
        assert_eq!(player.history()[1], (seconds(60), Item::Ad(seconds(15))));
    }

    #[test]
    fn one_song_repeats_until_skipped() {
        let mut player = Player::default();
        player.act(seconds(0), Action::Repeat(Repeat::One));
        player.act(seconds(0), Action::Play(songs(2)));
        player.settle(seconds(350));
        assert_eq!((title(&player).as_str(), player.history().len()), ("Song 1 50 true", 4));
        player.act(seconds(350), Action::Skip);
        assert_eq!(title(&player), "Song 2 0 true");
    }

    #[test]
    fn markets_name_songs_differently() {
        let mut player = Player::default();
        player.act(seconds(0), Action::Play(vec![Song::numbered(1, 100).relinked("SE", "swedish").into()]));
        let item = |player: &Player, tells| player.to_json(tells, false, 0).unwrap()["item"].clone();
        let here = item(&player, Tells::default());
        assert!(here.get("linked_from").is_none());
        player.act(seconds(1), Action::Market("SE".into()));
        let there = item(&player, Tells::default());
        assert_eq!((there["id"].as_str(), &there["linked_from"]["id"]), (Some("swedish"), &here["id"]));
        let untold = item(&player, Tells { links: false, external_ids: false });
        assert!(untold.get("linked_from").is_none() && untold.get("external_ids").is_none());
    }
}
