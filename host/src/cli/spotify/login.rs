//! `tapedeck login spotify`

use std::time::Duration;

use serde_json::json;

use super::{desk::Desk, who};
use crate::{
    cli::{Context, Exit, Failure, telegram::ask, user::said},
    model::{SpotifyLoginState, SpotifyLoginView},
};

/// How often it is looked whether the browser has come back.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Spotify {
    /// Take the browser's last address from standard input, for a browser on another machine
    #[arg(long)]
    paste: bool,
}

pub(in crate::cli) async fn run(args: &Spotify, context: &Context) -> anyhow::Result<()> {
    let desk = Desk::open(context).await?;
    let outcome = tokio::select! {
        outcome = log_in(args, &desk, context) => outcome,
        () = ask::given_up() => Err(ask::interrupted()),
    };
    desk.notices().iter().for_each(|notice| context.output.note(notice));
    desk.close().await;
    match outcome?.state {
        SpotifyLoginState::Done { user, replaced } => {
            let name = user.as_ref().map_or_else(String::new, |user| format!(" as {}", who(user)));
            let before =
                replaced.as_ref().map_or_else(String::new, |user| format!(", instead of {}", who(user)));
            let text = format!("logged in to Spotify{name}{before}");
            said(context, json!({ "user": user, "replaced": replaced }), text)
        }
        SpotifyLoginState::Failed { reason } => Err(Failure::new(Exit::Failed, reason).into()),
        SpotifyLoginState::Waiting | SpotifyLoginState::Checking => {
            Err(Failure::new(Exit::Failed, "nobody has come back within ten minutes")
                .fix("begin again")
                .into())
        }
    }
}

async fn log_in(args: &Spotify, desk: &Desk, context: &Context) -> anyhow::Result<SpotifyLoginView> {
    if args.paste {
        let login = desk.start(true).await?;
        context.output.note(format!("Open this link in any browser and agree:\n\n{}\n", login.direct_link));
        let question = "It ends at a page that may not load. Paste its whole address here:";
        return desk.answer(login.id, &ask::line(context, question).await?).await;
    }
    desk.listen().await?;
    let mut login = desk.start(false).await?;
    context
        .output
        .note(format!("Open this link in a browser on this machine and agree:\n\n{}\n", login.link));
    context.output.note("Waiting for it to come back (without a browser here: Ctrl-C, then --paste) …");
    while matches!(login.state, SpotifyLoginState::Waiting | SpotifyLoginState::Checking) {
        if context.now() >= login.expires_at {
            return Ok(login);
        }
        tokio::time::sleep(PAUSE).await;
        login = desk.show(login.id).await?;
    }
    Ok(login)
}
