use jiff::tz::TimeZone;

use super::*;
use crate::model::{Period, Trigger};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

fn every_ten_minutes(missed: Missed) -> Policy {
    Policy { every: Some(period("10m")), missed, ..Policy::default() }
}

fn plan_from(policy: &Policy, decided_until: &str, now: &str) -> Plan {
    let triggers = TimeTriggers::of(policy, &TimeZone::UTC).unwrap();
    let anchor = at("2026-01-01T00:00:00Z");
    plan(&triggers, policy, at(decided_until), anchor, at(now), |fire| {
        wake_of(&triggers, policy, anchor, 7, fire)
    })
}

fn dues(plan: &Plan) -> Vec<String> {
    plan.run.iter().map(|fire| fire.due.to_string()).collect()
}

#[test]
fn nothing_due_decides_nothing() {
    let plan = plan_from(&every_ten_minutes(Missed::Once), "2026-01-01T00:10:00Z", "2026-01-01T00:19:59Z");
    assert_eq!(plan, Plan::default());
}

#[test]
fn punctual_fire_runs_under_every_policy() {
    for missed in [Missed::Skip, Missed::Once, Missed::All] {
        let plan = plan_from(&every_ten_minutes(missed), "2026-01-01T00:10:00Z", "2026-01-01T00:20:00.4Z");
        assert_eq!(dues(&plan), ["2026-01-01T00:20:00Z"], "{missed:?}");
        assert!(plan.missed.is_empty());
    }
}

#[test]
fn skip_records_what_was_slept_through() {
    let plan = plan_from(&every_ten_minutes(Missed::Skip), "2026-01-01T00:10:00Z", "2026-01-01T01:05:00Z");
    assert!(plan.run.is_empty());
    let covered = &plan.missed[0].covered;
    assert_eq!(
        (covered.count, covered.from, covered.until),
        (5, at("2026-01-01T00:20:00Z"), at("2026-01-01T01:00:00Z"))
    );
    assert_eq!(plan.decided_until, Some(at("2026-01-01T01:00:00Z")));
}

#[test]
fn skip_still_runs_a_fire_seconds_late() {
    let plan = plan_from(&every_ten_minutes(Missed::Skip), "2026-01-01T00:10:00Z", "2026-01-01T01:00:30Z");
    assert_eq!(dues(&plan), ["2026-01-01T01:00:00Z"]);
    assert_eq!(plan.missed[0].covered.count, 4);
}

#[test]
fn once_makes_one_run_of_many() {
    let plan = plan_from(&every_ten_minutes(Missed::Once), "2026-01-01T00:10:00Z", "2026-01-01T01:05:00Z");
    assert_eq!(dues(&plan), ["2026-01-01T01:00:00Z"]);
    assert_eq!(plan.missed[0].covered.count, 4);
}

#[test]
fn once_lets_a_punctual_fire_make_up() {
    let plan = plan_from(&every_ten_minutes(Missed::Once), "2026-01-01T00:10:00Z", "2026-01-01T01:00:01Z");
    assert_eq!(dues(&plan), ["2026-01-01T01:00:00Z"]);
    assert_eq!(plan.missed[0].covered.count, 4);
}

#[test]
fn all_runs_each_oldest_first_up_to_its_limit() {
    let policy = Policy { missed_limit: 3, ..every_ten_minutes(Missed::All) };
    let plan = plan_from(&policy, "2026-01-01T00:10:00Z", "2026-01-01T01:05:00Z");
    assert_eq!(dues(&plan), ["2026-01-01T00:40:00Z", "2026-01-01T00:50:00Z", "2026-01-01T01:00:00Z"]);
    assert_eq!(plan.missed[0].covered.count, 2);
}

#[test]
fn older_than_the_window_is_only_recorded() {
    let policy = Policy { missed_window: period("30m"), ..every_ten_minutes(Missed::All) };
    let plan = plan_from(&policy, "2026-01-01T00:00:00Z", "2026-01-01T02:05:00Z");
    assert_eq!(dues(&plan), ["2026-01-01T01:40:00Z", "2026-01-01T01:50:00Z", "2026-01-01T02:00:00Z"]);
    assert_eq!(plan.missed[0].reason, "older than missed_window");
    assert_eq!(plan.missed[0].covered.count, 9);
}

#[test]
fn ten_years_of_seconds_stay_bounded() {
    for missed in [Missed::Skip, Missed::Once, Missed::All] {
        let policy =
            Policy { every: Some(period("1s")), missed_window: period("300d"), ..every_ten_minutes(missed) };
        let plan = plan_from(&policy, "2026-01-01T00:00:00Z", "2036-01-01T00:00:00Z");
        assert!(plan.run.len() <= 100 && plan.missed.len() <= 2, "{missed:?}");
        assert!(plan.missed.iter().any(|missed| missed.covered.is_at_least));
        assert_eq!(plan.decided_until, Some(at("2036-01-01T00:00:00Z")));
    }
}

#[test]
fn every_fire_is_decided_exactly_once() {
    // Whatever the moments at which the engine happens to look, runs and missed add up.
    let mut looks = 0x2026_u64;
    for missed in [Missed::Skip, Missed::Once, Missed::All] {
        let policy = Policy { jitter: period("4m"), missed_limit: 2, ..every_ten_minutes(missed) };
        let (mut decided, mut now) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"));
        let (mut runs, mut unrun) = (Vec::new(), 0);
        while now < at("2026-01-03T00:00:00Z") {
            looks = looks.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            now += SignedDuration::from_secs(i64::try_from(looks >> 52).unwrap());
            let plan = plan_from(&policy, &decided.to_string(), &now.to_string());
            decided = plan.decided_until.unwrap_or(decided);
            runs.extend(plan.run.into_iter().map(|fire| fire.due));
            unrun += plan.missed.iter().map(|missed| missed.covered.count).sum::<u64>();
        }
        assert!(runs.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice");
        let fires = decided.duration_since(at("2026-01-01T00:00:00Z")).as_mins() / 10;
        assert_eq!(runs.len() as u64 + unrun, fires.unsigned_abs(), "{missed:?}");
    }
}

#[test]
fn jitter_stays_before_the_next_fire_and_repeats() {
    let policy = Policy { jitter: period("1h"), ..every_ten_minutes(Missed::Once) };
    let triggers = TimeTriggers::of(&policy, &TimeZone::UTC).unwrap();
    let anchor = at("2026-01-01T00:00:00Z");
    let delays: Vec<i128> = (0..200)
        .map(|i| {
            let fire = Fire { due: anchor + SignedDuration::from_mins(10 * i), trigger: Trigger::Every };
            let wake = wake_of(&triggers, &policy, anchor, 7, &fire);
            assert_eq!(wake, wake_of(&triggers, &policy, anchor, 7, &fire));
            wake.duration_since(fire.due).as_millis()
        })
        .collect();
    assert!(delays.iter().all(|delay| (0..600_000).contains(delay)));
    assert!(delays.iter().max() > Some(&540_000) && delays.iter().min() < Some(&60_000), "well spread");
}

#[test]
fn small_window_misses_no_punctual_fire() {
    let policy = Policy { missed_window: period("0s"), ..every_ten_minutes(Missed::Once) };
    let plan = plan_from(&policy, "2026-01-01T00:10:00Z", "2026-01-01T00:20:00.001Z");
    assert_eq!(dues(&plan), ["2026-01-01T00:20:00Z"]);
}

#[test]
fn jitter_beyond_the_window_is_no_miss() {
    let policy =
        Policy { missed_window: period("1m"), jitter: period("9m"), ..every_ten_minutes(Missed::Skip) };
    let triggers = TimeTriggers::of(&policy, &TimeZone::UTC).unwrap();
    let fire = Fire { due: at("2026-01-01T00:20:00Z"), trigger: Trigger::Every };
    let wake = wake_of(&triggers, &policy, at("2026-01-01T00:00:00Z"), 7, &fire);
    let plan = plan_from(&policy, "2026-01-01T00:10:00Z", &wake.to_string());
    assert_eq!((dues(&plan), plan.missed), (vec![fire.due.to_string()], vec![]));
}
