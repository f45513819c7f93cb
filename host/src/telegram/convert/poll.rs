//! Polls and their results.

use grammers_tl_types::{enums as tl, types};

use super::{
    date,
    entity::{entities, rich_text},
    json::{Further as _, json},
    peer,
};
use crate::model::{Blob, Extra, Poll, PollAnswer, PollResults, PollVotes, RichText};

pub(super) fn poll(source: tl::Poll, outcome: tl::PollResults) -> Poll {
    let tl::Poll::Poll(types::Poll {
        id,
        closed,
        public_voters,
        multiple_choice,
        quiz,
        open_answers,
        revoting_disabled,
        shuffle_answers,
        hide_results_until_close,
        creator,
        subscribers_only,
        question,
        answers,
        close_period,
        close_date,
        countries_iso2,
        hash,
    }) = source;
    let mut extra = Extra::default();
    extra.flag("open_answers", open_answers);
    extra.flag("revoting_disabled", revoting_disabled);
    extra.flag("shuffle_answers", shuffle_answers);
    extra.flag("hide_results_until_close", hide_results_until_close);
    extra.flag("creator", creator);
    extra.flag("subscribers_only", subscribers_only);
    extra.some("close_period", close_period);
    extra.some("countries_iso2", countries_iso2);
    extra.put("hash", &hash);
    Poll {
        id,
        question: rich_text(question),
        answers: answers.into_iter().map(answer).collect(),
        is_closed: closed,
        is_quiz: quiz,
        is_multiple_choice: multiple_choice,
        has_public_voters: public_voters,
        close_date: close_date.map(date),
        results: results(outcome),
        extra,
    }
}

fn answer(source: tl::PollAnswer) -> PollAnswer {
    let mut extra = Extra::default();
    let (text, option) = match source {
        tl::PollAnswer::Answer(types::PollAnswer { text, option, media, added_by, date }) => {
            extra.some("media", media);
            extra.some("added_by", added_by);
            extra.some("date", date);
            (text, option)
        }
        tl::PollAnswer::InputPollAnswer(types::InputPollAnswer { text, media }) => {
            extra.insert("_", "inputPollAnswer".into());
            extra.some("media", media);
            (text, Vec::new())
        }
    };
    PollAnswer { text: rich_text(text), option: Blob(option), extra }
}

pub(super) fn results(source: tl::PollResults) -> PollResults {
    let tl::PollResults::Results(outcome) = source;
    let types::PollResults {
        min,
        has_unread_votes,
        can_view_stats,
        results,
        total_voters,
        recent_voters,
        solution,
        solution_entities,
        solution_media,
    } = *outcome;
    let mut extra = Extra::default();
    extra.flag("has_unread_votes", has_unread_votes);
    extra.flag("can_view_stats", can_view_stats);
    extra.some("solution_media", solution_media);
    let solution = match (solution, solution_entities) {
        (Some(text), marks) => Some(RichText { text, entities: marks.map(entities).unwrap_or_default() }),
        (None, marks) => {
            if let Some(marks) = marks {
                extra.insert("solution_entities", json(&marks));
            }
            None
        }
    };
    PollResults {
        is_partial: min,
        total: total_voters,
        votes: results.map(|them| them.into_iter().map(votes).collect()),
        recent: recent_voters.map(|them| them.into_iter().map(peer).collect()),
        solution,
        extra,
    }
}

fn votes(source: tl::PollAnswerVoters) -> PollVotes {
    let tl::PollAnswerVoters::Voters(types::PollAnswerVoters {
        chosen,
        correct,
        option,
        voters,
        recent_voters,
    }) = source;
    PollVotes {
        option: Blob(option),
        voters,
        recent: recent_voters.map(|them| them.into_iter().map(peer).collect()),
        is_chosen: chosen,
        is_correct: correct,
    }
}
