//! Reads a list of messages page by page, several pages ahead where it is long.

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesOrdered};
use grammers_tl_types::{
    enums::InputPeer,
    functions::messages::{GetHistory, GetReplies, Search},
};

use super::{
    page::{Page, page, readable_page},
    window::{Window, Windowed},
};
use crate::telegram::{Client, Error};

const PAGE: i32 = 100;

/// All of a chat.
pub fn history(client: &Client, peer: InputPeer) -> Reader<GetHistory> {
    let blank = GetHistory {
        peer,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 0,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    Reader::new(client, blank)
}

/// The thread under a message; for a topic of a forum, its first message.
pub fn replies(client: &Client, peer: InputPeer, msg_id: i32) -> Reader<GetReplies> {
    let blank = GetReplies {
        peer,
        msg_id,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 0,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    Reader::new(client, blank)
}

/// What a search finds; begin with [`super::blank_search`].
pub fn search(client: &Client, search: Search) -> Reader<Search> {
    Reader::new(client, search)
}

/// The pinned messages of a chat.
pub fn pinned(client: &Client, peer: InputPeer) -> Reader<Search> {
    let filter = grammers_tl_types::enums::MessagesFilter::InputMessagesFilterPinned;
    Reader::new(client, Search { filter, ..super::blank_search(peer) })
}

/// A page and where it joins the others, when its answer has come.
type Landed = (Joint, Result<Option<Page>, Error>);

/// Gives pages from newest to oldest, or with [`Reader::after`] from oldest to newest. Within a
/// page the newest comes first, as Telegram has it.
pub struct Reader<C> {
    client: Client,
    call: C,
    page_size: i32,
    ahead: usize,
    min_id: i32,
    is_forward: bool,
    is_over: bool,
    /// Everything up to this one has been given; 0 before the first page.
    last_id: i32,
    /// How many are left, where Telegram says so.
    left: Option<i32>,
    flying: FuturesOrdered<BoxFuture<'static, Landed>>,
    /// How many messages below the last given one are asked for.
    covered: i32,
}

impl<C: Windowed> Reader<C> {
    fn new(client: &Client, call: C) -> Self {
        Self {
            client: client.clone(),
            call,
            page_size: PAGE,
            ahead: 1,
            min_id: 0,
            is_forward: false,
            is_over: false,
            last_id: 0,
            left: None,
            flying: FuturesOrdered::new(),
            covered: 0,
        }
    }

    /// Begins below this message instead of with the newest.
    pub fn below(self, id: i32) -> Self {
        Self { last_id: id, ..self }
    }

    /// Ends above this message.
    pub fn down_to(self, id: i32) -> Self {
        Self { min_id: id, ..self }
    }

    /// Reads upwards: what is newer than this message, the oldest first.
    pub fn after(self, id: i32) -> Self {
        Self { is_forward: true, last_id: id, ..self }
    }

    /// Asks for this many pages before the first is there. Of use in long lists on slow lines.
    pub fn ahead(self, pages: usize) -> Self {
        Self { ahead: pages.max(1), ..self }
    }

    pub fn page_size(self, messages: i32) -> Self {
        Self { page_size: messages.clamp(2, PAGE), ..self }
    }

    /// Every message that was there before has been given up to this one.
    pub fn position(&self) -> i32 {
        self.last_id
    }

    /// `None` at the end. After an error the same page is asked for again.
    pub async fn next_page(&mut self) -> Result<Option<Page>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let page = if self.is_forward { self.next_newer().await? } else { self.next_older().await? };
        self.is_over = page.is_none();
        Ok(page)
    }

    async fn next_newer(&mut self) -> Result<Option<Page>, Error> {
        let after = self.last_id;
        let window = Window {
            offset_id: after.saturating_add(1),
            add_offset: -self.page_size,
            min_id: after,
            ..Window::of(self.page_size)
        };
        let mut page = page(&self.client, &self.call.with(window)).await?;
        page.keep(|id| id > after);
        let Some(newest) = page.ids().first().copied() else { return Ok(None) };
        self.last_id = newest;
        Ok(Some(page))
    }

    async fn next_older(&mut self) -> Result<Option<Page>, Error> {
        loop {
            if self.last_id == 1
                || (self.min_id > 0 && self.last_id == self.min_id + 1)
                || self.left == Some(0)
            {
                return Ok(None);
            }
            if self.flying.is_empty() {
                self.covered = 0;
                self.ask(Window { offset_id: self.last_id, ..self.window() }, Joint::Below);
            }
            self.ask_ahead();
            let Some((joint, answer)) = self.flying.next().await else { return Ok(None) };
            let page = answer.inspect_err(|_| self.flying.clear())?;
            let is_joined = |page: &Page| joint == Joint::Below || page.ids().first() == Some(&self.last_id);
            let Some(mut page) = page.filter(is_joined) else {
                // Something was deleted meanwhile, and the places have moved; or it cannot be read, and has to be asked
                // for in parts.
                self.flying.clear();
                continue;
            };
            self.covered -= self.fresh(joint);
            let (last_id, min_id) = (self.last_id, self.min_id);
            self.left = self.left_after(&page);
            page.keep(|id| (last_id == 0 || id < last_id) && id > min_id);
            let Some(oldest) = page.ids().last().copied() else {
                self.flying.clear();
                return Ok(None);
            };
            self.last_id = oldest;
            self.ask_ahead();
            return Ok(Some(page));
        }
    }

    /// Asks for pages that follow those in flight, each beginning with the last message of the one
    /// before, so that nothing can be missed between them.
    fn ask_ahead(&mut self) {
        // From the newest message places move when one arrives.
        while self.last_id != 0
            && self.flying.len() < self.ahead
            && self.left.is_some_and(|left| left > self.covered)
        {
            let window = Window { offset_id: self.last_id, add_offset: self.covered - 1, ..self.window() };
            self.ask(window, Joint::Overlap);
        }
    }

    fn ask(&mut self, window: Window, joint: Joint) {
        self.covered += self.fresh(joint);
        let (client, call) = (self.client.clone(), self.call.with(window));
        self.flying.push_back(Box::pin(async move {
            let page = match joint {
                Joint::Below => page(&client, &call).await.map(Some),
                Joint::Overlap => readable_page(&client, &call).await,
            };
            (joint, page)
        }));
    }

    /// How many messages a full page brings that the one before has not.
    fn fresh(&self, joint: Joint) -> i32 {
        match joint {
            Joint::Below => self.page_size,
            Joint::Overlap => self.page_size - 1,
        }
    }

    fn left_after(&self, page: &Page) -> Option<i32> {
        let length = i32::try_from(page.ids().len()).ok()?;
        // Said to be all there is: only believed when there was room for more.
        let is_all = page.newer == Some(0) && page.total == Some(length);
        if is_all && length >= self.page_size {
            return None;
        }
        Some(page.total?.saturating_sub(page.newer?).saturating_sub(length).max(0))
    }

    fn window(&self) -> Window {
        Window { min_id: self.min_id, ..Window::of(self.page_size) }
    }
}

/// How a page in flight meets the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joint {
    /// It begins below the last message.
    Below,
    /// It begins with the last message, and is wrong when it does not.
    Overlap,
}
