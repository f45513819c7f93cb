//! By phone: Telegram sends a code to the number or to the apps that are logged in.

use grammers_tl_types::{enums, functions, types};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    engine::{Attempt, Authorization, Stop},
    mask_phone,
};
use crate::{
    model::{LoginAnswer, LoginState, SentBy},
    telegram::Error,
};

/// A code that was sent, or word that none is needed.
enum Sent {
    Code(types::auth::SentCode),
    LoggedIn,
}

/// What became of the last code.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    None,
    Wrong,
    Expired,
}

impl Attempt {
    pub(super) async fn log_in_by_code(&mut self, phone: &SecretString) -> Result<(), Stop> {
        let phone = plain_number(phone.expose_secret());
        let Sent::Code(mut sent) = self.send_code(&phone).await? else { return Ok(()) };
        let mut last = Last::None;
        loop {
            self.show(asked(&phone, &sent, last, self.parts.clock.now())?);
            let next = match self.answer().await {
                LoginAnswer::Code { code } => match self.sign_in(&phone, &sent, &code).await {
                    Ok(Authorization::Authorization(_)) => return Ok(()),
                    Ok(Authorization::SignUpRequired(_)) => return Err(Stop::SignUpRequired),
                    Err(error) if error.is("SESSION_PASSWORD_NEEDED") => return self.check_password().await,
                    Err(error) if error.is("PHONE_CODE_EXPIRED") => {
                        last = Last::Expired;
                        self.send_code(&phone).await?
                    }
                    Err(error) if error.is("PHONE_CODE_*") => {
                        last = Last::Wrong;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                },
                _ => {
                    last = Last::None;
                    self.resend(&phone, &sent).await?
                }
            };
            match next {
                Sent::Code(next) => sent = next,
                Sent::LoggedIn => return Ok(()),
            }
        }
    }

    async fn send_code(&self, phone: &str) -> Result<Sent, Stop> {
        let application = &self.parts.application;
        let settings = types::CodeSettings {
            allow_flashcall: false,
            current_number: false,
            allow_app_hash: false,
            allow_missed_call: false,
            allow_firebase: false,
            unknown_number: false,
            logout_tokens: None,
            token: None,
            app_sandbox: None,
        };
        let call = functions::auth::SendCode {
            phone_number: phone.to_owned(),
            api_id: application.api_id,
            api_hash: application.api_hash.expose_secret().to_owned(),
            settings: settings.into(),
        };
        match self.ask(&call).await {
            // Telegram forgot where it was.
            Err(error) if error.is("AUTH_RESTART") => read(self.ask(&call).await?),
            other => read(other?),
        }
    }

    async fn resend(&self, phone: &str, sent: &types::auth::SentCode) -> Result<Sent, Stop> {
        let call = functions::auth::ResendCode {
            phone_number: phone.to_owned(),
            phone_code_hash: sent.phone_code_hash.clone(),
            reason: None,
        };
        match self.ask(&call).await {
            Err(error) if error.is("PHONE_CODE_EXPIRED") => self.send_code(phone).await,
            other => read(other?),
        }
    }

    async fn sign_in(
        &self,
        phone: &str,
        sent: &types::auth::SentCode,
        code: &str,
    ) -> Result<Authorization, Error> {
        let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        self.ask(&functions::auth::SignIn {
            phone_number: phone.to_owned(),
            phone_code_hash: sent.phone_code_hash.clone(),
            phone_code: Some(code),
            email_verification: None,
        })
        .await
    }
}

fn read(answer: enums::auth::SentCode) -> Result<Sent, Stop> {
    match answer {
        enums::auth::SentCode::Code(code) => Ok(Sent::Code(code)),
        enums::auth::SentCode::Success(success) => match success.authorization {
            Authorization::Authorization(_) => Ok(Sent::LoggedIn),
            Authorization::SignUpRequired(_) => Err(Stop::SignUpRequired),
        },
        enums::auth::SentCode::PaymentRequired(_) => Err(Stop::failed(
            "Telegram wants to be paid for sending this code",
            "Log in by QR code, which costs nothing.",
        )),
    }
}

fn asked(phone: &str, sent: &types::auth::SentCode, last: Last, now: Timestamp) -> Result<LoginState, Stop> {
    let (sent_by, length) = way(&sent.r#type)?;
    let pause =
        sent.timeout.map_or(SignedDuration::ZERO, |seconds| SignedDuration::from_secs(seconds.into()));
    Ok(LoginState::Code {
        phone_masked: mask_phone(phone),
        sent_by,
        length: length.and_then(|length| u32::try_from(length).ok()).filter(|length| *length > 0),
        can_resend_at: sent.next_type.is_some().then(|| now.saturating_add(pause).unwrap_or(now)),
        wrong: last == Last::Wrong,
        expired: last == Last::Expired,
    })
}

fn way(sent: &enums::auth::SentCodeType) -> Result<(SentBy, Option<i32>), Stop> {
    use enums::auth::SentCodeType as T;
    Ok(match sent {
        T::App(it) => (SentBy::App, Some(it.length)),
        T::Sms(it) => (SentBy::Sms, Some(it.length)),
        T::FirebaseSms(it) => (SentBy::Sms, Some(it.length)),
        T::Call(it) => (SentBy::Call, Some(it.length)),
        T::MissedCall(it) => (SentBy::MissedCall, Some(it.length)),
        T::FlashCall(_) => (SentBy::MissedCall, None),
        T::EmailCode(it) => (SentBy::Email, Some(it.length)),
        T::FragmentSms(it) => (SentBy::Fragment, Some(it.length)),
        T::SmsWord(_) | T::SmsPhrase(_) => (SentBy::Sms, None),
        T::SetUpEmailRequired(_) => {
            return Err(Stop::failed(
                "Telegram wants an e-mail address for this account first",
                "Log in once with an official app and give it one, or log in by QR code.",
            ));
        }
    })
}

/// As Telegram wants it: digits, without what people put between them.
fn plain_number(phone: &str) -> String {
    let phone = phone.trim();
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    // `00` is how many countries dial abroad.
    match phone.strip_prefix("00") {
        Some(_) => format!("+{}", &digits[2..]),
        None => format!("+{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(r#type: enums::auth::SentCodeType, next: bool, timeout: Option<i32>) -> types::auth::SentCode {
        let next_type = next.then_some(enums::auth::CodeType::Sms);
        types::auth::SentCode { r#type, phone_code_hash: "hash".into(), next_type, timeout }
    }

    #[test]
    fn says_when_the_code_can_be_sent_again() {
        let now = Timestamp::UNIX_EPOCH;
        let app = types::auth::SentCodeTypeApp { length: 5 };
        let resend = |next, timeout| match asked(
            "+1 202 555 0100",
            &sent(app.clone().into(), next, timeout),
            Last::Wrong,
            now,
        ) {
            Ok(LoginState::Code {
                can_resend_at,
                wrong: true,
                length: Some(5),
                sent_by: SentBy::App,
                ..
            }) => can_resend_at.map(Timestamp::as_second),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            [resend(true, Some(60)), resend(true, None), resend(false, Some(60))],
            [Some(60), Some(0), None]
        );
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for written in ["+34 600 123-456", "0034600123456", " 34(600)123456 "] {
            assert_eq!(plain_number(written), "+34600123456");
        }
    }

    #[test]
    fn missing_email_addresses_are_explained() {
        let setup = types::auth::SentCodeTypeSetUpEmailRequired {
            apple_signin_allowed: false,
            google_signin_allowed: false,
        };
        let asked = asked("1", &sent(setup.into(), false, None), Last::None, Timestamp::UNIX_EPOCH);
        assert!(matches!(asked, Err(Stop::Failed { fix, .. }) if fix.contains("QR")));
    }
}
