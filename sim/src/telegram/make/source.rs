use std::{ops::RangeInclusive, sync::Arc};

use grammers_tl_types::enums::Message;

use super::{
    attach,
    media::{Kind, Made},
    message,
    plan::Plan,
};
use crate::telegram::state::{Content, File, Shelf, Source, Thumb};

/// The messages of one chat of a plan.
pub(super) struct Chat {
    pub(super) plan: Arc<Plan>,
    pub(super) number: usize,
}

impl Source for Chat {
    fn ids(&self) -> RangeInclusive<i32> {
        let places = self.plan.chats[self.number].places;
        if places == 0 {
            return RangeInclusive::new(1, 0);
        }
        self.plan.id(self.number, 0)..=self.plan.id(self.number, places - 1)
    }

    fn message(&self, id: i32) -> Option<Message> {
        let place = self.plan.place(self.number, id)?;
        self.plan.chats[self.number].has(place).then(|| message::message(&self.plan, self.number, place))
    }

    fn date(&self, id: i32) -> i32 {
        self.plan.date(self.number, id)
    }

    fn has(&self, id: i32) -> bool {
        self.plan.place(self.number, id).is_some_and(|place| self.plan.chats[self.number].has(place))
    }

    fn before(&self, id: i32) -> Option<i32> {
        let chat = &self.plan.chats[self.number];
        let place = (0..self.plan.places_below(self.number, id)).rev().find(|place| chat.has(*place))?;
        Some(self.plan.id(self.number, place))
    }

    fn after(&self, id: i32) -> Option<i32> {
        let chat = &self.plan.chats[self.number];
        let first = self.plan.places_below(self.number, id.saturating_add(1));
        let place = (first..chat.places).find(|place| chat.has(*place))?;
        Some(self.plan.id(self.number, place))
    }

    fn count_below(&self, id: i32) -> usize {
        self.plan.chats[self.number].messages_before(self.plan.places_below(self.number, id))
    }

    fn pinned(&self) -> Vec<i32> {
        message::pinned(&self.plan.chats[self.number]).map(|place| self.plan.id(self.number, place)).collect()
    }
}

/// The files of every generated message.
pub(super) struct Drawer {
    pub(super) date: i32,
}

impl Shelf for Drawer {
    fn dc(&self, id: i64) -> Option<i32> {
        Made::of_id(id).map(attach::home_dc)
    }

    fn file(&self, id: i64) -> Option<File> {
        let made = Made::of_id(id)?;
        let mut thumbs = Vec::new();
        let (width, height) = attach::small_size(made.kind);
        if let Some(bytes) = made.stripped() {
            thumbs.push(Thumb { kind: "i".into(), width: 40, height: 30, content: bytes.into() });
        }
        if let Some(bytes) = made.read_small() {
            thumbs.push(Thumb { kind: "m".into(), width, height, content: bytes.into() });
        }
        let photo = match made.kind {
            Kind::Photo => Some((480, 360)),
            Kind::Face => Some((width, height)),
            _ => None,
        };
        Some(File {
            id,
            access_hash: attach::access_hash(made),
            dc: attach::home_dc(made),
            date: self.date,
            mime: attach::mime_type(made.kind).into(),
            content: Content::from(made.read()),
            thumbs,
            attributes: attach::attributes(made),
            photo,
        })
    }
}
