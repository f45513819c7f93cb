//! Clock jumps, sleeping laptops, doubled wake-ups.

use super::support::*;
use crate::model::{Missed, Policy, Status};

#[tokio::test]
async fn doubled_wake_ups_change_nothing() {
    let deck = Deck::with(&[("a", every("1m"))]).await;
    deck.advance("1m").await;
    for _ in 0..20 {
        deck.look().await;
    }
    assert_eq!(deck.statuses("a"), [Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn sleeping_laptop_makes_up_once() {
    let deck = Deck::with(&[("a", every("1h"))]).await;
    deck.advance("8h").await;
    assert_eq!(deck.statuses("a"), [Status::Missed, Status::Running]);
    assert_eq!(deck.runs("a")[0].covers.as_ref().unwrap().count, 7);
    deck.finish().await;
}

#[tokio::test]
async fn corrected_clock_repeats_no_fire() {
    let deck = Deck::with(&[("a", every("10m"))]).await;
    *deck.stage.is_instant.lock().unwrap() = true;
    for _ in 0..6 {
        deck.advance("10m").await;
    }
    deck.clock.set(at("2026-01-01T00:05:00Z"));
    for _ in 0..5 {
        deck.advance("10m").await;
    }
    assert_eq!(deck.runs("a").len(), 6, "the second 00:10 to 00:55 is not the first");
    deck.advance("15m").await;
    assert_eq!(deck.runs("a").len(), 7);
    deck.finish().await;
}

#[tokio::test]
async fn clock_from_the_far_future_does_not_block() {
    let deck = Deck::with(&[("a", Policy { missed: Missed::Skip, ..every("10m") })]).await;
    *deck.stage.is_instant.lock().unwrap() = true;
    deck.clock.set(at("2050-01-01T00:05:00Z"));
    deck.look().await;
    deck.clock.set(at("2026-01-01T01:00:00Z"));
    deck.look().await;
    let before = deck.runs("a").len();
    deck.advance("10m").await;
    assert_eq!(deck.runs("a").len(), before + 1);
    deck.finish().await;
}

#[tokio::test]
async fn restart_under_a_corrected_clock_goes_on() {
    let deck = Deck::with(&[("a", Policy { missed: Missed::Skip, ..every("10m") })]).await;
    *deck.stage.is_instant.lock().unwrap() = true;
    deck.clock.set(at("2050-01-01T00:05:00Z"));
    deck.look().await;
    let dead = deck.kill().await;
    dead.clock.set(at("2026-01-01T01:00:00Z"));
    let deck = dead.restart().await;
    let before = deck.runs("a").len();
    deck.advance("10m").await;
    assert_eq!(deck.runs("a").len(), before + 1);
    deck.finish().await;
}

#[tokio::test]
async fn late_start_is_recorded_with_its_due_time() {
    let deck = Deck::with(&[("a", every("1h"))]).await;
    deck.advance("1h 20s").await;
    let run = deck.runs("a").pop().unwrap();
    assert_eq!(run.due, at("2026-01-01T01:00:00Z"));
    deck.finish().await;
}

#[tokio::test]
async fn clock_at_its_beginning_repeats_no_fire() {
    let deck = Deck::with(&[("a", Policy { missed: Missed::All, ..every("10m") })]).await;
    *deck.stage.is_instant.lock().unwrap() = true;
    for _ in 0..6 {
        deck.advance("10m").await;
    }
    let ran = deck.runs("a").len();
    let dead = deck.kill().await;
    // A machine without a battery: it starts in 1970, and is set right soon after.
    dead.clock.set(at("1970-01-01T00:00:30Z"));
    let deck = dead.restart().await;
    *deck.stage.is_instant.lock().unwrap() = true;
    deck.clock.set(at("2026-01-01T01:05:00Z"));
    deck.look().await;
    assert_eq!(deck.runs("a").len(), ran, "{:#?}", deck.runs("a"));
    deck.advance("5m").await;
    assert_eq!(deck.runs("a").pop().unwrap().due, at("2026-01-01T01:10:00Z"), "in step as before");
    deck.finish().await;
}
