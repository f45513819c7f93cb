use std::{fmt::Display, str::FromStr};

use serde_json::json;

use super::show;
use crate::{
    cli::{Context, Exit, Failure, client::Client},
    model::{CapabilityView, Grant, GrantKey, PluginName, PluginView},
};

pub(super) const GRANT: &str = "\
Give a plugin what it asks for

Without a grant, shows what it asks for. Holds at once and over restarts; `withdraw` takes it back. What stands in
[plugins.NAME.grants] of the configuration is granted without this. Needs a running daemon.

Examples:
  tapedeck plugins grant zero
  tapedeck plugins grant zero http=api.example.com run=yt-dlp
  tapedeck plugins grant zero http=http://localhost:8080,methods=GET,private kv=1MiB scratch=100MiB
  tapedeck plugins grant zero --all";

pub(super) const WITHDRAW: &str = "\
Take back what a plugin was granted

By the configuration or by `grant`. Holds from the plugin's next call of the host on, and over restarts. Needs a
running daemon.

Examples:
  tapedeck plugins withdraw zero run=yt-dlp
  tapedeck plugins withdraw zero --all";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The plugin's name
    name: PluginName,
    /// What is meant: http=HOST, run=PROGRAM, kv=SIZE, scratch=SIZE
    #[arg(value_name = "GRANT", conflicts_with = "all")]
    grants: Vec<String>,
    /// Everything that it asks for
    #[arg(long, short)]
    all: bool,
}

pub(super) async fn grant(args: &Args, context: &Context) -> anyhow::Result<()> {
    let grants = parsed::<Grant>(&args.grants)?;
    let client = Client::need(context).await?;
    let plugin: PluginView = client.get(&["plugins", args.name.as_str()], &[]).await?;
    let grants = match args.all {
        true => parsed(&asked(&plugin, |it| !it.is_granted))?,
        false => grants,
    };
    if grants.is_empty() {
        return show_asked(&plugin, context);
    }
    decide(&client, &args.name, &["grants"], &grants, "granted", context).await
}

pub(super) async fn withdraw(args: &Args, context: &Context) -> anyhow::Result<()> {
    let keys = parsed::<GrantKey>(&args.grants)?;
    let client = Client::need(context).await?;
    let plugin: PluginView = client.get(&["plugins", args.name.as_str()], &[]).await?;
    let keys = match args.all {
        true => parsed(&asked(&plugin, |it| it.is_granted))?,
        false => keys,
    };
    if keys.is_empty() {
        return show_asked(&plugin, context);
    }
    decide(&client, &args.name, &["grants", "withdraw"], &keys, "withdrawn", context).await
}

/// One after the other: what comes before a refusal is done.
async fn decide<T: Display>(
    client: &Client,
    name: &PluginName,
    path: &[&str],
    grants: &[T],
    done: &str,
    context: &Context,
) -> anyhow::Result<()> {
    let mut latest: Option<PluginView> = None;
    for grant in grants {
        let path = [&["plugins", name.as_str()], path].concat();
        latest = Some(client.post(&path, &json!({ "grant": grant.to_string() })).await?);
        if !context.is_json() {
            context.output.note(format!("{name}: {grant} is {done}"));
        }
    }
    match latest.filter(|_| context.is_json()) {
        Some(plugin) => context.output.json(&plugin),
        None => Ok(()),
    }
}

fn show_asked(plugin: &PluginView, context: &Context) -> anyhow::Result<()> {
    if context.is_json() {
        return context.output.json(&plugin.capabilities);
    }
    if plugin.version.is_none() {
        let why = super::reason(plugin).unwrap_or("it is not loaded yet");
        let text = format!("what {} asks for is known once its file can be read: {why}", plugin.name);
        return Err(Failure::new(Exit::Failed, text).into());
    }
    if plugin.capabilities.is_empty() {
        context.output.note(format!("{} asks for nothing", plugin.name));
        return Ok(());
    }
    show::capabilities(&plugin.capabilities, context)
}

fn asked(plugin: &PluginView, is_meant: impl Fn(&CapabilityView) -> bool) -> Vec<String> {
    plugin.capabilities.iter().filter(|it| is_meant(it)).map(show::asked).collect()
}

fn parsed<T: FromStr<Err: Display>>(texts: &[String]) -> anyhow::Result<Vec<T>> {
    let parse =
        |text: &String| text.parse().map_err(|error: T::Err| Failure::usage(error.to_string()).into());
    texts.iter().map(parse).collect()
}
