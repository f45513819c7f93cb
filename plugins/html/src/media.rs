//! Media as the browser shows them, by paths beside the page.

use tapedeck_messages::{
    File, Files, Media, Place, Poll, WebPage, bytes, clock, describe, href, is_harmless, song,
};
use tapedeck_plugin::Message;

use crate::escaped;

pub(crate) fn write(out: &mut Vec<u8>, media: &Media, message: &Message<'_>, root: &str) {
    let detail = &media.detail;
    match media.kind.as_str() {
        "web-page" => {
            if let Some(page) = &detail.web_page {
                preview(out, page);
            }
            return;
        }
        "poll" => {
            if let Some(it) = &detail.poll {
                poll(out, it);
            }
            return;
        }
        "contact" => {
            if let Some(contact) = &detail.contact {
                card(out, "👤", &contact.name(), &contact.phone, None);
            }
            return;
        }
        "place" | "live-place" | "venue" => {
            if let Some(place) = &detail.place {
                let (title, below) = match &place.venue {
                    Some(venue) => (venue.title.clone(), venue.address.clone()),
                    None => ("Place".to_owned(), format!("{}, {}", place.latitude, place.longitude)),
                };
                card(out, "📍", &title, &below, Some(&place.link()));
            }
            return;
        }
        "dice" => {
            if let Some(dice) = &detail.dice {
                out.extend_from_slice(b"<div class=\"big\">");
                escaped(out, &dice.emoji);
                out.extend_from_slice(format!(" {}</div>", dice.value).as_bytes());
            }
            return;
        }
        _ => {}
    }
    let files = Files::of(message);
    let mut is_shown = false;
    for file in media.file.iter().chain(media.more_files.iter().filter(|_| media.kind == "paid")) {
        one(out, media, file, &files, root);
        is_shown = true;
    }
    if !is_shown {
        card(out, "📎", &describe(media), "", None);
    }
}

fn one(out: &mut Vec<u8>, media: &Media, file: &File, files: &Files, root: &str) {
    let path = match files.place(file.id) {
        Place::At(path) => format!("{root}{}", href(path)),
        Place::Missing(_, why) => return card(out, icon(&media.kind), &describe(media), why, None),
    };
    let path = path.as_str();
    let spoiler = if media.is_spoiler { " spoiler\" tabindex=\"0" } else { "" };
    let kind = media.kind.as_str();
    let is_film = file.mime.starts_with("video/");
    let is_picture = kind == "photo"
        || kind == "paid" && !is_film
        || kind == "sticker" && !is_film && !file.mime.contains("tgs");
    let class = match kind {
        "sticker" => "sticker",
        "video-note" => "round",
        _ => "picture",
    };
    match kind {
        _ if is_picture => {
            out.extend_from_slice(format!("<a class=\"{class}{spoiler}\" href=\"{path}\"><img loading=\"lazy\" src=\"{path}\"{} alt=\"", size(file)).as_bytes());
            escaped(out, &describe(media));
            out.extend_from_slice(b"\"></a>");
        }
        "animation" | "sticker" if is_film => {
            let film = format!(
                "<div class=\"{class}{spoiler}\"><video src=\"{path}\"{} autoplay loop muted playsinline></video></div>",
                size(file)
            );
            out.extend_from_slice(film.as_bytes());
        }
        "video" | "video-note" | "paid" => {
            let film = format!(
                "<div class=\"{class}{spoiler}\"><video src=\"{path}\"{} controls preload=\"metadata\"></video></div>",
                size(file)
            );
            out.extend_from_slice(film.as_bytes());
        }
        "voice" | "audio" => {
            out.extend_from_slice(b"<div class=\"sound\"><b dir=\"auto\">");
            escaped(out, &if kind == "audio" { song(file) } else { "Voice message".to_owned() });
            let length = clock(file.seconds().unwrap_or(0).unsigned_abs());
            out.extend_from_slice(
                format!(
                    "</b> <span>{length}</span><audio src=\"{path}\" controls preload=\"none\"></audio></div>"
                )
                .as_bytes(),
            );
        }
        _ => {
            let name = file.name.as_deref().filter(|it| !it.is_empty()).unwrap_or("File");
            card(out, icon(kind), name, &bytes(file.size_bytes.unsigned_abs()), Some(path));
        }
    }
}

/// So that nothing jumps while pictures are loaded.
fn size(file: &File) -> String {
    match file.pixels() {
        Some(it) if it.width > 0 && it.height > 0 => {
            format!(" width=\"{}\" height=\"{}\"", it.width, it.height)
        }
        _ => String::new(),
    }
}

fn icon(kind: &str) -> &'static str {
    match kind {
        "photo" => "🖼",
        "video" | "video-note" | "animation" => "🎞",
        "voice" => "🎤",
        "audio" => "🎵",
        "sticker" => "🙂",
        _ => "📄",
    }
}

fn card(out: &mut Vec<u8>, icon: &str, title: &str, below: &str, link: Option<&str>) {
    match link {
        Some(link) => {
            out.extend_from_slice(b"<a class=\"card\" target=\"_blank\" rel=\"noopener noreferrer\" href=\"");
            escaped(out, link);
            out.extend_from_slice(b"\">");
        }
        None => out.extend_from_slice(b"<div class=\"card\">"),
    }
    out.extend_from_slice(
        format!("<span class=\"icon\" aria-hidden=\"true\">{icon}</span><span><b dir=\"auto\">").as_bytes(),
    );
    escaped(out, title);
    out.extend_from_slice(b"</b><small dir=\"auto\">");
    escaped(out, below);
    out.extend_from_slice(b"</small></span>");
    out.extend_from_slice(if link.is_some() { b"</a>" } else { b"</div>" });
}

fn preview(out: &mut Vec<u8>, page: &WebPage) {
    let lines = [&page.site, &page.title, &page.description].map(|it| it.as_deref().unwrap_or_default());
    if lines.iter().all(|line| line.is_empty()) {
        return;
    }
    let is_link = is_harmless(&page.url);
    if is_link {
        out.extend_from_slice(
            b"<a class=\"page\" target=\"_blank\" rel=\"noopener noreferrer nofollow\" href=\"",
        );
        escaped(out, &page.url);
        out.extend_from_slice(b"\">");
    } else {
        out.extend_from_slice(b"<div class=\"page\">");
    }
    for (tag, line) in ["small", "b", "span"].into_iter().zip(lines) {
        if !line.is_empty() {
            out.extend_from_slice(format!("<{tag} dir=\"auto\">").as_bytes());
            escaped(out, &line.chars().take(300).collect::<String>());
            out.extend_from_slice(format!("</{tag}>").as_bytes());
        }
    }
    out.extend_from_slice(if is_link { b"</a>".as_slice() } else { b"</div>" });
}

fn poll(out: &mut Vec<u8>, poll: &Poll) {
    out.extend_from_slice(b"<div class=\"poll\"><b dir=\"auto\">");
    escaped(out, &poll.question.text);
    let kind = match (poll.is_quiz, poll.is_closed) {
        (true, _) => "Quiz",
        (false, true) => "Final results",
        (false, false) => "Poll",
    };
    out.extend_from_slice(format!("</b><small>{kind}</small>").as_bytes());
    for answer in &poll.answers {
        let votes = poll.votes(answer);
        let voters = votes.and_then(|votes| votes.voters).unwrap_or(0);
        let share = if poll.total() > 0 { (voters * 100 / poll.total()).clamp(0, 100) } else { 0 };
        let sign = match votes {
            Some(it) if it.is_correct => " ✓",
            Some(it) if it.is_chosen => " ●",
            _ => "",
        };
        out.extend_from_slice(format!("<div><span>{share}%</span><span dir=\"auto\">").as_bytes());
        escaped(out, &answer.text.text);
        out.extend_from_slice(format!("{sign}</span><i style=\"width:{share}%\"></i></div>").as_bytes());
    }
    out.extend_from_slice(format!("<small>{} votes</small></div>", poll.total()).as_bytes());
}
