//! What is written, in whose name.

use crate::{
    archive::{Batch, ChatKey, SharedStore, Source, StoreError, Write, Written},
    capture::{Capture, CaptureError},
    model::{MessageId, PeerId},
};

impl Capture {
    pub(super) fn key(&self, chat: PeerId) -> ChatKey {
        ChatKey { account: self.account.clone(), chat }
    }

    pub(super) async fn write(&self, source: Source, writes: Vec<Write>) -> Result<Written, CaptureError> {
        if writes.is_empty() {
            return Ok(Written::default());
        }
        let batch = Batch { writes, ..Batch::new(self.account.clone(), source, self.clock.now()) };
        Ok(self.store.write(batch).await?)
    }
}

/// Whether the sweep has read what stood there. A message that is not here all the same was pruned, deleted for good or left
/// out: whoever tells of it later does not bring it back. One that lies in a gap is only missing.
pub(super) async fn was_read(store: &SharedStore, key: ChatKey, id: MessageId) -> Result<bool, StoreError> {
    let sync = store.sync(key).await?;
    Ok(sync.cursor >= Some(id) && sync.coverage.contains(id))
}

/// What several batches came to.
pub(super) fn add(sum: &mut Written, one: &Written) {
    sum.new += one.new;
    sum.changed += one.changed;
    sum.unchanged += one.unchanged;
    sum.refused += one.refused;
    sum.deleted += one.deleted;
    sum.removed_files += one.removed_files;
    sum.removed_bytes += one.removed_bytes;
    sum.sequence = sum.sequence.max(one.sequence);
}
