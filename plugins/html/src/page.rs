//! Files of a thousand messages, each a page by itself, with links to the ones before and after.

use std::collections::{BTreeMap, HashMap, VecDeque};

use tapedeck_plugin::{
    Output,
    chats::{Chat, Topic},
};

use crate::{
    book::{Book, Chapter, Leaf, name},
    escaped,
};

const STYLE: &str = include_str!("style.css");

/// The pages of one chat after the other.
#[derive(Debug)]
pub(crate) struct Pages {
    is_single: bool,
    per_page: u64,
    /// Of the export's own file, if the host told it.
    file_name: Option<String>,
    book: Book,
    /// Of chats that are not written whole.
    anew: BTreeMap<i64, Vec<usize>>,
    chat: Option<OfChat>,
}

#[derive(Debug)]
struct OfChat {
    id: i64,
    chapter: Chapter,
    topics: HashMap<i64, String>,
    /// The page that is written to.
    open: Option<usize>,
    /// Pages of before that have to be written yet.
    anew: VecDeque<usize>,
    /// How many pages there were before.
    former: usize,
}

impl Pages {
    pub(crate) fn new(
        is_single: bool,
        per_page: u32,
        file_name: Option<String>,
        book: Book,
        anew: BTreeMap<i64, Vec<usize>>,
    ) -> Self {
        Self { is_single, per_page: per_page.into(), file_name, book, anew, chat: None }
    }

    pub(crate) fn begin_chat(&mut self, chat: &Chat, topics: &[Topic]) {
        let anew: VecDeque<usize> = self.anew.remove(&chat.id).unwrap_or_default().into();
        let count = self.book.chats.values().map(|chapter| chapter.number).max().unwrap_or(0);
        let is_single = self.is_single;
        let mut chapter = self.book.chats.remove(&chat.id).unwrap_or_else(|| {
            let folder =
                if is_single && count == 0 { String::new() } else { format!("chats/{}/", count + 1) };
            Chapter { number: count + 1, folder, ..Chapter::default() }
        });
        chapter.title = tapedeck_messages::title(chat);
        chapter.kind = chat.kind.clone();
        let former = chapter.pages.len();
        if anew.is_empty() {
            chapter.pages.clear();
        }
        let topics = topics.iter().map(|topic| (topic.id, topic.title.clone())).collect();
        self.chat = Some(OfChat { id: chat.id, chapter, topics, open: None, anew, former });
    }

    /// Ends the last page, if there was a chat.
    pub(crate) fn end_chat(&mut self, out: &mut Output) {
        let Some(mut chat) = self.chat.take() else { return };
        if chat.chapter.pages.is_empty() {
            chat.chapter.pages.push(Leaf::default());
            chat.anew.push_back(0);
        }
        chat.close(out);
        while let Some(number) = chat.anew.pop_front() {
            self.write_blank(&mut chat, number, out);
        }
        // Their files stay where they are, but not what was on them.
        for number in chat.chapter.pages.len()..chat.former {
            self.blank(&mut chat, number, out);
        }
        self.book.chats.insert(chat.id, chat.chapter);
    }

    /// Makes room for a message; true if another page begins with it.
    pub(crate) fn next_message(&mut self, out: &mut Output, id: i64, date: i64) -> bool {
        let Some(mut chat) = self.chat.take() else { return false };
        let is_new = self.turn(&mut chat, out, id);
        if let Some(page) = chat.page() {
            page.messages += 1;
            page.saw(date);
        }
        self.chat = Some(chat);
        is_new
    }

    fn turn(&self, chat: &mut OfChat, out: &mut Output, id: i64) -> bool {
        let pages = &mut chat.chapter.pages;
        // What is older than all that was there before goes onto the first page.
        let mut number = pages.partition_point(|page| page.first <= id).saturating_sub(1);
        let is_last = number + 1 >= pages.len();
        let is_open = chat.open == Some(number);
        let is_full =
            is_open && is_last && pages.get(number).is_some_and(|page| page.messages >= self.per_page);
        if pages.is_empty() || is_full {
            pages.push(Leaf { first: id, ..Leaf::default() });
            number = pages.len() - 1;
        } else if is_open {
            return false;
        }
        chat.close(out);
        while let Some(blank) = chat.anew.pop_front_if(|next| *next < number) {
            self.write_blank(chat, blank, out);
        }
        chat.anew.retain(|next| *next != number);
        self.open(chat, number, out);
        let page = &mut chat.chapter.pages[number];
        *page = Leaf { first: page.first.min(id), ..Leaf::default() };
        true
    }

    /// Another message without a bubble of its own.
    pub(crate) fn joined(&mut self) {
        if let Some(page) = self.chat.as_mut().and_then(OfChat::page) {
            page.messages += 1;
        }
    }

    /// The page that is open.
    pub(crate) fn page<'a>(&self, out: &'a mut Output) -> &'a mut Vec<u8> {
        match self.chat.as_ref().and_then(|chat| Some((chat, chat.open?))) {
            Some((chat, number)) => out.file(&chat.chapter.path(number)),
            None => out.main(),
        }
    }

    /// What leads from a page to the folder of the export.
    pub(crate) fn root(&self) -> &'static str {
        self.chat.as_ref().map_or("", |chat| chat.chapter.root())
    }

    /// Where a message of this chat stands: on this page or on one before.
    pub(crate) fn link(&self, id: i64) -> Option<String> {
        let chat = self.chat.as_ref()?;
        let number = chat.chapter.pages.partition_point(|page| page.first <= id).checked_sub(1)?;
        let is_here = chat.open == Some(number);
        Some(if is_here { format!("#m{id}") } else { format!("{}#m{id}", name(number)) })
    }

    pub(crate) fn topic(&self, id: i64) -> Option<&str> {
        self.chat.as_ref()?.topics.get(&id).map(String::as_str)
    }

    /// All chats that were written, now and before.
    pub(crate) const fn book(&self) -> &Book {
        &self.book
    }

    /// A page whose messages are gone.
    fn write_blank(&self, chat: &mut OfChat, number: usize, out: &mut Output) {
        let first = chat.chapter.pages[number].first;
        chat.chapter.pages[number] = Leaf { first, ..Leaf::default() };
        self.blank(chat, number, out);
    }

    fn blank(&self, chat: &mut OfChat, number: usize, out: &mut Output) {
        self.open(chat, number, out);
        out.file(&chat.chapter.path(number)).extend_from_slice(b"<p class=\"day\">No messages</p>\n");
        chat.close(out);
    }

    fn open(&self, chat: &mut OfChat, number: usize, out: &mut Output) {
        chat.open = Some(number);
        let chapter = &chat.chapter;
        let page = out.file(&chapter.path(number));
        head(page, &chapter.title);
        page.extend_from_slice(b"<header><div class=\"bar\">");
        if let Some(file) = &self.file_name {
            page.extend_from_slice(b"<a class=\"up\" href=\"");
            page.extend_from_slice(format!("{}{}", chapter.root(), tapedeck_messages::href(file)).as_bytes());
            page.extend_from_slice("\" aria-label=\"All pages\">‹</a>".as_bytes());
        }
        page.extend_from_slice(b"<h1 dir=\"auto\">");
        escaped(page, &chapter.title);
        page.extend_from_slice(
            format!("</h1><span>page {}</span></div></header>\n<main>\n<section>\n", number + 1).as_bytes(),
        );
        if number > 0 {
            let before = name(number - 1);
            page.extend_from_slice(
                format!("<a class=\"turn\" href=\"{before}\">Earlier messages</a>\n").as_bytes(),
            );
        }
    }
}

impl OfChat {
    fn page(&mut self) -> Option<&mut Leaf> {
        self.chapter.pages.get_mut(self.open?)
    }

    /// Ends the page that is open, if one is.
    fn close(&mut self, out: &mut Output) {
        let Some(number) = self.open.take() else { return };
        let next = (number + 1 < self.chapter.pages.len()).then(|| name(number + 1));
        close(out.file(&self.chapter.path(number)), next.as_deref());
    }
}

impl Chapter {
    fn root(&self) -> &'static str {
        if self.folder.is_empty() { "" } else { "../../" }
    }
}

pub(crate) fn head(page: &mut Vec<u8>, title: &str) {
    page.extend_from_slice(
        b"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
          <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
          <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
          <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' file: data:; \
          media-src 'self' file:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n<title>",
    );
    escaped(page, title);
    page.extend_from_slice(b"</title>\n<style>\n");
    page.extend_from_slice(STYLE.as_bytes());
    page.extend_from_slice(b"</style>\n</head>\n<body>\n");
}

fn close(page: &mut Vec<u8>, next: Option<&str>) {
    page.extend_from_slice(b"</section>\n");
    if let Some(next) = next {
        page.extend_from_slice(format!("<a class=\"turn\" href=\"{next}\">Later messages</a>\n").as_bytes());
    }
    page.extend_from_slice(b"</main>\n</body>\n</html>\n");
}
