//! The only place that prints: data to standard output, everything else to standard error.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::Exit;
use crate::config::Environment;

/// Nobody reads our output any more, as with `| head`.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub(super) struct Closed;

/// What a colour means; where there is no colour, the words have to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Good,
    Bad,
    Busy,
    Faint,
    Strong,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Busy => "33",
            Self::Faint => "2",
            Self::Strong => "1",
        }
    }
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    paint: Option<Paint>,
}

impl Cell {
    pub(crate) fn painted(paint: Paint, text: impl Into<String>) -> Self {
        Self { text: text.into(), paint: Some(paint) }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), paint: None }
    }
}

type Sink = Arc<Mutex<dyn Write + Send>>;

/// Where a command's words go. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Output {
    data: Sink,
    messages: Sink,
    data_style: Style,
    message_style: Style,
    is_json: bool,
    is_quiet: bool,
    #[cfg(test)]
    captured: Option<tests::Captured>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Style {
    is_terminal: bool,
    has_colour: bool,
}

impl Output {
    pub(super) fn of_process(is_json: bool, is_quiet: bool, environment: &Environment) -> Self {
        let style = |is_terminal: bool| {
            let is_set = |name| environment.get(name).is_some_and(|value| !value.is_empty());
            let is_dumb = environment.get("TERM").is_some_and(|term| term == "dumb");
            Style { is_terminal, has_colour: is_terminal && !is_set("NO_COLOR") && !is_dumb }
        };
        Self {
            data: Arc::new(Mutex::new(io::stdout())),
            messages: Arc::new(Mutex::new(io::stderr())),
            data_style: style(io::stdout().is_terminal()),
            message_style: style(io::stderr().is_terminal()),
            is_json,
            is_quiet,
            #[cfg(test)]
            captured: None,
        }
    }

    /// Whether programs read the output.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Whether people watch the output, so that it may move.
    pub(crate) fn is_terminal(&self) -> bool {
        self.data_style.is_terminal && self.message_style.is_terminal && !self.is_json
    }

    /// Whether the daemon's log on standard error may have colours.
    pub(crate) fn has_message_colour(&self) -> bool {
        self.message_style.has_colour
    }

    /// A line of data.
    pub(crate) fn line(&self, line: impl fmt::Display) -> anyhow::Result<()> {
        self.bytes(format!("{line}\n").as_bytes())
    }

    /// Data as it is.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        match data.write_all(bytes).and_then(|()| data.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Closed.into()),
            Err(error) => Err(anyhow::Error::new(error).context("cannot write to standard output")),
        }
    }

    /// One JSON document: indented for people on a terminal, one line otherwise.
    pub(crate) fn json(&self, document: &(impl Serialize + ?Sized)) -> anyhow::Result<()> {
        let text = if self.data_style.is_terminal {
            serde_json::to_string_pretty(document)?
        } else {
            serde_json::to_string(document)?
        };
        self.line(text)
    }

    /// One of many JSON documents, each on its line.
    pub(crate) fn json_line(&self, document: &(impl Serialize + ?Sized)) -> anyhow::Result<()> {
        self.line(serde_json::to_string(document)?)
    }

    /// Something for people beside the data; silenced by `--quiet`.
    pub(crate) fn note(&self, message: impl fmt::Display) {
        if !self.is_quiet {
            self.error_line(&message.to_string());
        }
    }

    /// Columns that line up. On a terminal long cells wrap; elsewhere a row is always one line.
    pub(crate) fn table(&self, headers: &[&str], rows: Vec<Vec<Cell>>) -> anyhow::Result<()> {
        let header = headers.iter().map(|header| Cell::painted(Paint::Strong, header.to_uppercase()));
        let styled = |cells: Vec<Cell>| cells.into_iter().map(|cell| self.style(cell)).collect::<Vec<_>>();
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if headers.iter().any(|header| !header.is_empty()) {
            table.set_header(styled(header.collect()));
        }
        table.add_rows(rows.into_iter().map(styled));
        table.set_content_arrangement(if self.data_style.is_terminal {
            ContentArrangement::Dynamic
        } else {
            ContentArrangement::Disabled
        });
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for line in table.lines() {
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    fn style(&self, cell: Cell) -> comfy_table::Cell {
        // One row, one line: what jobs print can hold anything.
        let styled = comfy_table::Cell::new(cell.text.replace(|c: char| c.is_control(), " "));
        match cell.paint.filter(|_| self.data_style.has_colour) {
            Some(Paint::Good) => styled.fg(comfy_table::Color::Green),
            Some(Paint::Bad) => styled.fg(comfy_table::Color::Red),
            Some(Paint::Busy) => styled.fg(comfy_table::Color::Yellow),
            Some(Paint::Faint) => styled.add_attribute(comfy_table::Attribute::Dim),
            Some(Paint::Strong) => styled.add_attribute(comfy_table::Attribute::Bold),
            None => styled,
        }
    }

    /// Colours data, where colours are wanted.
    pub(crate) fn paint(&self, paint: Paint, text: &str) -> String {
        colour(self.data_style, paint, text)
    }

    pub(super) fn paint_error(&self, paint: Paint, text: &str) -> String {
        colour(self.message_style, paint, text)
    }

    /// What went wrong: never silenced. When even that cannot be said, the exit code still tells.
    pub(super) fn error_line(&self, line: &str) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(messages, "{line}");
    }

    pub(super) fn error_json(&self, document: &serde_json::Value) {
        self.error_line(&document.to_string());
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("is_json", &self.is_json).finish_non_exhaustive()
    }
}

fn colour(style: Style, paint: Paint, text: &str) -> String {
    if style.has_colour && !text.is_empty() {
        format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code())
    } else {
        text.to_owned()
    }
}

/// What clap has to say about the arguments: help and versions are no errors.
pub(super) fn print_usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to be told that this could not be printed.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Ok.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Buffer = Arc<Mutex<Vec<u8>>>;

    #[derive(Clone, Default)]
    pub(super) struct Captured {
        data: Buffer,
        messages: Buffer,
    }

    impl Output {
        /// Keeps what is said for [`Self::written`] and [`Self::said`].
        pub(crate) fn captured(is_json: bool, is_quiet: bool) -> Self {
            let captured = Captured::default();
            Self {
                data: captured.data.clone(),
                messages: captured.messages.clone(),
                data_style: Style::default(),
                message_style: Style::default(),
                is_json,
                is_quiet,
                captured: Some(captured),
            }
        }

        /// Everything on standard output so far.
        pub(crate) fn written(&self) -> String {
            read(&self.captured.as_ref().unwrap().data)
        }

        /// Everything on standard error so far.
        pub(crate) fn said(&self) -> String {
            read(&self.captured.as_ref().unwrap().messages)
        }
    }

    fn read(buffer: &Buffer) -> String {
        String::from_utf8(buffer.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn plain_tables_have_one_line_per_row() {
        let output = Output::captured(false, false);
        let long = "x".repeat(300);
        output.table(&["name", "state"], vec![vec!["a".into(), long.clone().into()]]).unwrap();
        assert_eq!(output.written(), format!("NAME  STATE\na     {long}\n"));
    }

    #[test]
    fn quiet_keeps_errors() {
        let output = Output::captured(false, true);
        output.note("three jobs");
        output.error_line("error: no");
        assert_eq!(output.said(), "error: no\n");
    }

    #[test]
    fn reader_that_left_is_told_apart() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let output = Output { data: Arc::new(Mutex::new(Gone)), ..Output::captured(false, false) };
        assert!(output.line("x").unwrap_err().is::<Closed>());
    }
}
