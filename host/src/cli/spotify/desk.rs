//! Where a login at Spotify is made: in the running daemon, or here while none runs.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use crate::{
    app::{Spotify, SpotifyError, SpotifyLoginError},
    cli::{Context, Exit, Failure, client::Client},
    lifecycle::Lifecycle,
    model::{LoginId, SpotifyLoginView, SpotifyView},
    spotify::SpotifyParts,
    vault::{Keeper, VaultSettings},
    web,
};

/// As the daemon calls those who use its own token.
const WHO: &str = "command line";
/// How long the end of our own may take.
const END: Duration = Duration::from_secs(10);

pub(super) enum Desk {
    Daemon(Client),
    Own(Box<Own>),
}

/// The Spotify of a daemon that does not run.
pub(super) struct Own {
    spotify: Spotify,
    vault: Keeper,
    lifecycle: Lifecycle,
}

impl Desk {
    pub(super) async fn open(context: &Context) -> anyhow::Result<Self> {
        if let Some(client) = Client::find(context).await? {
            return Ok(Self::Daemon(client));
        }
        let config = context.config()?;
        let state = context.open_state(&config.data.folder)?;
        let vault = Keeper::new(VaultSettings {
            key_file: config.telegram.key_file.clone(),
            passphrase: config.telegram.passphrase.clone(),
            folder: config.data.folder.clone(),
        });
        let mut section = config.spotify;
        if section.redirect_uri.is_none() {
            // As the daemon would have it.
            let page = config.server.public_url.map_or_else(
                || format!("http://127.0.0.1:{}/", config.server.listen.port()),
                |url| url.to_string(),
            );
            section.redirect_uri = page.parse::<Url>().ok().and_then(|page| page.join("callback").ok());
        }
        let lifecycle = Lifecycle::default();
        let spotify = Spotify::new(SpotifyParts {
            section,
            state,
            vault: vault.clone(),
            clock: context.clock.clone(),
            lifecycle: lifecycle.clone(),
        });
        Ok(Self::Own(Box::new(Own { spotify, vault, lifecycle })))
    }

    /// Everything is written, and nothing goes on.
    pub(super) async fn close(self) {
        if let Self::Own(own) = self {
            own.lifecycle.drain();
            own.lifecycle.wait(END).await;
        }
    }

    /// What to say about the key that seals logins; a daemon logs it.
    pub(super) fn notices(&self) -> Vec<String> {
        match self {
            Self::Daemon(_) => Vec::new(),
            Self::Own(own) => own.vault.notices().iter().map(ToString::to_string).collect(),
        }
    }

    /// Lets browsers come back to us, when no daemon waits for them.
    pub(super) async fn listen(&self) -> anyhow::Result<()> {
        let Self::Own(own) = self else { return Ok(()) };
        let redirect = own.spotify.redirect_uri();
        let paste = "run it again with --paste";
        let Some(address) = *own.spotify.listen_at().borrow() else {
            let text =
                format!("browsers come back to {redirect}, where only the daemon waits, and it does not run");
            return Err(Failure::new(Exit::NoDaemon, text)
                .fix(format!("start it with `tapedeck run`, or {paste}"))
                .into());
        };
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot listen on {address}, where browsers come back to"))
                .fix(format!("free that port, or {paste}"))
                .caused_by(error)
        })?;
        let (spotify, until) = (own.spotify.clone(), own.lifecycle.draining());
        own.lifecycle.spawn("spotify-callback", web::serve_callback(spotify, listener, until));
        Ok(())
    }

    /// Where the answer is pasted, nobody has to come back.
    pub(super) async fn start(&self, is_pasted: bool) -> anyhow::Result<SpotifyLoginView> {
        match self {
            Self::Daemon(client) => {
                client.post_query(&["spotify", "logins"], &[("paste", is_pasted.to_string())]).await
            }
            Self::Own(own) => own.spotify.begin_login(WHO).map_err(refused),
        }
    }

    pub(super) async fn show(&self, id: LoginId) -> anyhow::Result<SpotifyLoginView> {
        match self {
            Self::Daemon(client) => client.get(&["spotify", "logins", &id.to_string()], &[]).await,
            Self::Own(own) => own.spotify.login(id, WHO).map_err(refused),
        }
    }

    pub(super) async fn answer(&self, id: LoginId, pasted: &str) -> anyhow::Result<SpotifyLoginView> {
        match self {
            Self::Daemon(client) => {
                client
                    .post(&["spotify", "logins", &id.to_string(), "answer"], &json!({ "answer": pasted }))
                    .await
            }
            Self::Own(own) => {
                own.spotify.answer_login(id, WHO, pasted).await.map_err(refused)?;
                own.spotify.login(id, WHO).map_err(refused)
            }
        }
    }

    pub(super) async fn view(&self) -> anyhow::Result<SpotifyView> {
        match self {
            Self::Daemon(client) => client.get(&["spotify"], &[]).await,
            Self::Own(own) => Ok(own.spotify.view().await),
        }
    }

    pub(super) async fn log_out(&self) -> anyhow::Result<()> {
        match self {
            Self::Daemon(client) => client.send_post(&["spotify", "logout"], &json!({})).await,
            Self::Own(own) => match own.spotify.log_out().await.map_err(|error| refused(error.into()))? {
                true => Ok(()),
                false => Err(Failure::new(Exit::Failed, "nobody is logged in to Spotify").into()),
            },
        }
    }
}

fn refused(error: SpotifyLoginError) -> anyhow::Error {
    let exit = match &error {
        SpotifyLoginError::Spotify(SpotifyError::NoApplication { .. }) | SpotifyLoginError::NotAnAnswer => {
            Exit::Usage
        }
        _ => Exit::Failed,
    };
    let (text, fix) = (error.to_string(), error.fix());
    let mut fix = fix.trim_end_matches('.').to_owned();
    if let Some(first) = fix.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    Failure::new(exit, text).fix(fix).into()
}
