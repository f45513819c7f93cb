//! What profiles show, where recordings come from, and whether Spotify wants to be left alone.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{app::MusicTools, model::AccountName, music::profile::Figures};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AccountLabels {
    account: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StepLabels {
    account: String,
    step: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AttemptLabels {
    backend: String,
    result: &'static str,
}

#[derive(Debug, Default)]
pub(super) struct MusicMetrics {
    songs: Family<AccountLabels, Gauge>,
    without_file: Family<AccountLabels, Gauge>,
    steps: Family<StepLabels, Counter>,
    attempts: Family<AttemptLabels, Counter>,
    limited_until: Gauge,
}

impl MusicMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("profile_songs", "Songs of ours on the profile", self.songs.clone());
        let without = self.without_file.clone();
        registry.register("profile_songs_without_file", "Songs that no backend has, for now", without);
        registry.register("profile_steps", "What was done to profiles", self.steps.clone());
        registry.register("backend_attempts", "What backends have answered", self.attempts.clone());
        let until = "Before this second Spotify is not asked; 0 when it may be";
        registry.register("spotify_rate_limited_until", until, self.limited_until.clone());
    }

    pub(super) fn take(&self, music: &MusicTools, limited_until: Option<Timestamp>) {
        for (account, board) in music.boards.all() {
            self.take_profile(&account, &board.shown().done);
        }
        for ((backend, result), count) in music.attempts.counts() {
            let counter = self.attempts.get_or_create(&AttemptLabels { backend, result });
            counter.inner().store(count, Ordering::Relaxed);
        }
        self.limited_until.set(limited_until.map_or(0, Timestamp::as_second));
    }

    fn take_profile(&self, account: &AccountName, done: &Figures) {
        let Figures { sent, sent_again, improved, saved, taken_off, deleted, removed_by_user, .. } = done;
        let labels = AccountLabels { account: account.to_string() };
        self.songs.get_or_create(&labels).set(i64::try_from(done.shown).unwrap_or(i64::MAX));
        let without = i64::try_from(done.without_file).unwrap_or(i64::MAX);
        self.without_file.get_or_create(&labels).set(without);
        for (step, count) in [
            ("uploaded", sent),
            ("improved", improved),
            ("sent-again", sent_again),
            ("saved", saved),
            ("taken-off", taken_off),
            ("deleted", deleted),
            ("removed-by-user", removed_by_user),
        ] {
            let labels = StepLabels { account: account.to_string(), step };
            self.steps.get_or_create(&labels).inner().store(*count, Ordering::Relaxed);
        }
    }
}
