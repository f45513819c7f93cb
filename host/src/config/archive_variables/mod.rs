//! Variables of the tool that backed chats up: which chats it took, and the jobs that it ran, so that its `docker run`
//! line goes on working. They lie beneath the file.

mod jobs;

use std::ops::RangeInclusive;

use super::{
    Answer, Environment, answers,
    env::{add, refuse, text_of},
    node::{Layer, Node, Value},
    problem::{Problem, Problems},
    telegram_variables::account_of_number,
};
use crate::model::PeerId;

/// Whoever sets one of these, or of the filters below, means that tool: its logins alone may belong to others, and so may
/// names that many programs know.
const THEIRS: &[&str] = &[
    "BACKUP_PATH",
    "SCHEDULE",
    "DOWNLOAD_MEDIA",
    "MAX_MEDIA_SIZE_MB",
    "ENABLE_LISTENER",
    "SYNC_DELETIONS_EDITS",
    "VERIFY_MEDIA",
    "FILL_GAPS",
    "GAP_THRESHOLD",
    "CHECKPOINT_INTERVAL",
    "AVATAR_REFRESH_HOURS",
    "STATS_CALCULATION_HOUR",
    "DISPLAY_CHAT_IDS",
    "WHITELIST_RESOLVE_DIALOG_LIMIT",
    "SKIP_MEDIA_DELETE_EXISTING",
    "MEDIA_MAX_FILENAME_BYTES",
    "MEDIA_MAX_DOWNLOAD_ATTEMPTS",
    "MEDIA_REFRESH_MAX_ATTEMPTS",
    "MEDIA_REFRESH_TIMEOUT_SECONDS",
    "MEDIA_FLOOD_SLEEP_THRESHOLD",
    "DIALOG_FLOOD_SLEEP_THRESHOLD",
    "DEDUPLICATE_MEDIA",
    "PARALLEL_DOWNLOAD_ENABLED",
    "PARALLEL_DOWNLOAD_MIN_SIZE_MB",
    "PARALLEL_DOWNLOAD_CONNECTIONS",
    "PARALLEL_DOWNLOAD_PART_SIZE_KB",
    // One by one: systemd has names of its own that begin with LISTEN_.
    "LISTEN_NEW_MESSAGES",
    "LISTEN_NEW_MESSAGES_MEDIA",
    "LISTEN_EDITS",
    "LISTEN_DELETIONS",
    "LISTEN_CHAT_ACTIONS",
    "LISTEN_REACTIONS",
    "LISTEN_ALBUMS",
    "MASS_OPERATION_THRESHOLD",
    "MASS_OPERATION_WINDOW_SECONDS",
    "MASS_OPERATION_BUFFER_DELAY",
    "REACTION_DEBOUNCE_SECONDS",
    "REACTION_RESWEEP_DAYS",
    "REACTION_RESWEEP_MAX_PER_CHAT",
    "REACTION_RESWEEP_BATCH_DELAY_SECONDS",
];

const MOST_ACCOUNTS: u32 = 100;

/// The lists of chats: the names of the variables, that of the one with folders, and the key.
const LISTS: &[(&[&str], &str, &[&str])] = &[
    (&["GLOBAL_INCLUDE_CHAT_IDS", "INCLUDE_CHAT_IDS"], "GLOBAL_INCLUDE_FOLDER_IDS", &["include"]),
    (&["GLOBAL_EXCLUDE_CHAT_IDS", "EXCLUDE_CHAT_IDS"], "", &["exclude"]),
    (&["PRIVATE_INCLUDE_CHAT_IDS"], "PRIVATE_INCLUDE_FOLDER_IDS", &["private", "include"]),
    (&["PRIVATE_EXCLUDE_CHAT_IDS"], "", &["private", "exclude"]),
    (&["GROUPS_INCLUDE_CHAT_IDS"], "GROUPS_INCLUDE_FOLDER_IDS", &["groups", "include"]),
    (&["GROUPS_EXCLUDE_CHAT_IDS"], "", &["groups", "exclude"]),
    (&["CHANNELS_INCLUDE_CHAT_IDS"], "CHANNELS_INCLUDE_FOLDER_IDS", &["channels", "include"]),
    (&["CHANNELS_EXCLUDE_CHAT_IDS"], "", &["channels", "exclude"]),
    (&["CHAT_IDS"], "", &["chats"]),
    (&["PRIORITY_CHAT_IDS"], "", &["priority"]),
    (&["SKIP_TOPIC_IDS"], "", &["skip_topics"]),
    (&["SKIP_MEDIA_CHAT_IDS"], "", &["media", "skip_chats"]),
];

/// Filters that are no lists of chats.
const OTHER_FILTERS: &[&str] = &["CHAT_TYPES", "FOLLOW_CHAT_MIGRATIONS", "DELETION_MODE"];

/// `file` is what the operator wrote: jobs that are in it are not made a second time. Says what of the variables sets
/// nothing, and why.
pub(super) fn defaults(
    environment: &Environment,
    file: Option<&Node>,
    root: &mut Node,
    problems: &mut Problems,
) -> Vec<Answer> {
    let Some(sign) = sign(environment) else { return Vec::new() };
    let answers = answers::answers(environment);
    let mut reading = Reading { environment, file, root, problems, answers };
    reading.folder();
    reading.chats("", &["capture"]);
    reading.media();
    for number in 1..=MOST_ACCOUNTS {
        let Some(account) = account_of_number(environment, number) else { break };
        reading.chats(&format!("TG_ACCOUNT_{number}_"), &["capture", "accounts", &account]);
    }
    reading.jobs(&sign);
    let mut answers = reading.answers;
    answers.sort_by(|one, other| one.variable.cmp(&other.variable));
    answers
}

/// The variable that tells that this is the environment of that tool.
fn sign(environment: &Environment) -> Option<String> {
    // An empty list of types means something there.
    let is_set = |name: &str| environment.get(name).is_some();
    ["TELEGRAM_API_ID", "TG_ACCOUNT_1_API_ID"].iter().find(|name| text_of(environment, name).is_some())?;
    if let Some(name) = THEIRS.iter().copied().chain(filters()).find(|name| is_set(name)) {
        return Some(name.to_owned());
    }
    let accounts = (1..=MOST_ACCOUNTS).take_while(|number| account_of_number(environment, *number).is_some());
    let mut own =
        accounts.flat_map(|number| filters().map(move |name| format!("TG_ACCOUNT_{number}_{name}")));
    own.find(|name| is_set(name))
}

/// What chooses chats, for everybody or, with a prefix, for one account.
fn filters() -> impl Iterator<Item = &'static str> {
    let lists = LISTS.iter().flat_map(|(names, folders, _)| names.iter().chain([folders]));
    lists.chain(OTHER_FILTERS).copied().filter(|name| !name.is_empty())
}

struct Reading<'a> {
    environment: &'a Environment,
    file: Option<&'a Node>,
    root: &'a mut Node,
    problems: &'a mut Problems,
    answers: Vec<Answer>,
}

impl Reading<'_> {
    fn set(&mut self, key: &[&str], value: Value, variable: &str) {
        add(self.root, key, value, variable);
    }

    /// Beside what that tool has kept there: the volume is the same, and neither touches the other.
    fn folder(&mut self) {
        if let Some(path) = text_of(self.environment, "BACKUP_PATH") {
            let folder = format!("{}/tapedeck", path.trim_end_matches('/'));
            self.set(&["archive", "folder"], Value::Text(folder), "BACKUP_PATH");
        }
    }

    /// For everybody, or for one account: there, an empty list is inherited and the word `none` clears one.
    fn chats(&mut self, prefix: &str, section: &[&str]) {
        for (names, folders, key) in LISTS {
            let names: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
            let found = names.iter().find_map(|name| Some((name, text_of(self.environment, name)?)));
            let mut items = Vec::new();
            let mut variable = None;
            if let Some((name, text)) = found {
                items = words(&text).filter(|word| prefix.is_empty() || !is_none(word)).collect();
                variable = Some(name.clone());
            }
            let folders = format!("{prefix}{folders}");
            if let Some(text) =
                text_of(self.environment, &folders).filter(|_| !folders.is_empty() && folders != prefix)
            {
                items.extend(words(&text).map(|word| format!("folder:{word}")));
                variable.get_or_insert(folders);
            }
            if *key == ["skip_topics"]
                && let (Some(variable), false) = (&variable, items.iter().all(|item| is_topic(item)))
            {
                let reason = "a topic is the number of its chat and its own, such as -1001234567890:42";
                self.refuse_choice(variable, &[section, *key].concat(), reason);
                continue;
            }
            if let Some(variable) = variable {
                let key: Vec<&str> = section.iter().chain(*key).copied().collect();
                self.set(&key, list(&items, &variable), &variable);
            }
        }
        self.types(prefix, section);
        let key: Vec<&str> = section.iter().copied().chain(["follow_migrations"]).collect();
        self.yes_or_no(&format!("{prefix}FOLLOW_CHAT_MIGRATIONS"), &key);
        let variable = format!("{prefix}DELETION_MODE");
        if let Some(mode) = text_of(self.environment, &variable) {
            let key: Vec<&str> = section.iter().copied().chain(["deletions"]).collect();
            match mode.trim().to_ascii_lowercase().as_str() {
                mode @ ("soft" | "hard") => self.set(&key, Value::Text(mode.to_owned()), &variable),
                _ => refuse(self.problems, &variable, &key.join("."), "it is neither \"soft\" nor \"hard\""),
            }
        }
    }

    /// What somebody meant to leave out is not archived: without a list that can be read nothing starts, unless the file
    /// has another one.
    fn refuse_choice(&mut self, variable: &str, key: &[&str], reason: &str) {
        let in_file = self.file.and_then(|file| key.iter().try_fold(file, |node, part| node.get(part)));
        let key = key.join(".");
        if in_file.is_some() {
            return refuse(self.problems, variable, &key, reason);
        }
        let fix = format!("Correct or unset {variable}, or set `{key}` in the file.");
        self.problems.push(Problem::in_file(variable, reason).key(&key).fix(fix));
    }

    /// Set and empty, it means none at all.
    fn types(&mut self, prefix: &str, section: &[&str]) {
        let variable = format!("{prefix}CHAT_TYPES");
        let Some(text) = self.environment.get(&variable).map(|text| text.to_string_lossy()) else { return };
        if text.trim().is_empty() && !prefix.is_empty() {
            return;
        }
        let key: Vec<&str> = section.iter().copied().chain(["types"]).collect();
        let types: Vec<String> =
            words(&text).filter(|word| !is_none(word)).map(|word| word.to_lowercase()).collect();
        let is_known = |word: &String| matches!(word.as_str(), "private" | "bots" | "groups" | "channels");
        if types.iter().all(is_known) {
            self.set(&key, list(&types, &variable), &variable);
        } else {
            let reason = "there are only the types private, bots, groups and channels";
            self.refuse_choice(&variable, &key, reason);
        }
    }

    fn media(&mut self) {
        self.yes_or_no("DOWNLOAD_MEDIA", &["capture", "media", "fetch"]);
        let key = ["capture", "media", "max_size"];
        if let Some(text) = text_of(self.environment, "MAX_MEDIA_SIZE_MB") {
            match text.trim().parse::<i64>() {
                Ok(..=0) => self.set(&key, Value::Text("0B".to_owned()), "MAX_MEDIA_SIZE_MB"),
                Ok(mib @ ..=1_000_000) => {
                    self.set(&key, Value::Text(format!("{mib}MiB")), "MAX_MEDIA_SIZE_MB")
                }
                _ => refuse(
                    self.problems,
                    "MAX_MEDIA_SIZE_MB",
                    &key.join("."),
                    "it is not a whole number of megabytes",
                ),
            }
        }
        let of = |key: &'static str| ["capture", "media", key];
        self.number("MEDIA_MAX_DOWNLOAD_ATTEMPTS", &of("attempts"), 1..=1_000);
        self.number("MEDIA_MAX_FILENAME_BYTES", &of("name_bytes"), 80..=255);
        self.seconds("DOWNLOAD_TIMEOUT_SECONDS", &of("file_timeout"));
        self.yes_or_no("SKIP_MEDIA_DELETE_EXISTING", &of("skip_deletes"));
        const PARALLEL: &str = "PARALLEL_DOWNLOAD_ENABLED";
        const CONNECTIONS: &str = "PARALLEL_DOWNLOAD_CONNECTIONS";
        let parts = of("parts_at_once");
        let is_parallel = self.truth(PARALLEL, &parts.join("."));
        if let Some(is_parallel) = is_parallel {
            self.set(&parts, Value::Integer(if is_parallel { 4 } else { 1 }), PARALLEL);
        }
        match is_parallel {
            Some(true) => self.number(CONNECTIONS, &parts, 1..=64),
            _ => self.answer(CONNECTIONS, "PARALLEL_DOWNLOAD_ENABLED is not on"),
        }
    }

    fn seconds(&mut self, variable: &str, key: &[&str]) {
        if let Some(value) = self.seconds_of(variable, &key.join(".")) {
            self.set(key, value, variable);
        }
    }

    fn seconds_of(&mut self, variable: &str, key: &str) -> Option<Value> {
        let text = text_of(self.environment, variable)?;
        match text.trim().parse::<u32>() {
            Ok(seconds @ 1..) => return Some(Value::Text(format!("{seconds}s"))),
            _ => refuse(self.problems, variable, key, "it is not a number of seconds from 1 on"),
        }
        None
    }

    fn yes_or_no(&mut self, variable: &str, key: &[&str]) {
        if let Some(is_so) = self.truth(variable, &key.join(".")) {
            self.set(key, Value::Boolean(is_so), variable);
        }
    }

    fn truth(&mut self, variable: &str, key: &str) -> Option<bool> {
        let text = text_of(self.environment, variable)?;
        let is_so = meaning(&text);
        if is_so.is_none() {
            refuse(self.problems, variable, key, "it is neither true nor false");
        }
        is_so
    }

    fn number(&mut self, variable: &str, key: &[&str], range: RangeInclusive<i64>) {
        if let Some(value) = self.number_of(variable, &key.join("."), range) {
            self.set(key, value, variable);
        }
    }

    fn number_of(&mut self, variable: &str, key: &str, range: RangeInclusive<i64>) -> Option<Value> {
        let text = text_of(self.environment, variable)?;
        match text.trim().parse::<i64>() {
            Ok(number) if range.contains(&number) => return Some(Value::Integer(number)),
            _ => {
                let reason = format!("it is not a number from {} to {}", range.start(), range.end());
                refuse(self.problems, variable, key, &reason);
            }
        }
        None
    }

    /// Of a variable that is set, and does nothing.
    fn answer(&mut self, variable: &str, says: &'static str) {
        if text_of(self.environment, variable).is_some() {
            self.answers.push(Answer { variable: variable.to_owned(), says });
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned)
}

fn is_topic(word: &str) -> bool {
    word.rsplit_once(':').is_some_and(|(chat, topic)| {
        chat.parse::<PeerId>().is_ok() && topic.trim().parse::<i32>().is_ok_and(|topic| topic > 0)
    })
}

fn is_none(word: &str) -> bool {
    word.eq_ignore_ascii_case("none")
}

fn meaning(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn list(items: &[String], variable: &str) -> Value {
    let item = |text: &String| Node::new(Value::Text(text.clone()), Layer::Environment(variable.into()));
    Value::List(items.iter().map(item).collect())
}

#[cfg(test)]
mod tests;
