//! Files of new messages, fetched beside the listening: nobody waits for them, and what is not fetched now comes with
//! the next sweep.

use tokio::sync::mpsc;

use super::Listen;
use crate::{
    capture::{CaptureError, media::FetchMedia},
    model::{MessageId, PeerId},
};

/// Messages that may wait; the next sweep has the others.
const WAITING: usize = 1_000;

/// Which messages have come.
#[derive(Debug)]
pub(super) struct Orders(mpsc::Sender<(PeerId, MessageId)>);

pub(super) fn orders() -> (Orders, mpsc::Receiver<(PeerId, MessageId)>) {
    let (orders, ordered) = mpsc::channel(WAITING);
    (Orders(orders), ordered)
}

impl Orders {
    pub(super) fn add(&self, chat: PeerId, id: MessageId) {
        // Full, or nobody fetches: then it comes with the next sweep.
        let _ = self.0.try_send((chat, id));
    }
}

impl Listen {
    /// As long as somebody listens.
    pub(super) async fn fetch_files(&self, mut ordered: mpsc::Receiver<(PeerId, MessageId)>) {
        let Some(media) = self.media.clone() else { return std::future::pending().await };
        let fetch = FetchMedia { capture: self.capture.clone(), media, tell: self.tell.quietly() };
        while let Some((chat, id)) = ordered.recv().await {
            match fetch.of_messages(chat, vec![id]).await {
                Ok(_) | Err(CaptureError::Stopped) => {}
                Err(error) => {
                    tracing::warn!(chat.id = chat.0, message.id = id.0, %error, "Files of a new message come with the next sweep");
                }
            }
        }
        std::future::pending().await
    }
}
