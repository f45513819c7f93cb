//! Files up: parts, and what is made of them.

use grammers_tl_types::{self as tl, functions::upload as f};

use super::{Caller, Refusal, inputs};
use crate::telegram::{Content, Telegram};

const LARGEST_PART: usize = 512 * 1024;
const PARTS: i32 = 8_000;

fn check_part(part: i32, bytes: &[u8]) -> Result<(), Refusal> {
    if !(0..PARTS).contains(&part) {
        return Err(Refusal::new(400, "FILE_PART_INVALID"));
    }
    if bytes.is_empty() {
        return Err(Refusal::new(400, "FILE_PART_EMPTY"));
    }
    if bytes.len() > LARGEST_PART {
        return Err(Refusal::new(400, "FILE_PART_TOO_BIG"));
    }
    Ok(())
}

pub(super) fn save_file_part(
    t: &mut Telegram,
    caller: &Caller,
    call: f::SaveFilePart,
) -> Result<bool, Refusal> {
    let me = caller.me()?;
    check_part(call.file_part, &call.bytes)?;
    let upload = t.files.uploads.entry((me, call.file_id)).or_default();
    upload.parts.insert(call.file_part, call.bytes);
    Ok(true)
}

pub(super) fn save_big_file_part(
    t: &mut Telegram,
    caller: &Caller,
    call: f::SaveBigFilePart,
) -> Result<bool, Refusal> {
    let me = caller.me()?;
    check_part(call.file_part, &call.bytes)?;
    // -1: the length is not known yet.
    if call.file_total_parts != -1 && !(1..=PARTS).contains(&call.file_total_parts) {
        return Err(Refusal::new(400, "FILE_PARTS_INVALID"));
    }
    let upload = t.files.uploads.entry((me, call.file_id)).or_default();
    upload.total = (call.file_total_parts > 0).then_some(call.file_total_parts);
    upload.parts.insert(call.file_part, call.bytes);
    Ok(true)
}

/// The whole of what was sent in parts, and its name. The parts are gone afterwards.
pub(super) fn assembled(
    t: &mut Telegram,
    me: i64,
    file: &tl::enums::InputFile,
) -> Result<(Content, String), Refusal> {
    let (id, parts, name, md5) = match file {
        tl::enums::InputFile::File(file) => (file.id, file.parts, &file.name, file.md5_checksum.as_str()),
        tl::enums::InputFile::Big(file) => (file.id, file.parts, &file.name, ""),
        tl::enums::InputFile::StoryDocument(story) => {
            let file = inputs::document(t, &story.id)?;
            return Ok((file.content, String::new()));
        }
    };
    if !(1..=PARTS).contains(&parts) {
        return Err(Refusal::new(400, "FILE_PARTS_INVALID"));
    }
    let empty = crate::telegram::Upload::default();
    let upload = t.files.uploads.get(&(me, id)).unwrap_or(&empty);
    if let Some(missing) = (0..parts).find(|part| !upload.parts.contains_key(part)) {
        return Err(Refusal::named(400, format!("FILE_PART_{missing}_MISSING")));
    }
    if upload.total.is_some_and(|total| total != parts) {
        return Err(Refusal::new(400, "FILE_PARTS_INVALID"));
    }
    let first = upload.parts[&0].len();
    let is_odd = |(part, bytes): (&i32, &Vec<u8>)| *part + 1 < parts && bytes.len() != first;
    let is_uneven = parts > 1 && (!first.is_multiple_of(1024) || !LARGEST_PART.is_multiple_of(first));
    if is_uneven || upload.parts.iter().any(is_odd) {
        return Err(Refusal::new(400, "FILE_PART_SIZE_INVALID"));
    }
    let whole: Vec<u8> = (0..parts).flat_map(|part| upload.parts[&part].iter().copied()).collect();
    if !md5.is_empty() && !md5.eq_ignore_ascii_case(&format!("{:x}", md5::compute(&whole))) {
        return Err(Refusal::new(400, "MD5_CHECKSUM_INVALID"));
    }
    t.files.uploads.remove(&(me, id));
    Ok((whole.into(), name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(parts: i32, md5: &str) -> tl::enums::InputFile {
        tl::types::InputFile { id: 5, parts, name: "a.bin".into(), md5_checksum: md5.into() }.into()
    }

    fn world(parts: &[(i32, usize)]) -> Telegram {
        let mut t = Telegram::default();
        let caller = Caller::of(1);
        for (file_part, len) in parts {
            let call = f::SaveFilePart { file_id: 5, file_part: *file_part, bytes: vec![7; *len] };
            save_file_part(&mut t, &caller, call).unwrap();
        }
        t
    }

    #[test]
    fn missing_part_is_named() {
        let mut t = world(&[(0, 1024), (2, 10)]);
        let refusal = assembled(&mut t, 1, &small(3, "")).unwrap_err();
        assert_eq!(refusal.name, "FILE_PART_1_MISSING");
    }

    #[test]
    fn checksum_is_of_the_whole() {
        let mut t = world(&[(0, 1024), (1, 10)]);
        assert_eq!(assembled(&mut t, 1, &small(2, "00")).unwrap_err().name, "MD5_CHECKSUM_INVALID");
        let right = format!("{:x}", md5::compute(vec![7; 1034]));
        assert_eq!(assembled(&mut t, 1, &small(2, &right)).unwrap().0.len(), 1034);
    }

    #[test]
    fn parts_but_the_last_are_alike() {
        let mut t = world(&[(0, 1024), (1, 2048), (2, 10)]);
        assert_eq!(assembled(&mut t, 1, &small(3, "")).unwrap_err().name, "FILE_PART_SIZE_INVALID");
    }
}
