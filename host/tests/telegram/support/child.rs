//! A process of its own that is logged in as Ada: this very program, started once more, so that it can be killed.

use std::{collections::BTreeMap, path::Path, process::Command, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use tapedeck::{
    clock::SystemClock,
    lifecycle::Lifecycle,
    model::{AccountName, SelfView},
    state::State,
    telegram::{
        Client, ClientParts, ClientSettings, Pacing,
        servers::{AuthKey, DataCenters, Servers},
        session::{AccountSession, Replace, SessionStore},
    },
    vault::{Keeper, VaultSettings},
};
use tapedeck_sim::telegram::Telegram;

use super::{ADA, Scene, limits};

/// Names the folder that the two share.
pub(crate) const FOLDER: &str = "TAPEDECK_TEST_FOLDER";

/// What it needs to be Ada.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    servers: serde_json::Value,
    keys: BTreeMap<i32, String>,
}

impl Login {
    pub(crate) fn of(scene: &Scene) -> Self {
        let keys: BTreeMap<i32, AuthKey> = scene.telegram(Telegram::new_keys);
        scene.telegram(|t| t.log_in_keys(&keys, ADA));
        let keys = keys.into_iter().map(|(dc, key)| (dc, BASE64_STANDARD.encode(key))).collect();
        Self { servers: serde_json::to_value(scene.server.servers()).unwrap(), keys }
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(self.session())
    }

    fn centers(&self) -> DataCenters {
        let servers: Servers = serde_json::from_value(self.servers.clone()).unwrap();
        let key = |text: &String| AuthKey::try_from(BASE64_STANDARD.decode(text).unwrap()).unwrap();
        DataCenters::of(&servers).with_keys(&self.keys.iter().map(|(dc, text)| (*dc, key(text))).collect())
    }

    fn session(&self) -> Arc<AccountSession> {
        let session = AccountSession::fresh(&self.centers());
        session.set_me(SelfView { id: ADA, name: "Ada".into(), username: None, phone_masked: None }).unwrap();
        session
    }

    /// As a daemon keeps it in this folder: where the updates are is known to the next process.
    pub(crate) async fn kept_session(&self, folder: &Path) -> Arc<AccountSession> {
        let vault = VaultSettings { key_file: None, passphrase: None, folder: folder.to_owned() };
        let state = State::open(folder).unwrap();
        let store = SessionStore::new(state, Keeper::new(vault), Lifecycle::default());
        match store.load(&AccountName::main(), &self.centers()).await.unwrap() {
            Some(session) => session,
            None => {
                let session = self.session();
                store.commit(&AccountName::main(), &session, Replace::SameUser).await.unwrap();
                session
            }
        }
    }

    pub(crate) fn client_with(&self, session: Arc<AccountSession>) -> Client {
        Client::connect(ClientParts {
            account: AccountName::main(),
            session,
            settings: ClientSettings {
                api_id: 1,
                proxy: None,
                ipv6: false,
                pacing: Pacing::UNLIMITED,
                limits: limits(),
            },
            waits: None,
            clock: Arc::new(SystemClock),
            lifecycle: Lifecycle::default(),
        })
    }
}

/// `test` is one of those that are ignored otherwise.
pub(crate) fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(FOLDER, folder);
    command
}
