use std::{fmt::Display, str::FromStr};

use serde_json::{Value, json};

use super::show;
use crate::{
    cli::{Context, Exit, Failure, client::Client, each::first_of},
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

By the configuration or by `grant`, also when the plugin is switched off or broken. Holds from the plugin's next call
of the host on, and over restarts. Needs a running daemon.

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
    let asking = Asking { name: &args.name, path: &["grants"], done: "granted", is_left: |_, _| true };
    asking.decide(&grants, context, async |path, body| client.post(path, body).await).await
}

pub(super) async fn withdraw(args: &Args, context: &Context) -> anyhow::Result<()> {
    let keys = parsed::<GrantKey>(&args.grants)?;
    let client = Client::need(context).await?;
    let plugin: PluginView = client.get(&["plugins", args.name.as_str()], &[]).await?;
    let keys = match args.all {
        true => parsed(&asked(&plugin, has_some))?,
        false => keys,
    };
    if keys.is_empty() && args.all && !context.is_json() {
        context.output.note(format!("{} was granted nothing", plugin.name));
        return Ok(());
    }
    if keys.is_empty() {
        return show_asked(&plugin, context);
    }
    let asking = Asking::withdrawal(&args.name, args.all);
    asking.decide(&keys, context, async |path, body| client.post(path, body).await).await
}

/// What is asked of the daemon about each grant.
struct Asking<'a, T> {
    name: &'a PluginName,
    path: &'a [&'a str],
    done: &'a str,
    /// Whether there is anything to do about it, as the plugin is now.
    is_left: fn(&T, &PluginView) -> bool,
}

impl<'a> Asking<'a, GrantKey> {
    /// Of all, one may take what another one would: `http=*` takes every server. Of those that somebody named, each
    /// is the daemon's to judge.
    fn withdrawal(name: &'a PluginName, is_all: bool) -> Self {
        let is_left = |key: &GrantKey, now: &PluginView| {
            asked(now, has_some).iter().any(|it| it.parse().is_ok_and(|it: GrantKey| it == *key))
        };
        let is_left = if is_all { is_left } else { |_: &GrantKey, _: &PluginView| true };
        Self { name, path: &["grants", "withdraw"], done: "withdrawn", is_left }
    }
}

impl<T: Display> Asking<'_, T> {
    /// One after the other. All are tried, and one failure is a failure.
    async fn decide(
        &self,
        grants: &[T],
        context: &Context,
        post: impl AsyncFn(&[&str], &Value) -> anyhow::Result<PluginView>,
    ) -> anyhow::Result<()> {
        let path = [&["plugins", self.name.as_str()], self.path].concat();
        let mut latest: Option<PluginView> = None;
        let mut failures = Vec::new();
        for grant in grants {
            if latest.as_ref().is_none_or(|plugin| (self.is_left)(grant, plugin)) {
                match post(&path, &json!({ "grant": grant.to_string() })).await {
                    Ok(plugin) => latest = Some(plugin),
                    Err(error) => {
                        failures.push(error);
                        continue;
                    }
                }
            }
            if !context.is_json() {
                context.output.note(format!("{}: {grant} is {}", self.name, self.done));
            }
        }
        if let Some(plugin) = latest.filter(|_| context.is_json()) {
            context.output.json(&plugin)?;
        }
        first_of(failures, grants.len(), "grants")
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

/// All of what it asks for there, or a part.
const fn has_some(it: &CapabilityView) -> bool {
    it.is_granted || it.given.is_some()
}

fn asked(plugin: &PluginView, is_meant: impl Fn(&CapabilityView) -> bool) -> Vec<String> {
    plugin.capabilities.iter().filter(|it| is_meant(it)).map(show::asked).collect()
}

fn parsed<T: FromStr<Err: Display>>(texts: &[String]) -> anyhow::Result<Vec<T>> {
    let parse =
        |text: &String| text.parse().map_err(|error: T::Err| Failure::usage(error.to_string()).into());
    texts.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::model::{PluginFigures, PluginLimits};

    /// A daemon with a plugin that was given this, and what it was asked to take back.
    struct Daemon {
        given: RefCell<Vec<&'static str>>,
        asked: RefCell<Vec<String>>,
    }

    impl Daemon {
        fn new(given: &[&'static str]) -> Self {
            Self { given: RefCell::new(given.to_vec()), asked: RefCell::default() }
        }

        fn view(&self) -> PluginView {
            let view = |line: &&str| {
                let (capability, what) = line.split_once('=').unwrap();
                json!({ "capability": capability, "what": what, "is_granted": true })
            };
            let capabilities: Vec<Value> = self.given.borrow().iter().map(view).collect();
            let (limits, figures) = (PluginLimits::default(), PluginFigures::default());
            serde_json::from_value(json!({
                "name": "probe", "state": "ready", "kinds": [], "is_pure": false, "capabilities": capabilities,
                "limits": limits, "figures": figures, "log": []
            }))
            .unwrap()
        }

        /// `http=*` takes every server, and `run=sh` is stuck.
        fn withdraw(&self, body: &Value) -> anyhow::Result<PluginView> {
            let grant = body["grant"].as_str().unwrap().to_owned();
            self.asked.borrow_mut().push(grant.clone());
            let key = |line: &str| line.parse::<GrantKey>().unwrap();
            let takes =
                |given: &str| key(&grant) == key(given) || (grant == "http=*" && given.starts_with("http="));
            anyhow::ensure!(grant != "run=sh", "the state cannot be written");
            anyhow::ensure!(
                self.given.borrow().iter().any(|given| takes(given)),
                "it was not granted `{grant}`"
            );
            self.given.borrow_mut().retain(|given| !takes(given));
            Ok(self.view())
        }

        async fn withdraw_all(&self, is_all: bool) -> (anyhow::Result<()>, String) {
            let context = Context::for_tests(&[]);
            let name = "probe".parse().unwrap();
            let keys = parsed::<GrantKey>(&asked(&self.view(), has_some)).unwrap();
            let asking = Asking::withdrawal(&name, is_all);
            let done = asking.decide(&keys, &context, async |_, body| self.withdraw(body)).await;
            (done, context.output.said())
        }
    }

    #[tokio::test]
    async fn what_another_withdrawal_took_is_withdrawn() {
        let daemon = Daemon::new(&["http=*", "http=http://localhost:*", "run=cat", "kv=1MiB"]);
        let (done, said) = daemon.withdraw_all(true).await;
        done.unwrap();
        assert_eq!(daemon.given.borrow().len(), 0);
        assert_eq!(*daemon.asked.borrow(), ["http=*", "run=cat", "kv"]);
        assert!(said.contains("probe: http=http://localhost:* is withdrawn"), "{said}");
    }

    #[tokio::test]
    async fn one_failure_leaves_nothing_else_granted() {
        let daemon = Daemon::new(&["run=sh", "run=cat"]);
        let (done, _) = daemon.withdraw_all(true).await;
        assert_eq!(done.unwrap_err().to_string(), "the state cannot be written");
        assert_eq!(*daemon.given.borrow(), ["run=sh"]);
        let daemon = Daemon::new(&["run=sh", "http=*", "http=a.org"]);
        let (done, _) = daemon.withdraw_all(false).await;
        assert_eq!(done.unwrap_err().to_string(), "2 of 3 grants cannot be changed", "each was named");
    }
}
