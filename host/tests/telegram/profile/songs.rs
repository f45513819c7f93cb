//! What people see: messages, the profile, and its order.

use grammers_tl_types::enums::DocumentAttribute;
use tapedeck::{
    model::{Candidate, Cover},
    state::MusicChoice,
};
use tapedeck_sim::telegram::Peer;

use super::stage::*;
use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn last_songs_are_shown_newest_first() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a", "b", "c", "d"]).await;
    stage.check(&["d", "c", "b"]);
    assert_eq!(stage.calls("upload.saveFilePart"), 4);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn played_again_it_moves_by_one_call() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a", "b", "c"]).await;
    let calls = (stage.calls("account.saveMusic"), stage.calls("messages.sendMedia"));
    stage.play_and_run(&["a"]).await;
    stage.check(&["a", "c", "b"]);
    assert_eq!((stage.calls("account.saveMusic"), stage.calls("messages.sendMedia")), (calls.0 + 1, calls.1));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn evicted_song_is_not_sent_up_again() {
    let mut stage = Stage::new(2).await;
    stage.play_and_run(&["a", "b", "c"]).await;
    let uploads = stage.calls("upload.saveFilePart");
    stage.play_and_run(&["a"]).await;
    stage.check(&["a", "c"]);
    assert_eq!(stage.calls("upload.saveFilePart"), uploads);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn end_of_playback_leaves_what_was_there() {
    let mut stage = Stage::new(3).await;
    let (song, message) = stage.telegram(foreign_song);
    stage.play_and_run(&["a", "b"]).await;
    assert_eq!(stage.shown(), ["b", "a", "foreign"]);
    stage.ledger.stop().await.unwrap();
    stage.run().await;
    stage.telegram(|t| {
        assert_eq!(t.profiles[&ADA].music, [song]);
        assert!(t.history(ADA, Peer::User(ADA)).unwrap().has(message));
        assert_eq!(messages(t), ["foreign"]);
    });
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn next_session_begins_with_an_empty_profile() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a", "b"]).await;
    stage.ledger.stop().await.unwrap();
    stage.run().await;
    let uploads = stage.calls("upload.saveFilePart");
    stage.play_and_run(&["c", "a"]).await;
    stage.check(&["a", "c"]);
    assert_eq!(stage.calls("upload.saveFilePart"), uploads + 1, "what was sent before is sent again");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn songs_stay_at_the_end_if_told_so() {
    let mut stage = Stage::new(3).await;
    stage.rules.clean_when_stopped = false;
    stage.play_and_run(&["a", "b"]).await;
    stage.ledger.stop().await.unwrap();
    stage.run().await;
    stage.check(&["b", "a"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_say_all_about_the_song() {
    let mut stage = Stage::new(3).await;
    stage.backends.change(|it| it.music.insert("What? AC/DC".into()));
    let cover = Cover { url: serve_cover().await, width: 300, height: 300 };
    let mut played = track("What? AC/DC");
    played.artists.push("Bob".into());
    played.covers = vec![Cover { width: 640, ..cover.clone() }, cover];
    stage.play_track(played).await;
    stage.run().await;
    stage.telegram(|t| {
        let file = t.files.get(t.profiles[&ADA].music[0]).unwrap();
        assert_eq!((file.mime.as_str(), file.content.len()), ("audio/mpeg", 3_000));
        let audio = file.attributes.iter().find_map(|it| match it {
            DocumentAttribute::Audio(audio) => Some(audio.clone()),
            _ => None,
        });
        let audio = audio.unwrap();
        assert_eq!(
            (audio.title.as_deref(), audio.performer.as_deref()),
            (Some("What? AC/DC"), Some("Ann, Bob"))
        );
        assert_eq!((audio.duration, audio.voice), (200, false));
        let name = file.attributes.iter().find_map(|it| match it {
            DocumentAttribute::Filename(name) => Some(name.file_name.clone()),
            _ => None,
        });
        assert_eq!(name.as_deref(), Some("Ann, Bob - What_ AC_DC.mp3"));
        assert_eq!(file.thumbs.iter().map(|it| (it.width, it.height)).collect::<Vec<_>>(), [(300, 280)]);
    });
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn better_recording_takes_the_place_of_silence() {
    let mut stage = Stage::new(3).await;
    stage.play_and_run(&["a", "b"]).await;
    stage.backends.change(|it| it.music.insert("a".into()));
    stage.forget_failures();
    let figures = stage.run().await;
    stage.check(&["b", "a"]);
    assert_eq!((figures.improved, figures.saved, figures.taken_off), (1, 1, 1));
    let bytes = stage.telegram(|t| t.files.get(t.profiles[&ADA].music[1]).unwrap().content.len());
    assert_eq!(bytes, 3_000);
    stage.finish();
}

/// What the backends have of `a`, and what somebody has chosen or does not want any more.
fn hands(stage: &Stage, there: &str, chosen: Option<&str>, unwanted: Option<&str>) {
    stage.backends.change(|it| it.candidates.insert("a".into(), there.into()));
    let state = &stage.scene.state;
    state.music_choices.remove("spotify:a").unwrap();
    if let Some(id) = chosen {
        let candidate = Candidate { id: id.into(), score: 100.0, ..Candidate::default() };
        let (track, title, backend) = ("spotify:a".into(), "a".into(), "music".into());
        let choice = MusicChoice { track, title, backend, candidate, chosen: stage.now() };
        state.music_choices.put(&choice).unwrap();
    }
    let mut track = state.profile_tracks.get("main", "spotify:a").unwrap();
    track.unwanted = unwanted.map(|id| ("music".into(), id.into()));
    state.profile_tracks.put(&track).unwrap();
}

/// The recording that stands for it.
fn recording_of_a(stage: &Stage) -> String {
    let songs = stage.scene.state.profile_songs.of_account("main").unwrap();
    let of_a = songs.into_iter().filter(|song| song.track == "spotify:a");
    of_a.max_by_key(|song| song.made).unwrap().candidate
}

#[tokio::test(flavor = "multi_thread")]
async fn choice_by_hand_is_shown_until_taken_back() {
    let mut stage = Stage::new(3).await;
    stage.backends.change(|it| it.music.insert("a".into()));
    stage.play_and_run(&["a", "b"]).await;
    assert_eq!(recording_of_a(&stage), "a");
    hands(&stage, "other", Some("other"), None);
    stage.run().await;
    assert_eq!(recording_of_a(&stage), "other");
    hands(&stage, "a", None, Some("other"));
    stage.run().await;
    assert_eq!(recording_of_a(&stage), "a");
    stage.check(&["b", "a"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_may_choose_the_same_by_themselves() {
    let mut stage = Stage::new(3).await;
    stage.backends.change(|it| it.music.insert("a".into()));
    stage.play_and_run(&["a"]).await;
    let sent = stage.calls("messages.sendMedia");
    hands(&stage, "a", None, Some("a"));
    stage.run().await;
    assert_eq!((stage.calls("messages.sendMedia"), stage.backends.asked("a")), (sent, 3));
    let track = stage.scene.state.profile_tracks.get("main", "spotify:a").unwrap();
    assert_eq!(track.unwanted, None);
    stage.check(&["a"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholder_is_there_while_music_comes() {
    let mut stage = Stage::new(3).await;
    stage.backends.change(|it| {
        it.music.insert("a".into());
        it.closed_music.insert("a".into());
    });
    stage.play("a").await;
    let (profile, orders, scene) = (stage.profile(), stage.orders(), &stage.scene);
    let seen = async {
        until(|| stage.backends.asked("a") == 2 && !scene.telegram(shown).is_empty()).await;
        assert_eq!(scene.telegram(shown), ["a"]);
        stage.backends.open("a");
    };
    let ((_, result), ()) = soon(async { tokio::join!(profile.reconcile(&orders), seen) }).await;
    result.unwrap();
    stage.check(&["a"]);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_elsewhere_is_told_at_once() {
    let mut stage = Stage::new(3).await;
    let mut deletions = stage.client.deletions();
    stage.play_and_run(&["a"]).await;
    let song = stage.scene.state.profile_songs.of_account("main").unwrap().remove(0);
    let id = song.message.id().unwrap();
    let phone = stage.scene.client();
    let call = grammers_tl_types::functions::messages::DeleteMessages { revoke: true, id: vec![id.0] };
    phone.invoke(&call).await.unwrap();
    assert_eq!(*soon(deletions.recv()).await.unwrap(), [id]);
    stage.finish();
}

/// An address with a JPEG of 300 by 280 pixels.
async fn serve_cover() -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert_ne!(stream.read(&mut request).await.unwrap(), 0);
            let jpeg = [0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 1, 24, 1, 44, 3, 0xff, 0xd9];
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", jpeg.len());
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&jpeg).await.unwrap();
        }
    });
    format!("http://{address}/cover.jpg")
}
