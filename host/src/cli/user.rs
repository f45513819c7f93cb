//! `tapedeck user …`: through the daemon when one runs, else on its data folder.

use std::io::{self, BufRead as _, IsTerminal as _};

use clap::Subcommand;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Context, Exit, Failure, client::Client};
use crate::{
    config::Config,
    state::{State, User},
    web::auth,
};

/// Add, list and remove the people who may sign in
///
/// Until there is a user, the page is open, and served on this machine only. From the first one
/// on, signing in is required.
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a user; asks for the password
    #[command(after_long_help = "\
Examples:
  tapedeck user add ada
  pass show tapedeck | tapedeck user add ada --password-stdin")]
    Add(Who),
    /// List users
    List,
    /// Remove a user, who is signed out everywhere
    Remove {
        /// The user's name
        name: String,
    },
    /// Give a user a new password; ends the user's sessions
    Password(Who),
}

#[derive(Debug, clap::Args)]
struct Who {
    /// The user's name
    name: String,
    /// Read the password from the first line of standard input instead of asking
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct UserView {
    name: String,
    /// None for the user of `auth.username`.
    created: Option<Timestamp>,
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let users = Users::open(context).await?;
    match args.command {
        Command::Add(who) => users.add(context, &who).await,
        Command::Password(who) => users.set_password(context, &who).await,
        Command::List => users.print(context).await,
        Command::Remove { name } => users.remove(context, &name).await,
    }
}

enum Users {
    Daemon(Client),
    Folder { state: Box<State>, config: Box<Config> },
}

impl Users {
    async fn open(context: &Context) -> anyhow::Result<Self> {
        if let Some(client) = Client::find(context).await? {
            return Ok(Self::Daemon(client));
        }
        let config = context.config()?;
        let state = Box::new(context.open_state(&config.data.folder)?);
        Ok(Self::Folder { state, config: Box::new(config) })
    }

    async fn list(&self) -> anyhow::Result<Vec<UserView>> {
        match self {
            Self::Daemon(client) => client.get(&["users"], &[]).await,
            Self::Folder { state, config } => {
                let configured =
                    config.auth.username.iter().map(|name| UserView { name: name.clone(), created: None });
                let stored = state.users.list()?.into_iter();
                let stored = stored.filter(|user| Some(&user.name) != config.auth.username.as_ref());
                let stored = stored.map(|user| UserView { name: user.name, created: Some(user.created) });
                Ok(configured.chain(stored).collect())
            }
        }
    }

    async fn find(&self, name: &str) -> anyhow::Result<Option<UserView>> {
        Ok(self.list().await?.into_iter().find(|user| user.name == name))
    }

    async fn add(&self, context: &Context, who: &Who) -> anyhow::Result<()> {
        auth::check_user_name(&who.name).map_err(Failure::usage)?;
        if self.find(&who.name).await?.is_some() {
            let failure = Failure::new(Exit::Failed, format!("there is a user `{}` already", who.name));
            return Err(failure
                .fix(format!("`tapedeck user password {}` sets a new password", who.name))
                .into());
        }
        self.put(context, who).await?;
        said(context, json!({ "name": who.name }), format!("{} may sign in now", who.name))
    }

    async fn set_password(&self, context: &Context, who: &Who) -> anyhow::Result<()> {
        match self.find(&who.name).await? {
            Some(UserView { created: Some(_), .. }) => {}
            Some(_) => return Err(is_configured(&who.name).into()),
            None => return Err(unknown(&who.name).into()),
        }
        self.put(context, who).await?;
        said(context, json!({ "name": who.name }), format!("{} has a new password", who.name))
    }

    async fn put(&self, context: &Context, who: &Who) -> anyhow::Result<()> {
        let password = read_password(who)?;
        match self {
            Self::Daemon(client) => {
                let body = json!({ "name": who.name, "password": password.expose_secret() });
                client.post::<Value>(&["users"], &body).await.map(drop)
            }
            Self::Folder { state, .. } => {
                let hashed = tokio::task::spawn_blocking(move || auth::hash_password(&password)).await?;
                let password = hashed.map_err(|error| Failure::usage(error.to_string()))?;
                let old = state.users.get(&who.name)?;
                let created = old.map_or_else(|| context.now(), |old| old.created);
                state.users.put(&User { name: who.name.clone(), password, created })?;
                state.sessions.remove_of_user(&who.name)?;
                Ok(state.flushed().await?)
            }
        }
    }

    async fn remove(&self, context: &Context, name: &str) -> anyhow::Result<()> {
        match self {
            Self::Daemon(client) => client.delete(&["users", name]).await?,
            Self::Folder { config, .. } if config.auth.username.as_deref() == Some(name) => {
                return Err(is_configured(name).into());
            }
            Self::Folder { state, .. } => {
                if !state.users.remove(name)? {
                    return Err(unknown(name).into());
                }
                state.sessions.remove_of_user(name)?;
                state.flushed().await?;
            }
        }
        said(context, json!({ "name": name }), format!("{name} is removed"))
    }

    async fn print(&self, context: &Context) -> anyhow::Result<()> {
        let users = self.list().await?;
        if context.is_json() {
            return context.output.json(&users);
        }
        if users.is_empty() {
            context.output.note("there are no users: the page is open, on this machine only");
            return Ok(());
        }
        let since = |user: &UserView| {
            user.created.map_or_else(|| "by the configuration".to_owned(), |at| context.time(at))
        };
        let rows = users.iter().map(|user| vec![user.name.as_str().into(), since(user).into()]).collect();
        context.output.table(&["name", "created"], rows)
    }
}

pub(super) fn said(context: &Context, document: Value, text: String) -> anyhow::Result<()> {
    if context.is_json() {
        return context.output.json(&document);
    }
    context.output.note(text);
    Ok(())
}

fn unknown(name: &str) -> Failure {
    Failure::new(Exit::Failed, format!("there is no user `{}`", name.escape_debug()))
        .fix("`tapedeck user list` shows all")
}

fn is_configured(name: &str) -> Failure {
    Failure::new(Exit::Failed, format!("the user `{name}` is made by the configuration"))
        .fix("change `auth.username` and `auth.password` there")
}

fn read_password(who: &Who) -> anyhow::Result<SecretString> {
    if who.password_stdin {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map_err(|error| {
            Failure::usage("the password on standard input cannot be read").caused_by(error)
        })?;
        return Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])));
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask for the password")
            .fix("use --password-stdin")
            .into());
    }
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt).map(SecretString::from).map_err(|error| {
            Failure::usage("the password cannot be read").fix("use --password-stdin").caused_by(error)
        })
    };
    let first = ask(&format!("Password for {}: ", who.name))?;
    let second = ask("The same again: ")?;
    if first.expose_secret() != second.expose_secret() {
        return Err(Failure::usage("the two passwords differ").fix("try again").into());
    }
    Ok(first)
}
