//! A process that writes its session without a pause is killed again and again. Whatever it had
//! said to be written is there, and nothing is torn.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use super::{
    tests::{logged_in, open, set_key, user},
    *,
};

const FOLDER: &str = "TAPEDECK_TEST_FOLDER";
/// Peers that each round learns.
const PEERS: i64 = 300;
/// Then they come again, changed: the log has to be written anew at times.
const DIFFERENT_PEERS: i64 = 6000;

/// How often, `TAPEDECK_TEST_KILLS` says.
#[test]
fn kills_never_tear_a_session() {
    let kills = variable("TAPEDECK_TEST_KILLS").and_then(|text| text.parse().ok()).unwrap_or(8);
    let folder = tempfile::tempdir().unwrap();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut written = 0;
    for _ in 0..kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        written =
            written.max(write_and_kill(folder.path(), random >> 60, Duration::from_micros(random >> 50)));
        let found = inspect(folder.path());
        assert!(found >= written, "round {written} was written, round {found} is there");
    }
    assert!(written > kills, "the test has something to look at: {written}");
}

/// Says the last round that was reported as written.
fn write_and_kill(folder: &Path, rounds: u64, pause: Duration) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "telegram::session::kill_tests::writes_until_killed", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut written = 0;
    let mut note = |line: &str| {
        if let Some(round) = line.strip_prefix("written ") {
            written = round.parse().unwrap();
        }
        written
    };
    let first = lines.by_ref().map(|line| note(&line)).find(|round| *round > 0).unwrap_or_default();
    assert!(first > 0, "the child has died by itself");
    for line in lines.by_ref().take(usize::try_from(rounds).unwrap()) {
        note(&line);
    }
    std::thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines {
        note(&line);
    }
    written
}

/// Looks at what the disk has: the last round in it.
fn inspect(folder: &Path) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (store, _) = open(folder);
        let session = store.load(&AccountName::main(), &DataCenters::telegram()).await.unwrap().unwrap();
        let round = i64::from(session.updates_state().await.unwrap().pts);
        let keys: Vec<_> = [1, 3].map(|dc| session.dc_option(dc).unwrap().unwrap().auth_key.unwrap()).into();
        assert!(keys.iter().all(|key| *key == [key_of(round); 256]), "keys of one round: {round}");
        assert_eq!(session.me().unwrap().name, format!("round {round}"));
        for number in (round * PEERS - DIFFERENT_PEERS).max(0)..round * PEERS {
            let id = PeerId::user(1000 + number % DIFFERENT_PEERS).unwrap();
            assert_eq!(session.peer_ref(id).await.unwrap().unwrap().auth.hash(), number);
        }
        round
    })
}

fn key_of(round: i64) -> u8 {
    u8::try_from(round % 256).unwrap()
}

#[test]
#[ignore = "it is the process that `kills_never_tear_a_session` kills"]
fn writes_until_killed() {
    let Some(folder) = variable(FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (store, _) = open(Path::new(&folder));
        let name = AccountName::main();
        let loaded = store.load(&name, &DataCenters::telegram()).await.unwrap();
        let (session, mut round) = match loaded {
            Some(session) => {
                let round = session.updates_state().await.unwrap().pts;
                (session, round)
            }
            None => (logged_in(7, 1).await, 0),
        };
        loop {
            round += 1;
            for dc in [1, 3] {
                set_key(&session, dc, key_of(round.into())).await.unwrap();
            }
            for number in i64::from(round - 1) * PEERS..i64::from(round) * PEERS {
                let id = 1000 + number % DIFFERENT_PEERS;
                session.cache_peer(user(id, Some(number), false)).await.unwrap();
            }
            let view = SelfView { id: 7, name: format!("round {round}"), username: None, phone_masked: None };
            session.set_me(view).unwrap();
            session.set_update_state(UpdateState::Primary { pts: round, date: 0, seq: 0 }).await.unwrap();
            if round == 1 {
                store.commit(&name, &session, Replace::SameUser).await.unwrap();
            }
            session.flush().await.unwrap();
            println!("\nwritten {round}");
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "a test reads how often, and its child where")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
