use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{AccountName, Avatars, ByteSize, ChatType, Deletions, FileKind, Period, PluginName};

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
    /// Plugins that judge messages before they are kept, in order. Default: none.
    #[schemars(with = "Vec<String>")]
    pub filters: Vec<PluginName>,
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
    /// Default: capture.private.
    pub private: Option<CaptureLists>,
    /// Default: capture.groups.
    pub groups: Option<CaptureLists>,
    /// Default: capture.channels.
    pub channels: Option<CaptureLists>,
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
    #[schemars(with = "Option<Vec<String>>")]
    pub filters: Option<Vec<PluginName>>,
    /// Default: capture.media.
    pub media: Option<CaptureMedia>,
}

impl CaptureSection {
    /// As it holds for an account.
    pub fn of(&self, account: &AccountName) -> Self {
        let mut all = Self { accounts: BTreeMap::new(), ..self.clone() };
        let Some(own) = self.accounts.get(account).cloned() else { return all };
        fn take<T>(place: &mut T, own: Option<T>) {
            if let Some(own) = own {
                *place = own;
            }
        }
        take(&mut all.chats, own.chats);
        take(&mut all.types, own.types);
        take(&mut all.include, own.include);
        take(&mut all.exclude, own.exclude);
        take(&mut all.private, own.private);
        take(&mut all.groups, own.groups);
        take(&mut all.channels, own.channels);
        take(&mut all.priority, own.priority);
        take(&mut all.skip_topics, own.skip_topics);
        take(&mut all.follow_migrations, own.follow_migrations);
        take(&mut all.deletions, own.deletions);
        take(&mut all.undo_window, own.undo_window);
        take(&mut all.filters, own.filters);
        take(&mut all.media, own.media);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
