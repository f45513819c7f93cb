/// Lies in every folder that an export of ours wrote.
pub const EXPORT_MARK: &str = ".tapedeck-export.json";

/// Where an export has the files of messages, for all of its formats.
pub const EXPORT_MEDIA: &str = "media";
