//! Instances of filters between two calls. They belong to their code: the next code brings none of
//! them along, and they go when nobody uses the old code any more.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tapedeck_bindings::{
    capability::messages::Batch, chat_filter as columns, chat_filter_records as records,
};
use tokio_util::sync::CancellationToken;
use wasmtime::Store;

use super::{
    answer::{bad_settings, refusal},
    batch,
    extra::Material,
    people, record,
    verdict::{self, Decision},
};
use crate::{
    model::{Chat, PluginKind},
    plugin_host::{
        PluginError,
        bounded::{self, Terms},
        registry::Loaded,
        store::{Flavour, HostState},
    },
};

/// After so many calls an instance makes way for a new one: leaks stay small.
const MOST_CALLS: u32 = 50_000;

/// Instances that nobody has used for so long are let go.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_secs(60);

/// The instances that wait, each since when: at most as many as there were calls at once.
#[derive(Default)]
pub(crate) struct Idle(Mutex<Vec<(Timestamp, Seat)>>);

impl Idle {
    fn lock(&self) -> MutexGuard<'_, Vec<(Timestamp, Seat)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out those that have waited for too long. To drop them gives their memory back, and takes a moment.
    pub(crate) fn take_old(&self, now: Timestamp) -> Vec<Seat> {
        // A clock that was set back says nothing of how long it was.
        let is_old = |since: Timestamp| since > now || since.duration_until(now) >= KEPT;
        self.lock().extract_if(.., |(since, _)| is_old(*since)).map(|(_, seat)| seat).collect()
    }

    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.lock().len()
    }

    /// The one that was used last, whose memory is warm; else a new one.
    pub(super) fn take(&self, loaded: &Loaded) -> Result<Seat, PluginError> {
        let waiting = self.lock().pop();
        waiting.map_or_else(|| Seat::start(loaded), |(_, seat)| Ok(seat))
    }

    /// Unless it is worn out. Its files go: the next call is another one.
    pub(super) fn put_back(&self, mut seat: Seat) {
        if !seat.is_worn_out() {
            seat.store.data_mut().capabilities.leave_room();
            let now = seat.store.data().profile.clock.now();
            self.lock().push((now, seat));
        }
    }
}

/// An instance that has its settings.
pub(crate) struct Seat {
    store: Store<HostState>,
    guest: Guest,
    /// Its memory when it was new.
    first_bytes: u64,
    calls: u32,
}

enum Guest {
    Columns(columns::Plugin, Box<Batch>),
    Records(records::Plugin),
}

impl Seat {
    pub(super) fn start(loaded: &Loaded) -> Result<Self, PluginError> {
        if !loaded.kinds().contains(&PluginKind::ChatFilter) {
            return Self::start_records(loaded);
        }
        let mut store = loaded.new_store(Flavour::Sync);
        let guest = bounded::call(&mut store, Terms::start(&loaded.profile), |store| {
            let guest =
                columns::PluginPre::new(loaded.pre(Flavour::Sync).clone())?.instantiate(&mut *store)?;
            let configured =
                guest.tapedeck_plugin_chat_filter().call_configure(store, &loaded.profile.settings)?;
            Ok(configured.map(|()| guest).map_err(bad_settings))
        })?;
        Ok(Self::new(store, Guest::Columns(guest, Box::new(batch::empty()))))
    }

    fn start_records(loaded: &Loaded) -> Result<Self, PluginError> {
        loaded.check_kind(PluginKind::ChatFilterRecords)?;
        let mut store = loaded.new_store(Flavour::Sync);
        let guest = bounded::call(&mut store, Terms::start(&loaded.profile), |store| {
            let guest =
                records::PluginPre::new(loaded.pre(Flavour::Sync).clone())?.instantiate(&mut *store)?;
            let interface = guest.tapedeck_plugin_chat_filter_records();
            let configured = interface.call_configure(store, &loaded.profile.settings)?;
            Ok(configured.map(|()| guest).map_err(bad_settings))
        })?;
        Ok(Self::new(store, Guest::Records(guest)))
    }

    fn new(mut store: Store<HostState>, guest: Guest) -> Self {
        // Files are for the time of one call, and that was `configure`.
        store.data_mut().capabilities.leave_room();
        let first_bytes = store.data().meter.memory_bytes();
        Self { store, guest, first_bytes, calls: 0 }
    }

    pub(super) fn judge(
        &mut self,
        loaded: &Loaded,
        material: &Material<'_>,
        cancel: Option<&CancellationToken>,
    ) -> Result<Vec<Decision>, PluginError> {
        self.calls += 1;
        let (wanted, messages) = (&loaded.about.manifest.columns, material.messages);
        let secrets = &loaded.profile.secrets;
        let terms = Terms::call(&loaded.profile).cancelled_by(cancel.cloned());
        match &mut self.guest {
            Guest::Columns(guest, batch) => {
                batch::fill(batch, material, wanted);
                bounded::call(&mut self.store, terms, |store| {
                    let answer = guest.tapedeck_plugin_chat_filter().call_judge(store, batch)?;
                    Ok(answer.map_err(refusal).and_then(|it| verdict::from_columns(messages, it, secrets)))
                })
            }
            Guest::Records(guest) => {
                let records = record::records(material, wanted);
                bounded::call(&mut self.store, terms, |store| {
                    let answer = guest.tapedeck_plugin_chat_filter_records().call_judge(store, &records)?;
                    Ok(answer.map_err(refusal).and_then(|it| verdict::from_records(messages, it, secrets)))
                })
            }
        }
    }

    pub(super) fn selects(
        &mut self,
        loaded: &Loaded,
        chat: &Chat,
        cancel: CancellationToken,
    ) -> Result<bool, PluginError> {
        self.calls += 1;
        let terms = Terms::call(&loaded.profile).cancelled_by(cancel);
        let chat = people::chat(chat);
        let guest = &self.guest;
        bounded::call(&mut self.store, terms, |store| {
            let answer = match guest {
                Guest::Columns(guest, _) => {
                    guest.tapedeck_plugin_chat_filter().call_select_chat(store, &chat)?
                }
                Guest::Records(guest) => {
                    guest.tapedeck_plugin_chat_filter_records().call_select_chat(store, &chat)?
                }
            };
            Ok(answer.map_err(refusal))
        })
    }

    /// Memory never shrinks: one that has taken half of what it may have beyond its start is let go.
    fn is_worn_out(&self) -> bool {
        let state = self.store.data();
        let room = state.profile.limits.memory_bytes.saturating_sub(self.first_bytes);
        let grown = state.meter.memory_bytes().saturating_sub(self.first_bytes);
        is_worn(self.calls, grown, room)
    }
}

fn is_worn(calls: u32, grown_bytes: u64, room_bytes: u64) -> bool {
    calls >= MOST_CALLS || grown_bytes > room_bytes / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_wear_out_by_calls_and_by_memory() {
        assert!(!is_worn(MOST_CALLS - 1, 50, 100));
        assert!(is_worn(MOST_CALLS, 0, 100));
        assert!(is_worn(0, 51, 100));
    }
}
