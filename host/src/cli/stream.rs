//! Server-Sent Events of the daemon, kept up over lost connections.

use std::time::Duration;

use reqwest::Response;

use super::{Failure, client::Client};
use crate::model::{LogLine, Run, RunId};

/// Longer events are a mistake: the daemon sends at most 500 lines at once.
const LONGEST: usize = 64 * 1024 * 1024;
const PAUSES_MS: [u64; 6] = [200, 500, 1000, 2000, 3000, 5000];

/// What concerns one run.
#[derive(Debug)]
pub(super) enum RunEvent {
    Run(Box<Run>),
    Log(Vec<LogLine>),
    /// Something may have been missed: read the run again.
    Reset,
}

/// Follows one run.
#[derive(Debug)]
pub(super) struct RunStream<'a> {
    client: &'a Client,
    run: RunId,
    /// The last line that was handed out.
    log_after: u64,
    last_seen: Option<String>,
    response: Option<Response>,
    parser: Parser,
}

impl<'a> RunStream<'a> {
    pub(super) fn new(client: &'a Client, run: RunId, log_after: u64) -> Self {
        Self { client, run, log_after, last_seen: None, response: None, parser: Parser::default() }
    }

    /// The next event. Connects again when the connection is lost; fails when that does not help.
    pub(super) async fn next(&mut self) -> anyhow::Result<RunEvent> {
        loop {
            while let Some(event) = self.parser.next() {
                if event.id.is_some() {
                    self.last_seen.clone_from(&event.id);
                }
                if let Some(event) = self.understand(&event) {
                    return Ok(event);
                }
            }
            let Some(response) = &mut self.response else {
                self.connect().await?;
                // Whatever happened meanwhile shows in the run itself.
                return Ok(RunEvent::Reset);
            };
            match response.chunk().await {
                Ok(Some(chunk)) if self.parser.push(&chunk) => {}
                // It ended, broke off or made no sense.
                _ => self.response = None,
            }
        }
    }

    async fn connect(&mut self) -> anyhow::Result<()> {
        self.parser = Parser::default();
        let mut pauses = PAUSES_MS.iter();
        loop {
            let query = [("run", self.run.to_string()), ("log_after", self.log_after.to_string())];
            match self.client.events(&query, self.last_seen.as_deref()).await {
                Ok(response) => {
                    self.response = Some(response);
                    return Ok(());
                }
                Err(error) => {
                    let is_lost = error
                        .downcast_ref::<Failure>()
                        .is_some_and(|failure| failure.exit == super::Exit::NoDaemon);
                    let Some(pause) = pauses.next().filter(|_| is_lost) else { return Err(error) };
                    tokio::time::sleep(Duration::from_millis(*pause)).await;
                }
            }
        }
    }

    fn understand(&mut self, event: &SseEvent) -> Option<RunEvent> {
        match event.name.as_str() {
            "run" => {
                let run: Run = serde_json::from_str(&event.data).ok()?;
                (run.id == self.run).then(|| RunEvent::Run(Box::new(run)))
            }
            "log" => {
                let mut log: Log = serde_json::from_str(&event.data).ok()?;
                // A line may come twice around a new connection.
                log.lines.retain(|line| line.seq > self.log_after);
                self.log_after = log.lines.last()?.seq;
                Some(RunEvent::Log(log.lines))
            }
            "reset" => Some(RunEvent::Reset),
            _ => None,
        }
    }

    pub(super) fn log_after(&self) -> u64 {
        self.log_after
    }
}

#[derive(serde::Deserialize)]
struct Log {
    lines: Vec<LogLine>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct SseEvent {
    name: String,
    data: String,
    id: Option<String>,
}

/// Splits a stream into events.
#[derive(Debug, Default)]
struct Parser {
    bytes: Vec<u8>,
    event: SseEvent,
}

impl Parser {
    /// False when the other side is not to be believed any more.
    fn push(&mut self, chunk: &[u8]) -> bool {
        self.bytes.extend_from_slice(chunk);
        self.bytes.len() + self.event.data.len() <= LONGEST
    }

    fn next(&mut self) -> Option<SseEvent> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                return Some(std::mem::take(&mut self.event));
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.event.name),
                "id" => self.event.id = Some(value.to_owned()),
                "data" => {
                    if !self.event.data.is_empty() {
                        self.event.data.push('\n');
                    }
                    self.event.data.push_str(value);
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_arrive_in_any_pieces() {
        let text =
            ": hello\nid: 7-1\n\nevent: run\r\ndata: {\"a\":\r\ndata: \"é\"}\r\nid: 7-2\r\n\r\nevent: log\n";
        for size in [1, 2, 3, 1000] {
            let mut parser = Parser::default();
            let mut events = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                assert!(parser.push(piece));
                events.extend(std::iter::from_fn(|| parser.next()));
            }
            let run =
                SseEvent { name: "run".into(), data: "{\"a\":\n\"é\"}".into(), id: Some("7-2".into()) };
            assert_eq!(events.len(), 2, "an event that has not ended is none");
            assert_eq!(events[1], run);
            assert_eq!(events[0].id.as_deref(), Some("7-1"));
        }
    }
}
