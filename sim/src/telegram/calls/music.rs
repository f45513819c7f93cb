//! Music on profiles: a list of documents, the topmost first.

use grammers_tl_types::{self as tl, functions as f};

use super::{Caller, Refusal, answers, inputs, paging::hash_of};
use crate::telegram::{File, Telegram};

const DOCUMENT_INVALID: Refusal = Refusal::new(400, "DOCUMENT_INVALID");

fn is_music(file: &File) -> bool {
    file.attributes.iter().any(|it| matches!(it, tl::enums::DocumentAttribute::Audio(audio) if !audio.voice))
}

/// Saves a song on top, or after another one that is saved; a song that is saved already moves.
fn save(list: &mut Vec<i64>, id: i64, after: Option<i64>) -> Result<(), Refusal> {
    if after == Some(id) || after.is_some_and(|after| !list.contains(&after)) {
        return Err(DOCUMENT_INVALID);
    }
    list.retain(|other| *other != id);
    let place =
        after.and_then(|after| list.iter().position(|other| *other == after)).map_or(0, |place| place + 1);
    list.insert(place, id);
    Ok(())
}

pub(super) fn save_music(
    t: &mut Telegram,
    caller: &Caller,
    call: f::account::SaveMusic,
) -> Result<bool, Refusal> {
    let me = caller.me()?;
    if t.users.get(&me).is_some_and(|user| user.bot) {
        return Err(Refusal::new(400, "BOT_METHOD_INVALID"));
    }
    let file = inputs::document(t, &call.id)?;
    let after = call.after_id.as_ref().map(|after| inputs::document(t, after)).transpose()?;
    let list = &mut t.profiles.entry(me).or_default().music;
    if call.unsave {
        list.retain(|other| *other != file.id);
        return Ok(true);
    }
    if !is_music(&file) {
        return Err(DOCUMENT_INVALID);
    }
    save(list, file.id, after.map(|after| after.id))?;
    Ok(true)
}

fn saved(t: &Telegram, user: i64) -> &[i64] {
    t.profiles.get(&user).map(|profile| profile.music.as_slice()).unwrap_or_default()
}

pub(super) fn get_saved_music_ids(
    t: &mut Telegram,
    caller: &Caller,
    call: f::account::GetSavedMusicIds,
) -> Result<tl::enums::account::SavedMusicIds, Refusal> {
    let ids = saved(t, caller.me()?).to_vec();
    if call.hash != 0 && call.hash == hash_of(ids.iter().copied()) {
        return Ok(tl::enums::account::SavedMusicIds::NotModified);
    }
    Ok(tl::types::account::SavedMusicIds { ids }.into())
}

pub(super) fn get_saved_music(
    t: &mut Telegram,
    caller: &Caller,
    call: f::users::GetSavedMusic,
) -> Result<tl::enums::users::SavedMusic, Refusal> {
    let me = caller.me()?;
    let user = inputs::user(t, me, &call.id)?;
    let all = saved(t, user);
    let count = answers::count(all.len());
    let skipped = usize::try_from(call.offset).unwrap_or(0);
    let limit = usize::try_from(call.limit.clamp(0, 100)).unwrap_or(0);
    let part: Vec<i64> = all.iter().copied().skip(skipped).take(limit).collect();
    if call.hash != 0 && call.hash == hash_of(part.iter().copied()) {
        return Ok(tl::types::users::SavedMusicNotModified { count }.into());
    }
    let document = |id: &i64| match t.files.get(*id) {
        Some(file) => t.files.document(&file).into(),
        None => tl::types::DocumentEmpty { id: *id }.into(),
    };
    let documents = part.iter().map(document).collect();
    Ok(tl::types::users::SavedMusic { count, documents }.into())
}

/// Which of some songs are saved. File references are not looked at: one asks to get new ones.
pub(super) fn get_saved_music_by_id(
    t: &mut Telegram,
    caller: &Caller,
    call: f::users::GetSavedMusicById,
) -> Result<tl::enums::users::SavedMusic, Refusal> {
    let me = caller.me()?;
    let user = inputs::user(t, me, &call.id)?;
    let all = saved(t, user);
    let found = |input: &tl::enums::InputDocument| {
        let tl::enums::InputDocument::Document(input) = input else { return None };
        let file = t.files.get(input.id).filter(|file| file.access_hash == input.access_hash)?;
        all.contains(&file.id).then(|| t.files.document(&file).into())
    };
    let documents = call.documents.iter().filter_map(found).collect();
    Ok(tl::types::users::SavedMusic { count: answers::count(all.len()), documents }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saving_again_moves_to_the_top() {
        let mut list = Vec::new();
        for id in [1, 2, 3, 1] {
            save(&mut list, id, None).unwrap();
        }
        assert_eq!(list, [1, 3, 2]);
    }

    #[test]
    fn after_wants_a_saved_song() {
        let mut list = vec![3, 2, 1];
        assert_eq!(save(&mut list, 9, Some(8)), Err(DOCUMENT_INVALID));
        assert_eq!(save(&mut list, 3, Some(3)), Err(DOCUMENT_INVALID));
        save(&mut list, 9, Some(3)).unwrap();
        save(&mut list, 3, Some(1)).unwrap();
        assert_eq!(list, [9, 2, 1, 3]);
    }
}
