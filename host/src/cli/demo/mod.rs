//! `tapedeck demo`: the daemon, whole and real, on a data folder that is gone afterwards, with
//! jobs that do something to look at.

mod filter;
mod history;
mod music;
mod telegram;

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;
use serde_json::json;
use tapedeck_sim::{
    World,
    hooks::{self, Answer},
};

use super::{Context, run::serve};
use crate::{
    app::{App, Foundation},
    config::{self, Environment, Sources},
    jobs,
    model::Period,
};

/// What people expect; another one is taken when it is in use.
const PORT: u16 = 8484;

/// Try Tapedeck: a daemon with example jobs, gone without a trace afterwards
///
/// Starts the real daemon on a temporary data folder with jobs that copy, fail, wait, follow one
/// another and call a web hook, logs in to a simulated Telegram, tries a filter there and swaps it while it is in use,
/// hears what plays on a simulated Spotify and shows it on the profile there, and serves the page on this machine only,
/// open without signing in. Your own configuration is not read. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck demo --open
  tapedeck demo --port 9000 --for 10m")]
pub(super) struct Args {
    /// Serve on this port; 0 takes any free one [default: 8484, or any when that is in use]
    #[arg(long)]
    port: Option<u16>,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    /// End by itself after this time: 60s, 10m
    #[arg(long = "for", value_name = "PERIOD")]
    lasts: Option<Period>,
    /// Swap the filter this often
    #[arg(long, value_name = "PERIOD", default_value = "1m", hide = true)]
    swap_every: Period,
    /// Play so many times faster
    #[arg(long, default_value_t = 1, hide = true, value_parser = clap::value_parser!(u32).range(1..=100))]
    tempo: u32,
    /// Where `keywords.wasm`, `types.wasm` and `zero.wasm` are [default: beside the program]
    #[arg(long, value_name = "FOLDER", hide = true)]
    plugins: Option<PathBuf>,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("tapedeck-demo-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let world = World::default();
    world.hooks(|hooks| hooks.otherwise = Some(Answer::ok()));
    let receiver = hooks::serve(&world, None).await.context("cannot start the receiver of web hooks")?;

    let telegram = telegram::Telegram::start(folder.path()).await?;
    let music = music::Music::start(args.tempo).await?;

    let file = folder.path().join("config.toml");
    let program = std::env::current_exe().context("cannot find the program itself")?;
    let mut text = configuration(args.port.unwrap_or_else(free_port), &program, &receiver.url("/team"))?;
    text = music.fill_in(&text);
    if let Some(plugins) = &args.plugins {
        let plugins = std::path::absolute(plugins).context("cannot tell where --plugins is")?;
        let quoted = toml_edit::Value::from(plugins.to_string_lossy().into_owned());
        text.push_str(&format!("\n[plugin_host]\nbundled_folder = {quoted}\n"));
    }
    fs::write(&file, text).context("cannot write the configuration")?;
    // Variables are for the daemon that people really run.
    let sources = Sources::new(Some(file.clone()), Environment::default());
    let loaded = config::load(&sources, &jobs::vocabulary());
    let data = loaded.config.as_ref().map(|config| config.data.folder.clone());
    let data = data.with_context(|| format!("the demo's configuration has errors: {:?}", loaded.problems))?;
    history::write(&data, context.now()).await?;

    let ready = |app: &App, url: &str| {
        music.spawn_life(app, telegram.spawn_login(app));
        telegram.spawn_life(app);
        filter::spawn_swaps(app, &file, args.swap_every.0);
        spawn_end(app, args.lasts);
        welcome(args, context, url, folder.path());
    };
    serve(Foundation::default(), sources, loaded, context, ready).await
}

/// Its time begins when there is something to see.
fn spawn_end(app: &App, lasts: Option<Period>) {
    let Some(lasts) = lasts else { return };
    let (lifecycle, draining) = (app.lifecycle.clone(), app.lifecycle.draining());
    app.lifecycle.spawn("demo", async move {
        tokio::select! {
            () = tokio::time::sleep(lasts.0) => lifecycle.drain(),
            () = draining.cancelled() => {}
        }
    });
}

fn free_port() -> u16 {
    let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).is_ok();
    if is_free { PORT } else { 0 }
}

/// The page is what counts: when nobody reads this, the demo goes on.
fn welcome(args: &Args, context: &Context, url: &str, folder: &Path) {
    let output = &context.output;
    let said = if context.is_json() {
        output.json_line(&json!({ "url": url, "folder": folder, "pid": std::process::id() }))
    } else {
        output.line(format!("The demo is at {url}"))
    };
    if let Err(error) = said {
        tracing::debug!(error = %error, "The address was not read");
    }
    let config = folder.join("config.toml");
    output.note(format!("Its jobs are in {}; change them while it runs.", config.display()));
    output.note(format!("Talk to it: tapedeck --url {url} jobs list"));
    output.note("Ctrl-C ends it and removes everything.");
    if args.open && !open(url) {
        output.note("no browser could be started: open the address by hand");
    }
}

fn open(url: &str) -> bool {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
}

fn configuration(port: u16, program: &Path, hook: &str) -> anyhow::Result<String> {
    let program = program.to_str().context("the path of the program is not UTF-8")?;
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    Ok(include_str!("config.toml")
        .replace("{port}", &port.to_string())
        .replace("\"{program}\"", &quoted(program))
        .replace("\"{hook}\"", &quoted(hook))
        .replace("# {tidy}\n", filter::first()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn configuration_has_no_problem() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        let text = configuration(0, Path::new("/odd \"name\"/tapedeck"), "http://127.0.0.1:1/team").unwrap();
        let text = music::Music::start(1).await.unwrap().fill_in(&text);
        fs::write(&file, text).unwrap();
        let loaded = config::load(&Sources::new(Some(file), Environment::default()), &jobs::vocabulary());
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let names: Vec<_> = loaded.config.unwrap().jobs.into_keys().map(|name| name.to_string()).collect();
        for known in history::jobs() {
            assert!(names.contains(&known.to_owned()), "{known} has a history and is no job");
        }
    }
}
