/// What a password has to be like, wherever it is set.
#[derive(Clone, Copy, Debug)]
pub struct PasswordLimits;

impl PasswordLimits {
    /// In characters.
    pub const SHORTEST: usize = 8;
    /// In bytes.
    pub const LONGEST: usize = 1024;

    pub fn is_too_short(password: &str) -> bool {
        password.chars().count() < Self::SHORTEST
    }

    pub fn is_too_long(password: &str) -> bool {
        password.len() > Self::LONGEST
    }
}
