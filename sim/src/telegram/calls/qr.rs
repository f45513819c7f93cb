//! Logging in by QR code.

use grammers_tl_types as tl;

use super::{Caller, Refusal, auth};
use crate::telegram::{Telegram, state::LoginToken};

pub(super) fn export_login_token(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::auth::ExportLoginToken,
) -> Result<tl::enums::auth::LoginToken, Refusal> {
    auth::check_api(call.api_id, &call.api_hash)?;
    let token = t.login_token_of(caller.key_id, call.except_ids);
    advance(t, caller, &token)
}

pub(super) fn import_login_token(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::auth::ImportLoginToken,
) -> Result<tl::enums::auth::LoginToken, Refusal> {
    let token = t.login_token(&call.token)?;
    advance(t, caller, &token)
}

/// What the waiting device learns: wait, go elsewhere, prove the password, or welcome.
fn advance(
    t: &mut Telegram,
    caller: &Caller,
    token: &LoginToken,
) -> Result<tl::enums::auth::LoginToken, Refusal> {
    let accepted = token.accepted.and_then(|hash| t.authorizations.get(&hash)).cloned();
    let Some(login) = accepted else {
        let (expires, token) = (token.expires, token.token.clone());
        return Ok(tl::types::auth::LoginToken { expires, token }.into());
    };
    let account = t.accounts.get(&login.user).ok_or(Refusal::new(400, "AUTH_TOKEN_INVALID"))?;
    if account.home_dc != caller.dc {
        let (dc_id, token) = (account.home_dc, token.token.clone());
        return Ok(tl::types::auth::LoginTokenMigrateTo { dc_id, token }.into());
    }
    let has_password = account.password.is_some();
    t.spend_login_token(&token.token);
    if has_password {
        return Err(t.ask_for_password(caller.key_id, login.user, Some(login.hash)));
    }
    let authorization = t.complete_login(caller.key_id, login.hash).ok_or(Refusal::new(500, "INTERNAL"))?;
    Ok(tl::types::auth::LoginTokenSuccess { authorization: authorization.into() }.into())
}

pub(super) fn accept_login_token(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::auth::AcceptLoginToken,
) -> Result<tl::enums::Authorization, Refusal> {
    let me = caller.me()?;
    let login = t.accept_login_token(&call.token, me)?;
    Ok(auth::listed(&login, false))
}
