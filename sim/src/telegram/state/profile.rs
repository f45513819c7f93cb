/// What a profile shows besides the name.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub about: String,
    /// Photos by file id, the current one first.
    pub photos: Vec<i64>,
    /// Music by file id, the topmost first.
    pub music: Vec<i64>,
}
