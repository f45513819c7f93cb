//! The process-wide subscriber.

use anyhow::Context as _;
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, fmt, layer::SubscriberExt as _, reload,
    util::SubscriberInitExt as _,
};

use super::{OUTPUT_TARGET, RunLogBook, RunLogLayer};
use crate::clock::SharedClock;

/// How the daemon's own log looks.
#[derive(Clone, Debug)]
pub struct LogSettings {
    pub filter: String,
    pub is_json: bool,
    pub has_colour: bool,
}

/// Changes the level of a running daemon.
pub type SetFilter = Box<dyn Fn(&str) -> anyhow::Result<()> + Send + Sync>;

/// Installs the subscriber; once per process.
pub fn init(settings: &LogSettings, book: RunLogBook, clock: SharedClock) -> anyhow::Result<SetFilter> {
    let (filter, handle) = reload::Layer::new(parse(&settings.filter)?);
    let own_log = fmt::layer().with_writer(std::io::stderr).with_ansi(settings.has_colour);
    let own_log = if settings.is_json {
        own_log.json().flatten_event(true).boxed()
    } else {
        own_log.with_target(false).boxed()
    };
    let is_own = filter_fn(|metadata| {
        let target = metadata.target();
        !target.starts_with(OUTPUT_TARGET) && !target.starts_with(TELLS_TOKENS)
    });
    let is_kept =
        filter_fn(|metadata| *metadata.level() <= tracing::Level::DEBUG && is_ours(metadata.target()));
    tracing_subscriber::registry()
        .with(own_log.with_filter(is_own).with_filter(filter))
        .with(RunLogLayer::new(book, clock).with_filter(is_kept))
        .try_init()
        .context("the log was set up twice")?;
    Ok(Box::new(move |filter| handle.reload(parse(filter)?).context("the log is gone")))
}

/// Libraries' debug lines would bury a run's own.
fn is_ours(target: &str) -> bool {
    target.starts_with("tapedeck")
}

/// The Spotify library writes its requests with their tokens into the log, so none of its lines
/// ever passes, whatever filter is asked for.
const TELLS_TOKENS: &str = "rspotify";

/// The libraries of the tick and of Telegram's protocol tell of their inner life at `info`; what
/// matters of it, connections that broke, is told by our own client. The one that reads recordings
/// is surprised at every second file.
const QUIET: &str = "tokio_cron_scheduler=warn,grammers_mtsender=warn,grammers_mtproto=warn,grammers_session=warn,lofty=error,symphonia=off";

fn parse(filter: &str) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(format!("{QUIET},{filter}")).with_context(|| {
        format!(
            "`{filter}` is not a log filter: use a level such as `info`, or `info,tapedeck::scheduler=debug`"
        )
    })
}
