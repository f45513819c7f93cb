//! The works, each as its job does it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use grammers_session::{Session as _, types::UpdateState};
use tapedeck::{
    archive::{
        SharedStore,
        media::{LocalMedia, MediaStore},
    },
    capture::{
        Capture, CaptureError, FetchAvatars, FetchMedia, Fill, Listen, ListenRules, Recheck, RetryPoison,
        Sweep, Tell, VerifyMedia, guard::GuardSettings,
    },
    clock::SystemClock,
    config::CaptureSection,
    model::{AccountName, Avatars},
    telegram::Client,
};
use tokio_util::sync::CancellationToken;

use super::{
    Work,
    ground::Ground,
    picture::{Picture, Site},
};

impl Ground {
    /// What is there in the end, and how often which call is made.
    pub(super) async fn without_faults(&self) -> (Picture, BTreeMap<&'static str, u32>) {
        self.scene.telegram(|t| t.calls.clear());
        let site = self.site();
        if self.work == Work::Listen {
            let heard = self.listen(&site, Picture::has_everything).await;
            assert!(matches!(heard, Ok(true)), "{heard:?}: {:?}", site.picture().await);
        } else {
            assert!(matches!(self.work(&site, &Picture::nothing()).await, Ok(true)));
        }
        let mut calls = BTreeMap::new();
        self.scene.telegram(|t| {
            for call in t.calls.made() {
                *calls.entry(call.method).or_default() += 1;
            }
        });
        (site.picture().await, calls)
    }

    /// With a fresh login. False: not all is well, and whoever reads the summary knows.
    pub(super) async fn work(&self, site: &Site, expected: &Picture) -> Result<bool, CaptureError> {
        if self.work == Work::Listen {
            return self.listen(site, |picture| picture == expected).await;
        }
        let (client, store) = (self.scene.client(), site.store().await);
        let done = self.work_as(&client, capture(&client, store), site).await;
        client.close();
        done
    }

    async fn work_as(&self, client: &Client, capture: Capture, site: &Site) -> Result<bool, CaptureError> {
        if !matches!(self.work, Work::Sweep | Work::Media) {
            learn_people(client).await?;
        }
        let media = Arc::new(MediaStore::Local(LocalMedia::open(site.media()).unwrap()));
        let (tell, chats) = (Tell::nobody(), Vec::new());
        match self.work {
            Work::Sweep => {
                let (swept, ended) = Sweep { capture, tell }.run().await;
                ended.map(|()| swept.out_of_reach + swept.unreadable == 0)
            }
            Work::Listen => unreachable!("it never ends by itself"),
            Work::Fill => {
                let (filled, ended) = Fill { capture, chats, min_ids: 1, tell }.run().await;
                ended.map(|()| filled.out_of_reach == 0)
            }
            Work::Recheck => {
                let (newer_than, most_per_chat) = (None, None);
                let recheck = Recheck { capture, chats, newer_than, most_per_chat, deletions: true, tell };
                let (rechecked, ended) = recheck.run().await;
                ended.map(|()| rechecked.out_of_reach + rechecked.unknown == 0)
            }
            Work::Media => {
                let (fetched, ended) = FetchMedia { capture, media, tell }.run().await;
                ended.map(|()| fetched.failed + fetched.skipped == 0)
            }
            Work::Avatars => {
                let fetch = FetchAvatars { capture, media, whose: Avatars::All, asks: true, tell };
                let (fetched, ended) = fetch.run().await;
                ended.map(|()| fetched.failed + fetched.unknown == 0)
            }
            Work::Verify => {
                let verify = VerifyMedia { capture, media, removes_orphans: true, tell };
                let (verified, ended) = verify.run().await;
                ended.map(|()| !verified.is_wrong())
            }
            Work::RetryPoison => {
                let (retried, ended) = RetryPoison { capture, chat: None, id: None, tell }.run().await;
                ended.map(|()| retried.unreadable + retried.out_of_reach == 0)
            }
        }
    }

    /// Until the archive is so, or nothing comes of it.
    async fn listen(&self, site: &Site, is_so: impl Fn(&Picture) -> bool) -> Result<bool, CaptureError> {
        let session = self.scene.session();
        session.set_update_state(UpdateState::All(self.updates.clone())).await.unwrap();
        let (client, stop) = (self.scene.client_with(session), CancellationToken::new());
        let store = site.store().await;
        let listen = listener(&client, store.clone(), &stop);
        let mut written = store.written();
        let looking = async {
            let looks = async {
                while !is_so(&site.picture_in(&store).await) {
                    written.changed().await.unwrap();
                }
            };
            let is_done = tokio::time::timeout(Duration::from_secs(10), looks).await.is_ok();
            stop.cancel();
            is_done
        };
        let ((_, ended), is_done) = tokio::join!(listen.run(), looking);
        client.close();
        ended.map(|()| is_done)
    }
}

/// Whom the chats are with is learnt from the list.
async fn learn_people(client: &Client) -> Result<(), CaptureError> {
    let mut dialogs = tapedeck::telegram::read::Dialogs::new(client, Default::default());
    dialogs.next_page().await.map(drop).map_err(CaptureError::from)
}

pub(super) fn listener(client: &Client, store: SharedStore, stop: &CancellationToken) -> Listen {
    let rules = ListenRules {
        guard: GuardSettings { threshold: u32::MAX, all_chats: 0, ..GuardSettings::default() },
        ..ListenRules::default()
    };
    Listen { capture: capture(client, store), rules, tell: Tell::new(|_| {}, stop.clone()), media: None }
}

pub(super) fn capture(client: &Client, store: SharedStore) -> Capture {
    Capture {
        account: AccountName::main(),
        client: client.clone(),
        store,
        section: CaptureSection::default(),
        plugins: None,
        clock: Arc::new(SystemClock),
    }
}
