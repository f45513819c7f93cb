//! Logging in to Spotify and out.

mod desk;
pub(super) mod login;
pub(super) mod logout;

use crate::{
    cli::Context,
    model::{SpotifyState, SpotifyUser, SpotifyView},
    telemetry::without_controls,
};

pub(super) async fn view(context: &Context) -> anyhow::Result<SpotifyView> {
    let desk = desk::Desk::open(context).await?;
    let view = desk.view().await;
    desk.close().await;
    view
}

/// How the login is, in a line.
pub(super) fn line(view: &SpotifyView, context: &Context) -> String {
    let user = view.user.as_ref().map(|user| format!(" as {}", who(user))).unwrap_or_default();
    match &view.state {
        SpotifyState::NoApplication => "no application, see `spotify.client_id`".into(),
        SpotifyState::LoggedOut => "logged out; log in with `tapedeck login spotify`".into(),
        SpotifyState::LoggedIn => format!("logged in{user}"),
        SpotifyState::RateLimited { until } => {
            format!("logged in{user}, rate limited until {}", context.time(*until))
        }
        SpotifyState::Refused { reason } => format!("cannot be used{user}: {reason}"),
    }
}

/// Names are what people call themselves.
fn who(user: &SpotifyUser) -> String {
    format!("{} ({})", without_controls(&user.name), without_controls(&user.id))
}
