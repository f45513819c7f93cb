//! What a message says that can be searched for, folded.

use super::{
    fold::fold,
    words::{pieces, tags},
};
use crate::model::{Detail, Message};

/// The texts of a message in one line each: words apart by one space, with spaces at both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) words: String,
    pub(super) tags: String,
}

impl Said {
    pub(super) fn of(message: &Message) -> Self {
        let mut said = Self::default();
        each_text(message, &mut |text| said.add(text));
        said
    }

    pub(super) fn add(&mut self, text: &str) {
        let folded = fold(text);
        // A phrase does not go on in another text.
        self.words.push_str(if self.words.is_empty() { " " } else { "\n " });
        for piece in pieces(&folded) {
            self.words.push_str(piece.as_str());
            self.words.push(' ');
        }
        if folded.contains(['#', '$']) {
            self.tags.push(' ');
            for tag in tags(&folded) {
                self.tags.push_str(tag);
                self.tags.push(' ');
            }
        }
    }
}

/// Its own words, and those of what it carries: names of files and songs, polls, contacts, places, the title of
/// a page, a chat's new title.
pub(super) fn each_text(message: &Message, take: &mut impl FnMut(&str)) {
    let mut take = |text: &str| {
        if !text.is_empty() {
            take(text);
        }
    };
    take(&message.text);
    if let Some(title) = message.action.as_ref().and_then(|action| action.title.as_deref()) {
        take(title);
    }
    let Some(media) = &message.media else { return };
    if let Some(file) = &media.file {
        take(file.name.as_deref().unwrap_or_default());
        if let Some(audio) = &file.audio {
            take(audio.title.as_deref().unwrap_or_default());
            take(audio.performer.as_deref().unwrap_or_default());
        }
    }
    match media.detail.as_deref() {
        Some(Detail::Poll(poll)) => {
            take(&poll.question.text);
            poll.answers.iter().for_each(|answer| take(&answer.text.text));
        }
        Some(Detail::WebPage(page)) => {
            take(page.site.as_deref().unwrap_or_default());
            take(page.title.as_deref().unwrap_or_default());
        }
        Some(Detail::Contact(contact)) => {
            take(&format!("{} {}", contact.first_name, contact.last_name));
            take(&contact.phone);
        }
        Some(Detail::Place(place)) => {
            if let Some(venue) = &place.venue {
                take(&venue.title);
                take(&venue.address);
            }
        }
        Some(Detail::Dice { .. } | Detail::Story(_)) | None => {}
    }
}
