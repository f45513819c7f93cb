//! An exporter on a thread of its own: its calls and its disk block, and what it computes gives way to others.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    error::ExportError,
    sheet::{Filled, Sheet},
};
use crate::{
    model::{Chat, Message, Topic, User},
    plugin_host::{Apart, Archived, Beside, ExporterSession},
};

/// Pages that wait for a slow exporter.
const WAITING: usize = 2;

/// Shared by all exporters of a pass.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Chat(Arc<(Chat, Vec<Topic>)>),
    People(Arc<Vec<User>>),
    Page(Arc<Page>),
    End,
}

#[derive(Debug)]
pub(super) struct Page {
    pub(super) messages: Vec<Message>,
    pub(super) archived: Vec<Archived>,
    pub(super) files: Option<Vec<Value>>,
}

#[derive(Debug)]
pub(super) struct Writer {
    format: String,
    steps: mpsc::Sender<Step>,
    thread: Apart<Result<Filled, ExportError>>,
}

impl Writer {
    pub(super) fn spawn(format: String, session: ExporterSession, sheet: Sheet) -> Self {
        let (steps, inbox) = mpsc::channel(WAITING);
        let thread = Apart::spawn(move || write(session, sheet, inbox));
        Self { format, steps, thread }
    }

    /// False if it takes no more: [`Writer::end`] says why.
    pub(super) async fn take(&self, step: Step) -> bool {
        self.steps.send(step).await.is_ok()
    }

    /// What it has written, after [`Step::End`]; without that step it ends in the middle.
    pub(super) async fn end(self) -> Result<Filled, ExportError> {
        let Self { format, steps, thread } = self;
        drop(steps);
        thread.ended().await.map_err(|_| ExportError::Died { format })?
    }
}

fn write(
    mut session: ExporterSession,
    mut sheet: Sheet,
    mut inbox: mpsc::Receiver<Step>,
) -> Result<Filled, ExportError> {
    while let Some(step) = inbox.blocking_recv() {
        match step {
            Step::Chat(begun) => sheet.write(session.begin_chat(&begun.0, &begun.1)?)?,
            Step::People(people) => session.introduce(&people)?,
            Step::Page(page) => {
                let Page { messages, archived, files } = &*page;
                let beside = Beside { names: None, files: files.as_deref(), archived: Some(archived) };
                sheet.write(session.push_beside(messages, beside)?)?;
            }
            Step::End => {
                sheet.write(session.finish()?)?;
                return sheet.finish();
            }
        }
    }
    // Nobody reads on: something else has failed.
    Err(ExportError::Cancelled)
}
