//! Passwords with argon2id, off the async threads, a few at a time.
//!
//! Each hash takes 19 MiB and some 30 ms of CPU on purpose. However many people try to sign in,
//! two hashes run at once and a short line waits; the rest is told to come back.

use std::sync::Arc;

use argon2::password_hash;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::argon2id;
use crate::{model::PasswordLimits, web::error::Problem};

const AT_ONCE: usize = 2;
const IN_LINE: usize = 16;
/// What the password of a user that does not exist is compared with, to take the same time.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A new password that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPassword {
    #[error("the password is too short: use at least {} characters", PasswordLimits::SHORTEST)]
    TooShort,
    #[error("the password is too long: use at most {} bytes", PasswordLimits::LONGEST)]
    TooLong,
    #[error("the password cannot be hashed: {0}")]
    Hash(password_hash::Error),
}

/// Hashes a new password, with its own salt. Takes its time: call it from a blocking thread.
pub fn hash_password(password: &SecretString) -> Result<String, InvalidPassword> {
    let text = password.expose_secret();
    if PasswordLimits::is_too_short(text) {
        return Err(InvalidPassword::TooShort);
    }
    if PasswordLimits::is_too_long(text) {
        return Err(InvalidPassword::TooLong);
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).expect("the system has a working random generator");
    argon2id::hash(text.as_bytes(), salt).map_err(InvalidPassword::Hash)
}

/// For the user of `config.toml`, whose password is hashed anew at every start: the salt comes
/// from the name, so that equal passwords give equal hashes and sessions outlive a restart.
pub(super) fn hash_with_name(password: &SecretString, name: &str) -> String {
    let digest = Sha256::digest(format!("tapedeck auth.username {name}"));
    let mut salt = [0; 16];
    salt.copy_from_slice(&digest[..16]);
    let hash = argon2id::hash(password.expose_secret().as_bytes(), salt);
    hash.expect("the default costs and a salt of 16 bytes are valid")
}

fn matches(password: &SecretString, hash: &str) -> bool {
    argon2id::matches(password.expose_secret().as_bytes(), hash).unwrap_or_else(|error| {
        tracing::error!(%error, "A stored password hash cannot be read; set the password again");
        false
    })
}

/// Where passwords wait for their turn.
#[derive(Debug)]
pub(super) struct Passwords {
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { running: Arc::new(Semaphore::new(AT_ONCE)), waiting: Semaphore::new(AT_ONCE + IN_LINE) }
    }
}

impl Passwords {
    /// `None` is a user that does not exist.
    pub(super) async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool, Problem> {
        let _place = self.place()?;
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        Ok(self.blocking(move || matches(&password, &hash)).await? && is_known)
    }

    pub(super) async fn hash(&self, password: SecretString) -> Result<String, Problem> {
        let _place = self.place()?;
        let hashed = self.blocking(move || hash_password(&password)).await?;
        hashed.map_err(|error| Problem::bad_request(error.to_string()).fix("Choose another password."))
    }

    pub(super) async fn hash_with_name(
        &self,
        password: SecretString,
        name: String,
    ) -> Result<String, Problem> {
        self.blocking(move || hash_with_name(&password, &name)).await
    }

    fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
        let busy = |_| Problem::too_many("too many people are signing in at the moment", 1);
        self.waiting.try_acquire().map_err(busy)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let running = Arc::clone(&self.running);
        let turn = running.acquire_owned().await.expect("the semaphore is never closed");
        let work = move || {
            // Held inside, so that a caller who hangs up does not let the next one in too early.
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn tells_right_from_wrong() {
        let passwords = Passwords::default();
        let hash = passwords.hash(secret("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify(secret("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(secret("battery staple"), Some(hash)).await.unwrap());
        assert!(!passwords.verify(secret("battery staple"), None).await.unwrap());
        assert!(!passwords.verify(secret("x"), Some("garbage".into())).await.unwrap());
    }

    #[test]
    fn refuses_short_and_huge_passwords() {
        assert!(matches!(hash_password(&secret("seven77")), Err(InvalidPassword::TooShort)));
        assert!(matches!(hash_password(&secret(&"x".repeat(1025))), Err(InvalidPassword::TooLong)));
    }

    #[test]
    fn hashes_of_the_configured_user_are_stable() {
        let hash = hash_with_name(&secret("correct horse"), "ada");
        assert_eq!(hash, hash_with_name(&secret("correct horse"), "ada"));
        assert_ne!(hash, hash_with_name(&secret("correct horse"), "bob"));
    }
}
