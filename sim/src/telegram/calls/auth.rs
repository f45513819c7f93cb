//! Logging in by phone, carrying a login to other data centres, and ending it.

use grammers_tl_types as tl;

use super::{Caller, Refusal};
use crate::telegram::{
    Authorization, SentBy, Telegram,
    state::{Code, Guess, digits},
};

/// How long to wait before the code can be asked for in another way, in seconds.
const RESEND_AFTER: i32 = 60;

/// An application that Telegram knows. Any number and text will do here, but none will not.
pub(super) fn check_api(api_id: i32, api_hash: &str) -> Result<(), Refusal> {
    if api_id <= 0 || api_hash.is_empty() {
        return Err(Refusal::new(400, "API_ID_INVALID"));
    }
    Ok(())
}

pub(super) fn send_code(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::auth::SendCode,
) -> Result<tl::enums::auth::SentCode, Refusal> {
    check_api(call.api_id, &call.api_hash)?;
    let user = known_phone(t, caller, &call.phone_number)?;
    t.begin_code(&call.phone_number).map_err(Refusal::flood)?;
    let has_device = user.is_some_and(|user| t.logins_of(user).next().is_some());
    let sent_by = if has_device { SentBy::App } else { SentBy::Sms };
    let (hash, code) = t.send_code(&call.phone_number, sent_by, None);
    Ok(sent(hash, &code))
}

/// Who has the phone, if it is a phone, and its account is at home here and welcome.
fn known_phone(t: &Telegram, caller: &Caller, phone: &str) -> Result<Option<i64>, Refusal> {
    let count = digits(phone).len();
    let is_phone = phone.chars().all(|c| c.is_ascii_digit() || "+ -()".contains(c));
    if !is_phone || !(7..=15).contains(&count) {
        return Err(Refusal::new(400, "PHONE_NUMBER_INVALID"));
    }
    let Some(user) = t.user_with_phone(phone) else { return Ok(None) };
    let Some(account) = t.accounts.get(&user) else { return Ok(None) };
    if account.home_dc != caller.dc {
        return Err(Refusal::migrate("PHONE", account.home_dc));
    }
    if account.is_banned {
        return Err(Refusal::new(400, "PHONE_NUMBER_BANNED"));
    }
    Ok(Some(user))
}

fn sent(phone_code_hash: String, code: &Code) -> tl::enums::auth::SentCode {
    let length = code.length();
    let r#type = match code.sent_by {
        SentBy::App => tl::types::auth::SentCodeTypeApp { length }.into(),
        SentBy::Sms => tl::types::auth::SentCodeTypeSms { length }.into(),
        SentBy::Call => tl::types::auth::SentCodeTypeCall { length }.into(),
    };
    let next = code.sent_by.next();
    let next_type = next.map(|next| match next {
        SentBy::App | SentBy::Sms => tl::enums::auth::CodeType::Sms,
        SentBy::Call => tl::enums::auth::CodeType::Call,
    });
    let timeout = next.map(|_| RESEND_AFTER);
    tl::types::auth::SentCode { r#type, phone_code_hash, next_type, timeout }.into()
}

pub(super) fn resend_code(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::auth::ResendCode,
) -> Result<tl::enums::auth::SentCode, Refusal> {
    known_phone(t, caller, &call.phone_number)?;
    let hash = call.phone_code_hash;
    let code = t.code(&call.phone_number, &hash).ok_or(Refusal::new(400, "PHONE_CODE_EXPIRED"))?;
    let next = code.sent_by.next().ok_or(Refusal::new(406, "SEND_CODE_UNAVAILABLE"))?;
    let (hash, code) = t.send_code(&call.phone_number, next, Some(&hash));
    Ok(sent(hash, &code))
}

pub(super) fn cancel_code(
    t: &mut Telegram,
    _: &Caller,
    call: tl::functions::auth::CancelCode,
) -> Result<bool, Refusal> {
    t.code(&call.phone_number, &call.phone_code_hash).ok_or(Refusal::new(400, "PHONE_CODE_EXPIRED"))?;
    Ok(t.forget_code(&call.phone_code_hash))
}

pub(super) fn sign_in(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::auth::SignIn,
) -> Result<tl::enums::auth::Authorization, Refusal> {
    let user = known_phone(t, caller, &call.phone_number)?;
    let guess = call.phone_code.filter(|code| !code.is_empty());
    let guess = guess.ok_or(Refusal::new(400, "PHONE_CODE_EMPTY"))?;
    match t.guess_code(&call.phone_number, &call.phone_code_hash, &guess) {
        Guess::Right => {}
        Guess::Wrong => return Err(Refusal::new(400, "PHONE_CODE_INVALID")),
        Guess::Expired => return Err(Refusal::new(400, "PHONE_CODE_EXPIRED")),
    }
    let Some(user) = user else {
        return Ok(tl::types::auth::AuthorizationSignUpRequired { terms_of_service: None }.into());
    };
    t.forget_code(&call.phone_code_hash);
    if t.accounts.get(&user).is_some_and(|account| account.password.is_some()) {
        return Err(t.ask_for_password(caller.key_id, user, None));
    }
    t.log_in(caller.key_id, user).map(Into::into).ok_or(Refusal::new(500, "INTERNAL"))
}

pub(super) fn sign_up(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::auth::SignUp,
) -> Result<tl::enums::auth::Authorization, Refusal> {
    if known_phone(t, caller, &call.phone_number)?.is_some() {
        return Err(Refusal::new(400, "PHONE_NUMBER_OCCUPIED"));
    }
    if call.first_name.trim().is_empty() {
        return Err(Refusal::new(400, "FIRSTNAME_INVALID"));
    }
    if !t.may_sign_up(&call.phone_number, &call.phone_code_hash) {
        return Err(Refusal::new(400, "PHONE_CODE_EXPIRED"));
    }
    t.forget_code(&call.phone_code_hash);
    let id = t.users.keys().last().copied().unwrap_or_default() + 1;
    t.add_account(id, &call.first_name, &call.phone_number, caller.dc);
    if let Some(user) = t.users.get_mut(&id) {
        user.last_name = Some(call.last_name).filter(|name| !name.is_empty());
    }
    t.log_in(caller.key_id, id).map(Into::into).ok_or(Refusal::new(500, "INTERNAL"))
}

pub(super) fn log_out(
    t: &mut Telegram,
    caller: &Caller,
    _: tl::functions::auth::LogOut,
) -> Result<tl::enums::auth::LoggedOut, Refusal> {
    caller.me()?;
    if let Some(hash) = login_of(t, caller) {
        t.end_login(hash);
    }
    Ok(tl::types::auth::LoggedOut { future_auth_token: None }.into())
}

fn login_of(t: &Telegram, caller: &Caller) -> Option<i64> {
    t.keys.get(caller.key_id)?.authorization
}

pub(super) fn export_authorization(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::auth::ExportAuthorization,
) -> Result<tl::enums::auth::ExportedAuthorization, Refusal> {
    let me = caller.me()?;
    let is_elsewhere = call.dc_id != caller.dc && t.data_centers.iter().any(|dc| dc.id == call.dc_id);
    if !is_elsewhere {
        return Err(Refusal::new(400, "DC_ID_INVALID"));
    }
    let login = login_of(t, caller).ok_or(Refusal::new(401, "AUTH_KEY_UNREGISTERED"))?;
    let bytes = t.export_login(me, call.dc_id, login);
    Ok(tl::types::auth::ExportedAuthorization { id: me, bytes }.into())
}

pub(super) fn import_authorization(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::auth::ImportAuthorization,
) -> Result<tl::enums::auth::Authorization, Refusal> {
    let login = t.import_login(call.id, caller.dc, &call.bytes);
    login
        .filter(|&hash| t.bind(caller.key_id, hash))
        .and_then(|_| t.authorization_of(call.id))
        .map(Into::into)
        .ok_or(Refusal::new(400, "AUTH_BYTES_INVALID"))
}

pub(super) fn reset_authorizations(
    t: &mut Telegram,
    caller: &Caller,
    _: tl::functions::auth::ResetAuthorizations,
) -> Result<bool, Refusal> {
    let me = caller.me()?;
    let mine = login_of(t, caller);
    let others: Vec<i64> =
        t.logins_of(me).map(|login| login.hash).filter(|&hash| Some(hash) != mine).collect();
    for hash in others {
        t.end_login(hash);
    }
    Ok(true)
}

pub(super) fn reset_authorization(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::account::ResetAuthorization,
) -> Result<bool, Refusal> {
    let me = caller.me()?;
    let is_mine = t.logins_of(me).any(|login| login.hash == call.hash);
    if !is_mine || login_of(t, caller) == Some(call.hash) {
        return Err(Refusal::new(400, "HASH_INVALID"));
    }
    Ok(t.end_login(call.hash).is_some())
}

pub(super) fn get_authorizations(
    t: &mut Telegram,
    caller: &Caller,
    _: tl::functions::account::GetAuthorizations,
) -> Result<tl::enums::account::Authorizations, Refusal> {
    let me = caller.me()?;
    let mine = login_of(t, caller);
    let authorizations = t.logins_of(me).map(|login| listed(login, Some(login.hash) == mine)).collect();
    Ok(tl::types::account::Authorizations { authorization_ttl_days: 180, authorizations }.into())
}

/// A login, as its owner sees it in the list. The one that asks has no hash: it cannot end itself.
pub(super) fn listed(login: &Authorization, is_current: bool) -> tl::enums::Authorization {
    tl::types::Authorization {
        current: is_current,
        official_app: false,
        password_pending: false,
        encrypted_requests_disabled: false,
        call_requests_disabled: false,
        unconfirmed: false,
        hash: if is_current { 0 } else { login.hash },
        device_model: login.device.model.clone(),
        platform: "Desktop".into(),
        system_version: login.device.system_version.clone(),
        api_id: login.device.api_id,
        app_name: "Tapedeck".into(),
        app_version: login.device.app_version.clone(),
        date_created: login.created,
        date_active: login.active,
        ip: "127.0.0.1".into(),
        country: "Loopback".into(),
        region: String::new(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use grammers_tl_types::functions as f;

    use super::*;
    use crate::telegram::testing::{Client, keys, world};

    const PHONE: &str = "+1 555 0001";

    fn me() -> f::users::GetUsers {
        f::users::GetUsers { id: vec![tl::enums::InputUser::UserSelf] }
    }

    fn refused<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> String {
        answer.unwrap_err().name.into_owned()
    }

    #[tokio::test]
    async fn right_code_logs_in() {
        let (world, server) = world().await;
        let mut client = Client::connect(&server, &keys(&world, None), 2).await;
        assert_eq!(refused(client.call(&me()).await), "AUTH_KEY_UNREGISTERED");
        let sent = client.send_code(PHONE).await.unwrap();
        assert!(matches!(sent.r#type, tl::enums::auth::SentCodeType::Sms(_)), "{sent:?}");
        assert_eq!((sent.next_type.clone(), sent.timeout), (Some(tl::enums::auth::CodeType::Call), Some(60)));
        let code = world.telegram(|t| t.last_code(PHONE)).unwrap();
        assert_eq!(refused(client.sign_in(PHONE, &sent, "").await), "PHONE_CODE_EMPTY");
        assert_eq!(refused(client.sign_in(PHONE, &sent, "x").await), "PHONE_CODE_INVALID");
        let authorization = client.sign_in(PHONE, &sent, &code).await.unwrap();
        assert!(format!("{authorization:?}").contains("Ada"));
        assert_eq!(client.call(&me()).await.unwrap().len(), 1);
        assert_eq!(refused(client.sign_in(PHONE, &sent, &code).await), "PHONE_CODE_EXPIRED");
        world.finish().unwrap();
    }

    #[tokio::test]
    async fn too_many_codes_have_to_wait() {
        let (world, server) = world().await;
        world.telegram(|t| t.set_now(1_767_225_600));
        let mut client = Client::connect(&server, &keys(&world, None), 2).await;
        for _ in 0..20 {
            client.send_code(PHONE).await.unwrap();
        }
        world.telegram(|t| t.advance(600));
        assert_eq!(refused(client.send_code(PHONE).await), "FLOOD_WAIT_3000");
        world.telegram(|t| t.advance(3000));
        client.send_code(PHONE).await.unwrap();
        world.finish().unwrap();
    }

    #[tokio::test]
    async fn codes_travel_another_way_each_time() {
        let (world, server) = world().await;
        keys(&world, Some(1));
        let mut client = Client::connect(&server, &keys(&world, None), 2).await;
        let sent = client.send_code(PHONE).await.unwrap();
        assert!(matches!(sent.r#type, tl::enums::auth::SentCodeType::App(_)), "{sent:?}");
        let first = world.telegram(|t| t.last_code(PHONE)).unwrap();
        let again = f::auth::ResendCode {
            phone_number: PHONE.into(),
            phone_code_hash: sent.phone_code_hash.clone(),
            reason: None,
        };
        client.call(&again).await.unwrap();
        let called = client.call(&again).await.unwrap();
        assert!(format!("{called:?}").contains("SentCodeTypeCall"), "{called:?}");
        assert_eq!(refused(client.call(&again).await), "SEND_CODE_UNAVAILABLE");
        let code = world.telegram(|t| t.last_code(PHONE)).unwrap();
        if first != code {
            assert_eq!(refused(client.sign_in(PHONE, &sent, &first).await), "PHONE_CODE_INVALID");
        }
        world.telegram(|t| t.advance(301));
        assert_eq!(refused(client.sign_in(PHONE, &sent, &code).await), "PHONE_CODE_EXPIRED");
        let sent = client.send_code(PHONE).await.unwrap();
        let cancel =
            f::auth::CancelCode { phone_number: PHONE.into(), phone_code_hash: sent.phone_code_hash.clone() };
        assert!(client.call(&cancel).await.unwrap());
        let code = world.telegram(|t| t.last_code(PHONE)).unwrap();
        assert_eq!(refused(client.sign_in(PHONE, &sent, &code).await), "PHONE_CODE_EXPIRED");
    }

    #[tokio::test]
    async fn phones_are_checked_and_sent_home() {
        let (world, server) = world().await;
        let mut client = Client::connect(&server, &keys(&world, None), 2).await;
        assert_eq!(refused(client.send_code("hello").await), "PHONE_NUMBER_INVALID");
        assert_eq!(refused(client.send_code("123").await), "PHONE_NUMBER_INVALID");
        assert_eq!(refused(client.send_code("+15550002").await), "PHONE_MIGRATE_4");
        world.telegram(|t| t.account(1).unwrap().is_banned = true);
        assert_eq!(refused(client.send_code(PHONE).await), "PHONE_NUMBER_BANNED");
    }

    #[tokio::test]
    async fn new_phones_sign_up() {
        let (world, server) = world().await;
        let mut client = Client::connect(&server, &keys(&world, None), 3).await;
        let sent = client.send_code("+15559999").await.unwrap();
        let sign_up = |first_name: &str| f::auth::SignUp {
            no_joined_notifications: false,
            phone_number: "+15559999".into(),
            phone_code_hash: sent.phone_code_hash.clone(),
            first_name: first_name.into(),
            last_name: "Hopper".into(),
        };
        assert_eq!(refused(client.call(&sign_up("Grace")).await), "PHONE_CODE_EXPIRED");
        let code = world.telegram(|t| t.last_code("+15559999")).unwrap();
        let answer = client.sign_in("+15559999", &sent, &code).await.unwrap();
        assert!(matches!(answer, tl::enums::auth::Authorization::SignUpRequired(_)), "{answer:?}");
        assert_eq!(refused(client.call(&sign_up(" ")).await), "FIRSTNAME_INVALID");
        client.call(&sign_up("Grace")).await.unwrap();
        let user = world.telegram(|t| t.user_with_phone("15559999")).unwrap();
        assert_eq!(world.telegram(|t| t.account(user).unwrap().home_dc), 3);
    }

    #[tokio::test]
    async fn logins_are_carried_to_other_data_centers() {
        let (world, server) = world().await;
        let keys = keys(&world, None);
        let mut home = Client::connect(&server, &keys, 2).await;
        world.telegram(|t| t.log_in_keys(&[(2, keys[&2])].into(), 1));
        assert_eq!(refused(home.call(&f::auth::ExportAuthorization { dc_id: 2 }).await), "DC_ID_INVALID");
        let exported = home.call(&f::auth::ExportAuthorization { dc_id: 5 }).await.unwrap();
        let tl::enums::auth::ExportedAuthorization::Authorization(exported) = exported;
        let import = f::auth::ImportAuthorization { id: exported.id, bytes: exported.bytes };
        let mut elsewhere = Client::connect(&server, &keys, 4).await;
        assert_eq!(refused(elsewhere.call(&import).await), "AUTH_BYTES_INVALID");
        let mut media = Client::connect(&server, &keys, 5).await;
        media.call(&import).await.unwrap();
        assert_eq!(refused(media.call(&import).await), "AUTH_BYTES_INVALID");
        assert_eq!(refused(media.call(&me()).await), "USER_MIGRATE_2");
        home.call(&f::auth::LogOut {}).await.unwrap();
        assert_eq!(refused(media.call(&me()).await), "AUTH_KEY_UNREGISTERED");
    }

    #[tokio::test]
    async fn other_logins_are_listed_and_ended() {
        let (world, server) = world().await;
        let (mine, other, third) = (keys(&world, Some(1)), keys(&world, Some(1)), keys(&world, Some(1)));
        let mut client = Client::connect(&server, &mine, 2).await;
        let list = f::account::GetAuthorizations {};
        let tl::enums::account::Authorizations::Authorizations(listed) = client.call(&list).await.unwrap();
        assert_eq!(listed.authorizations.len(), 3);
        let ends: Vec<i64> = listed
            .authorizations
            .iter()
            .map(|tl::enums::Authorization::Authorization(login)| login.hash)
            .filter(|&hash| hash != 0)
            .collect();
        assert_eq!(ends.len(), 2);
        let end = |hash| f::account::ResetAuthorization { hash };
        assert!(client.call(&end(ends[0])).await.unwrap());
        assert_eq!(refused(client.call(&end(ends[0])).await), "HASH_INVALID");
        assert!(client.call(&f::auth::ResetAuthorizations {}).await.unwrap());
        for keys in [other, third] {
            let mut ended = Client::connect(&server, &keys, 2).await;
            assert_eq!(refused(ended.call(&me()).await), "AUTH_KEY_UNREGISTERED");
        }
        assert_eq!(client.call(&me()).await.unwrap().len(), 1);
    }
}
