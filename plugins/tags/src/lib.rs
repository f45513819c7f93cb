//! What a recording says of itself: ID3 tags made from a track, with its cover. Track backends share it.

mod cover;
mod picture;
mod tag;
/// What tests of backends need.
pub mod testing;

pub use cover::{COVERS, Cover};
pub use picture::Picture;
pub use tag::Tag;
use tapedeck_plugin::tracks::Track;

/// Everything that is known of a track, but for its cover.
pub fn tag(track: &Track) -> Tag {
    let date = track.release_date.as_deref().unwrap_or_default();
    let tag = Tag::default()
        .text(b"TIT2", &track.title)
        .text(b"TPE1", &track.artists.join(", "))
        .text(b"TALB", track.album.as_deref().unwrap_or_default())
        .text(b"TPE2", &track.album_artists.join(", "))
        .text(b"TYER", date.get(..4).unwrap_or_default());
    let tag = match date.as_bytes() {
        // 1986-01-31: the year has a frame of its own, day and month share one.
        [_, _, _, _, b'-', _, _, b'-', _, _] => tag.text(b"TDAT", &[&date[8..10], &date[5..7]].concat()),
        _ => tag,
    };
    tag.number(b"TRCK", track.track_number)
        .number(b"TPOS", track.disc_number)
        .text(b"TSRC", isrc(track).unwrap_or_default())
}

/// The number that the track's recording has everywhere.
pub fn isrc(track: &Track) -> Option<&str> {
    let id = track.ids.iter().find(|id| id.scheme == "isrc")?;
    Some(id.value.as_str()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use tapedeck_plugin::tracks::ExternalId;

    use super::*;

    fn bytes(date: &str) -> Vec<u8> {
        let ids = vec![ExternalId { scheme: "isrc".into(), value: "RUA1D8600001".into() }];
        let release_date = Some(date.to_owned());
        tag(&Track { title: "Ночь".into(), ids, release_date, track_number: Some(3), ..Track::default() })
            .bytes()
    }

    fn has(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn dates_are_split_as_players_expect() {
        let whole = bytes("1986-01-31");
        assert!(has(&whole, b"\x001986") && has(&whole, b"\x003101"));
        for short in ["1986", "1986-01", "", "198", "19é6-01-31"] {
            assert!(!has(&bytes(short), b"TDAT"), "{short}");
        }
    }

    #[test]
    fn what_is_known_is_there() {
        let bytes = bytes("1986");
        assert!(has(&bytes, b"TIT2") && has(&bytes, b"RUA1D8600001") && has(&bytes, b"TRCK"));
        assert!(!has(&bytes, b"TALB") && !has(&bytes, b"TPOS"));
    }
}
