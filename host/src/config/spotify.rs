use std::net::SocketAddr;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

/// Spotify: your application there, and how its login comes back.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SpotifySection {
    /// The id of your application, from developer.spotify.com/dashboard. Default: none.
    pub client_id: Option<String>,
    /// Its secret. Only for a `refresh_token` that was made with it: logins of our own need none. Default: none.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub client_secret: Option<SecretString>,
    /// Where Spotify sends the browser after the login, exactly as registered for the application.
    /// Default: "/callback" on the page's own address.
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    pub redirect_uri: Option<Url>,
    /// Where the redirect is waited for when its port is not the page's. Default: that port, for this machine only.
    #[schemars(with = "Option<String>", extend("format" = "socket-address"))]
    pub callback_listen: Option<SocketAddr>,
    /// What is asked for, with spaces between. Without "user-read-playback-state", devices and private sessions cannot
    /// be told. Default: "user-read-currently-playing user-read-playback-state".
    pub scope: String,
    /// A login made elsewhere, used until there is one of our own; when it changes, the new one wins. Default: none.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub refresh_token: Option<SecretString>,
    /// Another address of the Web API, for tests. Default: Spotify's own.
    #[schemars(with = "String", extend("format" = "uri"))]
    pub api_url: Url,
    /// Another address of the accounts service, for tests. Default: Spotify's own.
    #[schemars(with = "String", extend("format" = "uri"))]
    pub accounts_url: Url,
}

impl Default for SpotifySection {
    fn default() -> Self {
        let known = |address: &str| address.parse().expect("Spotify's own addresses are addresses");
        Self {
            client_id: None,
            client_secret: None,
            redirect_uri: None,
            callback_listen: None,
            scope: "user-read-currently-playing user-read-playback-state".into(),
            refresh_token: None,
            api_url: known("https://api.spotify.com/v1/"),
            accounts_url: known("https://accounts.spotify.com/"),
        }
    }
}
