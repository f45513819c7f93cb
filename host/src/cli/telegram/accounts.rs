//! `tapedeck accounts`

use super::{desk::Desk, steps::who};
use crate::{
    cli::{Cell, Context, Paint, spotify},
    model::{AccountState, AccountView, AccountsView, SpotifyView},
};

/// List the Telegram accounts and how they are
///
/// Beneath them stands how the login at Spotify is.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {}

pub(in crate::cli) async fn run(_: &Args, context: &Context) -> anyhow::Result<()> {
    let desk = Desk::open(context).await?;
    let listed = desk.list().await;
    desk.notices().iter().for_each(|notice| context.output.note(notice));
    desk.close().await;
    let listed = listed?;
    // Without a daemon, one after the other: both open the state.
    let spotify = spotify::view(context).await?;
    print(&listed, &spotify, context)
}

fn print(view: &AccountsView, spotify: &SpotifyView, context: &Context) -> anyhow::Result<()> {
    if context.is_json() {
        let mut document = serde_json::to_value(view)?;
        document["spotify"] = serde_json::to_value(spotify)?;
        return context.output.json(&document);
    }
    let rows = view.accounts.iter().map(|account| row(account, context));
    context.output.table(&["account", "state", "who", "phone", "dc", "last answer"], rows.collect())?;
    if !view.has_application {
        context.output.note(
            "nobody can log in yet: telegram.api_id and telegram.api_hash are missing; \
             https://my.telegram.org gives them out under API development tools",
        );
    }
    context.output.line("")?;
    context.output.line(format!("Spotify: {}", spotify::line(spotify, context)))
}

fn row(account: &AccountView, context: &Context) -> Vec<Cell> {
    let name = match account.is_default {
        true => format!("{} (default)", account.name),
        false => account.name.to_string(),
    };
    let user = account.user.as_ref();
    let (paint, state) = state(&account.state, context);
    vec![
        name.into(),
        Cell::painted(paint, state),
        user.map(who).unwrap_or_default().into(),
        user.and_then(|user| user.phone_masked.clone()).unwrap_or_default().into(),
        account.data_center.map(|dc| dc.to_string()).unwrap_or_default().into(),
        account.last_answer.map(|at| context.time(at)).unwrap_or_default().into(),
    ]
}

fn state(state: &AccountState, context: &Context) -> (Paint, String) {
    match state {
        AccountState::LoggedOut => (Paint::Faint, "logged out".into()),
        AccountState::Idle => (Paint::Good, "logged in".into()),
        AccountState::Connected => (Paint::Good, "connected".into()),
        AccountState::Waiting { until } => {
            (Paint::Busy, format!("waiting for Telegram until {}", context.time(*until)))
        }
        AccountState::Unreachable { reason } => (Paint::Bad, format!("unreachable: {reason}")),
        AccountState::Unusable { reason } => (Paint::Bad, format!("cannot be used: {reason}")),
        AccountState::Revoked { reason } => (Paint::Bad, format!("logged out, log in again: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountName, Pace, SelfView, SpotifyState, SpotifyUser};

    #[test]
    fn states_are_in_words() {
        let context = Context::for_tests(&[]);
        let view = |name: &str, state| AccountView {
            name: name.parse::<AccountName>().unwrap(),
            description: None,
            state,
            user: Some(SelfView {
                id: 1,
                name: "Ann".into(),
                username: Some("ann".into()),
                phone_masked: Some("•••• 1222".into()),
            }),
            data_center: Some(4),
            pace: Pace::Gentle,
            last_answer: None,
            is_default: name == "main",
        };
        let accounts = vec![
            view("main", AccountState::Connected),
            view("work", AccountState::Waiting { until: "2026-01-01T12:03:20Z".parse().unwrap() }),
            view("home", AccountState::Unusable { reason: "no key".into() }),
        ];
        let spotify = SpotifyView {
            state: SpotifyState::RateLimited { until: "2026-01-01T12:03:20Z".parse().unwrap() },
            user: Some(SpotifyUser { id: "ann".into(), name: "Ann".into() }),
            since: None,
            scope: None,
            redirect_uri: "http://127.0.0.1:8484/callback".into(),
            login_url: "http://127.0.0.1:8484/auth".into(),
        };
        print(&AccountsView { has_application: true, accounts }, &spotify, &context).unwrap();
        let written = context.output.written();
        let lines: Vec<&str> = written.lines().collect();
        assert!(lines[0].starts_with("ACCOUNT") && lines[1].contains("connected"), "{written}");
        assert!(lines[1].contains("main (default)") && lines[1].contains("Ann (@ann)"), "{written}");
        assert!(lines[2].contains("waiting for Telegram until 2026-01-01 12:03:20 (in 3 min)"), "{written}");
        assert!(lines[3].contains("cannot be used: no key"), "{written}");
        let last = "Spotify: logged in as Ann (ann), rate limited until 2026-01-01 12:03:20";
        assert!(lines[5].starts_with(last), "{written}");
    }
}
