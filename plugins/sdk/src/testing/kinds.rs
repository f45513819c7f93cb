//! Plugins of each kind, called as a host calls them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Batch, Draft};
use crate::{
    ChatFilter, Error, Exporter, Messages, Options, Output, Verdicts,
    chats::{Chat, Person, Topic},
};

/// A filter under test.
#[derive(Debug)]
pub struct Filtering<F>(pub F);

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    Kept,
    Dropped,
    /// Kept with another text.
    Redacted(String),
}

impl<F: ChatFilter> Filtering<F> {
    /// Begins a filter with settings as an operator writes them.
    pub fn new(settings: Value) -> Result<Self, Error> {
        let settings =
            serde_json::from_value(settings).map_err(|error| Error::settings(error.to_string()))?;
        F::new(settings).map(Self)
    }

    /// What becomes of each of these messages. Fails the test if the filter fails.
    pub fn judge(&mut self, messages: impl IntoIterator<Item = Draft>) -> Vec<Judged> {
        self.try_judge(messages).expect("the filter judges")
    }

    /// The same for tests of errors.
    pub fn try_judge(&mut self, messages: impl IntoIterator<Item = Draft>) -> Result<Vec<Judged>, Error> {
        let batch: Batch = messages.into_iter().collect();
        let mut verdicts = Verdicts::default();
        self.0.judge(&batch.messages(), &mut verdicts)?;
        let mut judged = vec![Judged::Kept; batch.messages().len()];
        for decision in verdicts.into_decisions() {
            let index = decision.index as usize;
            judged[index] = match decision.verdict {
                1 => Judged::Dropped,
                _ => {
                    let mut text = batch.text(index).to_owned();
                    for cut in decision.cuts.iter().rev() {
                        text.replace_range(cut.start as usize..cut.end as usize, &cut.replacement);
                    }
                    Judged::Redacted(text)
                }
            };
        }
        Ok(judged)
    }
}

/// An export under test.
#[derive(Debug)]
pub struct Exporting<E> {
    exporter: E,
    files: BTreeMap<String, Vec<u8>>,
}

impl<E: Exporter> Exporting<E> {
    /// Begins an export with settings as an operator writes them.
    pub fn open(settings: Value, options: Options) -> Result<Self, Error> {
        let settings =
            serde_json::from_value(settings).map_err(|error| Error::settings(error.to_string()))?;
        let mut out = Output::default();
        let exporter = E::open(&settings, options, &mut out)?;
        let mut files = BTreeMap::new();
        add(&mut files, out);
        Ok(Self { exporter, files })
    }

    pub fn begin_chat(&mut self, chat: &Chat, topics: &[Topic]) -> Result<(), Error> {
        self.write(|exporter, out| exporter.begin_chat(chat, topics, out))
    }

    pub fn introduce(&mut self, people: Vec<Person>) -> Result<(), Error> {
        self.exporter.introduce(people)
    }

    pub fn push(&mut self, messages: impl IntoIterator<Item = Draft>) -> Result<(), Error> {
        let batch: Batch = messages.into_iter().collect();
        self.push_batch(&batch.messages())
    }

    pub fn push_batch(&mut self, messages: &Messages<'_>) -> Result<(), Error> {
        self.write(|exporter, out| exporter.push(messages, out))
    }

    /// The files by their paths; the export's own has an empty one.
    pub fn finish(mut self) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        self.write(E::finish)?;
        Ok(self.files)
    }

    fn write(&mut self, write: impl FnOnce(&mut E, &mut Output) -> Result<(), Error>) -> Result<(), Error> {
        let mut out = Output::default();
        write(&mut self.exporter, &mut out)?;
        add(&mut self.files, out);
        Ok(())
    }
}

fn add(files: &mut BTreeMap<String, Vec<u8>>, out: Output) {
    for piece in out.into_pieces() {
        files.entry(piece.path).or_default().extend(piece.content);
    }
}
