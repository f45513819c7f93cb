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
    account: Option<String>,
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
    account: Option<String>,
    newer_than: Option<String>,
    most_per_chat: Option<u32>,
    deletions: Option<bool>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Pictures {
    account: Option<String>,
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
    jobs.archive.on = ["telegram-login"] from variable SCHEDULE
    jobs.listen.at_start = true from variable ENABLE_LISTENER
    jobs.listen.deletions = false from variable LISTEN_DELETIONS
    jobs.listen.guard.threshold = 20 from variable MASS_OPERATION_THRESHOLD
    jobs.listen.guard.window = "60s" from variable MASS_OPERATION_WINDOW_SECONDS
    jobs.listen.kind = "listen" from variable ENABLE_LISTENER
    jobs.listen.on = ["telegram-login"] from variable ENABLE_LISTENER
    jobs.listen.retry.first_delay = "5s" from variable ENABLE_LISTENER
    jobs.listen.retry.times = 100 from variable ENABLE_LISTENER
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

fn two_accounts(text: &str) -> World {
    old_tool(text)
        .variable("BACKUP_PATH", "/data")
        .variable("TG_ACCOUNT_1_LABEL", "Home")
        .variable("TG_ACCOUNT_1_API_ID", "1")
        .variable("TG_ACCOUNT_1_API_HASH", "0123456789abcdef0123456789abcdef")
        .variable("TG_ACCOUNT_2_LABEL", "Work")
        .variable("TG_ACCOUNT_2_API_ID", "2")
        .variable("TG_ACCOUNT_2_API_HASH", "0123456789abcdef0123456789abcdef")
}

#[test]
fn accounts_have_rules_and_jobs_of_their_own() {
    let world = two_accounts("")
        .variable("TG_ACCOUNT_2_CHAT_TYPES", "groups")
        .variable("TG_ACCOUNT_2_GLOBAL_EXCLUDE_CHAT_IDS", "none")
        .variable("ENABLE_LISTENER", "true")
        .variable("LISTEN_EDITS", "false")
        .variable("MASS_OPERATION_THRESHOLD", "20")
        .variable("FILL_GAPS", "true")
        .variable("VERIFY_MEDIA", "true")
        .variable("SYNC_DELETIONS_EDITS", "true")
        .variable("AVATAR_REFRESH_HOURS", "24")
        .variable("REACTION_RESWEEP_DAYS", "7")
        .variable("STATS_CALCULATION_HOUR", "3");
    assert_eq!(problems(&world), "");
    let values = values(&world);
    let work: Vec<&str> = values.iter().filter(|line| line.contains("work")).map(String::as_str).collect();
    insta::assert_snapshot!(work.join("\n"), @r#"
    capture.accounts.work.exclude = [] from variable TG_ACCOUNT_2_GLOBAL_EXCLUDE_CHAT_IDS
    capture.accounts.work.types = ["groups"] from variable TG_ACCOUNT_2_CHAT_TYPES
    jobs.archive-work.account = "work" from variable TG_ACCOUNT_2_API_ID
    jobs.archive-work.after = ["archive"] from variable TG_ACCOUNT_2_API_ID
    jobs.archive-work.kind = "archive" from variable TG_ACCOUNT_2_API_ID
    jobs.avatars-work.account = "work" from variable AVATAR_REFRESH_HOURS
    jobs.avatars-work.every = "24h" from variable AVATAR_REFRESH_HOURS
    jobs.avatars-work.kind = "avatars" from variable AVATAR_REFRESH_HOURS
    jobs.avatars-work.whose = "chats" from variable AVATAR_REFRESH_HOURS
    jobs.fill-work.account = "work" from variable FILL_GAPS
    jobs.fill-work.after = ["archive-work"] from variable FILL_GAPS
    jobs.fill-work.kind = "fill" from variable FILL_GAPS
    jobs.listen-work.account = "work" from variable ENABLE_LISTENER
    jobs.listen-work.at_start = true from variable ENABLE_LISTENER
    jobs.listen-work.edits = false from variable LISTEN_EDITS
    jobs.listen-work.guard.threshold = 20 from variable MASS_OPERATION_THRESHOLD
    jobs.listen-work.kind = "listen" from variable ENABLE_LISTENER
    jobs.listen-work.on = ["telegram-login"] from variable ENABLE_LISTENER
    jobs.listen-work.retry.first_delay = "5s" from variable ENABLE_LISTENER
    jobs.listen-work.retry.times = 100 from variable ENABLE_LISTENER
    jobs.recheck-work.account = "work" from variable SYNC_DELETIONS_EDITS
    jobs.recheck-work.after = ["archive-work"] from variable SYNC_DELETIONS_EDITS
    jobs.recheck-work.kind = "recheck" from variable SYNC_DELETIONS_EDITS
    jobs.refresh-work.account = "work" from variable REACTION_RESWEEP_DAYS
    jobs.refresh-work.after = ["archive-work"] from variable REACTION_RESWEEP_DAYS
    jobs.refresh-work.deletions = false from variable REACTION_RESWEEP_DAYS
    jobs.refresh-work.kind = "recheck" from variable REACTION_RESWEEP_DAYS
    jobs.refresh-work.most_per_chat = 500 from variable REACTION_RESWEEP_DAYS
    jobs.refresh-work.newer_than = "7d" from variable REACTION_RESWEEP_DAYS
    jobs.verify-work.account = "work" from variable VERIFY_MEDIA
    jobs.verify-work.after = ["archive-work"] from variable VERIFY_MEDIA
    jobs.verify-work.kind = "verify" from variable VERIFY_MEDIA
    "#);
    let first = values.join("\n");
    for line in
        ["jobs.listen.edits = false", "jobs.fill.after = [\"archive\"]", "jobs.stats.cron = \"0 3 * * *\""]
    {
        assert!(first.contains(line), "{line}: {first}");
    }
}

#[test]
fn jobs_of_the_file_stand_for_their_account_alone() {
    let text = "[jobs.archive]\nkind = \"archive\"\naccount = \"work\"\n";
    let world = two_accounts(text).variable("FILL_GAPS", "true");
    assert_eq!(problems(&world), "");
    let values = values(&world).join("\n");
    for line in [
        "jobs.archive-telegram.kind = \"archive\"",
        "jobs.fill.after = [\"archive-telegram\"]",
        "jobs.fill-work.after = [\"archive\"]",
    ] {
        assert!(values.contains(line), "{line}: {values}");
    }
    assert!(!values.contains("jobs.archive-work") && !values.contains("jobs.archive.after"), "{values}");
}

#[test]
fn jobs_that_only_have_the_name_are_left_alone() {
    let names = ["archive", "listen", "stats", "verify", "fill", "recheck", "avatars", "refresh"];
    let jobs = names.map(|name| format!("[jobs.{name}]\nkind = \"call\"\nurl = \"https://example.org\"\n"));
    let world = old_tool(&jobs.concat())
        .variable("ENABLE_LISTENER", "true")
        .variable("LISTEN_EDITS", "false")
        .variable("STATS_CALCULATION_HOUR", "3")
        .variable("VERIFY_MEDIA", "true")
        .variable("FILL_GAPS", "true")
        .variable("SYNC_DELETIONS_EDITS", "true")
        .variable("AVATAR_REFRESH_HOURS", "24")
        .variable("REACTION_RESWEEP_DAYS", "7");
    assert_eq!(problems(&world), "");
    let values = values(&world);
    for name in names {
        let own = format!("jobs.{name}.");
        let mixed: Vec<_> =
            values.iter().filter(|line| line.starts_with(&own) && line.contains("variable")).collect();
        assert!(mixed.is_empty(), "{mixed:?}");
        let made = format!("jobs.{name}-telegram.kind = ");
        assert!(values.iter().any(|line| line.starts_with(&made)), "{made}: {values:?}");
    }
    assert!(values.iter().any(|line| line.starts_with("jobs.fill-telegram.after = [\"archive-telegram\"]")));
}

#[test]
fn filters_of_an_account_are_inherited_one_by_one() {
    let world = two_accounts("")
        .variable("PRIVATE_EXCLUDE_CHAT_IDS", "6")
        .variable("TG_ACCOUNT_2_PRIVATE_INCLUDE_CHAT_IDS", "5")
        .variable("DOWNLOAD_MEDIA", "false")
        .variable("TG_ACCOUNT_2_SKIP_MEDIA_CHAT_IDS", "-5");
    let work = load(&world).config.unwrap().capture.of(&"work".parse().unwrap());
    assert_eq!((work.private.include, work.private.exclude), (vec!["5".to_owned()], vec!["6".to_owned()]));
    assert!(!work.media.fetch);
    assert_eq!(work.media.skip_chats, ["-5"]);
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
        .variable("MAX_MEDIA_SIZE_MB", "much")
        .variable("DELETION_MODE", "maybe")
        .variable("ENABLE_LISTENER", "true")
        .variable("MASS_OPERATION_WINDOW_SECONDS", "0")
        .variable("REACTION_RESWEEP_DAYS", "a week");
    let problems = problems(&world);
    for variable in
        ["MAX_MEDIA_SIZE_MB", "DELETION_MODE", "MASS_OPERATION_WINDOW_SECONDS", "REACTION_RESWEEP_DAYS"]
    {
        assert!(problems.contains(&format!("{variable}: warning: ")), "{variable}: {problems}");
    }
}

#[test]
fn misspelt_switches_say_so_once() {
    for variable in
        ["ENABLE_LISTENER", "FILL_GAPS", "VERIFY_MEDIA", "SYNC_DELETIONS_EDITS", "PARALLEL_DOWNLOAD_ENABLED"]
    {
        let problems = problems(&two_accounts("").variable(variable, "ture"));
        let said = format!("{variable}: warning: ");
        assert_eq!(problems.matches(&said).count(), 1, "{variable}: {problems}");
        assert!(problems.contains("it is neither true nor false"), "{problems}");
    }
}

#[test]
fn variables_without_what_they_need_are_answered() {
    for (name, value) in [
        ("LISTEN_EDITS", "true"),
        ("LISTEN_NEW_MESSAGES_MEDIA", "true"),
        ("MASS_OPERATION_THRESHOLD", "20"),
        ("MASS_OPERATION_WINDOW_SECONDS", "60"),
        ("REACTION_RESWEEP_MAX_PER_CHAT", "200"),
        ("PARALLEL_DOWNLOAD_CONNECTIONS", "6"),
    ] {
        let answers = load(&old_tool("").variable(name, value)).answers;
        let told: Vec<_> = answers.iter().map(|answer| answer.variable.as_str()).collect();
        assert_eq!(told, [name]);
        assert!(
            answers[0].says.contains(" is not on") || answers[0].says.contains("says no days"),
            "{}",
            answers[0].says
        );
    }
    let listens = old_tool("").variable("ENABLE_LISTENER", "true").variable("LISTEN_EDITS", "true");
    assert!(load(&listens).answers.is_empty());
    let text = "[jobs.mine]\nkind = \"archive\"\n[jobs.holes]\nkind = \"fill\"\n";
    let met = old_tool(text).variable("SCHEDULE", "0 3 * * *").variable("FILL_GAPS", "true");
    let told: Vec<_> = load(&met).answers.into_iter().map(|answer| answer.variable).collect();
    assert_eq!(told, ["FILL_GAPS", "SCHEDULE"]);
}

#[test]
fn downloads_that_are_not_parallel_come_part_by_part() {
    let parts = |is_parallel: &str| {
        let world = old_tool("").variable("PARALLEL_DOWNLOAD_ENABLED", is_parallel);
        load(&world).config.unwrap().capture.media.parts_at_once
    };
    assert_eq!((parts("false"), parts("true"), parts("")), (1, 4, 16));
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
    ("TG_ACCOUNT_1_DELETION_MODE", "hard"),
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

/// Names that other programs have too: they count once one that only that tool had is set.
const SHARED: &[&str] = &[
    "TELEGRAM_",
    "DATABASE_",
    "DB_",
    "POSTGRES_",
    "SESSION_",
    "VIEWER_",
    "VAPID_",
    "EVENT_WEBHOOK_",
    "AUTH_",
    "BACKOFF_",
    "MAX_FLOOD_",
    "MAX_WS_",
    "LOG_LEVEL",
    "BATCH_SIZE",
    "DOWNLOAD_TIMEOUT_SECONDS",
    "FLOOD_WAIT_LOG_THRESHOLD",
    "SHOW_STATS",
    "PUSH_NOTIFICATIONS",
    "ENABLE_NOTIFICATIONS",
    "ALLOW_ANONYMOUS_VIEWER",
    "TRUST_PROXY_HEADERS",
    "CORS_ORIGINS",
    "SECURE_COOKIES",
    "INTERNAL_PUSH_SECRET",
    "THUMBNAIL_CACHE_DIR",
    "HEARTBEAT_FILE",
];

#[test]
fn every_variable_is_honoured_or_answered() {
    let value = |name: &str| ALL.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
    for (name, text) in ALL {
        let mut world = World::with("");
        if SHARED.iter().any(|shared| name.starts_with(shared)) {
            world = world.variable("BACKUP_PATH", "/data");
        }
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
    for (name, value) in
        [("LISTEN_PID", "1"), ("BATCH_SIZE", "5"), ("DATABASE_URL", "x"), ("LOG_LEVEL", "INFO")]
    {
        let loaded = load(&old_tool("").variable(name, value));
        assert!(
            loaded.answers.is_empty() && values(&old_tool("").variable(name, value)).is_empty(),
            "{name}"
        );
    }
    let world = World::with("").variable("POSTGRES_HOST", "db").variable("DATABASE_URL", "x");
    assert!(load(&world).answers.is_empty());
}

/// The default would take chats that nobody asked for.
#[test]
fn types_that_cannot_be_read_stop_the_start() {
    let says = |loaded: &Loaded, start: &str| {
        let told: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|it| it.starts_with(start)), "{told:?}");
    };
    for (variable, section) in
        [("CHAT_TYPES", "capture"), ("TG_ACCOUNT_2_CHAT_TYPES", "capture.accounts.work")]
    {
        for text in ["private,grups", "stories", "private groups"] {
            let loaded = load(&two_accounts("").variable(variable, text));
            assert!(loaded.config.is_none(), "{variable}={text}");
            says(&loaded, &format!("{variable}: error: {section}.types: "));
            let file = format!("[{section}]\ntypes = [\"private\"]\n");
            let loaded = load(&two_accounts(&file).variable(variable, text));
            says(&loaded, &format!("{variable}: warning: {section}.types: "));
            let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.problems));
            assert_eq!(config.capture.of(&"work".parse().unwrap()).types.len(), 1, "{variable}={text}");
        }
    }
}

#[test]
fn topics_that_cannot_be_read_stop_the_start() {
    let world = |file: &str, text: &str| {
        World::with(file)
            .variable("TELEGRAM_API_ID", "1")
            .variable("TELEGRAM_API_HASH", "0123456789abcdef0123456789abcdef")
            .variable("SKIP_TOPIC_IDS", text)
    };
    for text in ["-1001:x", "x:1", "-1001", "-1001:0", "-5:1,nonsense"] {
        let says = |loaded: &Loaded, start: &str| {
            let told: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
            assert!(told.iter().any(|it| it.starts_with(start)), "{text}: {told:?}");
        };
        let loaded = load(&world("", text));
        assert!(loaded.config.is_none(), "{text}");
        says(&loaded, "SKIP_TOPIC_IDS: error: capture.skip_topics: ");
        let loaded = load(&world("[capture]\nskip_topics = [\"-1001234567890:42\"]\n", text));
        says(&loaded, "SKIP_TOPIC_IDS: warning: capture.skip_topics: ");
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.problems));
        assert_eq!(config.capture.skip_topics, ["-1001234567890:42"], "{text}");
    }
}
