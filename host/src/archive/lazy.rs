//! The archive as the parts of the daemon hold it: opened by the first who needs it.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::store::{SharedStore, StoreError};

type IsThere = Box<dyn Fn() -> bool + Send + Sync>;
type Open = Box<dyn Fn() -> BoxFuture<'static, Result<SharedStore, StoreError>> + Send + Sync>;

/// Cheap to clone: all clones share one store.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

struct Inner {
    is_there: IsThere,
    open: Open,
    store: OnceCell<SharedStore>,
}

impl Archive {
    /// `is_there` says whether something has been archived already; `open` opens it, and makes it when it is not there.
    pub fn new(
        is_there: impl Fn() -> bool + Send + Sync + 'static,
        open: impl Fn() -> BoxFuture<'static, Result<SharedStore, StoreError>> + Send + Sync + 'static,
    ) -> Self {
        let (is_there, open) = (Box::new(is_there), Box::new(open));
        Self(Arc::new(Inner { is_there, open, store: OnceCell::new() }))
    }

    /// For those who write. What could not be opened is tried again by the next one who asks.
    pub async fn store(&self) -> Result<SharedStore, StoreError> {
        self.0.store.get_or_try_init(|| (self.0.open)()).await.cloned()
    }

    /// For those who only look: where nothing was archived yet, they make no archive.
    pub async fn existing(&self) -> Result<Option<SharedStore>, StoreError> {
        if self.0.store.initialized() || (self.0.is_there)() {
            return self.store().await.map(Some);
        }
        Ok(None)
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Archive").field(&self.0.store.get()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn looking_makes_no_archive() {
        let archive = Archive::new(|| false, || panic!("nobody has asked to write"));
        assert!(archive.existing().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_could_not_be_opened_is_tried_again() {
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = tries.clone();
        let archive = Archive::new(
            || true,
            move || {
                counted.fetch_add(1, Ordering::Relaxed);
                Box::pin(async { Err(StoreError::Unavailable { reason: "the disk is full".into() }) })
            },
        );
        assert!(archive.existing().await.is_err());
        assert!(archive.store().await.is_err());
        assert_eq!(tries.load(Ordering::Relaxed), 2);
    }
}
