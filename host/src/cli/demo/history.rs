//! A past for the demo, so that its page does not start empty.

use std::{collections::BTreeMap, path::Path};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    model::{JobName, LogLine, Run, RunId, Status, Summary, Trigger},
    state::{Schedule, State, Suspension, SuspensionCause},
    telemetry::OUTPUT_TARGET,
};

/// What a job did in the last hours: how often, how long it took, how it ended, oldest first.
struct Past {
    job: &'static str,
    kind: &'static str,
    every_min: i64,
    takes_s: i64,
    /// Repeated as long as needed: `s`ucceeded, `f`ailed, `t`imed out, `c`ancelled, s`k`ipped, `m`issed.
    endings: &'static str,
}

const PASTS: &[Past] = &[
    Past { job: "backup", kind: "command", every_min: 30, takes_s: 25, endings: "sssssfsssssksssc" },
    Past { job: "verify", kind: "command", every_min: 30, takes_s: 4, endings: "ssssssss" },
    Past { job: "tell-the-team", kind: "webhook", every_min: 30, takes_s: 1, endings: "ssssssssfs" },
    Past { job: "tangled-tape", kind: "command", every_min: 45, takes_s: 9, endings: "f" },
    Past { job: "patient", kind: "command", every_min: 60, takes_s: 26, endings: "sssst" },
    Past { job: "nightly", kind: "command", every_min: 1440, takes_s: 8, endings: "ssmss" },
    Past { job: "paused-one", kind: "command", every_min: 20, takes_s: 2, endings: "s" },
];

const RUNS_EACH: i64 = 16;
const PAUSED: &str = "paused-one";

#[cfg(test)]
pub(super) fn jobs() -> impl Iterator<Item = &'static str> {
    PASTS.iter().map(|past| past.job)
}

pub(super) async fn write(folder: &Path, now: Timestamp) -> anyhow::Result<()> {
    let state = State::open(folder)?;
    for (index, past) in PASTS.iter().enumerate() {
        for nth in 0..RUNS_EACH {
            let run = past.run(now, nth, u8::try_from(index)?)?;
            state.runs.put(&run)?;
            if run.status == Status::Succeeded {
                state.run_logs.write(run.id, &lines(&run), 0)?;
            }
        }
    }
    let since = now - SignedDuration::from_mins(10);
    let suspended = Some(Suspension { since, cause: SuspensionCause::Paused("the demo".into()) });
    // The triggers are filled in when the daemon starts; that it is paused stays.
    let schedule =
        Schedule { decided_until: now, anchor: now, triggers: String::new(), suspended, abandoned: None };
    state.schedules.put(&PAUSED.parse()?, &schedule)?;
    Ok(state.flushed().await?)
}

impl Past {
    /// The oldest is number 0.
    fn run(&self, now: Timestamp, nth: i64, index: u8) -> anyhow::Result<Run> {
        let ago = SignedDuration::from_mins(self.every_min * (RUNS_EACH - nth))
            + SignedDuration::from_secs(i64::from(index));
        let due = now - ago;
        let ending = self.endings.bytes().cycle().nth(usize::try_from(nth)?).unwrap_or(b's');
        let status = match ending {
            b'f' => Status::Failed,
            b't' => Status::TimedOut,
            b'c' => Status::Cancelled,
            b'k' => Status::Skipped,
            b'm' => Status::Missed,
            _ => Status::Succeeded,
        };
        let has_run = !matches!(status, Status::Skipped | Status::Missed);
        let (attempts, error) = match status {
            Status::Failed => (
                3,
                Some(
                    "`demo-work` failed: exit code 1; last on standard error:\nerror: the tape is tangled"
                        .to_owned(),
                ),
            ),
            Status::TimedOut => (1, Some("it took longer than its `timeout`".to_owned())),
            _ => (1, None),
        };
        let reason = match status {
            Status::Skipped => Some("the last run was still going (overlap = \"skip\")"),
            Status::Missed => Some("the daemon was not running"),
            Status::Cancelled => Some("cancelled by ada"),
            _ => None,
        };
        Ok(Run {
            id: id(due, index)?,
            job: self.job.parse::<JobName>()?,
            kind: self.kind.into(),
            trigger: Trigger::Every,
            params: BTreeMap::new(),
            due,
            created: due,
            started: has_run.then_some(due),
            ended: Some(if has_run { due + SignedDuration::from_secs(self.takes_s) } else { due }),
            status,
            reason: reason.map(Into::into),
            waiting_until: None,
            waiting_for: None,
            attempt: if has_run { attempts } else { 0 },
            attempts,
            progress: None,
            summary: (status == Status::Succeeded).then(|| self.summary()),
            error,
            covers: None,
            is_settled: true,
        })
    }

    fn summary(&self) -> Summary {
        let duration_ms = self.takes_s * 1000;
        match self.kind {
            "webhook" => {
                Summary { text: "200 OK".into(), data: json!({ "status": 200, "duration_ms": duration_ms }) }
            }
            _ => Summary {
                text: "exit code 0, 8 lines (147 bytes) of output".into(),
                data: json!({ "exit_code": 0, "lines": 8, "bytes": 147, "duration_ms": duration_ms }),
            },
        }
    }
}

/// Sorts by time, like all of them; jobs do not share one.
fn id(at: Timestamp, index: u8) -> anyhow::Result<RunId> {
    let millis = u64::try_from(at.as_millisecond())?;
    Ok(RunId(uuid::Builder::from_unix_timestamp_millis(millis, &[index; 10]).into_uuid()))
}

fn lines(run: &Run) -> Vec<LogLine> {
    let names = ["letters/1999.txt", "photos/beach.jpg", "photos/café.jpg", "music/side-a.flac"];
    let line = |(index, name): (u64, &&str)| LogLine {
        seq: index + 1,
        at: run.due + SignedDuration::from_millis(i64::try_from(index).unwrap_or(0) * 300),
        level: "info".into(),
        target: format!("{OUTPUT_TARGET}::stdout"),
        message: format!("copied {name}"),
        fields: serde_json::Map::new(),
    };
    (0_u64..).zip(names.iter()).map(line).collect()
}
