//! The jobs that it ran, for each of its accounts.

use super::{MOST_ACCOUNTS, Reading, account_of_number, list, refuse, text_of};
use crate::config::node::{Node, Value};

const SCHEDULE: &str = "0 */6 * * *";

/// What starts jobs that found nobody logged in.
const LOGGED_IN: &str = "telegram-login";

/// There, a listener that had ended was started again after five seconds.
const LISTENER_TRIES: i64 = 100;
const LISTENER_PAUSE: &str = "5s";

/// Longer names leave no room for what tells a job from another one.
const LONGEST_NAME: usize = 50;

const IN_THE_FILE: &str = "the file has such a job already";
const NO_LISTENER: &str = "ENABLE_LISTENER is not on";

/// Switches of the listener, and their keys.
const LISTENER: &[(&str, &[&str])] = &[
    ("LISTEN_NEW_MESSAGES", &["new_messages"]),
    ("LISTEN_NEW_MESSAGES_MEDIA", &["media"]),
    ("LISTEN_EDITS", &["edits"]),
    ("LISTEN_DELETIONS", &["deletions"]),
    ("LISTEN_CHAT_ACTIONS", &["chat_actions"]),
    ("LISTEN_REACTIONS", &["reactions"]),
];
const THRESHOLD: (&str, &[&str]) = ("MASS_OPERATION_THRESHOLD", &["guard", "threshold"]);
const WINDOW: (&str, &[&str]) = ("MASS_OPERATION_WINDOW_SECONDS", &["guard", "window"]);

/// Whose jobs are made.
struct Owner {
    number: u32,
    /// `None`: the default account, whose jobs have plain names and need not say whose they are.
    account: Option<String>,
}

impl Owner {
    /// What its job is called.
    fn job(&self, name: &str) -> String {
        match &self.account {
            None => name.to_owned(),
            Some(account) if name.len() + account.len() < LONGEST_NAME => format!("{name}-{account}"),
            Some(_) => format!("{name}-account{}", self.number),
        }
    }
}

/// A key of a job, what it is set to, and by which variable.
struct Setting {
    key: &'static [&'static str],
    value: Value,
    variable: &'static str,
}

/// A job that each account gets.
struct Wish {
    name: &'static str,
    kind: &'static str,
    variable: &'static str,
    /// Or else its settings say when it runs.
    follows_archive: bool,
    settings: Vec<Setting>,
}

impl Wish {
    fn after_archive(name: &'static str, kind: &'static str, variable: &'static str) -> Self {
        Self { name, kind, variable, follows_archive: true, settings: Vec::new() }
    }

    fn with(mut self, key: &'static [&'static str], value: Value, variable: &'static str) -> Self {
        self.settings.push(Setting { key, value, variable });
        self
    }

    /// Whether a job of the file does this already.
    fn is_met_by(&self, job: &Node) -> bool {
        let keeps_all = job.get("deletions").is_some_and(|it| matches!(it.value, Value::Boolean(false)));
        // One kind does two things.
        self.kind != "recheck" || keeps_all == (self.name == "refresh")
    }
}

impl Reading<'_> {
    /// `sign` made the first one.
    pub(super) fn jobs(&mut self, sign: &str) {
        let owners = self.owners();
        let mut archives: Vec<String> = Vec::new();
        for owner in &owners {
            archives.push(self.archive(owner, archives.last().cloned(), sign));
        }
        self.listeners(&owners);
        for wish in self.wishes() {
            let mut is_made = false;
            for (owner, archive) in owners.iter().zip(&archives) {
                is_made |= self.grant(&wish, owner, archive);
            }
            if !is_made {
                self.answer(wish.variable, IN_THE_FILE);
            }
        }
        self.stats();
    }

    /// The first account is the default one.
    fn owners(&self) -> Vec<Owner> {
        let others = (2..=MOST_ACCOUNTS).map_while(|number| {
            let account = account_of_number(self.environment, number)?;
            Some(Owner { number, account: Some(account) })
        });
        let has_numbers = account_of_number(self.environment, 1).is_some();
        let others = others.take_while(|_| has_numbers);
        [Owner { number: 1, account: None }].into_iter().chain(others).collect()
    }

    /// The first one has a schedule; each further one follows the one before. Says what it is called.
    fn archive(&mut self, owner: &Owner, before: Option<String>, sign: &str) -> String {
        if let Some(name) = self.of_file("archive", owner, |_| true) {
            if before.is_none() {
                self.answer("SCHEDULE", IN_THE_FILE);
            }
            return name;
        }
        let Some(before) = before else {
            let (cron, variable) = match text_of(self.environment, "SCHEDULE") {
                Some(cron) => (cron, "SCHEDULE"),
                None => (SCHEDULE.to_owned(), sign),
            };
            let name = self.make("archive", "archive", owner, sign);
            self.set(&["jobs", &name, "cron"], Value::Text(cron), variable);
            self.set(&["jobs", &name, "at_start"], Value::Boolean(true), sign);
            self.on_login(&name, sign);
            return name;
        };
        let variable = format!("TG_ACCOUNT_{}_API_ID", owner.number);
        let name = self.make("archive", "archive", owner, &variable);
        self.after(&name, &before, &variable);
        name
    }

    fn listeners(&mut self, owners: &[Owner]) {
        const MADE_BY: &str = "ENABLE_LISTENER";
        if self.truth(MADE_BY, "jobs.listen") != Some(true) {
            for (variable, _) in LISTENER.iter().chain([&THRESHOLD, &WINDOW]) {
                self.answer(variable, NO_LISTENER);
            }
            return;
        }
        let settings = self.listener_settings();
        for owner in owners {
            let name = self.of_file("listen", owner, |_| true).unwrap_or_else(|| {
                let name = self.make("listen", "listen", owner, MADE_BY);
                self.set(&["jobs", &name, "at_start"], Value::Boolean(true), MADE_BY);
                self.on_login(&name, MADE_BY);
                let retry = |key| ["jobs", &*name, "retry", key];
                self.set(&retry("times"), Value::Integer(LISTENER_TRIES), MADE_BY);
                self.set(&retry("first_delay"), Value::Text(LISTENER_PAUSE.to_owned()), MADE_BY);
                name
            });
            self.set_all(&name, &settings);
        }
    }

    fn listener_settings(&mut self) -> Vec<Setting> {
        let place = |key: &[&str]| format!("jobs.listen.{}", key.join("."));
        let mut settings = Vec::new();
        for &(variable, key) in LISTENER {
            let value = self.truth(variable, &place(key)).map(Value::Boolean);
            settings.extend(value.map(|value| Setting { key, value, variable }));
        }
        let (variable, key) = THRESHOLD;
        let value = self.number_of(variable, &place(key), 1..=1_000_000);
        settings.extend(value.map(|value| Setting { key, value, variable }));
        let (variable, key) = WINDOW;
        let value = self.seconds_of(variable, &place(key));
        settings.extend(value.map(|value| Setting { key, value, variable }));
        settings
    }

    fn wishes(&mut self) -> Vec<Wish> {
        let mut wishes = Vec::new();
        for (variable, name) in
            [("FILL_GAPS", "fill"), ("VERIFY_MEDIA", "verify"), ("SYNC_DELETIONS_EDITS", "recheck")]
        {
            if self.truth(variable, &format!("jobs.{name}")) == Some(true) {
                wishes.push(Wish::after_archive(name, name, variable));
            }
        }
        wishes.extend(self.avatars());
        wishes.extend(self.resweep());
        wishes
    }

    /// There, a picture was asked for again when it was so old. Here a new one is noticed; people who say nothing are asked
    /// for so often.
    fn avatars(&mut self) -> Option<Wish> {
        const VARIABLE: &str = "AVATAR_REFRESH_HOURS";
        let text = text_of(self.environment, VARIABLE)?;
        match text.trim().parse::<u32>() {
            Ok(0) => self.set(&["capture", "media", "avatars"], Value::Text("off".to_owned()), VARIABLE),
            Ok(hours @ ..=100_000) => {
                let wish = Wish::after_archive("avatars", "avatars", VARIABLE);
                let wish = wish.with(&["every"], Value::Text(format!("{hours}h")), VARIABLE);
                let wish = wish.with(&["whose"], Value::Text("chats".to_owned()), VARIABLE);
                return Some(Wish { follows_archive: false, ..wish });
            }
            _ => refuse(self.problems, VARIABLE, "jobs.avatars.every", "it is not a whole number of hours"),
        }
        None
    }

    /// Reactions, polls and counters of the newest messages are asked for again, and nothing is deleted by that.
    fn resweep(&mut self) -> Option<Wish> {
        const DAYS: &str = "REACTION_RESWEEP_DAYS";
        const MOST: &str = "REACTION_RESWEEP_MAX_PER_CHAT";
        let days = text_of(self.environment, DAYS).map(|text| text.trim().parse::<u32>());
        match days {
            Some(Ok(days @ 1..=36_500)) => {
                let most = self.number_of(MOST, "jobs.refresh.most_per_chat", 1..=100_000);
                let (most, variable) = most.map_or((Value::Integer(500), DAYS), |most| (most, MOST));
                let wish = Wish::after_archive("refresh", "recheck", DAYS)
                    .with(&["newer_than"], Value::Text(format!("{days}d")), DAYS)
                    .with(&["deletions"], Value::Boolean(false), DAYS)
                    .with(&["most_per_chat"], most, variable);
                return Some(wish);
            }
            Some(Ok(0)) | None => {}
            _ => refuse(self.problems, DAYS, "jobs.refresh.newer_than", "it is not a whole number of days"),
        }
        self.answer(MOST, "REACTION_RESWEEP_DAYS says no days");
        None
    }

    /// Counted after each run there, and once a day at an hour of the viewer's zone. All accounts have one archive.
    fn stats(&mut self) {
        const VARIABLE: &str = "STATS_CALCULATION_HOUR";
        const ZONE: &str = "VIEWER_TIMEZONE";
        let hour = text_of(self.environment, VARIABLE).map(|text| text.trim().parse::<u8>());
        let everybody = Owner { number: 1, account: None };
        match hour {
            None => {}
            Some(Ok(hour @ 0..=23)) => {
                if self.of_file("stats", &everybody, |_| true).is_none() {
                    let name = self.make("stats", "stats", &everybody, VARIABLE);
                    let cron = Value::Text(format!("0 {hour} * * *"));
                    self.set(&["jobs", &name, "cron"], cron, VARIABLE);
                    if let Some(zone) = text_of(self.environment, ZONE) {
                        self.set(&["jobs", &name, "timezone"], Value::Text(zone), ZONE);
                    }
                    return;
                }
                self.answer(VARIABLE, IN_THE_FILE);
            }
            Some(_) => refuse(self.problems, VARIABLE, "jobs.stats.cron", "it is not an hour from 0 to 23"),
        }
        self.answer(ZONE, "the page shows times in the reader's zone; `timezone` of a job says when it runs");
    }

    /// Says whether a job was made.
    fn grant(&mut self, wish: &Wish, owner: &Owner, archive: &str) -> bool {
        if self.of_file(wish.kind, owner, |job| wish.is_met_by(job)).is_some() {
            return false;
        }
        let name = self.make(wish.name, wish.kind, owner, wish.variable);
        if wish.follows_archive {
            self.after(&name, archive, wish.variable);
        }
        self.set_all(&name, &wish.settings);
        true
    }

    /// Says what it is called: a job of the file that happens to have this name keeps it, and stays as it is.
    fn make(&mut self, name: &str, kind: &str, owner: &Owner, variable: &str) -> String {
        let name = self.free_name(owner.job(name));
        self.set(&["jobs", &name, "kind"], Value::Text(kind.to_owned()), variable);
        if let Some(account) = &owner.account {
            self.set(&["jobs", &name, "account"], Value::Text(account.clone()), variable);
        }
        name
    }

    fn free_name(&self, wanted: String) -> String {
        let is_taken = |name: &str| {
            let trees = [self.file, Some(&*self.root)];
            trees
                .into_iter()
                .flatten()
                .any(|tree| tree.get("jobs").is_some_and(|jobs| jobs.get(name).is_some()))
        };
        if !is_taken(&wanted) {
            return wanted;
        }
        let mut name = format!("{wanted}-telegram");
        for number in 2.. {
            if !is_taken(&name) {
                break;
            }
            name = format!("{wanted}-telegram{number}");
        }
        name
    }

    fn set_all(&mut self, name: &str, settings: &[Setting]) {
        for Setting { key, value, variable } in settings {
            let key: Vec<&str> = ["jobs", name].iter().chain(*key).copied().collect();
            self.set(&key, value.clone(), variable);
        }
    }

    fn on_login(&mut self, name: &str, variable: &str) {
        self.set(&["jobs", name, "on"], list(&[LOGGED_IN.to_owned()], variable), variable);
    }

    fn after(&mut self, name: &str, before: &str, variable: &str) {
        self.set(&["jobs", name, "after"], list(&[before.to_owned()], variable), variable);
    }

    /// The name of the first job of a kind that the file has for an account.
    fn of_file(&self, kind: &str, owner: &Owner, is_meant: impl Fn(&Node) -> bool) -> Option<String> {
        // Without numbers there is one account, whatever the file calls it.
        let is_only = account_of_number(self.environment, 1).is_none();
        let is_own = |job: &Node| match (job.get("account").and_then(Node::as_text), &owner.account) {
            _ if is_only => true,
            (None, account) => account.is_none(),
            (Some(named), Some(account)) => named == account,
            (Some(named), None) => named == self.default_account(),
        };
        let jobs = self.file?.get("jobs")?.as_table()?;
        let mut of_kind =
            jobs.iter().filter(|(_, job)| job.get("kind").and_then(Node::as_text) == Some(kind));
        of_kind.find(|(_, job)| is_own(job) && is_meant(job)).map(|(name, _)| name.clone())
    }

    fn default_account(&self) -> &str {
        fn said(tree: &Node) -> Option<&str> {
            tree.get("telegram")?.get("default_account")?.as_text()
        }
        self.file.and_then(said).or_else(|| said(&*self.root)).unwrap_or("main")
    }
}
