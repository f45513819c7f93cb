//! The chat that somebody names.

use crate::{
    archive::{SharedStore, StoredChat},
    cli::{Exit, Failure},
    export::{self, ExportError},
    model::AccountName,
};

/// As many ids are named when a title is not enough.
const CANDIDATES: usize = 5;

/// By its id, @name or whole title, as exports take it.
pub(super) async fn chat(
    store: &SharedStore,
    account: &AccountName,
    name: &str,
) -> anyhow::Result<StoredChat> {
    let unknown = || {
        Failure::new(Exit::Failed, format!("the archive of the account `{account}` has no chat `{name}`"))
            .fix("`tapedeck archive chats` lists those that it has; --account names another account")
    };
    match export::choose(&**store, account, &[name.to_owned()], &[]).await {
        Ok(mut chosen) => chosen.chats.pop().ok_or_else(|| unknown().into()),
        Err(ExportError::NoChat { .. }) => Err(unknown().into()),
        Err(ExportError::ManyChats { ids, .. }) => {
            let some: Vec<String> = ids.iter().take(CANDIDATES).map(ToString::to_string).collect();
            let failure = Failure::new(
                Exit::Failed,
                format!("`{name}` is {} chats of the account `{account}`", ids.len()),
            );
            Err(failure.fix(format!("write an id: {}", some.join(" or "))).into())
        }
        Err(error) => Err(error.into()),
    }
}
