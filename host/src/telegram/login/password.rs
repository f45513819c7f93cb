//! Two-step verification: proves that we know the password without sending it (SRP).

use grammers_crypto::two_factor_auth::{calculate_2fa, check_p_and_g};
use grammers_tl_types::{enums, functions, types};

use super::engine::{Attempt, Authorization, Stop};
use crate::model::{LoginAnswer, LoginState};

/// How often a question that has grown old is asked for again with the same password.
const MOST_REFRESHES: u32 = 3;

/// Groups that Telegram may name; others would not be safe.
const GENERATORS: std::ops::RangeInclusive<i32> = 2..=7;

/// Length of our secret exponent.
const SECRET: usize = 256;

type Parameters = types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow;

/// What Telegram wants to have proven.
struct Question {
    parameters: Parameters,
    srp_id: i64,
    srp_b: Vec<u8>,
    hint: Option<String>,
}

impl Attempt {
    /// Asks for the password until it is right.
    pub(super) async fn check_password(&mut self) -> Result<(), Stop> {
        let mut question = self.question().await?;
        let mut wrong = false;
        loop {
            self.show(LoginState::Password { hint: question.hint.clone(), wrong });
            let LoginAnswer::Password { password } = self.answer().await else { continue };
            let is_right;
            (is_right, question) = self.prove(question, password).await?;
            if is_right {
                return Ok(());
            }
            wrong = true;
        }
    }

    /// Whether the password was right, and the next question.
    async fn prove(&self, mut question: Question, password: String) -> Result<(bool, Question), Stop> {
        for _ in 0..MOST_REFRESHES {
            let password_srp = answer(&question, password.clone()).await?;
            match self.ask(&functions::auth::CheckPassword { password: password_srp }).await {
                Ok(Authorization::Authorization(_)) => return Ok((true, question)),
                Ok(Authorization::SignUpRequired(_)) => return Err(Stop::SignUpRequired),
                // A question can be used once.
                Err(error) if error.is("PASSWORD_HASH_INVALID") => {
                    return Ok((false, self.question().await?));
                }
                Err(error) if error.is("SRP_*") => question = self.question().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Stop::failed("Telegram does not accept any proof of the password", "Try again later."))
    }

    async fn question(&self) -> Result<Question, Stop> {
        let enums::account::Password::Password(password) =
            self.ask(&functions::account::GetPassword {}).await?;
        let unknown = || {
            Stop::failed(
                "Telegram asks for the password in a way that this version does not know",
                "Update tapedeck.",
            )
        };
        let parameters = match password.current_algo {
            Some(enums::PasswordKdfAlgo::Sha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow(it)) => it,
            _ => return Err(unknown()),
        };
        let (Some(srp_id), Some(srp_b)) = (password.srp_id, password.srp_b) else { return Err(unknown()) };
        Ok(Question { parameters, srp_id, srp_b, hint: password.hint })
    }
}

/// Takes a tenth of a second of computing.
async fn answer(question: &Question, password: String) -> Result<enums::InputCheckPasswordSrp, Stop> {
    let (parameters, srp_b, srp_id) = (question.parameters.clone(), question.srp_b.clone(), question.srp_id);
    let mut secret = vec![0; SECRET];
    getrandom::fill(&mut secret).map_err(|error| {
        Stop::failed(format!("this machine has no random numbers: {error}"), "Try again.")
    })?;
    let computing = tokio::task::spawn_blocking(move || {
        let Parameters { salt1, salt2, g, p } = &parameters;
        // Else the password could be guessed from our answer.
        let is_safe = GENERATORS.contains(g) && check_p_and_g(p, g);
        is_safe.then(|| calculate_2fa(salt1, salt2, p, g, srp_b, secret, password))
    });
    match computing.await {
        Ok(Some((m1, a))) => {
            Ok(types::InputCheckPasswordSrp { srp_id, a: a.to_vec(), m1: m1.to_vec() }.into())
        }
        Ok(None) | Err(_) => Err(Stop::failed(
            "the question for the password is not safe to answer: somebody may stand between us and Telegram",
            "Check the network and the proxy, and try again.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn unsafe_questions_are_not_answered() {
        for g in [3, 99] {
            let parameters = Parameters { salt1: vec![1], salt2: vec![2], g, p: vec![0xFF; 256] };
            let question = Question { parameters, srp_id: 1, srp_b: vec![3; 256], hint: None };
            assert!(matches!(answer(&question, "password".into()).await, Err(Stop::Failed { .. })), "{g}");
        }
    }
}
