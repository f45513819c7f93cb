//! Small things that clients ask for on their way.

use grammers_tl_types::{self as tl, functions as f};

use super::{Caller, Refusal, inputs};
use crate::telegram::{Telegram, blank};

pub(super) fn get_sticker_set(
    t: &mut Telegram,
    caller: &Caller,
    call: f::messages::GetStickerSet,
) -> Result<tl::enums::messages::StickerSet, Refusal> {
    caller.me()?;
    let is_meant = |kept: &&tl::types::messages::StickerSet| {
        let tl::enums::StickerSet::Set(set) = &kept.set;
        match &call.stickerset {
            tl::enums::InputStickerSet::Id(wanted) => {
                (set.id, set.access_hash) == (wanted.id, wanted.access_hash)
            }
            tl::enums::InputStickerSet::ShortName(wanted) => set.short_name == wanted.short_name,
            _ => false,
        }
    };
    let set = t.sticker_sets.iter().find(is_meant).ok_or(Refusal::new(400, "STICKERSET_INVALID"))?;
    let tl::enums::StickerSet::Set(about) = &set.set;
    if call.hash != 0 && call.hash == about.hash {
        return Ok(tl::enums::messages::StickerSet::NotModified);
    }
    let mut set = set.clone();
    set.documents.iter_mut().for_each(|document| t.files.renew_document(document));
    Ok(set.into())
}

pub(super) fn get_custom_emoji_documents(
    t: &mut Telegram,
    caller: &Caller,
    call: f::messages::GetCustomEmojiDocuments,
) -> Result<Vec<tl::enums::Document>, Refusal> {
    caller.me()?;
    let document = |id: &i64| match t.files.get(*id) {
        Some(file) => t.files.document(&file).into(),
        None => tl::types::DocumentEmpty { id: *id }.into(),
    };
    Ok(call.document_id.iter().map(document).collect())
}

pub(super) fn get_app_config(
    _: &mut Telegram,
    _: &Caller,
    call: f::help::GetAppConfig,
) -> Result<tl::enums::help::AppConfig, Refusal> {
    const HASH: i32 = 1;
    if call.hash == HASH {
        return Ok(tl::enums::help::AppConfig::NotModified);
    }
    let number = |key: &str, value: f64| {
        let value = tl::types::JsonNumber { value }.into();
        tl::types::JsonObjectValue { key: key.to_owned(), value }.into()
    };
    let value = vec![
        number("upload_max_fileparts_default", 4_000.0),
        number("upload_max_fileparts_premium", 8_000.0),
        number("reactions_user_max_default", 1.0),
        number("reactions_user_max_premium", 3.0),
    ];
    Ok(tl::types::help::AppConfig { hash: HASH, config: tl::types::JsonObject { value }.into() }.into())
}

pub(super) fn get_web_page(
    t: &mut Telegram,
    caller: &Caller,
    call: f::messages::GetWebPage,
) -> Result<tl::enums::messages::WebPage, Refusal> {
    caller.me()?;
    let webpage: tl::enums::WebPage = match t.web_pages.get(&call.url) {
        Some(page) if call.hash != 0 && call.hash == page.hash => {
            tl::types::WebPageNotModified { cached_page_views: None }.into()
        }
        Some(page) => page.clone().into(),
        None => tl::types::WebPageEmpty { id: 0, url: Some(call.url) }.into(),
    };
    Ok(tl::types::messages::WebPage { webpage, chats: Vec::new(), users: Vec::new() }.into())
}

pub(super) fn get_peer_settings(
    t: &mut Telegram,
    caller: &Caller,
    call: f::messages::GetPeerSettings,
) -> Result<tl::enums::messages::PeerSettings, Refusal> {
    let me = caller.me()?;
    let mut seen = crate::telegram::Seen::default();
    seen.peer(inputs::peer(t, me, &call.peer)?);
    let (chats, users) = t.people(me, &seen);
    Ok(tl::types::messages::PeerSettings { settings: blank::peer_settings(), chats, users }.into())
}
