//! What went wrong in the tool that this replaces, each with its test, and what people do to players.

use super::*;
use crate::{
    config::{AdHandling, Handling},
    model::{EndedHow, Period},
};

#[test]
fn an_ad_keeps_the_song() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 200.0, 0.0);
    for second in 0..40 {
        stage.hear(202.0 + f64::from(second) * 5.0, &ad());
    }
    stage.listen("B", 403.0, 440.0, 1.0);
    assert_eq!(stage.told(), ["begin A", "end A finished", "begin B"]);
}

/// `item` is null while it plays: something new, or between two songs.
#[test]
fn what_plays_without_a_name_keeps_the_song() {
    let nameless = Playing { is_playing: true, ..nothing() };
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 100.0, 0.0);
    (0..60).for_each(|n| stage.hear(105.0 + f64::from(n) * 5.0, &nameless));
    assert_eq!(stage.told(), ["begin A"]);
    stage.silence(405.0, 600.0);
    assert_eq!(stage.told(), ["begin A", "end A stopped", "stop"]);
    let hidden = Playing { is_private: true, ..nameless };
    let mut stage =
        Stage::with(PlayerSection { private_session: Handling::Stop, ..PlayerSection::default() });
    stage.listen("A", 0.0, 100.0, 0.0);
    (0..60).for_each(|n| stage.hear(105.0 + f64::from(n) * 5.0, &hidden));
    assert_eq!(stage.told(), ["begin A", "end A stopped", "stop"]);
}

#[test]
fn ads_can_count_as_silence() {
    let rules = PlayerSection { ads: AdHandling::Stop, ..PlayerSection::default() };
    let mut stage = Stage::with(rules);
    stage.listen("A", 0.0, 100.0, 0.0);
    (0..30).for_each(|n| stage.hear(105.0 + f64::from(n) * 5.0, &ad()));
    assert_eq!(stage.told(), ["begin A", "end A stopped", "stop"]);
}

/// By each setting.
#[test]
fn an_episode_does_what_the_setting_says() {
    let episode = |progress| Playing { what: Playable::Episode(song("E")), ..playing(song("E"), progress) };
    for (episodes, told) in [
        (Handling::Ignore, vec!["begin A"]),
        (Handling::Show, vec!["begin A", "end A skipped", "begin E"]),
        (Handling::Stop, vec!["begin A", "end A stopped", "stop"]),
    ] {
        let mut stage = Stage::with(PlayerSection { episodes, ..PlayerSection::default() });
        stage.listen("A", 0.0, 100.0, 0.0);
        (0..30).for_each(|n| stage.hear(105.0 + f64::from(n) * 5.0, &episode(f64::from(n) * 5.0)));
        assert_eq!(stage.told(), told, "{episodes:?}");
    }
}

/// No id, no cover, no address.
#[test]
fn a_local_file_is_known_by_its_words() {
    let file = |progress| Playing {
        what: Playable::Local(Track { ids: Vec::new(), ..song("L") }),
        ..playing(song("L"), progress)
    };
    for (local_files, told) in [
        (Handling::Show, vec!["begin A", "end A skipped", "begin L"]),
        (Handling::Ignore, vec!["begin A"]),
        (Handling::Stop, vec!["begin A"]),
    ] {
        let mut stage = Stage::with(PlayerSection { local_files, ..PlayerSection::default() });
        stage.listen("A", 0.0, 50.0, 0.0);
        (0..10).for_each(|n| stage.hear(55.0 + f64::from(n) * 5.0, &file(f64::from(n) * 5.0)));
        assert_eq!(stage.told(), told, "{local_files:?}");
    }
    let nameless = Playing { what: Playable::Local(Track::default()), ..playing(song("L"), 1.0) };
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 50.0, 0.0);
    (0..30).for_each(|n| stage.hear(55.0 + f64::from(n) * 5.0, &nameless));
    assert_eq!(stage.told(), ["begin A"], "what has no words cannot be shown");
}

#[test]
fn a_short_gap_stops_nothing() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    stage.silence(62.0, 130.0);
    // Another device has taken over.
    stage.listen("A", 131.0, 180.0, 62.0);
    stage.silence(182.0, 182.0);
    stage.listen("B", 184.0, 220.0, 1.0);
    assert_eq!(stage.told(), ["begin A", "end A skipped", "begin B"]);
    assert_eq!(stage.plays.len(), 2);
}

#[test]
fn silence_past_the_grace_stops_once() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    stage.silence(65.0, 600.0);
    assert_eq!(stage.told(), ["begin A", "end A stopped", "stop"]);
    let play = &stage.plays[0];
    assert_eq!((play.ended, play.ended_how), (Some(at(65.0)), Some(EndedHow::Stopped)));
    assert_eq!(play.listened.as_secs(), 60);
    stage.listen("A", 605.0, 640.0, 61.0);
    assert_eq!(stage.told()[3..], ["resume A"]);
    assert_eq!((stage.plays.len(), stage.plays[0].ended), (1, None));
}

#[test]
fn an_hour_of_pause_is_a_stop() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    for minute in 0..60 {
        stage.hear(65.0 + f64::from(minute) * 60.0, &paused(song("A"), 60.0));
    }
    assert_eq!(stage.told(), ["begin A", "end A stopped", "stop"]);
    stage.listen("A", 3700.0, 3830.0, 60.0);
    assert_eq!(stage.told()[3..], ["resume A"]);
    assert_eq!(stage.listened(), 190, "the pause does not count");
}

#[test]
fn a_short_pause_is_nothing() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    (0..11).for_each(|n| stage.hear(65.0 + f64::from(n) * 30.0, &paused(song("A"), 62.0)));
    stage.listen("A", 400.0, 535.0, 62.0);
    stage.listen("B", 540.0, 560.0, 2.0);
    assert_eq!(stage.told(), ["begin A", "end A finished", "begin B"]);
}

/// The answer for another market, with another cover.
#[test]
fn a_relinked_song_goes_on() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    let mut relinked = song("A");
    relinked.ids.push(TrackId { scheme: "spotify".into(), value: "A-in-france".into() });
    relinked.album = Some("Another edition".into());
    relinked.title = "Song A - 2011 Edition".into();
    stage.hear(65.0, &playing(relinked, 65.0));
    assert_eq!(stage.told(), ["begin A"]);
}

#[test]
fn the_same_song_again_is_another_play() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 197.0, 0.0);
    stage.listen("A", 201.0, 260.0, 1.0);
    assert_eq!(stage.told(), ["begin A", "end A finished", "begin A"]);
    assert_eq!(stage.plays[0].key, stage.plays[1].key);
    assert_eq!(stage.plays[1].started, at(200.0));
    assert_ne!(stage.plays[0].id, stage.plays[1].id);
}

#[test]
fn repeat_one_counts_over_a_long_silence_of_ours() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 100.0, 0.0);
    // 250 s later it is at 150 of 200: it has begun again meanwhile.
    stage.listen("A", 350.0, 390.0, 150.0);
    assert_eq!(stage.told(), ["begin A", "end A finished", "begin A"]);
}

#[test]
fn seeking_is_the_same_play() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 120.0, 0.0);
    stage.listen("A", 122.0, 160.0, 5.0);
    stage.listen("A", 165.0, 175.0, 180.0);
    assert_eq!(stage.told(), ["begin A"]);
    let listened = stage.listened();
    assert!((150..=180).contains(&listened), "{listened}");
}

#[test]
fn fast_skipping_leaves_no_trace() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 30.0, 0.0);
    for (n, id) in ["B", "C", "D", "E", "F", "G", "H", "I", "J", "K"].iter().enumerate() {
        let second = 32.0 + f64::from(u32::try_from(n).unwrap()) * 8.0;
        stage.hear(second, &playing(song(id), 1.5));
        stage.hear(second + 6.0, &playing(song(id), 7.5));
    }
    stage.listen("L", 112.0, 140.0, 1.0);
    assert_eq!(stage.told(), ["begin A", "end A skipped", "begin L"]);
}

#[test]
fn a_song_counts_at_the_minimum_and_not_before() {
    for (min_listening, begins_at) in [(0, 2.0), (10, 12.0), (60, 62.0)] {
        let rules =
            PlayerSection { min_listening: Period::from_secs(min_listening), ..PlayerSection::default() };
        let mut stage = Stage::with(rules);
        stage.hear(0.0, &nothing());
        for tenth in 20..=begins_at as u32 * 10 {
            let second = f64::from(tenth) / 10.0;
            assert!(stage.told().is_empty(), "{min_listening}: {second}");
            stage.hear(second, &playing(song("A"), second - 2.0));
        }
        assert_eq!(stage.told(), ["begin A"], "{min_listening}");
        assert_eq!(stage.plays[0].started, at(2.0));
    }
}

#[test]
fn seeking_does_not_count_as_listening() {
    let mut stage = Stage::new();
    stage.hear(0.0, &nothing());
    stage.hear(2.0, &playing(song("A"), 1.0));
    stage.hear(4.0, &playing(song("A"), 150.0));
    assert_eq!(stage.told(), [""; 0]);
}

#[test]
fn a_short_song_needs_half_of_itself() {
    let jingle = Track { duration: Some(Duration::from_secs(8)), ..song("J") };
    let mut stage = Stage::new();
    stage.hear(0.0, &nothing());
    stage.hear(2.0, &playing(jingle.clone(), 1.0));
    stage.hear(5.5, &playing(jingle, 4.5));
    assert_eq!(stage.told(), ["begin J"]);
}

/// The two looks at it lie too far apart to have seen it for long enough, but it ended by itself.
#[test]
fn a_song_heard_to_its_end_counts_late() {
    let mut stage = Stage::new();
    stage.hear(0.0, &nothing());
    stage.hear(5.0, &playing(song("A"), 4.0));
    stage.hear(206.0, &playing(song("B"), 5.0));
    stage.hear(300.0, &playing(song("C"), 1.0));
    assert_eq!(stage.told(), ["begin A", "end A finished"], "B was skipped, nobody knows when");
    assert_eq!(stage.plays[0].ended, Some(at(201.0)));
}

#[test]
fn a_private_session_does_what_the_setting_says() {
    for (private_session, told) in [
        (Handling::Stop, vec!["begin A", "end A stopped", "stop"]),
        (Handling::Ignore, vec!["begin A"]),
        (Handling::Show, vec!["begin A", "end A skipped", "begin P"]),
    ] {
        let mut stage = Stage::with(PlayerSection { private_session, ..PlayerSection::default() });
        stage.listen("A", 0.0, 60.0, 0.0);
        for n in 0..30 {
            let private = Playing { is_private: true, ..playing(song("P"), f64::from(n) * 5.0) };
            stage.hear(65.0 + f64::from(n) * 5.0, &private);
        }
        assert_eq!(stage.told(), told, "{private_session:?}");
    }
}

#[test]
fn nothing_happens_before_anything_plays() {
    let mut stage = Stage::new();
    stage.silence(0.0, 1000.0);
    stage.hear(1010.0, &paused(song("A"), 50.0));
    (0..200).for_each(|n| stage.hear(1020.0 + f64::from(n) * 10.0, &paused(song("A"), 50.0)));
    assert_eq!(stage.told(), [""; 0]);
}

#[test]
fn a_clock_that_jumps_ends_nothing() {
    for jump in [-7200.0, -60.0, 60.0, 7290.0] {
        let mut stage = Stage::new();
        stage.listen("A", 0.0, 60.0, 0.0);
        stage.listen("A", 65.0 + jump, 150.0 + jump, 65.0);
        assert_eq!(stage.told(), ["begin A"], "{jump}");
        // After it, a grace is as long as ever.
        stage.silence(155.0 + jump, 230.0 + jump);
        assert_eq!(stage.told(), ["begin A"], "{jump}");
        stage.silence(235.0 + jump, 260.0 + jump);
        assert_eq!(stage.told().last(), Some(&"stop"), "{jump}");
        assert!(stage.plays[0].listened.as_secs() < 160, "{jump}: {:?}", stage.plays[0].listened);
    }
}

#[test]
fn a_grace_survives_a_clock_set_back() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    stage.silence(65.0, 75.0);
    stage.silence(75.0 - 3600.0, 180.0 - 3600.0);
    assert_eq!(stage.told(), ["begin A", "end A stopped", "stop"]);
}
