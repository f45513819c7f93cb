//! Variables of the tool that backed chats up: which chats it took, and the jobs that it ran, so that its `docker run`
//! line goes on working. They lie beneath the file.

use std::ops::RangeInclusive;

use super::{
    Environment,
    env::{add, refuse, text_of},
    node::{Layer, Node, Value},
    problem::Problems,
    telegram_variables::account_of_number,
};

/// Whoever sets one of these means that tool: its logins alone may belong to others.
const THEIRS: &[&str] = &[
    "BACKUP_PATH",
    "SCHEDULE",
    "CHAT_TYPES",
    "CHAT_IDS",
    "DOWNLOAD_MEDIA",
    "MAX_MEDIA_SIZE_MB",
    "ENABLE_LISTENER",
    "GLOBAL_INCLUDE_CHAT_IDS",
    "GLOBAL_EXCLUDE_CHAT_IDS",
    "SYNC_DELETIONS_EDITS",
    "VERIFY_MEDIA",
    "AVATAR_REFRESH_HOURS",
];

const SCHEDULE: &str = "0 */6 * * *";
const MOST_ACCOUNTS: u32 = 100;

/// The lists of chats: the names of the variables, and the key.
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

/// `file` is what the operator wrote: jobs that are in it are not made a second time.
pub(super) fn defaults(
    environment: &Environment,
    file: Option<&Node>,
    root: &mut Node,
    problems: &mut Problems,
) {
    if !is_theirs(environment) {
        return;
    }
    let mut reading = Reading { environment, root, problems };
    reading.folder();
    reading.chats("", &["capture"]);
    reading.media();
    for number in 1..=MOST_ACCOUNTS {
        let Some(account) = account_of_number(environment, number) else { break };
        reading.chats(&format!("TG_ACCOUNT_{number}_"), &["capture", "accounts", &account]);
    }
    reading.jobs(file);
}

/// Whether this is the environment of that tool.
pub(super) fn is_theirs(environment: &Environment) -> bool {
    let has_login =
        ["TELEGRAM_API_ID", "TG_ACCOUNT_1_API_ID"].iter().any(|name| text_of(environment, name).is_some());
    // An empty list of types means something there.
    has_login && THEIRS.iter().any(|name| environment.get(name).is_some())
}

struct Reading<'a> {
    environment: &'a Environment,
    root: &'a mut Node,
    problems: &'a mut Problems,
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

    /// Set and empty, it means none at all.
    fn types(&mut self, prefix: &str, section: &[&str]) {
        let variable = format!("{prefix}CHAT_TYPES");
        let Some(text) = self.environment.get(&variable).and_then(|text| text.to_str()) else { return };
        if text.trim().is_empty() && !prefix.is_empty() {
            return;
        }
        let key: Vec<&str> = section.iter().copied().chain(["types"]).collect();
        let types: Vec<String> =
            words(text).filter(|word| !is_none(word)).map(|word| word.to_lowercase()).collect();
        let is_known = |word: &String| matches!(word.as_str(), "private" | "bots" | "groups" | "channels");
        if types.iter().all(is_known) {
            self.set(&key, list(&types, &variable), &variable);
        } else {
            let reason = "there are only the types private, bots, groups and channels";
            refuse(self.problems, &variable, &key.join("."), reason);
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
        if self.is_on("PARALLEL_DOWNLOAD_ENABLED") {
            self.set(&of("parts_at_once"), Value::Integer(4), "PARALLEL_DOWNLOAD_ENABLED");
            self.number("PARALLEL_DOWNLOAD_CONNECTIONS", &of("parts_at_once"), 1..=64);
        }
    }

    fn jobs(&mut self, file: Option<&Node>) {
        let made_by =
            THEIRS.iter().find(|name| self.environment.get(name).is_some()).copied().unwrap_or("SCHEDULE");
        let archive = match job_of_kind(file, "archive") {
            Some(name) => name,
            None => {
                let (cron, variable) = match text_of(self.environment, "SCHEDULE") {
                    Some(cron) => (cron, "SCHEDULE"),
                    None => (SCHEDULE.to_owned(), made_by),
                };
                self.make("archive", "archive", made_by);
                self.set(&["jobs", "archive", "cron"], Value::Text(cron), variable);
                self.set(&["jobs", "archive", "at_start"], Value::Boolean(true), made_by);
                self.other_accounts();
                "archive".to_owned()
            }
        };
        if self.is_on("ENABLE_LISTENER") {
            self.listener(file);
        }
        if self.is_on("FILL_GAPS") && job_of_kind(file, "fill").is_none() {
            self.make("fill", "fill", "FILL_GAPS");
            self.after("fill", &archive, "FILL_GAPS");
        }
        self.stats(file);
        self.avatars(file);
        self.resweep(&archive);
        if self.is_on("VERIFY_MEDIA") && job_of_kind(file, "verify").is_none() {
            self.make("verify", "verify", "VERIFY_MEDIA");
            self.after("verify", &archive, "VERIFY_MEDIA");
        }
        if self.is_on("SYNC_DELETIONS_EDITS") && job_of_kind(file, "recheck").is_none() {
            self.make("recheck", "recheck", "SYNC_DELETIONS_EDITS");
            self.after("recheck", &archive, "SYNC_DELETIONS_EDITS");
        }
    }

    /// There, a picture was asked for again when it was so old. Here a new one is noticed; people who say nothing are asked
    /// for so often.
    fn avatars(&mut self, file: Option<&Node>) {
        const VARIABLE: &str = "AVATAR_REFRESH_HOURS";
        let Some(text) = text_of(self.environment, VARIABLE) else { return };
        match text.trim().parse::<u32>() {
            Ok(0) => self.set(&["capture", "media", "avatars"], Value::Text("off".to_owned()), VARIABLE),
            Ok(hours @ ..=100_000) if job_of_kind(file, "avatars").is_none() => {
                self.make("avatars", "avatars", VARIABLE);
                let every = Value::Text(format!("{hours}h"));
                self.set(&["jobs", "avatars", "every"], every, VARIABLE);
                let whose = Value::Text("chats".to_owned());
                self.set(&["jobs", "avatars", "whose"], whose, VARIABLE);
            }
            Ok(..=100_000) => {}
            _ => refuse(self.problems, VARIABLE, "jobs.avatars.every", "it is not a whole number of hours"),
        }
    }

    /// Reactions, polls and counters of the newest messages are asked for again, and nothing is deleted by that.
    fn resweep(&mut self, archive: &str) {
        const DAYS: &str = "REACTION_RESWEEP_DAYS";
        let name = "refresh";
        let Some(text) = text_of(self.environment, DAYS) else { return };
        match text.trim().parse::<u32>() {
            Ok(0) => {}
            Ok(days @ ..=36_500) => {
                self.make(name, "recheck", DAYS);
                self.after(name, archive, DAYS);
                self.set(&["jobs", name, "newer_than"], Value::Text(format!("{days}d")), DAYS);
                self.set(&["jobs", name, "deletions"], Value::Boolean(false), DAYS);
                self.set(&["jobs", name, "most_per_chat"], Value::Integer(500), DAYS);
                let most = ["jobs", name, "most_per_chat"];
                self.number("REACTION_RESWEEP_MAX_PER_CHAT", &most, 1..=100_000);
            }
            _ => refuse(self.problems, DAYS, "jobs.refresh.newer_than", "it is not a whole number of days"),
        }
    }

    /// Counted after each run there, and once a day at an hour of the viewer's zone.
    fn stats(&mut self, file: Option<&Node>) {
        const VARIABLE: &str = "STATS_CALCULATION_HOUR";
        let Some(text) = text_of(self.environment, VARIABLE) else { return };
        if job_of_kind(file, "stats").is_some() {
            return;
        }
        match text.trim().parse::<u8>() {
            Ok(hour @ 0..=23) => {
                self.make("stats", "stats", VARIABLE);
                self.set(&["jobs", "stats", "cron"], Value::Text(format!("0 {hour} * * *")), VARIABLE);
                if let Some(zone) = text_of(self.environment, "VIEWER_TIMEZONE") {
                    self.set(&["jobs", "stats", "timezone"], Value::Text(zone), "VIEWER_TIMEZONE");
                }
            }
            _ => refuse(self.problems, VARIABLE, "jobs.stats.cron", "it is not an hour from 0 to 23"),
        }
    }

    /// The first one is the default; each further one is captured after it.
    fn other_accounts(&mut self) {
        let mut before = "archive".to_owned();
        for number in 2..=MOST_ACCOUNTS {
            let Some(account) = account_of_number(self.environment, number) else { return };
            let variable = format!("TG_ACCOUNT_{number}_API_ID");
            let name = format!("archive-{account}");
            self.make(&name, "archive", &variable);
            self.set(&["jobs", &name, "account"], Value::Text(account), &variable);
            self.after(&name, &before, &variable);
            before = name;
        }
    }

    fn listener(&mut self, file: Option<&Node>) {
        const MADE_BY: &str = "ENABLE_LISTENER";
        let name = job_of_kind(file, "listen").unwrap_or_else(|| {
            self.make("listen", "listen", MADE_BY);
            self.set(&["jobs", "listen", "at_start"], Value::Boolean(true), MADE_BY);
            "listen".to_owned()
        });
        for (variable, key) in [
            ("LISTEN_NEW_MESSAGES", "new_messages"),
            ("LISTEN_NEW_MESSAGES_MEDIA", "media"),
            ("LISTEN_EDITS", "edits"),
            ("LISTEN_DELETIONS", "deletions"),
            ("LISTEN_CHAT_ACTIONS", "chat_actions"),
            ("LISTEN_REACTIONS", "reactions"),
        ] {
            self.yes_or_no(variable, &["jobs", &name, key]);
        }
        self.number("MASS_OPERATION_THRESHOLD", &["jobs", &name, "guard", "threshold"], 1..=1_000_000);
        self.seconds("MASS_OPERATION_WINDOW_SECONDS", &["jobs", &name, "guard", "window"]);
    }

    fn seconds(&mut self, variable: &str, key: &[&str]) {
        let Some(text) = text_of(self.environment, variable) else { return };
        match text.trim().parse::<u32>() {
            Ok(seconds @ 1..) => self.set(key, Value::Text(format!("{seconds}s")), variable),
            _ => refuse(self.problems, variable, &key.join("."), "it is not a number of seconds from 1 on"),
        }
    }

    fn make(&mut self, name: &str, kind: &str, variable: &str) {
        self.set(&["jobs", name, "kind"], Value::Text(kind.to_owned()), variable);
    }

    fn after(&mut self, name: &str, before: &str, variable: &str) {
        self.set(&["jobs", name, "after"], list(&[before.to_owned()], variable), variable);
    }

    fn is_on(&self, variable: &str) -> bool {
        text_of(self.environment, variable).and_then(|text| meaning(&text)) == Some(true)
    }

    fn yes_or_no(&mut self, variable: &str, key: &[&str]) {
        let Some(text) = text_of(self.environment, variable) else { return };
        match meaning(&text) {
            Some(is_so) => self.set(key, Value::Boolean(is_so), variable),
            None => refuse(self.problems, variable, &key.join("."), "it is neither true nor false"),
        }
    }

    fn number(&mut self, variable: &str, key: &[&str], range: RangeInclusive<i64>) {
        let Some(text) = text_of(self.environment, variable) else { return };
        match text.trim().parse::<i64>() {
            Ok(number) if range.contains(&number) => self.set(key, Value::Integer(number), variable),
            _ => refuse(
                self.problems,
                variable,
                &key.join("."),
                &format!("it is not a number from {} to {}", range.start(), range.end()),
            ),
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned)
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

/// The name of the first job of a kind.
fn job_of_kind(file: Option<&Node>, kind: &str) -> Option<String> {
    let jobs = file?.get("jobs")?.as_table()?;
    let job = jobs.iter().find(|(_, job)| job.get("kind").and_then(Node::as_text) == Some(kind));
    job.map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;

    use crate::config::{
        Loaded, Source,
        tests::{World, vocabulary},
    };

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Account {
        account: Option<String>,
    }

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Listener {
        new_messages: Option<bool>,
        media: Option<bool>,
        chat_actions: Option<bool>,
        reactions: Option<bool>,
        edits: Option<bool>,
        deletions: Option<bool>,
        guard: Option<Guard>,
    }

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields, inline)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Guard {
        threshold: Option<u32>,
        window: Option<String>,
    }

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Recheck {
        newer_than: Option<String>,
        most_per_chat: Option<u32>,
        deletions: Option<bool>,
    }

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Pictures {
        whose: Option<String>,
    }

    fn load(world: &World) -> Loaded {
        let mut vocabulary = vocabulary();
        vocabulary.kinds.push(("recheck", schemars::schema_for!(Recheck)));
        vocabulary.kinds.push(("avatars", schemars::schema_for!(Pictures)));
        for kind in ["archive", "fill", "stats", "verify"] {
            vocabulary.kinds.push((kind, schemars::schema_for!(Account)));
        }
        vocabulary.kinds.push(("listen", schemars::schema_for!(Listener)));
        world.load_with(&vocabulary)
    }

    fn old_tool(text: &str) -> World {
        World::with(text)
            .variable("TELEGRAM_API_ID", "12345")
            .variable("TELEGRAM_API_HASH", "0123456789abcdef0123456789abcdef")
    }

    fn values(world: &World) -> Vec<String> {
        let loaded = load(world);
        let ours = loaded
            .values
            .iter()
            .filter(|value| value.key.starts_with("jobs.") || value.key.starts_with("capture."));
        let set = ours.filter(|value| value.source != Source::Default);
        set.map(|value| format!("{} = {} from {}", value.key, value.value, value.source)).collect()
    }

    fn problems(world: &World) -> String {
        load(world).problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_line_of_the_old_tool_makes_its_jobs() {
        let world = old_tool("")
            .variable("SCHEDULE", "0 3 * * *")
            .variable("CHAT_TYPES", "private,channels")
            .variable("INCLUDE_CHAT_IDS", "-1001, 777000")
            .variable("GROUPS_EXCLUDE_CHAT_IDS", "-5")
            .variable("GROUPS_INCLUDE_FOLDER_IDS", "3")
            .variable("PRIORITY_CHAT_IDS", "777000")
            .variable("MAX_MEDIA_SIZE_MB", "0")
            .variable("DELETION_MODE", "hard")
            .variable("ENABLE_LISTENER", "true")
            .variable("LISTEN_DELETIONS", "false")
            .variable("MASS_OPERATION_THRESHOLD", "20")
            .variable("MASS_OPERATION_WINDOW_SECONDS", "60")
            .variable("SYNC_DELETIONS_EDITS", "true");
        assert_eq!(problems(&world), "");
        insta::assert_snapshot!(values(&world).join("\n"), @r#"
        capture.deletions = "hard" from variable DELETION_MODE
        capture.groups.exclude = ["-5"] from variable GROUPS_EXCLUDE_CHAT_IDS
        capture.groups.include = ["folder:3"] from variable GROUPS_INCLUDE_FOLDER_IDS
        capture.include = ["-1001","777000"] from variable INCLUDE_CHAT_IDS
        capture.media.max_size = "0B" from variable MAX_MEDIA_SIZE_MB
        capture.priority = ["777000"] from variable PRIORITY_CHAT_IDS
        capture.types = ["private","channels"] from variable CHAT_TYPES
        jobs.archive.at_start = true from variable SCHEDULE
        jobs.archive.cron = "0 3 * * *" from variable SCHEDULE
        jobs.archive.kind = "archive" from variable SCHEDULE
        jobs.listen.at_start = true from variable ENABLE_LISTENER
        jobs.listen.deletions = false from variable LISTEN_DELETIONS
        jobs.listen.guard.threshold = 20 from variable MASS_OPERATION_THRESHOLD
        jobs.listen.guard.window = "60s" from variable MASS_OPERATION_WINDOW_SECONDS
        jobs.listen.kind = "listen" from variable ENABLE_LISTENER
        jobs.recheck.after = ["archive"] from variable SYNC_DELETIONS_EDITS
        jobs.recheck.kind = "recheck" from variable SYNC_DELETIONS_EDITS
        "#);
    }

    #[test]
    fn a_login_alone_makes_no_job() {
        assert!(values(&old_tool("")).is_empty());
        assert!(values(&World::with("").variable("SCHEDULE", "0 3 * * *")).is_empty());
    }

    #[test]
    fn no_types_at_all_is_said_by_an_empty_text() {
        let world = old_tool("").variable("CHAT_TYPES", "");
        assert!(
            values(&world).iter().any(|line| line.starts_with("capture.types = [] from")),
            "{:?}",
            values(&world)
        );
    }

    #[test]
    fn accounts_have_rules_and_jobs_of_their_own() {
        let world = old_tool("")
            .variable("BACKUP_PATH", "/data")
            .variable("TG_ACCOUNT_1_LABEL", "Home")
            .variable("TG_ACCOUNT_1_API_ID", "1")
            .variable("TG_ACCOUNT_1_API_HASH", "0123456789abcdef0123456789abcdef")
            .variable("TG_ACCOUNT_2_LABEL", "Work")
            .variable("TG_ACCOUNT_2_API_ID", "2")
            .variable("TG_ACCOUNT_2_API_HASH", "0123456789abcdef0123456789abcdef")
            .variable("TG_ACCOUNT_2_CHAT_TYPES", "groups")
            .variable("TG_ACCOUNT_2_GLOBAL_EXCLUDE_CHAT_IDS", "none");
        let values = values(&world).join("\n");
        for line in [
            "capture.accounts.work.types = [\"groups\"]",
            "capture.accounts.work.exclude = []",
            "jobs.archive-work.account = \"work\"",
            "jobs.archive-work.after = [\"archive\"]",
        ] {
            assert!(values.contains(line), "{line}: {values}");
        }
    }

    #[test]
    fn jobs_of_the_file_are_not_made_again() {
        let text = "[jobs.mine]\nkind = \"archive\"\n[jobs.ears]\nkind = \"listen\"\n";
        let world = old_tool(text).variable("ENABLE_LISTENER", "true").variable("LISTEN_EDITS", "false");
        let values = values(&world).join("\n");
        assert!(values.contains("jobs.ears.edits = false"), "{values}");
        assert!(!values.contains("jobs.archive") && !values.contains("jobs.listen"), "{values}");
    }

    #[test]
    fn senseless_variables_say_so() {
        let world = old_tool("")
            .variable("CHAT_TYPES", "private,stories")
            .variable("MAX_MEDIA_SIZE_MB", "much")
            .variable("DELETION_MODE", "maybe")
            .variable("ENABLE_LISTENER", "true")
            .variable("MASS_OPERATION_WINDOW_SECONDS", "0");
        let problems = problems(&world);
        for variable in ["CHAT_TYPES", "MAX_MEDIA_SIZE_MB", "DELETION_MODE", "MASS_OPERATION_WINDOW_SECONDS"]
        {
            assert!(problems.contains(&format!("{variable}: warning: ")), "{variable}: {problems}");
        }
    }

    /// Every variable that the reference names, with a value that means something.
    const ALL: &[(&str, &str)] = &[
        ("TELEGRAM_API_ID", "12345"),
        ("TELEGRAM_API_HASH", "0123456789abcdef0123456789abcdef"),
        ("TELEGRAM_PHONE", "+34600123456"),
        ("SCHEDULE", "0 3 * * *"),
        ("BACKUP_PATH", "/data/backups"),
        ("DATABASE_DIR", "/data/backups"),
        ("DOWNLOAD_MEDIA", "true"),
        ("MAX_MEDIA_SIZE_MB", "50"),
        ("CHAT_TYPES", "private,groups"),
        ("LOG_LEVEL", "WARN"),
        ("BATCH_SIZE", "100"),
        ("DATABASE_TIMEOUT", "60.0"),
        ("SESSION_NAME", "telegram_backup"),
        ("AVATAR_REFRESH_HOURS", "24"),
        ("VIEWER_USERNAME", "ada"),
        ("VIEWER_PASSWORD", "correct horse battery"),
        ("AUTH_SESSION_DAYS", "30"),
        ("DISPLAY_CHAT_IDS", "-5"),
        ("VIEWER_TIMEZONE", "Europe/Madrid"),
        ("SHOW_STATS", "true"),
        ("ENABLE_LISTENER", "true"),
        ("LISTEN_EDITS", "true"),
        ("LISTEN_DELETIONS", "false"),
        ("LISTEN_NEW_MESSAGES", "true"),
        ("LISTEN_NEW_MESSAGES_MEDIA", "true"),
        ("LISTEN_CHAT_ACTIONS", "true"),
        ("LISTEN_ALBUMS", "true"),
        ("LISTEN_REACTIONS", "true"),
        ("PRIORITY_CHAT_IDS", "-5"),
        ("MASS_OPERATION_THRESHOLD", "20"),
        ("MASS_OPERATION_WINDOW_SECONDS", "60"),
        ("MASS_OPERATION_BUFFER_DELAY", "2"),
        ("PUSH_NOTIFICATIONS", "basic"),
        ("VAPID_PRIVATE_KEY", "k"),
        ("VAPID_PUBLIC_KEY", "k"),
        ("VAPID_CONTACT", "mailto:ada@example.org"),
        ("DEDUPLICATE_MEDIA", "true"),
        ("SYNC_DELETIONS_EDITS", "true"),
        ("VERIFY_MEDIA", "true"),
        ("STATS_CALCULATION_HOUR", "3"),
        ("GLOBAL_INCLUDE_CHAT_IDS", "-5"),
        ("GLOBAL_EXCLUDE_CHAT_IDS", "-6"),
        ("PRIVATE_INCLUDE_CHAT_IDS", "5"),
        ("PRIVATE_EXCLUDE_CHAT_IDS", "6"),
        ("GROUPS_INCLUDE_CHAT_IDS", "-5"),
        ("GROUPS_EXCLUDE_CHAT_IDS", "-6"),
        ("CHANNELS_INCLUDE_CHAT_IDS", "-5"),
        ("CHANNELS_EXCLUDE_CHAT_IDS", "-6"),
        ("INCLUDE_CHAT_IDS", "-5"),
        ("EXCLUDE_CHAT_IDS", "-6"),
        ("GLOBAL_INCLUDE_FOLDER_IDS", "3"),
        ("PRIVATE_INCLUDE_FOLDER_IDS", "3"),
        ("GROUPS_INCLUDE_FOLDER_IDS", "3"),
        ("CHANNELS_INCLUDE_FOLDER_IDS", "3"),
        ("DATABASE_URL", "postgres://host/old"),
        ("DATABASE_PATH", "/data/old.db"),
        ("DB_PATH", "/data/old.db"),
        ("DB_TYPE", "sqlite"),
        ("POSTGRES_HOST", "localhost"),
        ("POSTGRES_PORT", "5432"),
        ("POSTGRES_USER", "telegram"),
        ("POSTGRES_PASSWORD", "p"),
        ("POSTGRES_DB", "telegram_backup"),
        ("CHAT_IDS", "-5"),
        ("WHITELIST_RESOLVE_DIALOG_LIMIT", "1000"),
        ("TG_ACCOUNT_1_API_ID", "1"),
        ("TG_ACCOUNT_1_API_HASH", "0123456789abcdef0123456789abcdef"),
        ("TG_ACCOUNT_1_PHONE_NUMBER", "+34600123456"),
        ("TG_ACCOUNT_1_LABEL", "Home"),
        ("TG_ACCOUNT_1_SESSION_NAME", "home"),
        ("TG_ACCOUNT_1_CHAT_TYPES", "groups"),
        ("TELEGRAM_PROXY_TYPE", "socks5"),
        ("TELEGRAM_PROXY_ADDR", "proxy.example.com"),
        ("TELEGRAM_PROXY_PORT", "1080"),
        ("TELEGRAM_PROXY_USERNAME", "me"),
        ("TELEGRAM_PROXY_PASSWORD", "p"),
        ("TELEGRAM_PROXY_RDNS", "true"),
        ("SESSION_DIR", "/data/session"),
        ("CHECKPOINT_INTERVAL", "1"),
        ("FILL_GAPS", "true"),
        ("GAP_THRESHOLD", "50"),
        ("SKIP_MEDIA_CHAT_IDS", "-5"),
        ("SKIP_MEDIA_DELETE_EXISTING", "true"),
        ("SKIP_TOPIC_IDS", "-5:1"),
        ("FOLLOW_CHAT_MIGRATIONS", "true"),
        ("DELETION_MODE", "hard"),
        ("REACTION_DEBOUNCE_SECONDS", "1.5"),
        ("REACTION_RESWEEP_DAYS", "7"),
        ("REACTION_RESWEEP_MAX_PER_CHAT", "200"),
        ("REACTION_RESWEEP_BATCH_DELAY_SECONDS", "2"),
        ("MEDIA_MAX_FILENAME_BYTES", "120"),
        ("MEDIA_MAX_DOWNLOAD_ATTEMPTS", "3"),
        ("DOWNLOAD_TIMEOUT_SECONDS", "600"),
        ("MEDIA_REFRESH_MAX_ATTEMPTS", "3"),
        ("MEDIA_REFRESH_TIMEOUT_SECONDS", "120"),
        ("MAX_FLOOD_RETRIES", "5"),
        ("MAX_FLOOD_WAIT_SECONDS", "3600"),
        ("BACKOFF_MIN_SECONDS", "2"),
        ("BACKOFF_MAX_SECONDS", "300"),
        ("FLOOD_WAIT_LOG_THRESHOLD", "10"),
        ("MEDIA_FLOOD_SLEEP_THRESHOLD", "60"),
        ("DIALOG_FLOOD_SLEEP_THRESHOLD", "60"),
        ("PARALLEL_DOWNLOAD_ENABLED", "true"),
        ("PARALLEL_DOWNLOAD_MIN_SIZE_MB", "20"),
        ("PARALLEL_DOWNLOAD_CONNECTIONS", "6"),
        ("PARALLEL_DOWNLOAD_PART_SIZE_KB", "512"),
        ("EVENT_WEBHOOK_ENABLED", "true"),
        ("EVENT_WEBHOOK_URL", "https://example.org"),
        ("EVENT_WEBHOOK_METHOD", "POST"),
        ("EVENT_WEBHOOK_HEADERS", "{}"),
        ("EVENT_WEBHOOK_EVENTS", "edit"),
        ("EVENT_WEBHOOK_CHAT_IDS", "-5"),
        ("EVENT_WEBHOOK_BODY_TEMPLATE", "{}"),
        ("ALLOW_ANONYMOUS_VIEWER", "true"),
        ("AUTH_PROXY_HEADER", "X-User"),
        ("AUTH_PROXY_ADMIN_USERS", "ada"),
        ("AUTH_PROXY_DEFAULT_ACCESS", "none"),
        ("TRUST_PROXY_HEADERS", "true"),
        ("CORS_ORIGINS", "*"),
        ("SECURE_COOKIES", "true"),
        ("MAX_WS_CONNECTIONS", "200"),
        ("MAX_WS_SUBSCRIPTIONS_PER_CONNECTION", "16"),
        ("INTERNAL_PUSH_SECRET", "s"),
        ("VIEWER_HOST", "localhost"),
        ("VIEWER_PORT", "8080"),
        ("THUMBNAIL_CACHE_DIR", "/data/thumbs"),
        ("DB_ECHO", "true"),
        ("HEARTBEAT_FILE", "/tmp/beat"),
        ("ENABLE_NOTIFICATIONS", "true"),
    ];

    /// What only counts with others: what has to be set besides, and whose name the value carries.
    const TOGETHER: &[(&str, &[&str], &str)] = &[
        ("TELEGRAM_PROXY_TYPE", &["TELEGRAM_PROXY_ADDR", "TELEGRAM_PROXY_PORT"], "TELEGRAM_PROXY_ADDR"),
        ("TELEGRAM_PROXY_ADDR", &["TELEGRAM_PROXY_PORT"], "TELEGRAM_PROXY_ADDR"),
        ("TELEGRAM_PROXY_PORT", &["TELEGRAM_PROXY_ADDR"], "TELEGRAM_PROXY_ADDR"),
        ("TELEGRAM_PROXY_USERNAME", &["TELEGRAM_PROXY_ADDR", "TELEGRAM_PROXY_PORT"], "TELEGRAM_PROXY_ADDR"),
        ("TELEGRAM_PROXY_PASSWORD", &["TELEGRAM_PROXY_ADDR", "TELEGRAM_PROXY_PORT"], "TELEGRAM_PROXY_ADDR"),
        ("VIEWER_USERNAME", &["VIEWER_PASSWORD"], "VIEWER_USERNAME"),
        ("VIEWER_PASSWORD", &["VIEWER_USERNAME"], "VIEWER_PASSWORD"),
        ("PARALLEL_DOWNLOAD_CONNECTIONS", &["PARALLEL_DOWNLOAD_ENABLED"], "PARALLEL_DOWNLOAD_CONNECTIONS"),
        ("REACTION_RESWEEP_MAX_PER_CHAT", &["REACTION_RESWEEP_DAYS"], "REACTION_RESWEEP_MAX_PER_CHAT"),
        ("MASS_OPERATION_THRESHOLD", &["ENABLE_LISTENER"], "MASS_OPERATION_THRESHOLD"),
        ("MASS_OPERATION_WINDOW_SECONDS", &["ENABLE_LISTENER"], "MASS_OPERATION_WINDOW_SECONDS"),
    ];

    #[test]
    fn every_variable_is_honoured_or_answered() {
        let value = |name: &str| ALL.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
        for (name, text) in ALL {
            let mut world = World::with("").variable("BACKUP_PATH", "/data");
            let mut set = vec!["TELEGRAM_API_ID", "TELEGRAM_API_HASH"];
            let together = TOGETHER.iter().find(|(known, ..)| known == name);
            set.extend(together.iter().flat_map(|(_, others, _)| others.iter()));
            if name.starts_with("LISTEN_") {
                set.push("ENABLE_LISTENER");
            }
            if name.starts_with("TG_ACCOUNT_") {
                set.extend(["TG_ACCOUNT_1_API_ID", "TG_ACCOUNT_1_API_HASH"]);
            }
            for other in set {
                world = world.variable(other, value(other));
            }
            let loaded = load(&world.variable(name, text));
            let as_told = format!("variable {}", together.map_or(*name, |(.., told)| told));
            let is_honoured = loaded.values.iter().any(|value| value.source.to_string() == as_told);
            let is_answered = loaded.answers.iter().any(|answer| answer.variable == *name);
            assert!(is_honoured || is_answered, "{name} is neither honoured nor answered");
            let complaints: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
            assert!(!complaints.iter().any(|it| it.contains("not used")), "{name}: {complaints:?}");
        }
    }

    #[test]
    fn others_variables_are_nobodys_business() {
        let world = World::with("").variable("POSTGRES_HOST", "db").variable("DATABASE_URL", "x");
        assert!(load(&world).answers.is_empty());
    }
}
