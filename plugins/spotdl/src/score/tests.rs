use super::*;

fn track() -> Track {
    Track {
        title: "Hello".into(),
        artists: vec!["Adele".into()],
        album: Some("25".into()),
        duration_ms: Some(295_502),
        is_explicit: Some(false),
        ..Track::default()
    }
}

fn hit() -> Hit {
    Hit {
        id: "a".into(),
        title: "Hello".into(),
        artists: vec!["Adele".into()],
        album: Some("25".into()),
        seconds: Some(295.0),
        is_explicit: Some(false),
        is_verified: true,
        ..Hit::default()
    }
}

fn judge(change: impl FnOnce(&mut Hit)) -> Verdict {
    let mut hit = hit();
    change(&mut hit);
    Song::of(&track()).judge(&hit, false)
}

fn is_about(verdict: &Verdict, score: f64) -> bool {
    (verdict.score - score).abs() < 0.01
}

#[test]
fn the_same_recording_has_all_points() {
    assert!(is_about(&judge(|_| {}), 100.0));
}

#[test]
fn time_rejects_at_its_bounds() {
    // 100 · e^(−0.1 · 13) is 27, and of 14 is 24.
    assert_eq!(judge(|hit| hit.seconds = Some(308.0)).rejected, None);
    assert_eq!(judge(|hit| hit.seconds = Some(309.0)).rejected, Some("another length"));
    assert_eq!(judge(|hit| hit.seconds = Some(281.0)).rejected, Some("another length"));
    assert_eq!(judge(|hit| hit.seconds = None).rejected, None);
}

#[test]
fn doubtful_hits_need_a_closer_time() {
    let doubtful = |seconds| {
        judge(|hit| {
            hit.album = Some("Wholly other".into());
            hit.title = "Hello you".into();
            hit.seconds = Some(seconds);
        })
    };
    assert_eq!(doubtful(301.0).rejected, None);
    assert_eq!(doubtful(303.0).rejected, Some("another length"));
}

#[test]
fn time_counts_while_not_all_is_sure() {
    // Of another album and five seconds longer: the mean of the mean with the album and of the time.
    let album = ratio("25", "21");
    let time = time_match(5.0);
    let verdict = judge(|hit| {
        hit.album = Some("21".into());
        hit.seconds = Some(300.0);
    });
    assert!(is_about(&verdict, f64::midpoint(f64::midpoint(100.0, album), time)), "{verdict:?}");
    // Sure without its album: the time has no say.
    assert!(is_about(&judge(|hit| hit.seconds = Some(300.0)), 100.0));
}

#[test]
fn another_album_costs_little_at_the_same_length() {
    assert!(is_about(&judge(|hit| hit.album = Some("Greatest".into())), 90.0));
    assert!(is_about(&judge(|hit| (hit.album, hit.is_verified) = (None, false)), 100.0));
}

#[test]
fn albums_say_nothing_of_what_the_isrc_found() {
    let other = Hit { album: Some("Greatest".into()), seconds: Some(300.0), ..hit() };
    assert!(is_about(&Song::of(&track()).judge(&other, true), 100.0));
}

#[test]
fn explicitness_costs_five() {
    assert!(is_about(&judge(|hit| hit.is_explicit = Some(true)), 95.0));
    assert!(is_about(&judge(|hit| hit.is_explicit = None), 100.0));
}

#[test]
fn each_other_version_costs_fifteen() {
    let verdict = judge(|hit| hit.title = "Hello (Live)".into());
    assert_eq!(verdict.versions, ["live"]);
    let plain = ratio("hello", "hello-live");
    assert!((verdict.name - (plain - 15.0)).abs() < 0.01, "{verdict:?}");
    let more = judge(|hit| hit.title = "Hello (Live Acoustic Cover)".into());
    assert_eq!((more.versions.len(), more.rejected), (3, Some("another title")));
}

#[test]
fn missing_versions_cost_as_much() {
    let live = Song::of(&Track { title: "Hello - Live".into(), ..track() });
    assert_eq!(live.judge(&hit(), false).versions, ["live"]);
    let remaster = Song::of(&Track { title: "Hello - 2011 Remaster".into(), ..track() });
    assert!(remaster.judge(&hit(), false).versions.is_empty());
}

#[test]
fn other_artists_are_rejected() {
    assert_eq!(judge(|hit| hit.artists = vec!["Lionel Richie".into()]).rejected, Some("another artist"));
    assert_eq!(judge(|hit| hit.artists = vec![]).rejected, Some("another artist"));
    assert_eq!(judge(|hit| hit.artists = vec!["Adele".into(), "Guest".into()]).rejected, None);
}

#[test]
fn channels_are_known_by_their_endings() {
    for name in ["AdeleVEVO", "Adele - Topic", "Adele Official", "adele music"] {
        assert!(
            judge(|hit| (hit.artists, hit.is_verified) = (vec![name.into()], false)).artists > 99.0,
            "{name}"
        );
    }
    let fan = judge(|hit| (hit.artists, hit.is_verified) = (vec!["Adelereally".into()], false));
    assert!(fan.artists < 99.0);
}

#[test]
fn uploads_may_name_the_artist_in_the_title() {
    let upload = |hit: &mut Hit| {
        (hit.title, hit.artists) = ("Adele - Hello (Lyrics)".into(), vec!["Some Channel".into()]);
        hit.is_verified = false;
    };
    assert_eq!((judge(upload).artists, judge(upload).name), (90.0, 100.0));
    // A label would have named her.
    assert_eq!(
        judge(|hit| {
            upload(hit);
            hit.is_verified = true;
        })
        .rejected,
        Some("another artist")
    );
}

#[test]
fn guests_need_not_be_named() {
    let song = Song::of(&Track { artists: vec!["Adele".into(), "Somebody Else".into()], ..track() });
    assert_eq!(song.judge(&hit(), false).artists, 75.0);
    let named = Hit { title: "Hello (feat. Somebody Else)".into(), ..hit() };
    assert_eq!(song.judge(&named, false).artists, 100.0);
}

#[test]
fn joint_names_begin_with_the_main_one() {
    let artists = |wanted: &str, is: &str| {
        let song = Song::of(&Track { artists: vec![wanted.into()], ..track() });
        song.judge(&Hit { artists: vec![is.into()], ..hit() }, false).artists
    };
    assert_eq!(artists("Queen & David Bowie", "Queen"), 90.0);
    assert!(artists("The Beatles", "The") < 70.0);
}

#[test]
fn without_artists_nothing_speaks_against_them() {
    let song = Song::of(&Track { artists: vec![], ..track() });
    assert_eq!(song.judge(&hit(), false).rejected, None);
}
