//! An exporter's exports.

use std::{cell::RefCell, marker::PhantomData};

use super::{Plugin, configure, unconfigured};
use crate::{
    Error, Exporter, Messages, Output,
    bindings::{exporter::exports::tapedeck::plugin::exporter, host::tapedeck::plugin::messages::Batch},
    chats::{Chat, Person, Topic},
};

#[derive(Debug)]
pub struct Export<P>(PhantomData<P>);

impl<P: Plugin<Kept = P::Settings> + Exporter> exporter::Guest for Export<P> {
    type Session = Session<P>;

    fn configure(settings: String) -> Result<(), String> {
        configure::<P, P::Settings>(&settings, Ok)
    }

    fn formats() -> Vec<exporter::FileFormat> {
        P::formats()
    }
}

/// One export. A constructor cannot fail, so what went wrong in it is told by the next call.
#[derive(Debug)]
pub struct Session<P>(RefCell<Result<Open<P>, Error>>);

#[derive(Debug)]
struct Open<P> {
    exporter: P,
    /// What was written while it was opened, given away with the next call's.
    out: Output,
}

impl<P: Exporter> Session<P> {
    fn write(
        &self,
        write: impl FnOnce(&mut P, &mut Output) -> Result<(), Error>,
    ) -> Result<Vec<exporter::Piece>, Error> {
        let mut session = self.0.borrow_mut();
        let open = session.as_mut().map_err(|error| error.clone())?;
        write(&mut open.exporter, &mut open.out)?;
        Ok(std::mem::take(&mut open.out).into_pieces())
    }
}

impl<P: Plugin<Kept = P::Settings> + Exporter> exporter::GuestSession for Session<P> {
    fn new(options: exporter::Options) -> Self {
        Self(RefCell::new(P::with(|settings| {
            let mut out = Output::default();
            let settings = settings.as_ref().ok_or_else(unconfigured)?;
            Ok(Open { exporter: P::open(settings, options, &mut out)?, out })
        })))
    }

    fn begin_chat(&self, chat: Chat, topics: Vec<Topic>) -> Result<Vec<exporter::Piece>, Error> {
        self.write(|exporter, out| exporter.begin_chat(&chat, &topics, out))
    }

    fn introduce(&self, people: Vec<Person>) -> Result<(), Error> {
        self.0.borrow_mut().as_mut().map_err(|error| error.clone())?.exporter.introduce(people)
    }

    fn push(&self, batch: Batch) -> Result<Vec<exporter::Piece>, Error> {
        let messages = Messages::new(&batch)?;
        self.write(|exporter, out| exporter.push(&messages, out))
    }

    fn finish(&self) -> Result<Vec<exporter::Piece>, Error> {
        self.write(P::finish)
    }
}

#[cfg(test)]
mod tests {
    use exporter::{Guest, GuestSession};

    use super::*;
    use crate::{NoSettings, Options, testing::message};

    /// Writes how many messages came, and a file beside it.
    struct Count(usize);

    impl Exporter for Count {
        type Settings = NoSettings;

        fn formats() -> Vec<exporter::FileFormat> {
            Vec::new()
        }

        fn open(_: &NoSettings, options: Options, out: &mut Output) -> Result<Self, Error> {
            if options.chosen_format != "count" {
                return Err(Error::settings("there is only `count`"));
            }
            out.main().extend_from_slice(b"count\n");
            Ok(Self(0))
        }

        fn push(&mut self, messages: &Messages<'_>, out: &mut Output) -> Result<(), Error> {
            self.0 += messages.len();
            out.file("last.txt").extend_from_slice(b"x");
            Ok(())
        }

        fn finish(&mut self, out: &mut Output) -> Result<(), Error> {
            out.main().extend_from_slice(self.0.to_string().as_bytes());
            Ok(())
        }
    }

    thread_local! {
        static KEPT: RefCell<Option<NoSettings>> = const { RefCell::new(None) };
    }

    impl Plugin for Count {
        type Kept = NoSettings;

        fn with<R>(use_it: impl FnOnce(&mut Option<NoSettings>) -> R) -> R {
            KEPT.with_borrow_mut(use_it)
        }
    }

    fn session(format: &str) -> Session<Count> {
        Export::<Count>::configure(String::new()).expect("no settings");
        GuestSession::new(Options { chosen_format: format.to_owned(), ..Options::default() })
    }

    fn written(pieces: Result<Vec<exporter::Piece>, Error>) -> Vec<(String, String)> {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        pieces.expect("pieces").into_iter().map(|piece| (piece.path, text(piece.content))).collect()
    }

    #[test]
    fn what_is_written_comes_with_each_call() {
        let session = session("count");
        let batch: crate::testing::Batch = [message("one"), message("two")].into_iter().collect();
        let pushed = [(String::new(), "count\n".to_owned()), ("last.txt".to_owned(), "x".to_owned())];
        assert_eq!(written(session.push(batch.columns().clone())), pushed);
        assert_eq!(written(session.finish()), [(String::new(), "2".to_owned())]);
    }

    #[test]
    fn a_failed_beginning_is_told_by_every_call() {
        let session = session("other");
        let told = Error::settings("there is only `count`");
        assert_eq!(session.introduce(Vec::new()), Err(told.clone()));
        assert_eq!(session.finish().err(), Some(told));
    }
}
