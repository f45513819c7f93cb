//! The rules of one account.

use super::{
    explain::{Explanation, Said, Step},
    name::{ChatName, InvalidTopic, SkippedTopic},
};
use crate::{
    config::{CaptureLists, CaptureSection},
    model::{Chat, ChatType, FolderFacts, FolderRecord, MessageId, PeerId},
};

/// What decides about a chat.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub chat: &'a Chat,
    /// Those that it is in.
    pub folders: Vec<&'a FolderRecord>,
}

impl<'a> Facts<'a> {
    pub fn new(chat: &'a Chat, is_contact: bool, is_archived: bool, folders: &'a [FolderRecord]) -> Self {
        let facts = FolderFacts { chat: chat.id, kind: chat.kind, is_contact, is_archived };
        Self { chat, folders: folders.iter().filter(|folder| folder.holds(facts)).collect() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("`capture.skip_topics` cannot be understood")]
    Topic(#[from] InvalidTopic),
}

/// Which chats of an account are captured, and what of them is not.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    only: Vec<ChatName>,
    types: Vec<ChatType>,
    everywhere: Lists,
    private: Lists,
    groups: Lists,
    channels: Lists,
    priority: Vec<ChatName>,
    without_media: Vec<ChatName>,
    fetches_media: bool,
    skip_topics: Vec<SkippedTopic>,
}

#[derive(Clone, Debug, Default)]
struct Lists {
    include: Vec<ChatName>,
    exclude: Vec<ChatName>,
}

impl Lists {
    fn of(lists: &CaptureLists) -> Self {
        Self { include: ChatName::list(&lists.include), exclude: ChatName::list(&lists.exclude) }
    }
}

impl Rules {
    /// From the section as it holds for the account.
    pub fn new(section: &CaptureSection) -> Result<Self, RuleError> {
        let topics: Result<Vec<SkippedTopic>, InvalidTopic> =
            section.skip_topics.iter().map(|text| text.parse()).collect();
        Ok(Self {
            only: ChatName::list(&section.chats),
            types: section.types.clone(),
            everywhere: Lists {
                include: ChatName::list(&section.include),
                exclude: ChatName::list(&section.exclude),
            },
            private: Lists::of(&section.private),
            groups: Lists::of(&section.groups),
            channels: Lists::of(&section.channels),
            priority: ChatName::list(&section.priority),
            without_media: ChatName::list(&section.media.skip_chats),
            fetches_media: section.media.fetch,
            skip_topics: topics?,
        })
    }

    /// The strict list: when it is not empty, only these are captured.
    pub fn only(&self) -> &[ChatName] {
        &self.only
    }

    /// Whether folders decide about anything.
    pub fn asks_for_folders(&self) -> bool {
        let lists = [&self.everywhere, &self.private, &self.groups, &self.channels];
        let all = lists.into_iter().flat_map(|lists| lists.include.iter().chain(&lists.exclude));
        let more = self.only.iter().chain(&self.priority).chain(&self.without_media);
        all.chain(more).any(|name| matches!(name, ChatName::Folder(_)))
    }

    pub fn takes(&self, facts: &Facts<'_>) -> bool {
        self.explain(facts).is_in
    }

    /// Whether it is left out by name: then nothing brings it in, not even a migration.
    pub fn leaves_out(&self, facts: &Facts<'_>) -> bool {
        let of_type = self.lists_of(facts.chat.kind.into()).1;
        find(&self.everywhere.exclude, facts).or_else(|| find(&of_type.exclude, facts)).is_some()
    }

    pub fn explain(&self, facts: &Facts<'_>) -> Explanation {
        let mut steps = Vec::new();
        let is_in = self.decide(facts, &mut steps);
        let topics = self.skip_topics.iter().filter(|it| it.chat == facts.chat.id);
        Explanation {
            is_in,
            steps,
            priority: self.priority(facts).map(|place| place + 1),
            without_media: self.without_media(facts),
            skipped_topics: topics.map(|it| it.topic.0).collect(),
        }
    }

    fn decide(&self, facts: &Facts<'_>, steps: &mut Vec<Step>) -> bool {
        let mut ask = |asks: &str, said: Said, why: String| {
            steps.push(Step { asks: asks.to_owned(), said, why });
            said
        };
        if !self.only.is_empty() {
            let found = find(&self.only, facts);
            let said = if found.is_some() { Said::Takes } else { Said::LeavesOut };
            let why = listed(found, "only what is listed there is captured, and this is not");
            return ask("capture.chats", said, why) == Said::Takes;
        }
        let kind = ChatType::from(facts.chat.kind);
        let (key, of_type) = self.lists_of(kind);
        for (asks, list, says) in [
            ("capture.exclude".to_owned(), &self.everywhere.exclude, Said::LeavesOut),
            (format!("capture.{key}.exclude"), &of_type.exclude, Said::LeavesOut),
            ("capture.include".to_owned(), &self.everywhere.include, Said::Takes),
            (format!("capture.{key}.include"), &of_type.include, Said::Takes),
        ] {
            let found = find(list, facts);
            let said = if found.is_some() { says } else { Said::Nothing };
            if ask(&asks, said, listed(found, "it is not listed there")) != Said::Nothing {
                return said == Said::Takes;
            }
        }
        let is_taken = self.types.contains(&kind);
        let (said, verb) = if is_taken { (Said::Takes, "has") } else { (Said::LeavesOut, "does not have") };
        ask("capture.types", said, format!("it is of the type \"{kind}\", which the list {verb}"));
        is_taken
    }

    /// Bots are in the lists of private chats.
    fn lists_of(&self, kind: ChatType) -> (&'static str, &Lists) {
        match kind {
            ChatType::Private | ChatType::Bots => ("private", &self.private),
            ChatType::Groups => ("groups", &self.groups),
            ChatType::Channels => ("channels", &self.channels),
        }
    }

    /// The place among those that come first.
    pub fn priority(&self, facts: &Facts<'_>) -> Option<usize> {
        self.priority.iter().position(|name| name.names(facts))
    }

    /// Why the files of its messages are left out.
    pub fn without_media(&self, facts: &Facts<'_>) -> Option<String> {
        if !self.fetches_media {
            return Some("`capture.media.fetch` is false".to_owned());
        }
        self.skips_media(facts)
    }

    /// Which name of `skip_chats` it has.
    pub fn skips_media(&self, facts: &Facts<'_>) -> Option<String> {
        let name = find(&self.without_media, facts)?;
        Some(format!("`capture.media.skip_chats` has {name}"))
    }

    pub fn skips_topic(&self, chat: PeerId, topic: MessageId) -> bool {
        self.skip_topics.contains(&SkippedTopic { chat, topic })
    }

    /// Whether any topic of the chat is skipped.
    pub fn skips_topics(&self, chat: PeerId) -> bool {
        self.skip_topics.iter().any(|it| it.chat == chat)
    }
}

fn find<'a>(list: &'a [ChatName], facts: &Facts<'_>) -> Option<&'a ChatName> {
    list.iter().find(|name| name.names(facts))
}

fn listed(found: Option<&ChatName>, otherwise: &str) -> String {
    found.map_or_else(|| otherwise.to_owned(), |name| format!("{name} is listed there"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::ChatKind;

    fn chat(id: i64, kind: ChatKind, title: &str) -> Chat {
        serde_json::from_value(
            json!({ "id": id, "kind": kind, "title": title, "usernames": [title.to_lowercase()] }),
        )
        .unwrap()
    }

    fn rules(section: serde_json::Value) -> Rules {
        Rules::new(&serde_json::from_value(section).unwrap()).unwrap()
    }

    fn takes(rules: &Rules, chat: &Chat) -> bool {
        rules.takes(&Facts::new(chat, false, false, &[]))
    }

    #[test]
    fn types_decide_when_no_list_does() {
        let bot = chat(9, ChatKind::Bot, "Bot");
        let [person, group, channel] = [
            chat(1, ChatKind::Private, "Ann"),
            chat(-1, ChatKind::Supergroup, "Group"),
            chat(-2, ChatKind::Channel, "News"),
        ];
        let plain = rules(json!({}));
        assert!([&person, &group, &channel].into_iter().all(|chat| takes(&plain, chat)));
        assert!(!takes(&plain, &bot));
        assert!(takes(&rules(json!({ "types": ["bots"] })), &bot));
        let nothing = rules(json!({ "types": [], "include": ["News"] }));
        assert!(takes(&nothing, &channel) && !takes(&nothing, &person));
    }

    /// Every pair of neighbours in the order of the steps: the earlier one wins.
    #[test]
    fn the_first_step_that_says_something_wins() {
        let group = chat(-5, ChatKind::Group, "Band");
        for (section, is_in) in [
            (json!({ "exclude": ["-5"], "include": ["-5"] }), false),
            (json!({ "exclude": ["-5"], "groups": { "include": ["-5"] } }), false),
            (json!({ "groups": { "exclude": ["@band"], "include": ["-5"] } }), false),
            (json!({ "groups": { "exclude": ["-5"] }, "include": ["-5"] }), false),
            (json!({ "include": ["Band"], "types": [] }), true),
            (json!({ "groups": { "include": ["Band"] }, "types": ["private"] }), true),
            (json!({ "channels": { "include": ["Band"] }, "types": ["private"] }), false),
            (json!({ "chats": ["-5"], "exclude": ["-5"], "types": [] }), true),
            (json!({ "chats": ["-6"], "include": ["-5"] }), false),
        ] {
            assert_eq!(takes(&rules(section.clone()), &group), is_in, "{section}");
        }
    }

    /// An include adds to the types; it never becomes a list of all that is allowed.
    #[test]
    fn includes_add_and_do_not_restrict() {
        let other = chat(-6, ChatKind::Group, "Other");
        assert!(takes(&rules(json!({ "include": ["-5"], "groups": { "include": ["-7"] } })), &other));
    }

    #[test]
    fn folders_are_names_of_chats() {
        let folder = FolderRecord {
            id: 3,
            title: "Work".into(),
            included: vec![PeerId(-5)],
            ..FolderRecord::default()
        };
        let folders = [folder];
        let inside = chat(-5, ChatKind::Group, "Inside");
        let outside = chat(-6, ChatKind::Group, "Outside");
        for name in ["folder:Work", "folder:3"] {
            let rules = rules(json!({ "types": [], "include": [name] }));
            assert!(rules.asks_for_folders());
            assert!(rules.takes(&Facts::new(&inside, false, false, &folders)));
            assert!(!rules.takes(&Facts::new(&outside, false, false, &folders)));
        }
    }

    #[test]
    fn steps_are_told_up_to_the_one_that_decides() {
        let rules = rules(json!({
            "types": ["private"],
            "channels": { "include": ["@news"] },
            "priority": ["Other", "News"],
            "media": { "skip_chats": ["-2"] },
            "skip_topics": ["-2:7", "-3:1"],
        }));
        let news = chat(-2, ChatKind::Channel, "News");
        let told = rules.explain(&Facts::new(&news, false, false, &[])).to_string();
        insta::assert_snapshot!(told, @r"
        1. capture.exclude: no answer; it is not listed there
        2. capture.channels.exclude: no answer; it is not listed there
        3. capture.include: no answer; it is not listed there
        4. capture.channels.include: in; @news is listed there
        So it is captured, as number 2 of those that come first, without files: `capture.media.skip_chats` has -2, without topics 7
        ");
        let group = chat(-4, ChatKind::Group, "Band");
        let told = rules.explain(&Facts::new(&group, false, false, &[])).to_string();
        assert!(told.ends_with("\"groups\", which the list does not have\nSo it is not captured"), "{told}");
    }
}
