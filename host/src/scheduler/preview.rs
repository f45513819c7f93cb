use jiff::{Timestamp, tz::TimeZone};

use super::{TriggerError, triggers::TimeTriggers};
use crate::model::Policy;

/// What a job's triggers come to, without an engine.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Each trigger in words.
    pub triggers: Vec<String>,
    /// The zone that `cron` is read in.
    pub zone: TimeZone,
    /// When time alone starts it next; `every` counts from `from`, jitter is not counted.
    pub fires: Vec<Timestamp>,
}

/// The next `count` fires after `from`.
pub fn preview(
    policy: &Policy,
    default_zone: &TimeZone,
    from: Timestamp,
    count: usize,
) -> Result<Preview, TriggerError> {
    let time = TimeTriggers::of(policy, default_zone)?;
    let next = |after: &Timestamp| time.next_after(*after, from).map(|fire| fire.due);
    let fires = std::iter::successors(next(&from), next).take(count).collect();
    Ok(Preview { triggers: time.in_words(policy), zone: time.zone().clone(), fires })
}
