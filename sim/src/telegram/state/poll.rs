//! Polls, and who voted.

use std::collections::BTreeMap;

use grammers_tl_types as tl;

use super::Peer;

/// A poll that somebody voted in. Forwards of it share it.
#[derive(Clone, Debug)]
pub struct Poll {
    pub poll: tl::types::Poll,
    /// As the message has them, without the votes below.
    pub earlier: tl::types::PollResults,
    /// The options that each voter chose, and when.
    pub votes: BTreeMap<i64, Vote>,
}

/// What somebody chose.
#[derive(Clone, Debug)]
pub struct Vote {
    pub options: Vec<Vec<u8>>,
    pub date: i32,
}

impl Poll {
    pub fn new(media: &tl::types::MessageMediaPoll) -> Self {
        let (tl::enums::Poll::Poll(poll), tl::enums::PollResults::Results(earlier)) =
            (media.poll.clone(), media.results.clone());
        Self { poll, earlier: *earlier, votes: BTreeMap::new() }
    }

    /// The voters of an option, latest first.
    pub fn voters(&self, option: &[u8]) -> Vec<i64> {
        let chose = |vote: &Vote| vote.options.iter().any(|chosen| chosen == option);
        let mut voters: Vec<_> = self.votes.iter().filter(|(_, vote)| chose(vote)).collect();
        voters.sort_by_key(|(_, vote)| std::cmp::Reverse(vote.date));
        voters.into_iter().map(|(voter, _)| *voter).collect()
    }

    /// Counts, with what a viewer chose marked.
    pub fn results_for(&self, viewer: i64) -> tl::types::PollResults {
        let earlier = |option: &[u8]| {
            let mut all = self.earlier.results.iter().flatten();
            all.find_map(|tl::enums::PollAnswerVoters::Voters(answer)| {
                (answer.option == option).then_some(answer)
            })
        };
        let answers = self.poll.answers.iter().filter_map(|answer| match answer {
            tl::enums::PollAnswer::Answer(answer) => Some(answer),
            _ => None,
        });
        let results = answers.map(|answer| {
            let before = earlier(&answer.option);
            let voters = self.voters(&answer.option);
            let count = before.and_then(|answer| answer.voters).unwrap_or(0) + count(voters.len());
            let recent = voters.iter().take(3).map(|voter| Peer::User(*voter).tl()).collect();
            tl::types::PollAnswerVoters {
                chosen: voters.contains(&viewer),
                correct: before.is_some_and(|answer| answer.correct),
                option: answer.option.clone(),
                voters: Some(count),
                recent_voters: Some(if self.poll.public_voters { recent } else { Vec::new() }),
            }
            .into()
        });
        let mut recent: Vec<_> = self.votes.iter().collect();
        recent.sort_by_key(|(_, vote)| std::cmp::Reverse(vote.date));
        let recent = recent.into_iter().take(3).map(|(voter, _)| Peer::User(*voter).tl()).collect();
        tl::types::PollResults {
            min: false,
            results: Some(results.collect()),
            total_voters: Some(self.earlier.total_voters.unwrap_or(0) + count(self.votes.len())),
            recent_voters: self.poll.public_voters.then_some(recent),
            ..self.earlier.clone()
        }
    }
}

fn count(len: usize) -> i32 {
    i32::try_from(len).unwrap_or(i32::MAX)
}
