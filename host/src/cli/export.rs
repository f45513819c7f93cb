//! `tapedeck export`: writes the archive out, without a daemon or beside one.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::{Cell, Context, Exit, Failure};
use crate::{
    app,
    archive::SharedStore,
    config::Config,
    event::Bus,
    export::{
        self, ExportError, ExportParts, Filter, FormatUse, Goal, Growth, MediaMode, Offers, Progress,
        Request, Template, Watch,
    },
    lifecycle::Lifecycle,
    model::{AccountName, ChatKind, MediaKind, PeerId, Period},
    plugin_host::{Plugins, PluginsParts, system_lookup},
    state::State,
};

/// How long the plugin host may take to let go of everything.
const FAREWELL: Duration = Duration::from_secs(5);

/// Write chats of the archive out in other formats
///
/// Formats come from plugins; `--list` shows them. Several are written in one pass over the archive. A folder takes
/// the place of the export of before when all of it is on the disk, and not earlier. Works with and without a running
/// daemon.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck export --list
  tapedeck export --format html --chat @news --media copy --output news
  tapedeck export --format csv --chat Family --from 2026-01-01 --output family.csv
  tapedeck export --format json --format telegram-desktop --last 30d --output month
  tapedeck export --format text --incremental --output log      again and again: only what is new")]
pub(super) struct Args {
    /// Show the formats that there are
    #[arg(long)]
    list: bool,
    /// A format to write; may be repeated
    #[arg(long = "format", short, value_name = "NAME")]
    formats: Vec<String>,
    /// Ask something of the exporters in place of their settings, such as bom=true; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parameter)]
    parameters: Vec<(String, Value)>,
    /// A chat by id, @name or whole title; may be repeated [default: all]
    #[arg(long = "chat", value_name = "CHAT", allow_negative_numbers = true)]
    chats: Vec<String>,
    /// Chats of this kind: private, bot, group, supergroup, channel; may be repeated [default: all]
    #[arg(long = "kind", value_name = "KIND", value_parser = word::<ChatKind>)]
    kinds: Vec<ChatKind>,
    /// Which account's archive [default: telegram.default_account]
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
    /// From this day or moment on
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Up to this day or moment, which is not part of it
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// What was sent within this time
    #[arg(long, value_name = "PERIOD", conflicts_with = "from")]
    last: Option<Period>,
    /// Messages by this sender, by id; may be repeated [default: anybody]
    #[arg(long = "sender", value_name = "ID", allow_negative_numbers = true)]
    senders: Vec<i64>,
    /// Only messages with such media: photo, video, document and so on; may be repeated
    #[arg(long = "with-media", value_name = "KIND", value_parser = word::<MediaKind>)]
    with_media: Vec<MediaKind>,
    /// Only what this search finds
    #[arg(long, value_name = "WORDS")]
    query: Option<String>,
    /// Leave out what was deleted at Telegram
    #[arg(long)]
    without_deleted: bool,
    /// What becomes of files: none, link or copy
    #[arg(long, value_name = "HOW", value_enum, default_value_t, hide_possible_values = true)]
    media: MediaMode,
    /// The folder to write, or the file if the format is one file [default: export-DATE-TIME]
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write only what is new since the last time: into one more file, or onto the pages that it belongs to
    #[arg(long)]
    incremental: bool,
}

fn parameter(text: &str) -> Result<(String, Value), String> {
    let (key, value) =
        text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("write it as KEY=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((key.to_owned(), value))
}

/// A word as in the configuration.
pub(super) fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::from(text)).map_err(|error| error.to_string())
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let config = context.config()?;
    if !args.list && args.formats.is_empty() {
        let failure = Failure::usage("no format is named");
        return Err(failure.fix("add --format html; `tapedeck export --list` shows all").into());
    }
    let store = if args.list { None } else { Some(something(&args, &config).await?) };
    let host = Host::start(&config, context).await?;
    let outcome = match store {
        None => list(&host.offers().await?, context),
        Some(store) => write(args, store, &config, &host, context).await,
    };
    host.close().await;
    outcome
}

fn list(offers: &Offers, context: &Context) -> anyhow::Result<()> {
    if context.is_json() {
        let silent = offers
            .silent()
            .map(|(plugin, error)| json!({ "format": null, "plugin": plugin, "error": error.to_string() }));
        let all: Vec<Value> = offers
            .iter()
            .map(|offer| {
                let it = offer.as_use();
                json!({
                    "format": offer.called(offers), "plugin": it.plugin, "extension": it.extension, "mime": it.mime,
                    "summary": offer.format.summary, "appends": it.appends(),
                })
            })
            .chain(silent)
            .collect();
        return context.output.json(&all);
    }
    let rows = offers.iter().map(|offer| {
        let it = offer.as_use();
        let again = match it.growth {
            Growth::Parts => "one more file",
            Growth::Pages => "pages with something new",
            Growth::Anew => "writes anew",
        };
        vec![
            Cell::from(offer.called(offers)),
            it.extension.into(),
            again.into(),
            offer.format.summary.clone().into(),
        ]
    });
    context.output.table(&["format", "ending", "incremental", "what it is"], rows.collect())?;
    for (_, error) in offers.silent() {
        context.output.note(format!("not in the list: {error}"));
    }
    Ok(())
}

/// The archive, when there is something in it to write: an export of nothing would take the place of an earlier one.
async fn something(args: &Args, config: &Config) -> anyhow::Result<SharedStore> {
    let store = app::archive_to_read(config).await?;
    let store = store.ok_or_else(|| {
        let file = app::archive_file(config);
        Failure::new(Exit::Failed, format!("nothing was archived yet in {}", file.display()))
            .fix("run a job of the kind \"archive\", or check `data.folder` and `archive.folder`")
    })?;
    let account = account(args, config);
    let chosen = export::choose(&*store, &account, &args.chats, &args.kinds).await.map_err(failure)?;
    if chosen.chats.is_empty() {
        let kinds = if args.kinds.is_empty() { "" } else { " of these kinds" };
        return Err(Failure::new(Exit::Failed, format!("the archive has no chats{kinds} of the account {account}"))
            .fix("`tapedeck archive chats` lists all there are; --account names another account, a job of the kind \"archive\" or `tapedeck import` brings chats")
            .into());
    }
    Ok(store)
}

fn account(args: &Args, config: &Config) -> AccountName {
    args.account.clone().unwrap_or_else(|| config.telegram.default_account.clone())
}

async fn write(
    args: Args,
    store: SharedStore,
    config: &Config,
    host: &Host,
    context: &Context,
) -> anyhow::Result<()> {
    let formats = formats(&args, &host.offers().await?)?;
    let account = account(&args, config);
    let goal = goal(&args, &formats, &account, context)?;
    let request = Request {
        account,
        filter: filter(&args, context)?,
        chats: args.chats,
        kinds: args.kinds,
        formats,
        media: args.media,
        series: goal.path().display().to_string(),
        goal,
        is_incremental: args.incremental,
        keep: None,
    };
    let parts = ExportParts {
        store,
        plugins: host.plugins.clone(),
        media: app::media(config),
        clock: context.clock.clone(),
    };
    let bar = bar(context);
    let watch = Watch { stop: CancellationToken::new(), report: reporter(bar.clone()) };
    let stop = watch.stop.clone();
    let exporting = export::export(&parts, &request, &watch);
    tokio::pin!(exporting);
    let exported = tokio::select! {
        exported = &mut exporting => exported,
        _ = tokio::signal::ctrl_c() => {
            stop.cancel();
            exporting.await
        }
    };
    bar.finish_and_clear();
    let exported = exported.map_err(failure)?;
    if context.is_json() {
        return context.output.json(&exported);
    }
    context.output.note(exported.to_string());
    exported.places.iter().try_for_each(|place| context.output.line(place.path.display()))
}

fn failure(error: ExportError) -> anyhow::Error {
    let is_usage = matches!(
        error,
        ExportError::NoChat { .. }
            | ExportError::ManyChats { .. }
            | ExportError::NoFormat { .. }
            | ExportError::ManyFormats { .. }
            | ExportError::SamePlace { .. }
            | ExportError::ManyFiles { .. }
            | ExportError::Foreign { .. }
            | ExportError::InTheWay { .. }
            | ExportError::Dangling { .. }
            | ExportError::Archive { .. }
    );
    if is_usage { Failure::usage(error.to_string()).into() } else { error.into() }
}

fn formats(args: &Args, offers: &Offers) -> anyhow::Result<Vec<FormatUse>> {
    let parameters: Map<String, Value> = args.parameters.iter().cloned().collect();
    let mut formats: Vec<FormatUse> = Vec::new();
    for name in &args.formats {
        let format = export::wanted(offers, name).map_err(failure)?;
        if !formats.iter().any(|known| (&known.plugin, &known.format) == (&format.plugin, &format.format)) {
            formats.push(FormatUse { parameters: parameters.clone(), ..format });
        }
    }
    Ok(formats)
}

/// A file if the format's ending is at the end of the path.
fn goal(
    args: &Args,
    formats: &[FormatUse],
    account: &AccountName,
    context: &Context,
) -> anyhow::Result<Goal> {
    let path = match &args.output {
        Some(path) => path.clone(),
        None => {
            let name = Template::parse("export-{{date}}-{{time}}")?;
            PathBuf::from(name.name("export", account.as_str(), context.now(), &context.zone))
        }
    };
    let ending = path.extension().map(|ending| ending.to_string_lossy().into_owned());
    match formats {
        [one] if ending.as_ref() == Some(&one.extension) && !path.is_dir() => {
            if args.incremental || args.media != MediaMode::None {
                let failure = Failure::usage("--incremental and --media need a folder");
                return Err(failure
                    .fix(format!("leave out .{} at the end of --output", one.extension))
                    .into());
            }
            Ok(Goal::File(path))
        }
        _ => Ok(Goal::Folder(path)),
    }
}

fn filter(args: &Args, context: &Context) -> anyhow::Result<Filter> {
    let moment = |text: &String| moment(text, context);
    let from = args.from.as_ref().map(moment).transpose()?;
    let last = args.last.map(|last| context.now().checked_sub(last.0).unwrap_or(Timestamp::MIN));
    Ok(Filter {
        from: from.or(last),
        to: args.to.as_ref().map(moment).transpose()?,
        senders: args.senders.iter().copied().map(PeerId).collect(),
        media: args.with_media.clone(),
        query: args.query.clone().filter(|text| !text.trim().is_empty()),
        without_deleted: args.without_deleted,
    })
}

/// In the zone of the reader.
fn moment(text: &str, context: &Context) -> anyhow::Result<Timestamp> {
    export::moment(text, &context.zone).ok_or_else(|| {
        let failure = Failure::usage(format!("`{text}` is no date"));
        failure.fix("write 2026-03-01, 2026-03-01T12:00 or 2026-03-01T12:00:00Z").into()
    })
}

/// Shown on a terminal alone.
fn bar(context: &Context) -> ProgressBar {
    if context.is_json() || !context.output.is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{spinner} {human_pos}/{human_len} messages {wide_msg} {eta}");
    bar.set_style(style.expect("a template of ours"));
    bar
}

fn reporter(bar: ProgressBar) -> Arc<dyn Fn(Progress) + Send + Sync> {
    Arc::new(move |progress| {
        if let Some(total) = progress.total {
            bar.set_length(total);
        }
        bar.set_position(progress.messages);
        bar.set_message(progress.chat);
    })
}

/// The plugins of the configuration, with the grants that stand there. What was decided by hand while a daemon
/// ran is its own.
struct Host {
    plugins: Plugins,
    lifecycle: Lifecycle,
    _folder: tempfile::TempDir,
}

impl Host {
    async fn start(config: &Config, context: &Context) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapedeck-export-").tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        let host = app::plugin_host_settings(config, context.program());
        let lifecycle = Lifecycle::default();
        let tables: BTreeMap<_, _> = app::plugin_settings(config);
        let plugins = Plugins::start(PluginsParts {
            host,
            tables,
            clock: context.clock.clone(),
            bus: Bus::default(),
            lifecycle: lifecycle.clone(),
            state: State::open(&folder.path().join("data")).context("cannot keep what plugins store")?,
            version: env!("CARGO_PKG_VERSION"),
            scratch: folder.path().join("scratch"),
            search: context.environment.get("PATH").map(ToOwned::to_owned),
            lookup: system_lookup(),
        })?;
        plugins.settled().await;
        Ok(Self { plugins, lifecycle, _folder: folder })
    }

    async fn offers(&self) -> anyhow::Result<Offers> {
        let plugins = self.plugins.clone();
        tokio::task::spawn_blocking(move || export::offers(&plugins))
            .await
            .context("exporters could not be asked")
    }

    async fn close(self) {
        self.lifecycle.drain();
        self.lifecycle.wait(FAREWELL).await;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Typed {
        #[command(flatten)]
        args: Args,
    }

    #[tokio::test]
    async fn exporters_that_cannot_speak_are_listed_below_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("plugins")).unwrap();
        std::fs::write(folder.path().join("plugins/pages.wasm"), "hello").unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "data.folder = \"data\"\nplugin_host.folder = \"plugins\"\n").unwrap();
        let listed = async |options: &[&str]| {
            let context = Context::for_tests(&[&["--config", file.to_str().unwrap()], options].concat());
            let args = Typed::try_parse_from(["export", "--list"]).unwrap().args;
            run(args, &context).await.unwrap();
            (context.output.written(), context.output.said())
        };
        let said = listed(&[]).await.1;
        assert!(said.contains("not in the list: plugin pages: ") && said.contains("a text file"), "{said}");
        let all: Vec<Value> = serde_json::from_str(&listed(&["--json"]).await.0).unwrap();
        let silent = all.iter().find(|it| it["plugin"] == "pages").unwrap();
        assert!(silent["format"].is_null() && silent["error"].as_str().unwrap().contains("a text file"));
    }

    #[test]
    fn chats_are_named_by_their_numbers_too() {
        let words =
            ["export", "--chat", "-1001500000003", "--chat", "@news", "--sender", "-5", "--media", "copy"];
        let args = Typed::try_parse_from(words).unwrap().args;
        assert_eq!((args.chats, args.senders), (vec!["-1001500000003".into(), "@news".into()], vec![-5]));
        assert_eq!(args.media, MediaMode::Copy);
    }

    #[test]
    fn times_of_a_day_are_not_taken_for_its_beginning() {
        let context = Context::for_tests(&[]);
        let words = ["export", "--from", "2026-11-22T16:10:00", "--to", "2026-11-23"];
        let filter = filter(&Typed::try_parse_from(words).unwrap().args, &context).unwrap();
        let told = [filter.from, filter.to].map(|it| it.unwrap().to_string());
        assert_eq!(told, ["2026-11-22T16:10:00Z", "2026-11-23T00:00:00Z"]);
        assert!(moment("2026-11-22T25:00", &context).is_err());
    }
}
