//! The first page: which chats there are, and where each begins.

use tapedeck_messages::{Zone, href, number};
use tapedeck_plugin::chats::Chat;

use crate::{escaped, page};

#[derive(Debug)]
pub(crate) struct Overview {
    created: i64,
    chats: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    title: String,
    id: i64,
    kind: String,
    dates: Option<(i64, i64)>,
    written: Option<page::Written>,
}

impl Overview {
    pub(crate) const fn new(created: i64) -> Self {
        Self { created, chats: Vec::new() }
    }

    pub(crate) fn begin_chat(&mut self, chat: &Chat) {
        let title = if chat.title.is_empty() { chat.id.to_string() } else { chat.title.clone() };
        self.chats.push(Entry { title, id: chat.id, kind: chat.kind.clone(), dates: None, written: None });
    }

    pub(crate) fn saw(&mut self, date: i64) {
        if let Some(chat) = self.chats.last_mut() {
            let (first, last) = chat.dates.unwrap_or((date, date));
            chat.dates = Some((first.min(date), last.max(date)));
        }
    }

    pub(crate) fn end_chat(&mut self, written: page::Written) {
        if let Some(chat) = self.chats.last_mut() {
            chat.written = Some(written);
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>, zone: Zone) {
        let title = match self.chats.as_slice() {
            [chat] => chat.title.as_str(),
            _ => "Chats",
        };
        page::head(out, title);
        out.extend_from_slice(b"<header><div class=\"bar\"><h1 dir=\"auto\">");
        escaped(out, title);
        let made = zone.date(self.created);
        let made = &made.as_str()[..10];
        out.extend_from_slice(
            format!("</h1><span>{made}</span></div></header>\n<main class=\"chats\">\n").as_bytes(),
        );
        for chat in &self.chats {
            chat.write(out, zone);
        }
        if self.chats.is_empty() {
            out.extend_from_slice(b"<p class=\"day\">No chats</p>\n");
        }
        out.extend_from_slice(b"</main>\n</body>\n</html>\n");
    }
}

impl Entry {
    fn write(&self, out: &mut Vec<u8>, zone: Zone) {
        let Some(written) = &self.written else { return };
        let first = written.pages.first().map(String::as_str).unwrap_or_default();
        out.extend_from_slice(format!("<section><a class=\"chat\" href=\"{}\">", href(first)).as_bytes());
        crate::body::avatar(out, self.id, &self.title);
        out.extend_from_slice(b"<div><b dir=\"auto\">");
        escaped(out, &self.title);
        out.extend_from_slice(b"</b><span>");
        escaped(out, &self.kind);
        out.extend_from_slice(format!(" · {} messages", number(written.messages)).as_bytes());
        if let Some((from, to)) = self.dates {
            let (from, to) = (zone.date(from), zone.date(to));
            let dates = format!(" · {} – {}", &from.as_str()[..10], &to.as_str()[..10]);
            out.extend_from_slice(dates.as_bytes());
        }
        out.extend_from_slice(b"</span></div></a>");
        if written.pages.len() > 1 {
            out.extend_from_slice(b"<nav>");
            for (place, path) in written.pages.iter().enumerate() {
                out.extend_from_slice(format!("<a href=\"{}\">{}</a>", href(path), place + 1).as_bytes());
            }
            out.extend_from_slice(b"</nav>");
        }
        out.extend_from_slice(b"</section>\n");
    }
}
