use std::sync::PoisonError;

use super::Accounts;
use crate::model::{AccountName, TelegramFigures};

impl Accounts {
    /// Of the accounts that have been used since the start.
    pub fn figures(&self) -> Vec<(AccountName, TelegramFigures)> {
        let now = self.inner.clock.now();
        let open = self.inner.open.lock().unwrap_or_else(PoisonError::into_inner);
        let figures = open.iter().map(|(name, client)| {
            let state = client.governor().borrow().clone();
            let waiting =
                state.waiting.map_or(0.0, |waiting| waiting.until.duration_since(now).as_secs_f64());
            let figures = TelegramFigures {
                calls: state.calls,
                floods: state.floods,
                in_flight: state.in_flight,
                waiting_s: waiting.max(0.0),
            };
            (name.clone(), figures)
        });
        figures.collect()
    }
}
