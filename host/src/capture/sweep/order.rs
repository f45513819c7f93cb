//! Which chat comes first.

use std::cmp::Reverse;

use super::{Candidate, Sweep, Work};

impl Sweep {
    /// Those that somebody put first, then the newest first.
    pub(super) fn order(&self, work: &mut Work) {
        let rank = |candidate: &super::Candidate| {
            let place = work.intake.rules.priority(&self.facts(candidate, &work.folders));
            (place.unwrap_or(usize::MAX), Reverse(candidate.listed.date))
        };
        let mut all: Vec<_> = work.queue.drain(..).map(|candidate| (rank(&candidate), candidate)).collect();
        all.sort_by_key(|(rank, _)| *rank);
        work.queue.extend(all.into_iter().map(|(_, candidate)| candidate));
        self.tell.board().list(work.queue.iter().map(Candidate::line));
    }
}
