//! How a program tells us how far it is: lines of its standard output that start with `::`.
//!
//! - `::progress 12/40 files copying photos` (or `12 files …`, or `30% …`)
//! - `::waiting 90s rate limit`, `::waiting 2026-03-01T12:00:00Z rate limit`; over with the next
//!   `::progress`, or with `::waiting over`
//!
//! A line that is none of these is output like any other.

use jiff::{SignedDuration, Timestamp};

use crate::{clock::SharedClock, model::Period, scheduler::Reporter};

/// Turns such lines into the run's report.
#[derive(Debug)]
pub(in crate::jobs) struct Directives {
    pub(in crate::jobs) report: Reporter,
    pub(in crate::jobs) clock: SharedClock,
}

impl Directives {
    /// True when the line was for us.
    pub(in crate::jobs) fn take(&self, line: &str) -> bool {
        if let Some(rest) = line.strip_prefix("::progress ") {
            return self.progress(rest).is_some();
        }
        line.strip_prefix("::waiting ").is_some_and(|rest| self.waiting(rest).is_some())
    }

    fn progress(&self, text: &str) -> Option<()> {
        let (amount, rest) = word(text);
        let (done, total, unit, message) = if let Some(percent) = amount.strip_suffix('%') {
            (percent.parse().ok()?, Some(100), "%", rest)
        } else {
            let (unit, message) = word(rest);
            match amount.split_once('/') {
                Some((done, total)) => (done.parse().ok()?, Some(total.parse().ok()?), unit, message),
                None => (amount.parse().ok()?, None, unit, message),
            }
        };
        self.report.going_on();
        self.report.progress(done, total, unit, message);
        Some(())
    }

    fn waiting(&self, text: &str) -> Option<()> {
        let (until, reason) = word(text);
        if until == "over" {
            self.report.going_on();
            return Some(());
        }
        let until = until.parse().ok().or_else(|| self.after(until))?;
        self.report.waiting_until(until, reason);
        Some(())
    }

    fn after(&self, period: &str) -> Option<Timestamp> {
        let period: Period = period.parse().ok()?;
        self.clock.now().checked_add(SignedDuration::try_from(period.0).ok()?).ok()
    }
}

/// The first word and the rest.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (first, rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        jobs::testing,
        model::Progress,
        scheduler::{Report, Wait},
    };

    fn after(lines: &[&str]) -> (bool, Report) {
        let (context, reports) = testing::context();
        let directives = Directives { report: context.report, clock: testing::tools().clock };
        let was_taken = lines.iter().all(|line| directives.take(line));
        (was_taken, reports.borrow().clone())
    }

    fn progress(line: &str) -> Progress {
        let (was_taken, report) = after(&[line]);
        assert!(was_taken, "{line}");
        report.progress.unwrap()
    }

    #[test]
    fn reads_every_form_of_progress() {
        let expected =
            Progress { done: 12, total: Some(40), unit: "files".into(), message: "some message".into() };
        assert_eq!(progress("::progress 12/40 files some message"), expected);
        assert_eq!(progress("::progress   12/40   files   some message "), expected);
        assert_eq!(progress("::progress 7"), Progress { done: 7, ..Progress::default() });
        let percent = progress("::progress 30% copying");
        assert_eq!((percent.done, percent.total, percent.message.as_str()), (30, Some(100), "copying"));
    }

    #[test]
    fn waits_until_or_for() {
        let (_, report) = after(&["::waiting 90s rate limit"]);
        let until = "2026-03-01T12:01:30Z".parse().unwrap();
        let wait = Some(Wait { until, service: None, reason: "rate limit".into() });
        assert_eq!(report.waiting, wait);
        let (_, report) = after(&["::waiting 2026-03-01T12:01:30Z rate limit"]);
        assert_eq!(report.waiting, wait);
    }

    #[test]
    fn going_on_ends_the_wait() {
        assert_eq!(after(&["::waiting 90s x", "::progress 1"]).1.waiting, None);
        assert_eq!(after(&["::waiting 90s x", "::waiting over"]).1.waiting, None);
    }

    #[test]
    fn anything_else_is_plain_output() {
        for line in [
            "::progress",
            "::progress many",
            "::progress 1/x",
            "::progress -1",
            "::progress 99999999999999999999",
            "::waiting",
            "::waiting soon",
            "::waiting 99999999w",
            "::group::build",
            "::",
        ] {
            assert!(!after(&[line]).0, "{line}");
        }
    }
}
