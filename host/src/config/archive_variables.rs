//! Variables of the tool that backed chats up: which chats it took, and the jobs that it ran, so that its `docker run`
//! line goes on working. They lie beneath the file.

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
    let has_login =
        ["TELEGRAM_API_ID", "TG_ACCOUNT_1_API_ID"].iter().any(|name| text_of(environment, name).is_some());
    // An empty list of types means something there.
    let is_theirs = THEIRS.iter().any(|name| environment.get(name).is_some());
    if !has_login || !is_theirs {
        return;
    }
    let mut reading = Reading { environment, root, problems };
    reading.chats("", &["capture"]);
    reading.media();
    for number in 1..=MOST_ACCOUNTS {
        let Some(account) = account_of_number(environment, number) else { break };
        reading.chats(&format!("TG_ACCOUNT_{number}_"), &["capture", "accounts", &account]);
    }
    reading.jobs(file);
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
        self.number("MEDIA_MAX_DOWNLOAD_ATTEMPTS", &["capture", "media", "attempts"], 1_000);
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
        if self.is_on("SYNC_DELETIONS_EDITS") && job_of_kind(file, "recheck").is_none() {
            self.make("recheck", "recheck", "SYNC_DELETIONS_EDITS");
            self.after("recheck", &archive, "SYNC_DELETIONS_EDITS");
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
            ("LISTEN_EDITS", "edits"),
            ("LISTEN_DELETIONS", "deletions"),
            ("LISTEN_CHAT_ACTIONS", "chat_actions"),
            ("LISTEN_REACTIONS", "reactions"),
        ] {
            self.yes_or_no(variable, &["jobs", &name, key]);
        }
        self.number("MASS_OPERATION_THRESHOLD", &["jobs", &name, "guard", "threshold"], 1_000_000);
        const WINDOW: &str = "MASS_OPERATION_WINDOW_SECONDS";
        let key = ["jobs", &name, "guard", "window"];
        if let Some(text) = text_of(self.environment, WINDOW) {
            match text.trim().parse::<u32>() {
                Ok(seconds @ 1..) => self.set(&key, Value::Text(format!("{seconds}s")), WINDOW),
                _ => refuse(self.problems, WINDOW, &key.join("."), "it is not a number of seconds from 1 on"),
            }
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

    fn number(&mut self, variable: &str, key: &[&str], most: i64) {
        let Some(text) = text_of(self.environment, variable) else { return };
        match text.trim().parse::<i64>() {
            Ok(number) if (1..=most).contains(&number) => self.set(key, Value::Integer(number), variable),
            _ => refuse(
                self.problems,
                variable,
                &key.join("."),
                &format!("it is not a number from 1 to {most}"),
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

    fn load(world: &World) -> Loaded {
        let mut vocabulary = vocabulary();
        for kind in ["archive", "fill", "recheck", "stats"] {
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
}
