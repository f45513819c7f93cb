//! Files: documents, photos and their thumbnails, each on one data centre.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    ops::Range,
    sync::Arc,
};

use grammers_tl_types as tl;

/// Every file there is.
#[derive(Clone, Default)]
pub struct Files {
    stored: BTreeMap<i64, File>,
    shelves: Vec<Arc<dyn Shelf>>,
    /// File references of earlier generations have expired.
    generation: u32,
    renewed: HashMap<i64, u32>,
    /// Uploads that are not yet part of anything, by account and id.
    pub(crate) uploads: HashMap<(i64, i64), Upload>,
}

/// Files that are made when they are asked for.
pub trait Shelf: Send + Sync {
    fn file(&self, id: i64) -> Option<File>;
    /// The data centre of a file: asked for each face in each answer, so it should make nothing.
    fn dc(&self, id: i64) -> Option<i32> {
        self.file(id).map(|file| file.dc)
    }
}

/// A document or a photo.
#[derive(Clone, Debug)]
pub struct File {
    pub id: i64,
    pub access_hash: i64,
    pub dc: i32,
    pub date: i32,
    pub mime: String,
    /// The bytes of the document, or of the largest size of the photo.
    pub content: Content,
    pub thumbs: Vec<Thumb>,
    pub attributes: Vec<tl::enums::DocumentAttribute>,
    /// Width and height: it is a photo.
    pub photo: Option<(i32, i32)>,
}

/// A smaller picture of a file.
#[derive(Clone, Debug)]
pub struct Thumb {
    /// A letter, such as `m`.
    pub kind: String,
    pub width: i32,
    pub height: i32,
    pub content: Content,
}

/// Bytes, or how to make them.
#[derive(Clone, Debug)]
pub enum Content {
    Bytes(Arc<[u8]>),
    /// Noise of a length, the same for the same seed.
    Noise {
        seed: u64,
        len: u64,
    },
}

/// Parts that were sent so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Upload {
    pub(crate) parts: BTreeMap<i32, Vec<u8>>,
    pub(crate) total: Option<i32>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("stored", &self.stored.len()).finish_non_exhaustive()
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl Content {
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Noise { len, .. } => *len,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A part of the bytes, cut at the end.
    pub fn read(&self, range: Range<u64>) -> Vec<u8> {
        let (start, end) = (range.start.min(self.len()), range.end.min(self.len()));
        match self {
            Self::Bytes(bytes) => {
                let cut = |at: u64| usize::try_from(at).unwrap_or(bytes.len());
                bytes[cut(start)..cut(end.max(start))].to_vec()
            }
            Self::Noise { seed, .. } => noise(*seed, start, end),
        }
    }
}

/// Eight bytes at a time, each from its place alone.
fn noise(seed: u64, start: u64, end: u64) -> Vec<u8> {
    let capacity = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(capacity + 16);
    let mut word = start / 8;
    while word * 8 < end {
        let mut mixed = seed ^ word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
        word += 1;
    }
    let skipped = usize::try_from(start % 8).unwrap_or(0);
    bytes.drain(..skipped.min(bytes.len()));
    bytes.truncate(capacity);
    bytes
}

impl Files {
    pub fn add(&mut self, file: File) -> i64 {
        let id = file.id;
        self.stored.insert(id, file);
        id
    }

    pub fn add_shelf(&mut self, shelf: Arc<dyn Shelf>) {
        self.shelves.push(shelf);
    }

    pub fn get(&self, id: i64) -> Option<File> {
        self.stored.get(&id).cloned().or_else(|| self.shelves.iter().find_map(|shelf| shelf.file(id)))
    }

    /// The data centre that a file lives on.
    pub fn dc_of(&self, id: i64) -> Option<i32> {
        let stored = self.stored.get(&id).map(|file| file.dc);
        stored.or_else(|| self.shelves.iter().find_map(|shelf| shelf.dc(id)))
    }

    pub fn remove(&mut self, id: i64) -> bool {
        self.stored.remove(&id).is_some()
    }

    /// From now on every file reference given so far has expired.
    pub fn expire_references(&mut self) {
        self.generation += 1;
    }

    /// From now on the references to one file have expired.
    pub fn expire_reference(&mut self, id: i64) {
        *self.renewed.entry(id).or_default() += 1;
    }

    /// The reference that is good for a file now.
    pub fn reference(&self, id: i64) -> Vec<u8> {
        let renewed = self.renewed.get(&id).copied().unwrap_or(0);
        let mut reference = Vec::with_capacity(16);
        reference.extend_from_slice(&self.generation.to_be_bytes());
        reference.extend_from_slice(&renewed.to_be_bytes());
        reference.extend_from_slice(&id.to_be_bytes());
        reference
    }

    /// As it looks in a message.
    pub fn document(&self, file: &File) -> tl::types::Document {
        tl::types::Document {
            id: file.id,
            access_hash: file.access_hash,
            file_reference: self.reference(file.id),
            date: file.date,
            mime_type: file.mime.clone(),
            size: i64::try_from(file.content.len()).unwrap_or(i64::MAX),
            thumbs: (!file.thumbs.is_empty()).then(|| file.thumbs.iter().map(Thumb::size).collect()),
            video_thumbs: None,
            dc_id: file.dc,
            attributes: file.attributes.clone(),
        }
    }

    /// As it looks in a message, when it is a photo.
    pub fn photo(&self, file: &File) -> Option<tl::types::Photo> {
        let (w, h) = file.photo?;
        let size = i32::try_from(file.content.len()).unwrap_or(i32::MAX);
        let whole = tl::types::PhotoSize { r#type: "y".to_owned(), w, h, size };
        let mut sizes: Vec<tl::enums::PhotoSize> = file.thumbs.iter().map(Thumb::size).collect();
        sizes.push(whole.into());
        Some(tl::types::Photo {
            has_stickers: false,
            id: file.id,
            access_hash: file.access_hash,
            file_reference: self.reference(file.id),
            date: file.date,
            sizes,
            video_sizes: None,
            dc_id: file.dc,
        })
    }
}

impl Thumb {
    /// How it is announced. The letter `i` stands for bytes within the message.
    fn size(&self) -> tl::enums::PhotoSize {
        let (r#type, w, h) = (self.kind.clone(), self.width, self.height);
        match &self.content {
            Content::Bytes(bytes) if self.kind == "i" => {
                tl::types::PhotoStrippedSize { r#type, bytes: bytes.to_vec() }.into()
            }
            Content::Bytes(bytes) if self.kind == "j" => {
                tl::types::PhotoPathSize { r#type, bytes: bytes.to_vec() }.into()
            }
            content => {
                let size = i32::try_from(content.len()).unwrap_or(i32::MAX);
                tl::types::PhotoSize { r#type, w, h, size }.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_the_same_from_any_start() {
        let content = Content::Noise { seed: 7, len: 1_000 };
        let whole = content.read(0..5_000);
        assert_eq!(whole.len(), 1_000);
        for start in [0, 1, 7, 8, 9, 500, 999, 1_000, 2_000] {
            for len in [0, 1, 8, 100, 5_000] {
                let start_at = usize::try_from(start).unwrap().min(1_000);
                let end_at = usize::try_from(start + len).unwrap().min(1_000);
                assert_eq!(content.read(start..start + len), whole[start_at..end_at], "{start} {len}");
            }
        }
    }

    #[test]
    fn expired_references_never_come_back() {
        let mut files = Files::default();
        let first = files.reference(5);
        files.expire_reference(5);
        let second = files.reference(5);
        files.expire_references();
        let third = files.reference(5);
        assert!(first != second && second != third && first != third);
        assert_eq!(files.reference(6).len(), third.len());
    }
}
