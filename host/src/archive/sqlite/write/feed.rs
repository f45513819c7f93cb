//! What the change feed tells of a batch: a line for each stretch of ids, not for each message.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use crate::{
    archive::{ChangeKind, Source, StoreError},
    model::{MessageId, PeerId},
};

/// Ids that are no further apart stand in one line.
const NEAR: i64 = 256;

#[derive(Debug, Default)]
pub(super) struct Feed(BTreeMap<(PeerId, &'static str), Lines>);

#[derive(Debug, Default)]
struct Lines {
    ids: Vec<i32>,
    /// Of the chat as a whole.
    is_whole: bool,
}

impl Feed {
    pub(super) fn message(&mut self, chat: PeerId, kind: ChangeKind, id: MessageId) {
        self.0.entry((chat, name(kind))).or_default().ids.push(id.0);
    }

    pub(super) fn chat(&mut self, chat: PeerId, kind: ChangeKind) {
        self.0.entry((chat, name(kind))).or_default().is_whole = true;
    }

    pub(super) fn save(
        self,
        db: &Connection,
        account: i64,
        source: Source,
        at: i64,
    ) -> Result<(), StoreError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut insert = db.prepare_cached(
            "insert into changes (account, chat, kind, first, last, source, at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let source = source_name(source);
        for ((chat, kind), Lines { mut ids, is_whole }) in self.0 {
            if is_whole {
                insert.execute(params![account, chat.0, kind, None::<i32>, None::<i32>, source, at])?;
            }
            ids.sort_unstable();
            for line in ids.chunk_by(|a, b| i64::from(*b) - i64::from(*a) <= NEAR) {
                insert.execute(params![account, chat.0, kind, line[0], line[line.len() - 1], source, at])?;
            }
        }
        Ok(())
    }
}

const KINDS: [(ChangeKind, &str); 10] = [
    (ChangeKind::New, "new"),
    (ChangeKind::Edited, "edited"),
    (ChangeKind::Deleted, "deleted"),
    (ChangeKind::Undeleted, "undeleted"),
    (ChangeKind::Pinned, "pinned"),
    (ChangeKind::Reactions, "reactions"),
    (ChangeKind::Touched, "touched"),
    (ChangeKind::Chat, "chat"),
    (ChangeKind::File, "file"),
    (ChangeKind::Removed, "removed"),
];

const SOURCES: [(Source, &str); 7] = [
    (Source::Sweep, "sweep"),
    (Source::Live, "live"),
    (Source::Fill, "fill"),
    (Source::Recheck, "recheck"),
    (Source::Api, "api"),
    (Source::Import, "import"),
    (Source::Merge, "merge"),
];

fn name(kind: ChangeKind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("touched", |(_, name)| *name)
}

fn source_name(source: Source) -> &'static str {
    SOURCES.iter().find(|(known, _)| *known == source).map_or("sweep", |(_, name)| *name)
}

pub(in crate::archive::sqlite) fn kind_of(name: &str) -> Option<ChangeKind> {
    KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
}

pub(in crate::archive::sqlite) fn source_of(name: &str) -> Option<Source> {
    SOURCES.iter().find(|(_, known)| *known == name).map(|(source, _)| *source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_json() {
        for (kind, name) in KINDS {
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
        }
        for (source, name) in SOURCES {
            assert_eq!(serde_json::to_value(source).unwrap(), name);
        }
    }
}
