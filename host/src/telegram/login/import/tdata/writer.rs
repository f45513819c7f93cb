//! Writes folders as Telegram Desktop does, for tests: by the format as it is documented, with no
//! line of what reads it here, so that a mistake of one is not the other's too.

use std::{
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use grammers_crypto::aes;
use ring::{
    digest,
    pbkdf2::{self, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA512},
};

pub(crate) type Key = [u8; 256];

pub(crate) const VERSION: i32 = 5_002_003;
const SALT: [u8; 32] = [0x5A; 32];

/// An account to be written.
pub(crate) struct Account {
    pub(crate) index: i32,
    pub(crate) blocks: Vec<u8>,
}

pub(crate) struct Writer {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) version: i32,
    pub(crate) key: Key,
}

impl Writer {
    pub(crate) fn new() -> Self {
        let key = std::array::from_fn(|at| at.to_le_bytes()[0].wrapping_mul(31));
        Self { folder: tempfile::tempdir().unwrap(), version: VERSION, key }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn modern(accounts: &[Account], active: i32, passcode: &str) -> Self {
        let writer = Self::new();
        writer.write_list(accounts, active, passcode);
        for account in accounts {
            writer.write_account(account);
        }
        writer
    }

    pub(crate) fn write_list(&self, accounts: &[Account], active: i32, passcode: &str) {
        let mut list = int(i32::try_from(accounts.len()).unwrap());
        for account in accounts {
            list.extend(int(account.index));
        }
        list.extend(int(active));
        let parts =
            [bytes(&SALT), bytes(&lock(&passcode_key(passcode), &self.key)), bytes(&lock(&self.key, &list))];
        self.write("key_datas", &parts.concat());
    }

    pub(crate) fn write_account(&self, account: &Account) -> PathBuf {
        let locked = bytes(&lock(&self.key, &account.blocks));
        self.write(&format!("{}s", name(account.index)), &locked)
    }

    pub(crate) fn legacy(blocks: &[u8], passcode: &str) -> Self {
        let writer = Self::new();
        fs::create_dir(writer.path().join(name(0))).unwrap();
        let parts = [
            bytes(&SALT),
            bytes(&lock(&legacy_passcode_key(passcode), &writer.key)),
            bytes(&lock(&writer.key, b"the map itself")),
        ];
        writer.write(&format!("{}/map0", name(0)), &parts.concat());
        writer.write(&format!("{}1", name(0)), &bytes(&lock(&writer.key, blocks)));
        writer
    }

    pub(crate) fn write(&self, name: &str, data: &[u8]) -> PathBuf {
        let (version, length) =
            (self.version.to_le_bytes(), u32::try_from(data.len()).unwrap().to_le_bytes());
        let checksum = md5::compute([data, &length, &version, b"TDF$"].concat());
        let path = self.path().join(name);
        fs::write(&path, [b"TDF$", &version[..], data, &checksum.0].concat()).unwrap();
        path
    }
}

/// The first account's file is called by the MD5 of `data`, the second's of `data#2`: sixteen digits,
/// the lower half of each byte first.
pub(crate) fn name(index: i32) -> String {
    let number = if index == 0 { String::new() } else { format!("#{}", index + 1) };
    let digits = format!("{:X}", md5::compute(format!("data{number}")));
    digits.as_bytes()[..16].chunks(2).flat_map(|pair| [char::from(pair[1]), char::from(pair[0])]).collect()
}

pub(crate) fn int(value: i32) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}

pub(crate) fn bytes(content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
}

pub(crate) fn lock(key: &Key, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).unwrap();
    let mut plain = [&length.to_le_bytes()[..], content].concat();
    plain.resize(plain.len().next_multiple_of(16), 0xEE);
    let tag = sha1(&[&plain])[..16].to_vec();
    let (a, b) = (sha1(&[&tag, &key[8..40]]), sha1(&[&key[40..56], &tag, &key[56..72]]));
    let (c, d) = (sha1(&[&key[72..104], &tag]), sha1(&[&tag, &key[104..136]]));
    let aes_key = [&a[..8], &b[8..20], &c[4..16]].concat().try_into().unwrap();
    let vector = [&a[8..20], &b[..8], &c[16..20], &d[..8]].concat().try_into().unwrap();
    aes::ige_encrypt(&mut plain, &aes_key, &vector);
    [tag, plain].concat()
}

fn sha1(parts: &[&[u8]]) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &parts.concat()).as_ref().to_vec()
}

fn passcode_key(passcode: &str) -> Key {
    let hash = digest::digest(&digest::SHA512, &[&SALT, passcode.as_bytes(), &SALT].concat());
    derive(PBKDF2_HMAC_SHA512, if passcode.is_empty() { 1 } else { 100_000 }, hash.as_ref())
}

fn legacy_passcode_key(passcode: &str) -> Key {
    derive(PBKDF2_HMAC_SHA1, if passcode.is_empty() { 4 } else { 4000 }, passcode.as_bytes())
}

fn derive(algorithm: pbkdf2::Algorithm, iterations: u32, secret: &[u8]) -> Key {
    let mut key = [0; 256];
    pbkdf2::derive(algorithm, NonZeroU32::new(iterations).unwrap(), &SALT, secret, &mut key);
    key
}

/// The block of a login. Ids of 64 bits since version 2.8.
pub(crate) fn login(user_id: i64, home: i32, keys: &[(i32, Key)], is_wide: bool) -> Vec<u8> {
    let mut inner = if is_wide {
        [int(-1), int(-1), user_id.to_be_bytes().to_vec(), int(home)].concat()
    } else {
        [int(i32::try_from(user_id).unwrap()), int(home)].concat()
    };
    // Those in use, then those that wait for their end.
    for keys in [keys, &[(home, [0xDD; 256])]] {
        inner.extend(int(i32::try_from(keys.len()).unwrap()));
        for (dc, key) in keys {
            inner.extend([int(*dc), key.to_vec()].concat());
        }
    }
    [int(0x4B), bytes(&inner)].concat()
}
