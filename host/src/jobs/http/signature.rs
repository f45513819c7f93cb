//! Signatures per the Standard Webhooks convention: HMAC-SHA256 over `id.timestamp.body`.

use anyhow::{Context as _, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

/// The key that both sides know.
#[derive(Debug)]
pub(in crate::jobs) struct Signer {
    key: SecretSlice<u8>,
}

impl Signer {
    /// `whsec_` and base64, or plain text.
    pub(in crate::jobs) fn new(secret: &str) -> anyhow::Result<Self> {
        let key = match secret.strip_prefix("whsec_") {
            // The decoder's error would quote a part of the secret.
            Some(encoded) => {
                BASE64_STANDARD.decode(encoded).ok().context("what follows `whsec_` is no base64")?
            }
            None => secret.as_bytes().to_vec(),
        };
        ensure!(!key.is_empty(), "it is empty");
        Ok(Self { key: key.into() })
    }

    pub(in crate::jobs) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret()).expect("any length is a key");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_the_published_example() {
        let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn refuses_broken_secrets_silently() {
        let error = Signer::new("whsec_not!base64").unwrap_err();
        assert!(!format!("{error:?}").contains("not!"), "{error:?}");
        assert!(Signer::new("").is_err());
        assert!(!format!("{:?}", Signer::new("plain-text").unwrap()).contains("112"));
    }
}
