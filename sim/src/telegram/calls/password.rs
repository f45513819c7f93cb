//! Two-step verification, by SRP.

use grammers_tl_types as tl;

use super::{Caller, Refusal};
use crate::telegram::{
    Telegram,
    state::{GENERATOR, prime, random},
};

/// Whose password is meant: whoever is logged in, or has only that left to prove.
fn subject(t: &Telegram, caller: &Caller) -> Result<i64, Refusal> {
    let owing = t.keys.get(caller.key_id).and_then(|key| key.owes_password);
    owing.map_or_else(|| caller.me(), Ok)
}

pub(super) fn get_password(
    t: &mut Telegram,
    caller: &Caller,
    _: tl::functions::account::GetPassword,
) -> Result<tl::enums::account::Password, Refusal> {
    let user = subject(t, caller)?;
    let password = t.accounts.get(&user).and_then(|account| account.password.as_ref());
    let algo = |salt1: Vec<u8>, salt2: Vec<u8>| -> tl::enums::PasswordKdfAlgo {
        let g = GENERATOR;
        tl::types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow {
            salt1,
            salt2,
            g,
            p: prime().to_vec(),
        }
        .into()
    };
    let exchange = password.map(crate::telegram::Password::begin);
    let answer = tl::types::account::Password {
        has_recovery: false,
        has_secure_values: false,
        has_password: password.is_some(),
        current_algo: password.map(|password| algo(password.salt1.clone(), password.salt2.clone())),
        srp_b: exchange.as_ref().map(|exchange| exchange.public.to_vec()),
        srp_id: exchange.as_ref().map(|exchange| exchange.id),
        hint: password.and_then(|password| password.hint.clone()),
        email_unconfirmed_pattern: None,
        new_algo: algo(random::<8>().to_vec(), random::<16>().to_vec()),
        new_secure_algo: tl::types::SecurePasswordKdfAlgoPbkdf2Hmacsha512iter100000 {
            salt: random::<8>().to_vec(),
        }
        .into(),
        secure_random: random::<256>().to_vec(),
        pending_reset_date: None,
        login_email_pattern: None,
    };
    if let Some(key) = t.keys.get_mut(caller.key_id) {
        key.srp = exchange;
    }
    Ok(answer.into())
}

pub(super) fn check_password(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::auth::CheckPassword,
) -> Result<tl::enums::auth::Authorization, Refusal> {
    let user = subject(t, caller)?;
    let tl::enums::InputCheckPasswordSrp::Srp(proof) = call.password else {
        return Err(Refusal::new(400, "PASSWORD_HASH_INVALID"));
    };
    // A proof can be tried once: the next attempt asks for new parameters.
    let exchange = t.keys.get_mut(caller.key_id).and_then(|key| key.srp.take());
    let exchange =
        exchange.filter(|exchange| exchange.id == proof.srp_id).ok_or(Refusal::new(400, "SRP_ID_INVALID"))?;
    let password = t.accounts.get(&user).and_then(|account| account.password.as_ref());
    if !password.is_some_and(|password| password.is_proven(&exchange, &proof.a, &proof.m1)) {
        return Err(Refusal::new(400, "PASSWORD_HASH_INVALID"));
    }
    let begun = t.keys.get(caller.key_id).and_then(|key| key.begun_login);
    let logged_in = match begun.filter(|hash| t.authorizations.contains_key(hash)) {
        Some(hash) => t.complete_login(caller.key_id, hash),
        None if caller.user.is_some() => t.authorization_of(user),
        None => t.log_in(caller.key_id, user),
    };
    logged_in.map(Into::into).ok_or(Refusal::new(500, "INTERNAL"))
}

#[cfg(test)]
mod tests {
    use grammers_crypto::two_factor_auth::calculate_2fa;
    use grammers_tl_types::functions as f;

    use super::*;
    use crate::telegram::{
        Password,
        testing::{Client, keys, world},
    };

    /// What a client makes of the parameters and a typed password.
    fn proof(parameters: &tl::types::account::Password, typed: &str) -> f::auth::CheckPassword {
        use tl::enums::PasswordKdfAlgo as Algo;
        let Some(Algo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(algo)) = &parameters.current_algo
        else {
            panic!("{:?}", parameters.current_algo)
        };
        let public = parameters.srp_b.clone().unwrap();
        let (salt1, salt2) = (&algo.salt1, &algo.salt2);
        let (m1, a) = calculate_2fa(salt1, salt2, &algo.p, &algo.g, public, random::<256>().to_vec(), typed);
        let srp_id = parameters.srp_id.unwrap();
        let proof = tl::types::InputCheckPasswordSrp { srp_id, a: a.to_vec(), m1: m1.to_vec() };
        f::auth::CheckPassword { password: proof.into() }
    }

    #[tokio::test]
    async fn password_completes_the_login() {
        let (world, server) = world().await;
        let password = Password::new("correct horse", Some("an animal"));
        world.telegram(|t| t.account(1).unwrap().password = Some(password));
        let mut client = Client::connect(&server, &keys(&world, None), 2).await;
        let sent = client.send_code("+15550001").await.unwrap();
        let code = world.telegram(|t| t.last_code("+15550001")).unwrap();
        let refusal = client.sign_in("+15550001", &sent, &code).await.unwrap_err();
        assert_eq!(refusal, Refusal::new(401, "SESSION_PASSWORD_NEEDED"));
        let who = f::users::GetUsers { id: vec![tl::enums::InputUser::UserSelf] };
        assert_eq!(client.call(&who).await.unwrap_err(), Refusal::new(401, "SESSION_PASSWORD_NEEDED"));

        let get = f::account::GetPassword {};
        let tl::enums::account::Password::Password(parameters) = client.call(&get).await.unwrap();
        assert_eq!(parameters.hint.as_deref(), Some("an animal"));
        let wrong = proof(&parameters, "battery staple");
        assert_eq!(client.call(&wrong).await.unwrap_err(), Refusal::new(400, "PASSWORD_HASH_INVALID"));
        // The parameters are good for one attempt.
        let late = proof(&parameters, "correct horse");
        assert_eq!(client.call(&late).await.unwrap_err(), Refusal::new(400, "SRP_ID_INVALID"));
        let tl::enums::account::Password::Password(parameters) = client.call(&get).await.unwrap();
        client.call(&proof(&parameters, "correct horse")).await.unwrap();
        assert_eq!(client.call(&who).await.unwrap().len(), 1);
        world.finish().unwrap();
    }
}
