//! Text and its marks.

use grammers_tl_types::{enums as tl, types};

use super::json::json;
use crate::model::{DateMark, Entity, EntityKind, PeerId, RichText};

pub(super) fn rich_text(source: tl::TextWithEntities) -> RichText {
    let tl::TextWithEntities::Entities(types::TextWithEntities { text, entities: marks }) = source;
    RichText { text, entities: entities(marks) }
}

pub(super) fn entities(source: Vec<tl::MessageEntity>) -> Vec<Entity> {
    source.into_iter().map(entity).collect()
}

/// Most marks are an offset, a length and a name.
macro_rules! plain {
    ($source:expr, $kind:expr) => {
        Entity { offset: $source.offset, length: $source.length, kind: $kind }
    };
}

fn entity(source: tl::MessageEntity) -> Entity {
    use EntityKind as Kind;
    use tl::MessageEntity as Mark;
    match source {
        Mark::Unknown(it) => plain!(it, Kind::Unknown),
        Mark::Mention(it) => plain!(it, Kind::Mention),
        Mark::Hashtag(it) => plain!(it, Kind::Hashtag),
        Mark::BotCommand(it) => plain!(it, Kind::BotCommand),
        Mark::Url(it) => plain!(it, Kind::Url),
        Mark::Email(it) => plain!(it, Kind::Email),
        Mark::Bold(it) => plain!(it, Kind::Bold),
        Mark::Italic(it) => plain!(it, Kind::Italic),
        Mark::Code(it) => plain!(it, Kind::Code),
        Mark::Pre(it) => plain!(it, Kind::Pre { language: it.language }),
        Mark::TextUrl(it) => plain!(it, Kind::TextUrl { url: it.url }),
        Mark::MentionName(it) => plain!(it, Kind::MentionName { user: PeerId::user(it.user_id) }),
        Mark::InputMessageEntityMentionName(it) => {
            let entity = json(&it);
            plain!(it, Kind::Other { entity })
        }
        Mark::Phone(it) => plain!(it, Kind::Phone),
        Mark::Cashtag(it) => plain!(it, Kind::Cashtag),
        Mark::Underline(it) => plain!(it, Kind::Underline),
        Mark::Strike(it) => plain!(it, Kind::Strike),
        Mark::BankCard(it) => plain!(it, Kind::BankCard),
        Mark::Spoiler(it) => plain!(it, Kind::Spoiler),
        Mark::CustomEmoji(it) => plain!(it, Kind::CustomEmoji { document: it.document_id }),
        Mark::Blockquote(it) => plain!(it, Kind::Blockquote { is_collapsed: it.collapsed }),
        Mark::FormattedDate(it) => formatted_date(it),
        Mark::DiffInsert(it) => plain!(it, Kind::DiffInsert),
        Mark::DiffReplace(it) => plain!(it, Kind::DiffReplace { old_text: it.old_text }),
        Mark::DiffDelete(it) => plain!(it, Kind::DiffDelete),
        Mark::TonAddress(it) => plain!(it, Kind::TonAddress),
    }
}

fn formatted_date(source: types::MessageEntityFormattedDate) -> Entity {
    let types::MessageEntityFormattedDate {
        relative,
        short_time,
        long_time,
        short_date,
        long_date,
        day_of_week,
        offset,
        length,
        date,
    } = source;
    let mark = DateMark {
        date,
        is_relative: relative,
        has_short_time: short_time,
        has_long_time: long_time,
        has_short_date: short_date,
        has_long_date: long_date,
        has_day_of_week: day_of_week,
    };
    Entity { offset, length, kind: EntityKind::FormattedDate(mark) }
}
