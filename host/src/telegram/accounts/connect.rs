//! Clients under an account's settings, and what can be done with them before there is a login.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use grammers_tl_types::functions::auth::AcceptLoginToken;

use super::AccountError;
use crate::{
    clock::SharedClock,
    config::TelegramSection,
    lifecycle::Lifecycle,
    model::{AccountName, LoginRefusal},
    state::TelegramWaits,
    telegram::{
        Client, ClientParts, ClientSettings, Limits, Pacing, Patience,
        login::{QR_LINK, chain, explain, import::ImportedLogin},
        servers::{DataCenters, Servers, ServersError},
        session::AccountSession,
        settings::AccountSettings,
    },
};

/// What a client is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// Pauses that Telegram asks for are kept here.
    Work(TelegramWaits),
    /// Nothing is repeated there, and its waits are nobody else's.
    LogIn,
}

/// What every client of this process is made with.
#[derive(Clone, Debug)]
pub struct Connector {
    pub section: Arc<TelegramSection>,
    pub clock: SharedClock,
    pub lifecycle: Lifecycle,
}

impl Connector {
    /// Telegram's, or those of `telegram.servers` with fresh keys.
    pub(super) async fn data_centers(&self) -> Result<DataCenters, ServersError> {
        match &self.section.servers {
            None => Ok(DataCenters::telegram()),
            Some(path) => {
                let servers = Servers::read(path)?;
                let keys = servers.fetch_keys().await?;
                Ok(DataCenters::of(&servers).with_keys(&keys))
            }
        }
    }

    /// A client on any session, under the account's settings.
    pub(super) fn connect(
        &self,
        account: &AccountName,
        session: Arc<AccountSession>,
        purpose: Purpose,
    ) -> Result<Client, AccountError> {
        let settings = AccountSettings::of(&self.section, account);
        let application = settings.application.ok_or(AccountError::NoApplication)?;
        let limits = Limits { call: settings.call_timeout, ..Limits::default() };
        let (waits, pacing) = match purpose {
            Purpose::Work(waits) => (Some(waits), Pacing::of(settings.pace)),
            Purpose::LogIn => (None, Pacing::UNLIMITED),
        };
        Ok(Client::connect(ClientParts {
            account: account.clone(),
            session,
            settings: ClientSettings {
                api_id: application.api_id,
                proxy: settings.proxy,
                ipv6: settings.ipv6,
                pacing,
                limits,
            },
            waits,
            clock: self.clock.clone(),
            lifecycle: self.lifecycle.clone(),
        }))
    }

    /// Lets another program's login accept the code that an attempt shows, as a phone would. Its
    /// key is used this once, so that two programs never share one.
    pub async fn accept(
        &self,
        account: &AccountName,
        imported: &ImportedLogin,
        link: &str,
    ) -> Result<(), LoginRefusal> {
        let failed = |error: &(dyn std::error::Error + 'static)| LoginRefusal::Failed(chain(error));
        let token = link.strip_prefix(QR_LINK).and_then(|token| BASE64_URL_SAFE_NO_PAD.decode(token).ok());
        let token = token.ok_or_else(|| LoginRefusal::Failed("this is not the link of a login".into()))?;
        let centers = self.data_centers().await.map_err(|error| failed(&error))?;
        let session = AccountSession::imported(&centers, imported);
        let client = self.connect(account, session, Purpose::LogIn).map_err(|error| failed(&error))?;
        let accepting = client.with_patience(Patience::UpTo(std::time::Duration::ZERO));
        let accepted = accepting.invoke(&AcceptLoginToken { token }).await;
        client.close();
        match accepted {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(LoginRefusal::Failed(format!("the imported login does not work: {}", explain(&error))))
            }
        }
    }
}
