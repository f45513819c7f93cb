//! The first page: which chats there are, and where each begins.

use tapedeck_messages::{Zone, href, number};

use crate::{
    book::{Book, Chapter},
    escaped, page,
};

/// Of an export that was made at this time.
pub(crate) fn write(out: &mut Vec<u8>, book: &Book, created: i64, zone: Zone) {
    let mut chats: Vec<(&i64, &Chapter)> = book.chats.iter().collect();
    chats.sort_by_key(|(_, chapter)| chapter.number);
    let title = match chats.as_slice() {
        [(_, chapter)] => chapter.title.as_str(),
        _ => "Chats",
    };
    page::head(out, title);
    out.extend_from_slice(b"<header><div class=\"bar\"><h1 dir=\"auto\">");
    escaped(out, title);
    let made = zone.date(created);
    let made = &made.as_str()[..10];
    out.extend_from_slice(
        format!("</h1><span>{made}</span></div></header>\n<main class=\"chats\">\n").as_bytes(),
    );
    for (id, chapter) in &chats {
        entry(out, **id, chapter, zone);
    }
    if chats.is_empty() {
        out.extend_from_slice(b"<p class=\"day\">No chats</p>\n");
    }
    out.extend_from_slice(b"</main>\n</body>\n</html>\n");
}

fn entry(out: &mut Vec<u8>, id: i64, chapter: &Chapter, zone: Zone) {
    out.extend_from_slice(
        format!("<section><a class=\"chat\" href=\"{}\">", href(&chapter.path(0))).as_bytes(),
    );
    crate::body::avatar(out, id, &chapter.title);
    out.extend_from_slice(b"<div><b dir=\"auto\">");
    escaped(out, &chapter.title);
    out.extend_from_slice(b"</b><span>");
    escaped(out, &chapter.kind);
    out.extend_from_slice(format!(" · {} messages", number(chapter.messages())).as_bytes());
    if let Some((from, to)) = chapter.dates() {
        let (from, to) = (zone.date(from), zone.date(to));
        let dates = format!(" · {} – {}", &from.as_str()[..10], &to.as_str()[..10]);
        out.extend_from_slice(dates.as_bytes());
    }
    out.extend_from_slice(b"</span></div></a>");
    if chapter.pages.len() > 1 {
        out.extend_from_slice(b"<nav>");
        for place in 0..chapter.pages.len() {
            let path = chapter.path(place);
            out.extend_from_slice(format!("<a href=\"{}\">{}</a>", href(&path), place + 1).as_bytes());
        }
        out.extend_from_slice(b"</nav>");
    }
    out.extend_from_slice(b"</section>\n");
}
