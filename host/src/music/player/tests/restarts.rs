//! The player ends and another one goes on where the ledger says that it was.

use super::*;
use crate::state::PlayerRecord;

/// Ends the player and begins another with what would be on the disk.
fn restart(stage: &mut Stage) {
    let seen = stage.player.seen().unwrap();
    let record = PlayerRecord {
        play: stage.plays.last().map(|play| play.id),
        is_stopped: stage.player.is_stopped(),
        session: None,
        heard: Some(seen.at),
        progress: seen.progress,
        is_playing: seen.is_playing,
    };
    let mut player = Player::new(PlayerSection::default());
    player.resume(stage.plays.last().unwrap().clone(), &record);
    stage.player = player;
}

#[test]
fn a_restart_in_mid_song_goes_on() {
    for (pause, progress) in [(1.0, 61.0), (30.0, 90.0), (30.0, 60.0), (30.0, 20.0)] {
        let mut stage = Stage::new();
        stage.listen("A", 0.0, 60.0, 0.0);
        restart(&mut stage);
        stage.listen("A", 60.0 + pause, 60.0 + pause + 80.0, progress);
        assert_eq!(stage.told(), ["begin A"], "{pause} {progress}");
    }
}

#[test]
fn another_song_after_a_restart_ends_the_first() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    restart(&mut stage);
    stage.listen("B", 300.0, 330.0, 40.0);
    assert_eq!(stage.told(), ["begin A", "end A finished", "begin B"]);
    assert_eq!(stage.plays[1].started, at(260.0));
}

#[test]
fn the_same_song_after_a_night_is_another_play() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    restart(&mut stage);
    stage.listen("A", 36_000.0, 36_060.0, 12.0);
    assert_eq!(stage.told().iter().filter(|told| **told == "begin A").count(), 2);
}

#[test]
fn silence_after_a_restart_is_a_stop() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    restart(&mut stage);
    // The other source is quiet, as always; that says nothing of the one that played.
    (0..30).for_each(|n| stage.hear_from(LISTENS, 70.0 + f64::from(n) * 10.0, &nothing()));
    assert_eq!(stage.told(), ["begin A"]);
    stage.silence(400.0, 400.0);
    assert_eq!(stage.told(), ["begin A", "end A finished", "stop"], "it has had the time");
}

#[test]
fn a_restart_while_stopped_stays_stopped() {
    let mut stage = Stage::new();
    stage.listen("A", 0.0, 60.0, 0.0);
    stage.silence(65.0, 200.0);
    restart(&mut stage);
    stage.silence(210.0, 400.0);
    assert_eq!(stage.told(), ["begin A", "end A stopped", "stop"]);
    stage.listen("A", 405.0, 430.0, 61.0);
    assert_eq!(stage.told()[3..], ["resume A"]);
}
