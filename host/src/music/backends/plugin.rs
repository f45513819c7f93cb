//! A backend that is a plugin.

use std::fs::File;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Backend, BackendError, Delivery};
use crate::{
    model::{Candidate, Recording, Track},
    plugin_host::{BackendHandle, CallTerms, Failure, GuestFailure, PluginError},
};

#[derive(Debug)]
pub(super) struct PluginBackend {
    pub(super) handle: BackendHandle,
    pub(super) most_bytes: u64,
}

impl Backend for PluginBackend {
    fn find<'a>(
        &'a self,
        track: &'a Track,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<Candidate>, BackendError>> {
        Box::pin(async move { self.handle.find(track, &terms(stop)).await.map_err(failed) })
    }

    fn fetch<'a>(
        &'a self,
        track: &'a Track,
        candidate: &'a Candidate,
        to: &'a Delivery<'a>,
    ) -> BoxFuture<'a, Result<Recording, BackendError>> {
        Box::pin(async move {
            let out = File::create(to.file).map_err(BackendError::temporary)?;
            let terms = CallTerms { gauge: to.gauge.clone(), ..terms(to.stop) };
            let fetched = self.handle.fetch(track, candidate, Box::new(out), self.most_bytes, &terms).await;
            fetched.map_err(failed)
        })
    }

    fn edition(&self) -> Option<String> {
        self.handle.edition()
    }
}

fn terms(stop: &CancellationToken) -> CallTerms {
    CallTerms { cancel: stop.clone(), ..CallTerms::default() }
}

/// Only what the plugin did with this very track is final. Whatever else is wrong with it, such as a missing
/// grant, somebody may put right.
fn failed(error: PluginError) -> BackendError {
    let is_final = match &error.failure {
        Failure::Guest(guest) => {
            matches!(guest, GuestFailure::Permanent { .. } | GuestFailure::Other { .. })
        }
        Failure::Trap { .. } | Failure::Limit { .. } | Failure::Garbage { .. } => true,
        _ => false,
    };
    BackendError { is_temporary: !is_final, error: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::Who;

    #[test]
    fn what_an_operator_can_put_right_is_not_final() {
        let name: crate::model::PluginName = "x".parse().unwrap();
        let who = Who::named(&name);
        let is_temporary = |failure: Failure| failed(PluginError::new(&who, failure)).is_temporary;
        let denied = GuestFailure::Denied { message: "yt-dlp".into() };
        let gone = GuestFailure::Permanent { message: "it is gone".into() };
        assert!(is_temporary(Failure::Guest(denied)) && is_temporary(Failure::Loading));
        assert!(is_temporary(Failure::Disabled { name: name.clone() }));
        assert!(is_temporary(Failure::Paused { name, by: "Ann".into() }));
        assert!(!is_temporary(Failure::Guest(gone)));
        assert!(!is_temporary(Failure::Trap { what: "unreachable".into() }));
    }
}
