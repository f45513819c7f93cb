//! `tapedeck logout spotify`

use serde_json::json;

use super::desk::Desk;
use crate::{
    cli::{Context, user::said},
    model::SpotifyState,
};

pub(in crate::cli) async fn run(context: &Context) -> anyhow::Result<()> {
    let desk = Desk::open(context).await?;
    let outcome = async {
        desk.log_out().await?;
        desk.view().await
    }
    .await;
    desk.close().await;
    let view = outcome?;
    said(
        context,
        json!({}),
        "the login at Spotify is forgotten here; remove the app at https://www.spotify.com/account/apps to end it there"
            .into(),
    )?;
    if !matches!(view.state, SpotifyState::LoggedOut | SpotifyState::NoApplication) {
        context.output.note("`spotify.refresh_token` is still in the configuration and will be used again");
    }
    Ok(())
}
