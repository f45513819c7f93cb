//! The bio says what plays, and what was there comes back.

use tapedeck::music::now_playing::Order;
use tapedeck_sim::telegram::Fault;

use super::stage::*;
use crate::profile::stage::play;

const WRITE: &str = "account.updateProfile";

async fn stage() -> Stage {
    Stage { notice: Order::Leave, ..Stage::new().await }
}

#[tokio::test(flavor = "multi_thread")]
async fn own_words_come_back_when_playback_stops() {
    let stage = stage().await;
    stage.play("Ann", "One").await;
    assert_eq!(stage.run().await.bios_written, 1);
    assert_eq!(stage.about(), "♫ Ann – One");
    stage.play("Ann", "Two").await;
    stage.run().await;
    assert_eq!(stage.about(), "♫ Ann – Two");
    stage.ledger.stop().await.unwrap();
    stage.pass(61);
    assert_eq!(stage.run().await.bios_restored, 1);
    assert_eq!(stage.about(), BIO);
    assert_eq!(stage.scene.state.bios.all().unwrap(), [], "nothing is left to remember");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_words_are_not_written() {
    let mut stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    let looks = stage.calls("users.getFullUser");
    stage.run().await;
    assert_eq!((stage.calls(WRITE), stage.calls("users.getFullUser")), (1, looks), "not even asked for");
    stage.restart();
    stage.run().await;
    assert_eq!(stage.calls(WRITE), 1, "after a start it is looked at once");
    assert_eq!(stage.calls("users.getFullUser"), looks + 1);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_somebody_else_stay_until_the_next_song() {
    let stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.write_bio("On holiday");
    let mut restarted = stage;
    restarted.restart();
    restarted.run().await;
    assert_eq!(restarted.about(), "On holiday", "the song goes on");
    restarted.play("Ann", "Two").await;
    restarted.run().await;
    assert_eq!(restarted.about(), "♫ Ann – Two");
    restarted.ledger.stop().await.unwrap();
    restarted.pass(61);
    restarted.run().await;
    assert_eq!(restarted.about(), "On holiday", "they are what comes back");
    restarted.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn words_written_meanwhile_are_never_lost() {
    let stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.write_bio("Mine now");
    stage.ledger.stop().await.unwrap();
    stage.pass(61);
    assert_eq!(stage.run().await.bios_restored, 0);
    assert_eq!((stage.about().as_str(), stage.calls(WRITE)), ("Mine now", 1));
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_is_gone_leaves_no_words() {
    let mut stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.bio = Order::TakeBack;
    stage.restart();
    assert_eq!(stage.run().await.bios_restored, 1, "without waiting for the next minute");
    assert_eq!(stage.about(), BIO);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_words_stand_until_the_job_is_gone() {
    let mut stage = stage().await;
    let rules = tapedeck::music::now_playing::BioRules { idle: Some(template("Last: {{title}}")), ..bio() };
    stage.bio = Order::Keep(rules);
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.ledger.stop().await.unwrap();
    stage.pass(61);
    stage.run().await;
    assert_eq!(stage.about(), "Last: One");
    stage.bio = Order::TakeBack;
    stage.run().await;
    assert_eq!(stage.about(), BIO);
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn cleaning_brings_own_words_back() {
    let stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.pass(61);
    let tracks = &stage.scene.state.profile_tracks;
    let all = tracks.get("main", "").unwrap();
    let removed = Some(tapedeck::clock::Clock::now(&*stage.clock));
    tracks.put(&tapedeck::state::ProfileTrack { removed, ..all }).unwrap();
    stage.run().await;
    assert_eq!(stage.about(), BIO);
    stage.play("Ann", "Two").await;
    stage.run().await;
    assert_eq!(stage.about(), "♫ Ann – Two", "the next song is said again");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn long_titles_fit_whatever_is_counted() {
    let stage = stage().await;
    let title = "מנגינה ארוכה מאוד 👩\u{200d}🎤 e\u{301}toile ".repeat(9);
    stage.play("שלומי", &title).await;
    stage.run().await;
    let free = stage.about();
    assert!(free.contains('…') && (40..=70).contains(&free.encode_utf16().count()), "{free}");
    assert!(free.starts_with("♫ \u{2068}שלומי\u{2069} – \u{2068}מנגינה"), "{free}");
    stage.telegram(|t| t.users.get_mut(&crate::support::ADA).unwrap().premium = true);
    stage.play("Ann", &title).await;
    stage.run().await;
    assert!((100..=140).contains(&stage.about().encode_utf16().count()), "{}", stage.about());
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn shorter_words_follow_a_refusal() {
    let stage = stage().await;
    stage.telegram(|t| {
        t.users.get_mut(&crate::support::ADA).unwrap().premium = true;
        t.faults.add(Fault::refuse(400, "ABOUT_TOO_LONG").on(WRITE).strict());
    });
    stage.play("Ann", &"long ".repeat(40)).await;
    stage.run().await;
    assert!(stage.about().encode_utf16().count() <= 70, "{}", stage.about());
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_login_keeps_its_words() {
    let mut stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    // The account's name now stands for somebody with a bio of their own.
    stage.write_bio("I am Grace");
    stage.bio = Order::TakeBack;
    stage.restart();
    stage.run().await;
    assert_eq!(stage.about(), "I am Grace");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn songs_in_a_row_are_written_once() {
    let stage = stage().await;
    stage.play("Ann", "One").await;
    stage.run().await;
    stage.pass(1);
    for title in ["Two", "Three"] {
        stage.pass(1);
        play(&stage.ledger, track("Ann", title), tapedeck::clock::Clock::now(&*stage.clock)).await;
    }
    let (now_playing, orders) = (stage.now_playing(), stage.orders());
    let passing = async {
        crate::support::until(|| !stage.told.lock().unwrap().is_empty()).await;
        assert_eq!(stage.calls(WRITE), 1);
        play(&stage.ledger, track("Ann", "Four"), tapedeck::clock::Clock::now(&*stage.clock)).await;
        stage.pass(60);
    };
    let said = async { tokio::join!(now_playing.say(&orders), passing) };
    crate::support::soon(said).await.0.1.unwrap();
    assert_eq!((stage.about().as_str(), stage.calls(WRITE)), ("♫ Ann – Four", 2));
    assert!(!stage.told.lock().unwrap()[0].is_demanded, "it is our own patience");
    stage.finish();
}
