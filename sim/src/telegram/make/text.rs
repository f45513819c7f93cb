use grammers_tl_types::{enums::MessageEntity, types};

use super::{
    dice::Dice,
    talk::{EMOJI, Tongue},
};

/// Text with entities, whose offsets count UTF-16 units as Telegram's do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) entities: Vec<MessageEntity>,
}

impl Text {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), entities: Vec::new() }
    }

    pub(crate) fn push(&mut self, text: &str) {
        if !self.text.is_empty() && !self.text.ends_with(['\n', ' ']) {
            self.text.push(' ');
        }
        self.text.push_str(text);
    }

    /// Appends text that an entity covers.
    pub(crate) fn push_as(&mut self, text: &str, entity: impl FnOnce(i32, i32) -> MessageEntity) {
        self.push("");
        let offset = units(&self.text);
        self.text.push_str(text);
        self.entities.push(entity(offset, units(text)));
    }

    pub(crate) fn entities(&self) -> Option<Vec<MessageEntity>> {
        (!self.entities.is_empty()).then(|| self.entities.clone())
    }
}

impl From<Text> for grammers_tl_types::enums::TextWithEntities {
    fn from(Text { text, entities }: Text) -> Self {
        types::TextWithEntities { text, entities }.into()
    }
}

/// UTF-16 units.
pub(crate) fn units(text: &str) -> i32 {
    i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX)
}

/// How many kinds of entities a server sends: all but `inputMessageEntityMentionName`.
pub(crate) const ENTITY_KINDS: usize = 25;

/// Appends a piece of text with an entity of the kind.
pub(crate) fn push_entity(text: &mut Text, kind: usize, tongue: Tongue, dice: &mut Dice) {
    macro_rules! mark {
        ($kind:ident, $text:expr $(, $field:ident: $value:expr)*) => {
            text.push_as($text, |offset, length| types::$kind { offset, length $(, $field: $value)* }.into())
        };
    }
    let word = tongue.label(dice);
    match kind {
        0 => mark!(MessageEntityUnknown, &word),
        1 => mark!(MessageEntityMention, "@tape_club"),
        2 => mark!(MessageEntityHashtag, "#cassettes"),
        3 => mark!(MessageEntityBotCommand, "/start@tape_bot"),
        4 => mark!(MessageEntityUrl, "https://example.org/tapes?side=b"),
        5 => mark!(MessageEntityEmail, "ann@example.org"),
        6 => {
            // Two kinds over the same words.
            mark!(MessageEntityBold, &word);
            if let Some(MessageEntity::Bold(bold)) = text.entities.last().cloned() {
                text.entities
                    .push(types::MessageEntityItalic { offset: bold.offset, length: bold.length }.into());
            }
        }
        7 => mark!(MessageEntityItalic, &word),
        8 => mark!(MessageEntityCode, "tape --rewind"),
        9 => {
            text.push("\n");
            mark!(MessageEntityPre, "for tape in box {\n    play(tape);\n}", language: "rust".into());
        }
        10 => mark!(MessageEntityTextUrl, &word, url: "https://example.org/".into()),
        11 => mark!(MessageEntityMentionName, &word, user_id: FIRST_FRIEND),
        12 => mark!(MessageEntityPhone, "+34 600 000 000"),
        13 => mark!(MessageEntityCashtag, "$TAPE"),
        14 => mark!(MessageEntityUnderline, &word),
        15 => mark!(MessageEntityStrike, &word),
        16 => mark!(MessageEntityBankCard, "4242 4242 4242 4242"),
        17 => mark!(MessageEntitySpoiler, &word),
        18 => {
            let id = super::media::Made::new(super::media::Kind::AnimatedSticker, dice.throw() % 100).id();
            mark!(MessageEntityCustomEmoji, dice.pick(&EMOJI), document_id: id);
        }
        19 => {
            let collapsed = dice.one_in(2);
            mark!(MessageEntityBlockquote, &tongue.say(dice), collapsed: collapsed);
        }
        20 => {
            mark!(MessageEntityFormattedDate, "12 May", relative: false, short_time: true, long_time: false,
            short_date: true, long_date: false, day_of_week: false, date: 1_778_580_000)
        }
        21 => mark!(MessageEntityDiffInsert, &word),
        22 => mark!(MessageEntityDiffReplace, &word, old_text: "tape".into()),
        23 => mark!(MessageEntityDiffDelete, &word),
        _ => mark!(MessageEntityTonAddress, "UQBvI0aFLnw2QbZgjMPCLRdtRHxhUyinQudg6sdiohIwg5jL"),
    }
}

/// The first person in everybody's contacts.
pub(crate) const FIRST_FRIEND: i64 = 1_000_002;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_entity_is_made() {
        let mut found = [0; ENTITY_KINDS];
        for kind in 0..ENTITY_KINDS {
            let mut text = Text::plain("👩‍👩‍👧‍👦");
            push_entity(&mut text, kind, Tongue::Arabic, &mut Dice::at(1, &[]));
            for entity in &text.entities {
                found[place(entity).0] += 1;
            }
        }
        assert!(found.iter().all(|count| *count > 0), "{found:?}");
    }

    #[test]
    fn offsets_count_utf16_units() {
        for kind in 0..ENTITY_KINDS {
            let mut text = Text::plain("🎧 磁带");
            push_entity(&mut text, kind, Tongue::Chinese, &mut Dice::at(3, &[]));
            text.push("!");
            let all: Vec<u16> = text.text.encode_utf16().collect();
            for entity in &text.entities {
                let (_, offset, length) = place(entity);
                let covered = &all[usize::try_from(offset).unwrap()..][..usize::try_from(length).unwrap()];
                let covered = String::from_utf16(covered).unwrap();
                assert!(!covered.is_empty() && text.text.ends_with(&format!("{covered} !")), "{covered}");
            }
        }
    }

    /// A new kind in a later layer does not compile here: give it a sample above.
    fn place(entity: &MessageEntity) -> (usize, i32, i32) {
        macro_rules! places {
            ($($number:literal $kind:ident)*) => {
                match entity {
                    $(MessageEntity::$kind(it) => ($number, it.offset, it.length),)*
                    MessageEntity::InputMessageEntityMentionName(_) => panic!("only clients send this"),
                }
            };
        }
        places!(0 Unknown 1 Mention 2 Hashtag 3 BotCommand 4 Url 5 Email 6 Bold 7 Italic 8 Code 9 Pre 10 TextUrl
            11 MentionName 12 Phone 13 Cashtag 14 Underline 15 Strike 16 BankCard 17 Spoiler 18 CustomEmoji
            19 Blockquote 20 FormattedDate 21 DiffInsert 22 DiffReplace 23 DiffDelete 24 TonAddress)
    }
}
