//! Which of the files is the track: by its ISRC, else by names and length.

use std::time::Duration;

use super::index::Song;
use crate::{
    model::{Candidate, Track},
    music::names::{fold, fold_title, likeness},
};

const MOST: usize = 20;
/// Beyond that it is another recording.
const MOST_OFF: Duration = Duration::from_secs(10);

/// The best first; only what is alike enough.
pub(super) fn rank<'a>(track: &Track, songs: impl Iterator<Item = &'a Song>, enough: f64) -> Vec<Candidate> {
    let wanted = Wanted::of(track);
    let scored = songs.filter_map(|song| Some((wanted.score(song, enough)?, song)));
    let mut scored: Vec<_> = scored.collect();
    scored.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.path.cmp(&other.path)));
    scored.into_iter().take(MOST).map(|(score, song)| candidate(score, song)).collect()
}

struct Wanted {
    isrc: Option<String>,
    title: String,
    main_artist: String,
    artists: String,
    duration: Option<Duration>,
}

impl Wanted {
    fn of(track: &Track) -> Self {
        let isrc = track.ids.iter().find(|id| id.scheme == "isrc");
        Self {
            isrc: isrc.map(|id| id.value.replace('-', "").to_ascii_uppercase()),
            title: fold_title(&track.title),
            main_artist: track.artists.first().map(|artist| fold(artist)).unwrap_or_default(),
            artists: fold(&track.artists.join(" ")),
            duration: track.duration,
        }
    }

    fn score(&self, song: &Song, enough: f64) -> Option<f64> {
        if self.isrc.is_some() && self.isrc == song.isrc {
            return Some(100.0);
        }
        let off = self.duration.map_or(Duration::ZERO, |wanted| wanted.abs_diff(song.duration));
        if off > MOST_OFF {
            return None;
        }
        // Most songs have another first letter or another length: that is seen before anything is compared.
        let (a, b) = (self.title.len(), song.folded_title.len());
        if a.abs_diff(b) > a.max(b) / 2 {
            return None;
        }
        let title = likeness(&self.title, &song.folded_title);
        let artists = likeness(&self.artists, &song.folded_artists)
            .max(likeness(&self.main_artist, &song.folded_artists));
        if title < enough || artists < enough {
            return None;
        }
        // A match of its ISRC stays the best.
        Some(((title + artists) / 2.0 - off.as_secs_f64()).clamp(1.0, 99.0))
    }
}

fn candidate(score: f64, song: &Song) -> Candidate {
    Candidate {
        id: song.path.display().to_string(),
        title: song.title.clone(),
        artists: song.artists.clone(),
        album: song.album.clone(),
        duration: Some(song.duration),
        score,
        ..Candidate::default()
    }
}
