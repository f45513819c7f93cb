//! How often somebody may try to sign in: a token bucket per address and one per user name.
//! Memory is bounded: under attack, buckets that are nearly full again are forgotten first.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// Attempts that are free for an address.
const PER_ADDRESS: f64 = 10.0;
/// For a name many more, or ten wrong passwords of a stranger would lock its owner out. One
/// address alone never gets that far, for its attempts come back as slowly.
const PER_NAME: f64 = 100.0;
/// How long one takes to come back.
const REFILL_S: f64 = 6.0;
const MOST_BUCKETS: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    /// Hashed, so that long names take no memory.
    User(u64),
}

impl Key {
    fn most(self) -> f64 {
        match self {
            Self::Address(_) => PER_ADDRESS,
            Self::User(_) => PER_NAME,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    used: f64,
    at: Timestamp,
}

impl Bucket {
    fn refilled(self, now: Timestamp) -> Self {
        // A clock that was set back refills nothing.
        let passed_s = now.duration_since(self.at).as_secs_f64().max(0.0);
        Self { used: (self.used - passed_s / REFILL_S).max(0.0), at: now }
    }
}

#[derive(Debug, Default)]
pub(super) struct Throttle {
    buckets: Mutex<HashMap<Key, Bucket>>,
    hasher: RandomState,
}

/// Seconds until the next attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooSoon(pub(super) u64);

impl Throttle {
    /// Counts one attempt, for the address and for the name.
    pub(super) fn take(&self, address: IpAddr, user: &str, now: Timestamp) -> Result<(), TooSoon> {
        let keys = [Key::Address(network(address)), self.user(user)];
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let found = keys.map(|key| {
            buckets.get(&key).map_or(Bucket { used: 0.0, at: now }, |bucket| bucket.refilled(now))
        });
        let left = keys.iter().zip(&found).map(|(key, bucket)| key.most() - bucket.used);
        let least = left.fold(f64::INFINITY, f64::min);
        if least < 1.0 {
            return Err(TooSoon(seconds_until_one(least)));
        }
        make_room(&mut buckets, now);
        for (key, bucket) in keys.into_iter().zip(found) {
            buckets.insert(key, Bucket { used: bucket.used + 1.0, ..bucket });
        }
        Ok(())
    }

    /// Signing in worked: that name's owner starts afresh.
    pub(super) fn forgive(&self, address: IpAddr, user: &str) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.remove(&self.user(user));
        if let Some(bucket) = buckets.get_mut(&Key::Address(network(address))) {
            bucket.used = (bucket.used - 1.0).max(0.0);
        }
    }

    fn user(&self, name: &str) -> Key {
        Key::User(self.hasher.hash_one(name))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and REFILL_S")]
fn seconds_until_one(left: f64) -> u64 {
    ((1.0 - left) * REFILL_S).ceil().max(1.0) as u64
}

/// Whoever owns an IPv6 address usually owns its whole /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

fn make_room(buckets: &mut HashMap<Key, Bucket>, now: Timestamp) {
    if buckets.len() + 2 <= MOST_BUCKETS {
        return;
    }
    // Half of them go at once, so that this walk is rare.
    let mut used: Vec<f64> = buckets.values().map(|bucket| bucket.refilled(now).used).collect();
    let middle = used.len() / 2;
    let (_, median, _) = used.select_nth_unstable_by(middle, f64::total_cmp);
    let median = *median;
    buckets.retain(|_, bucket| bucket.refilled(now).used > median);
    if buckets.len() + 2 > MOST_BUCKETS {
        buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn address(n: u32) -> IpAddr {
        std::net::Ipv4Addr::from(n).into()
    }

    #[test]
    fn limits_one_address_over_many_names() {
        let throttle = Throttle::default();
        let taken = (0..100).filter(|n| throttle.take(address(1), &n.to_string(), NOW).is_ok());
        assert_eq!(taken.count(), 10);
        assert_eq!(throttle.take(address(1), "x", NOW), Err(TooSoon(6)));
        assert!(throttle.take(address(1), "x", NOW + SignedDuration::from_secs(6)).is_ok());
    }

    #[test]
    fn limits_one_name_over_many_addresses() {
        let throttle = Throttle::default();
        let taken = (0..150).filter(|n| throttle.take(address(*n), "ada", NOW).is_ok());
        assert_eq!(taken.count(), 100);
        throttle.forgive(address(1), "ada");
        assert!(throttle.take(address(200), "ada", NOW).is_ok());
    }

    #[test]
    fn one_address_locks_no_name() {
        let throttle = Throttle::default();
        for second in 0..3600 {
            let now = NOW + SignedDuration::from_secs(second);
            while throttle.take(address(1), "ada", now).is_ok() {}
        }
        assert!(throttle.take(address(2), "ada", NOW + SignedDuration::from_hours(1)).is_ok());
    }

    #[test]
    fn counts_an_ipv6_network_as_one() {
        let throttle = Throttle::default();
        let taken = (0..100).filter(|n| {
            let address = format!("2001:db8::{n:x}").parse().unwrap();
            throttle.take(address, &n.to_string(), NOW).is_ok()
        });
        assert_eq!(taken.count(), 10);
    }

    #[test]
    fn stays_small_under_attack() {
        let throttle = Throttle::default();
        for _ in 0..10 {
            throttle.take(address(1), "ada", NOW).unwrap();
        }
        for n in 2..60_000 {
            throttle.take(address(n), &format!("user {n}"), NOW).unwrap();
        }
        assert!(throttle.buckets.lock().unwrap().len() <= MOST_BUCKETS);
    }

    #[test]
    fn a_clock_set_back_refills_nothing() {
        let throttle = Throttle::default();
        let later = NOW + SignedDuration::from_hours(1);
        for _ in 0..10 {
            throttle.take(address(1), "ada", later).unwrap();
        }
        assert!(throttle.take(address(1), "ada", NOW).is_err());
    }
}
