//! A simulated Spotify beside a daemon, and a browser that knows cookies.

use std::collections::BTreeMap;

use tapedeck_sim::{
    World,
    spotify::{Spotify, SpotifyServer, serve},
};
use tokio::runtime::Runtime;
use url::Url;

pub(crate) struct SimSpotify {
    pub(crate) world: World,
    server: SpotifyServer,
    runtime: Runtime,
}

impl SimSpotify {
    pub(crate) fn open() -> Self {
        Self::of(World::default())
    }

    pub(crate) fn of(world: World) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(serve(&world, None)).unwrap();
        Self { world, server, runtime }
    }

    /// What a configuration needs to speak to it.
    pub(crate) fn section(&self) -> String {
        let (id, api, accounts) = (Spotify::CLIENT, self.server.api_url(), self.server.accounts_url());
        format!("[spotify]\nclient_id = \"{id}\"\napi_url = \"{api}\"\naccounts_url = \"{accounts}\"\n")
    }

    pub(crate) fn spotify<T>(&self, look: impl FnOnce(&mut Spotify) -> T) -> T {
        self.world.spotify(look)
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { runtime: &self.runtime, cookies: BTreeMap::new() }
    }
}

pub(crate) struct Browser<'sim> {
    runtime: &'sim Runtime,
    /// By host, whatever the port, as browsers keep them.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

/// A page, and where it was found.
pub(crate) struct Found {
    pub(crate) status: u16,
    pub(crate) url: Url,
    pub(crate) text: String,
    /// The hosts and ports on the way.
    pub(crate) way: Vec<String>,
}

impl Browser<'_> {
    /// Follows an address to where it ends, or to where `until` says.
    pub(crate) fn open_until(&mut self, url: &str, until: impl Fn(&Url) -> bool) -> Found {
        let mut url: Url = url.parse().unwrap();
        let mut way = Vec::new();
        for _ in 0..10 {
            way.push(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(80)));
            if until(&url) {
                return Found { status: 0, url, text: String::new(), way };
            }
            let (status, to, text) = self.get(&url);
            match to {
                Some(to) => url = url.join(&to).unwrap(),
                None => return Found { status, url, text, way },
            }
        }
        panic!("it goes in a circle: {way:?}");
    }

    pub(crate) fn open(&mut self, url: &str) -> Found {
        self.open_until(url, |_| false)
    }

    fn get(&mut self, url: &Url) -> (u16, Option<String>, String) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let host = url.host_str().unwrap().to_owned();
        let jar = self.cookies.entry(host).or_default();
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.runtime.block_on(async {
            let client = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(std::time::Duration::from_secs(10))
                .build()
                .unwrap();
            let mut request = client.get(url.clone()).header("accept", "text/html");
            if !cookies.is_empty() {
                request = request.header("cookie", cookies.join("; "));
            }
            let answer = request.send().await.unwrap();
            for cookie in answer.headers().get_all("set-cookie") {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                jar.insert(name.to_owned(), value.to_owned());
            }
            let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
            (answer.status().as_u16(), to, answer.text().await.unwrap())
        })
    }
}
