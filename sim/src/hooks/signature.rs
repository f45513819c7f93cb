use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Request;

/// Whether a request is signed per the Standard Webhooks convention. Its age is not judged: tests
/// move the sender's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    NotChecked,
    Valid,
    Wrong(String),
}

impl Signature {
    pub(super) fn check(secret: &str, request: &Request) -> Self {
        match verify(secret, request) {
            Ok(()) => Self::Valid,
            Err(why) => Self::Wrong(why),
        }
    }
}

fn verify(secret: &str, request: &Request) -> Result<(), String> {
    let header = |name: &str| request.header(name).ok_or_else(|| format!("no header {name}"));
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    timestamp
        .parse::<u64>()
        .map_err(|_| format!("webhook-timestamp `{timestamp}` is no number of seconds"))?;
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => {
            BASE64_STANDARD.decode(encoded).map_err(|_| "the receiver's own secret is no base64")?
        }
        None => secret.into(),
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| "the receiver's own secret is no key")?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", &request.body] {
        mac.update(part);
    }
    let offered = header("webhook-signature")?.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    let is_valid = offered
        .filter_map(|one| BASE64_STANDARD.decode(one).ok())
        .any(|one| mac.clone().verify_slice(&one).is_ok());
    if is_valid { Ok(()) } else { Err("the signature does not fit id, timestamp, body and secret".into()) }
}
