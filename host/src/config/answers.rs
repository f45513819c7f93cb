//! Variables of the replaced archive tool that set nothing here: what takes their place, so that nobody has to wonder.

use serde::Serialize;

use super::Environment;

/// A variable that is set, and what is to be known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    pub variable: String,
    pub says: &'static str,
}

/// Names that end with `_` stand for all that begin like this.
const ANSWERS: &[(&str, &str)] = &[
    ("BATCH_SIZE", "a page of 100 messages is stored in one step"),
    ("CHECKPOINT_INTERVAL", "every page is stored together with the cursor"),
    ("GAP_THRESHOLD", "gaps are known, not guessed; `min_ids` of a job of the kind \"fill\" is the nearest"),
    (
        "WHITELIST_RESOLVE_DIALOG_LIMIT",
        "at most 1,000 entries of the list are read, once a day, and only for chats that this login has never met",
    ),
    ("LISTEN_ALBUMS", "albums are told by the number that their messages share"),
    (
        "MASS_OPERATION_BUFFER_DELAY",
        "it never did anything; what comes in masses is held back until somebody decides",
    ),
    ("REACTION_DEBOUNCE_SECONDS", "the last word of a batch of updates counts"),
    ("REACTION_RESWEEP_BATCH_DELAY_SECONDS", "Telegram's own pauses set the pace"),
    ("MAX_FLOOD_RETRIES", "a pause that Telegram asks for is waited out at the same page, and is no failure"),
    (
        "MAX_FLOOD_WAIT_SECONDS",
        "a pause that Telegram asks for is waited out, however long; `timeout` of a job ends it",
    ),
    ("BACKOFF_", "`retry` of a job has `first_delay` and `max_delay`"),
    ("FLOOD_WAIT_LOG_THRESHOLD", "every pause is shown with the run that waits, and none is logged twice"),
    ("MEDIA_FLOOD_SLEEP_THRESHOLD", "a pause is waited out between two parts: a file never begins again"),
    ("DIALOG_FLOOD_SLEEP_THRESHOLD", "a pause is waited out between two pages: the list never begins again"),
    (
        "MEDIA_REFRESH_MAX_ATTEMPTS",
        "references that have run out are renewed a hundred at a time, three times for each part",
    ),
    (
        "MEDIA_REFRESH_TIMEOUT_SECONDS",
        "references that have run out are renewed a hundred at a time; `capture.media.file_timeout` counts for all of a file",
    ),
    (
        "PARALLEL_DOWNLOAD_MIN_SIZE_MB",
        "files of every size come in parts at the same time, as many as fill the line",
    ),
    ("PARALLEL_DOWNLOAD_PART_SIZE_KB", "parts have 512 KiB, the most that a connection takes"),
    ("DEDUPLICATE_MEDIA", "the same bytes always lie once, by what is in them, with readable links beside"),
    (
        "DATABASE_URL",
        "that is the database of the replaced tool, which `tapedeck import` reads; `archive.url` names one of our own",
    ),
    (
        "DATABASE_PATH",
        "that is the database of the replaced tool, which `tapedeck import` reads; `archive.folder` says where ours lies",
    ),
    (
        "DATABASE_DIR",
        "that is the database of the replaced tool, which `tapedeck import` reads; `archive.folder` says where ours lies",
    ),
    (
        "DB_PATH",
        "that is the database of the replaced tool, which `tapedeck import` reads; `archive.folder` says where ours lies",
    ),
    ("DB_TYPE", "`archive.url` makes it PostgreSQL; without it, it is a file of SQLite"),
    (
        "DB_ECHO",
        "SQLite's questions are not logged; with `archive.url`, `log.level = \"trace\"` shows PostgreSQL's",
    ),
    ("DATABASE_TIMEOUT", "those who read never wait for those who write"),
    (
        "POSTGRES_",
        "that is the database of the replaced tool, which `tapedeck import` reads; `archive.url` names one of our own",
    ),
    (
        "SESSION_DIR",
        "logins are sealed in the data folder; `tapedeck login telegram --import` takes over a session file",
    ),
    ("TELEGRAM_PROXY_RDNS", "names are always resolved by the proxy"),
    ("SHOW_STATS", "figures stand on the page for everybody who may see it"),
    ("DISPLAY_CHAT_IDS", "who may see the page sees every chat, until it can be told apart"),
    (
        "PUSH_NOTIFICATIONS",
        "the page tells of news while it is open; a job of the kind \"webhook\" with `after = [\"archive\"]` tells others",
    ),
    (
        "VAPID_",
        "the page tells of news while it is open; a job of the kind \"webhook\" with `after = [\"archive\"]` tells others",
    ),
    (
        "ENABLE_NOTIFICATIONS",
        "the page tells of news while it is open; a job of the kind \"webhook\" with `after = [\"archive\"]` tells others",
    ),
    (
        "EVENT_WEBHOOK_",
        "a job of the kind \"webhook\" with `after = [\"archive\"]` tells others of each sweep; the change feed has what was edited and deleted",
    ),
    ("ALLOW_ANONYMOUS_VIEWER", "without a user, the page is open on this machine alone"),
    ("AUTH_PROXY_", "people sign in with users of Tapedeck; programs have tokens"),
    ("TRUST_PROXY_HEADERS", "`server.trusted_proxies` names the proxies that are believed"),
    ("CORS_ORIGINS", "the API answers pages of its own address alone; programs need no such permission"),
    ("SECURE_COOKIES", "cookies are secure when `server.public_url` begins with https"),
    ("MAX_WS_", "there are no sockets: live events are a stream of which 256 can be open"),
    ("INTERNAL_PUSH_SECRET", "the page and the archive are one program"),
    ("VIEWER_HOST", "the page and the archive are one program; `server.listen` says where it is reached"),
    ("VIEWER_PORT", "the page and the archive are one program; `server.listen` says where it is reached"),
    ("THUMBNAIL_CACHE_DIR", "no thumbnails are kept"),
    ("HEARTBEAT_FILE", "`tapedeck health` and /health/live say whether it is well"),
];

/// Of those that are set.
pub(super) fn answers(environment: &Environment) -> Vec<Answer> {
    let is_meant = |known: &str, name: &str| match known.strip_suffix('_') {
        Some(_) => name.starts_with(known),
        None => name == known,
    };
    let answer = |name: &str| {
        let (_, says) = ANSWERS.iter().find(|(known, _)| is_meant(known, name))?;
        Some(Answer { variable: name.to_owned(), says })
    };
    let is_set = |(_, value): &(&str, &std::ffi::OsStr)| !value.is_empty();
    environment.iter().filter(is_set).filter_map(|(name, _)| answer(name)).collect()
}
