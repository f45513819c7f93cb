//! Messages as authors see them. They travel as columns; nothing is copied to read them.

pub mod marks;
mod media;

pub use media::MediaKind;

use std::time::Duration;

use crate::{
    Error,
    bindings::host::tapedeck::plugin::messages::{Batch, Texts},
};

/// Some hundred messages.
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a> {
    batch: &'a Batch,
    /// The texts of all, one after the other.
    text: &'a str,
}

impl<'a> Messages<'a> {
    /// Refuses columns that do not fit together, so that nothing can fail afterwards.
    pub(crate) fn new(batch: &'a Batch) -> Result<Self, Error> {
        let lengths = [
            batch.chat_ids.len(),
            batch.sender_ids.len(),
            batch.dates.len(),
            batch.edit_dates.len(),
            batch.marks.len(),
            batch.media_kinds.len(),
            batch.media_sizes.len(),
            batch.media_durations_ms.len(),
            batch.reply_to_ids.len(),
            batch.topic_ids.len(),
            batch.forward_ids.len(),
            batch.via_bot_ids.len(),
            batch.album_ids.len(),
            batch.views.len(),
        ];
        if lengths.iter().any(|&length| length != batch.ids.len()) {
            return Err(Error::permanent("the host's columns are of different lengths"));
        }
        let text = checked(&batch.texts, batch.ids.len())?;
        for column in &batch.extra {
            checked(&column.values, batch.ids.len())?;
        }
        Ok(Self { batch, text })
    }

    pub fn len(&self) -> usize {
        self.batch.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.batch.ids.is_empty()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Message<'a>> + Clone + use<'a> {
        let Self { batch, text } = *self;
        (0..batch.ids.len()).map(move |index| Message { batch, text, index })
    }

    /// The message at a place, counted from 0.
    pub fn get(&self, index: usize) -> Option<Message<'a>> {
        (index < self.len()).then_some(Message { batch: self.batch, text: self.text, index })
    }

    /// The texts of all messages, one right after the other: for searching all of them at once.
    pub fn whole_text(&self) -> &'a str {
        self.text
    }

    /// The message whose text has this byte of [`whole_text`](Self::whole_text).
    pub fn at(&self, byte: usize) -> Option<Message<'a>> {
        let after = self.batch.texts.offsets.partition_point(|&offset| offset as usize <= byte);
        self.get(after.checked_sub(1)?)
    }
}

/// One message: its accessors read from where the host put it.
///
/// Ids are as Telegram's bots know them: users are positive, basic groups negative, channels and
/// supergroups `-100…`. Times are Unix seconds.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    batch: &'a Batch,
    text: &'a str,
    index: usize,
}

impl<'a> Message<'a> {
    /// Its number in its chat.
    pub fn id(&self) -> i64 {
        self.batch.ids[self.index]
    }

    pub fn chat_id(&self) -> i64 {
        self.batch.chat_ids[self.index]
    }

    /// Who sent it; nobody in channels.
    pub fn sender_id(&self) -> Option<i64> {
        present(self.batch.sender_ids[self.index])
    }

    /// When it was sent.
    pub fn date(&self) -> i64 {
        self.batch.dates[self.index]
    }

    /// When it was last edited.
    pub fn edit_date(&self) -> Option<i64> {
        present(self.batch.edit_dates[self.index])
    }

    /// Its text or caption.
    pub fn text(&self) -> &'a str {
        &self.text[self.text_range()]
    }

    /// Where its text lies in [`Messages::whole_text`].
    pub fn text_range(&self) -> std::ops::Range<usize> {
        let offsets = &self.batch.texts.offsets;
        offsets[self.index] as usize..offsets[self.index + 1] as usize
    }

    /// Whether a fact of [`marks`] is true of it.
    pub fn is(&self, mark: u64) -> bool {
        self.batch.marks[self.index] & mark != 0
    }

    /// All its [`marks`].
    pub fn marks(&self) -> u64 {
        self.batch.marks[self.index]
    }

    /// What hangs on it.
    pub fn media(&self) -> MediaKind {
        MediaKind::from_number(self.batch.media_kinds[self.index])
    }

    /// The size of the media's file in bytes; 0 without one.
    pub fn media_size(&self) -> u64 {
        self.batch.media_sizes[self.index]
    }

    /// How long a voice, an audio or a video plays.
    pub fn media_duration(&self) -> Option<Duration> {
        let milliseconds = self.batch.media_durations_ms[self.index];
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds.into()))
    }

    /// The number of the message that it answers.
    pub fn reply_to_id(&self) -> Option<i64> {
        present(self.batch.reply_to_ids[self.index])
    }

    /// The topic of a forum; none for the topic General.
    pub fn topic_id(&self) -> Option<i64> {
        present(self.batch.topic_ids[self.index])
    }

    /// Where a forwarded message comes from; nobody for authors who hide.
    pub fn forward_id(&self) -> Option<i64> {
        present(self.batch.forward_ids[self.index])
    }

    /// The bot through which it was sent.
    pub fn via_bot_id(&self) -> Option<i64> {
        present(self.batch.via_bot_ids[self.index])
    }

    /// Messages with the same number are one album.
    pub fn album_id(&self) -> Option<i64> {
        present(self.batch.album_ids[self.index])
    }

    /// How often a channel's post was seen; 0 if it is not counted.
    pub fn views(&self) -> u32 {
        self.batch.views[self.index]
    }

    /// A fact that the plugin named in its `COLUMNS`: `mime`, `sender-name`, `entities`, `json`. None
    /// if this message has it not, or the host knows it not.
    pub fn extra(&self, name: &str) -> Option<&'a str> {
        let column = self.batch.extra.iter().find(|column| column.name == name)?;
        let offsets = &column.values.offsets;
        let bytes = &column.values.bytes[offsets[self.index] as usize..offsets[self.index + 1] as usize];
        std::str::from_utf8(bytes).ok().filter(|value| !value.is_empty())
    }

    /// Its place among the messages, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }
}

fn present(id: i64) -> Option<i64> {
    (id != 0).then_some(id)
}

/// The texts as one, after a look at whether offsets and characters are as they should be.
fn checked(texts: &Texts, count: usize) -> Result<&str, Error> {
    let Texts { offsets, bytes } = texts;
    let text =
        std::str::from_utf8(bytes).map_err(|error| Error::permanent(format!("the host's texts: {error}")))?;
    let fits = offsets.len() == count + 1
        && offsets.first() == Some(&0)
        && offsets.last().is_some_and(|&end| end as usize <= bytes.len())
        && offsets.is_sorted()
        && offsets.iter().all(|&offset| text.is_char_boundary(offset as usize));
    if fits { Ok(text) } else { Err(Error::permanent("the host's offsets do not fit its texts")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Batch, message};

    #[test]
    fn texts_are_found_from_both_sides() {
        let batch: Batch = [message("да"), message(""), message("no")].into_iter().collect();
        let messages = batch.messages();
        let texts: Vec<_> = messages.iter().map(|message| message.text()).collect();
        assert_eq!(texts, ["да", "", "no"]);
        assert_eq!(messages.whole_text(), "даno");
        let places: Vec<_> = (0..6).map(|byte| messages.at(byte).map(|message| message.index())).collect();
        assert_eq!(places, [Some(0), Some(0), Some(0), Some(0), Some(2), Some(2)]);
        assert!(messages.at(6).is_none());
    }

    #[test]
    fn facts_come_back_as_they_were_put_in() {
        let batch: Batch = [message("x")
            .id(7)
            .chat(-1005)
            .sender(9)
            .media(MediaKind::Voice, 2048)
            .duration(Duration::from_secs(3))
            .mark(marks::FORWARDED)
            .extra("mime", "audio/ogg")]
        .into_iter()
        .collect();
        let message = batch.messages().get(0).expect("a message");
        assert_eq!((message.id(), message.chat_id(), message.sender_id()), (7, -1005, Some(9)));
        assert_eq!((message.media(), message.media_size()), (MediaKind::Voice, 2048));
        assert_eq!(message.media_duration(), Some(Duration::from_secs(3)));
        assert!(message.is(marks::FORWARDED) && !message.is(marks::SERVICE));
        assert_eq!((message.extra("mime"), message.extra("file-name")), (Some("audio/ogg"), None));
        assert_eq!((message.edit_date(), message.reply_to_id()), (None, None));
    }

    #[test]
    fn broken_columns_are_refused() {
        let whole: Batch = [message("да"), message("no")].into_iter().collect();
        let refused = |change: fn(&mut crate::bindings::host::tapedeck::plugin::messages::Batch)| {
            let mut columns = whole.columns().clone();
            change(&mut columns);
            Messages::new(&columns).is_err()
        };
        assert!(!refused(|_| ()));
        assert!(refused(|batch| batch.views.clear()));
        assert!(refused(|batch| batch.texts.offsets[1] = 1));
        assert!(refused(|batch| batch.texts.offsets[1] = 99));
        assert!(refused(|batch| batch.texts.offsets[2] = 0));
        assert!(refused(|batch| batch.texts.bytes[0] = 0xff));
        assert!(refused(|batch| batch.texts.offsets.truncate(2)));
    }
}
