//! JSON that is read as it comes, and told while it is read.

use std::{io::BufReader, path::Path};

use serde::de::{self, IgnoredAny, MapAccess};
use serde_json::{Value, de::IoRead};

use super::{
    error::ImportError,
    folder::Folder,
    limited::{self, Budget, Limited},
    source::{Asked, Told, Unreadable},
};

pub(super) type Hear<'a> = &'a mut dyn FnMut(Told) -> Result<(), ImportError>;
pub(super) type Deserializer = serde_json::Deserializer<IoRead<BufReader<Limited>>>;

pub(super) struct Telling<'a> {
    pub(super) file: &'a Path,
    pub(super) folder: &'a Folder,
    pub(super) asked: &'a Asked,
    pub(super) budget: Budget,
    hear: Hear<'a>,
    /// Why reading ends, when it is not the file.
    failure: Option<ImportError>,
}

impl<'a> Telling<'a> {
    pub(super) fn open(
        file: &'a Path,
        folder: &'a Folder,
        asked: &'a Asked,
        hear: Hear<'a>,
    ) -> Result<(Self, Deserializer), ImportError> {
        let (reader, budget) = limited::open(file, &asked.meter)?;
        let telling = Self { file, folder, asked, budget, hear, failure: None };
        Ok((telling, Deserializer::from_reader(reader)))
    }

    /// How reading ended: our own reason goes before that of the file.
    pub(super) fn conclude(self, outcome: serde_json::Result<()>) -> Result<(), ImportError> {
        let error = match (self.failure, outcome) {
            (Some(failure), _) => return Err(failure),
            (None, Ok(())) => return Ok(()),
            (None, Err(error)) => error,
        };
        let place = format!("line {}, column {}", error.line(), error.column());
        let text = error.to_string();
        // The place is told beside it.
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
        Err(ImportError::damaged(self.file, place, reason))
    }

    pub(super) fn hear<E: de::Error>(&mut self, told: Told) -> Result<(), E> {
        match (self.hear)(told) {
            Ok(()) => Ok(()),
            Err(failure) => Err(self.fail(failure)),
        }
    }

    pub(super) fn fail<E: de::Error>(&mut self, failure: ImportError) -> E {
        self.failure = Some(failure);
        E::custom("stopped")
    }

    /// A part that is left out.
    pub(super) fn unreadable<E: de::Error>(
        &mut self,
        what: &str,
        reason: impl Into<String>,
    ) -> Result<(), E> {
        let place = format!("{}: {what}", self.file.display());
        self.hear(Told::Unreadable(Unreadable { place, reason: reason.into() }))
    }

    /// A small value. What is of another type is none.
    pub(super) fn value<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<Value, A::Error> {
        self.budget.renew();
        map.next_value()
    }

    pub(super) fn ignore<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        self.budget.lift();
        map.next_value::<IgnoredAny>()?;
        self.budget.renew();
        Ok(())
    }
}

/// The number of a message, as far as it could be one.
pub(super) fn number(id: Option<&Value>) -> String {
    id.map(ToString::to_string).unwrap_or_default().chars().take(20).collect()
}
