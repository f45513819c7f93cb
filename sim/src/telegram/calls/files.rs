//! Files down: which part of which file, from which data centre.

use grammers_tl_types::{self as tl, functions::upload as f};
use sha2::{Digest as _, Sha256};
use tl::enums::{InputFileLocation as Location, storage::FileType};

use super::{Caller, Refusal, inputs};
use crate::telegram::{Content, File, Peer, Telegram};

const KIB: i64 = 1024;
const BLOCK: i64 = 1024 * KIB;
/// Hashes are of ranges this long.
const HASHED: i64 = 128 * KIB;
/// How many hashes are given at once.
const HASHES: usize = 16;
const LIMIT_INVALID: Refusal = Refusal::new(400, "LIMIT_INVALID");
const OFFSET_INVALID: Refusal = Refusal::new(400, "OFFSET_INVALID");
const FILE_ID_INVALID: Refusal = Refusal::new(400, "FILE_ID_INVALID");
const LOCATION_INVALID: Refusal = Refusal::new(400, "LOCATION_INVALID");

/// Parts begin and end at round places, and lie within one block of 1 MiB.
fn check_range(offset: i64, limit: i64, is_precise: bool) -> Result<(), Refusal> {
    let step = if is_precise { KIB } else { 4 * KIB };
    if limit <= 0 || limit > BLOCK || limit % step != 0 || (!is_precise && BLOCK % limit != 0) {
        return Err(LIMIT_INVALID);
    }
    if offset < 0 || offset % step != 0 {
        return Err(OFFSET_INVALID);
    }
    if offset / BLOCK != (offset + limit - 1) / BLOCK {
        return Err(if is_precise { LIMIT_INVALID } else { OFFSET_INVALID });
    }
    Ok(())
}

fn of_size(file: &File, size: &str) -> Option<Content> {
    match file.thumbs.iter().find(|thumb| thumb.kind == size) {
        Some(thumb) => Some(thumb.content.clone()),
        None => (file.photo.is_some() && size == "y").then(|| file.content.clone()),
    }
}

/// A file by its location: what it holds, and where it is.
fn locate(t: &Telegram, me: i64, location: &Location) -> Result<(Content, i32, i32), Refusal> {
    let checked = |id: i64, hash: i64, reference: &[u8]| {
        if reference.is_empty() {
            return Err(Refusal::new(400, "FILE_REFERENCE_EMPTY"));
        }
        inputs::file(t, id, hash, reference, FILE_ID_INVALID)
    };
    let (file, size) = match location {
        Location::InputDocumentFileLocation(it) => {
            (checked(it.id, it.access_hash, &it.file_reference)?, it.thumb_size.clone())
        }
        Location::InputPhotoFileLocation(it) => {
            let file = checked(it.id, it.access_hash, &it.file_reference)?;
            if file.photo.is_none() || it.thumb_size.is_empty() {
                return Err(LOCATION_INVALID);
            }
            (file, it.thumb_size.clone())
        }
        Location::InputPeerPhotoFileLocation(it) => {
            let photos = match inputs::peer(t, me, &it.peer)? {
                Peer::User(id) => t.profiles.get(&id),
                Peer::Group(id) => t.groups.get(&id).map(|group| &group.profile),
                Peer::Channel(id) => t.channels.get(&id).map(|channel| &channel.profile),
            };
            if !photos.is_some_and(|profile| profile.photos.contains(&it.photo_id)) {
                return Err(Refusal::new(400, "PHOTO_INVALID"));
            }
            let file = t.files.get(it.photo_id).ok_or(FILE_ID_INVALID)?;
            let size = if it.big || file.thumbs.is_empty() { "y" } else { file.thumbs[0].kind.as_str() };
            let size = size.to_owned();
            (file, size)
        }
        _ => return Err(LOCATION_INVALID),
    };
    let content = if size.is_empty() { Some(file.content.clone()) } else { of_size(&file, &size) };
    Ok((content.ok_or(LOCATION_INVALID)?, file.dc, file.date))
}

fn kind_of(content: &Content) -> FileType {
    let start = content.read(0..16);
    match start.as_slice() {
        [0xff, 0xd8, 0xff, ..] => FileType::FileJpeg,
        [0x89, b'P', b'N', b'G', ..] => FileType::FilePng,
        [b'G', b'I', b'F', b'8', ..] => FileType::FileGif,
        [b'%', b'P', b'D', b'F', ..] => FileType::FilePdf,
        [b'I', b'D', b'3', ..] | [0xff, 0xfb, ..] => FileType::FileMp3,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => FileType::FileWebp,
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => FileType::FileMov,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => FileType::FileMp4,
        _ => FileType::FileUnknown,
    }
}

fn at(place: i64) -> u64 {
    u64::try_from(place).unwrap_or(0)
}

pub(super) fn get_file(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetFile,
) -> Result<tl::enums::upload::File, Refusal> {
    let me = caller.me()?;
    check_range(call.offset, i64::from(call.limit), call.precise)?;
    let (content, dc, mtime) = locate(t, me, &call.location)?;
    if dc != caller.dc {
        return Err(Refusal::migrate("FILE", dc));
    }
    let bytes = content.read(at(call.offset)..at(call.offset + i64::from(call.limit)));
    Ok(tl::types::upload::File { r#type: kind_of(&content), mtime, bytes }.into())
}

pub(super) fn get_file_hashes(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetFileHashes,
) -> Result<Vec<tl::enums::FileHash>, Refusal> {
    let me = caller.me()?;
    if call.offset < 0 {
        return Err(OFFSET_INVALID);
    }
    let (content, dc, _) = locate(t, me, &call.location)?;
    if dc != caller.dc {
        return Err(Refusal::migrate("FILE", dc));
    }
    let len = i64::try_from(content.len()).unwrap_or(i64::MAX);
    let first = call.offset / HASHED;
    let starts = (first..).map(|range| range * HASHED).take_while(|start| *start < len).take(HASHES);
    let hash = |start: i64| {
        let bytes = content.read(at(start)..at(start + HASHED));
        let limit = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        tl::types::FileHash { offset: start, limit, hash: Sha256::digest(&bytes).to_vec() }.into()
    };
    Ok(starts.map(hash).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_within_one_block() {
        let ok = |offset, limit, precise| check_range(offset, limit, precise).is_ok();
        assert!(ok(0, 4 * KIB, false) && ok(512 * KIB, 512 * KIB, false) && ok(BLOCK, BLOCK, false));
        assert_eq!(check_range(0, 12 * KIB, false), Err(LIMIT_INVALID), "does not divide a block");
        assert_eq!(check_range(0, 5_000, false), Err(LIMIT_INVALID));
        assert_eq!(check_range(0, 2 * BLOCK, false), Err(LIMIT_INVALID));
        assert_eq!(check_range(1_000, 4 * KIB, false), Err(OFFSET_INVALID));
        assert_eq!(check_range(768 * KIB, 512 * KIB, false), Err(OFFSET_INVALID), "over the end of a block");
        assert!(ok(KIB, 3 * KIB, true) && !ok(KIB, BLOCK, true));
    }

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
        assert_eq!(kind_of(&vec![0xff, 0xd8, 0xff, 0xe0].into()), FileType::FileJpeg);
        assert_eq!(kind_of(&b"RIFF1234WEBPVP8 ".to_vec().into()), FileType::FileWebp);
        assert_eq!(kind_of(&b"text".to_vec().into()), FileType::FileUnknown);
    }
}
