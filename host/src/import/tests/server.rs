//! Telegram-Archive's database on a server, taken over whole.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::engine::Deck;
use crate::{
    archive::{PostgresServer, connect_postgres},
    import::{ImportError, ImportSummary, Kind, Place, Request, engine::MESSAGES_PER_BATCH},
};

const MESSAGES: usize = 3 * MESSAGES_PER_BATCH;

/// As version 8 has it, as far as it matters here.
fn database() -> String {
    format!(
        "
        CREATE TABLE chats (account_id INT, id BIGINT, ref TEXT, type TEXT, title TEXT);
        CREATE TABLE messages (account_id INT, id BIGINT, chat_id BIGINT, sender_id BIGINT, sender_name TEXT, date TIMESTAMP, text TEXT,
            edit_date TIMESTAMP, raw_data TEXT, is_outgoing INT, is_deleted INT, deleted_at TIMESTAMP);
        INSERT INTO chats VALUES (1, -1000000000042, 'r', 'group', 'Talk');
        INSERT INTO messages (account_id, id, chat_id, date, text)
            SELECT 1, it, -1000000000042, '2026-01-10 12:00:00'::timestamp + it * interval '1 second', 'message ' || it
            FROM generate_series(1, {MESSAGES}) it;
        "
    )
}

async fn run(
    deck: &Deck,
    request: Request,
    token: CancellationToken,
    progress: watch::Sender<ImportSummary>,
) -> Result<ImportSummary, ImportError> {
    deck.import_as(request, deck.store.clone(), token, progress).await
}

#[tokio::test]
async fn a_server_is_taken_over_once_and_resumed() {
    let deck = Deck::new();
    let address = PostgresServer::shared().database().await;
    let client = connect_postgres(&address).await;
    client.batch_execute(&database()).await.unwrap();
    let place = Place::Server(address.into());
    let request = Request { place, kind: Kind::TelegramArchive, ..deck.request() };
    let (progress, mut seen) = watch::channel(ImportSummary::default());
    let token = CancellationToken::new();
    let stop = async {
        seen.changed().await.unwrap();
        token.cancel();
    };
    let importing = run(&deck, request.clone(), token.clone(), progress);
    let (outcome, ()) = tokio::join!(importing, stop);
    assert!(matches!(outcome, Err(ImportError::Stopped)), "{outcome:?}");
    let before = deck.stored().await.len() as u64;
    assert!(before > 0 && before < MESSAGES as u64, "{before}");
    let whole = async || {
        run(&deck, request.clone(), CancellationToken::new(), watch::channel(ImportSummary::default()).0)
            .await
            .unwrap()
    };
    let rest = whole().await;
    assert_eq!((rest.resumed_after, rest.new), (before, MESSAGES as u64 - before));
    let again = whole().await;
    assert_eq!((again.new, again.changed, again.unchanged), (0, 0, MESSAGES as u64));
    // The tool that is replaced still runs.
    client
        .batch_execute("UPDATE messages SET text = 'later', edit_date = '2026-02-01 00:00:00' WHERE id = 7")
        .await
        .unwrap();
    let later = whole().await;
    assert_eq!((later.new, later.changed, later.resumed_after), (0, 1, 0));
}

#[tokio::test]
async fn a_server_that_is_away_is_named_without_its_password() {
    let deck = Deck::new();
    let place = Place::of("postgres://me:hidden@127.0.0.1:1/backup");
    assert_eq!(place.kind().await.unwrap(), Kind::TelegramArchive);
    let failure = deck.fails(Request { place, kind: Kind::TelegramArchive, ..deck.request() }).await;
    assert!(failure.contains("me@127.0.0.1:1/backup") && !failure.contains("hidden"), "{failure}");
}
