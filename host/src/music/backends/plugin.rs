//! A backend that is a plugin.

use std::{fs::File, path::Path};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Backend, BackendError};
use crate::{
    model::{Candidate, Recording, Track},
    plugin_host::{BackendHandle, CallTerms, PluginError},
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
        file: &'a Path,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Recording, BackendError>> {
        Box::pin(async move {
            let out = File::create(file).map_err(BackendError::temporary)?;
            let fetched =
                self.handle.fetch(track, candidate, Box::new(out), self.most_bytes, &terms(stop)).await;
            fetched.map_err(failed)
        })
    }
}

fn terms(stop: &CancellationToken) -> CallTerms {
    CallTerms { cancel: stop.clone(), ..CallTerms::default() }
}

fn failed(error: PluginError) -> BackendError {
    BackendError { is_temporary: error.is_temporary(), error: error.into() }
}
