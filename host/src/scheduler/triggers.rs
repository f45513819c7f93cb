//! The triggers of a job that time alone pulls: `cron` and `every`.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::cron::CronExpression;
use crate::model::{Policy, Trigger};

#[derive(Clone, Debug)]
pub(super) struct TimeTriggers {
    cron: Option<CronExpression>,
    every: Option<SignedDuration>,
    zone: TimeZone,
    fingerprint: String,
}

/// A moment at which a job is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fire {
    pub(super) due: Timestamp,
    pub(super) trigger: Trigger,
}

#[derive(Debug, thiserror::Error)]
pub enum TriggerError {
    #[error("`{expression}` is not a cron expression: {reason}")]
    Cron { expression: String, reason: String },
    #[error("`{0}` is not a time zone: use an IANA name such as Europe/Madrid")]
    Zone(String),
}

impl TimeTriggers {
    pub(super) fn of(policy: &Policy, default_zone: &TimeZone) -> Result<Self, TriggerError> {
        let zone = match &policy.timezone {
            Some(name) => TimeZone::get(name).map_err(|_| TriggerError::Zone(name.clone()))?,
            None => default_zone.clone(),
        };
        let parse = |expression: &String| {
            CronExpression::parse(expression).map_err(|error| TriggerError::Cron {
                expression: expression.clone(),
                reason: error.to_string(),
            })
        };
        let cron = policy.cron.as_ref().map(parse).transpose()?;
        let every = policy.every.map(|every| {
            SignedDuration::try_from(every.0)
                .expect("a period is at most ten years")
                .max(SignedDuration::from_secs(1))
        });
        let zone_name = zone.iana_name().unwrap_or("system").to_owned();
        let fingerprint = format!("{:?}|{:?}|{zone_name}", policy.cron, policy.every);
        Ok(Self { cron, every, zone, fingerprint })
    }

    /// Same text, same fires: a ledger entry with another one belongs to older settings.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(super) fn zone_name(&self) -> String {
        self.zone.iana_name().unwrap_or("the system's zone").to_owned()
    }

    /// The first fire strictly after `after`; `every` counts from `anchor`.
    pub(super) fn next_after(&self, after: Timestamp, anchor: Timestamp) -> Option<Fire> {
        let cron = self
            .cron
            .as_ref()
            .and_then(|cron| cron.next_after(after, &self.zone))
            .map(|due| Fire { due, trigger: Trigger::Cron });
        let every = self
            .every
            .and_then(|every| next_multiple(anchor, every, after))
            .map(|due| Fire { due, trigger: Trigger::Every });
        match (cron, every) {
            (Some(cron), Some(every)) => Some(if cron.due <= every.due { cron } else { every }),
            (cron, every) => cron.or(every),
        }
    }

    pub(super) fn in_words(&self, policy: &Policy) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(cron) = &self.cron {
            words.push(cron.in_words());
        }
        if let Some(every) = policy.every {
            words.push(format!("every {every}"));
        }
        words.extend(policy.on.iter().map(|event| format!("on the event {event}")));
        if policy.at_start {
            words.push("when the daemon starts".into());
        }
        words.extend(policy.after.iter().map(|job| format!("after {job} has succeeded")));
        words
    }
}

fn next_multiple(anchor: Timestamp, every: SignedDuration, after: Timestamp) -> Option<Timestamp> {
    let (every_ms, since_ms) = (every.as_millis(), after.duration_since(anchor).as_millis());
    let steps = since_ms.div_euclid(every_ms) + 1;
    let offset = i64::try_from(steps.max(1).checked_mul(every_ms)?).ok()?;
    anchor.checked_add(SignedDuration::from_millis(offset)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_counts_from_its_anchor() {
        let policy = Policy { every: Some("10m".parse().unwrap()), ..Policy::default() };
        let triggers = TimeTriggers::of(&policy, &TimeZone::UTC).unwrap();
        let anchor = at("2026-01-01T00:03:00Z");
        let next = |after: &str| triggers.next_after(at(after), anchor).unwrap().due;
        assert_eq!(next("2026-01-01T00:03:00Z"), at("2026-01-01T00:13:00Z"));
        assert_eq!(next("2026-01-01T00:12:59.999Z"), at("2026-01-01T00:13:00Z"));
        assert_eq!(next("2026-01-01T00:13:00Z"), at("2026-01-01T00:23:00Z"));
        assert_eq!(next("2025-01-01T00:00:00Z"), at("2026-01-01T00:13:00Z"), "never before the anchor");
    }

    #[test]
    fn earliest_trigger_wins() {
        let policy = Policy {
            every: Some("1h".parse().unwrap()),
            cron: Some("30 * * * *".into()),
            ..Policy::default()
        };
        let triggers = TimeTriggers::of(&policy, &TimeZone::UTC).unwrap();
        let anchor = at("2026-01-01T00:00:00Z");
        assert_eq!(triggers.next_after(anchor, anchor).unwrap().trigger, Trigger::Cron);
        assert_eq!(triggers.next_after(at("2026-01-01T00:30:00Z"), anchor).unwrap().trigger, Trigger::Every);
    }
}
