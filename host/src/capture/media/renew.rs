//! Other rules than last time: what they want now is wanted, what they give up is given up.

use super::{Chooser, FetchMedia, FetchedMedia, PAGE};
use crate::{
    archive::{FileState, FilesPage, MediaClass, Source, StoredFile, Write},
    capture::{CaptureError, page::fingerprint},
};

const NOTE: &str = "media-rules";

impl FetchMedia {
    /// Once for each change of the rules: all files are looked at.
    pub(super) async fn renew(
        &self,
        chooser: &mut Chooser,
        done: &mut FetchedMedia,
    ) -> Result<(), CaptureError> {
        let rules = fingerprint(&self.capture.section);
        let store = &self.capture.store;
        let note = store.note(self.capture.account.clone(), NOTE.to_owned()).await?;
        if note.as_ref().and_then(serde_json::Value::as_i64) == Some(rules) {
            return Ok(());
        }
        let mut page = FilesPage {
            account: Some(self.capture.account.clone()),
            chat: None,
            class: MediaClass::All,
            most_attempts: u32::MAX,
            after: 0,
            limit: PAGE,
        };
        let deletes = self.capture.section.media.skip_deletes;
        let mut removed = 0;
        loop {
            let (files, end) = store.files(page.clone()).await?;
            if files.is_empty() {
                break;
            }
            page.after = end;
            let mut writes = Vec::new();
            for file in files {
                let StoredFile { key, state, .. } = &file;
                let now = match state {
                    FileState::Skipped { .. } if chooser.objection(&self.capture, &file).await?.is_none() => {
                        FileState::Wanted
                    }
                    FileState::Held(place)
                        if deletes && chooser.is_skipped(&self.capture, key.chat).await? =>
                    {
                        self.media.unlink(place.link.clone()).await?;
                        removed += 1;
                        FileState::Skipped { why: "`capture.media.skip_deletes` has removed it".to_owned() }
                    }
                    _ => continue,
                };
                writes.push(Write::File { key: key.clone(), state: now });
            }
            self.capture.write(Source::Sweep, writes).await?;
        }
        if removed > 0 {
            done.removed = removed;
            self.capture.remove_orphans(&self.media).await?;
        }
        let note = Write::Note { name: NOTE.to_owned(), value: Some(rules.into()) };
        self.capture.write(Source::Sweep, vec![note]).await.map(drop)
    }
}
