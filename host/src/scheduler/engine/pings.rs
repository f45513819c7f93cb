//! Dead-man switch: tells an address that a run has started or ended. Never holds a run up.

use url::Url;

use super::Engine;
use crate::model::{Policy, Run, Status};

impl Engine {
    pub(super) fn ping_start(&self, run: &Run) {
        let start = self.planned_of(run.id).and_then(|planned| planned.policy.ping.start.clone());
        self.ping(start, run);
    }

    pub(super) fn ping_end(&self, run: &Run, policy: &Policy) {
        let address = match run.status {
            Status::Succeeded => &policy.ping.success,
            Status::Failed | Status::TimedOut => &policy.ping.failure,
            _ => return,
        };
        self.ping(address.clone(), run);
    }

    pub(super) fn ping_failure(&self, run: &Run, policy: &Policy) {
        self.ping(policy.ping.failure.clone(), run);
    }

    fn ping(&self, address: Option<Url>, run: &Run) {
        let Some(address) = address else { return };
        let ping = self.pings.ping(address, run.clone());
        let draining = self.lifecycle.draining();
        self.lifecycle.spawn("ping", async move {
            // A stop waits a moment for the last news, and no longer.
            let patience = async {
                draining.cancelled().await;
                tokio::time::sleep(std::time::Duration::from_secs(3)).await;
            };
            tokio::select! {
                () = ping => {}
                () = patience => {}
            }
        });
    }
}
