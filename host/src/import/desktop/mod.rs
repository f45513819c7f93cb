//! What Telegram Desktop exports: `result.json`, or pages of HTML.

pub(super) mod html;
pub(super) mod json;
