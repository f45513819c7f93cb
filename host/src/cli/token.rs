//! `tapedeck token …`: through the daemon when one runs, else on its data folder.

use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Context, Exit, Failure, client::Client, user::said};
use crate::{
    model::{Period, Scope, Scopes},
    state::{ApiToken, State},
    web::auth,
};

/// Make, list and remove tokens for programs that use the API
///
/// A program sends its token as `Authorization: Bearer TOKEN`; `tapedeck --url URL --token TOKEN`
/// does too.
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token and print it, this once
    ///
    /// Only a hash of it is kept. Scopes: `read` sees jobs, runs and logs; `run` starts, cancels,
    /// pauses and emits; `scrobble` tells what was listened to, and nothing else; `admin` manages users
    /// and tokens and reloads the configuration.
    #[command(after_long_help = "\
Examples:
  tapedeck token add dashboard
  tapedeck token add deploy-hook --scope read,run --expires 30d
  tapedeck token add navidrome --scope scrobble")]
    Add {
        /// What it is for
        name: String,
        /// What it may do: read, run, scrobble, admin; several with commas
        #[arg(long, short, value_delimiter = ',', default_value = "read", value_parser = scope)]
        scope: Vec<Scope>,
        /// When it ends, from now: 12h, 30d; never unless given
        #[arg(long, value_name = "PERIOD")]
        expires: Option<Period>,
    },
    /// List tokens, without their secrets
    List,
    /// Remove a token, which ends to work at once
    Remove {
        /// Its id, or its name when no other has the same
        #[arg(value_name = "ID|NAME")]
        which: String,
    },
}

fn scope(text: &str) -> Result<Scope, String> {
    let known = Scope::ALL.into_iter().find(|scope| scope.as_str() == text);
    known.ok_or_else(|| "use read, run, scrobble or admin".to_owned())
}

#[derive(Debug, Serialize, Deserialize)]
struct TokenView {
    id: Uuid,
    name: String,
    scopes: Scopes,
    created: Timestamp,
    last_used: Option<Timestamp>,
    expires: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Issued {
    id: Uuid,
    token: String,
}

impl From<ApiToken> for TokenView {
    fn from(token: ApiToken) -> Self {
        let ApiToken { id, name, scopes, hash: _, created, last_used, expires } = token;
        Self { id, name, scopes, created, last_used, expires }
    }
}

enum Tokens {
    Daemon(Client),
    Folder(Box<State>),
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let tokens = match Client::find(context).await? {
        Some(client) => Tokens::Daemon(client),
        None => Tokens::Folder(Box::new(context.open_state(&context.config()?.data.folder)?)),
    };
    match args.command {
        Command::Add { name, scope, expires } => {
            let expires = expires.map(|period| end_of(period, context.now())).transpose()?;
            let issued = tokens.add(name, scope.into_iter().collect(), expires, context.now()).await?;
            if context.is_json() {
                return context.output.json(&issued);
            }
            context.output.note("keep this token: it is not shown again");
            context.output.line(issued.token)
        }
        Command::List => print(context, &tokens.list().await?),
        Command::Remove { which } => {
            let token = find(tokens.list().await?, &which)?;
            tokens.remove(token.id).await?;
            said(context, json!({ "id": token.id }), format!("the token {} is removed", token.name))
        }
    }
}

fn end_of(period: Period, now: Timestamp) -> anyhow::Result<Timestamp> {
    let end = SignedDuration::try_from(period.0).ok().and_then(|length| now.checked_add(length).ok());
    let end = end.filter(|end| *end > now);
    end.ok_or_else(|| {
        Failure::usage("the token would have expired already").fix("give a longer --expires").into()
    })
}

impl Tokens {
    async fn add(
        &self,
        name: String,
        scopes: Scopes,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> anyhow::Result<Issued> {
        match self {
            Self::Daemon(client) => {
                client.post(&["tokens"], &json!({ "name": name, "scopes": scopes, "expires": expires })).await
            }
            Self::Folder(state) => {
                if !(1..=64).contains(&name.chars().count()) || name.chars().any(char::is_control) {
                    return Err(Failure::usage(
                        "the token's name is empty, too long or has control characters",
                    )
                    .fix("say in 1 to 64 characters what the token is for")
                    .into());
                }
                let (stored, token) = auth::issue_token(name, scopes, expires, now);
                state.tokens.put(&stored)?;
                state.flushed().await?;
                Ok(Issued { id: stored.id, token })
            }
        }
    }

    async fn list(&self) -> anyhow::Result<Vec<TokenView>> {
        match self {
            Self::Daemon(client) => client.get(&["tokens"], &[]).await,
            Self::Folder(state) => Ok(state.tokens.list()?.into_iter().map(TokenView::from).collect()),
        }
    }

    async fn remove(&self, id: Uuid) -> anyhow::Result<()> {
        match self {
            Self::Daemon(client) => client.delete(&["tokens", &id.to_string()]).await,
            Self::Folder(state) => {
                state.tokens.remove(id)?;
                Ok(state.flushed().await?)
            }
        }
    }
}

fn find(tokens: Vec<TokenView>, which: &str) -> Result<TokenView, Failure> {
    let id = which.parse().ok();
    let mut matching: Vec<_> =
        tokens.into_iter().filter(|token| Some(token.id) == id || token.name == which).collect();
    let list = "`tapedeck token list` shows all";
    match matching.len() {
        1 => Ok(matching.remove(0)),
        0 => {
            Err(Failure::new(Exit::Failed, format!("there is no token `{}`", which.escape_debug())).fix(list))
        }
        count => Err(Failure::usage(format!("{count} tokens are called `{which}`"))
            .fix("name it by its id: `tapedeck token list` shows all")),
    }
}

fn print(context: &Context, tokens: &[TokenView]) -> anyhow::Result<()> {
    if context.is_json() {
        return context.output.json(tokens);
    }
    if tokens.is_empty() {
        context.output.note("there are no tokens");
        return Ok(());
    }
    let or = |at: Option<Timestamp>, none: &str| at.map_or_else(|| none.to_owned(), |at| context.time(at));
    let rows = tokens.iter().map(|token| {
        let scopes = token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
        vec![
            token.id.to_string().into(),
            token.name.as_str().into(),
            scopes.into(),
            context.time(token.created).into(),
            or(token.last_used, "never").into(),
            or(token.expires, "never").into(),
        ]
    });
    context.output.table(&["id", "name", "scopes", "created", "last used", "expires"], rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str, id: u128) -> TokenView {
        let created = Timestamp::UNIX_EPOCH;
        TokenView {
            id: Uuid::from_u128(id),
            name: name.into(),
            scopes: Scopes::new(),
            created,
            last_used: None,
            expires: None,
        }
    }

    #[test]
    fn names_work_while_they_are_unique() {
        let tokens = || vec![token("a", 1), token("b", 2), token("b", 3)];
        assert_eq!(find(tokens(), "a").unwrap().id, Uuid::from_u128(1));
        assert_eq!(find(tokens(), &Uuid::from_u128(3).to_string()).unwrap().id, Uuid::from_u128(3));
        assert_eq!(find(tokens(), "b").unwrap_err().exit, Exit::Usage);
        assert_eq!(find(tokens(), "c").unwrap_err().exit, Exit::Failed);
    }
}
