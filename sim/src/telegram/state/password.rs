//! Passwords: SRP as Telegram has it, the server's side.
//!
//! The server keeps a verifier, never the password. A client asks for the server's public number,
//! answers with its own and with a proof that only the password makes.

use hmac::{Hmac, KeyInit as _, Mac as _};
use num_bigint::BigUint;
use sha2::{Digest as _, Sha256, Sha512};

use super::random;

/// Telegram's safe prime of 2048 bits.
const PRIME: &str = "\
     c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4db\
     fa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64\
     2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b41\
     0dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4\
     e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf\
     6f4fadf034b10403119cd8e3b92fcc5b";
pub(crate) const GENERATOR: i32 = 3;

const ROUNDS: u32 = 100_000;

/// A password, as the server keeps it.
#[derive(Clone, Debug)]
pub struct Password {
    pub hint: Option<String>,
    pub(crate) salt1: Vec<u8>,
    pub(crate) salt2: Vec<u8>,
    verifier: BigUint,
}

/// One attempt to prove a password.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) id: i64,
    secret: BigUint,
    /// The server's number, 256 bytes.
    pub(crate) public: [u8; 256],
}

impl Password {
    /// Takes its time: a hundred thousand rounds, as on the real thing.
    pub fn new(password: &str, hint: Option<&str>) -> Self {
        let (salt1, salt2) = (random::<16>().to_vec(), random::<16>().to_vec());
        let x = BigUint::from_bytes_be(&hash_password(password.as_bytes(), &salt1, &salt2));
        let verifier = BigUint::from(GENERATOR as u32).modpow(&x, &modulus());
        Self { hint: hint.map(str::to_owned), salt1, salt2, verifier }
    }

    pub(crate) fn begin(&self) -> Exchange {
        let p = modulus();
        let secret = BigUint::from_bytes_be(&random::<32>());
        let public =
            (multiplier() * &self.verifier + BigUint::from(GENERATOR as u32).modpow(&secret, &p)) % &p;
        Exchange { id: super::random_id(), secret, public: padded(&public) }
    }

    /// Whether the client's number and proof were made with the password.
    pub(crate) fn is_proven(&self, exchange: &Exchange, g_a: &[u8], proof: &[u8]) -> bool {
        let p = modulus();
        let a = BigUint::from_bytes_be(g_a);
        if a == BigUint::ZERO || a >= p || g_a.len() > 256 {
            return false;
        }
        let g_a = padded(&a);
        let u = BigUint::from_bytes_be(&sha256(&[&g_a, &exchange.public]));
        let shared = (a * self.verifier.modpow(&u, &p) % &p).modpow(&exchange.secret, &p);
        let key = sha256(&[&padded(&shared)]);
        let (hash_p, hash_g) = (sha256(&[&prime()]), sha256(&[&padded(&BigUint::from(GENERATOR as u32))]));
        let mixed: Vec<u8> = hash_p.iter().zip(hash_g).map(|(p, g)| p ^ g).collect();
        let expected =
            sha256(&[&mixed, &sha256(&[&self.salt1]), &sha256(&[&self.salt2]), &g_a, &exchange.public, &key]);
        expected == proof
    }
}

/// The prime in bytes, as clients check it.
pub(crate) fn prime() -> [u8; 256] {
    padded(&modulus())
}

fn modulus() -> BigUint {
    BigUint::parse_bytes(PRIME.as_bytes(), 16).expect("the prime is written in hexadecimal digits")
}

/// `k`: binds the generator to the prime.
fn multiplier() -> BigUint {
    BigUint::from_bytes_be(&sha256(&[&prime(), &padded(&BigUint::from(GENERATOR as u32))]))
}

fn hash_password(password: &[u8], salt1: &[u8], salt2: &[u8]) -> [u8; 32] {
    let salted = |data: &[u8], salt: &[u8]| sha256(&[salt, data, salt]);
    let once = salted(&salted(password, salt1), salt2);
    salted(&stretch(&once, salt1), salt2)
}

/// PBKDF2 with HMAC-SHA-512, one block.
fn stretch(password: &[u8], salt: &[u8]) -> [u8; 64] {
    let keyed = Hmac::<Sha512>::new_from_slice(password).expect("HMAC takes keys of any length");
    let round = |data: &[&[u8]]| -> [u8; 64] {
        let mut mac = keyed.clone();
        data.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    };
    let mut block = round(&[salt, &1_u32.to_be_bytes()]);
    let mut stretched = block;
    for _ in 1..ROUNDS {
        block = round(&[&block]);
        stretched.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    stretched
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn padded(number: &BigUint) -> [u8; 256] {
    let bytes = number.to_bytes_be();
    let mut padded = [0; 256];
    padded[256 - bytes.len()..].copy_from_slice(&bytes);
    padded
}

#[cfg(test)]
mod tests {
    use grammers_crypto::two_factor_auth::{calculate_2fa, check_p_and_g};

    use super::*;

    #[test]
    fn only_the_password_proves_itself() {
        assert!(check_p_and_g(&prime(), &GENERATOR));
        let password = Password::new("correct horse", Some("a hint"));
        let exchange = password.begin();
        let attempt = |typed: &str| {
            let (proof, g_a) = calculate_2fa(
                &password.salt1,
                &password.salt2,
                &prime(),
                &GENERATOR,
                exchange.public.to_vec(),
                random::<256>().to_vec(),
                typed,
            );
            password.is_proven(&exchange, &g_a, &proof)
        };
        assert!(attempt("correct horse"));
        assert!(!attempt("battery staple"));
        assert!(!password.is_proven(&exchange, &[], &[0; 32]));
        assert!(!password.is_proven(&exchange, &prime(), &[0; 32]));
    }
}
