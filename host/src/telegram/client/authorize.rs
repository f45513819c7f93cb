//! Logging in at a data centre that has files of ours: home exports the login, the other side
//! imports it. Done when that side says that it does not know us, after a restart too.

use grammers_tl_types::{
    enums::auth::ExportedAuthorization,
    functions::auth::{ExportAuthorization, ImportAuthorization},
};

use super::{Client, Lane, call::Call};
use crate::telegram::Error;

impl Client {
    pub(super) fn may_authorize(&self, lane: Lane) -> Result<bool, Error> {
        match lane {
            Lane::Main => Ok(false),
            Lane::Media(dc) => Ok(dc != self.shared.pool.home()?),
        }
    }

    /// `seen` is the count of log-ins before the call that failed: when it has grown since,
    /// somebody else has done it.
    pub(super) async fn authorize(&self, lane: Lane, seen: u64) -> Result<(), Error> {
        let pool = &self.shared.pool;
        let _one_at_a_time = self.shared.authorizing.lock().await;
        if pool.authorizations(lane) != seen {
            return Ok(());
        }
        let dc_id = pool.dc(lane)?;
        let ExportedAuthorization::Authorization(exported) =
            Box::pin(self.invoke(&ExportAuthorization { dc_id })).await?;
        let import = ImportAuthorization { id: exported.id, bytes: exported.bytes };
        // `answer_to` again, but never with a second log-in inside: an import is not refused so.
        Box::pin(self.answer_to(lane, Call::of(&import)?)).await?;
        pool.note_authorization(lane);
        tracing::debug!(dc = dc_id, "Logged in at another data centre");
        Ok(())
    }
}
