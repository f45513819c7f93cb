//! Previews of links, and points on the map.

use grammers_tl_types::{enums as tl, types};

use super::{
    json::{Further as _, fields},
    media::blank,
};
use crate::model::{Detail, FileRole, LivePlace, Media, MediaKind, Place, Venue, WebPage};

pub(super) fn web_page(source: types::MessageMediaWebPage) -> Media {
    let types::MessageMediaWebPage { force_large_media, force_small_media, manual, safe, webpage } = source;
    let mut media = match webpage {
        tl::WebPage::Page(page) => whole_page(page),
        other @ (tl::WebPage::Empty(_) | tl::WebPage::Pending(_) | tl::WebPage::NotModified(_)) => {
            let mut media = blank(MediaKind::WebPage);
            let (name, mut fields) = fields(&other);
            fields.insert("_".to_owned(), name.into());
            media.extra = fields.into();
            media
        }
    };
    media.extra.flag("force_large_media", force_large_media);
    media.extra.flag("force_small_media", force_small_media);
    media.extra.flag("manual", manual);
    media.extra.flag("safe", safe);
    media
}

fn whole_page(source: types::WebPage) -> Media {
    let types::WebPage {
        has_large_media,
        video_cover_photo,
        id,
        url,
        display_url,
        hash,
        r#type,
        site_name,
        title,
        description,
        photo,
        embed_url,
        embed_type,
        embed_width,
        embed_height,
        duration,
        author,
        document,
        cached_page,
        attributes,
    } = source;
    let mut media = blank(MediaKind::WebPage);
    let extra = &mut media.extra;
    extra.flag("has_large_media", has_large_media);
    extra.flag("video_cover_photo", video_cover_photo);
    if hash != 0 {
        extra.put("hash", &hash);
    }
    extra.some("embed_url", embed_url);
    extra.some("embed_type", embed_type);
    extra.some("embed_width", embed_width);
    extra.some("embed_height", embed_height);
    extra.some("duration", duration);
    extra.some("cached_page", cached_page);
    extra.some("attributes", attributes);
    if let Some(photo) = photo {
        media.add_photo("photo", photo, FileRole::Part);
    }
    if let Some(document) = document {
        media.add_document("document", document, FileRole::Part);
    }
    let page = WebPage { id, url, display_url, kind: r#type, site: site_name, title, description, author };
    media.with(Detail::WebPage(page))
}

pub(super) fn place(
    kind: MediaKind,
    source: tl::GeoPoint,
    venue: Option<Venue>,
    live: Option<LivePlace>,
) -> Media {
    let (mut latitude, mut longitude, mut hash, mut accuracy) = (0.0, 0.0, 0, None);
    let mut media = blank(kind);
    match source {
        tl::GeoPoint::Point(types::GeoPoint { long, lat, access_hash, accuracy_radius }) => {
            (latitude, longitude, hash, accuracy) = (lat, long, access_hash, accuracy_radius);
        }
        // The island where nothing is.
        tl::GeoPoint::Empty => media.extra.put("geo", &tl::GeoPoint::Empty),
    }
    media.with(Detail::Place(Place {
        latitude,
        longitude,
        access_hash: hash,
        accuracy_meters: accuracy,
        venue,
        live,
    }))
}
