//! Exporters, and what they write into.

pub use crate::bindings::exporter::exports::tapedeck::plugin::exporter::{FileFormat, Options};
use crate::{
    Error, Messages, Settings, Wants,
    bindings::exporter::exports::tapedeck::plugin::exporter::Piece,
    chats::{Chat, Person, Topic},
};

/// Writes messages in formats of its own. A value of the type is one export.
///
/// The host hands over some hundred messages at a time and writes what it gets, so memory stays
/// flat however long a chat is, unless the exporter gathers what it saw.
///
/// ```
/// use tapedeck_plugin::{Error, Exporter, FileFormat, Messages, NoSettings, Options, Output, csv};
///
/// struct Lines;
///
/// impl Exporter for Lines {
///     type Settings = NoSettings;
///
///     fn formats() -> Vec<FileFormat> {
///         let (name, mime) = ("csv".to_owned(), "text/csv".to_owned());
///         let summary = "Numbers and texts, a message a line".to_owned();
///         vec![FileFormat { extension: name.clone(), name, mime, summary }]
///     }
///
///     fn open(_: &NoSettings, _: Options, out: &mut Output) -> Result<Self, Error> {
///         out.main().extend_from_slice(b"id,text\r\n");
///         Ok(Self)
///     }
///
///     fn push(&mut self, messages: &Messages<'_>, out: &mut Output) -> Result<(), Error> {
///         for message in messages.iter() {
///             csv::field(out.main(), &message.id().to_string());
///             out.main().push(b',');
///             csv::field(out.main(), message.text());
///             out.main().extend_from_slice(b"\r\n");
///         }
///         Ok(())
///     }
/// }
///
/// tapedeck_plugin::export!(Lines: Exporter);
/// ```
pub trait Exporter: Sized + 'static {
    /// What the operator may set; [`NoSettings`](crate::NoSettings) for nothing.
    type Settings: Settings;

    /// What the exporter asks the operator for.
    const WANTS: Wants = Wants::NOTHING;

    /// Facts that it reads with [`Message::extra`](crate::Message::extra).
    const COLUMNS: &'static [&'static str] = &[];

    /// The formats that it writes, the best first.
    fn formats() -> Vec<FileFormat>;

    /// Begins an export. What is to stand at the top of its file may be written here.
    fn open(settings: &Self::Settings, options: Options, out: &mut Output) -> Result<Self, Error>;

    /// Begins a chat; the messages that follow are of it. The one before has ended.
    fn begin_chat(&mut self, _chat: &Chat, _topics: &[Topic], _out: &mut Output) -> Result<(), Error> {
        Ok(())
    }

    /// Tells who people are, before the first message that names them.
    fn introduce(&mut self, _people: Vec<Person>) -> Result<(), Error> {
        Ok(())
    }

    /// Writes the next messages of the chat, the oldest first.
    fn push(&mut self, messages: &Messages<'_>, out: &mut Output) -> Result<(), Error>;

    /// Ends the export.
    fn finish(&mut self, _out: &mut Output) -> Result<(), Error> {
        Ok(())
    }
}

/// Where an export is written to.
#[derive(Debug, Default)]
pub struct Output {
    main: Vec<u8>,
    files: Vec<Piece>,
}

impl Output {
    /// The export's own file: what is added here is written to its end.
    pub fn main(&mut self) -> &mut Vec<u8> {
        &mut self.main
    }

    /// A file beside it, by its relative path, for formats of many files.
    pub fn file(&mut self, path: &str) -> &mut Vec<u8> {
        let place = self.files.iter().rposition(|piece| piece.path == path).unwrap_or_else(|| {
            self.files.push(Piece { path: path.to_owned(), content: Vec::new() });
            self.files.len() - 1
        });
        &mut self.files[place].content
    }

    /// What the host is given.
    pub(crate) fn into_pieces(self) -> Vec<Piece> {
        let main = Piece { path: String::new(), content: self.main };
        std::iter::once(main).chain(self.files).filter(|piece| !piece.content.is_empty()).collect()
    }
}
