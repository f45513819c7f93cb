//! The page and its API. [`serve`] takes a listening socket and everything that the handlers
//! need, and returns when the daemon drains and the last answer is out.

mod api;
mod assets;
pub mod auth;
mod error;
mod extract;
mod headers;
mod health;
mod listenbrainz;
mod live;
mod metrics;
mod observe;
mod openapi;
mod parts;
mod qr;
mod router;
mod serve;
mod spotify;
mod stall;
mod zip;

pub use openapi::document as openapi_document;
pub use parts::{
    JobExtras, JobExtrasReader, LogReader, PlanOnce, PluginFolders, PluginSettingsReader, Reload, WebParts,
    WebSettings,
};
pub use serve::serve;
pub use spotify::serve_callback;

pub(crate) use parts::Web;
pub(crate) use router::SONG_BYTES;

#[cfg(test)]
mod testing;
