//! What is played appears on the profile, and what people do to it counts: by hand in Telegram, on the
//! command line, over the API.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tapedeck_sim::{
    spotify::Song,
    telegram::{Fault, Peer},
};

use crate::support::{music::*, telegram::ANN, *};

/// Songs stay when nothing plays: scrobblers tell afterwards.
fn room(profile: &str) -> Living {
    Living::room("sources = [\"listenbrainz\"]", &format!("clean_when_stopped = false\n{profile}{HISS}"))
}

fn places(folder: &Folder) -> Vec<String> {
    let list = folder.cli_json(&["music", "list"]);
    let songs = list["songs"].as_array().unwrap_or_else(|| panic!("{list}"));
    songs.iter().map(|song| song["title"].as_str().unwrap().to_owned()).collect()
}

fn ask(folder: &Folder, arguments: &[&str]) -> Value {
    folder.cli_json(&[&["music"], arguments].concat())
}

#[test]
fn listens_of_a_scrobbler_land_on_the_profile() {
    let living = room(&format!("{HEARS_ALL}\nkeep = 3"));
    let token = living.token();
    let mut daemon = living.start();
    living.telegram(|t| t.say(Peer::User(ANN), ANN, "a note to myself"));
    living.scrobble(&daemon, &token, EARLIER, &["First", "Second"]);
    living.wait_for(&mut daemon, &["Second", "First"]);
    living.scrobble(&daemon, &token, EARLIER + 2 * SPACE, &["Third", "Fourth", "First"]);
    living.wait_for(&mut daemon, &["First", "Fourth", "Third"]);
    daemon.wait_until("the list is so too", |_| places(&living.folder) == ["First", "Fourth", "Third"]);
    let sent = living.telegram(|t| t.calls.count("messages.sendMedia"));
    assert_eq!(sent, 4, "each song once, though one of them was played twice");
    assert_eq!(living.telegram(|t| t.history(ANN, Peer::User(ANN)).unwrap().len()), 4, "with the note");
    daemon.stop();
    living.world.finish().unwrap();
}

#[test]
fn command_line_rules_the_profile() {
    let living = room(HEARS_ALL);
    let (token, folder) = (living.token(), &living.folder);
    let mut daemon = living.start();
    living.scrobble(&daemon, &token, EARLIER, &["First", "Second", "Third"]);
    living.wait_for(&mut daemon, &["Third", "Second", "First"]);

    let asked = ask(folder, &["move", "first"]);
    assert_eq!((&asked["song"], &asked["is_unheard"]), (&json!("Ann - First"), &json!(false)));
    living.wait_for(&mut daemon, &["First", "Third", "Second"]);
    ask(folder, &["move", "First", "--after", "Second"]);
    living.wait_for(&mut daemon, &["Third", "Second", "First"]);
    ask(folder, &["remove", "2"]);
    living.wait_for(&mut daemon, &["Third", "First"]);

    std::fs::copy(folder.path("hiss.wav"), folder.path("Bob - Mine.wav")).unwrap();
    ask(folder, &["add", "Bob - Mine.wav"]);
    living.wait_for(&mut daemon, &["Mine", "Third", "First"]);
    let known = ask(folder, &["explain", "Third"]);
    assert_eq!(
        (&known["title"], &known["songs"][0]["backend"]),
        (&json!("Third"), &json!("hiss")),
        "{known}"
    );
    assert_eq!(known["attempts"]["attempts"][0]["outcome"]["is"], "found", "{known}");
    let told = text(&folder.cli(&["music", "explain", "second"]).stdout);
    assert!(told.contains("removed by somebody"), "{told}");
    let refused = folder.cli(&["music", "remove", "nobody"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("no song `nobody`"));

    assert_eq!(ask(folder, &["clean"])["songs"], 3);
    living.wait_for(&mut daemon, &[]);
    daemon.stop();
    living.world.finish().unwrap();
}

#[test]
fn what_backends_answered_is_known_after_a_kill() {
    let living = room(HEARS_ALL);
    let (token, folder) = (living.token(), &living.folder);
    let mut daemon = living.start();
    living.scrobble(&daemon, &token, EARLIER, &["First"]);
    living.wait_for(&mut daemon, &["First"]);
    let attempts = || ask(folder, &["explain", "First"])["attempts"]["attempts"].clone();
    let before = attempts();
    let candidate = before[0]["candidates"][0]["id"].as_str().unwrap_or_else(|| panic!("{before}"));
    assert_eq!(before[0]["candidates"][0]["is_taken"], true, "{before}");
    daemon.kill();

    let daemon = folder.start();
    assert_eq!(attempts(), before);
    // It can be chosen without asking any backend again.
    ask(folder, &["use", "First", candidate]);
    assert_eq!(ask(folder, &["explain", "First"])["choice"]["candidate"]["id"], candidate);
    daemon.stop();
    living.world.finish().unwrap();
}

#[test]
fn deleted_message_wakes_the_job() {
    let living = room(HEARS_ALL);
    let token = living.token();
    let mut daemon = living.start();
    living.scrobble(&daemon, &token, EARLIER, &["First", "Second"]);
    living.wait_for(&mut daemon, &["Second", "First"]);
    daemon.wait_until("the job rests", |daemon| rests(daemon));
    // Nothing but that wakes it: it looks at no time by itself.
    living.delete_message("First");
    living.wait_for(&mut daemon, &["Second"]);
    daemon.wait_until("the job rests", |daemon| rests(daemon));
    // Played again, after it was taken away.
    let run = daemon.runs(PROFILE).pop().unwrap();
    let ended: jiff::Timestamp = run["ended"].as_str().unwrap_or_else(|| panic!("{run}")).parse().unwrap();
    living.scrobble(&daemon, &token, ended.as_second() + 1, &["First"]);
    living.wait_for(&mut daemon, &["First", "Second"]);
    daemon.stop();
    living.world.finish().unwrap();
}

#[test]
fn changes_by_hand_are_found_at_the_next_look() {
    let living = room(&format!("{HEARS_ALL}\nevery = \"1s\""));
    let token = living.token();
    let mut daemon = living.start();
    living.scrobble(&daemon, &token, EARLIER, &["First", "Second", "Third"]);
    living.wait_for(&mut daemon, &["Third", "Second", "First"]);
    living.take_off("Second");
    living.wait_for(&mut daemon, &["Third", "First"]);
    living.telegram(|t| t.profiles.get_mut(&ANN).unwrap().music.reverse());
    living.wait_for(&mut daemon, &["Third", "First"]);
    daemon.stop();
    living.world.finish().unwrap();
}

#[test]
fn end_of_playback_clears_what_was_played() {
    let living = Living::room("min_listening = \"1s\"\nstop_grace = \"1s\"", &format!("{HEARS_ALL}{HISS}"));
    let mut daemon = living.start();
    living.world.spotify(|it| it.play([Song::new("Ann", "First", 200)]));
    living.wait_for(&mut daemon, &["First"]);
    living.world.spotify(|it| it.stop());
    // Between two looks lie ten seconds in the middle of a song.
    daemon.wait_for(Duration::from_secs(30), "nothing is left of it", |_| {
        living.shown().is_empty() && living.saved().is_empty()
    });
    daemon.stop();
    living.world.finish().unwrap();
}

/// As `docker stop` does it.
#[test]
fn stopped_in_mid_upload_it_goes_on_at_the_start() {
    let living = room(HEARS_ALL);
    let token = living.token();
    let mut daemon = living.start();
    living.telegram(|t| t.faults.add(Fault::silent().on("upload.saveFilePart").strict()));
    living.scrobble(&daemon, &token, EARLIER, &["First"]);
    daemon.wait_until("it goes up", |_| living.telegram(|t| t.calls.lost("upload.saveFilePart")) == 1);
    let begun = std::time::Instant::now();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.log());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(living.shown().is_empty() && living.saved().is_empty());
    assert!(!leftovers(&living.folder), "files on their way are removed");

    let mut daemon = living.folder.start();
    daemon.post(&format!("/api/v1/jobs/{PROFILE}/run"));
    living.wait_for(&mut daemon, &["First"]);
    assert_eq!(living.telegram(|t| t.calls.count("messages.sendMedia")), 1);
    daemon.stop();
    living.world.finish().unwrap();
}

fn leftovers(folder: &Folder) -> bool {
    let fetched = std::fs::read_dir(folder.data().join("music/fetched"));
    fetched.is_ok_and(|mut entries| entries.next().is_some())
}
