//! A chat, page by page, the oldest first.

use super::{error::ExportError, extent::Extent, request::Filter};
use crate::{
    archive::{Around, ChatKey, IdRange, MessagePage, Store, Stored},
    model::MessageId,
};

/// Messages of a page: what exporters get at once.
pub(super) const PAGE: usize = 256;

pub(super) struct Reader<'a> {
    store: &'a dyn Store,
    key: ChatKey,
    filter: &'a Filter,
    has_details: bool,
    left: Left,
}

enum Left {
    /// After this one, to the end.
    After(MessageId),
    /// The next stretches, the first of them from after this one on.
    Ranges(Vec<IdRange>, MessageId),
    Found(std::vec::IntoIter<MessageId>),
    Nothing,
}

const BEGINNING: MessageId = MessageId(i32::MIN);

impl<'a> Reader<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        key: ChatKey,
        filter: &'a Filter,
        has_details: bool,
        extent: Extent,
    ) -> Self {
        let left = match extent {
            Extent::Whole => Left::After(BEGINNING),
            Extent::Ranges(ranges) => Left::Ranges(ranges.iter().rev().collect(), BEGINNING),
            Extent::Found(ids) => Left::Found(ids.into_iter()),
        };
        Self { store, key, filter, has_details, left }
    }

    /// Never an empty one.
    pub(super) async fn next_page(&mut self) -> Result<Option<Vec<Stored>>, ExportError> {
        loop {
            let mut page = match self.read().await? {
                Some(page) => page,
                None => return Ok(None),
            };
            page.retain(|stored| self.filter.takes(stored));
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
    }

    async fn read(&mut self) -> Result<Option<Vec<Stored>>, ExportError> {
        match std::mem::replace(&mut self.left, Left::Nothing) {
            Left::Nothing => Ok(None),
            Left::After(last) => {
                let page = self.page(last).await?;
                if let Some(newest) = page.last().filter(|_| page.len() == PAGE) {
                    self.left = Left::After(newest.message.id);
                }
                Ok(Some(page).filter(|page| !page.is_empty()))
            }
            Left::Ranges(mut ranges, after) => {
                let Some(range) = ranges.last().copied() else { return Ok(None) };
                let from = after.max(MessageId(range.first.0.saturating_sub(1)));
                let mut page = self.page(from).await?;
                let newest = page.last().map(|stored| stored.message.id);
                page.retain(|stored| stored.message.id <= range.last);
                match newest.filter(|id| *id < range.last) {
                    Some(newest) => self.left = Left::Ranges(ranges, newest),
                    None => {
                        ranges.pop();
                        self.left = Left::Ranges(ranges, BEGINNING);
                    }
                }
                Ok(Some(page))
            }
            Left::Found(mut ids) => {
                let next: Vec<MessageId> = ids.by_ref().take(PAGE).collect();
                if next.is_empty() {
                    return Ok(None);
                }
                self.left = Left::Found(ids);
                Ok(Some(self.store.by_id(self.key.clone(), next).await?))
            }
        }
    }

    async fn page(&self, after: MessageId) -> Result<Vec<Stored>, ExportError> {
        let Filter { from, to, senders, without_deleted, .. } = self.filter;
        let sender = if let [id] = senders.as_slice() { Some(*id) } else { None };
        let page = MessagePage {
            from: *from,
            to: *to,
            sender,
            has_deleted: !without_deleted,
            has_details: self.has_details,
            ..MessagePage::new(Around::After(after), PAGE)
        };
        Ok(self.store.messages(self.key.clone(), page).await?)
    }
}
