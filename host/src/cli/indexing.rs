//! What a command has written is found by search when it ends, with and without a daemon beside it.

use indicatif::{ProgressBar, ProgressStyle};

use super::Context;
use crate::archive::{Store, StoreError, Turns};

/// Messages that search learns of at a time.
const STEP: usize = 5_000;

/// Ctrl-C ends it early: what is left, a daemon learns of later.
pub(super) async fn index(store: &dyn Store, context: &Context) -> Result<(), StoreError> {
    let bar = if context.output.is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{spinner} {msg}").expect("the template is well-formed"));
    tokio::select! {
        outcome = index_all(store, &bar) => outcome?,
        _ = tokio::signal::ctrl_c() => {}
    }
    bar.finish_and_clear();
    Ok(())
}

async fn index_all(store: &dyn Store, bar: &ProgressBar) -> Result<(), StoreError> {
    let mut turns = Turns::begin();
    loop {
        let indexed = store.index(STEP).await?;
        if indexed.left == 0 || indexed.messages == 0 {
            return Ok(());
        }
        bar.set_message(format!("{} messages are left that search does not know yet", indexed.left));
        bar.tick();
        turns.let_others_in().await;
    }
}
