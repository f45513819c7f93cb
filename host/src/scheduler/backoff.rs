//! Pauses between attempts: exponential, with full jitter, so that many failed runs do not all
//! come back at the same moment.

use std::time::Duration;

use crate::model::Retry;

/// The pause after failed attempt `attempt` (from 1); `share` in 0..1 is drawn by the caller.
pub(super) fn delay(retry: &Retry, attempt: u32, share: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(31);
    let most = retry.first_delay.0.saturating_mul(1 << doublings).min(retry.max_delay.0);
    most.mul_f64(share.clamp(0.0, 1.0))
}

pub(super) fn random_share() -> f64 {
    // Without randomness the longest pause is the safe one.
    getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(first: &str, max: &str) -> Retry {
        Retry { times: 9, first_delay: first.parse().unwrap(), max_delay: max.parse().unwrap() }
    }

    #[test]
    fn doubles_up_to_the_limit() {
        let retry = retry("10s", "60s");
        let longest: Vec<_> = (1..=5).map(|attempt| delay(&retry, attempt, 1.0).as_secs()).collect();
        assert_eq!(longest, [10, 20, 40, 60, 60]);
    }

    #[test]
    fn draws_from_zero_to_the_bound() {
        let retry = retry("10s", "60s");
        assert_eq!(delay(&retry, 1, 0.0), Duration::ZERO);
        assert_eq!(delay(&retry, 2, 0.5), Duration::from_secs(10));
        assert_eq!(delay(&retry, u32::MAX, 1.0), Duration::from_secs(60), "no overflow");
        assert!((0.0..=1.0).contains(&random_share()));
    }
}
