//! All connections of an account: one for calls and updates to the home data centre, and one for
//! files to each data centre that has some. A connection that broke, fell silent or panicked is
//! replaced; the pauses between attempts grow, and all callers share them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use grammers_session::Session as _;
use secrecy::ExposeSecret as _;
use tokio::{
    net::lookup_host,
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Lane, Limits,
    link::{Link, LinkParts},
};
use crate::telegram::Error;

pub(super) struct Pool {
    pub(super) parts: LinkParts,
    slots: Mutex<HashMap<Lane, Slot>>,
    first_keys: Mutex<HashMap<i32, Arc<AsyncMutex<()>>>>,
    closed: CancellationToken,
    /// How often an answer came after connections had broken or fallen silent.
    reconnects: AtomicU64,
}

/// The place of a connection.
#[derive(Default)]
struct Slot {
    link: Option<Arc<Link>>,
    /// In a row.
    failures: u32,
    not_before: Option<Instant>,
    /// How often somebody was logged in over it; see `authorize`.
    authorizations: u64,
}

impl Pool {
    pub(super) fn new(parts: LinkParts) -> Self {
        Self {
            parts,
            slots: Mutex::default(),
            first_keys: Mutex::default(),
            closed: CancellationToken::new(),
            reconnects: AtomicU64::default(),
        }
    }

    /// A connection that works as far as anybody knows; waits out the pause after a failure.
    pub(super) async fn link(&self, lane: Lane) -> Result<Arc<Link>, Error> {
        while let Some(due) = self.pause(lane) {
            sleep_until(due).await;
        }
        let dc = self.dc(lane)?;
        if let Some(link) = self.open_link(lane, dc) {
            return Ok(link);
        }
        let proxy = self.proxy().await;
        let mut slots = self.lock();
        let slot = slots.entry(lane).or_default();
        // Somebody else may have been faster.
        let link = slot.link.take().filter(|link| link.dc == dc && !link.has_ended());
        let link =
            link.unwrap_or_else(|| Arc::new(Link::open(dc, &self.parts, proxy, matches!(lane, Lane::Main))));
        slot.link = Some(Arc::clone(&link));
        Ok(link)
    }

    /// A name that nobody knows goes on as it is: the connection fails by it. It never goes round
    /// the proxy.
    async fn proxy(&self) -> Option<String> {
        let url = self.parts.settings.proxy.as_ref()?.expose_secret();
        let found = timeout(self.parts.settings.limits.call, proxy_url(url)).await.ok().flatten();
        Some(found.unwrap_or_else(|| url.to_owned()))
    }

    pub(super) fn dc(&self, lane: Lane) -> Result<i32, Error> {
        match lane {
            Lane::Main => self.home(),
            Lane::Media(dc) => Ok(dc),
        }
    }

    pub(super) fn home(&self) -> Result<i32, Error> {
        self.parts.session.home_dc_id().map_err(|error| Error::Session { source: error.into() })
    }

    /// Held while a data centre is called that we have no key for yet, so that two connections do
    /// not make one each.
    pub(super) async fn first_key(&self, dc: i32) -> Result<Option<OwnedMutexGuard<()>>, Error> {
        let is_known = || {
            let option = self.parts.session.dc_option(dc);
            option.map(|option| option.is_some_and(|option| option.auth_key.is_some()))
        };
        let failed = |error| Error::Session { source: Box::new(error) };
        if is_known().map_err(failed)? {
            return Ok(None);
        }
        let lock =
            Arc::clone(self.first_keys.lock().unwrap_or_else(PoisonError::into_inner).entry(dc).or_default());
        let guard = lock.lock_owned().await;
        Ok(if is_known().map_err(failed)? { None } else { Some(guard) })
    }

    /// Connections that are open now, for the heartbeat.
    pub(super) fn open_links(&self) -> Vec<(Lane, Arc<Link>)> {
        let slots = self.lock();
        slots.iter().filter_map(|(lane, slot)| Some((*lane, Arc::clone(slot.link.as_ref()?)))).collect()
    }

    pub(super) fn note_answer(&self, lane: Lane) {
        let mut slots = self.lock();
        let slot = slots.entry(lane).or_default();
        if std::mem::take(&mut slot.failures) > 0 {
            self.reconnects.fetch_add(1, Ordering::Relaxed);
        }
        slot.not_before = None;
    }

    pub(super) fn reconnects(&self) -> u64 {
        self.reconnects.load(Ordering::Relaxed)
    }

    /// The connection broke. The link makes a new one with the next call.
    pub(super) fn note_failure(&self, lane: Lane) {
        let mut slots = self.lock();
        let slot = slots.entry(lane).or_default();
        slot.failures = slot.failures.saturating_add(1);
        slot.not_before = Some(Instant::now() + self.parts.settings.limits.pause(slot.failures));
    }

    /// Nothing comes back over this link: the next call gets a new one. Those that wait for an
    /// answer over it hear that there will be none.
    pub(super) fn replace(&self, lane: Lane, link: &Arc<Link>) {
        let mut slots = self.lock();
        if let Some(slot) = slots.get_mut(&lane)
            && slot.link.as_ref().is_some_and(|current| Arc::ptr_eq(current, link))
        {
            slot.link = None;
            drop(slots);
            link.close();
            self.note_failure(lane);
        }
    }

    pub(super) fn authorizations(&self, lane: Lane) -> u64 {
        self.lock().get(&lane).map_or(0, |slot| slot.authorizations)
    }

    pub(super) fn note_authorization(&self, lane: Lane) {
        self.lock().entry(lane).or_default().authorizations += 1;
    }

    pub(super) fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    pub(super) fn close(&self) {
        self.closed.cancel();
        for (_, slot) in self.lock().drain() {
            if let Some(link) = slot.link {
                link.close();
            }
        }
    }

    fn open_link(&self, lane: Lane, dc: i32) -> Option<Arc<Link>> {
        let slots = self.lock();
        let link = slots.get(&lane)?.link.as_ref()?;
        (link.dc == dc && !link.has_ended()).then(|| Arc::clone(link))
    }

    fn pause(&self, lane: Lane) -> Option<Instant> {
        self.lock().get(&lane)?.not_before.filter(|due| *due > Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Lane, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limits {
    /// How long to wait after so many failures in a row.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first_pause.saturating_mul(doubled).min(self.longest_pause)
    }
}

/// The address with the proxy's name looked up as the system does it, hosts file included.
async fn proxy_url(url: &str) -> Option<String> {
    let mut url: url::Url = url.parse().ok()?;
    let name = match url.host() {
        Some(url::Host::Domain(name)) => Some((name.to_owned(), url.port()?)),
        _ => None,
    };
    if let Some(name) = name {
        let address = lookup_host(name).await.ok()?.next()?;
        url.set_ip_host(address.ip()).ok()?;
    }
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let limits = Limits::default();
        let pauses: Vec<_> = [1, 2, 3, 7, 40].map(|failures| limits.pause(failures).as_millis()).into();
        assert_eq!(pauses, [500, 1000, 2000, 30_000, 30_000]);
    }

    #[tokio::test]
    async fn proxy_names_are_looked_up() {
        let found = proxy_url("socks5://me:secret@localhost:1080").await.unwrap();
        assert!(
            ["127.0.0.1", "[::1]"].iter().any(|ip| found == format!("socks5://me:secret@{ip}:1080")),
            "{found}"
        );
        assert_eq!(proxy_url("socks5://10.0.0.1:1080").await.unwrap(), "socks5://10.0.0.1:1080");
        assert_eq!(proxy_url("no address").await, None);
    }
}
