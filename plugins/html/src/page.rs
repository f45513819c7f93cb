//! Files of a thousand messages, each a page by itself, with links to the ones before and after.

use std::collections::HashMap;

use tapedeck_plugin::{
    Output,
    chats::{Chat, Topic},
};

use crate::escaped;

const STYLE: &str = include_str!("style.css");

/// The pages of one chat after the other.
#[derive(Debug)]
pub(crate) struct Pages {
    is_single: bool,
    per_page: u32,
    /// Of the export's own file, if the host told it.
    file_name: Option<String>,
    chats: u64,
    chat: Option<OfChat>,
}

#[derive(Debug)]
struct OfChat {
    title: String,
    folder: String,
    topics: HashMap<i64, String>,
    /// The first number of each page that has begun.
    firsts: Vec<i64>,
    /// On the page that is open.
    messages: u32,
    total: u64,
}

/// What became of a chat.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) pages: Vec<String>,
    pub(crate) messages: u64,
}

impl Pages {
    pub(crate) const fn new(is_single: bool, per_page: u32, file_name: Option<String>) -> Self {
        Self { is_single, per_page, file_name, chats: 0, chat: None }
    }

    pub(crate) fn begin_chat(&mut self, chat: &Chat, topics: &[Topic]) {
        self.chats += 1;
        let folder = if self.is_single { String::new() } else { format!("chats/{}/", self.chats) };
        let title = tapedeck_messages::title(chat);
        let topics = topics.iter().map(|topic| (topic.id, topic.title.clone())).collect();
        self.chat = Some(OfChat { title, folder, topics, firsts: Vec::new(), messages: 0, total: 0 });
    }

    /// Ends the last page. None if there was no chat.
    pub(crate) fn end_chat(&mut self, out: &mut Output) -> Option<Written> {
        let mut chat = self.chat.take()?;
        if chat.firsts.is_empty() {
            chat.firsts.push(0);
            let page = out.file(&chat.path(0));
            self.open(page, &chat);
            page.extend_from_slice(b"<p class=\"day\">No messages</p>\n");
        }
        let last = chat.firsts.len() - 1;
        close(out.file(&chat.path(last)), None);
        let pages = (0..=last).map(|number| chat.path(number)).collect();
        Some(Written { pages, messages: chat.total })
    }

    /// Makes room for a message; true if a page begins with it.
    pub(crate) fn next_message(&mut self, out: &mut Output, id: i64) -> bool {
        let Some(mut chat) = self.chat.take() else { return false };
        let is_new = chat.firsts.is_empty() || chat.messages >= self.per_page;
        if is_new {
            if let Some(last) = chat.firsts.len().checked_sub(1) {
                close(out.file(&chat.path(last)), Some(&name(last + 1)));
            }
            chat.firsts.push(id);
            chat.messages = 0;
            self.open(out.file(&chat.path(chat.firsts.len() - 1)), &chat);
        }
        chat.messages += 1;
        chat.total += 1;
        self.chat = Some(chat);
        is_new
    }

    /// Another message without a bubble of its own.
    pub(crate) fn joined(&mut self) {
        if let Some(chat) = &mut self.chat {
            chat.messages += 1;
            chat.total += 1;
        }
    }

    /// The page that is open.
    pub(crate) fn page<'a>(&self, out: &'a mut Output) -> &'a mut Vec<u8> {
        match &self.chat {
            Some(chat) => out.file(&chat.path(chat.firsts.len().saturating_sub(1))),
            None => out.main(),
        }
    }

    /// What leads from a page to the folder of the export.
    pub(crate) fn root(&self) -> &'static str {
        if self.is_single { "" } else { "../../" }
    }

    /// Where a message of this chat stands: on this page or on one before.
    pub(crate) fn link(&self, id: i64) -> Option<String> {
        let chat = self.chat.as_ref()?;
        let number = chat.firsts.partition_point(|&first| first <= id).checked_sub(1)?;
        let is_here = number + 1 == chat.firsts.len();
        Some(if is_here { format!("#m{id}") } else { format!("{}#m{id}", name(number)) })
    }

    pub(crate) fn topic(&self, id: i64) -> Option<&str> {
        self.chat.as_ref()?.topics.get(&id).map(String::as_str)
    }

    fn open(&self, page: &mut Vec<u8>, chat: &OfChat) {
        let number = chat.firsts.len();
        head(page, &chat.title);
        page.extend_from_slice(b"<header><div class=\"bar\">");
        if let Some(file) = &self.file_name {
            page.extend_from_slice(b"<a class=\"up\" href=\"");
            page.extend_from_slice(format!("{}{}", self.root(), tapedeck_messages::href(file)).as_bytes());
            page.extend_from_slice("\" aria-label=\"All pages\">‹</a>".as_bytes());
        }
        page.extend_from_slice(b"<h1 dir=\"auto\">");
        escaped(page, &chat.title);
        page.extend_from_slice(
            format!("</h1><span>page {number}</span></div></header>\n<main>\n<section>\n").as_bytes(),
        );
        if number > 1 {
            let before = name(number - 2);
            page.extend_from_slice(
                format!("<a class=\"turn\" href=\"{before}\">Earlier messages</a>\n").as_bytes(),
            );
        }
    }
}

impl OfChat {
    /// Of a page, counted from 0.
    fn path(&self, number: usize) -> String {
        format!("{}{}", self.folder, name(number))
    }
}

/// `messages.html`, `messages2.html`.
fn name(number: usize) -> String {
    match number {
        0 => "messages.html".to_owned(),
        number => format!("messages{}.html", number + 1),
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
