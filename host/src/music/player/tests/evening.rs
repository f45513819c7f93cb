//! An evening on a clock of our own: how often Spotify is asked, and how soon a change is seen.

use super::*;
use crate::music::player::{
    pace::{Pace, Scene},
    scene_of,
};

/// What is played, second by second.
struct Truth {
    /// When each song begins, and for how long it lasts.
    songs: Vec<(f64, f64)>,
    /// When silence comes.
    end: f64,
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let rolled = ((self.0 >> 33) % sides) as f64;
        rolled
    }
}

impl Truth {
    fn playing(&self, second: f64) -> Playing {
        if second >= self.end {
            return nothing();
        }
        let Some((index, (began, length))) =
            self.songs.iter().enumerate().rev().find(|(_, (began, _))| *began <= second)
        else {
            return nothing();
        };
        let track = Track { duration: Some(Duration::from_secs_f64(*length)), ..song(&index.to_string()) };
        playing(track, (second - began).min(*length))
    }
}

/// What came of an evening.
struct Evening {
    calls: Vec<f64>,
    /// For each song, how long after its beginning it was seen first.
    seen_after: Vec<f64>,
}

impl Evening {
    fn spend(truth: &Truth, hours: f64) -> Self {
        let (mut stage, mut pace) = (Stage::new(), Pace::new(360));
        let (mut calls, mut seen) = (Vec::new(), vec![f64::INFINITY; truth.songs.len()]);
        let mut second = 0.0;
        while second < hours * 3600.0 {
            pace.spend(at(second));
            calls.push(second);
            let playing = truth.playing(second);
            let before = stage.player.moments(SPOTIFY);
            // The answer takes a while, and is of the moment at which it was made.
            stage.hear(second + 0.15, &playing);
            pace.answered();
            let moments = stage.player.moments(SPOTIFY);
            if let Some(began) = moments.began_at.filter(|began| Some(*began) != before.began_at) {
                pace.changed(began, before.ends_at, at(second + 0.15));
            }
            if let Some((index, _)) = truth.songs.iter().enumerate().rev().find(|(_, (b, _))| *b <= second)
                && second < truth.end
            {
                seen[index] = seen[index].min(second + 0.15);
            }
            let next = pace.next(at(second + 0.15), scene_of(&stage.player, SPOTIFY), &moments);
            second = next.duration_since(at(0.0)).as_secs_f64().max(second + 0.2);
        }
        let after = |(seen, (began, _)): (&f64, &(f64, f64))| seen - began;
        Self { calls, seen_after: seen.iter().zip(&truth.songs).map(after).collect() }
    }

    fn busiest_hour(&self) -> usize {
        let in_hour =
            |from: f64| self.calls.iter().filter(|call| **call >= from && **call < from + 3600.0).count();
        self.calls.iter().map(|from| in_hour(*from)).max().unwrap_or(0)
    }

    /// At songs whose number the test names.
    fn slowest(&self, of: impl Fn(usize) -> bool) -> f64 {
        let chosen = self.seen_after.iter().enumerate().filter(|(index, _)| of(*index));
        chosen.map(|(_, after)| *after).fold(0.0, f64::max)
    }
}

fn natural(crossfade: f64, lengths: impl Fn(usize) -> f64, hours: f64) -> Truth {
    let (mut songs, mut began) = (Vec::new(), 0.0);
    while began < hours * 3600.0 {
        let length = lengths(songs.len());
        songs.push((began, length));
        began += length - crossfade;
    }
    Truth { songs, end: f64::INFINITY }
}

#[test]
fn natural_ends_are_seen_within_two_seconds() {
    let mixed = |index: usize| 150.0 + Dice(index as u64).roll(140) + 0.37;
    for (name, truth) in [
        ("mixed", natural(0.0, mixed, 5.0)),
        ("punk", natural(0.0, |_| 61.3, 5.0)),
        ("jingles", natural(0.0, |_| 24.9, 5.0)),
        ("prog", natural(0.0, |_| 1260.2, 5.0)),
    ] {
        let evening = Evening::spend(&truth, 5.0);
        let slowest = evening.slowest(|index| index > 0 && index + 1 < truth.songs.len());
        println!("{name}: {} calls in the busiest hour, slowest {slowest:.2} s", evening.busiest_hour());
        assert!(slowest <= 2.0, "{name}: {slowest}");
        assert!(evening.busiest_hour() <= 360, "{name}: {}", evening.busiest_hour());
    }
}

#[test]
fn a_crossfade_is_learnt_from_the_first_change() {
    for crossfade in [1.0, 5.0, 12.0] {
        let truth = natural(crossfade, |index| 180.0 + Dice(index as u64).roll(60), 3.0);
        let evening = Evening::spend(&truth, 3.0);
        let slowest = evening.slowest(|index| index > 1 && index + 1 < truth.songs.len());
        assert!(slowest <= 2.0, "{crossfade}: {slowest}");
        assert!(evening.busiest_hour() <= 360);
    }
}

/// Every other song is skipped somewhere, some in a row within seconds.
fn restless(hours: f64) -> (Truth, Vec<bool>) {
    let (mut dice, mut songs, mut began, mut skipped) = (Dice(7), Vec::new(), 0.0, Vec::new());
    while began < hours * 3600.0 {
        let length = 150.0 + dice.roll(140);
        songs.push((began, length));
        let is_skipped = dice.roll(2) < 1.0;
        let is_hasty = dice.roll(3) < 1.0;
        began += match (is_skipped, is_hasty) {
            (false, _) => length,
            (true, true) => 2.0 + dice.roll(6),
            (true, false) => 12.0 + dice.roll(130),
        };
        skipped.push(is_skipped);
    }
    (Truth { songs, end: f64::INFINITY }, skipped)
}

#[test]
fn skips_are_seen_at_the_next_look() {
    let (truth, skipped) = restless(5.0);
    let evening = Evening::spend(&truth, 5.0);
    assert!(evening.busiest_hour() <= 360, "{}", evening.busiest_hour());
    let is_seen = |index: &usize| evening.seen_after[*index].is_finite();
    let after_skip: Vec<f64> = (1..truth.songs.len() - 1)
        .filter(|index| skipped[index - 1])
        .filter(is_seen)
        .map(|index| evening.seen_after[index])
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let mean = after_skip.iter().sum::<f64>() / after_skip.len() as f64;
    let slowest = after_skip.iter().copied().fold(0.0, f64::max);
    println!("skips: mean {mean:.1} s, slowest {slowest:.1} s, {} calls an hour", evening.busiest_hour());
    assert!(mean <= 8.0 && slowest <= 26.0, "{mean} {slowest}");
    let natural = evening.slowest(|index| index > 0 && index + 1 < truth.songs.len() && !skipped[index - 1]);
    assert!(natural <= 2.0, "{natural}");
}

#[test]
fn silence_is_cheap() {
    let truth = Truth { songs: vec![(0.0, 200.0)], end: 100.0 };
    let evening = Evening::spend(&truth, 6.0);
    let late = evening.calls.iter().filter(|call| (3600.0..7200.0).contains(*call)).count();
    println!("idle: {late} calls an hour");
    assert!(late <= 120, "{late}");
}

#[test]
fn a_skipping_child_stays_within_the_hour() {
    let truth = natural(0.0, |_| 3.0, 3.0);
    assert!(Evening::spend(&truth, 3.0).busiest_hour() <= 360);
}

#[test]
fn a_rate_limit_is_kept_to_the_second() {
    let mut pace = Pace::new(360);
    pace.spend(at(0.0));
    pace.limited(at(86_400.0));
    let moments = Default::default();
    assert_eq!(pace.next(at(1.0), Scene::Song, &moments), at(86_400.0));
    pace.want();
    assert_eq!(pace.next(at(80_000.0), Scene::Song, &moments), at(86_400.0), "whatever hints at a change");
    assert_eq!(pace.next(at(86_400.0), Scene::Song, &moments), at(86_400.0));
    assert_eq!(pace.limited_until(), Some(at(86_400.0)));
}

#[test]
fn looks_follow_each_other_closely_after_a_skip() {
    let mut pace = Pace::new(360);
    pace.spend(at(100.0));
    let (began, far) = (at(99.0), at(250.0));
    pace.changed(began, Some(far), at(100.0));
    let moments = Default::default();
    assert_eq!(pace.next(at(100.0), Scene::Song, &moments), at(102.0), "another skip is likely");
    assert_eq!(pace.next(at(108.9), Scene::Song, &moments), at(110.9));
    assert_eq!(pace.next(at(109.0), Scene::Song, &moments), at(119.0), "after nine seconds it is not");
    pace.changed(began, Some(far), at(200.0));
    pace.changed(at(203.0), Some(at(204.0)), at(205.0));
    assert_eq!(pace.next(at(205.0), Scene::Song, &moments), at(215.0), "nor after a song's own end");
}

#[test]
fn failures_are_asked_about_less_and_less() {
    let mut pace = Pace::new(360);
    let pauses: Vec<f64> = (0..9)
        .map(|_| {
            pace.failed();
            let next = pace.next(at(0.0), Scene::Song, &Default::default());
            next.duration_since(at(0.0)).as_secs_f64()
        })
        .collect();
    assert_eq!(pauses, [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0]);
    pace.answered();
    pace.want();
    assert_eq!(pace.next(at(0.0), Scene::Song, &Default::default()), at(0.0));
}
