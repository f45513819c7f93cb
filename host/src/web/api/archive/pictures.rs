//! The pictures of chats, as far as they were fetched.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use super::{key, store};
use crate::{
    archive::{
        BlobHash,
        media::{MediaError, MediaStore},
    },
    model::{PeerId, Scope},
    web::{
        Web,
        api::profile::OfAccount,
        auth::Identity,
        error::{Problem, with_causes},
        extract::{Query, Segment},
    },
};

/// Telegram's largest has some hundred kilobytes.
const LARGEST: u64 = 4 << 20;
const KEEP: &str = "private, max-age=3600";

/// Gives the picture of a chat that is archived
///
/// The newest one that a job of kind `avatars` or a sweep has fetched. Whatever lies there, nothing but pictures is given.
#[utoipa::path(get, path = "/api/v1/archive/chats/{chat}/picture", tag = "archive",
    params(("chat" = PeerId, Path, description = "As Telegram's bots know it"), OfAccount),
    responses((status = 200, description = "JPEG, PNG or WebP", body = Vec<u8>, content_type = "image/*"),
              (status = 404, description = "There is none", body = Problem)))]
pub(crate) async fn show(
    State(web): State<Web>,
    identity: Identity,
    Segment(chat): Segment<PeerId>,
    Query(query): Query<OfAccount>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    identity.needs(Scope::Read)?;
    let (store, key) = (store(&web).await?, key(&web, chat, query.account));
    let none = || {
        Problem::not_found(format!("no picture of chat {chat} is archived"))
            .fix("`photo` of a chat says whether there is one; a job of kind \"avatars\" fetches them.")
    };
    let avatar = store.avatar(key.account, chat).await?.ok_or_else(none)?;
    let tag = format!("\"{}\"", avatar.hash.to_hex());
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
    let kept = [(header::CACHE_CONTROL, HeaderValue::from_static(KEEP)), (header::ETAG, tag)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    let media = web.parts.media.store().await?;
    let bytes = read(&media, avatar.hash).await?.ok_or_else(none)?;
    let mime = kind_of(&bytes).ok_or_else(none)?;
    Ok((kept, [(header::CONTENT_TYPE, HeaderValue::from_static(mime))], bytes).into_response())
}

/// None where it was lost, or is far too large for a picture.
async fn read(media: &MediaStore, hash: BlobHash) -> Result<Option<Bytes>, MediaError> {
    let Some(size) = media.size(hash).await?.filter(|size| (1..=LARGEST).contains(size)) else {
        return Ok(None);
    };
    match media.read(hash, 0..size).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(MediaError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// By its first bytes: what a browser shows, and nothing that could be a page.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        Self::unavailable(with_causes(&error))
            .fix("See that `archive.media` of the configuration can be reached.")
    }
}
