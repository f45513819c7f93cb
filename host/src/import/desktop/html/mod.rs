//! `messages.html`, `messages2.html` and so on: a thousand messages each, for people to read.
//!
//! It knows less than `result.json`: no ids of people, no kinds of chats. What it says and we do not understand stays
//! as text in `extra`.

mod message;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use std::{
    fs,
    path::{Path, PathBuf},
};

use message::{Page, Read};

use crate::{
    import::{
        blank,
        error::ImportError,
        folder::Folder,
        source::{Asked, Source, Told, Unreadable},
    },
    model::{BarePeer, ChatKind, PeerId},
};

/// A thousand messages of the greatest length are a few MiB.
const LONGEST_PAGE: u64 = 64 << 20;

#[derive(Debug)]
pub(in crate::import) struct HtmlExport {
    files: Vec<PathBuf>,
    folder: Folder,
    chat: PeerId,
    asked: Asked,
}

impl HtmlExport {
    /// `path` is the folder of one chat, or a file in it.
    pub(in crate::import) fn open(path: &Path, asked: Asked) -> Result<Self, ImportError> {
        let root = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        let folder = Folder::open(root)?;
        let files = pages(root)?;
        if files.is_empty() {
            let reason =
                "it has no messages.html; name the folder of one chat, such as chats/chat_001".into();
            return Err(ImportError::Unknown { path: path.to_owned(), reason });
        }
        let needed =
            || ImportError::Needed { path: path.to_owned(), what: "which chat it is", option: "--chat" };
        let chat = asked.chat.ok_or_else(needed)?;
        Ok(Self { files, folder, chat, asked })
    }

    pub(in crate::import) fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

/// In the order of their numbers.
fn pages(root: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let cannot = |error| ImportError::open(root, error);
    let mut pages = Vec::new();
    for entry in fs::read_dir(root).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let number = name.strip_prefix("messages").and_then(|name| name.strip_suffix(".html"));
        let number =
            number.and_then(|digits| if digits.is_empty() { Some(1) } else { digits.parse::<u32>().ok() });
        // A link could lead anywhere.
        let is_file = fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_file());
        pages.extend(number.filter(|_| is_file).map(|number| (number, path)));
    }
    pages.sort();
    Ok(pages.into_iter().map(|(_, path)| path).collect())
}

impl Source for HtmlExport {
    fn read(&mut self, hear: &mut dyn FnMut(Told) -> Result<(), ImportError>) -> Result<(), ImportError> {
        for file in &self.files {
            self.asked
                .meter
                .expect(fs::metadata(file).map_err(|error| ImportError::open(file, error))?.len());
        }
        let kind = match self.chat.bare() {
            BarePeer::User(_) => ChatKind::Private,
            BarePeer::Group(_) => ChatKind::Group,
            BarePeer::Channel(_) => ChatKind::Supergroup,
        };
        let mut page = Page {
            chat: self.chat,
            kind,
            folder: &self.folder,
            timezone: self.asked.timezone.as_ref(),
            last_name: None,
            last_date: None,
        };
        for (number, file) in self.files.iter().enumerate() {
            let html = load(file)?;
            let broken =
                |it: tree::Broken| ImportError::damaged(file, format!("line {}", it.line), it.reason);
            let tree = tree::parse(&html).map_err(broken)?;
            if number == 0 {
                let title = tree.find_class("page_header").map(tree::Element::words).unwrap_or_default();
                hear(Told::Chat(Box::new(blank::chat(self.chat, kind, &title))))?;
            }
            tell(&tree, &mut page, file, hear)?;
            self.asked.meter.advance(html.len() as u64);
        }
        Ok(())
    }
}

fn load(file: &Path) -> Result<String, ImportError> {
    let cannot = |error| ImportError::open(file, error);
    if fs::metadata(file).map_err(cannot)?.len() > LONGEST_PAGE {
        return Err(ImportError::damaged(file, "its end", "a page is longer than 64 MiB"));
    }
    let bytes = fs::read(file).map_err(cannot)?;
    String::from_utf8(bytes).map_err(|error| {
        ImportError::damaged(file, format!("byte {}", error.utf8_error().valid_up_to()), "it is no UTF-8")
    })
}

fn tell(
    tree: &tree::Element,
    page: &mut Page<'_>,
    file: &Path,
    hear: &mut dyn FnMut(Told) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let Some(history) = tree.find_class("history") else {
        return Err(ImportError::damaged(file, "its start", "there is no history in it"));
    };
    for element in history.elements().filter(|it| it.has_class("message")) {
        match page.read(element) {
            Read::Message(told) => hear(Told::Message(told))?,
            Read::Nothing => {}
            Read::Unreadable(reason) => {
                let id =
                    element.attribute("id").unwrap_or("without an id").chars().take(30).collect::<String>();
                hear(Told::Unreadable(Unreadable { place: format!("{}: {id}", file.display()), reason }))?;
            }
            Read::NoTimezone => {
                let path = file.to_owned();
                return Err(ImportError::Needed {
                    path,
                    what: "in which zone its dates are",
                    option: "--timezone",
                });
            }
        }
    }
    Ok(())
}
