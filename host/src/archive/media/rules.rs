//! Which files are fetched.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ByteSize, File, FileForm, FileKind, PeerId, shown_bytes};

/// Pure: says of a file whether somebody wants it, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRules {
    pub is_on: bool,
    /// 0: however large.
    pub max_size: ByteSize,
    /// None: of every kind.
    pub kinds: Option<BTreeSet<FileKind>>,
    pub chats: BTreeMap<PeerId, ChatMediaRules>,
}

/// What is different in one chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatMediaRules {
    pub is_on: Option<bool>,
    pub max_size: Option<ByteSize>,
    pub kinds: Option<BTreeSet<FileKind>>,
}

impl Default for MediaRules {
    fn default() -> Self {
        Self { is_on: true, max_size: ByteSize(100 * 1_000_000), kinds: None, chats: BTreeMap::new() }
    }
}

impl MediaRules {
    /// Why nobody wants it.
    pub fn objection(&self, chat: PeerId, file: &File) -> Option<String> {
        let own = self.chats.get(&chat);
        if !own.and_then(|own| own.is_on).unwrap_or(self.is_on) {
            let of_chat = own.is_some_and(|own| own.is_on.is_some());
            return Some(if of_chat { "media of this chat is off" } else { "media is off" }.to_owned());
        }
        let kind = FileKind::of(file);
        let kinds = own.and_then(|own| own.kinds.as_ref()).or(self.kinds.as_ref());
        if kinds.is_some_and(|kinds| !kinds.contains(&kind)) {
            return Some(format!("files of the kind `{kind}` are not wanted"));
        }
        let Some(bytes) = size(file) else {
            return Some("Telegram tells no size of this photo to ask for".to_owned());
        };
        let most = own.and_then(|own| own.max_size).unwrap_or(self.max_size);
        (most.0 > 0 && bytes > most.0).then(|| format!("it is larger than {most}: {}", shown_bytes(bytes)))
    }
}

/// Of a photo: of its largest size, and of that the largest step. `None`: there is nothing to ask for.
fn size(file: &File) -> Option<u64> {
    let told = u64::try_from(file.size_bytes).unwrap_or(0);
    match file.form {
        FileForm::Document => Some(told),
        FileForm::Photo => file.largest().map(|size| told.max(u64::try_from(size.bytes()).unwrap_or(0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: PeerId = PeerId(-7);

    fn document(bytes: i64) -> File {
        serde_json::from_value(serde_json::json!({
            "role": "main", "form": "document", "id": 1, "access_hash": 1, "reference": "", "dc": 1,
            "date": "2024-01-01T00:00:00Z", "size_bytes": bytes,
        }))
        .unwrap()
    }

    fn photo(steps: &[i32]) -> File {
        let mut file = document(0);
        file.form = FileForm::Photo;
        let sizes = serde_json::json!([{ "letter": "y", "form": "progressive", "steps": steps, "pixels": { "width": 1, "height": 1 } }]);
        file.sizes = Some(serde_json::from_value(sizes).unwrap());
        file
    }

    fn rules(max_size: u64) -> MediaRules {
        MediaRules { max_size: ByteSize(max_size), ..MediaRules::default() }
    }

    #[test]
    fn sizes_are_measured_at_their_largest() {
        let rules = rules(1000);
        let asked = |file: &File| rules.objection(CHAT, file);
        assert_eq!(asked(&document(1000)), None);
        assert_eq!(asked(&document(1001)).unwrap(), "it is larger than 1kB: 1 kB");
        assert_eq!(asked(&photo(&[10, 1000, 500])), None);
        assert!(asked(&photo(&[10, 1001, 500])).is_some());
        let mut empty = photo(&[]);
        empty.sizes = None;
        assert_eq!(asked(&empty).unwrap(), "Telegram tells no size of this photo to ask for");
    }

    #[test]
    fn nought_means_however_large() {
        assert_eq!(rules(0).objection(CHAT, &document(i64::MAX)), None);
        assert_eq!(rules(5).objection(CHAT, &document(-1)), None);
    }

    #[test]
    fn chats_have_rules_of_their_own() {
        let mut rules = rules(10);
        rules.kinds = Some([FileKind::Photo].into());
        let own = ChatMediaRules {
            max_size: Some(ByteSize(0)),
            kinds: Some([FileKind::Document].into()),
            is_on: None,
        };
        rules.chats.insert(CHAT, own);
        assert_eq!(rules.objection(CHAT, &document(11)), None);
        assert_eq!(
            rules.objection(PeerId(1), &document(1)).unwrap(),
            "files of the kind `document` are not wanted"
        );
        rules.chats.insert(PeerId(2), ChatMediaRules { is_on: Some(false), ..ChatMediaRules::default() });
        assert_eq!(rules.objection(PeerId(2), &document(1)).unwrap(), "media of this chat is off");
        rules.is_on = false;
        assert_eq!(rules.objection(PeerId(1), &document(1)).unwrap(), "media is off");
    }
}
