//! The key of a folder, and what it locks: AES-256 in IGE mode, with key and vector from SHA-1 as
//! the first version of Telegram's protocol made them.

use std::num::NonZeroU32;

use grammers_crypto::aes;
use ring::{
    digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA512},
    pbkdf2::{self, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA512},
};

const LENGTH: usize = 256;
/// How many bytes of the hash stand before what is locked.
const TAG: usize = 16;

const ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).expect("not zero");
const LEGACY_ITERATIONS: NonZeroU32 = NonZeroU32::new(4000).expect("not zero");
/// Without a passcode there is nothing to slow down for.
const NO_ITERATIONS: NonZeroU32 = NonZeroU32::new(1).expect("not zero");
const LEGACY_NO_ITERATIONS: NonZeroU32 = NonZeroU32::new(4).expect("not zero");

pub(super) const WRONG_KEY: &str = "it does not fit the folder's key";

#[derive(Clone)]
pub(super) struct LocalKey([u8; LENGTH]);

impl LocalKey {
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(super) fn of_passcode(passcode: &str, salt: &[u8]) -> Self {
        let hash = digest::digest(&SHA512, &[salt, passcode.as_bytes(), salt].concat());
        let iterations = if passcode.is_empty() { NO_ITERATIONS } else { ITERATIONS };
        Self::derive(PBKDF2_HMAC_SHA512, iterations, salt, hash.as_ref())
    }

    pub(super) fn of_legacy_passcode(passcode: &str, salt: &[u8]) -> Self {
        let iterations = if passcode.is_empty() { LEGACY_NO_ITERATIONS } else { LEGACY_ITERATIONS };
        Self::derive(PBKDF2_HMAC_SHA1, iterations, salt, passcode.as_bytes())
    }

    fn derive(algorithm: pbkdf2::Algorithm, iterations: NonZeroU32, salt: &[u8], secret: &[u8]) -> Self {
        let mut key = [0; LENGTH];
        pbkdf2::derive(algorithm, iterations, salt, secret, &mut key);
        Self(key)
    }

    /// Unlocks bytes; says what is wrong with them otherwise.
    pub(super) fn open(&self, locked: &[u8]) -> Result<Vec<u8>, &'static str> {
        let Some((tag, body)) = locked.split_first_chunk::<TAG>().filter(|(_, body)| !body.is_empty()) else {
            return Err("what is locked in it is too short");
        };
        if body.len() % 16 != 0 {
            return Err("what is locked in it has a wrong length");
        }
        let (key, vector) = self.for_message(tag);
        let mut plain = body.to_vec();
        aes::ige_decrypt(&mut plain, &key, &vector);
        if sha1(&[&plain])[..TAG] != *tag {
            return Err(WRONG_KEY);
        }
        // The length counts its own four bytes; what follows it is padding.
        let length = plain.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
        match usize::try_from(length).ok().and_then(|length| plain.get(4..length)) {
            Some(content) if content.len() + 4 + 16 > plain.len() => Ok(content.to_vec()),
            _ => Err("what is locked in it has a wrong length inside"),
        }
    }

    /// The key and vector for what has this tag.
    pub(super) fn for_message(&self, tag: &[u8; TAG]) -> ([u8; 32], [u8; 32]) {
        let part = |at: usize, length: usize| &self.0[8 + at..8 + at + length];
        let a = sha1(&[tag, part(0, 32)]);
        let b = sha1(&[part(32, 16), tag, part(48, 16)]);
        let c = sha1(&[part(64, 32), tag]);
        let d = sha1(&[tag, part(96, 32)]);
        let (mut key, mut vector) = ([0; 32], [0; 32]);
        for (at, bytes) in [(0, &a[..8]), (8, &b[8..20]), (20, &c[4..16])] {
            key[at..at + bytes.len()].copy_from_slice(bytes);
        }
        for (at, bytes) in [(0, &a[8..20]), (12, &b[..8]), (20, &c[16..20]), (24, &d[..8])] {
            vector[at..at + bytes.len()].copy_from_slice(bytes);
        }
        (key, vector)
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

pub(super) fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut hash = digest::Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for part in parts {
        hash.update(part);
    }
    hash.finish().as_ref().try_into().expect("SHA-1 has 20 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by other means: Python's hashlib, and the modes of OpenSSL's command line.
    #[test]
    fn agrees_with_independent_arithmetic() {
        let all: Vec<u8> = (0..=255).collect();
        let locked = 0x4967_210a_66e5_501a_57ef_bc22_71bc_a3bf_u128.to_be_bytes();
        let body = 0x65b7_d6b9_de26_0541_8355_21c6_4627_bb93_u128.to_be_bytes();
        let opened = LocalKey::from_bytes(&all).unwrap().open(&[locked, body].concat());
        assert_eq!(opened.unwrap(), b"a golden key");
        let salt = [0x5A; 32];
        let ends = [
            (LocalKey::of_passcode("code", &salt), 0xa508_e711_fd30_9a9b_u64),
            (LocalKey::of_passcode("", &salt), 0x8609_7fca_d0bd_b514),
            (LocalKey::of_legacy_passcode("code", &salt), 0xbe0c_7d19_6647_f499),
            (LocalKey::of_legacy_passcode("", &salt), 0x8332_8272_18e0_b3a5),
        ];
        for (key, end) in ends {
            assert_eq!(key.bytes()[248..], end.to_be_bytes());
        }
    }
}
