//! The settings that decide about requests, as they are now: a reload changes them under way.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use secrecy::SecretString;
use tokio::sync::{OnceCell, watch};
use url::Url;

use crate::web::WebSettings;

#[derive(Debug)]
pub(super) struct Settings {
    given: watch::Receiver<Arc<WebSettings>>,
    current: Mutex<Arc<Current>>,
}

#[derive(Debug)]
pub(super) struct Current {
    pub(super) given: Arc<WebSettings>,
    pub(super) configured: Option<ConfiguredUser>,
}

/// The user of `auth.username`.
#[derive(Debug)]
pub(super) struct ConfiguredUser {
    pub(super) name: String,
    pub(super) password: SecretString,
    /// Hashed when first asked for: it takes longer than a start should.
    pub(super) hash: OnceCell<String>,
}

impl Settings {
    pub(super) fn new(given: watch::Receiver<Arc<WebSettings>>) -> Self {
        let current = Mutex::new(Arc::new(Current::of(given.borrow().clone())));
        Self { given, current }
    }

    pub(super) fn current(&self) -> Arc<Current> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let given = self.given.borrow();
        if !Arc::ptr_eq(&current.given, &given) {
            *current = Arc::new(Current::of(given.clone()));
        }
        current.clone()
    }
}

impl Current {
    fn of(given: Arc<WebSettings>) -> Self {
        let configured = given.auth.username.clone().zip(given.auth.password.clone());
        let configured =
            configured.map(|(name, password)| ConfiguredUser { name, password, hash: OnceCell::new() });
        Self { given, configured }
    }

    pub(super) fn session_lifetime(&self) -> SignedDuration {
        SignedDuration::try_from(self.given.auth.session_lifetime.0).unwrap_or(SignedDuration::MAX)
    }

    /// Then a request from this machine may be anybody's.
    pub(super) fn is_behind_proxy(&self) -> bool {
        let server = &self.given.server;
        server.public_url.is_some() || !server.trusted_proxies.is_empty()
    }

    pub(super) fn public_url(&self) -> Option<&Url> {
        self.given.server.public_url.as_ref()
    }
}
