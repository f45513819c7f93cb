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
