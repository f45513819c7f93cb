//! Sessions as a line of base64: of Telethon `1…`, of Pyrogram three layouts that their length tells.

use std::collections::BTreeMap;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{ImportedLogin, TelethonError};
use crate::telegram::servers::{AuthKey, KEY_LENGTH};

/// Both programs are careless about padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads the text of a session.
pub fn read_text(text: &str) -> Result<ImportedLogin, TelethonError> {
    read(text, "the text".into())
}

pub(super) fn read(text: &str, origin: String) -> Result<ImportedLogin, TelethonError> {
    let text = text.trim();
    let login = match text.strip_prefix('1') {
        Some(telethon) => decode(telethon).and_then(|bytes| of_telethon(&bytes)),
        None => match decode(text).as_deref().and_then(of_pyrogram) {
            Some((true, _)) => return Err(TelethonError::TestServers { origin }),
            Some((false, login)) => Some(login),
            None => None,
        },
    };
    match login {
        Some(login) if login.auth_key == [0; KEY_LENGTH] => Err(TelethonError::NoLogin { origin }),
        Some(login) if login.dc_id > 0 => Ok(login),
        _ => Err(TelethonError::NotASession { origin }),
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// Data centre, address of 4 or 16 bytes, port, key.
fn of_telethon(bytes: &[u8]) -> Option<ImportedLogin> {
    let (dc_id, rest) = bytes.split_first()?;
    if rest.len() != 4 + 2 + KEY_LENGTH && rest.len() != 16 + 2 + KEY_LENGTH {
        return None;
    }
    Some(login(*dc_id, *rest.last_chunk()?, None))
}

/// Data centre, since version 2 the application's number, whether the servers are for tests, key,
/// user, whether it is a bot. Says whether the servers are for tests.
fn of_pyrogram(bytes: &[u8]) -> Option<(bool, ImportedLogin)> {
    let (application, user) = match bytes.len() - KEY_LENGTH.min(bytes.len()) {
        7 => (0, 4),
        11 => (0, 8),
        15 => (4, 8),
        _ => return None,
    };
    let (dc_id, rest) = bytes.split_first()?;
    let (is_test, rest) = rest.get(application..)?.split_first()?;
    let (key, rest) = rest.split_first_chunk()?;
    let user_id = rest.get(..user)?.iter().fold(0_i64, |id, byte| id << 8 | i64::from(*byte));
    Some((*is_test != 0, login(*dc_id, *key, Some(user_id).filter(|id| *id > 0))))
}

fn login(dc_id: u8, auth_key: AuthKey, user_id: Option<i64>) -> ImportedLogin {
    let (other_keys, peers) = (BTreeMap::new(), Vec::new());
    ImportedLogin { dc_id: dc_id.into(), auth_key, user_id, other_keys, peers }
}
