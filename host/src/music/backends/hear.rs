//! Plays a file to its end, unheard. A header tells what a file should be; only this tells whether it is there.

use std::{
    fs::File,
    path::Path,
    time::{Duration, Instant},
};

use symphonia::core::{
    codecs::audio::{AudioDecoder, AudioDecoderOptions},
    errors::Error,
    formats::{FormatReader, TrackType, probe::Hint},
    io::MediaSourceStream,
    packet::Packet,
    units::TimeBase,
};
use tokio_util::sync::CancellationToken;

/// A song takes a blink; some files are made to take hours.
const LONGEST: Duration = Duration::from_secs(120);
/// What our decoder says to frames that other players play.
const OURS_ALONE: [&str; 2] =
    ["mpa: stereo channel pair block_type mismatch", "mpa: invalid audio buffer signal spec for packet"];

/// What was heard of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// As much as there is.
    pub(super) duration: Duration,
    /// What of it is damaged.
    pub(super) damaged: Duration,
}

/// `None`: nobody here can play such a file, so that its header has to be believed.
pub(super) fn hear(file: &Path, stop: &CancellationToken) -> std::io::Result<Option<Heard>> {
    let stream = MediaSourceStream::new(Box::new(File::open(file)?), Default::default());
    let probed =
        symphonia::default::get_probe().probe(&Hint::new(), stream, Default::default(), Default::default());
    Ok(probed.ok().and_then(Player::new).and_then(|player| player.play(stop)))
}

struct Player {
    reader: Box<dyn FormatReader>,
    track: u32,
    time_base: TimeBase,
    /// Some codecs have only their packets counted.
    decoder: Option<Box<dyn AudioDecoder>>,
}

impl Player {
    fn new(reader: Box<dyn FormatReader>) -> Option<Self> {
        let track = reader.default_track(TrackType::Audio)?;
        let (id, time_base) = (track.id, track.time_base?);
        let parameters = track.codec_params.as_ref().and_then(|it| it.audio());
        let options = AudioDecoderOptions::default();
        let decoder =
            parameters.and_then(|it| symphonia::default::get_codecs().make_audio_decoder(it, &options).ok());
        Some(Self { reader, track: id, time_base, decoder })
    }

    fn play(mut self, stop: &CancellationToken) -> Option<Heard> {
        let (mut played, mut damaged, begun) = (0_u64, 0_u64, Instant::now());
        loop {
            if stop.is_cancelled() || begun.elapsed() > LONGEST {
                return None;
            }
            let packet = match self.reader.next_packet() {
                Ok(Some(packet)) => packet,
                // Another recording begins in the same file.
                Err(Error::ResetRequired) => return None,
                // What cannot be read any more is the end; how much came before says whether it should be.
                Ok(None) | Err(_) => break,
            };
            if packet.track_id == self.track {
                played = played.saturating_add(packet.dur.get());
                if self.is_damaged(&packet) {
                    damaged = damaged.saturating_add(packet.dur.get());
                }
            }
        }
        let heard = Heard { duration: self.time(played), damaged: self.time(damaged) };
        (!heard.duration.is_zero()).then_some(heard)
    }

    fn is_damaged(&mut self, packet: &Packet) -> bool {
        let Some(decoder) = &mut self.decoder else { return false };
        match decoder.decode(packet) {
            Ok(_) => false,
            Err(Error::DecodeError(what)) if OURS_ALONE.contains(&what) => false,
            Err(Error::DecodeError(_) | Error::IoError(_)) => true,
            // It is our decoder that does not know it.
            Err(_) => {
                self.decoder = None;
                false
            }
        }
    }

    fn time(&self, ticks: u64) -> Duration {
        let TimeBase { numer, denom } = self.time_base;
        let nanoseconds =
            u128::from(ticks) * u128::from(numer.get()) * 1_000_000_000 / u128::from(denom.get());
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}
