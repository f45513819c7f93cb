//! PostgreSQL goes away in the middle of a sweep, and comes again.

use std::time::Duration;

use tapedeck::{
    archive::{PostgresStore, SharedStore},
    capture::{Sweep, Swept, Tell},
};
use tapedeck_sim::telegram::Peer;
use tokio_util::sync::CancellationToken;

use super::stage::{Stage, WITH_GRACE};
use crate::support::{
    ADA, GRACE, Scene,
    postgres::{Server, connect},
    random::Random,
};

const MESSAGES: i32 = 2_000;
const GROUP: tapedeck::model::PeerId = tapedeck::model::PeerId::channel(55);

struct Deck {
    stage: Stage,
    server: Server,
    address: String,
    world: [Vec<i32>; 2],
}

impl Deck {
    async fn open() -> Self {
        let scene = Scene::open().await;
        scene.telegram(|t| {
            t.add_supergroup(55, "Group", GRACE);
            t.join(Peer::Channel(55), ADA);
            for number in 0..MESSAGES {
                t.say(Peer::User(ADA), GRACE, &format!("number {number}"));
                t.say(Peer::Channel(55), GRACE, &format!("number {number}"));
            }
        });
        let world = scene.telegram(|t| {
            [Peer::User(GRACE), Peer::Channel(55)]
                .map(|peer| t.history(ADA, peer).unwrap().ids_from(0).collect::<Vec<_>>())
        });
        let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
        let address = server.database().await;
        let store: SharedStore = std::sync::Arc::new(PostgresStore::open(&address).await.unwrap());
        let mut stage = Stage::of(scene).await;
        stage.store = store;
        Self { stage, server, address, world }
    }

    /// As jobs do: what may pass is tried again, in the same process.
    async fn sweep_on(&self, tell: &Tell) -> (Swept, usize) {
        for failures in 0..1_000 {
            let (swept, ended) = Sweep { capture: self.stage.capture(), tell: tell.clone() }.run().await;
            match ended {
                Ok(()) => return (swept, failures),
                Err(error) => assert!(error.is_temporary(), "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it never comes to an end");
    }

    async fn finish(self, trouble: usize) {
        assert!(trouble > 0, "the test has something to look at");
        for (chat, world) in [WITH_GRACE, GROUP].into_iter().zip(&self.world) {
            assert_eq!(self.stage.ids(chat).await, *world);
            assert_eq!(self.stage.cursor(chat).await, *world.last().unwrap());
        }
        assert_eq!(self.stage.store.check().await.unwrap(), [""; 0]);
        self.stage.finish();
    }
}

/// Calls at every so many steps of a sweep, on a thread of its own.
fn at_steps(every: usize, tell: impl Fn() + Send + Sync + 'static) -> Tell {
    let steps = std::sync::atomic::AtomicUsize::new(1);
    Tell::new(
        move |_| {
            if steps.fetch_add(1, std::sync::atomic::Ordering::Relaxed).is_multiple_of(every) {
                tell();
            }
        },
        CancellationToken::new(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_of_a_batch_costs_no_message() {
    let deck = Deck::open().await;
    let (word, mut words) = tokio::sync::mpsc::unbounded_channel();
    let tell = at_steps(9, move || {
        // Nobody restarts it any more.
        let _ = word.send(());
    });
    let mut restarts = 0;
    let restarting = async {
        while words.recv().await.is_some() {
            restarts += 1;
            // At once, as when the machine loses power, and a while later it is there again.
            tokio::task::block_in_place(|| {
                deck.server.stop();
                deck.server.restart();
            });
        }
    };
    let sweeping = async {
        let (_, failures) = deck.sweep_on(&tell).await;
        drop(tell);
        failures
    };
    let (failures, ()) = tokio::join!(sweeping, restarting);
    println!("{restarts} restarts, {failures} runs that failed");
    deck.finish(restarts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_sessions_cost_no_message() {
    let deck = Deck::open().await;
    let over = CancellationToken::new();
    let mut random = Random::new();
    let ending = async {
        const END: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                           where datname = current_database() and pid <> pg_backend_pid()";
        let stranger = connect(&deck.address).await;
        let mut ended = 0;
        while !over.is_cancelled() {
            tokio::time::sleep(Duration::from_millis(random.below(500) as u64)).await;
            ended += stranger.query_one(END, &[]).await.unwrap().get::<_, i64>(0);
        }
        ended
    };
    let sweeping = async {
        let (_, failures) = deck.sweep_on(&Tell::nobody()).await;
        over.cancel();
        failures
    };
    let (failures, ended) = tokio::join!(sweeping, ending);
    println!("{ended} sessions ended, {failures} runs that failed, seed {}", random.seed);
    deck.finish(usize::try_from(ended).unwrap()).await;
}
