//! What goes wrong in tools of this kind, each with its test.

use tapedeck::{model::TrackId, music::profile::RemovedByUser};
use tapedeck_sim::telegram::Fault;

use super::stage::*;
use crate::support::*;

const SEND: &str = "messages.sendMedia";
const SAVE: &str = "account.saveMusic";
const DELETE: &str = "messages.deleteMessages";

#[tokio::test(flavor = "multi_thread")]
async fn restart_forgets_no_song() {
    let mut stage = Stage::new(2).await;
    stage.play_and_run(&["a", "b"]).await;
    stage.restart();
    let sent = stage.calls(SEND);
    stage.play_and_run(&["a"]).await;
    stage.check(&["a", "b"]);
    assert_eq!(stage.calls(SEND), sent, "what is there is not sent again");
    stage.restart();
    stage.play_and_run(&["c", "d"]).await;
    stage.check(&["d", "c"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_in_the_middle_leaves_nothing_behind() {
    let mut stage = Stage::new(2).await;
    stage.play_and_run(&["a", "b"]).await;
    stage.telegram(|t| t.faults.add(Fault::silent().on(SAVE)));
    stage.play("c").await;
    let (profile, orders) = (stage.profile(), stage.orders());
    let stopping = async {
        until(|| stage.telegram(|t| t.calls.lost(SAVE)) > 0).await;
        stage.stop.cancel();
    };
    let ((_, result), ()) = soon(async { tokio::join!(profile.reconcile(&orders), stopping) }).await;
    assert!(result.is_err());
    stage.restart();
    stage.ledger.stop().await.unwrap();
    stage.run().await;
    stage.check(&[]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_save_sends_no_second_message() {
    let mut stage = Stage::new(2).await;
    stage.telegram(|t| t.faults.add(Fault::refuse(400, "SOMETHING_ODD").on(SAVE).times(2).strict()));
    stage.play("a").await;
    stage.run_through_time().await;
    stage.check(&["a"]);
    assert_eq!((stage.calls(SEND), stage.calls(SAVE)), (1, 3));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn song_that_is_always_refused_is_tried_later_and_later() {
    const UPLOAD: &str = "upload.saveFilePart";
    let mut stage = Stage::new(2).await;
    stage.telegram(|t| t.faults.add(Fault::refuse(400, "SOMETHING_ODD").on(SAVE).times(50)));
    stage.play("a").await;
    stage.run_through_time().await;
    stage.check(&[]);
    assert_eq!((stage.calls(SAVE), stage.calls(UPLOAD)), (5, 1));
    stage.run().await;
    assert_eq!((stage.calls(SAVE), stage.calls(UPLOAD)), (5, 1), "not at once");
    for (seconds, uploads) in [(61, 2), (61, 2), (61, 3)] {
        stage.clock.advance(jiff::SignedDuration::from_secs(seconds));
        stage.run_through_time().await;
        assert_eq!((stage.calls(UPLOAD), stage.calls(SAVE)), (uploads, 5 * uploads));
        stage.check(&[]);
    }
    stage.telegram(|t| t.faults.clear());
    stage.clock.advance(jiff::SignedDuration::from_secs(300));
    stage.run().await;
    stage.check(&["a"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_eviction_is_done_later() {
    let mut stage = Stage::new(1).await;
    stage.play_and_run(&["a"]).await;
    stage.telegram(|t| {
        t.faults.add(Fault::refuse(500, "RPC_CALL_FAIL").on(DELETE).times(4).strict());
        t.faults.add(Fault::refuse(500, "RPC_CALL_FAIL").on(SAVE).at_call(2).times(4).strict());
    });
    stage.play("b").await;
    stage.run_through_time().await;
    stage.check(&["b"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn replayed_song_never_leaves_the_profile() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a", "b"]).await;
    stage.telegram(|t| t.faults.add(Fault::refuse(400, "SOMETHING_ODD").on(SAVE).strict()));
    stage.play("a").await;
    let calls = stage.calls(SAVE);
    let watching = async {
        until(|| stage.calls(SAVE) > calls).await;
        assert_eq!(stage.shown().len(), 2, "it is there while it moves");
    };
    let (figures, ()) = soon(async { tokio::join!(stage.run_through_time(), watching) }).await;
    stage.check(&["a", "b"]);
    assert_eq!(stage.calls(SAVE), calls + 2, "one call, made again: none that takes it off");
    assert_eq!((figures.saved, figures.taken_off), (1, 0));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn old_references_are_renewed() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a", "b"]).await;
    // Runs out between the look and the call.
    stage.telegram(|t| t.faults.add(Fault::expired_reference().on(SAVE).strict()));
    stage.play_and_run(&["a"]).await;
    stage.check(&["a", "b"]);
    stage.telegram(|t| t.faults.add(Fault::expired_reference().on(SAVE).strict()));
    stage.ledger.stop().await.unwrap();
    stage.run().await;
    stage.check(&[]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn document_beyond_renewal_goes_up_anew() {
    let mut stage = Stage::new(1).await;
    stage.play_and_run(&["a", "b"]).await;
    stage.telegram(|t| t.files.expire_references());
    stage.play_and_run(&["a"]).await;
    stage.check(&["a"]);
    assert_eq!(stage.calls("upload.saveFilePart"), 3);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_message_with_an_old_reference_does_as_the_rule_says() {
    let rules = [(RemovedByUser::UntilPlayed, vec!["a"]), (RemovedByUser::Forget, vec!["b", "a"])];
    for (rule, left) in rules {
        let mut stage = Stage::new(3).await;
        stage.rules.removed_by_user = rule;
        stage.play_and_run(&["a", "b"]).await;
        let uploads = stage.calls("upload.saveFilePart");
        stage.delete_message("b");
        stage.telegram(|t| t.files.expire_references());
        stage.run().await;
        stage.check(&left);
        assert_eq!(stage.calls("upload.saveFilePart"), uploads, "{rule:?}: what is known is sent again");
        stage.finish();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn song_below_many_of_others_is_still_there() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a"]).await;
    stage.telegram(|t| {
        for number in 0..150 {
            let song = foreign_file(t, 10_000 + number);
            t.profiles.get_mut(&ADA).unwrap().music.insert(0, song);
        }
        // One that Telegram itself knows nothing of any more.
        t.profiles.get_mut(&ADA).unwrap().music.insert(50, 9_999);
    });
    let figures = stage.run().await;
    assert_eq!(figures.removed_by_user, 0, "nobody has removed it");
    assert_eq!((stage.shown().len(), stage.shown().pop().as_deref()), (151, Some("a")));
    stage.play_and_run(&["b"]).await;
    let shown = stage.shown();
    assert_eq!((shown[0].as_str(), shown[151].as_str(), shown.len()), ("b", "a", 152));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn song_taken_off_by_hand_stays_away_until_played() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a", "b"]).await;
    stage.take_off("a");
    let figures = stage.run().await;
    stage.check(&["b"]);
    assert_eq!(figures.removed_by_user, 1);
    stage.play_and_run(&["c"]).await;
    stage.check(&["c", "b"]);
    stage.play_and_run(&["a"]).await;
    stage.check(&["a", "c", "b"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn song_whose_message_is_deleted_leaves() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a", "b"]).await;
    stage.delete_message("b");
    stage.run().await;
    stage.check(&["a"]);
    stage.restart();
    stage.run().await;
    stage.check(&["a"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn order_changed_by_hand_is_put_right() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a", "b", "c"]).await;
    stage.telegram(|t| t.profiles.get_mut(&ADA).unwrap().music.rotate_left(1));
    assert_eq!(stage.shown(), ["b", "a", "c"]);
    stage.play_and_run(&["d"]).await;
    stage.check(&["d", "c", "b"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn song_of_another_market_is_the_same() {
    let mut stage = Stage::new(3).await;
    let here = |spotify: &str, isrc: &str| {
        let mut track = track(spotify);
        track.title = "song".into();
        track.ids.push(TrackId { scheme: "isrc".into(), value: isrc.into() });
        track
    };
    stage.play_track(here("es", "ESA010200001")).await;
    stage.run().await;
    stage.play_track(here("de", "ES-A01-02-00001")).await;
    stage.run().await;
    stage.check(&["song"]);
    assert_eq!(stage.calls(SEND), 1);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn song_twice_in_a_row_changes_nothing() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a", "a"]).await;
    stage.check(&["a"]);
    assert_eq!((stage.calls(SEND), stage.calls(SAVE)), (1, 1));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_file_holds_no_other_song_up() {
    let mut stage = Stage::new(1).await;
    stage.backends.change(|it| it.closed.insert("slow".into()));
    stage.play("slow").await;
    let (profile, orders) = (stage.profile(), stage.orders());
    let skipping = async {
        until(|| stage.backends.asked("slow") == 1).await;
        play(&stage.ledger, track("next"), stage.now() + jiff::SignedDuration::from_secs(1)).await;
    };
    let ((_, result), ()) = soon(async { tokio::join!(profile.reconcile(&orders), skipping) }).await;
    result.unwrap();
    stage.check(&["next"]);
    assert!(stage.backends.change(|it| it.cancelled.contains("slow")), "nobody wants it any more");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn few_files_are_on_their_way_at_once() {
    const TITLES: [&str; 5] = ["a", "b", "c", "d", "e"];
    let mut stage = Stage::new(5).await;
    stage.backends.change(|it| it.closed.extend(TITLES.map(str::to_owned)));
    for title in TITLES {
        stage.play(title).await;
    }
    let (profile, orders) = (stage.profile(), stage.orders());
    let board = profile.board.clone();
    let opening = async {
        until(|| TITLES.iter().map(|title| stage.backends.asked(title)).sum::<u32>() >= 2).await;
        let shown = board.shown();
        let first: Vec<_> = shown.on_the_way.iter().map(|it| it.track.as_str()).collect();
        assert_eq!(first, ["spotify:d", "spotify:e"], "the newest first, two at a time");
        TITLES.iter().for_each(|title| stage.backends.open(title));
    };
    let ((_, result), ()) = soon(async { tokio::join!(profile.reconcile(&orders), opening) }).await;
    result.unwrap();
    stage.check(&["e", "d", "c", "b", "a"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn better_files_hold_no_first_one_up() {
    let mut stage = Stage::new(3).await;
    stage.backends.change(|it| {
        it.music.extend(["a".to_owned(), "b".to_owned()]);
        it.closed_music.extend(["a".to_owned(), "b".to_owned()]);
    });
    stage.play("a").await;
    stage.play("b").await;
    let (profile, orders) = (stage.profile(), stage.orders());
    let playing = async {
        // Silence for each, and both places for better files are taken.
        until(|| stage.backends.asked("a") == 2 && stage.backends.asked("b") == 2).await;
        play(&stage.ledger, track("c"), stage.now() + jiff::SignedDuration::from_secs(1)).await;
        until(|| stage.shown() == ["c", "b", "a"]).await;
        stage.backends.open("a");
        stage.backends.open("b");
    };
    let ((_, result), ()) = soon(async { tokio::join!(profile.reconcile(&orders), playing) }).await;
    result.unwrap();
    stage.check(&["c", "b", "a"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn late_file_never_stands_for_another_track() {
    let mut stage = Stage::new(2).await;
    stage.backends.change(|it| it.closed.insert("late".into()));
    stage.play("late").await;
    let (profile, orders) = (stage.profile(), stage.orders());
    let playing = async {
        until(|| stage.backends.asked("late") == 1).await;
        play(&stage.ledger, track("next"), stage.now() + jiff::SignedDuration::from_secs(1)).await;
        until(|| stage.shown() == ["next"]).await;
        stage.backends.open("late");
    };
    let ((_, result), ()) = soon(async { tokio::join!(profile.reconcile(&orders), playing) }).await;
    result.unwrap();
    stage.check(&["next", "late"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_backend_is_asked_again_later_only() {
    let mut stage = Stage::new(2).await;
    stage.backends.change(|it| it.missing.insert("a".into()));
    stage.play_and_run(&["a"]).await;
    let figures = stage.run().await;
    assert_eq!((stage.backends.asked("a"), figures.without_file), (1, 1));
    stage.clock.advance(jiff::SignedDuration::from_secs(61));
    stage.run().await;
    stage.run().await;
    assert_eq!(stage.backends.asked("a"), 2);
    stage.backends.change(|it| it.missing.clear());
    stage.clock.advance(jiff::SignedDuration::from_secs(121));
    stage.run().await;
    stage.check(&["a"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn evicted_song_ends_its_better_file() {
    let mut stage = Stage::new(1).await;
    stage.play_and_run(&["a"]).await;
    stage.forget_failures();
    stage.backends.change(|it| {
        it.music.insert("a".into());
        it.closed_music.insert("a".into());
    });
    let asked = stage.backends.asked("a");
    let (profile, orders) = (stage.profile(), stage.orders());
    let playing = async {
        until(|| stage.backends.asked("a") > asked).await;
        play(&stage.ledger, track("b"), stage.now() + jiff::SignedDuration::from_secs(1)).await;
    };
    let ((_, result), ()) = soon(async { tokio::join!(profile.reconcile(&orders), playing) }).await;
    result.unwrap();
    stage.check(&["b"]);
    assert!(stage.backends.change(|it| it.cancelled.contains("a")));
    assert!(stage.backends.change(|it| it.files.iter().all(|file| !file.exists())), "no file is left");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn half_done_improvement_is_finished() {
    let mut stage = Stage::new(2).await;
    stage.play_and_run(&["a"]).await;
    stage.forget_failures();
    stage.backends.change(|it| it.music.insert("a".into()));
    stage.telegram(|t| t.faults.add(Fault::close_before().on(SAVE).times(4).strict()));
    stage.run_through_time().await;
    stage.check(&["a"]);
    let bytes = stage.telegram(|t| t.files.get(t.profiles[&ADA].music[0]).unwrap().content.len());
    assert_eq!((bytes, stage.calls(SEND)), (3_000, 2));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn worse_file_never_takes_a_place() {
    let mut stage = Stage::new(2).await;
    stage.backends.change(|it| it.more_silence.insert("a".into()));
    stage.play_and_run(&["a"]).await;
    stage.check(&["a"]);
    assert_eq!((stage.backends.asked("a"), stage.calls(SEND)), (2, 1));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_work_one_after_the_other() {
    let mut stage = Stage::new(3).await;
    for title in ["a", "b", "c"] {
        stage.play(title).await;
    }
    let (one, two) = soon(async { tokio::join!(stage.try_run(), stage.try_run()) }).await;
    one.1.unwrap();
    two.1.unwrap();
    stage.check(&["c", "b", "a"]);
    assert_eq!(stage.calls(SEND), 3);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_login_ends_the_run() {
    let mut stage = Stage::new(2).await;
    stage.play_and_run(&["a"]).await;
    stage.telegram(|t| t.faults.add(Fault::refuse(401, "AUTH_KEY_UNREGISTERED").on(SAVE).strict()));
    stage.play("b").await;
    let (_, result) = stage.try_run().await;
    let error = result.unwrap_err();
    assert!(!error.is_temporary(), "nobody but a person can help");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("tapedeck login telegram"), "{cause}");
    // Somebody has logged in again.
    stage.restart();
    stage.run().await;
    stage.check(&["b", "a"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_file_is_never_sent() {
    let mut stage = Stage::new(3).await;
    stage.backends.change(|it| it.empty.insert("a".into()));
    stage.play_and_run(&["a"]).await;
    stage.run().await;
    assert_eq!(stage.backends.asked("a"), 1, "it is asked again later only");
    stage.play_and_run(&["b"]).await;
    stage.check(&["b"]);
    stage.finish();
}
