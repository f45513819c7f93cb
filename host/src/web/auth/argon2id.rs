//! argon2id over memory that goes back to the system.
//!
//! glibc keeps freed blocks of up to 32 MiB, in an arena of each thread: a dozen log-ins would
//! hold 200 MB for ever. A reservation above that limit is mapped and unmapped by itself; what is
//! not touched costs nothing.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};

const RESERVED_BLOCKS: usize = 33 * 1024 * 1024 / Block::SIZE;

/// In PHC form, with the crate's recommended costs: 19 MiB, two passes.
pub(super) fn hash(password: &[u8], salt: [u8; 16]) -> Result<String, password_hash::Error> {
    let argon2 = Argon2::default();
    let output = digest(&argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: ParamsString::try_from(argon2.params())?,
        salt: Some(Salt::new(&salt)?),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// With the costs that stand in `hash`. An error is a hash that cannot be read.
pub(super) fn matches(password: &[u8], hash: &str) -> Result<bool, password_hash::Error> {
    let hash = PasswordHash::new(hash)?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
    let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&hash)?);
    let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
        return Err(password_hash::Error::EncodingInvalid);
    };
    // Outputs compare in constant time.
    Ok(digest(&argon2, password, &salt, expected.len())? == expected)
}

fn digest(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    length: usize,
) -> Result<Output, password_hash::Error> {
    let blocks = argon2.params().block_count();
    let mut memory = Vec::with_capacity(blocks.max(RESERVED_BLOCKS));
    memory.resize(blocks, Block::new());
    let mut output = [0; Output::MAX_LENGTH];
    let output = output.get_mut(..length).ok_or(password_hash::Error::OutputSize)?;
    argon2.hash_password_into_with_memory(password, salt, output, &mut memory[..])?;
    Ok(Output::new(output)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_reference_implementation() {
        // argon2-cffi 25.1: PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$4Km9SWVHT/LelZVIXcw/Zw$\
            z9mbugF/oUHJHmwe2zBiMEKgopbhev6aHs797srTito";
        assert!(matches(b"correct horse", hash).unwrap());
        assert!(!matches(b"battery staple", hash).unwrap());
    }

    #[test]
    fn reads_what_it_writes() {
        let hash = hash(b"correct horse", [7; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{hash}");
        assert!(matches(b"correct horse", &hash).unwrap());
        assert!(matches(b"correct horse", "$argon2id$v=19$m=19456,t=2,p=1$").is_err());
        assert!(matches(b"correct horse", "garbage").is_err());
    }
}
