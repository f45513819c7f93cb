use super::Accounts;
use crate::model::{AccountName, TelegramFigures};

impl Accounts {
    /// Of the accounts that have been used since the start.
    pub fn figures(&self) -> Vec<(AccountName, TelegramFigures)> {
        let now = self.inner.clock.now();
        let open = self.lock_open();
        let figures = open.iter().map(|(name, opened)| {
            let state = opened.client.governor().borrow().clone();
            let waiting =
                state.waiting.map_or(0.0, |waiting| waiting.until.duration_since(now).as_secs_f64());
            let figures = TelegramFigures {
                calls: state.calls,
                floods: state.floods,
                reconnects: opened.client.reconnects(),
                in_flight: state.in_flight,
                waiting_s: waiting.max(0.0),
            };
            (name.clone(), figures)
        });
        figures.collect()
    }
}
