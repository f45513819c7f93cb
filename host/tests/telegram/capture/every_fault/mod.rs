//! Everything that can go wrong at Telegram, at every call of each work: in the end the archive is what it is when nothing
//! goes wrong, or somebody is told and the next run heals it.

mod ground;
mod kinds;
mod picture;
mod work;

use tapedeck::model::PeerId;

use self::{
    ground::Ground,
    kinds::{KINDS, Kind},
};
use super::stage::WITH_GRACE;

const GROUP: PeerId = PeerId::channel(55);
const FORUM: PeerId = PeerId::channel(56);
const CHATS: [PeerId; 3] = [WITH_GRACE, GROUP, FORUM];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Sweep,
    Listen,
    Fill,
    Recheck,
    Media,
    Avatars,
    Verify,
    RetryPoison,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_call_of_a_sweep_is_survived() {
    survives(Work::Sweep, 100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_call_of_a_listener_is_survived() {
    survives(Work::Listen, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_call_of_filling_is_survived() {
    survives(Work::Fill, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_call_of_a_recheck_is_survived() {
    survives(Work::Recheck, 60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_call_for_files_is_survived() {
    survives(Work::Media, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_call_for_pictures_of_people_is_survived() {
    survives(Work::Avatars, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_call_of_verifying_is_survived() {
    survives(Work::Verify, 100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_call_for_unreadable_messages_is_survived() {
    survives(Work::RetryPoison, 50).await;
}

/// Side by side, since most of them wait for something.
async fn survives(work: Work, at_least: usize) {
    let struck = futures_util::future::join_all(KINDS.iter().map(|kind| strike(work, kind))).await;
    let struck: usize = struck.into_iter().sum();
    assert!(struck >= at_least, "only {struck} faults have struck");
}

/// How often.
async fn strike(work: Work, kind: &Kind) -> usize {
    let ground = Ground::make(work).await;
    let (expected, calls) = ground.without_faults().await;
    let mut struck = 0;
    for (method, count) in calls.into_iter().filter(|(method, _)| (kind.of)(method)) {
        // Nobody says how large a small picture is: one whose end is cut off looks like any other.
        if matches!(work, Work::Avatars | Work::Verify) && kind.name == "a short part" {
            continue;
        }
        for nth in 1..=count {
            let name = format!("{work:?}: {} at call {nth} of {method}", kind.name);
            ground.scene.telegram(|t| t.faults.add((kind.make)().on(method).at_call(nth)));
            let site = ground.site();
            let ended = ground.work(&site, &expected).await;
            // What is read to fill a gap may be empty; every other page has something.
            let blank = ground.scene.telegram(|t| {
                t.faults.clear();
                if work == Work::Listen { t.forget_blank_faults() } else { 0 }
            });
            struck += usize::from(blank == 0);
            let found = site.picture().await;
            if found == expected {
                continue;
            }
            assert!(!matches!(ended, Ok(true)), "{name}: nobody was told that {}", found.against(&expected));
            let again = ground.work(&site, &expected).await;
            assert!(matches!(again, Ok(true)), "{name}: {ended:?}, and the second time {again:?}");
            let healed = site.picture().await;
            assert!(healed == expected, "{name}: {ended:?}, then {}", healed.against(&expected));
        }
    }
    ground.scene.world.finish().unwrap();
    struck
}
