//! Logging in to Spotify and out.

mod desk;
pub(super) mod login;
pub(super) mod logout;

use crate::model::SpotifyUser;
use crate::telemetry::without_controls;

/// Names are what people call themselves.
fn who(user: &SpotifyUser) -> String {
    format!("{} ({})", without_controls(&user.name), without_controls(&user.id))
}
