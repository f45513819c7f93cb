//! Watches a run to its end: its log as it grows, its progress where somebody looks.

use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use super::{
    Context, Exit, Failure,
    client::Client,
    show,
    stream::{RunEvent, RunStream},
    when,
};
use crate::model::{LogLine, Progress, Run, RunId, Status};

/// Which of a run's lines are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    All,
    None,
}

#[derive(Debug, Deserialize)]
struct LogPage {
    lines: Vec<LogLine>,
    next: Option<u64>,
}

/// Blocks until the run is over; prints its log on the way. Answers with how it ended.
pub(super) async fn follow(
    context: &Context,
    client: &Client,
    id: RunId,
    lines: Lines,
) -> anyhow::Result<Run> {
    let mut stream = RunStream::new(client, id, 0);
    let mut screen = Screen { context, lines, bar: None };
    loop {
        let run = match stream.next().await? {
            RunEvent::Log(lines) => {
                screen.log(&lines)?;
                continue;
            }
            RunEvent::Run(run) => *run,
            RunEvent::Reset => get(client, id).await?,
        };
        screen.progress(&run);
        if run.status.is_over() {
            let after = stream.log_after();
            rest_of_log(client, id, after, |lines| screen.log(lines)).await?;
            screen.clear();
            return Ok(run);
        }
    }
}

pub(super) async fn get(client: &Client, id: RunId) -> anyhow::Result<Run> {
    client.get(&["runs", &id.to_string()], &[]).await
}

/// Reads all lines that are there now.
pub(super) async fn rest_of_log(
    client: &Client,
    id: RunId,
    after: u64,
    mut print: impl FnMut(&[LogLine]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = Some(after);
    while let Some(seq) = after {
        let query = [("after", seq.to_string()), ("limit", "1000".to_owned())];
        let page: LogPage = client.get(&["runs", &id.to_string(), "log"], &query).await?;
        print(&page.lines)?;
        after = page.next;
    }
    Ok(())
}

/// Says how a run ended; one that did not succeed is a failure with its own exit code.
pub(super) fn conclude(context: &Context, run: &Run) -> anyhow::Result<()> {
    if run.status == Status::Succeeded {
        if !context.is_json() {
            context.output.note(show::outcome(context, run));
        }
        return Ok(());
    }
    let why = run.error.as_deref().or(run.reason.as_deref());
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    Err(Failure::new(Exit::RunFailed, format!("{} {}{why}", run.job, show::ended(run.status)))
        .fix(format!("`tapedeck jobs log {}` shows what it said", run.id))
        .into())
}

struct Screen<'a> {
    context: &'a Context,
    lines: Lines,
    bar: Option<ProgressBar>,
}

impl Screen<'_> {
    fn log(&self, lines: &[LogLine]) -> anyhow::Result<()> {
        if self.lines == Lines::None {
            return Ok(());
        }
        let print = || lines.iter().try_for_each(|line| show::log_line(self.context, line));
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Only where somebody looks; a file full of bars helps nobody.
    fn progress(&mut self, run: &Run) {
        if !self.context.output.is_terminal() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(std::time::Duration::from_millis(120));
            bar
        });
        match (&run.progress, run.waiting_until) {
            (_, Some(until)) if run.status == Status::Waiting => {
                bar.set_message(show::waiting(self.context, run, until));
            }
            (Some(progress), _) => set(bar, progress),
            (None, _) => bar.set_message(run.status.to_string()),
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn set(bar: &ProgressBar, progress: &Progress) {
    let template = match progress.total {
        Some(total) => {
            bar.set_length(total);
            "{spinner} [{bar:30}] {pos}/{len} {msg} ({eta})"
        }
        None => "{spinner} {pos} {msg}",
    };
    bar.set_style(
        ProgressStyle::with_template(template).expect("the template is well-formed").progress_chars("=> "),
    );
    bar.set_position(progress.done);
    bar.set_message(show::plain(&format!("{} {}", progress.unit, progress.message)));
}

/// How long a run took so far, or in all.
pub(super) fn took(run: &Run) -> Option<String> {
    run.duration_ms().map(when::length)
}
