//! Track backends: every call has an instance, a scratch folder and a time of its own.

use std::{io::Write, sync::Arc, time::Duration};

use tapedeck_bindings::{
    capability::{sink::Sink, tracks as wit},
    track_backend::{Plugin, PluginPre},
};
use tokio_util::sync::CancellationToken;
use wasmtime::{Store, component::Resource};

use super::{
    Crew,
    answer::{bad_settings, extra_values, garbage, pairs, refusal},
};
use crate::{
    gauge::Gauge,
    model::{Candidate, PluginKind, PluginName, Recording, Track},
    plugin_host::{
        Failure, PluginError, Plugins,
        bounded::{self, Terms},
        capability::sink::Outlet,
        registry::{Loaded, is_its_own_fault},
        store::{Flavour, HostState},
    },
};

/// More are no help to anybody.
const MOST_CANDIDATES: usize = 1_000;

/// A track backend by name. Its calls wait, and compute, on threads that are there for it.
#[derive(Clone, Debug)]
pub struct BackendHandle {
    plugins: Plugins,
    name: PluginName,
    crew: Crew,
}

/// What bounds one call, beside the plugin's own limits.
#[derive(Clone, Debug, Default)]
pub struct CallTerms {
    /// In place of `limits.fetch_deadline`.
    pub deadline: Option<Duration>,
    pub cancel: CancellationToken,
    /// Shows how far programs and transfers of a fetch are.
    pub gauge: Gauge,
}

impl BackendHandle {
    pub(crate) fn new(plugins: Plugins, name: PluginName, crew: Crew) -> Self {
        Self { plugins, name, crew }
    }

    /// A hash of its code and its settings. `None`: nothing is loaded now.
    pub fn edition(&self) -> Option<String> {
        let loaded = self.plugins.plugin(&self.name).ok()?.loaded()?;
        let mut hash = blake3::Hasher::new();
        hash.update(loaded.about.inspection.sha256.as_bytes()).update(loaded.profile.settings.as_bytes());
        Some(hash.finalize().to_string())
    }

    /// Recordings that may be the track, the best first. Waits for the plugin's first load.
    pub async fn find(&self, track: &Track, terms: &CallTerms) -> Result<Vec<Candidate>, PluginError> {
        let track = to_guest(track);
        self.on_crew(terms, |loaded, terms| async move {
            let (mut store, guest) = start(&loaded, &terms).await?;
            let found = bounded::call_async(&mut store, bounds(&loaded, &terms), |store| {
                Box::pin(async move {
                    let answer = guest.tapedeck_plugin_track_backend().call_find(store, &track).await?;
                    Ok(answer.map_err(refusal).and_then(candidates))
                })
            });
            found.await
        })
        .await
    }

    /// Fetches one of them into `out`, at most `most_bytes`. After an error, what was written is worth nothing.
    pub async fn fetch(
        &self,
        track: &Track,
        candidate: &Candidate,
        out: Box<dyn Write + Send>,
        most_bytes: u64,
        terms: &CallTerms,
    ) -> Result<Recording, PluginError> {
        let (track, candidate) = (to_guest(track), chosen(candidate));
        self.on_crew(terms, move |loaded, terms| async move {
            fetch(&loaded, track, candidate, Outlet::new(out, most_bytes), &terms).await
        })
        .await
    }

    /// Who drops the future ends the call too.
    async fn on_crew<T: Send + 'static, F: Future<Output = Result<T, PluginError>> + Send + 'static>(
        &self,
        terms: &CallTerms,
        call: impl FnOnce(Arc<Loaded>, CallTerms) -> F,
    ) -> Result<T, PluginError> {
        let loaded = self.plugins.current_soon(&self.name, &terms.cancel).await?;
        let lane = self.plugins.lane(&self.name)?;
        let cancel = terms.cancel.child_token();
        let _until_dropped = cancel.clone().drop_guard();
        let own = lane.clone();
        let call = call(loaded, CallTerms { cancel, ..terms.clone() });
        let call = async move {
            let result = call.await;
            own.keep_behind(result.as_ref().is_err_and(|error| is_its_own_fault(&error.failure)));
            result
        };
        self.crew.wait_for(&lane, call).await
    }
}

pub(super) async fn fetch(
    loaded: &Arc<Loaded>,
    track: wit::Track,
    candidate: wit::Candidate,
    outlet: Outlet,
    terms: &CallTerms,
) -> Result<Recording, PluginError> {
    let (mut store, guest) = start(loaded, terms).await?;
    let capabilities = &mut store.data_mut().capabilities;
    capabilities.outlet = Some(outlet);
    capabilities.gauge = terms.gauge.clone();
    let fetched = bounded::call_async(&mut store, bounds(loaded, terms), |store| {
        Box::pin(async move {
            let sink = Resource::<Sink>::new_own(0);
            let interface = guest.tapedeck_plugin_track_backend();
            let answer = interface.call_fetch(&mut *store, &track, &candidate, sink).await?;
            let outlet = store.data_mut().capabilities.outlet.take().expect("it was put there");
            Ok(answer.map_err(refusal).and_then(|audio| recording(audio, outlet)))
        })
    });
    fetched.await
}

async fn start(loaded: &Arc<Loaded>, terms: &CallTerms) -> Result<(Store<HostState>, Plugin), PluginError> {
    loaded.check_kind(PluginKind::TrackBackend)?;
    let mut store = loaded.new_store(Flavour::Async);
    let (pre, settings) = (loaded.pre(Flavour::Async).clone(), loaded.profile.settings.clone());
    let bounds = Terms::start(&loaded.profile).cancelled_by(terms.cancel.clone());
    let guest = bounded::call_async(&mut store, bounds, |store| {
        Box::pin(async move {
            let guest = PluginPre::new(pre)?.instantiate_async(&mut *store).await?;
            let interface = guest.tapedeck_plugin_track_backend();
            let configured = interface.call_configure(&mut *store, &settings).await?;
            Ok(configured.map(|()| guest).map_err(bad_settings))
        })
    })
    .await?;
    Ok((store, guest))
}

fn bounds(loaded: &Loaded, terms: &CallTerms) -> Terms {
    Terms::fetch(&loaded.profile, terms.deadline).cancelled_by(terms.cancel.clone())
}

pub(super) fn to_guest(track: &Track) -> wit::Track {
    let id =
        |id: &crate::model::TrackId| wit::ExternalId { scheme: id.scheme.clone(), value: id.value.clone() };
    let cover = |cover: &crate::model::Cover| wit::Cover {
        url: cover.url.clone(),
        width: cover.width,
        height: cover.height,
    };
    wit::Track {
        title: track.title.clone(),
        artists: track.artists.clone(),
        ids: track.ids.iter().map(id).collect(),
        album: track.album.clone(),
        album_artists: track.album_artists.clone(),
        release_date: track.release_date.clone(),
        duration_ms: track.duration.map(ms),
        track_number: track.track_number,
        disc_number: track.disc_number,
        is_explicit: track.is_explicit,
        covers: track.covers.iter().map(cover).collect(),
        extra: extra_values(&track.extra),
    }
}

pub(super) fn chosen(candidate: &Candidate) -> wit::Candidate {
    wit::Candidate {
        id: candidate.id.clone(),
        url: candidate.url.clone(),
        title: candidate.title.clone(),
        artists: candidate.artists.clone(),
        album: candidate.album.clone(),
        duration_ms: candidate.duration.map(ms),
        score: candidate.score,
        is_verified: candidate.is_verified,
        is_explicit: candidate.is_explicit,
        views: candidate.views,
        memo: candidate.memo.clone(),
        extra: extra_values(&candidate.extra),
    }
}

fn candidates(found: Vec<wit::Candidate>) -> Result<Vec<Candidate>, Failure> {
    if found.len() > MOST_CANDIDATES {
        return Err(garbage(format!("{} candidates are more than {MOST_CANDIDATES}", found.len())));
    }
    found.into_iter().map(candidate).collect()
}

fn candidate(found: wit::Candidate) -> Result<Candidate, Failure> {
    if !(0.0..=100.0).contains(&found.score) {
        return Err(garbage(format!("the score {} is not between 0 and 100", found.score)));
    }
    Ok(Candidate {
        id: found.id,
        url: found.url,
        title: found.title,
        artists: found.artists,
        album: found.album,
        duration: found.duration_ms.map(from_ms),
        score: found.score,
        is_verified: found.is_verified,
        is_explicit: found.is_explicit,
        views: found.views,
        memo: found.memo,
        extra: pairs(found.extra),
    })
}

fn recording(audio: wit::Audio, outlet: Outlet) -> Result<Recording, Failure> {
    let bytes = outlet.finish()?;
    if bytes == 0 {
        return Err(garbage("it says that it fetched the recording, but wrote nothing"));
    }
    let is_ending = |c: char| c.is_ascii_alphanumeric();
    if audio.extension.is_empty() || audio.extension.len() > 10 || !audio.extension.chars().all(is_ending) {
        return Err(garbage("the recording's ending is not of plain letters"));
    }
    Ok(Recording {
        mime: audio.mime,
        extension: audio.extension,
        bytes,
        duration: audio.duration_ms.map(from_ms),
        bitrate: audio.bitrate,
        title: audio.title,
        performer: audio.performer,
        picture: audio.picture.map(|picture| (picture.mime, picture.content)),
        extra: pairs(audio.extra),
    })
}

fn ms(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

fn from_ms(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_become_names_of_files() {
        let fetched = |extension: &str| {
            let mut outlet = Outlet::new(Box::new(Vec::new()), 10);
            outlet.write(b"la").unwrap();
            let audio = wit::Audio {
                mime: "audio/mpeg".into(),
                extension: extension.into(),
                duration_ms: None,
                bitrate: None,
                title: None,
                performer: None,
                picture: None,
                extra: Vec::new(),
            };
            recording(audio, outlet)
        };
        assert_eq!(fetched("mp3").unwrap().bytes, 2);
        for ending in ["", "../mp3", "m p", ".mp3", "elevenchars"] {
            assert!(matches!(fetched(ending), Err(Failure::Garbage { .. })), "{ending}");
        }
    }
}
