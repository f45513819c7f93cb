//! Takes people through a login, step by step.

use std::time::Duration;

use comfy_table::Table;
use jiff::Timestamp;

use super::{ask, desk::Desk, qr};
use crate::{
    cli::{Context, Exit, Failure, show::plain},
    model::{LoginAnswer, LoginState, LoginView, SelfView, SentBy},
};

/// Between two looks at a login.
const PAUSE: Duration = Duration::from_millis(150);

/// Who scans the codes that are shown.
pub(super) trait Scanner {
    /// Whether people have to, and see the code; else it is done when this returns.
    fn scan(&mut self, link: &str) -> impl Future<Output = anyhow::Result<bool>>;
}

/// A phone.
pub(super) struct People;

impl Scanner for People {
    async fn scan(&mut self, _: &str) -> anyhow::Result<bool> {
        Ok(true)
    }
}

pub(super) struct Steps<'a, S> {
    pub(super) context: &'a Context,
    pub(super) desk: &'a Desk,
    pub(super) scanner: S,
    /// Lines of the code that stands on the terminal.
    pub(super) drawn: usize,
}

impl<S: Scanner> Steps<'_, S> {
    /// To the end. Whatever goes wrong on the way gives the login up.
    pub(super) async fn follow(&mut self, login: LoginView) -> anyhow::Result<SelfView> {
        let id = login.id;
        let outcome = tokio::select! {
            outcome = self.take(login) => outcome,
            () = ask::given_up() => Err(ask::interrupted()),
        };
        if outcome.is_err() {
            // It may be over already; then there is nothing to give up.
            let _ = self.desk.cancel(id).await;
        }
        outcome
    }

    async fn take(&mut self, mut login: LoginView) -> anyhow::Result<SelfView> {
        loop {
            if self.context.is_json() {
                self.context.output.json_line(&login)?;
            }
            let step = login.step.clone();
            login = match step {
                LoginState::Done { user, .. } => return Ok(user),
                LoginState::Failed { reason, fix } => {
                    return Err(Failure::new(Exit::Failed, reason).fix(fix).into());
                }
                LoginState::SignUpRequired => {
                    let text = "nobody has this number at Telegram, and Tapedeck does not make accounts";
                    let fix = "make one with Telegram's app on your phone, then log in here";
                    return Err(Failure::new(Exit::Failed, text).fix(fix).into());
                }
                LoginState::OtherUser { before, now } => return Err(other_user(&before, &now).into()),
                LoginState::Connecting => self.change(login).await?,
                LoginState::Waiting { until } => {
                    self.note(format!("Telegram asks to wait until {}", self.context.time(until)));
                    self.change(login).await?
                }
                LoginState::Qr { ref url, .. } => {
                    if self.scanner.scan(url).await? {
                        self.draw(url)?;
                    }
                    self.change(login).await?
                }
                LoginState::Code { .. } => {
                    let answer = self.ask_code(&login.step).await?;
                    self.desk.answer(login.id, answer).await?
                }
                LoginState::Password { hint, wrong } => {
                    let answer = self.ask_password(hint.as_deref(), wrong).await?;
                    self.desk.answer(login.id, answer).await?
                }
            };
        }
    }

    /// The login when it is at another step.
    async fn change(&self, login: LoginView) -> anyhow::Result<LoginView> {
        loop {
            tokio::time::sleep(PAUSE).await;
            let now = self.desk.show(login.id).await?;
            if now.step != login.step {
                return Ok(now);
            }
        }
    }

    fn draw(&mut self, link: &str) -> anyhow::Result<()> {
        let output = &self.context.output;
        if output.is_json() {
            return Ok(());
        }
        let columns = Table::new().width().map(usize::from);
        let has_colour = output.is_terminal() && output.has_message_colour();
        let mut lines: Vec<String> =
            vec!["Scan this with Telegram on your phone: Settings → Devices → Link Desktop Device.".into()];
        let columns = columns.filter(|_| output.is_terminal());
        match qr::draw(link, columns, has_colour) {
            Some(code) => {
                lines.extend(code);
                // Without colours it may come out with dark and light exchanged, or go to a file.
                if !has_colour {
                    lines.extend(["Or open this link on the phone:".to_owned(), link.to_owned()]);
                }
            }
            None => {
                let narrow = "The terminal is too narrow for the code. Open this link on the phone:";
                lines.extend([narrow.to_owned(), link.to_owned()]);
            }
        }
        let mut text = String::new();
        if self.drawn > 0 && output.is_terminal() {
            // Back to the first line of the last one, and away with it.
            text.push_str(&format!("\x1b[{}A\x1b[J", self.drawn));
        }
        text.extend(lines.iter().flat_map(|line| [line.as_str(), "\n"]));
        self.drawn = lines.iter().map(|line| qr::rows(line, columns)).sum();
        output.bytes(text.as_bytes())
    }

    async fn ask_code(&mut self, step: &LoginState) -> anyhow::Result<LoginAnswer> {
        let LoginState::Code { phone_masked, sent_by, length, can_resend_at, wrong, expired } = step else {
            return Ok(LoginAnswer::Cancel);
        };
        if *wrong {
            self.note("that was not the code");
        } else if *expired {
            self.note("that code was too old: another one is on its way");
        }
        let digits = length.map_or_else(String::new, |length| format!(" ({length} digits)"));
        let question =
            format!("{}{digits}{}", sent(*sent_by, phone_masked), self.resend_words(*can_resend_at));
        loop {
            let line = ask::line(self.context, &question).await?;
            match line.trim() {
                "" => {}
                "r" | "R" if can_resend_at.is_some_and(|at| at > self.context.now()) => {
                    self.note("it is too early for another code");
                }
                "r" | "R" if can_resend_at.is_some() => return Ok(LoginAnswer::Resend),
                code => return Ok(LoginAnswer::Code { code: code.to_owned() }),
            }
        }
    }

    fn resend_words(&self, at: Option<Timestamp>) -> String {
        match at {
            None => ". The code:".into(),
            Some(at) if at > self.context.now() => {
                format!(". The code, or `r` to get it another way ({}):", self.context.relative(at))
            }
            Some(_) => ". The code, or `r` to get it another way:".into(),
        }
    }

    async fn ask_password(&mut self, hint: Option<&str>, wrong: bool) -> anyhow::Result<LoginAnswer> {
        if wrong {
            self.note("that was not the password");
        }
        let hint = hint.filter(|hint| !hint.is_empty()).map(|hint| format!(" (hint: {})", plain(hint)));
        let question = format!("The password of two-step verification{}:", hint.unwrap_or_default());
        loop {
            let password = ask::hidden(self.context, &question).await?;
            if !password.is_empty() {
                return Ok(LoginAnswer::Password { password });
            }
        }
    }

    /// Below the code, if there is one: it is not drawn over any more.
    fn note(&mut self, text: impl std::fmt::Display) {
        self.drawn = 0;
        self.context.output.note(text);
    }
}

fn sent(by: SentBy, phone: &str) -> String {
    match by {
        SentBy::App => format!("Telegram has sent a code to your devices that are logged in with {phone}"),
        SentBy::Sms => format!("Telegram has sent a code in a text message to {phone}"),
        SentBy::Call => format!("Telegram calls {phone} and says the code"),
        SentBy::MissedCall => {
            format!("Telegram calls {phone} and hangs up: the code is the end of the calling number")
        }
        SentBy::Email => format!("Telegram has sent a code to the e-mail address that belongs to {phone}"),
        SentBy::Fragment => format!("The code is on fragment.com, for {phone}"),
        SentBy::Other => format!("Telegram has sent a code to {phone}"),
    }
}

fn other_user(before: &SelfView, now: &SelfView) -> Failure {
    let text = format!(
        "this account belongs to {}, and {} has logged in: nothing was changed",
        who(before),
        who(now)
    );
    Failure::new(Exit::Failed, text)
        .fix("choose another name with --account, or give the old login up with --replace")
}

/// Names are what people call themselves.
pub(super) fn who(user: &SelfView) -> String {
    let name = plain(&user.name);
    match &user.username {
        Some(username) => format!("{name} (@{})", plain(username)),
        None if name.is_empty() => format!("user {}", user.id),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_move_the_cursor() {
        let named = |name: &str, username: Option<&str>| {
            let (name, username) = (name.to_owned(), username.map(str::to_owned));
            who(&SelfView { id: 7, name, username, phone_masked: None })
        };
        assert_eq!(named("Ann\u{1b}[2J", Some("ann")), "Ann\\u{1b}[2J (@ann)");
        assert_eq!((named("", None), named("Ann", None)), ("user 7".to_owned(), "Ann".to_owned()));
    }
}
