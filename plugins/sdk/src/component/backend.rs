//! A track backend's exports.

use std::marker::PhantomData;

#[derive(Debug)]
pub struct Backend<P>(PhantomData<P>);

#[cfg(target_family = "wasm")]
mod calls {
    use super::{
        super::{Plugin, configure, unconfigured},
        Backend,
    };
    use crate::{
        Error, Sink, TrackBackend,
        bindings::{host::tapedeck::plugin::sink, track_backend::exports::tapedeck::plugin::track_backend},
        tracks::{Audio, Candidate, Track},
    };

    impl<P: Plugin<Kept = P> + TrackBackend> track_backend::Guest for Backend<P> {
        fn configure(settings: String) -> Result<(), String> {
            configure::<P, P::Settings>(&settings, P::new)
        }

        fn find(track: Track) -> Result<Vec<Candidate>, Error> {
            P::with(|backend| backend.as_mut().ok_or_else(unconfigured)?.find(&track))
        }

        fn fetch(track: Track, candidate: Candidate, out: sink::Sink) -> Result<Audio, Error> {
            let mut out = Sink { host: &out };
            P::with(|backend| backend.as_mut().ok_or_else(unconfigured)?.fetch(&track, &candidate, &mut out))
        }
    }
}
