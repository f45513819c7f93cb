//! Which of all hits is taken. First those that answer to the track's ISRC, then songs, then videos; who is sure does not
//! ask on.

use std::{cmp::Ordering, collections::BTreeSet};

use crate::score::{Hit, Song, Verdict};

const LEAST_BY_ISRC: f64 = 80.0;
const ENOUGH: f64 = 80.0;
/// Hits so close to the best are told apart by how often they were played.
const TIE: f64 = 8.0;
/// What the most played of them gains.
const MOST_FOR_VIEWS: f64 = 15.0;
/// The least that the only recording under the track's own number is worth.
const SURE: f64 = 95.0;

/// Hits of all rounds so far.
#[derive(Debug)]
pub struct Choice {
    song: Song,
    found: Vec<Found>,
    by_isrc: Vec<String>,
    winner: Option<String>,
}

/// A hit and what is thought of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub hit: Hit,
    pub verdict: Verdict,
    /// Where it was found: `isrc`, `songs` or `videos`.
    pub place: &'static str,
    /// Why it stands above others with a better score.
    pub because: Option<&'static str>,
}

impl Choice {
    pub fn of(song: Song) -> Self {
        Self { song, found: Vec::new(), by_isrc: Vec::new(), winner: None }
    }

    /// Takes the answer to the track's ISRC, and says whether that is enough.
    pub fn isrc(&mut self, hits: Vec<Hit>) -> bool {
        let verified = hits.iter().filter(|hit| hit.is_verified).count();
        let from = self.found.len();
        self.add(hits, "isrc");
        let found = &mut self.found[from..];
        // The number may have stood in anybody's description: so the length has to agree, and some of the title.
        let may_be = |it: &Found| it.verdict.has_common_word() && it.verdict.has_right_length();
        if verified == 1
            && let Some(only) = found.iter_mut().find(|it| it.hit.is_verified && may_be(it))
        {
            only.verdict.rejected = None;
            only.verdict.score = only.verdict.score.max(SURE);
            only.because = Some("the only recording with the track's ISRC");
            self.winner = Some(only.hit.id.clone());
        } else if let Some(best) = best(found).filter(|best| best.verdict.score > LEAST_BY_ISRC) {
            self.winner = Some(best.hit.id.clone());
        }
        self.by_isrc =
            self.found[from..].iter().filter(|it| it.is_possible()).map(|it| it.hit.id.clone()).collect();
        self.winner.is_some()
    }

    /// Takes an answer to artist and title, and says whether that is enough.
    pub fn text(&mut self, hits: Vec<Hit>, place: &'static str) -> bool {
        let from = self.found.len();
        self.add(hits, place);
        let found = &mut self.found;
        if let Some(again) =
            found[from..].iter_mut().find(|it| it.is_possible() && self.by_isrc.contains(&it.hit.id))
        {
            again.because = Some("found by its ISRC too");
            self.winner = Some(again.hit.id.clone());
            return true;
        }
        best(&found[from..]).is_some_and(|best| best.verdict.score >= ENOUGH && best.hit.is_verified)
    }

    /// All of them, the one that is taken first, those that were rejected last.
    pub fn finish(self) -> Vec<Found> {
        let Self { mut found, winner, .. } = self;
        let winner = winner.or_else(|| best(&found).map(|best| best.hit.id.clone()));
        found.sort_by(|one, other| {
            let is_rejected = |it: &Found| it.verdict.rejected.is_some();
            let by_score = other.verdict.score.partial_cmp(&one.verdict.score).unwrap_or(Ordering::Equal);
            is_rejected(one).cmp(&is_rejected(other)).then(by_score)
        });
        // The same recording may have been found by several questions: the better opinion comes first.
        let mut known = BTreeSet::new();
        let is_first: Vec<bool> = found.iter().map(|it| known.insert(it.hit.id.as_str())).collect();
        let mut is_first = is_first.into_iter();
        found.retain(|_| is_first.next().unwrap_or(true));
        if let Some(at) = found.iter().position(|it| Some(&it.hit.id) == winner.as_ref()) {
            found[..=at].rotate_right(1);
        }
        if let [first, second, ..] = &mut found[..]
            && first.because.is_none()
            && second.verdict.score > first.verdict.score
        {
            first.because = Some("played more often than those that are as good");
        }
        found
    }

    fn add(&mut self, hits: Vec<Hit>, place: &'static str) {
        for hit in hits {
            let verdict = self.song.judge(&hit, place == "isrc");
            self.found.push(Found { hit, verdict, place, because: None });
        }
    }
}

impl Found {
    pub fn is_possible(&self) -> bool {
        self.verdict.rejected.is_none()
    }
}

/// The best of those that were not rejected; among those about as good, the one that is played most. What a label delivered is
/// not overtaken by what anybody uploaded.
fn best(found: &[Found]) -> Option<&Found> {
    let possible = || found.iter().filter(|it| it.is_possible());
    let top = possible().max_by(|one, other| {
        // The first of equals.
        one.verdict.score.partial_cmp(&other.verdict.score).unwrap_or(Ordering::Equal).then(Ordering::Greater)
    })?;
    let close = || {
        possible().filter(|it| {
            it.verdict.score >= top.verdict.score - TIE && (it.hit.is_verified || !top.hit.is_verified)
        })
    };
    let views = |it: &Found| it.hit.views.unwrap_or(0);
    let least = close().map(views).min()?;
    let most = close().map(views).max()?;
    if least == most {
        return Some(top);
    }
    #[expect(clippy::cast_precision_loss, reason = "views are guesses anyway")]
    let with_views = |it: &Found| {
        let share = (views(it) - least) as f64 / (most - least) as f64;
        (it.verdict.score + share * MOST_FOR_VIEWS).min(100.0)
    };
    close().max_by(|one, other| {
        let order = with_views(one).partial_cmp(&with_views(other)).unwrap_or(Ordering::Equal);
        // Both may have come to 100: then the one that was better before.
        order
            .then(one.verdict.score.partial_cmp(&other.verdict.score).unwrap_or(Ordering::Equal))
            .then(Ordering::Greater)
    })
}
