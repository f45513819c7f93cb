//! Track backends, and where they put recordings.

#[cfg(target_family = "wasm")]
use crate::bindings::host::tapedeck::plugin::sink;
use crate::{
    Error, Settings, Wants,
    tracks::{Audio, Candidate, Track},
};

/// Finds recordings of tracks and fetches them. Every call gets a new instance and a new scratch
/// folder: what `fetch` has to know travels in a candidate's `memo`.
///
/// ```
/// use tapedeck_plugin::{
///     Error, NoSettings, Sink, TrackBackend, Wants, WantsHttp, http,
///     tracks::{Audio, Candidate, Track},
/// };
///
/// struct Shelf;
///
/// impl TrackBackend for Shelf {
///     type Settings = NoSettings;
///
///     const WANTS: Wants = Wants {
///         http: &[WantsHttp { host: "shelf.example", methods: &["GET"], why: "where recordings are" }],
///         ..Wants::NOTHING
///     };
///
///     fn new(_: NoSettings) -> Result<Self, Error> {
///         Ok(Self)
///     }
///
///     fn find(&mut self, track: &Track) -> Result<Vec<Candidate>, Error> {
///         let Some(isrc) = track.ids.iter().find(|id| id.scheme == "isrc") else { return Ok(Vec::new()) };
///         let url = format!("https://shelf.example/{}.mp3", isrc.value);
///         let (title, artists) = (track.title.clone(), track.artists.clone());
///         Ok(vec![Candidate { id: isrc.value.clone(), url, title, artists, score: 90.0, ..Default::default() }])
///     }
///
///     fn fetch(&mut self, _: &Track, found: &Candidate, out: &mut Sink<'_>) -> Result<Audio, Error> {
///         out.write(&http::get(&found.url)?.successful()?.body)?;
///         Ok(Audio { mime: "audio/mpeg".into(), extension: "mp3".into(), ..Default::default() })
///     }
/// }
///
/// tapedeck_plugin::export!(Shelf: TrackBackend);
/// ```
pub trait TrackBackend: Sized + 'static {
    /// What the operator may set; [`NoSettings`](crate::NoSettings) for nothing.
    type Settings: Settings;

    /// What the backend asks the operator for.
    const WANTS: Wants = Wants::NOTHING;

    /// Begins, with settings that fit their schema.
    fn new(settings: Self::Settings) -> Result<Self, Error>;

    /// Recordings that may be the track, the best first. Empty if there is none: that is no error.
    fn find(&mut self, track: &Track) -> Result<Vec<Candidate>, Error>;

    /// Fetches one of them.
    fn fetch(&mut self, track: &Track, candidate: &Candidate, out: &mut Sink<'_>) -> Result<Audio, Error>;
}

/// Takes the bytes of one recording, from beginning to end.
#[derive(Debug)]
pub struct Sink<'a> {
    #[cfg(target_family = "wasm")]
    pub(crate) host: &'a sink::Sink,
    #[cfg(not(target_family = "wasm"))]
    pub(crate) bytes: &'a mut Vec<u8>,
}

#[cfg(target_family = "wasm")]
impl Sink<'_> {
    /// Adds bytes. Pieces of about 64 KiB are fastest.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.host.write(bytes)
    }

    /// Adds a whole file of the scratch folder without bringing it into the plugin, and says how
    /// many bytes that were.
    pub fn write_file(&mut self, path: &str) -> Result<u64, Error> {
        self.host.write_file(path)
    }
}

#[cfg(not(target_family = "wasm"))]
impl<'a> Sink<'a> {
    /// For tests: a recording that ends up in these bytes.
    pub fn into(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes }
    }

    /// Adds bytes. Pieces of about 64 KiB are fastest.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Adds a whole file of the scratch folder without bringing it into the plugin, and says how
    /// many bytes that were.
    pub fn write_file(&mut self, path: &str) -> Result<u64, Error> {
        let file = crate::scratch::read(path)?;
        self.bytes.extend_from_slice(&file);
        Ok(file.len() as u64)
    }
}
