//! What is written, in whose name.

use crate::{
    archive::{Batch, ChatKey, Source, Write, Written},
    capture::{Capture, CaptureError},
    model::PeerId,
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

/// What several batches came to.
pub(super) fn add(sum: &mut Written, one: &Written) {
    sum.new += one.new;
    sum.changed += one.changed;
    sum.unchanged += one.unchanged;
    sum.refused += one.refused;
    sum.deleted += one.deleted;
    sum.sequence = sum.sequence.max(one.sequence);
}
