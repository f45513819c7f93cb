//! Several sources at once.

use super::*;

fn words(id: &str) -> Playing {
    let track = Track { ids: Vec::new(), ..song(id) };
    Playing { what: Playable::Song(track), device: Some("navidrome".into()), ..playing(song(id), 0.0) }
}

fn told_at(id: &str, progress: f64) -> Playing {
    Playing { progress: Some(Duration::from_secs_f64(progress)), ..words(id) }
}

#[test]
fn one_song_of_two_sources_is_one_play() {
    let mut stage = Stage::new();
    for second in 0..40 {
        let second = f64::from(second) * 5.0;
        stage.hear(second, &playing(song("A"), second));
        stage.hear_from(LISTENS, second + 1.0, &told_at("A", second + 1.0));
    }
    assert_eq!(stage.told(), ["begin A"]);
    let said: Vec<_> =
        stage.plays[0].sources.iter().map(|said| (said.source, said.client.as_deref())).collect();
    assert_eq!(said, [(SPOTIFY, None), (LISTENS, Some("navidrome"))]);
}

#[test]
fn the_first_source_wins_when_they_differ() {
    for (sources, title) in [([SPOTIFY, LISTENS], "A"), ([LISTENS, SPOTIFY], "B")] {
        let mut stage = Stage::with(PlayerSection { sources: sources.into(), ..PlayerSection::default() });
        for second in 0..30 {
            let second = f64::from(second) * 5.0;
            stage.hear(second, &playing(song("A"), second));
            stage.hear_from(LISTENS, second, &told_at("B", second));
        }
        assert_eq!(stage.plays.last().unwrap().track.title, format!("Song {title}"));
        assert_eq!(stage.told.iter().filter(|told| told.starts_with("begin")).count(), stage.plays.len());
        assert!(stage.plays.len() <= 2 && !stage.told().contains(&"stop"), "{:?}", stage.told());
    }
}

#[test]
fn the_second_takes_over_when_the_first_rests() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    for second in 0..60 {
        let second = f64::from(second) * 5.0;
        stage.hear(62.0 + second, &nothing());
        stage.hear_from(LISTENS, 63.0 + second, &told_at("B", second));
        if second <= 5.0 {
            assert_eq!(stage.told(), ["begin A"], "a gap of {second} s is no reason");
        }
    }
    assert_eq!(stage.told(), ["begin A", "end A skipped", "begin B"]);
}

#[test]
fn the_same_song_moves_to_the_other_source() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    for second in 0..20 {
        let second = f64::from(second) * 5.0;
        stage.hear(62.0 + second, &nothing());
        stage.hear_from(LISTENS, 63.0 + second, &told_at("A", 63.0 + second));
    }
    assert_eq!(stage.told(), ["begin A"], "no second play, and no stop");
}

#[test]
fn both_have_to_be_quiet_for_a_stop() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    stage.hear_from(LISTENS, 61.0, &told_at("A", 61.0));
    stage.silence(62.0, 300.0);
    assert_eq!(stage.told(), ["begin A"]);
    (0..20).for_each(|n| stage.hear_from(LISTENS, 305.0 + f64::from(n) * 5.0, &nothing()));
    assert_eq!(stage.told(), ["begin A", "end A finished", "stop"]);
}

#[test]
fn a_source_without_positions_counts_by_time() {
    let mut stage = Stage::new();
    let mute = Playing { progress: None, ..words("A") };
    for second in [0.0, 5.0, 11.0, 100.0, 195.0] {
        stage.hear_from(LISTENS, second, &mute);
    }
    stage.hear_from(LISTENS, 200.0, &Playing { progress: None, ..words("B") });
    assert_eq!(stage.told(), ["begin A", "end A finished"]);
}

#[test]
fn changed_rules_keep_what_plays() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    stage.player.set_rules(PlayerSection { sources: vec![SPOTIFY], ..PlayerSection::default() });
    stage.hear_from(LISTENS, 61.0, &words("B"));
    stage.listen("A", 65.0, 100.0, 65.0);
    assert_eq!(stage.told(), ["begin A"]);
}
