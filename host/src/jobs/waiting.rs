use std::sync::Arc;

use crate::{
    scheduler::Reporter,
    telegram::{Client, client::Waiting},
};

/// The client for a run: while a call of it waits for Telegram, the run's status says so.
pub fn client_of_run(client: &Client, report: &Reporter) -> Client {
    let report = report.clone();
    client.telling_waits(Arc::new(move |waiting: Option<&Waiting>| match waiting {
        Some(Waiting { until, method, seconds }) => {
            report.waiting_for("Telegram", *until, format!("it asked for {seconds} s after {method}"));
        }
        None => report.going_on(),
    }))
}
