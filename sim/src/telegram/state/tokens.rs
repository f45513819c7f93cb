use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use grammers_tl_types as tl;

use super::{Authorization, Telegram, random};
use crate::telegram::Refusal;

/// How long a QR code can be scanned, in seconds.
const TOKEN_LASTS: i32 = 30;

/// What is carried from device to device, or from one data centre to another.
#[derive(Debug, Default)]
pub struct Tokens {
    /// What QR codes show.
    logins: BTreeMap<Vec<u8>, LoginToken>,
    /// What `auth.exportAuthorization` gave out, by its bytes.
    exports: BTreeMap<Vec<u8>, Export>,
}

/// What a QR code shows: a device that waits to be logged in.
#[derive(Clone, Debug)]
pub(crate) struct LoginToken {
    pub(crate) token: Vec<u8>,
    /// The key of the waiting device.
    key_id: i64,
    pub(crate) expires: i32,
    /// Users that are logged in there already.
    except: Vec<i64>,
    /// The login that its scan began.
    pub(crate) accepted: Option<i64>,
    /// The waiting device has got its answer.
    pub(crate) is_spent: bool,
}

#[derive(Debug)]
struct Export {
    user: i64,
    to_dc: i32,
    authorization: i64,
}

impl Telegram {
    /// Plays the user's phone: scans a QR code and confirms it.
    pub fn scan(&mut self, qr_url: &str, user: i64) -> Result<(), Refusal> {
        let token = qr_url
            .strip_prefix("tg://login?token=")
            .and_then(|token| URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).ok())
            .ok_or(Refusal::new(400, "AUTH_TOKEN_INVALID"))?;
        self.accept_login_token(&token, user).map(|_| ())
    }

    /// The token a waiting device shows: the one it has while that is good, or a fresh one.
    pub(crate) fn login_token_of(&mut self, key_id: i64, except: Vec<i64>) -> LoginToken {
        let now = self.now();
        let logins = &mut self.tokens.logins;
        let of_key = |token: &&mut LoginToken| token.key_id == key_id && !token.is_spent;
        if let Some(token) =
            logins.values_mut().filter(of_key).find(|token| token.accepted.is_some() || token.expires > now)
        {
            token.except = except;
            return token.clone();
        }
        let token = LoginToken {
            token: random::<32>().to_vec(),
            key_id,
            expires: now.saturating_add(TOKEN_LASTS),
            except,
            accepted: None,
            is_spent: false,
        };
        logins.insert(token.token.clone(), token.clone());
        token
    }

    /// A token that can still be used, or why it cannot.
    pub(crate) fn login_token(&self, token: &[u8]) -> Result<LoginToken, Refusal> {
        let token = self.tokens.logins.get(token).ok_or(Refusal::new(400, "AUTH_TOKEN_INVALID"))?;
        if token.is_spent {
            return Err(Refusal::new(400, "AUTH_TOKEN_ALREADY_ACCEPTED"));
        }
        if token.accepted.is_none() && token.expires <= self.now() {
            return Err(Refusal::new(400, "AUTH_TOKEN_EXPIRED"));
        }
        Ok(token.clone())
    }

    /// A logged-in device confirms what it scanned. The waiting one is told to ask again.
    pub(crate) fn accept_login_token(&mut self, token: &[u8], user: i64) -> Result<Authorization, Refusal> {
        let known = self.login_token(token)?;
        if known.accepted.is_some() {
            return Err(Refusal::new(400, "AUTH_TOKEN_ALREADY_ACCEPTED"));
        }
        if known.except.contains(&user) {
            return Err(Refusal::new(400, "AUTH_TOKEN_EXCEPTION"));
        }
        if !self.accounts.contains_key(&user) {
            return Err(Refusal::new(401, "AUTH_KEY_UNREGISTERED"));
        }
        let device = self.keys.get(known.key_id).map(|key| key.device.clone()).unwrap_or_default();
        let hash = self.authorize(user, device);
        if let Some(token) = self.tokens.logins.get_mut(token) {
            token.accepted = Some(hash);
        }
        let update = tl::types::UpdateShort { update: tl::enums::Update::LoginToken, date: self.now() };
        for connection in self.connections.of_key(known.key_id).filter(|waiting| waiting.wants_updates) {
            connection.queue(update.clone().into());
        }
        self.authorizations.get(&hash).cloned().ok_or(Refusal::new(500, "INTERNAL"))
    }

    pub(crate) fn spend_login_token(&mut self, token: &[u8]) {
        if let Some(token) = self.tokens.logins.get_mut(token) {
            token.is_spent = true;
        }
    }

    /// Gives out what proves a login in another data centre, once.
    pub(crate) fn export_login(&mut self, user: i64, to_dc: i32, authorization: i64) -> Vec<u8> {
        let bytes = random::<64>().to_vec();
        self.tokens.exports.insert(bytes.clone(), Export { user, to_dc, authorization });
        bytes
    }

    /// The login that was exported to a data centre with these bytes.
    pub(crate) fn import_login(&mut self, user: i64, dc: i32, bytes: &[u8]) -> Option<i64> {
        let export = self.tokens.exports.get(bytes)?;
        if export.user != user || export.to_dc != dc {
            return None;
        }
        self.tokens.exports.remove(bytes).map(|export| export.authorization)
    }
}
