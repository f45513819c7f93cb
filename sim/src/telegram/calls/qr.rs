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

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use grammers_tl_types::functions as f;

    use super::*;
    use crate::telegram::{
        Password,
        testing::{Client, keys, world},
    };

    fn export(except_ids: Vec<i64>) -> f::auth::ExportLoginToken {
        f::auth::ExportLoginToken { api_id: 1, api_hash: "hash".into(), except_ids }
    }

    async fn shown(client: &mut Client, except: Vec<i64>) -> (Vec<u8>, String) {
        match client.call(&export(except)).await.unwrap() {
            tl::enums::auth::LoginToken::Token(token) => {
                let url = format!("tg://login?token={}", URL_SAFE_NO_PAD.encode(&token.token));
                (token.token, url)
            }
            other => panic!("{other:?}"),
        }
    }

    fn is_success(answer: &tl::enums::auth::LoginToken) -> bool {
        matches!(answer, tl::enums::auth::LoginToken::Success(_))
    }

    #[tokio::test]
    async fn scanned_code_logs_in() {
        let (world, server) = world().await;
        let mut client = Client::connect(&server, &keys(&world, None), 2).await;
        let (token, _) = shown(&mut client, Vec::new()).await;
        assert_eq!(shown(&mut client, Vec::new()).await.0, token, "the same while it lasts");
        let mut phone = Client::connect(&server, &keys(&world, Some(1)), 2).await;
        let accept = f::auth::AcceptLoginToken { token };
        phone.call(&accept).await.unwrap();
        let refusal = phone.call(&accept).await.unwrap_err();
        assert_eq!(refusal, Refusal::new(400, "AUTH_TOKEN_ALREADY_ACCEPTED"));
        let update = client.updates().await;
        assert!(
            matches!(&update, tl::enums::Updates::UpdateShort(short)
                if matches!(short.update, tl::enums::Update::LoginToken)),
            "{update:?}"
        );
        assert!(is_success(&client.call(&export(Vec::new())).await.unwrap()));
        let told = phone.updates().await;
        assert!(format!("{told:?}").contains("NewAuthorization"), "{told:?}");
        world.finish().unwrap();
    }

    #[tokio::test]
    async fn login_moves_to_the_account_s_home() {
        let (world, server) = world().await;
        let keys = keys(&world, None);
        let mut client = Client::connect(&server, &keys, 2).await;
        let (token, url) = shown(&mut client, Vec::new()).await;
        world.telegram(|t| t.scan(&url, 2)).unwrap();
        let answer = client.call(&export(Vec::new())).await.unwrap();
        let tl::enums::auth::LoginToken::MigrateTo(migrate) = answer else { panic!("{answer:?}") };
        assert_eq!((migrate.dc_id, &migrate.token), (4, &token));
        let mut home = Client::connect(&server, &keys, 4).await;
        let import = f::auth::ImportLoginToken { token: migrate.token };
        assert!(is_success(&home.call(&import).await.unwrap()));
        let refusal = home.call(&import).await.unwrap_err();
        assert_eq!(refusal, Refusal::new(400, "AUTH_TOKEN_ALREADY_ACCEPTED"));
    }

    #[tokio::test]
    async fn codes_expire_and_refuse_known_users() {
        let (world, server) = world().await;
        let mut client = Client::connect(&server, &keys(&world, None), 2).await;
        let (token, url) = shown(&mut client, vec![1]).await;
        let scan = |url: &str| world.telegram(|t| t.scan(url, 1)).unwrap_err().name.into_owned();
        assert_eq!(scan(&url), "AUTH_TOKEN_EXCEPTION");
        assert_eq!(scan("tg://login?token=AAAA"), "AUTH_TOKEN_INVALID");
        world.telegram(|t| t.advance(31));
        assert_eq!(scan(&url), "AUTH_TOKEN_EXPIRED");
        let refusal = client.call(&f::auth::ImportLoginToken { token: token.clone() }).await.unwrap_err();
        assert_eq!(refusal, Refusal::new(400, "AUTH_TOKEN_EXPIRED"));
        assert_ne!(shown(&mut client, Vec::new()).await.0, token);
    }

    #[tokio::test]
    async fn password_is_asked_for_after_the_scan() {
        let (world, server) = world().await;
        world.telegram(|t| t.account(1).unwrap().password = Some(Password::new("secret", None)));
        let mut client = Client::connect(&server, &keys(&world, None), 2).await;
        let (_, url) = shown(&mut client, Vec::new()).await;
        world.telegram(|t| t.scan(&url, 1)).unwrap();
        let refusal = client.call(&export(Vec::new())).await.unwrap_err();
        assert_eq!(refusal, Refusal::new(401, "SESSION_PASSWORD_NEEDED"));
        client.call(&f::account::GetPassword {}).await.unwrap();
    }
}
