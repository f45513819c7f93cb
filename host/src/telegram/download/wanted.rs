//! What to fetch, and where to put it.

use std::path::PathBuf;

use grammers_tl_types as tl;
use jiff::Timestamp;

use crate::model::{Blob, File, FileForm, MessageId, PeerId};

#[derive(Clone, Debug)]
pub struct Wanted {
    pub place: Place,
    pub dc: i32,
    /// Without it parts come one after the other, until one is short.
    pub size_bytes: Option<u64>,
    /// The name of the whole file.
    pub path: PathBuf,
    /// Where a fresh reference can be had.
    pub origin: Option<Origin>,
    /// When Telegram told the reference.
    pub told: Timestamp,
}

/// A message that a file hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    pub chat: PeerId,
    pub message: MessageId,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    Document {
        id: i64,
        access_hash: i64,
        reference: Blob,
        /// A thumbnail's letter; empty for the document itself.
        letter: String,
    },
    Photo {
        id: i64,
        access_hash: i64,
        reference: Blob,
        letter: String,
    },
    /// The picture of a user or chat, which needs no reference.
    Avatar {
        peer: tl::enums::InputPeer,
        photo: i64,
        is_big: bool,
    },
}

/// What a reference belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileKey {
    pub(super) form: FileForm,
    pub(super) id: i64,
}

impl FileKey {
    pub(super) fn of(file: &File) -> Self {
        Self { form: file.form, id: file.id }
    }
}

impl Wanted {
    /// The file itself; of a photo, its largest size. A photo without sizes cannot be had.
    pub fn of(file: &File, origin: Option<Origin>, told: Timestamp, path: PathBuf) -> Option<Self> {
        let letter = match file.form {
            FileForm::Document => String::new(),
            FileForm::Photo => file.largest()?.letter.clone(),
        };
        Some(Self {
            place: place(file, letter),
            dc: file.dc,
            size_bytes: u64::try_from(file.size_bytes).ok(),
            path,
            origin,
            told,
        })
    }

    /// One of the smaller pictures of a file, by its letter.
    pub fn thumb(
        file: &File,
        letter: &str,
        origin: Option<Origin>,
        told: Timestamp,
        path: PathBuf,
    ) -> Option<Self> {
        let size = file.sizes.iter().flatten().find(|size| size.letter == letter && size.data.is_none())?;
        Some(Self {
            place: place(file, letter.to_owned()),
            dc: file.dc,
            size_bytes: u64::try_from(size.bytes()).ok().filter(|bytes| *bytes > 0),
            path,
            origin,
            told,
        })
    }

    pub(super) fn key(&self) -> Option<FileKey> {
        match &self.place {
            Place::Document { id, .. } => Some(FileKey { form: FileForm::Document, id: *id }),
            Place::Photo { id, .. } => Some(FileKey { form: FileForm::Photo, id: *id }),
            Place::Avatar { .. } => None,
        }
    }

    pub(super) fn reference(&self) -> Option<&Blob> {
        match &self.place {
            Place::Document { reference, .. } | Place::Photo { reference, .. } => Some(reference),
            Place::Avatar { .. } => None,
        }
    }

    /// As Telegram wants to be asked, with a reference that may be fresher than our own.
    pub(super) fn location(&self, reference: Option<Blob>) -> tl::enums::InputFileLocation {
        let bytes = reference.or_else(|| self.reference().cloned()).unwrap_or_default().0;
        match &self.place {
            Place::Document { id, access_hash, letter, .. } => tl::types::InputDocumentFileLocation {
                id: *id,
                access_hash: *access_hash,
                file_reference: bytes,
                thumb_size: letter.clone(),
            }
            .into(),
            Place::Photo { id, access_hash, letter, .. } => tl::types::InputPhotoFileLocation {
                id: *id,
                access_hash: *access_hash,
                file_reference: bytes,
                thumb_size: letter.clone(),
            }
            .into(),
            Place::Avatar { peer, photo, is_big } => {
                tl::types::InputPeerPhotoFileLocation { big: *is_big, peer: peer.clone(), photo_id: *photo }
                    .into()
            }
        }
    }

    /// One number for what is fetched, to tell the remains of one file from those of another.
    pub(super) fn fingerprint(&self) -> u64 {
        let (form, id, letter) = match &self.place {
            Place::Document { id, letter, .. } => (1_u8, *id, letter.as_str()),
            Place::Photo { id, letter, .. } => (2, *id, letter.as_str()),
            Place::Avatar { photo, is_big, .. } => (if *is_big { 3 } else { 4 }, *photo, ""),
        };
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in id.to_le_bytes().into_iter().chain([form]).chain(letter.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash
    }
}

fn place(file: &File, letter: String) -> Place {
    let (id, access_hash, reference) = (file.id, file.access_hash, file.reference.clone());
    match file.form {
        FileForm::Document => Place::Document { id, access_hash, reference, letter },
        FileForm::Photo => Place::Photo { id, access_hash, reference, letter },
    }
}
