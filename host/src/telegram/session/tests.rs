//! What a session promises, over restarts too.

use std::{path::Path, time::Duration};

use grammers_session::{
    storages::erase,
    types::{ChannelKind, ChannelState, PeerAuth},
};

use super::*;
use crate::{
    lifecycle::Lifecycle,
    state::State,
    vault::{Keeper, VaultSettings},
};

fn account() -> AccountName {
    AccountName::main()
}

pub(super) fn open(folder: &Path) -> (SessionStore, Lifecycle) {
    let settings = VaultSettings { key_file: None, passphrase: None, folder: folder.to_owned() };
    let lifecycle = Lifecycle::default();
    let vault = Keeper::new(settings);
    (SessionStore::new(State::open(folder).unwrap(), vault, lifecycle.clone()), lifecycle)
}

pub(super) fn user(id: i64, hash: Option<i64>, is_self: bool) -> PeerInfo {
    let auth = hash.map(PeerAuth::from_hash);
    PeerInfo::User { id, auth, bot: Some(false), is_self: Some(is_self) }
}

pub(super) async fn set_key(session: &AccountSession, dc: i32, key: u8) -> Result<(), SessionError> {
    let option = session.dc_option(dc).unwrap().unwrap();
    session.set_dc_option(&DcOption { auth_key: Some([key; 256]), ..option }).await
}

fn key(session: &AccountSession, dc: i32) -> Option<u8> {
    session.dc_option(dc).unwrap().unwrap().auth_key.map(|key| key[0])
}

/// As after a log-in.
pub(super) async fn logged_in(user_id: i64, key: u8) -> Arc<AccountSession> {
    let session = AccountSession::fresh(&DataCenters::telegram());
    session.set_home_dc_id(4).await.unwrap();
    set_key(&session, 4, key).await.unwrap();
    session.cache_peer(user(user_id, Some(11), true)).await.unwrap();
    session
}

async fn load(store: &SessionStore) -> Arc<AccountSession> {
    store.load(&account(), &DataCenters::telegram()).await.unwrap().unwrap()
}

async fn wait_until(what: &str, is_true: impl Fn() -> bool) {
    for _ in 0..400 {
        if is_true() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("in vain: {what}");
}

#[tokio::test]
async fn everything_comes_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let session = logged_in(7, 1).await;
    store.commit(&account(), &session, Replace::SameUser).await.unwrap();
    let view = SelfView { id: 7, name: "Ada".into(), username: Some("ada".into()), phone_masked: None };
    session.set_me(view.clone()).unwrap();
    let channel =
        PeerInfo::Channel { id: 5, auth: Some(PeerAuth::from_hash(-9)), kind: Some(ChannelKind::Megagroup) };
    session.cache_peer(channel.clone()).await.unwrap();
    session.cache_peer(PeerInfo::Chat { id: 6 }).await.unwrap();
    let updates = UpdatesState {
        pts: 10,
        qts: 2,
        date: 3,
        seq: 4,
        channels: vec![ChannelState { id: 5, pts: 50 }, ChannelState { id: 9, pts: 90 }],
    };
    session.set_update_state(UpdateState::All(updates)).await.unwrap();
    session.set_update_state(UpdateState::Channel { id: 5, pts: 51 }).await.unwrap();
    session.set_update_state(UpdateState::Secondary { qts: 3 }).await.unwrap();
    session.set_update_state(UpdateState::Primary { pts: 11, date: 4, seq: 5 }).await.unwrap();
    session.flush().await.unwrap();
    drop((store, session));

    let (store, _) = open(folder.path());
    assert_eq!(store.accounts().unwrap(), [account()]);
    assert_eq!(store.who(&account()).await.unwrap(), Some(view.clone()));
    let session = load(&store).await;
    assert_eq!((session.home_dc_id().unwrap(), key(&session, 4), key(&session, 2)), (4, Some(1), None));
    assert_eq!(session.me(), Some(view));
    assert_eq!(session.peer(PeerId::channel(5).unwrap()).await.unwrap(), Some(channel));
    assert_eq!(session.peer(PeerId::chat(6).unwrap()).await.unwrap(), Some(PeerInfo::Chat { id: 6 }));
    let updates = session.updates_state().await.unwrap();
    assert_eq!((updates.pts, updates.qts, updates.date, updates.seq), (11, 3, 4, 5));
    assert_eq!(updates.channels, [ChannelState { id: 5, pts: 51 }, ChannelState { id: 9, pts: 90 }]);
}

#[tokio::test]
async fn self_is_found_by_both_names() {
    let session = erase(logged_in(7, 1).await);
    let me = Some(user(7, Some(11), true));
    assert_eq!(session.peer(PeerId::self_user()).await.unwrap(), me);
    assert_eq!(session.peer(PeerId::user(7).unwrap()).await.unwrap(), me);
    assert_eq!(session.peer_ref(PeerId::user(7).unwrap()).await.unwrap().unwrap().auth.hash(), 11);
    let nobody = AccountSession::fresh(&DataCenters::telegram());
    assert_eq!(nobody.peer(PeerId::self_user()).await.unwrap(), None);
}

#[tokio::test]
async fn unknown_key_is_refused_not_replaced() {
    let session = logged_in(7, 1).await;
    let alarm = session.alarm();
    let refused = set_key(&session, 4, 2).await;
    assert!(matches!(refused, Err(SessionError::KeyRefused { dc: 4 })), "{refused:?}");
    assert_eq!(key(&session, 4), Some(1));
    assert_eq!(*alarm.borrow(), Some(SessionAlarm::KeyRefused { dc: 4 }));
    // The library asks once more without a key, when it learns addresses.
    let option = session.dc_option(4).unwrap().unwrap();
    session.set_dc_option(&DcOption { auth_key: None, ..option }).await.unwrap();
    assert_eq!(key(&session, 4), Some(1));
}

#[tokio::test]
async fn keys_of_no_login_may_change() {
    let attempt = AccountSession::fresh(&DataCenters::telegram());
    assert!(!attempt.has_key());
    set_key(&attempt, 2, 1).await.unwrap();
    set_key(&attempt, 2, 2).await.unwrap();
    assert!(attempt.has_key());
    let session = logged_in(7, 1).await;
    set_key(&session, 1, 1).await.unwrap();
    set_key(&session, 1, 2).await.unwrap();
    assert_eq!((key(&attempt, 2), key(&session, 1)), (Some(2), Some(2)));
    assert_eq!(*session.alarm().borrow(), None);
}

#[tokio::test]
async fn imported_key_is_as_precious() {
    let login = ImportedLogin {
        dc_id: 5,
        auth_key: [1; 256],
        user_id: None,
        other_keys: BTreeMap::from([(1, [3; 256])]),
        peers: vec![user(8, Some(80), false)],
    };
    let session = AccountSession::imported(&DataCenters::telegram(), &login);
    assert_eq!((session.home_dc_id().unwrap(), key(&session, 5), key(&session, 1)), (5, Some(1), Some(3)));
    assert!(set_key(&session, 5, 2).await.is_err());
    assert!(session.peer_ref(PeerId::user(8).unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn lesser_knowledge_never_wins() {
    let session = logged_in(7, 1).await;
    let id = PeerId::user(8).unwrap();
    session.cache_peer(user(8, None, false)).await.unwrap();
    assert_eq!(session.peer_ref(id).await.unwrap(), None);
    session.cache_peer(user(8, Some(80), false)).await.unwrap();
    for lesser in [None, Some(0)] {
        session.cache_peer(user(8, lesser, false)).await.unwrap();
        assert_eq!(session.peer_ref(id).await.unwrap().unwrap().auth.hash(), 80);
    }
    session.cache_peer(user(8, Some(81), false)).await.unwrap();
    assert_eq!(session.peer_ref(id).await.unwrap().unwrap().auth.hash(), 81);
    session.cache_peer(user(7, None, false)).await.unwrap();
    assert_eq!(session.peer(PeerId::self_user()).await.unwrap(), Some(user(7, Some(11), true)));
}

#[tokio::test]
async fn impossible_ids_are_left_out() {
    let session = logged_in(7, 1).await;
    for id in [0, -1, i64::MIN, i64::MAX] {
        session.cache_peer(user(id, Some(1), false)).await.unwrap();
        session.cache_peer(PeerInfo::Chat { id }).await.unwrap();
        session.cache_peer(PeerInfo::Channel { id, auth: None, kind: None }).await.unwrap();
    }
    assert_eq!(lock(&session.peers).len(), 1);
}

#[tokio::test]
async fn another_self_is_noticed() {
    let session = logged_in(7, 1).await;
    let changed = session.cache_peer(user(8, Some(1), true)).await;
    assert!(matches!(changed, Err(SessionError::ChangedUser { stored: 7, found: 8 })), "{changed:?}");
    assert_eq!(session.me().unwrap().id, 7);
}

#[tokio::test]
async fn attempts_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let attempt = AccountSession::fresh(&DataCenters::telegram());
    set_key(&attempt, 2, 1).await.unwrap();
    attempt.flush().await.unwrap();
    let refused = store.commit(&account(), &attempt, Replace::Anyone).await;
    assert!(matches!(refused, Err(SessionError::NotLoggedIn)), "{refused:?}");
    assert_eq!(store.accounts().unwrap(), []);
    assert!(store.load(&account(), &DataCenters::telegram()).await.unwrap().is_none());
    assert!(!folder.path().join("telegram.key").exists(), "no key before there is something to seal");
}

#[tokio::test]
async fn another_user_needs_replace() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let (old, new) = (logged_in(7, 1).await, logged_in(8, 2).await);
    old.cache_peer(user(70, Some(1), false)).await.unwrap();
    store.commit(&account(), &old, Replace::SameUser).await.unwrap();
    let refused = store.commit(&account(), &new, Replace::SameUser).await;
    assert!(matches!(refused, Err(SessionError::OtherUser { stored: 7, found: 8, .. })), "{refused:?}");
    assert_eq!(key(load(&store).await.as_ref(), 4), Some(1), "the working login is unharmed");
    store.commit(&account(), &new, Replace::Anyone).await.unwrap();
    let session = load(&store).await;
    assert_eq!((session.me().unwrap().id, key(&session, 4)), (8, Some(2)));
    assert_eq!(session.peer(PeerId::user(70).unwrap()).await.unwrap(), None, "hashes are the old user's");
}

#[tokio::test]
async fn older_session_cannot_write_over_the_new() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let (old, new) = (logged_in(7, 1).await, logged_in(7, 2).await);
    store.commit(&account(), &old, Replace::SameUser).await.unwrap();
    store.commit(&account(), &new, Replace::SameUser).await.unwrap();
    set_key(&old, 1, 9).await.unwrap();
    let late = old.flush().await;
    assert!(matches!(late, Err(SessionError::Superseded { .. })), "{late:?}");
    set_key(&new, 1, 8).await.unwrap();
    new.flush().await.unwrap();
    let session = load(&store).await;
    assert_eq!((key(&session, 4), key(&session, 1)), (Some(2), Some(8)));
    assert!(store.forget(&account()).await.unwrap());
    set_key(&session, 1, 7).await.unwrap();
    assert!(session.flush().await.is_err(), "who is logged out stays so");
    assert_eq!(store.accounts().unwrap(), []);
}

#[tokio::test]
async fn changes_are_written_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let session = logged_in(7, 1).await;
    store.commit(&account(), &session, Replace::SameUser).await.unwrap();
    let is_written = || !session.is_core_new.load(Ordering::Acquire);
    set_key(&session, 1, 5).await.unwrap();
    assert!(!is_written());
    wait_until("it is written", is_written).await;
    assert_eq!(key(load(&store).await.as_ref(), 1), Some(5));
}

#[tokio::test]
async fn the_end_waits_for_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let (store, lifecycle) = open(folder.path());
    let session = logged_in(7, 1).await;
    store.commit(&account(), &session, Replace::SameUser).await.unwrap();
    set_key(&session, 1, 5).await.unwrap();
    lifecycle.drain();
    lifecycle.wait(Duration::from_secs(60)).await;
    assert_eq!(key(load(&store).await.as_ref(), 1), Some(5));
}

#[tokio::test]
async fn named_servers_win_over_stored_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.commit(&account(), &logged_in(7, 1).await, Replace::SameUser).await.unwrap();
    let servers = serde_json::from_str(
        r#"{ "home": 2, "keys_from": "http://127.0.0.1:9/", "data_centers": [
        { "id": 2, "address": "127.0.0.1:1" }, { "id": 4, "address": "127.0.0.1:2" }] }"#,
    )
    .unwrap();
    let keys = BTreeMap::from([(2, [20; 256]), (4, [40; 256])]);
    let centers = DataCenters::of(&servers).with_keys(&keys);
    let session = store.load(&account(), &centers).await.unwrap().unwrap();
    assert_eq!(session.dc_option(4).unwrap().unwrap().ipv4.to_string(), "127.0.0.1:2");
    assert_eq!((key(&session, 4), key(&session, 2)), (Some(1), Some(20)), "own keys win");
    assert_eq!(session.dc_option(1).unwrap(), None, "nothing reaches Telegram itself");
}

#[tokio::test]
async fn export_and_import_keep_the_login() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, _) = open(old.path());
    let session = logged_in(7, 1).await;
    store.commit(&account(), &session, Replace::SameUser).await.unwrap();
    drop((store, session));
    let now = jiff::Timestamp::UNIX_EPOCH;
    let mut lines = Vec::new();
    crate::state::transfer::export(old.path(), "0", now, &mut lines).unwrap();
    assert!(!String::from_utf8_lossy(&lines).contains("data_centers"), "sealed");
    let path = new.path().to_owned();
    let import = move || crate::state::transfer::import(&path, &mut lines.as_slice(), false, now);
    tokio::task::spawn_blocking(import).await.unwrap().unwrap();
    let (store, _) = open(new.path());
    let lost = store.load(&account(), &DataCenters::telegram()).await;
    assert!(matches!(lost, Err(SessionError::Vault(VaultError::Lost { .. }))), "{lost:?}");
    std::fs::copy(old.path().join("telegram.key"), new.path().join("telegram.key")).unwrap();
    assert_eq!(key(load(&store).await.as_ref(), 4), Some(1));
}

#[tokio::test]
async fn lost_key_can_be_got_over() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.commit(&account(), &logged_in(7, 1).await, Replace::SameUser).await.unwrap();
    drop(store);
    std::fs::remove_file(folder.path().join("telegram.key")).unwrap();
    let (store, _) = open(folder.path());
    let session = logged_in(7, 2).await;
    assert!(store.commit(&account(), &session, Replace::SameUser).await.is_err());
    assert!(!folder.path().join("telegram.key").exists(), "no key is made by the way");
    store.commit(&account(), &session, Replace::Anyone).await.unwrap();
    assert_eq!(key(load(&store).await.as_ref(), 4), Some(2));
}

#[tokio::test]
async fn a_hundred_peers_a_page_cost_nothing() {
    let session = logged_in(7, 1).await;
    let started = std::time::Instant::now();
    for _ in 0..20 {
        for id in 1000..11_000 {
            session.cache_peer(user(id, Some(id), false)).await.unwrap();
        }
    }
    // 200,000 of them; far above what an optimised build needs, far below one disk write each.
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    assert_eq!(lock(&session.peers).len(), 10_001);
}
