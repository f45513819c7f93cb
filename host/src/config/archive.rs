use std::path::PathBuf;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Where captured messages are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveSection {
    /// The folder of `archive.sqlite`; relative paths count from the folder of `config.toml`. Default: "archive" in
    /// the data folder.
    pub folder: Option<PathBuf>,
    /// A PostgreSQL database instead of the file: "postgres://user:password@host:5432/database". It is secret like a
    /// password. Default: none.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub url: Option<SecretString>,
    /// Where the files of messages are kept.
    pub media: ArchiveMedia,
}

/// Where the files of messages are kept.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveMedia {
    /// The folder of files; relative paths count from the folder of `config.toml`. With `store`, only files that are on their
    /// way lie there. Default: "media" beside `archive.sqlite`.
    pub folder: Option<PathBuf>,
    /// A bucket of S3 instead of the folder: "s3://bucket" or "s3://bucket/prefix". Default: none.
    pub store: Option<String>,
    /// Another service than Amazon's that speaks S3: its address, such as `https://minio.example:9000`. Default: Amazon's.
    pub endpoint: Option<String>,
    /// The bucket's region. Default: "us-east-1".
    pub region: String,
    /// The key that the bucket is opened with.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub access_key: Option<SecretString>,
    /// What belongs to the key.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub secret_key: Option<SecretString>,
    /// Whether the bucket stands in the path of addresses, and not before the host's name. Default: true with
    /// `endpoint`, else false.
    pub path_style: Option<bool>,
}

impl Default for ArchiveMedia {
    fn default() -> Self {
        Self {
            folder: None,
            store: None,
            endpoint: None,
            region: "us-east-1".to_owned(),
            access_key: None,
            secret_key: None,
            path_style: None,
        }
    }
}

/// A bucket, and what the names in it begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketName {
    pub bucket: String,
    pub prefix: String,
}

impl ArchiveMedia {
    pub(super) fn is_other(&self, other: &Self) -> bool {
        let plain = |it: &Self| {
            let Self { folder, store, endpoint, region, path_style, .. } = it.clone();
            (folder, store, endpoint, region, path_style)
        };
        plain(self) != plain(other)
            || super::is_other(&self.access_key, &other.access_key)
            || super::is_other(&self.secret_key, &other.secret_key)
    }

    /// What `store` says; none where files lie in the folder. The reason when it cannot be understood.
    pub fn bucket(&self) -> Option<Result<BucketName, String>> {
        self.store.as_deref().map(bucket)
    }
}

pub(super) fn bucket(text: &str) -> Result<BucketName, String> {
    let invalid = |why: &str| Err(format!("`{text}` is no bucket: {why}"));
    let Some(place) = text.trim().strip_prefix("s3://") else {
        return invalid("it does not begin with s3://");
    };
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(is_letter) {
        return invalid("its name has 3 to 63 small letters, digits, points and hyphens");
    }
    let prefix = prefix.trim_matches('/');
    if prefix.split('/').any(|part| matches!(part, "." | "..")) || prefix.contains("//") {
        return invalid("the prefix has empty parts");
    }
    Ok(BucketName { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_have_a_name_and_perhaps_a_prefix() {
        let read = |text: &str| bucket(text).map(|it| (it.bucket, it.prefix)).ok();
        let told = |bucket: &str, prefix: &str| Some((bucket.to_owned(), prefix.to_owned()));
        assert_eq!(read("s3://deck"), told("deck", ""));
        assert_eq!(read("s3://deck/"), told("deck", ""));
        assert_eq!(read("s3://my-deck.1/tapes/media/"), told("my-deck.1", "tapes/media"));
        for text in
            ["", "deck", "https://deck", "s3://", "s3://Deck", "s3://a", "s3://deck/../x", "s3://deck/a//b"]
        {
            assert!(bucket(text).is_err(), "{text}");
        }
    }
}
