//! A thousand bits of files turn over.

use std::{collections::BTreeMap, fs, path::PathBuf};

use super::media::{Shelf, bytes};
use crate::support::{ADA, random::Random};
use tapedeck_sim::telegram::Spot;

const FILES: usize = 40;
const ROUNDS: usize = 25;

/// Each of its own length, from a byte on.
fn length(number: usize) -> usize {
    1 + number * number * 40
}

async fn shelf() -> (Shelf, BTreeMap<PathBuf, Vec<u8>>) {
    let shelf = Shelf::of(&(0..FILES).map(length).collect::<Vec<_>>()).await;
    shelf.fetch().await;
    let whole: BTreeMap<PathBuf, Vec<u8>> =
        shelf.blobs().into_iter().map(|blob| (blob.clone(), fs::read(&blob).unwrap())).collect();
    assert_eq!(whole.len(), FILES);
    assert!((0..FILES).all(|number| whole.values().any(|it| *it == bytes(number as u8, length(number)))));
    (shelf, whole)
}

/// One bit of each, wherever.
fn turn(whole: &BTreeMap<PathBuf, Vec<u8>>, random: &mut Random) -> BTreeMap<PathBuf, Vec<u8>> {
    let turned = whole.iter().map(|(blob, bytes)| {
        let (mut bytes, at) = (bytes.clone(), random.below(bytes.len() * 8));
        bytes[at / 8] ^= 1 << (at % 8);
        fs::write(blob, &bytes).unwrap();
        (blob.clone(), bytes)
    });
    turned.collect()
}

fn read(of: &BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    of.keys().map(|blob| (blob.clone(), fs::read(blob).unwrap())).collect()
}

#[tokio::test]
async fn a_thousand_turned_bits_are_found_and_mended() {
    let (shelf, whole) = shelf().await;
    let mut random = Random::new();
    for _ in 0..ROUNDS {
        turn(&whole, &mut random);
        let verified = shelf.verify().await;
        let found = (verified.blobs, verified.damaged, verified.missing, verified.mended);
        let all = FILES as u64;
        assert_eq!(found, (all, all, 0, all), "{verified}, seed {}", random.seed);
        assert_eq!(read(&whole), whole, "seed {}", random.seed);
    }
    let again = shelf.verify().await;
    assert_eq!((again.damaged, again.missing, again.orphans), (0, 0, 0), "{again}");
    shelf.stage.finish();
}

#[tokio::test]
async fn turned_bits_of_the_only_copy_cost_nothing_more() {
    let (shelf, whole) = shelf().await;
    shelf.stage.scene.telegram(|t| {
        let ids: Vec<i32> = (1..=i32::try_from(FILES).unwrap()).collect();
        ids.into_iter().for_each(|id| t.delete(Spot::Box { owner: ADA, id }));
        t.files.expire_references();
    });
    let mut random = Random::new();
    let turned = turn(&whole, &mut random);
    for _ in 0..2 {
        let verified = shelf.verify().await;
        assert_eq!(
            (verified.damaged, verified.mended),
            (FILES as u64, 0),
            "{verified}, seed {}",
            random.seed
        );
        assert!(verified.is_wrong());
        assert_eq!(read(&whole), turned, "most of it is better than nothing, seed {}", random.seed);
    }
    shelf.stage.finish();
}
