/// Lies in every folder that an export of ours wrote.
pub const EXPORT_MARK: &str = ".tapedeck-export.json";

/// Where an export has the files of messages, for all of its formats.
pub const EXPORT_MEDIA: &str = "media";

/// What an archive's own file is called: a folder with one is nothing that an export takes the place of.
pub const ARCHIVE_FILE: &str = "archive.sqlite";
