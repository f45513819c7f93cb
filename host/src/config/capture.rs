use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{AccountName, Avatars, ByteSize, ChatType, Deletions, FileKind, FilterUse, Period};

/// Which chats are captured, and what of them. Jobs of the kinds `archive`, `listen`, `fill`, `recheck` and others go by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaptureSection {
    /// Only these chats, whatever else is written here: ids, @names, whole titles, "folder:Name". Default: none.
    pub chats: Vec<String>,
    /// Which types of chats are taken: "private", "bots", "groups", "channels". Default: ["private", "groups", "channels"].
    pub types: Vec<ChatType>,
    /// Chats that are taken whatever their type. Default: none.
    pub include: Vec<String>,
    /// Chats that are never taken. Default: none.
    pub exclude: Vec<String>,
    /// Chats with people and bots that are taken or left out.
    pub private: CaptureLists,
    /// Groups and supergroups that are taken or left out.
    pub groups: CaptureLists,
    /// Channels that are taken or left out.
    pub channels: CaptureLists,
    /// These come first, in this order. Default: none.
    pub priority: Vec<String>,
    /// Topics of forums that are not kept, as "CHAT:TOPIC" with their numbers. Default: none.
    pub skip_topics: Vec<String>,
    /// Whether a group that became a supergroup is followed there. Default: true.
    pub follow_migrations: bool,
    /// What a deletion at Telegram does here: "soft" marks the message, "hard" removes it, "off" does nothing. Default: "soft".
    pub deletions: Deletions,
    /// With `deletions = "hard"`: how long a message stays marked before it is removed, so that `tapedeck archive undo` can bring
    /// it back; "0s" to remove it at once. Default: "1d".
    pub undo_window: Period,
    /// Plugins that judge messages before they are kept, in order. A table says what a failure means here. Default: none.
    pub filters: Vec<FilterUse>,
    /// Files of messages.
    pub media: CaptureMedia,
    /// What differs for an account; a key that is here takes the place of the one above.
    #[schemars(
        with = "BTreeMap<String, CaptureAccountSection>",
        extend("propertyNames" = {"type": "string", "format": "account-name"})
    )]
    pub accounts: BTreeMap<AccountName, CaptureAccountSection>,
}

impl Default for CaptureSection {
    fn default() -> Self {
        Self {
            chats: Vec::new(),
            types: vec![ChatType::Private, ChatType::Groups, ChatType::Channels],
            include: Vec::new(),
            exclude: Vec::new(),
            private: CaptureLists::default(),
            groups: CaptureLists::default(),
            channels: CaptureLists::default(),
            priority: Vec::new(),
            skip_topics: Vec::new(),
            follow_migrations: true,
            deletions: Deletions::default(),
            undo_window: Period::from_secs(24 * 60 * 60),
            filters: Vec::new(),
            media: CaptureMedia::default(),
            accounts: BTreeMap::new(),
        }
    }
}

/// Chats of one type that are taken or left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaptureLists {
    /// Taken, even when their type is not. Default: none.
    pub include: Vec<String>,
    /// Left out. Default: none.
    pub exclude: Vec<String>,
}

/// Which files of messages are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaptureMedia {
    /// Whether any are. Default: true.
    pub fetch: bool,
    /// Larger files are left out; "0B" for no limit. Default: "100MiB".
    pub max_size: ByteSize,
    /// Which kinds: "photo", "video", "video-note", "animation", "voice", "audio", "sticker", "document". Default: all.
    pub kinds: Vec<FileKind>,
    /// What is different in a chat, by its id, @name, whole title or "folder:Name"; the first that names it counts, in the
    /// order of names. Default: nothing.
    pub chats: BTreeMap<String, CaptureMediaOfChat>,
    /// Chats whose files are left out. Default: none.
    pub skip_chats: Vec<String>,
    /// Whether files of these chats that are here already are removed. Default: false.
    pub skip_deletes: bool,
    /// Small pictures: "chats" for those of chats and of people with whom there is one, "all" for everybody's, "off" for none.
    /// Default: "chats".
    pub avatars: Avatars,
    /// How often a file is tried before it is given up. Default: 5.
    #[schemars(range(min = 1, max = 1000))]
    pub attempts: u32,
    /// How long one file may take in one run; what has come is kept for the next. Default: "1h".
    pub file_timeout: Period,
    /// How many files are on their way at the same time. Default: 16.
    #[schemars(range(min = 1, max = 64))]
    pub files_at_once: u32,
    /// How many parts of one file are asked for at the same time, at most. Default: 16.
    #[schemars(range(min = 1, max = 64))]
    pub parts_at_once: u32,
    /// The longest names of files: encrypted folders take 143 bytes. Default: 143.
    #[schemars(range(min = 80, max = 255))]
    pub name_bytes: u32,
}

impl Default for CaptureMedia {
    fn default() -> Self {
        Self {
            fetch: true,
            max_size: ByteSize::from_mib(100),
            kinds: FileKind::ALL.to_vec(),
            chats: BTreeMap::new(),
            skip_chats: Vec::new(),
            skip_deletes: false,
            avatars: Avatars::default(),
            attempts: 5,
            file_timeout: Period::from_secs(60 * 60),
            files_at_once: 16,
            parts_at_once: 16,
            name_bytes: 143,
        }
    }
}

impl CaptureMedia {
    /// Whether anything is to be done about files at all.
    pub fn asks_for_files(&self) -> bool {
        self.fetch || self.skip_deletes || self.chats.values().any(|own| own.fetch == Some(true))
    }
}

/// Which files of one chat are fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaptureMediaOfChat {
    /// Default: capture.media.fetch.
    pub fetch: Option<bool>,
    /// Default: capture.media.max_size.
    pub max_size: Option<ByteSize>,
    /// Default: capture.media.kinds.
    pub kinds: Option<Vec<FileKind>>,
}

/// What differs for an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaptureAccountSection {
    /// Default: capture.chats.
    pub chats: Option<Vec<String>>,
    /// Default: capture.types.
    pub types: Option<Vec<ChatType>>,
    /// Default: capture.include.
    pub include: Option<Vec<String>>,
    /// Default: capture.exclude.
    pub exclude: Option<Vec<String>>,
    /// What is not here is that of capture.private.
    pub private: CaptureAccountLists,
    /// What is not here is that of capture.groups.
    pub groups: CaptureAccountLists,
    /// What is not here is that of capture.channels.
    pub channels: CaptureAccountLists,
    /// Default: capture.priority.
    pub priority: Option<Vec<String>>,
    /// Default: capture.skip_topics.
    pub skip_topics: Option<Vec<String>>,
    /// Default: capture.follow_migrations.
    pub follow_migrations: Option<bool>,
    /// Default: capture.deletions.
    pub deletions: Option<Deletions>,
    /// Default: capture.undo_window.
    pub undo_window: Option<Period>,
    /// Default: capture.filters.
    pub filters: Option<Vec<FilterUse>>,
    /// What is not here is that of capture.media.
    pub media: CaptureAccountMedia,
}

/// Chats of one type that are taken or left out for an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaptureAccountLists {
    /// Default: those for everybody.
    pub include: Option<Vec<String>>,
    /// Default: those for everybody.
    pub exclude: Option<Vec<String>>,
}

impl CaptureAccountLists {
    fn lay_over(self, lists: &mut CaptureLists) {
        take(&mut lists.include, self.include);
        take(&mut lists.exclude, self.exclude);
    }
}

/// Which files of messages are fetched for an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CaptureAccountMedia {
    /// Default: capture.media.fetch.
    pub fetch: Option<bool>,
    /// Default: capture.media.max_size.
    pub max_size: Option<ByteSize>,
    /// Default: capture.media.kinds.
    pub kinds: Option<Vec<FileKind>>,
    /// Default: capture.media.chats.
    pub chats: Option<BTreeMap<String, CaptureMediaOfChat>>,
    /// Default: capture.media.skip_chats.
    pub skip_chats: Option<Vec<String>>,
    /// Default: capture.media.skip_deletes.
    pub skip_deletes: Option<bool>,
    /// Default: capture.media.avatars.
    pub avatars: Option<Avatars>,
    /// Default: capture.media.attempts.
    #[schemars(range(min = 1, max = 1000))]
    pub attempts: Option<u32>,
    /// Default: capture.media.file_timeout.
    pub file_timeout: Option<Period>,
    /// Default: capture.media.files_at_once.
    #[schemars(range(min = 1, max = 64))]
    pub files_at_once: Option<u32>,
    /// Default: capture.media.parts_at_once.
    #[schemars(range(min = 1, max = 64))]
    pub parts_at_once: Option<u32>,
    /// Default: capture.media.name_bytes.
    #[schemars(range(min = 80, max = 255))]
    pub name_bytes: Option<u32>,
}

impl CaptureAccountMedia {
    fn lay_over(self, media: &mut CaptureMedia) {
        take(&mut media.fetch, self.fetch);
        take(&mut media.max_size, self.max_size);
        take(&mut media.kinds, self.kinds);
        take(&mut media.chats, self.chats);
        take(&mut media.skip_chats, self.skip_chats);
        take(&mut media.skip_deletes, self.skip_deletes);
        take(&mut media.avatars, self.avatars);
        take(&mut media.attempts, self.attempts);
        take(&mut media.file_timeout, self.file_timeout);
        take(&mut media.files_at_once, self.files_at_once);
        take(&mut media.parts_at_once, self.parts_at_once);
        take(&mut media.name_bytes, self.name_bytes);
    }
}

fn take<T>(place: &mut T, own: Option<T>) {
    if let Some(own) = own {
        *place = own;
    }
}

impl CaptureSection {
    /// As it holds for an account.
    pub fn of(&self, account: &AccountName) -> Self {
        let mut all = Self { accounts: BTreeMap::new(), ..self.clone() };
        let Some(own) = self.accounts.get(account).cloned() else { return all };
        take(&mut all.chats, own.chats);
        take(&mut all.types, own.types);
        take(&mut all.include, own.include);
        take(&mut all.exclude, own.exclude);
        own.private.lay_over(&mut all.private);
        own.groups.lay_over(&mut all.groups);
        own.channels.lay_over(&mut all.channels);
        take(&mut all.priority, own.priority);
        take(&mut all.skip_topics, own.skip_topics);
        take(&mut all.follow_migrations, own.follow_migrations);
        take(&mut all.deletions, own.deletions);
        take(&mut all.undo_window, own.undo_window);
        take(&mut all.filters, own.filters);
        own.media.lay_over(&mut all.media);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::tests::World, model::OnError};

    #[test]
    fn an_account_has_what_it_does_not_say_otherwise() {
        let section: CaptureSection = serde_json::from_value(serde_json::json!({
            "types": ["channels"],
            "include": ["1"],
            "accounts": { "work": { "include": [], "deletions": "off" } },
        }))
        .unwrap();
        let work = section.of(&"work".parse().unwrap());
        assert_eq!(
            (work.types, work.include.len(), work.deletions),
            (vec![ChatType::Channels], 0, Deletions::Off)
        );
        let other = section.of(&AccountName::main());
        assert_eq!((other.include.len(), other.deletions), (1, Deletions::Soft));
    }

    #[test]
    fn an_account_inherits_each_list_and_each_rule_of_files_alone() {
        let section: CaptureSection = serde_json::from_value(serde_json::json!({
            "private": { "include": ["1"], "exclude": ["6"] },
            "groups": { "exclude": ["-6"] },
            "media": { "fetch": false, "attempts": 9, "skip_chats": ["-7"] },
            "accounts": { "work": {
                "private": { "include": ["5"] },
                "groups": { "exclude": [] },
                "media": { "skip_chats": ["-5"] },
            } },
        }))
        .unwrap();
        let work = section.of(&"work".parse().unwrap());
        let lists = |include: &[&str], exclude: &[&str]| {
            let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
            CaptureLists { include: texts(include), exclude: texts(exclude) }
        };
        assert_eq!(work.private, lists(&["5"], &["6"]));
        assert_eq!(work.groups, lists(&[], &[]));
        assert!(!work.media.fetch);
        assert_eq!((work.media.attempts, work.media.skip_chats), (9, vec!["-5".to_owned()]));
        let other = section.of(&AccountName::main());
        assert_eq!((other.private, other.media.skip_chats), (lists(&["1"], &["6"]), vec!["-7".to_owned()]));
    }

    #[test]
    fn filters_are_names_or_tables() {
        let config = World::with(
            r#"[capture]
filters = ["keywords", { plugin = "types", on_error = "keep" }]
[capture.accounts.work]
filters = [{ plugin = "types", on_error = "drop" }, { plugin = "keywords" }]
"#,
        )
        .config();
        let uses = |section: &CaptureSection| -> Vec<(String, Option<OnError>)> {
            section.filters.iter().map(|it| (it.plugin.to_string(), it.on_error)).collect()
        };
        let (keywords, types) = ("keywords".to_owned(), "types".to_owned());
        assert_eq!(uses(&config.capture), [(keywords.clone(), None), (types.clone(), Some(OnError::Keep))]);
        let work = config.capture.of(&"work".parse().unwrap());
        assert_eq!(uses(&work), [(types, Some(OnError::Drop)), (keywords, None)]);
    }

    #[test]
    fn mistakes_in_filters_name_their_place() {
        let said = World::with(
            r#"[capture]
filters = [
  "My Filter",
  { plugin = "types", on_error = "ignore" },
  { plugin = "types", on_eror = "keep" },
  { on_error = "keep" },
  3,
]
[capture.accounts.work]
filters = "keywords"
"#,
        )
        .problems();
        for part in [
            "config.toml:3:3: error: capture.filters[0]: `My Filter` is not a plugin name.",
            "config.toml:4:34: error: capture.filters[1].on_error: `ignore` is not known here. Known here: `keep`,",
            "config.toml:5:23: error: capture.filters[2].on_eror: unknown key. Did you mean `on_error`?",
            "error: capture.filters[3]: `plugin` is missing.",
            "config.toml:7:3: error: capture.filters[4]: a text in quotes or a table belongs here, not an integer.",
            "config.toml:10:11: error: capture.accounts.work.filters: a list belongs here, not a text. Write it in brackets: [\"keywords\"].",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(said.lines().count(), 6, "{said}");
    }
}
